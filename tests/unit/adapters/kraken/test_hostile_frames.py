"""Frames that no exchange should send: what makes sense in them counts, the rest is told and costs nobody else."""

import json
import zlib
from decimal import Decimal
from typing import Any

import pytest

from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.domain.bars import Bar
from zoe.messages.market import (
    BookBroken,
    FrameNotUnderstood,
    MinutesClosed,
    Quote,
    SubscriptionRefused,
    TickerSeen,
    TradePrints,
)
from zoe.runtime.message import Message

STAMP = "2023-11-14T22:13:20.5Z"
MS = 1_000_000
TRADE = {"symbol": "BTC/USD", "side": "buy", "price": 1.5, "qty": 2, "trade_id": 7, "timestamp": STAMP}  # fmt: skip
TICKER = {"symbol": "BTC/USD", "bid": 1.1, "ask": 2, "volume": 3.5, "last": 0.3}
#: Digits that no price has, of a product that no sum holds exactly.
WIDE = "1" * 40 + "." + "1" * 30


def reader(calm_ns: int = 0) -> FeedReader:
    return FeedReader(10, {"BTC/USD": (1, 8), "ETH/USD": (1, 8)}, Telling("public/0", calm_ns))


def hears(one: FeedReader, frame: object, at_ns: int = 99) -> list[Message]:
    payload = frame if isinstance(frame, bytes) else json.dumps(frame, separators=(",", ":")).encode()  # fmt: skip
    return list(one.feed(payload, at_ns))


def trades(*rows: str) -> bytes:
    """A frame of trades whose rows are written by hand."""
    plain = {name: json.dumps(value) for name, value in TRADE.items()}
    written = []
    for row in rows:
        name, _, value = row.partition("=")
        fields = plain | ({name: value} if row else {})
        written.append("{" + ",".join(f'"{n}":{v}' for n, v in fields.items()) + "}")
    return ('{"channel":"trade","type":"update","data":[' + ",".join(written) + "]}").encode()


@pytest.mark.parametrize(
    "damage",
    [
        f"price={WIDE}",
        f"qty={WIDE}",
        "price=1e999",
        "price=1e-999",
        "qty=1e999999999",
        "qty=1e20",
        "qty=1e-21",
        'price="NaN"',
        'price="sNaN"',
        'price="Infinity"',
        "price=null",
        "price=[]",
        "price=-1",
        "qty=0",
        'side="both"',
        "side=null",
        "symbol=null",
        "trade_id=1.5",
        'timestamp="9999-12-31T23:59:59.9Z"',
        'timestamp="0001-01-01T00:00:00.0Z"',
        'timestamp="2023-13-14T22:13:20.5Z"',
        'timestamp="2023-11-14T22:13:2\\u0665.5Z"',
    ],
)
def test_one_trade_without_sense_costs_none_beside_it(damage: str) -> None:
    said = hears(reader(), trades("", damage, "trade_id=8"))
    assert [type(news) for news in said] == [FrameNotUnderstood, TradePrints]
    (_, told) = said
    assert isinstance(told, TradePrints)
    assert [each.trade_id for each in told.trades] == [7, 8]
    assert (told.count, told.volume) == (2, Decimal(4))


def test_numbers_that_are_written_as_text_are_the_same_numbers() -> None:
    (told,) = hears(reader(), trades('price="1.5"'))
    assert isinstance(told, TradePrints) and told.trades[0].price == Decimal("1.5")


def test_the_widest_numbers_that_are_taken_are_summed_exactly() -> None:
    largest, least = "9" * 20 + "." + "9" * 20, "0." + "0" * 19 + "1"
    one = reader()
    rows = [f"qty={largest}", f"price={largest}", f"qty={least}", f"qty={largest}"]
    told = [news for row in rows for news in hears(one, trades(row))]
    assert {type(news) for news in told} == {TradePrints}
    last = told[-1]
    assert isinstance(last, TradePrints)
    assert last.volume == Decimal("200000000000000000001.99999999999999999999")


def test_a_frame_of_a_hundred_thousand_trades_is_told_as_one() -> None:
    frame = {"channel": "trade", "data": [TRADE | {"trade_id": n} for n in range(100_000)]}
    (told,) = hears(reader(), frame)
    assert isinstance(told, TradePrints)
    assert (len(told.trades), told.count, told.volume) == (100_000, 100_000, Decimal(200_000))


FROM_MS = 1_700_000_000_000 // 60_000 * 60_000


def bars(one: FeedReader, frame: object, at_ms: int) -> list[Bar]:
    said = hears(one, frame, (FROM_MS + at_ms) * MS)
    return [bar for news in said if isinstance(news, MinutesClosed) for _, bar in news.bars]


@pytest.mark.parametrize("damage", ["price=null", "qty=0"])
def test_the_minute_of_a_trade_that_could_not_be_read_is_not_whole(damage: str) -> None:
    one = reader(250 * MS)
    named = {"channel": "trade", "symbol": "BTC/USD"}
    hears(one, {"method": "subscribe", "success": True, "result": named}, (FROM_MS - 9_000) * MS)
    made = bars(one, trades("", damage), 30_000)
    for minute in range(1, 4):
        made += bars(one, {"channel": "heartbeat"}, 62_500 * minute)
    assert [(bar.trades, bar.whole) for bar in made] == [(1, False), (0, True), (0, True)]


def test_a_ticker_of_nothing_costs_no_other_in_its_frame() -> None:
    rows = [TICKER | {"bid": None}, TICKER | {"symbol": "ETH/USD"}, TICKER | {"ask": "Infinity"}]
    said = hears(reader(), {"channel": "ticker", "data": rows})
    assert [type(news) for news in said] == [FrameNotUnderstood, TickerSeen, FrameNotUnderstood]


def book(price: str, crc: int, kind: str = "update") -> bytes:
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD",'
        f'"bids":[{{"price":{price},"qty":1.00000000}}],"asks":[],"checksum":{crc},"timestamp":"{STAMP}"}}]}}'
    ).encode()


@pytest.mark.parametrize("price", ["0.0", "0", "0e5", "-0.0", "0.00000"])
def test_a_price_of_nothing_breaks_the_book_though_its_checksum_is_right(price: str) -> None:
    for text in (b"0100000000", b"100000000"):
        one = reader()
        hears(one, book("1.0", zlib.crc32(b"10100000000"), "snapshot"))
        broken, gone = hears(one, book(price, zlib.crc32(b"10100000000" + text)))
        assert broken == BookBroken("BTC/USD", "a price of 0")
        assert isinstance(gone, Quote) and not gone.live
        assert (gone.bid, gone.ask) == (10, None)


def test_a_second_snapshot_takes_the_place_of_the_first() -> None:
    one = reader()
    hears(one, book("1.0", zlib.crc32(b"10100000000"), "snapshot"))
    (quote,) = hears(one, book("2.0", zlib.crc32(b"20100000000"), "snapshot"))
    assert isinstance(quote, Quote) and (quote.bid, quote.live) == (20, True)


def test_five_thousand_levels_of_a_side_are_taken_and_more_are_refused() -> None:
    one = FeedReader(1_000, {"BTC/USD": (1, 8)})

    def levels(count: int) -> list[Message]:
        rows = [{"price": n, "qty": 1} for n in range(1, count + 1)]
        best = b"".join(b"%d0100000000" % n for n in range(count, count - 10, -1))
        row = {"symbol": "BTC/USD", "bids": rows, "asks": [], "checksum": zlib.crc32(best)}
        return hears(one, {"channel": "book", "type": "snapshot", "data": [row]})

    (quote,) = levels(5_000)
    assert isinstance(quote, Quote) and quote.bid == 50_000
    assert levels(5_001)[0] == BookBroken("BTC/USD", "5001 levels at once")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"channel":"book","type":"update","data":[{"symbol":"\xff\xfe","bids":[],"asks":[],"checksum":0}]}',
        b'{"channel":"ticker","type":"update","data":[{"symbol":"\xff\xfe","bid":1}]}',
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"channel":"trade","data":' + b"[" * 100_000,
        b'{"channel":"book","channel":"ticker","data":[5]}',
        b'{"method":"subscribe","success":true,"result":5}',
        b'{"channel":"instrument","data":{"pairs":[5]}}',
        b'{"channel":"trade","data":{}}',
        b'{"channel":5}',
        bytes(range(256)),
    ],
)
@pytest.mark.parametrize("calm_ns", [0, 250 * MS])
def test_a_frame_without_sense_is_told_once_and_the_reader_goes_on(
    payload: bytes, calm_ns: int
) -> None:
    one = reader(calm_ns)
    said = hears(one, payload)
    if calm_ns:
        said += hears(one, {"channel": "heartbeat"}, 10**9)
    assert [type(news) for news in said if isinstance(news, FrameNotUnderstood)] == [
        FrameNotUnderstood
    ]
    snapshot = book("1.0", zlib.crc32(b"10100000000"), "snapshot")
    assert Quote in [type(news) for news in hears(one, snapshot, 2 * 10**9)]


def test_a_flood_of_frames_without_sense_is_told_a_few_times_and_counted() -> None:
    one = reader(250 * MS)
    counts: list[int] = []
    for n in range(10_000):
        said = hears(one, {"channel": "weather", "data": []}, n * MS // 5)
        counts += [news.count for news in said if isinstance(news, FrameNotUnderstood)]
    assert counts == [1, *[1_250] * 7]


def test_an_answer_without_end_is_cut() -> None:
    frame: dict[str, Any] = {"method": "subscribe", "success": False, "error": "no " * 100_000}
    (refused,) = hears(reader(), frame)
    assert isinstance(refused, SubscriptionRefused) and len(refused.error) == 300
