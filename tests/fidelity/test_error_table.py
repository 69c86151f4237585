"""Every error text of the facts' own table (section 1.4) is taken for what the table says it is."""

import re
from pathlib import Path
from typing import Final

import pytest

from zoe.adapters.kraken.errors import classify
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable

SHEET: Final = Path(__file__).resolve().parents[3] / "shared" / "facts" / "kraken-spot-api.md"
#: The table's classes: fatal and business refusals, over a limit, unknown.
MEANINGS: Final = {
    "F": ExchangeRejected,
    "S": ExchangeRejected,
    "R": ExchangeThrottled,
    "U": ExchangeUnavailable,
}


def texts() -> dict[str, str]:
    """Class by text; a row may have several, of which later ones only say how they end."""
    if not SHEET.exists():
        return {}
    table = SHEET.read_text().split("## 1.4 ")[1].split("\n## ")[0]
    found: dict[str, str] = {}
    for cells in re.findall(r"^\| (`E.*?) \| (\w)", table, re.MULTILINE):
        first, *more = re.findall(r"`([^`]+)`", cells[0])
        told = [first, *(_whole(first, end) for end in more)]
        for text in told:
            for one in _spelled_out(text):
                found[one] = cells[1]
    return found


def _whole(first: str, end: str) -> str:
    if end.startswith("E"):
        return end
    if "cancel_only" in first:
        return first.replace("cancel_only", end)
    return f"{first.rpartition(':')[0]}:{end.lstrip(':')}"


def _spelled_out(text: str) -> tuple[str, ...]:
    """With what may follow, and without."""
    text = text.replace("<unix ts>", "1741500000").replace("*", "Busy")
    plain, optional, rest = text.partition("[")
    with_it = plain + re.sub(r"<.*>", "volume", rest.rstrip("]"))
    return (plain, with_it) if optional else (plain,)


def test_the_table_is_read_whole() -> None:
    if not SHEET.exists():
        pytest.skip("the facts are not here: they are shared beside the checkout")
    found = texts()
    assert len(found) > 65
    assert found["EOrder:Reduce only:Position is closed"] == "S"
    assert found["EOrder:Margin level too low"] == "S"
    assert found["EService:Market in limit_only mode"] == "S"
    assert found["EGeneral:Invalid arguments:volume"] == found["EGeneral:Invalid arguments"] == "F"


@pytest.mark.parametrize(("text", "letter"), texts().items())
def test_each_text_of_the_table_is_one_of_three_things(text: str, letter: str) -> None:
    problem = classify(text)
    assert type(problem) is MEANINGS[letter]
    assert text in str(problem)
