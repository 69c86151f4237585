"""What ``zoe watch`` prints where no terminal is."""

import json
from decimal import Decimal

import pytest

from zoe.app.market_table import MarketSession, Marks
from zoe.cli import grammar
from zoe.cli.key_presses import KeyPresses
from zoe.cli.watch_command import View
from zoe.messages.market import TickerSeen


def session() -> MarketSession:
    found = MarketSession()
    for number in range(1, 6):
        price = Decimal(number)
        symbol = f"X{number}/USD"
        found.tickers[symbol] = TickerSeen(symbol, price, price, price, price, 0)
    return found


@pytest.mark.parametrize(("top", "rows"), [((), 5), (("--top", "2"), 2), (("--top", "9"), 5)])
def test_no_more_rows_are_printed_than_were_asked_for(
    top: tuple[str, ...], rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = grammar.build().parse_args(["watch", "--json", *top])
    marks = Marks({"X2/USD"}, {"X2/USD": 1})
    View(arguments, session(), {"X1/USD"}, lambda: marks, KeyPresses()).print()
    printed = json.loads(capsys.readouterr().out)
    assert len(printed) == rows
    # Those in focus first: the desk's own of the configuration, and what the scout brought.
    assert [(row["pair"], row["focus"], row["rank"]) for row in printed[:2]] == [
        ("X2/USD", "*", 1),
        ("X1/USD", "*", None),
    ]
