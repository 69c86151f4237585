"""What stands in the shared folder beside this checkout, for whoever has it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "fixtures"


class Captures:
    """Payloads that Kraken itself sent, recorded by other people's clients."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.all = [(row["near"], self._text(row)) for row in rows]

    @staticmethod
    def _text(row: dict[str, Any]) -> str:
        """The source wrote some numbers with underscores, and shortened some lists with dots."""
        text = re.sub(r"(?<=\d)_(?=\d)", "", row["raw"])
        try:
            json.loads(text)
        except ValueError:
            return json.dumps(row["data"])
        return text

    def named(self, *names: str) -> list[str]:
        """JSON texts of the captures of these names."""
        found = [text for name, text in self.all if name in names]
        assert found, names
        return found

    def one(self, name: str) -> str:
        """The only capture of that name."""
        (text,) = self.named(name)
        return text


def shared(name: str) -> Path:
    """A shared file; skips the test where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not here: it is shared beside the checkout")
    return path


@pytest.fixture(scope="session")
def captures() -> Captures:
    """The captures."""
    lines = shared("kraken-captures.jsonl").read_text().splitlines()
    return Captures([json.loads(line) for line in lines])


@pytest.fixture(scope="session")
def recorded_book() -> Path:
    """A recorded book of BTC/USD: a snapshot and 509 changes, each with its checksum."""
    return shared("ws-v2-book-btcusd-depth10.json")


@pytest.fixture(scope="session")
def instrument_snapshot() -> bytes:
    """A snapshot of every pair."""
    return shared("ws-v2-instrument-snapshot.json").read_bytes()


@pytest.fixture
def robinhood() -> Callable[[str], bytes]:
    """Robinhood's answers, by the names of their files."""
    return lambda name: shared(f"robinhood/{name}.json").read_bytes()
