"""Market data that go bad on a real socket: the desk's reader, books and MarketWatch on real threads against an
exchange that is played by hand. Each fault costs its own pair at most; the other one is quoted all along.
"""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest
from hostile_exchange import HostileExchange, on_wire, pair, written

from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.adapters.wire import ThreadWire
from zoe.messages.market import Quote, TradePrints
from zoe.runtime.clock import SystemClock
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Child
from zoe.runtime.threads import ThreadRuntime

PATIENCE_SECONDS: Final = 60
BAD, GOOD = "BAD/USD", "GOOD/USD"


class SetClock(SystemClock):
    """The machine's clock, which somebody sets."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def wall_ns(self) -> int:
        """See Clock."""
        return time.time_ns() + self.ahead_ns


class Desk:
    """MarketWatch on real threads and sockets, and a strategy that only listens."""

    def __init__(self, exchange: HostileExchange) -> None:
        self.exchange = exchange
        self.newest: dict[str, Quote] = {}
        self.told: list[Quote] = []
        self.traded = 0
        self._news = threading.Condition()
        self.runtime = runtime = ThreadRuntime(seed=1)
        self.clock = runtime.clock = SetClock()
        runtime.endpoint("wire", ThreadWire(runtime).handle)
        runtime.endpoint("strategy", self._hear)
        for name in ("catalogue", "heartbeat"):
            runtime.endpoint(name, lambda envelope: None)
        venue = KrakenVenue(None, public_url=exchange.url)
        audience = Audience(listeners=("strategy",), of_pair={BAD: (), GOOD: ()})
        runtime.root((Child("market", partial(MarketWatch, venue, (BAD, GOOD), audience)),))
        self._good_qty = 5

    def _hear(self, envelope: Envelope) -> None:
        with self._news:
            if isinstance(envelope.message, Quote):
                self.newest[envelope.message.symbol] = envelope.message
                self.told.append(envelope.message)
            elif isinstance(envelope.message, TradePrints):
                self.traded = envelope.message.count
            self._news.notify_all()

    def until(self, wanted: Callable[[], object]) -> None:
        """Waits until something is so; each second at least it is looked again."""
        end = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while not wanted():
                assert time.monotonic() < end, (self.newest, self.exchange.asked)
                self._news.wait(1)

    def shows(self, symbol: str, bid: int, bid_qty: int) -> bool:
        """Whether the newest quote is live, and has this best bid."""
        quote = self.newest.get(symbol)
        return quote is not None and quote.live and (quote.bid, quote.bid_qty) == (bid, bid_qty)

    def is_down(self, symbol: str) -> bool:
        """Whether the newest quote was taken back."""
        return symbol in self.newest and not self.newest[symbol].live

    def has_asked(self, symbol: str, count: int) -> bool:
        """Whether a book was asked for so often."""
        return self.exchange.times("subscribe", "book", symbol) >= count

    def goes_on(self, symbol: str = GOOD) -> None:
        """Shows that a pair is followed: its next change is told."""
        self._good_qty += 1
        self.exchange.changes(symbol, [(1000, self._good_qty)])
        self.until(lambda: self.shows(symbol, 1000, self._good_qty))

    def nothing_else_was_asked_for(self) -> None:
        """The good pair was subscribed once, on a connection that still lives."""
        assert len(self.exchange.lives) == 1
        assert self.exchange.times("subscribe", "book", GOOD) == 1
        assert self.exchange.times("unsubscribe", "book", GOOD) == 0
        assert [quote for quote in self.told if quote.symbol == GOOD and not quote.live] == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost is asked for again sooner."""
    monkeypatch.setattr(public_session, "SNAPSHOT_WITHIN_NS", 4_000_000_000)


@pytest.fixture
def exchange() -> Iterator[HostileExchange]:
    made = HostileExchange(BAD, GOOD)
    yield made
    made.end()


@pytest.fixture
def starting(exchange: HostileExchange) -> Iterator[Callable[[], Desk]]:
    desks: list[Desk] = []

    def start() -> Desk:
        desks.append(Desk(exchange))
        return desks[-1]

    yield start
    for desk in desks:
        desk.runtime.shutdown(0, "the test is over")
        desk.runtime.wait(10)


@pytest.fixture
def desk(starting: Callable[[], Desk]) -> Desk:
    """A desk that is told of both pairs."""
    made = starting()
    made.until(lambda: made.shows(BAD, 1000, 5) and made.shows(GOOD, 1000, 5))
    return made


def test_a_checksum_that_is_wrong_once_costs_a_new_snapshot_of_its_pair(desk: Desk) -> None:
    desk.exchange.changes(BAD, [(1001, 7)], checksum=1)
    desk.until(lambda: any(quote.symbol == BAD and not quote.live for quote in desk.told))
    desk.until(lambda: desk.shows(BAD, 1001, 7))  # by the new snapshot
    assert desk.exchange.times("subscribe", "book", BAD) == 2
    desk.exchange.changes(BAD, [(1001, 8)])
    desk.until(lambda: desk.shows(BAD, 1001, 8))
    desk.goes_on()
    desk.nothing_else_was_asked_for()


def test_a_checksum_that_is_wrong_always_costs_its_pair_and_no_other(desk: Desk) -> None:
    desk.exchange.wrong[BAD] = 1
    desk.exchange.changes(BAD, [(1001, 7)], checksum=1)
    for count in range(3, 6):
        desk.until(partial(desk.has_asked, BAD, count))
        desk.goes_on()
        assert desk.is_down(BAD)
    desk.nothing_else_was_asked_for()
    desk.exchange.wrong.clear()
    desk.until(lambda: desk.shows(BAD, 1001, 7))


@pytest.mark.usefixtures("impatient")
def test_a_snapshot_that_is_lost_is_asked_for_again_and_changes_before_it_count_for_nothing(
    exchange: HostileExchange, starting: Callable[[], Desk]
) -> None:
    exchange.withheld[BAD] = 1
    desk = starting()
    desk.until(lambda: desk.shows(GOOD, 1000, 5))
    exchange.changes(BAD, [(1001, 7)])  # before any snapshot
    desk.goes_on()
    assert BAD not in desk.newest
    desk.until(lambda: desk.shows(BAD, 1001, 7))
    assert exchange.times("subscribe", "book", BAD) == 2
    desk.nothing_else_was_asked_for()


def test_a_crossed_book_is_told_as_it_is_and_the_next_change_counts(desk: Desk) -> None:
    desk.exchange.changes(BAD, [(1004, 7)])
    desk.until(lambda: desk.shows(BAD, 1004, 7))
    assert desk.newest[BAD].ask == 1002
    desk.exchange.changes(BAD, [(1004, 0)])
    desk.until(lambda: desk.shows(BAD, 1000, 5))
    desk.goes_on()
    assert desk.exchange.times("subscribe", "book", BAD) == 1


def test_a_size_of_nothing_removes_and_one_below_breaks_its_pair_only(desk: Desk) -> None:
    # The second is not there: nothing is removed.
    desk.exchange.changes(BAD, [(1000, 0), (998, 0)])
    desk.until(lambda: desk.shows(BAD, 999, 5))
    desk.exchange.changes(BAD, [(999, -5)])
    desk.until(lambda: desk.exchange.times("subscribe", "book", BAD) == 2)
    desk.until(lambda: desk.shows(BAD, 999, 5))
    desk.goes_on()
    desk.nothing_else_was_asked_for()


def test_of_twelve_changes_of_one_price_in_one_frame_the_last_counts(desk: Desk) -> None:
    desk.exchange.changes(BAD, [(1001, n % 5) for n in range(1, 12)] + [(1001, 9)])
    desk.until(lambda: desk.shows(BAD, 1001, 9))
    assert desk.exchange.times("subscribe", "book", BAD) == 1


def test_levels_beyond_the_depth_are_forgotten_as_the_exchange_forgets_them(desk: Desk) -> None:
    book = desk.exchange.books[BAD]
    desk.exchange.changes(BAD, [(980 + n, 3) for n in range(15)])
    assert len(book.best("bids")) == 10
    # Whoever kept what was pushed out has another best level, and another checksum.
    for price, _ in book.best("bids")[:-1]:
        desk.exchange.changes(BAD, [(price, 0)])
    (last,) = book.best("bids")
    desk.until(lambda: desk.shows(BAD, *last))
    assert desk.exchange.times("subscribe", "book", BAD) == 1


def test_a_pair_that_is_renamed_in_mid_stream_is_taken_back_and_comes_when_it_is_listed_again(
    desk: Desk,
) -> None:
    desk.exchange.lists(pair(BAD, "delisted"), pair("NEW/USD"))
    desk.until(lambda: desk.is_down(BAD))
    desk.until(lambda: desk.exchange.times("unsubscribe", "book", BAD))
    desk.goes_on()
    told = len([quote for quote in desk.told if quote.symbol == BAD])
    desk.exchange.lives[0].says(on_wire(written(desk.exchange.books[BAD].snapshot())))
    desk.goes_on()
    assert len([quote for quote in desk.told if quote.symbol == BAD]) == told
    desk.exchange.lists(pair(BAD))
    desk.until(lambda: desk.shows(BAD, 1000, 5))
    desk.nothing_else_was_asked_for()


def test_an_exchanges_time_that_goes_back_changes_nothing(desk: Desk) -> None:
    desk.exchange.changes(BAD, [(1001, 7)], timestamp="1999-01-01T00:00:00.000000Z")
    desk.until(lambda: desk.shows(BAD, 1001, 7))
    desk.exchange.changes(BAD, [(1001, 8)])
    desk.until(lambda: desk.shows(BAD, 1001, 8))
    assert desk.exchange.times("subscribe", "book", BAD) == 1


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_machines_clock_that_is_set_makes_nothing_stale_for_longer_than_a_moment(
    desk: Desk, hours: int
) -> None:
    desk.clock.ahead_ns = hours * 3_600_000_000_000
    desk.goes_on()
    changed_ns = desk.clock.wall_ns()
    desk.exchange.changes(BAD, [(998, 3)])  # behind the best price, which stands
    desk.until(lambda: changed_ns <= desk.newest[BAD].received_ns <= desk.clock.wall_ns())
    desk.exchange.changes(BAD, [(1001, 7)])
    desk.until(lambda: desk.shows(BAD, 1001, 7))
    assert desk.exchange.times("subscribe", "book", BAD) == 1
    desk.nothing_else_was_asked_for()


@pytest.mark.parametrize(
    "huge",
    [
        b" " * 5_000_000 + b'{"channel":"heartbeat"}',
        b"[" * 5_000_000,
        b'{"channel":"book","type":"update","data":[{"symbol":"' + b"X" * 5_000_000,
        written({"channel": "weather", "data": ["x" * 5_000_000]}),
    ],
    ids=["spaces", "brackets", "a symbol without end", "a channel that nobody knows"],
)
def test_a_frame_of_five_megabytes_costs_nothing_but_its_reading(desk: Desk, huge: bytes) -> None:
    desk.exchange.says(GOOD, huge)
    desk.goes_on()
    desk.goes_on(BAD)
    desk.nothing_else_was_asked_for()


def test_frames_that_the_network_splits_and_merges_are_the_same_frames(desk: Desk) -> None:
    book, (life,) = desk.exchange.books[BAD], desk.exchange.lives
    row = {
        "symbol": BAD,
        "side": "buy",
        "price": 100.2,
        "qty": 0.1,
        "timestamp": "2026-01-02T03:04:05Z",
    }
    frames = []
    for n in range(1, 41):
        frames.append(written(book.frame("update", [(1001, n)])))
        trade = {"channel": "trade", "type": "update", "data": [row | {"trade_id": n}]}
        frames.append(written(trade))
    data = b"".join(map(on_wire, frames))
    life.dribbles(data, len(data) // 2)
    desk.until(lambda: desk.shows(BAD, 1001, 40) and desk.traded == 40)
    desk.goes_on()
    assert desk.exchange.times("subscribe", "book", BAD) == 1
    desk.nothing_else_was_asked_for()


def test_a_connection_that_is_open_and_silent_is_given_up_and_opened_again(desk: Desk) -> None:
    desk.goes_on()
    desk.exchange.silent = True
    silent_ns = desk.clock.wall_ns()
    desk.until(lambda: len(desk.exchange.lives) > 1)
    # As long as nothing was heard no quote was made younger.
    newest_ns = max(quote.confirmed_ns or quote.received_ns for quote in desk.newest.values())
    assert newest_ns - silent_ns < 2_000_000_000
    desk.exchange.silent = False
    desk.until(lambda: desk.exchange.times("subscribe", "book", GOOD) > 1)
    desk.goes_on()
    desk.goes_on(BAD)
