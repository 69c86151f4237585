"""A whole desk whose market goes bad: a pair that is delisted, frames that make no sense, books that are wrong."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest
from loguru import logger

from zoe.actors.strategist import StrategyConfig
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app.simulation.auditor.audit import audit, evidence
from zoe.app.simulation.market import SLOW, SYMBOL, SmallMarket
from zoe.app.simulation.world import Setting, World
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper, State
from zoe.messages.frames import FrameReader
from zoe.runtime.message import Message


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logger.disable("zoe")
    yield
    logger.enable("zoe")


#: What is told instead of a frame, or beside it.
Spoil = Callable[[bytes], Iterable[bytes]]


def as_it_is(payload: bytes) -> Iterable[bytes]:
    return (payload,)


@attrs.define
class Bad:
    """What becomes of the market's frames on their way to a desk."""

    spoil: Spoil = as_it_is
    #: Connections that were opened.
    lives: int = 0


@attrs.define
class Spoiled:
    """A reader that is told other frames."""

    reader: FrameReader
    bad: Bad

    def feed(self, payload: bytes, received_ns: int) -> list[Message]:
        """See FrameReader."""
        return [n for each in self.bad.spoil(payload) for n in self.reader.feed(each, received_ns)]

    def feed_all(self, payloads: Iterable[bytes], received_ns: int) -> list[list[Message]]:
        """See FrameReader."""
        return [self.feed(payload, received_ns) for payload in payloads]


@attrs.frozen
class SpoiledVenue(KrakenVenue):
    """A venue whose public frames go bad."""

    bad: Bad = attrs.field(kw_only=True)

    def public_reader(self, connection: str) -> Callable[[], FrameReader]:
        """See Venue."""
        make = super().public_reader(connection)

        def made() -> FrameReader:
            self.bad.lives += 1
            return Spoiled(make(), self.bad)

        return made


class Desk(World):
    """A desk that quotes both sides of its pair."""

    def __init__(self, seed: int, spoil: Spoil = as_it_is) -> None:
        keeper = QuoteKeeper(Params(pair=SYMBOL, half_spread_bps=100, refresh_bps=50))
        strategy = StrategyConfig("quote_keeper", keeper, State)
        super().__init__(seed, Setting(strategy, SmallMarket(seed, SLOW)))
        self.bad = Bad(spoil)
        known = self.venue
        urls = (known.rest_url, known.public_url, known.private_url)
        self.venue = SpoiledVenue(known.keys, *urls, bad=self.bad)

    def quoting(self) -> "Desk":
        """Itself, once it is started and an order rests on each side."""
        self.start()
        self.until(self.quotes)
        return self

    def working(self) -> list[str]:
        """The prices of orders that the exchange has and that have not ended."""
        rows = self.journal.open_orders(self.account)
        return sorted(
            str(row.body["limit_price"]) for row in rows
            if row.kind == "order.sending" and self.order_state(row.body["intent_id"]) == "WORKING"
        )  # fmt: skip

    def quotes(self) -> bool:
        """Whether an order rests on each side."""
        return len(self.working()) == 2

    def sent(self) -> int:
        """How many orders have been sent."""
        return sum(row.kind == "order.sending" for row in self.journal.rows)

    def reasons(self) -> list[str]:
        """Those of the strategy's newest decision."""
        rows = [row for row in self.journal.rows if row.kind == "decision.made"]
        found: list[str] = json.loads(rows[-1].body)["reasons"]
        return found

    def fault(self, **wanted: Any) -> None:
        """Plants a fault in the exchange."""
        self.admin("POST", "faults", wanted)

    def is_now(self, status: str) -> None:
        """The pair's state changes."""
        self.admin("POST", "status", {"status": status, "symbol": SYMBOL})

    def well(self) -> None:
        """No actor has crashed, and the auditor finds nothing."""
        assert not [each.name for each in self.runtime.vitals() if each.restarts]
        rows = self.evidence_rows()
        assert audit(evidence(self.memory.lines(), rows)) == []


@pytest.mark.parametrize("by_exchange", [False, True])
def test_orders_of_a_pair_that_is_delisted_end_and_its_strategy_says_why(by_exchange: bool) -> None:
    desk = Desk(5).quoting()
    desk.is_now("delisted")
    if by_exchange:
        desk.hands.call("CancelAll")
    desk.until(desk.is_calm)
    desk.until(lambda: desk.reasons() == ["PAIR_NOT_ONLINE"])
    sent = desk.sent()
    desk.run(30)
    assert desk.sent() == sent
    desk.is_now("online")
    desk.until(desk.quotes)
    desk.well()


def test_an_order_by_hand_of_a_pair_that_is_delisted_is_followed_to_its_end() -> None:
    desk = Desk(6).quoting()
    wish = {"pair": SYMBOL, "side": "buy", "quantity": "0.002", "limit_price": "70000"}
    assert desk.ask("order.place", **wish)["exit"] == 0
    desk.until(lambda: len(desk.working()) == 3)
    desk.is_now("delisted")
    desk.until(lambda: desk.working() == ["70000"])  # it is a person's: nobody else cancels it
    refused = desk.ask("order.place", **wish | {"limit_price": "71000"})
    assert refused["exit"] != 0 and "delisted" in json.dumps(refused)
    desk.hands.call("CancelAll")
    desk.until(desk.is_calm)
    desk.well()


def test_a_snapshot_that_is_lost_is_asked_for_again_and_changes_before_it_count_for_nothing() -> None:  # fmt: skip
    lost: list[bytes] = []
    early: list[bytes] = []

    def lose_the_first(payload: bytes) -> Iterable[bytes]:
        if b'"book","type":"snapshot"' in payload and not lost:
            lost.append(payload)
            return ()
        early.extend([payload] if b'"book","type":"update"' in payload and not seen() else [])
        return (payload,)

    def seen() -> bool:
        return any(row.kind == "decision.made" for row in desk.journal.rows)

    desk = Desk(7, lose_the_first)
    desk.quoting()
    assert lost and early
    desk.well()


def test_a_book_that_is_always_wrong_is_not_quoted_on_and_is_again_once_it_is_right() -> None:
    desk = Desk(8).quoting()
    desk.bad.spoil = lambda payload: (payload.replace(b'"checksum":', b'"checksum":1'),)
    desk.until(desk.is_calm)
    sent = desk.sent()
    desk.run(60)
    assert desk.sent() == sent
    assert desk.reasons() == ["BOOK_NOT_LIVE"]
    desk.bad.spoil = as_it_is
    desk.until(desk.quotes)
    desk.well()


def test_a_connection_that_is_open_and_silent_is_given_up_and_nothing_is_sent_meanwhile() -> None:
    desk = Desk(9).quoting()
    desk.bad.spoil = lambda payload: ()
    desk.run(5)  # as old as a quote may be
    sent = desk.sent()
    desk.run(60)
    assert desk.sent() == sent
    assert desk.bad.lives > 5
    desk.bad.spoil = as_it_is
    desk.until(desk.quotes)
    desk.well()


STAMP = "2026-01-01T00:00:00.5Z"
ROW = f'"symbol":"{SYMBOL}","side":"buy","price":1,"qty":1,"trade_id":1,"timestamp":"{STAMP}"'
TRADE = '{"channel":"trade","type":"update","data":[{%s}]}'
BOOK = '{"channel":"book","type":"%s","data":[{"symbol":"BTC/USD","bids":[{"price":%s,"qty":%s}],"asks":[],"checksum":%d,"timestamp":"%s"}]}'  # fmt: skip
PAIR = '{"symbol":"%s","base":"X","quote":"USD","status":"%s","qty_precision":%s,"qty_increment":%s,"qty_min":1,"price_precision":1,"price_increment":0.1,"cost_precision":5,"cost_min":0.5}'  # fmt: skip
INSTRUMENT = '{"channel":"instrument","type":"update","data":{"pairs":[%s]}}'
#: The checksum of a book of one bid, of one coin, for nothing.
OF_NOTHING = zlib.crc32(b"0100000000")
HOSTILE: tuple[str | bytes, ...] = (
    TRADE % ROW.replace('"buy"', '"both"'),
    TRADE
    % ROW.replace('"price":1', '"price":' + "1" * 40 + "." + "1" * 30).replace(
        '"qty":1', '"qty":' + "1" * 40 + "." + "1" * 30
    ),
    TRADE % ROW.replace('"price":1', '"price":null'),
    TRADE % ROW.replace(SYMBOL, "GHOST/USD"),
    BOOK % ("snapshot", "0.0", "1.00000000", OF_NOTHING, STAMP),
    BOOK % ("snapshot", "1e999", "1", 0, STAMP),
    BOOK % ("snapshot", "1", "-1", 0, STAMP),
    BOOK % ("update", "1.0", "1.00000000", 0, STAMP),
    BOOK % ("snapshot", "0.1", "1.00000000", zlib.crc32(b"1100000000"), "9999-01-01T00:00:00Z"),
    (BOOK % ("snapshot", "1.0", "1.00000000", 0, STAMP)).replace(SYMBOL, "GHOST/USD"),
    '{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":null,"ask":-1,"volume":"NaN"}]}',
    INSTRUMENT % (PAIR % ("ODD/USD", "nonsense", 30, "1e-30")),
    INSTRUMENT % (PAIR % ("ODD/USD", "online", 31, "1")),
    INSTRUMENT % "5",
    '{"channel":"status","data":[{"system":"on fire"}]}',
    '{"method":"subscribe","success":false,"error":"no","symbol":"GHOST/USD"}',
    '{"method":"subscribe","success":true,"result":{"channel":"weather","symbol":"GHOST/USD"}}',
    '{"channel":"weather"}',
    b"\xff\xfe\x00",
    b"[" * 20_000,
    b"",
)


def test_frames_without_sense_cost_no_actor_its_life_and_nothing_is_traded_on_them() -> None:
    told: list[str | bytes] = []

    def mixed(payload: bytes) -> Iterable[bytes]:
        told.append(HOSTILE[len(told) % len(HOSTILE)])
        one = told[-1]
        return (one.encode() if isinstance(one, str) else one, payload)

    desk = Desk(10).quoting()
    desk.bad.spoil = mixed
    desk.until(lambda: len(told) > 5 * len(HOSTILE))
    desk.bad.spoil = as_it_is
    desk.until(desk.quotes)
    desk.well()
    prices = [Decimal(price) for price in desk.working()]
    assert all(50_000 < price < 150_000 for price in prices)
