"""What ``zoe record`` says of pairs that the exchange refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.public_session import PublicSession
from zoe.cli.record_command import Refusals
from zoe.messages.market import SubscriptionRefused


class Line:
    """A session with two topics of some pairs, and what is told of its refusals."""

    def __init__(self, *pairs: str) -> None:
        self.session = PublicSession()
        for topic in (public_session.trades(), public_session.ticker()):
            self.session.want(topic, pairs)
        self.refusals = Refusals(self.session)
        self.asked = [json.loads(payload) for payload in self.session.opened(1)]

    def refuse(self, channel: str, symbol: str) -> None:
        (number,) = [r["req_id"] for r in self.asked if r["params"]["channel"] == channel]
        error = f"Currency pair not supported {symbol}"
        answer = {"method": "subscribe", "success": False, "req_id": number, "error": error}
        self._hear(answer | {"symbol": symbol})

    def _hear(self, frame: dict[str, Any]) -> None:
        for news in self.session.received(json.dumps(frame).encode(), 2):
            assert isinstance(news, SubscriptionRefused)
            self.refusals.hear(news)


def test_a_pair_that_is_refused_is_told_once_and_the_others_are_recorded_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = Line("BTC/USD", "NOPE/USD")
    line.refuse("trade", "NOPE/USD")
    line.refuse("ticker", "NOPE/USD")
    (told,) = capsys.readouterr().err.splitlines()
    assert told == (
        "zoe: record: the exchange refused NOPE/USD: Currency pair not supported NOPE/USD"
    )
    assert not line.refusals.complete


def test_it_is_over_once_every_subscription_is_refused() -> None:
    line = Line("NOPE/USD")
    line.refuse("trade", "NOPE/USD")
    assert not line.refusals.complete
    line.refuse("ticker", "NOPE/USD")
    assert line.refusals.complete


def test_what_was_recorded_is_a_document_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    where = ("--url", "ws://127.0.0.1:1/v2", "--pair", "BTC/USD", "--for", "1", "--json")
    command = (sys.executable, "-P", "-m", "zoe.cli.main", "record", str(path), *where)
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["frames"], told["file"]) == (0, str(path))
    assert isinstance(told["lost"], int)
