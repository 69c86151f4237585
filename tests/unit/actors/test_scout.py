"""Scout on a stage: every pair that can be traded, the newest ticker of each, rankings."""

import json
from decimal import Decimal

from stage import Stage

from zoe.actors.scout import Scout
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.scan import ScanConfig
from zoe.messages.market import FeedAlive, Tickers, TickerSeen
from zoe.messages.scan import Ranked, WatchTickers
from zoe.messages.system import Beat, CatalogChanged
from zoe.messages.wire import WireOpen, WireOpened, WireSend

OTHERS = ("wire", "catalogue", "heartbeat", "market")
CONFIG = ScanConfig(enabled=True, min_turnover_usd=0, max_spread_bps=100, kept=2)


def instrument(symbol: str, status: str = "online") -> Instrument:
    base, quote = symbol.split("/")
    one = Decimal(1)
    return Instrument(symbol, base, quote, status, 1, one, 8, one, one, 5, one)


def catalog(*symbols: str, version: int = 1, **other: str) -> CatalogChanged:
    pairs = {symbol: instrument(symbol) for symbol in symbols}
    pairs |= {name.replace("_", "/"): instrument(name.replace("_", "/"), s) for name, s in other.items()}  # fmt: skip
    return CatalogChanged(Catalog(version, pairs))


def scout() -> Stage:
    return Stage("scout", lambda: Scout("a", KrakenVenue(None), CONFIG), OTHERS)


def ticks(stage: Stage, symbol: str, bid: str, volume: int = 100) -> None:
    price = Decimal(bid)
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(TickerSeen(symbol, price, price + price / 1000, None, Decimal(volume), now_ns))


def passes(stage: Stage, seconds: int) -> None:
    for _ in range(seconds):
        stage.run(1)
        for line in range(3):
            stage.tell(FeedAlive(f"scout/{line}", stage.runtime.clock.wall_ns()), 0)


def test_all_pairs_that_can_be_traded_are_asked_for_in_batches_over_three_connections() -> None:
    stage = scout()
    symbols = [f"P{n:04}/USD" for n in range(1_262)]
    stage.tell(catalog(*symbols, OLD_USD="delisted"))
    for line in range(3):
        stage.tell(WireOpened(f"scout/{line}", 1))
    passes(stage, 6)
    assert len({w.connection for w in stage.heard("wire", WireOpen)}) == 3
    asked: list[str] = []
    for sent in stage.heard("wire", WireSend):
        frame = json.loads(sent.payload)
        if frame["method"] == "subscribe":
            assert frame["params"]["channel"] == "ticker"
            assert len(frame["params"]["symbol"]) <= 100
            asked += frame["params"]["symbol"]
    assert sorted(asked) == symbols


def test_pairs_are_ranked_and_the_head_is_written_once_a_minute() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD", "MID/USD", "LOW/USD", "WIDE/USD"))
    for symbol, volume in (("BIG/USD", 900), ("MID/USD", 500), ("LOW/USD", 100)):
        ticks(stage, symbol, "10", volume)
    wide = TickerSeen("WIDE/USD", Decimal(1), Decimal(2), None, Decimal(9_000), 0)
    stage.tell(wide)
    passes(stage, 130)
    ranked = stage.heard("market", Ranked)
    assert len(ranked) == 8
    assert ranked[0].row == "scan/a@1", "not a minute later"
    assert ranked[-1].symbols == ("BIG/USD", "MID/USD", "LOW/USD")
    assert ranked[-1].row == "scan/a@2"
    assert ranked[-1].passed == {"BIG/USD", "MID/USD", "LOW/USD"}
    rows = [row for record in stage.records for row in record.rows]
    assert [(row.stream, row.version, row.kind) for row in rows] == [
        ("scan/a", 1, "scan.ranked"),
        ("scan/a", 2, "scan.ranked"),
    ]
    body = json.loads(rows[-1].body)
    assert (body["seen"], body["ranked"]) == (4, 3)
    assert [each["symbol"] for each in body["candidates"]] == ["BIG/USD", "MID/USD"]
    assert body["candidates"][0]["turnover_usd"] == "9004"
    assert "4 of 4 pairs seen, 3 ranked" in stage.heard("heartbeat", Beat)[-1].detail


def test_the_first_ranking_that_ranks_anybody_is_written_at_once() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD"))
    passes(stage, 20)
    assert [told.symbols for told in stage.heard("market", Ranked)] == [()]
    ticks(stage, "BIG/USD", "10", 900)
    passes(stage, 15)
    assert stage.heard("market", Ranked)[-1] == Ranked(
        ("BIG/USD",), "scan/a@1", frozenset({"BIG/USD"})
    )
    passes(stage, 45)
    assert len(stage.records) == 1
    passes(stage, 15)
    assert len(stage.records) == 2


def test_a_pair_that_is_delisted_or_gone_is_left_and_forgotten() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD", "MID/USD"))
    stage.tell(WireOpened("scout/0", 1))
    for symbol in ("BIG/USD", "MID/USD"):
        ticks(stage, symbol, "10")
    passes(stage, 31)
    stage.tell(catalog("BIG/USD", version=2, MID_USD="delisted"))
    left = [s.payload for s in stage.heard("wire", WireSend) if b"unsubscribe" in s.payload]
    assert len(left) == 1 and b"MID/USD" in left[0]
    passes(stage, 16)
    assert stage.heard("market", Ranked)[-1].symbols == ("BIG/USD",)


def test_tickers_are_passed_on_only_where_they_are_watched() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD", "MID/USD"))
    ticks(stage, "BIG/USD", "10")
    stage.tell_from("market", WatchTickers(("BIG/USD",)))
    ticks(stage, "BIG/USD", "11")
    ticks(stage, "MID/USD", "11")
    assert [ticker.symbol for ticker in stage.heard("market", TickerSeen)] == ["BIG/USD"]


def test_tickers_that_came_together_are_as_each_alone_would_be() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD", "MID/USD"))
    stage.tell_from("market", WatchTickers(("BIG/USD",)))
    now_ns = stage.runtime.clock.wall_ns()
    names = ("MID/USD", "BIG/USD", "STRANGE/USD")
    seen = tuple(
        TickerSeen(name, Decimal(10), Decimal("10.01"), None, Decimal(9 - n), now_ns)
        for n, name in enumerate(names)
    )
    stage.tell(Tickers("scout/0", seen))
    passes(stage, 16)
    assert stage.heard("market", TickerSeen) == [seen[1]]
    assert stage.heard("market", Ranked)[-1].symbols == names[:2], "nobody follows the third"


def test_a_ticker_without_sense_leaves_the_one_before() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD"))
    ticks(stage, "BIG/USD", "10")
    stage.tell(TickerSeen("BIG/USD", Decimal(5), Decimal(3), None, Decimal(1), 1))
    stage.tell(TickerSeen("BIG/USD", Decimal(0), Decimal(3), None, Decimal(1), 1))
    passes(stage, 31)
    assert stage.heard("market", Ranked)[-1].symbols == ("BIG/USD",)


def test_a_symbol_that_nobody_asked_for_is_not_kept() -> None:
    stage = scout()
    stage.tell(catalog("BIG/USD"))
    ticks(stage, "GHOST/USD", "10")
    passes(stage, 31)
    assert stage.heard("market", Ranked)[-1].symbols == ()
