"""GapFiller on a stage: what nobody heard whole is asked for, once, and a refusal costs no other pair."""

import json
from decimal import Decimal

from bar_store import MemoryBars
from stage import Stage

from zoe.actors.gap_filler import GapFiller
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.bars import MINUTE_NS, Bar
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import StoreError
from zoe.messages.market import MinutesClosed
from zoe.messages.system import Beat, CatalogChanged
from zoe.messages.wire import WireLost, WireReply, WireRequest
from zoe.ports.bar_store import PairBar
from zoe.ports.venue import MOST_BARS

ONE = Decimal(1)
PAIRS = ("BTC/USD", "ETH/USD")


def instrument(symbol: str) -> Instrument:
    base, _, quote = symbol.partition("/")
    return Instrument(symbol, base, quote, "online", 1, ONE, 8, ONE, ONE, 5, ONE)


class Filling:
    """The actor, its store, and an exchange that is played by hand."""

    def __init__(self) -> None:
        self.store = MemoryBars()
        venue = KrakenVenue(None)
        others = ("catalogue", "wire", "heartbeat")
        self.stage = Stage("gaps", lambda: GapFiller(venue, self.store), others)
        catalog = Catalog(1, {symbol: instrument(symbol) for symbol in PAIRS})
        self.stage.tell(CatalogChanged(catalog))
        self.now = self.stage.runtime.clock.wall_ns() // MINUTE_NS

    def bar(self, ago: int, *, whole: bool = True) -> Bar:
        begin_ns = (self.now - ago) * MINUTE_NS
        return Bar(begin_ns, ONE, ONE, ONE, ONE, ONE, ONE, 1, whole=whole)

    def has(self, pair: str, *ago: int) -> None:
        self.store.keep([PairBar(pair, self.bar(n), "trades") for n in ago])

    def closes(self, *pairs: str, whole: bool = True) -> None:
        self.stage.tell(MinutesClosed(tuple((p, self.bar(1, whole=whole)) for p in pairs)))

    def asked(self) -> list[WireRequest]:
        self.stage.run(6)
        return self.stage.heard("wire", WireRequest)

    def answers(self, *ago: int, high: str = "2") -> None:
        request = self.asked()[-1]
        rows = [
            [(self.now - n) * 60, "1", high, "1", "1", "1.5", "3.0", 4] for n in sorted(ago)[::-1]
        ]
        body = {"error": [], "result": {"XXBTZUSD": rows, "last": self.now * 60}}
        self.reply(request, json.dumps(body).encode())

    def reply(self, request: WireRequest, body: bytes) -> None:
        self.stage.tell(WireReply(request.request_id, 200, body))
        self.stage.run(0.1)

    def filled(self, pair: str) -> list[int]:
        kept = [one for one in self.store.kept.values() if one.pair == pair]
        return sorted(
            self.now - one.bar.begin_ns // MINUTE_NS for one in kept if one.source == "rest"
        )


def test_what_the_desk_missed_is_filled_when_a_pairs_first_bar_comes() -> None:
    filling = Filling()
    filling.has("BTC/USD", *(n for n in range(1, MOST_BARS + 1) if n not in (7, 8, 9)))
    assert filling.asked() == []
    filling.closes("BTC/USD")
    (request,) = filling.asked()
    assert f"since={(filling.now - 9) * 60 - 1}" in request.url
    filling.answers(9, 8, 7, 3)
    assert filling.filled("BTC/USD") == [7, 8, 9]
    kept = filling.store.kept["BTC/USD", (filling.now - 8) * MINUTE_NS].bar
    assert (kept.vwap, kept.high) == (Decimal("1.5"), Decimal(2))
    assert (kept.trades, kept.whole) == (4, True)
    filling.closes("BTC/USD")
    assert len(filling.asked()) == 1  # it is known, and whole


def test_a_pair_that_has_every_minute_is_not_asked_for() -> None:
    filling = Filling()
    filling.has("BTC/USD", *range(1, MOST_BARS + 1))
    filling.closes("BTC/USD")
    assert filling.asked() == []


def test_a_bar_that_is_not_whole_is_asked_for_again() -> None:
    filling = Filling()
    filling.closes("BTC/USD")
    filling.answers(*range(2, MOST_BARS + 1))
    filling.closes("BTC/USD", whole=False)
    assert len(filling.asked()) == 2
    filling.answers(1)
    assert 1 in filling.filled("BTC/USD")


def test_a_refusal_costs_no_other_pair_and_is_not_asked_again() -> None:
    filling = Filling()
    filling.closes(*PAIRS)
    (first,) = filling.asked()
    filling.reply(first, b'{"error":["EQuery:Unknown asset pair"]}')
    filling.stage.run(31)
    assert len(filling.asked()) == 2
    filling.answers(5)
    filling.stage.run(120)
    assert len(filling.asked()) == 2


def test_what_is_lost_on_the_way_is_asked_again_later() -> None:
    filling = Filling()
    filling.closes("BTC/USD")
    (first,) = filling.asked()
    filling.stage.tell(WireLost(first.request_id, "no answer in time"))
    assert filling.stage.heard("heartbeat", Beat)[-1].status == "degraded"
    assert len(filling.asked()) == 1
    filling.stage.run(31)
    assert len(filling.asked()) == 2


def test_while_the_store_is_away_nothing_is_asked() -> None:
    filling = Filling()
    filling.closes("BTC/USD")
    (request,) = filling.asked()
    filling.store.error = StoreError("away")
    filling.reply(request, b'{"error":[],"result":{"XXBTZUSD":[],"last":0}}')
    filling.store.error = None
    filling.stage.run(31)
    assert len(filling.asked()) == 2


def test_a_candle_that_contradicts_itself_is_left_out() -> None:
    filling = Filling()
    filling.closes("BTC/USD")
    filling.answers(5, high="0.5")
    assert filling.filled("BTC/USD") == []
