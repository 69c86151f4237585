"""The market's table: what is followed, what is in sight, and in which order."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.app import market_table
from zoe.app.market_table import KEYS, SORTS, MarketSession, Marks, Order, Window, first, rows
from zoe.messages.market import TickerSeen

S = 1_000_000_000


def ticker(
    symbol: str, bid: str = "1", ask: str = "2", volume: str = "1", at_s: int = 0,
    last: str | None = None,
) -> TickerSeen:  # fmt: skip
    traded = None if last is None else Decimal(last)
    return TickerSeen(symbol, Decimal(bid), Decimal(ask), traded, Decimal(volume), at_s * S)


MARKET = [
    ticker("AAA/USD", "10", "11", "5", 3, last="1"),
    ticker("BBB/USD", "100", "101", "9", 2, last="0.5"),
    ticker("CCC/USD", "1", "3", "700", 1, last="2"),
]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("turnover", "BCA"), ("spread", "BAC"), ("age", "ABC"), ("pair", "ABC"), ("bid", "BAC"),
        ("ask", "BAC"), ("volume", "CBA"), ("last", "CAB"),
        ("rank", "CAB"),
    ],
)  # fmt: skip
def test_rows_come_in_the_order_that_was_asked_for_and_focus_before_all(
    sort: str, order: str
) -> None:
    ranks = {"CCC/USD": 1, "AAA/USD": 2}
    for reverse in (False, True):
        wanted = Order(sort, reverse)
        letters = list(reversed(order)) if reverse else list(order)
        assert [t.symbol[0] for t in first(MARKET, wanted, 9, Marks((), ranks))] == letters
        assert [t.symbol[0] for t in first(MARKET, wanted, 2, Marks((), ranks))] == letters[:2]
        last = f"{letters[2] * 3}/USD"
        assert first(MARKET, wanted, 9, Marks({last}, ranks))[0].symbol == last


def test_a_key_sorts_by_its_column_and_again_the_other_way_round() -> None:
    order = Order().pressed("v")
    assert (order.sort, order.reverse) == ("volume", False)
    assert order.pressed("V") == Order("volume", True)
    assert order.pressed("V").pressed("v") == order
    assert order.pressed("x") == order
    assert order.pressed("p") == Order("pair")
    assert set(KEYS.values()) == set(SORTS)


def test_a_window_moves_within_what_there_is_and_stays_there_as_that_changes() -> None:
    window = Window().fitted(10, 35)
    told: dict[str, str] = {}
    for key in ("up", "down", "page down", "x", "page down", "page down", "up", "home", "end"):
        window = window.pressed(key)
        told[f"{len(told)} {key}"] = str(window)
    assert list(told.values()) == [
        "1 to 10 of 35 pairs", "2 to 11 of 35 pairs", "12 to 21 of 35 pairs",
        "12 to 21 of 35 pairs", "22 to 31 of 35 pairs", "26 to 35 of 35 pairs",
        "25 to 34 of 35 pairs", "1 to 10 of 35 pairs", "26 to 35 of 35 pairs",
    ]  # fmt: skip
    assert str(window.fitted(20, 35)) == "16 to 35 of 35 pairs"
    assert str(window.fitted(10, 20)) == "11 to 20 of 20 pairs"
    assert str(window.fitted(10, 3)) == "1 to 3 of 3 pairs"
    assert str(window.fitted(10, 0)) == "0 to 0 of 0 pairs"


def test_a_row_is_what_a_person_reads() -> None:
    (row,) = rows([MARKET[0]], Marks({"AAA/USD"}, {"AAA/USD": 7}), 5 * S + 1)
    assert row == {
        "pair": "AAA/USD", "focus": "*", "rank": 7, "bid": "10", "ask": "11",
        "spread_bps": "952.38", "last": "1", "volume": "5.00", "age_s": "2",
    }  # fmt: skip


def test_the_live_table_is_one_aligned_text() -> None:
    marks = Marks({"BBB/USD"})
    shown = rows(first(MARKET, Order("pair"), 9, marks), marks, 5 * S)
    head, *lines = market_table.text(shown, 100).splitlines()
    assert head.split() == [
        "pair",
        "focus",
        "rank",
        "bid",
        "ask",
        "spread",
        "bps",
        "last",
        "volume",
        "age",
        "s",
    ]
    assert [line.split()[0] for line in lines] == ["BBB/USD", "AAA/USD", "CCC/USD"]
    assert len({len(line) for line in (head, *lines)}) == 1
    wild = market_table.text(rows([ticker("A\x1b[2J")], Marks(), 0), 100)
    assert "\x1b" not in wild


@given(st.integers(20, 100), st.sampled_from(sorted(SORTS)))
def test_a_terminal_of_any_width_shows_whole_columns_or_none(width: int, sort: str) -> None:
    shown = rows(MARKET, Marks({"BBB/USD"}, {"CCC/USD": 7}), 5 * S)
    wide = [line.split() for line in market_table.text(shown, 100).splitlines()[1:]]
    head, *lines = market_table.text(shown, width, sort).splitlines()
    assert all(len(line) <= width for line in (head, *lines))
    for line, whole in zip(lines, wide, strict=True):
        assert set(line.split()) <= set(whole)
        assert line.split()[0] == whole[0]
    assert sort == "turnover" or sort in head.split()


def pair(symbol: str, status: str = "online") -> dict[str, Any]:
    return {
        "symbol": symbol, "base": "X", "quote": "Y", "status": status, "qty_precision": 8,
        "qty_increment": 1e-08, "price_precision": 1, "cost_precision": 5, "cost_min": 0.5,
        "price_increment": 0.1, "qty_min": 0.0001,
    }  # fmt: skip


def test_every_pair_that_can_be_traded_is_followed_and_one_that_cannot_is_left() -> None:
    session = MarketSession()
    session.opened(S)

    def hears(frame: dict[str, Any]) -> None:
        session.received(json.dumps(frame).encode(), S)

    pairs = [pair("X/Y"), pair("Z/Y"), pair("OLD/Y", "delisted")]
    hears({"channel": "instrument", "type": "snapshot", "data": {"pairs": pairs}})
    (asked,) = session.due(2 * S)
    assert json.loads(asked)["params"]["symbol"] == ["X/Y", "Z/Y"]
    row = {"symbol": "X/Y", "bid": 1, "ask": 2, "volume": 3}
    hears({"channel": "ticker", "type": "update", "data": [row]})
    assert set(session.tickers) == {"X/Y"}
    gone = {"pairs": [pair("X/Y", "delisted")]}
    hears({"channel": "instrument", "type": "update", "data": gone})
    assert session.tickers == {}
