"""What ``zoe watch`` shows: a live picture on a terminal, and one table where no terminal is."""

import json
import os
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from rich.text import Text

from zoe.app.market_table import MarketSession, Marks
from zoe.cli import grammar
from zoe.cli.key_presses import KeyPresses
from zoe.cli.watch_command import View
from zoe.messages.market import TickerSeen

SIX_LINES = os.terminal_size((80, 6))


def session() -> MarketSession:
    found = MarketSession()
    for number in range(1, 6):
        price = Decimal(number)
        symbol = f"X{number}/USD"
        found.tickers[symbol] = TickerSeen(symbol, price, price, price, price, 0)
    return found


def view(shown: MarketSession, *words: str, marks: Marks | None = None) -> View:
    arguments = grammar.build().parse_args(["watch", *words])
    return View(arguments, shown, lambda: marks or Marks(), KeyPresses())


@pytest.mark.parametrize(("top", "rows"), [((), 5), (("--top", "2"), 2), (("--top", "9"), 5)])
def test_no_more_rows_are_printed_than_were_asked_for(
    top: tuple[str, ...], rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    view(session(), "--json", *top, marks=Marks({"X1/USD", "X2/USD"}, {"X2/USD": 1})).print()
    printed = json.loads(capsys.readouterr().out)
    assert len(printed) == rows
    # Those in focus first.
    assert [(row["pair"], row["focus"], row["rank"]) for row in printed[:2]] == [
        ("X2/USD", "*", 1),
        ("X1/USD", "*", None),
    ]


def test_of_an_exchange_where_no_desk_of_ours_trades_no_focus_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = view(session(), "--json", marks=Marks(known=False))
    elsewhere.print()
    told = capsys.readouterr()
    assert {row["focus"] for row in json.loads(told.out)} == {None}
    assert "focus and ranks are not known" in told.err
    assert "focus and ranks unknown here" in elsewhere._picture(SIX_LINES)
    assert "* in focus" in view(session())._picture(SIX_LINES)


class Pressed(KeyPresses):
    """A person who presses keys."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: tuple[str, ...] = ()

    def pressed(self) -> tuple[str, ...]:
        """See KeyPresses."""
        keys, self.keys = self.keys, ()
        return keys


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """What a live view draws, on a terminal of six lines."""
    drawn: list[list[str]] = []

    class Screen:
        def __init__(self, **how: bool) -> None:
            assert how == {"auto_refresh": False, "screen": True}

        def start(self) -> None:
            """As rich's own."""

        def update(self, text: Text, *, refresh: bool) -> None:
            assert refresh
            drawn.append(text.plain.split("\n"))

        stop = start

    monkeypatch.setattr("rich.live.Live", Screen)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("shutil.get_terminal_size", lambda: SIX_LINES)
    yield drawn


def test_every_pair_can_be_reached_and_a_key_is_drawn_at_once(pictures: list[list[str]]) -> None:
    market, person = session(), Pressed()
    market.heard_ns = time.time_ns()
    arguments = grammar.build().parse_args(["watch", "--sort", "pair"])
    watching = View(arguments, market, Marks, person)
    pages = (((), "123"), (("page down",), "345"), (("r", "home"), "123"), (("p", "p"), "543"))
    for keys, rows in pages:
        person.keys = keys
        assert not watching()
        assert [line[1] for line in pictures[-1][1:4]] == list(rows)
        assert len(pictures[-1]) == 6
    assert pictures[-1][5].startswith("1 to 3 of 5 pairs by pair, reversed, q ends")
    person.keys = ("q",)
    assert watching()


def test_a_terminal_that_cannot_be_cleared_gets_the_one_table_that_a_file_gets(
    pictures: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    watching = view(session())
    watching()
    assert (watching.live, pictures) == (False, [])


def test_a_market_that_is_no_longer_heard_is_not_shown_as_if_it_were(
    pictures: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    market = session()
    watching = view(market)

    def noticed() -> str:
        return watching._picture(SIX_LINES).split("\n")[4]

    assert noticed() == "nothing heard yet"
    watching.hear_loss("closed by the peer: 1001 \x1b[2J")
    market.heard_ns = now_ns - 5_000_000_000
    assert noticed() == "'nothing heard for 5 s: closed by the peer: 1001 \\x1b[2J'"
    market.heard_ns = now_ns
    assert noticed() == ""
    market.heard_ns -= 5_000_000_000
    assert noticed() == "nothing heard for 5 s"  # of a new connection that is silent
