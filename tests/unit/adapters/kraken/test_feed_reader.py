"""The public reader: what frames become, and what becomes of frames that are wrong."""

import json
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from zoe.adapters.kraken import waiting
from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.domain.bars import Bar
from zoe.domain.catalog import MOST_PAIRS
from zoe.messages.market import (
    BookBroken,
    ExchangeStatus,
    FeedAlive,
    FrameNotUnderstood,
    InstrumentsChanged,
    MinutesClosed,
    Quote,
    SubscriptionAcked,
    SubscriptionRefused,
    TickerSeen,
    TradePrint,
    TradePrints,
)
from zoe.runtime.message import Message

PAIR = {
    "symbol": "BTC/USD", "base": "BTC", "quote": "USD", "status": "online", "qty_precision": 8,
    "qty_increment": 1e-08, "price_precision": 1, "cost_precision": 5, "cost_min": 0.5,
    "price_increment": 0.1, "qty_min": 0.0001,
}  # fmt: skip
STAMP = "2023-11-14T22:13:20.5Z"


def hears(reader: FeedReader, *frames: object) -> list[Message]:
    said: list[Message] = []
    for each in frames:
        said += reader.feed(json.dumps(each).encode(), 99)
    return said


def reader() -> FeedReader:
    return FeedReader(10, {"BTC/USD": (1, 8), "ETH/USD": (2, 8)})


def book(
    kind: str, bids: list[tuple[float, float]], asks: list[tuple[float, float]], crc: int,
    symbol: str = "BTC/USD",
) -> dict[str, Any]:  # fmt: skip
    row = {
        "symbol": symbol,
        "bids": [{"price": price, "qty": qty} for price, qty in bids],
        "asks": [{"price": price, "qty": qty} for price, qty in asks],
        "checksum": crc,
        "timestamp": STAMP,
    }
    return {"channel": "book", "type": kind, "data": [row]}


FIRST = book("snapshot", [(100.1, 1.5)], [(100.3, 2)], zlib.crc32(b"10032000000001001150000000"))


def test_a_book_becomes_the_quote_of_its_best_prices() -> None:
    assert hears(reader(), FIRST) == [
        Quote("BTC/USD", 1, 8, 1001, 150000000, 1003, 200000000, 1_700_000_000_500_000_000, 99)
    ]


def test_a_quote_carries_the_levels_behind_the_best_where_they_are_wanted() -> None:
    one = FeedReader(10, {"BTC/USD": (1, 8)}, Telling(levels=True))
    crc = zlib.crc32(b"10032000000001001150000000" + b"1000300000000")
    deeper = book("snapshot", [(100.1, 1.5), (100.0, 3)], [(100.3, 2)], crc)
    (quote,) = hears(one, deeper)
    assert isinstance(quote, Quote)
    assert quote.bids == ((1001, 150000000), (1000, 300000000))
    assert quote.asks == ((1003, 200000000),)


def test_an_empty_side_has_no_price() -> None:
    (quote,) = hears(reader(), book("snapshot", [], [], 0))
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_qty, quote.ask, quote.ask_qty) == (None, 0, None, 0)
    assert (quote.bid_price, quote.ask_price) == (None, None)


def test_a_wrong_checksum_breaks_the_book_and_takes_its_quote_back() -> None:
    one = reader()
    hears(one, FIRST)
    broken, gone = hears(one, book("update", [(100.2, 1)], [], 1))
    assert broken == BookBroken("BTC/USD", "checksum")
    assert isinstance(gone, Quote) and not gone.live
    assert hears(one, book("update", [(100.2, 1)], [], 1)) == []
    assert len(hears(one, FIRST)) == 1


def test_a_change_without_a_book_says_nothing() -> None:
    assert hears(reader(), book("update", [(100.2, 1)], [], 1)) == []


@pytest.mark.parametrize("price", [100.05, -1.0])
def test_a_price_that_is_no_whole_number_of_units_breaks_the_book(price: float) -> None:
    one = reader()
    hears(one, FIRST)
    said = hears(one, book("update", [(price, 1)], [], 1))
    assert isinstance(said[0], BookBroken)
    assert "units of 1e-1" in said[0].reason


@pytest.mark.parametrize(
    "damage", [{"checksum": "x"}, {"bids": [{"price": 1}]}, {"asks": [{"price": 1, "qty": []}]}]
)
def test_a_change_that_cannot_be_read_breaks_its_pair_and_no_other(damage: dict[str, Any]) -> None:
    one = reader()
    hears(one, FIRST, book("snapshot", [], [], 0, "ETH/USD"))
    wrong = book("update", [(100.2, 1)], [], 1)
    wrong["data"][0] |= damage
    unread, broken, gone = hears(one, wrong)
    assert isinstance(unread, FrameNotUnderstood)
    assert broken == BookBroken("BTC/USD", "a change could not be read")
    assert isinstance(gone, Quote) and not gone.live
    assert len(hears(one, book("update", [], [], 0, "ETH/USD"))) == 1


def test_pairs_without_end_are_not_learnt_and_those_that_are_known_are_still_heard() -> None:
    one = reader()
    known = MOST_PAIRS - 1
    for first in range(2, 3 * MOST_PAIRS, known):
        invented = [PAIR | {"symbol": f"X{n}/USD"} for n in range(first, first + known)]
        frame = {"channel": "instrument", "data": {"pairs": [*invented, PAIR]}}
        unread, news = hears(one, frame)
        assert isinstance(unread, FrameNotUnderstood) and "more than" in unread.error
        assert isinstance(news, InstrumentsChanged)
        assert news.instruments[-1].symbol == "BTC/USD"
        if first > 2:
            assert len(news.instruments) == 1


def test_a_changed_precision_breaks_the_book_that_was_counted_by_the_old_one() -> None:
    one = FeedReader()
    instrument = {"channel": "instrument", "type": "snapshot", "data": {"pairs": [PAIR]}}
    hears(one, instrument, FIRST)
    assert [type(m) for m in hears(one, instrument)] == [InstrumentsChanged]
    finer = {"channel": "instrument", "data": {"pairs": [PAIR | {"price_precision": 2}]}}
    _, broken, gone = hears(one, finer)
    assert broken == BookBroken("BTC/USD", "its precision changed")
    assert isinstance(gone, Quote) and not gone.live


def test_a_book_waits_for_its_instrument_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_OF_PAIR", 2)
    one = FeedReader()
    change = book("update", [], [], 0)
    assert hears(one, FIRST, change) == []
    assert hears(one, change) == [BookBroken("BTC/USD", "its instrument is unknown")]
    hears(one, change, FIRST)
    said = hears(one, {"channel": "instrument", "data": {"pairs": [PAIR]}})
    assert [type(m) for m in said] == [InstrumentsChanged, Quote]


@pytest.mark.parametrize(
    "damage",
    [
        {"price_precision": 31},
        {"qty_precision": -1},
        {"price_increment": 0},
        {"qty_increment": "NaN"},
        {"qty_min": 1e300},
        {"symbol": None},
    ],
)
def test_a_pair_that_makes_no_sense_is_told_and_the_others_are_learnt(
    damage: dict[str, Any],
) -> None:
    pairs = [PAIR | damage, PAIR | {"symbol": "ETH/USD"}]
    unread, news = hears(FeedReader(), {"channel": "instrument", "data": {"pairs": pairs}})
    assert isinstance(unread, FrameNotUnderstood)
    assert isinstance(news, InstrumentsChanged)
    assert [pair.symbol for pair in news.instruments] == ["ETH/USD"]
    assert news.instruments[0].qty_increment == Decimal("1e-8")


def test_news_about_assets_alone_say_nothing_about_pairs() -> None:
    assert hears(reader(), {"channel": "instrument", "data": {"assets": [], "pairs": []}}) == []


def test_tickers_and_trades_keep_their_digits() -> None:
    ticker = {"symbol": "BTC/USD", "bid": 1.10, "ask": 2, "volume": 3.5, "last": 0.3}
    quiet = {key: value for key, value in ticker.items() if key != "last"}
    said = hears(reader(), {"channel": "ticker", "data": [ticker, quiet]})
    bid, ask, volume = Decimal("1.1"), Decimal(2), Decimal("3.5")
    assert said == [
        TickerSeen("BTC/USD", bid, ask, Decimal("0.3"), volume, 99),
        TickerSeen("BTC/USD", bid, ask, None, volume, 99),
    ]
    trade = {"side": "buy", "price": 1.5, "qty": 2, "trade_id": 7, "timestamp": STAMP}
    rows = [trade | {"symbol": symbol} for symbol in ("BTC/USD", "ETH/USD", "BTC/USD")]
    at_ns = 1_700_000_000_500_000_000
    one = TradePrint(7, "buy", Decimal("1.5"), Decimal(2), at_ns)
    assert hears(reader(), {"channel": "trade", "data": rows}) == [
        TradePrints("BTC/USD", (one, one), 2, Decimal(4), 99),
        TradePrints("ETH/USD", (one,), 1, Decimal(2), 99),
    ]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"channel": "heartbeat"}, FeedAlive(heard_ns=99)),
        ({"method": "pong", "req_id": 1}, FeedAlive(heard_ns=99)),
        ({"method": "unsubscribe", "success": True}, FeedAlive(heard_ns=99)),
        ({"channel": "status", "data": [{"system": "online"}]}, ExchangeStatus("online")),
        (
            {
                "method": "subscribe",
                "success": True,
                "result": {"channel": "book", "symbol": "X/Y"},
            },
            SubscriptionAcked("book", "X/Y"),
        ),
        ({"method": "subscribe", "success": True}, SubscriptionAcked("", None)),
        (
            {"method": "subscribe", "success": False, "error": "no", "symbol": "X/Y"},
            SubscriptionRefused("X/Y", "no"),
        ),
        ({"method": "ping", "success": False}, SubscriptionRefused(None, "no reason given")),
    ],
)
def test_frames_about_the_connection(frame: dict[str, Any], said: Message) -> None:
    assert hears(reader(), frame) == [said]


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"", "DecodeError"),
        (b"<html>502</html>", "DecodeError"),
        (b"[1,2]", "ValidationError"),
        (b"null", "ValidationError"),
        (b'{"channel":"book","type":"update","data":[{"symb', "DecodeError"),
        (b"\xff\xfe\x00", "DecodeError"),
        (b"{}", "neither a channel nor an answer"),
        (b'{"channel":"weather","data":[]}', "channel 'weather' is unknown"),
        (b'{"method":"dance"}', "neither a channel nor an answer"),
        (b'{"Error":"Exceeded msg rate"}', "Exceeded msg rate"),
        (b'{"channel":"book"}', "DecodeError"),
        (b'{"channel":"ticker","data":[{"symbol":"X","bid":1e999,"ask":1,"volume":1}]}', "absurd"),
        (b'{"channel":"x","data":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "RecursionError"),
    ],
    ids=range(13),
)
def test_a_frame_that_cannot_be_read_is_a_message_of_its_own(payload: bytes, problem: str) -> None:
    (said,) = reader().feed(payload, 1)
    assert isinstance(said, FrameNotUnderstood)
    assert problem in said.error
    assert len(said.excerpt) <= 300
    assert said.excerpt == payload[:300].decode(errors="replace")


MS = 1_000_000
TICKER = {"symbol": "BTC/USD", "bid": 1.1, "ask": 2, "volume": 3.5, "last": 0.3}


def calm() -> FeedReader:
    """One that tells at most every 250 ms."""
    one = FeedReader(10, {"BTC/USD": (1, 8)}, Telling("public/0", 250 * MS))
    at(one, 0, FIRST)
    return one


def at(reader: FeedReader, ms: int, frame: object) -> list[Message]:
    """What a compact frame says at a time."""
    payload = json.dumps(frame, separators=(",", ":")).encode()
    return list(reader.feed(payload, (1_000 + ms) * MS))


def deep(qty: int) -> dict[str, Any]:
    """A change behind the best prices."""
    crc = zlib.crc32(b"1003200000000" + b"1001150000000" + b"1000%d" % (qty * 10**8))
    return book("update", [(100.0, qty)], [], crc)


def test_a_calm_reader_tells_best_prices_again_only_after_a_while() -> None:
    one = calm()
    assert at(one, 10, deep(1)) == []
    crc = zlib.crc32(b"1003200000000" + b"1002700000000" + b"1001150000000" + b"1000100000000")
    (better,) = at(one, 20, book("update", [(100.2, 7)], [], crc))
    assert isinstance(better, Quote) and better.bid == 1002
    gone = zlib.crc32(b"1003200000000" + b"1001150000000" + b"1000100000000")
    assert len(at(one, 30, book("update", [(100.2, 0)], [], gone))) == 1
    assert at(one, 40, deep(2)) == []
    again, alive = at(one, 290, deep(3))
    assert isinstance(again, Quote) and again.bid == 1001
    assert alive == FeedAlive("public/0", 1_290 * MS, 2)
    assert one.verified["BTC/USD"].equal == 6


def test_a_calm_reader_reads_only_the_newest_ticker_of_a_pair() -> None:
    one = calm()
    for ms, bid in ((10, 1.1), (20, 1.2), (30, 1.3)):
        frame = {"channel": "ticker", "type": "update", "data": [TICKER | {"bid": bid}]}
        assert at(one, ms, frame) == []
    ticker, alive = at(one, 260, {"channel": "heartbeat"})[-2:]
    assert ticker == TickerSeen(
        "BTC/USD", Decimal("1.3"), Decimal(2), Decimal("0.3"), Decimal("3.5"), 1_030 * MS
    )
    assert alive == FeedAlive("public/0", 1_260 * MS, 2)


def test_a_held_ticker_does_not_come_after_a_newer_one_of_another_form() -> None:
    one = calm()
    at(one, 10, {"channel": "ticker", "type": "update", "data": [TICKER]})
    both = {"channel": "ticker", "data": [TICKER | {"bid": 1.2}]}
    (newer,) = at(one, 20, both)
    assert isinstance(newer, TickerSeen) and newer.bid == Decimal("1.2")
    assert [type(m) for m in at(one, 260, both)] == [TickerSeen, FeedAlive]


def test_a_held_ticker_that_makes_no_sense_is_told_of_when_it_is_read() -> None:
    one = calm()
    at(one, 10, {"channel": "ticker", "type": "update", "data": [TICKER | {"bid": "x"}]})
    unread, _ = at(one, 260, {"channel": "heartbeat"})[-2:]
    assert isinstance(unread, FrameNotUnderstood)


def test_a_clock_that_is_set_back_does_not_silence_a_calm_reader() -> None:
    one = calm()
    assert [type(m) for m in at(one, -500, deep(1))] == [Quote, FeedAlive]


def test_trades_are_summed_so_that_a_late_listener_loses_none() -> None:
    one = reader()
    trade = {"symbol": "BTC/USD", "side": "buy", "price": 1.5, "qty": 0.1, "timestamp": STAMP}
    frames = ({"channel": "trade", "data": [trade | {"trade_id": n}] * 2} for n in range(3))
    *_, last = hears(one, *frames)
    assert isinstance(last, TradePrints)
    assert (len(last.trades), last.count, last.volume) == (2, 6, Decimal("0.6"))
    assert last.key == "BTC/USD"


MINUTE = 60_000_000_000
FROM_NS = 28_333_333 * MINUTE
NAMED = {"channel": "trade", "symbol": "BTC/USD"}


def traded(second: int, number: int, price: float = 1.5) -> dict[str, Any]:
    stamp = datetime.fromtimestamp(FROM_NS // 10**9 + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {"symbol": "BTC/USD", "side": "buy", "price": price, "qty": 2, "trade_id": number}
    return {"channel": "trade", "data": [row | {"timestamp": stamp}]}


def bars_of(one: FeedReader, second: float, *frames: object) -> list[Bar]:
    """What a calm reader says of bars at a time."""
    said: list[Message] = []
    for frame in frames:
        said += at(one, FROM_NS // MS + round(second * 1_000) - 1_000, frame)
    return [bar for m in said if isinstance(m, MinutesClosed) for _, bar in m.bars]


def test_a_calm_reader_tells_bars_of_minutes_that_have_ended() -> None:
    one = calm()
    bars_of(one, -1, {"method": "subscribe", "success": True, "result": NAMED})
    assert bars_of(one, 30, traded(10, 1), traded(59, 2, 1.25)) == []
    assert bars_of(one, 61, {"channel": "heartbeat"}) == []
    (bar,) = bars_of(one, 62.5, {"channel": "heartbeat"})
    prices = [bar.open, bar.close, bar.volume]
    assert prices == [Decimal("1.5"), Decimal("1.25"), Decimal(4)]
    assert bar.begin_ns == FROM_NS
    assert (bar.trades, bar.whole) == (2, True)
    (idle,) = bars_of(one, 122.5, {"channel": "heartbeat"})
    assert (idle.begin_ns, idle.trades, idle.close) == (FROM_NS + MINUTE, 0, Decimal("1.25"))


def test_a_pair_that_was_left_has_no_more_bars() -> None:
    one = calm()
    bars_of(one, -1, {"method": "subscribe", "success": True, "result": NAMED}, traded(1, 1))
    bars_of(one, 30, {"method": "unsubscribe", "success": True, "result": NAMED})
    assert bars_of(one, 200, {"channel": "heartbeat"}) == []


def test_a_bar_is_not_whole_where_the_subscription_was_not_seen() -> None:
    one = calm()
    bars_of(one, 1, traded(1, 1))
    assert [bar.whole for bar in bars_of(one, 70, {"channel": "heartbeat"})] == [False]


@pytest.mark.parametrize("damage", [{"qty": 0}, {"qty": -1}, {"price": 0}, {"timestamp": "soon"}])
def test_a_trade_that_makes_no_sense_is_told_of_and_costs_no_other(damage: dict[str, Any]) -> None:
    good = {"symbol": "BTC/USD", "side": "buy", "price": 1.5, "qty": 2, "trade_id": 7,
            "timestamp": STAMP}  # fmt: skip
    wrong, right = hears(reader(), {"channel": "trade", "data": [good | damage, good]})
    assert isinstance(wrong, FrameNotUnderstood)
    assert isinstance(right, TradePrints)
    assert (right.count, right.volume) == (1, Decimal(2))
