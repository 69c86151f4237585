"""GapFiller: minutes of pairs in focus that nobody heard whole, from the exchange's own candles
into the store.

Receives: MinutesClosed (from MarketWatch), CatalogChanged, the wire's replies, Tick. Tells: wire,
Heartbeat. Blocks on nothing: the store is called on the lane of the bars, and one request is under
way at a time. A pair is looked at when its first bar of this run comes, so that what the desk
missed while it was down is filled, and again after a bar that is not whole. The exchange gives 720
minutes at most; what is older stays missing. A restart looks at every pair again, and asks for what
is missing alone.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar, assert_never

import attrs

from zoe.actors.minute_keeper import LANE
from zoe.domain.bars import MINUTE_NS, Bar, contradicts_itself, missing
from zoe.domain.catalog import Catalog
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    StoreError,
    WireError,
)
from zoe.domain.words import counted
from zoe.messages.market import CandleSeen, MinutesClosed
from zoe.messages.system import Beat, CatalogChanged, Tick, WatchCatalog
from zoe.messages.wire import WireLost, WireReply
from zoe.ports.bar_store import REST, BarStore, PairBar
from zoe.ports.venue import MOST_BARS, GetBars, Venue
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

T = TypeVar("T")

#: Public history is limited by address, and strategies' bars come before these.
PACE_SECONDS: Final = 5
PAUSE_SECONDS: Final = 30
CALL_SECONDS: Final = 10


@attrs.frozen
class _Looked(Message):
    """The whole minutes that are there."""

    outcome: Outcome[tuple[int, ...]]


@attrs.frozen
class _Kept(Message):
    outcome: Outcome[int]


@attrs.define
class _Job:
    """The pair that is being filled."""

    pair: str
    begin_ns: int
    end_ns: int
    missing: tuple[int, ...] = ()
    operation: GetBars | None = None
    request_id: int = 0


Inbox = MinutesClosed | CatalogChanged | WireReply | WireLost | Tick | _Looked | _Kept


class GapFiller(Actor):
    """Fills one pair after the other."""

    def __init__(self, venue: Venue, store: BarStore) -> None:
        super().__init__()
        self._venue = venue
        self._store = store
        self._catalog: Catalog | None = None
        self._seen: set[str] = set()
        #: Pairs to look at, in the order in which they came.
        self._due: dict[str, None] = {}
        self._job: _Job | None = None
        self._requests = self._filled = 0

    def on_start(self) -> None:
        self.tell(self.find("catalogue"), WatchCatalog())
        self.after(PACE_SECONDS, Tick("pace"))

    def handle(self, message: Inbox) -> None:
        match message:
            case MinutesClosed():
                self._heard(message)
            case CatalogChanged():
                self._catalog = message.catalog
            case Tick():
                self._next()
            case _Looked():
                self._take(message.outcome, self._ask)
            case WireReply():
                if self._job is not None and message.request_id == self._job.request_id:
                    self._replied(self._job, message)
            case WireLost():
                if self._job is not None and message.request_id == self._job.request_id:
                    self._failed(message.reason)
            case _Kept():
                self._take(message.outcome, self._done)
            case _:
                assert_never(message)

    def _heard(self, news: MinutesClosed) -> None:
        for pair, bar in news.bars:
            if pair not in self._seen or not bar.whole:
                self._seen.add(pair)
                self._due.setdefault(pair)

    def _next(self) -> None:
        """Looks at the pair that has waited longest; the next pace begins when it is through."""
        if self._catalog is None or not self._due:
            self.after(PACE_SECONDS, Tick("pace"))
            return
        pair = next(iter(self._due))
        del self._due[pair]
        end_ns = self.clock.wall_ns() // MINUTE_NS * MINUTE_NS
        job = self._job = _Job(pair, end_ns - MOST_BARS * MINUTE_NS, end_ns)
        self.offload(partial(self._store.whole, pair, job.begin_ns, job.end_ns), _Looked, lane=LANE)

    def _take(self, outcome: Outcome[T], then: Callable[[_Job, T], None]) -> None:
        assert self._job is not None
        if isinstance(outcome.error, StoreError):
            self._failed(str(outcome.error))
        else:
            then(self._job, outcome.value())

    def _ask(self, job: _Job, there: tuple[int, ...]) -> None:
        assert self._catalog is not None
        job.missing = missing(there, job.begin_ns, job.end_ns)
        instrument = self._catalog.find(job.pair)
        if not job.missing or instrument is None:
            self._end(PACE_SECONDS)
            return
        self._requests += 1
        # As the exchange means it: what begins later.
        job.operation = GetBars(instrument, 1, job.missing[0] - 1_000_000_000)
        # No answer to an earlier incarnation may pass for one to this.
        job.request_id = self.incarnation * 1_000_000 + self._requests
        request = self._venue.request(job.operation, None)
        self.tell(self.find("wire"), request.on("gaps", job.request_id, CALL_SECONDS))

    def _replied(self, job: _Job, reply: WireReply) -> None:
        assert job.operation is not None
        try:
            result = self._venue.result(job.operation, reply.status, reply.body, None)
        except ExchangeRejected as problem:
            self._failed(str(problem), again=False)  # what it refuses it will refuse again
            return
        except (ExchangeThrottled, ExchangeUnavailable, WireError) as problem:
            self._failed(str(problem))
            return
        assert isinstance(result, tuple)
        wanted = set(job.missing)
        candles = [c for c in result if isinstance(c, CandleSeen) and c.begin_ns in wanted]
        bars = [PairBar(job.pair, _bar(candle), REST) for candle in candles]
        sound = [one for one in bars if not contradicts_itself(one.bar)]
        self.offload(partial(self._store.keep, sound), _Kept, lane=LANE)

    def _done(self, job: _Job, kept: int) -> None:
        self._filled += kept
        log.info("bars.filled", symbol=job.pair, missing=len(job.missing), filled=kept)
        due = counted(len(self._due), "pair")
        self._beat("ok", f"{counted(self._filled, 'minute')} filled, {due} to look at")
        self._end(PACE_SECONDS)

    def _failed(self, reason: str, *, again: bool = True) -> None:
        assert self._job is not None
        log.warning("bars.gaps_stay", symbol=self._job.pair, reason=reason)
        self._beat("degraded", f"{self._job.pair}: {reason}")
        if again:
            self._due.setdefault(self._job.pair)
        self._end(PAUSE_SECONDS)

    def _end(self, seconds: float) -> None:
        self._job = None
        self.after(seconds, Tick("pace"))

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("gaps", status, detail))


def _bar(candle: CandleSeen) -> Bar:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return Bar(candle.begin_ns, *prices, candle.volume, candle.vwap, candle.trades, whole=True)
