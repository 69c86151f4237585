"""Books that the exchange should not send, in its compact form and in any other: each costs its own pair at most."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from zoe.adapters.kraken.feed import FeedReader
from zoe.domain.book import Book, Level
from zoe.messages.market import BookBroken, InstrumentsChanged, Quote

STAMP = "2023-11-14T22:13:20.5Z"
Written = Callable[[dict[str, Any]], bytes]


def compact(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode()


def spaced(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame).encode()


@pytest.fixture(params=[compact, spaced])
def written(request: pytest.FixtureRequest) -> Written:
    how: Written = request.param
    return how


class Pair:
    """A pair whose prices and quantities have one decimal, and its true checksums."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._book = Book(10)

    def frame(
        self, kind: str, bids: list[Level], asks: list[Level], wrong: int = 0
    ) -> dict[str, Any]:
        (self._book.load if kind == "snapshot" else self._book.update)(bids, asks)
        sides = {
            side: [{"price": price / 10, "qty": qty / 10} for price, qty in levels]
            for side, levels in (("bids", bids), ("asks", asks))
        }
        crc = self._book.checksum() ^ wrong
        row = {"symbol": self.symbol, **sides, "checksum": crc, "timestamp": STAMP}
        return {"channel": "book", "type": kind, "data": [row]}

    def snapshot(self) -> dict[str, Any]:
        return self.frame("snapshot", [(1000, 5), (999, 5)], [(1002, 5), (1003, 5)])


def reader() -> FeedReader:
    return FeedReader(10, {"AAA/USD": (1, 1), "BBB/USD": (1, 1)})


def test_twelve_changes_of_one_price_in_one_frame_leave_the_last(written: Written) -> None:
    pair, one = Pair("AAA/USD"), reader()
    one.feed(written(pair.snapshot()), 1)
    changes = [(1001, size) for size in (3, 0, 4, 0, 5, 6, 0, 0, 7, 8, 0, 9)]
    (quote,) = one.feed(written(pair.frame("update", changes, [])), 2)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_qty) == (1001, 9)


def test_a_checksum_that_is_wrong_always_costs_its_own_pair_only(written: Written) -> None:
    bad, good, one = Pair("AAA/USD"), Pair("BBB/USD"), reader()
    one.feed(written(good.snapshot()), 1)
    for n in range(5):
        said = list(one.feed(written(bad.frame("snapshot", [(1000, 5)], [], wrong=1)), n))
        assert said[0] == BookBroken("AAA/USD", "checksum")
        (quote,) = one.feed(written(good.frame("update", [(1000, 6 + n)], [])), n)
        assert isinstance(quote, Quote) and quote.live
    assert (one.verified["AAA/USD"].equal, one.verified["AAA/USD"].different) == (0, 5)
    assert (one.verified["BBB/USD"].equal, one.verified["BBB/USD"].different) == (6, 0)


def test_a_crossed_book_whose_checksum_is_right_is_told_as_it_is(written: Written) -> None:
    """Whoever decides on it refuses it: a locked or crossed market is news, not an error."""
    pair, one = Pair("AAA/USD"), reader()
    one.feed(written(pair.snapshot()), 1)
    (quote,) = one.feed(written(pair.frame("update", [(1010, 1)], [])), 2)
    assert isinstance(quote, Quote) and quote.live
    assert (quote.bid, quote.ask) == (1010, 1002)


def test_sizes_of_nothing_where_nothing_is_change_nothing(written: Written) -> None:
    pair, one = Pair("AAA/USD"), reader()
    one.feed(written(pair.snapshot()), 1)
    (quote,) = one.feed(written(pair.frame("update", [(1007, 0)], [(1, 0)])), 2)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.ask) == (1000, 1002)


@pytest.mark.parametrize("level", [{"price": 100.1, "qty": -1.0}, {"price": -100.1, "qty": 1.0}])
def test_negative_numbers_break_the_book(written: Written, level: dict[str, float]) -> None:
    pair, one = Pair("AAA/USD"), reader()
    one.feed(written(pair.snapshot()), 1)
    wrong = pair.frame("update", [(1001, 1)], [])
    wrong["data"][0]["bids"] = [level]
    broken, gone = one.feed(written(wrong), 2)
    assert isinstance(broken, BookBroken)
    assert isinstance(gone, Quote) and not gone.live


def test_levels_beyond_the_depth_are_forgotten_and_come_back_only_by_the_exchange(
    written: Written,
) -> None:
    pair, one = Pair("AAA/USD"), reader()
    one.feed(written(pair.snapshot()), 1)
    many = [(price, 5) for price in range(950, 980)]
    for level in many:
        one.feed(written(pair.frame("update", [level], [])), 2)
    (quote,) = one.feed(written(pair.frame("update", [(n, 0) for n in range(970, 1001)], [])), 3)
    assert isinstance(quote, Quote) and quote.bid is None
    assert one.verified["AAA/USD"].different == 0


def test_a_pair_that_is_renamed_or_delisted_in_mid_stream_is_told_of_and_others_go_on(
    written: Written,
) -> None:
    old, other, one = Pair("AAA/USD"), Pair("BBB/USD"), reader()
    for pair in (old, other):
        one.feed(written(pair.snapshot()), 1)
    row = {
        "base": "X", "quote": "USD", "qty_precision": 1, "qty_increment": 0.1, "price_precision": 1,
        "cost_precision": 5, "cost_min": 0.5, "price_increment": 0.1, "qty_min": 0.1,
    }  # fmt: skip
    rows = [row | {"symbol": "AAA/USD", "status": "delisted"}, row | {"symbol": "NEW/USD", "status": "online"}]  # fmt: skip
    (news,) = one.feed(written({"channel": "instrument", "type": "update", "data": {"pairs": rows}}), 2)  # fmt: skip
    assert isinstance(news, InstrumentsChanged)
    assert [(p.symbol, p.status) for p in news.instruments] == [("AAA/USD", "delisted"), ("NEW/USD", "online")]  # fmt: skip
    # Its new name begins with a snapshot, and under the old one nothing more comes.
    (quote,) = one.feed(written(Pair("NEW/USD").snapshot()), 3)
    assert isinstance(quote, Quote) and quote.symbol == "NEW/USD"
    (quote,) = one.feed(written(other.frame("update", [(1000, 7)], [])), 4)
    assert isinstance(quote, Quote) and quote.symbol == "BBB/USD"
