"""Quotes with levels: what changes behind the best prices is told in a while of its own, whatever else comes."""

import zlib

from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.messages.market import (
    BookBroken,
    FeedAlive,
    FrameNotUnderstood,
    Quote,
    Quotes,
    TradePrints,
)
from zoe.runtime.message import Message

MS = 1_000_000
STAMP = "2023-11-14T22:13:20.5Z"
HEARTBEAT = b'{"channel":"heartbeat"}'
ASK = b"10035"


def frame(kind: str, bids: dict[int, int], asks: dict[int, int], crc: int) -> bytes:
    """Prices and sizes have one decimal."""

    def written(side: dict[int, int]) -> str:
        return ",".join(f'{{"price":{p / 10},"qty":{q / 10}}}' for p, q in side.items())

    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{written(bids)}],'
        f'"asks":[{written(asks)}],"checksum":{crc},"timestamp":"{STAMP}"}}]}}'
    ).encode()


FIRST = frame("snapshot", {1001: 5}, {1003: 5}, zlib.crc32(ASK + b"10015"))


def deep(qty: int) -> bytes:
    """A change behind the best bid."""
    return frame("update", {1000: qty}, {}, zlib.crc32(ASK + b"10015" + b"1000%d" % qty))


def behind_six(qty: int) -> bytes:
    """A change behind a best bid of six tenths."""
    return frame("update", {1000: qty}, {}, zlib.crc32(ASK + b"10016" + b"1000%d" % qty))


def reader(*, levels: bool = True) -> FeedReader:
    one = FeedReader(10, {"BTC/USD": (1, 1)}, Telling("public/0", 250 * MS, levels=levels))
    assert Quote in kinds(at(one, 0, FIRST))
    return one


def at(one: FeedReader, ms: int, payload: bytes) -> list[Message]:
    return list(one.feed(payload, (1_000 + ms) * MS))


def kinds(said: list[Message]) -> list[type[Message]]:
    return [type(news) for news in said]


def test_levels_behind_the_best_are_told_after_a_while_though_nothing_more_comes() -> None:
    one = reader()
    assert at(one, 10, deep(1)) == []
    assert at(one, 20, deep(2)) == []
    (quote,) = (news for news in at(one, 260, HEARTBEAT) if isinstance(news, Quote))
    assert quote.bids == ((1001, 5), (1000, 2))
    assert quote.received_ns == 1_020 * MS
    assert set(kinds(at(one, 520, HEARTBEAT))) == {FeedAlive}


def test_who_wants_no_levels_is_told_of_none() -> None:
    one = reader(levels=False)
    at(one, 10, deep(1))
    assert Quote not in kinds(at(one, 260, HEARTBEAT))


def test_levels_of_a_book_that_broke_meanwhile_are_not_told() -> None:
    for again in (False, True):
        one = reader()
        at(one, 10, deep(1))
        assert BookBroken in kinds(at(one, 20, frame("update", {1002: 1}, {}, 1)))
        if again:
            at(one, 30, FIRST)
        assert Quote not in kinds(at(one, 260, HEARTBEAT))


def best(qty: int, behind: int) -> bytes:
    """A change of the best bid."""
    return frame("update", {1001: qty}, {}, zlib.crc32(ASK + b"1001%d1000%d" % (qty, behind)))


def test_levels_that_were_told_with_a_best_price_are_not_told_again() -> None:
    one = reader()
    at(one, 10, deep(1))
    assert Quote in kinds(at(one, 200, best(6, 1)))
    for ms in (260, 460, 1_000):
        assert Quote not in kinds(at(one, ms, HEARTBEAT))


def test_each_change_behind_the_best_waits_its_own_while() -> None:
    one = reader()
    at(one, 10, deep(1))
    at(one, 200, best(5, 1))
    assert at(one, 240, deep(2)) == []
    assert Quote not in kinds(at(one, 270, HEARTBEAT))  # the first one's while, but it was told
    assert Quote not in kinds(at(one, 489, HEARTBEAT))
    (quote,) = (news for news in at(one, 490, HEARTBEAT) if isinstance(news, Quote))
    assert (quote.bids[1], quote.received_ns) == ((1000, 2), 1_240 * MS)


def test_a_clock_that_is_set_back_does_not_hold_levels_back() -> None:
    one = reader()
    at(one, 100, deep(1))
    assert Quote in kinds(at(one, 50, HEARTBEAT))


def test_of_a_book_that_broke_and_came_anew_in_one_read_the_new_quote_is_told_alone() -> None:
    wrong = frame("update", {1002: 1}, {}, 1)
    for frames, live in (([deep(1), wrong, FIRST], True), ([FIRST, wrong], False)):
        first, _ = reader().feed_all(frames, 1_010 * MS)
        broken, quotes = first
        assert isinstance(broken, BookBroken), "before what is told of the book thereafter"
        assert isinstance(quotes, Quotes)
        assert [quote.live for quote in quotes.quotes] == [live]


def test_quotes_are_told_before_the_trades_that_came_with_them_are_read() -> None:
    trade = (
        b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":100.1,'
        b'"qty":1.5,"ord_type":"market","trade_id":7,"timestamp":"2023-11-14T22:13:20.5Z"}]}'
    )
    parts = iter(reader().feed_all([trade, FIRST, trade[:-3], trade], 1_010 * MS))
    assert kinds(list(next(parts))) == [Quotes]
    assert kinds(list(next(parts))) == [FrameNotUnderstood, TradePrints]
    assert next(parts, None) is None


def test_a_wrong_checksum_amid_a_read_breaks_the_book_though_the_last_is_right() -> None:
    wrong = frame("update", {1000: 1}, {}, 1)
    one = reader()
    first, _ = one.feed_all([deep(1), wrong, deep(1)], 1_010 * MS)
    assert [news.reason for news in first if isinstance(news, BookBroken)] == ["checksum"]
    assert [quote.live for news in first if isinstance(news, Quotes) for quote in news.quotes] == [
        False
    ]
    assert Quote not in kinds(at(one, 400, HEARTBEAT))


def test_what_came_before_a_snapshot_in_one_read_is_the_old_books() -> None:
    one = reader()
    list(one.feed_all([frame("update", {1002: 1}, {}, 1), FIRST], 1_010 * MS))
    at(one, 20, deep(1))
    assert (one.verified["BTC/USD"].equal, one.verified["BTC/USD"].different) == (3, 1)


def test_each_frame_of_a_read_is_checked_by_its_own_checksum() -> None:
    one = reader()
    frames = [deep(qty) for qty in (1, 2, 3, 2)]
    list(one.feed_all(frames, 1_010 * MS))
    assert (one.verified["BTC/USD"].equal, one.verified["BTC/USD"].different) == (5, 0)


def test_a_change_of_an_unusual_form_amid_a_read_keeps_its_place() -> None:
    spaced = deep(2).replace(b'"data":', b'"data": ')
    one = reader()
    list(one.feed_all([deep(1), spaced, deep(3)], 1_010 * MS))
    assert one.verified["BTC/USD"].equal == 4
    (quote,) = (news for news in at(one, 260, HEARTBEAT) if isinstance(news, Quote))
    assert quote.bids == ((1001, 5), (1000, 3))


def test_levels_that_came_with_a_best_price_in_one_read_are_told_with_it_and_not_again() -> None:
    one = reader()
    at(one, 10, deep(1))
    first, _ = one.feed_all([best(6, 1), behind_six(2)], 1_020 * MS)
    (quotes,) = (news for news in first if isinstance(news, Quotes))
    assert quotes.quotes[0].bids == ((1001, 6), (1000, 2))
    for ms in (270, 300, 1_000):
        assert Quote not in kinds(at(one, ms, HEARTBEAT))
