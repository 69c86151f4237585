"""RateLimiter: both counters of the exchange; permits are leases.

Receives: RequestPermit, OrderAged, OrderEnded, CounterReported, LimitHit, RestSpent, ReportBudget,
WatchBudget. Tells: PermitGranted to whoever asked, RestHeld to the Gateway, the room of a pair to
its watchers.
Blocks on nothing: what must wait is granted by a timer. Each pair has two lanes: cancels first, and
at once unless the exchange itself has refused lately: then one by one, as the counter decays; then
adds and amends in the order they were asked for, each once every order let through before could
still be canceled after it.
A restart forgets the waiting requests with their leases, and who watches: both ask again after a
while. What was counted outlives it (``Limiter``), but not the process: which orders may have to be
canceled OrderDesk tells at its start, and the exchange's own counts and refusals tell the rest.
"""

import json
from collections import deque
from typing import Final, assert_never

import attrs

from zoe.domain.limiter import Limiter
from zoe.domain.quick import quick
from zoe.domain.ratelimit import CANCELS, Wish
from zoe.messages.limits import (
    BudgetChanged,
    BudgetReported,
    CounterReported,
    LimitHit,
    OrderAged,
    OrderEnded,
    PermitGranted,
    ReportBudget,
    RequestPermit,
    RestHeld,
    RestSpent,
    WatchBudget,
)
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor, Timer
from zoe.runtime.address import Address
from zoe.runtime.log import log

_wish: Final = quick(Wish)
_granted: Final = quick(PermitGranted)
_room: Final = quick(BudgetChanged)
LEASE_NS: Final = 2_000_000_000
#: REST calls cost one point each, but for the dearest.
CHEAP_CALL: Final = 1
DEAREST_CALL: Final = 4

Inbox = (
    RequestPermit | OrderAged | WatchBudget | OrderEnded | CounterReported | LimitHit
    | RestSpent | ReportBudget | Tick
)  # fmt: skip


@attrs.define
class _Lanes:
    """The requests that wait for one pair's counter: cancels, and all others behind them."""

    cancels: deque[RequestPermit] = attrs.Factory(deque)
    others: deque[RequestPermit] = attrs.Factory(deque)
    #: When the timer that is set for them fires.
    timer_ns: int = 0
    timer: Timer | None = None

    def first(self) -> RequestPermit | None:
        lane = self.cancels or self.others
        return lane[0] if lane else None

    def add(self, request: RequestPermit) -> None:
        """Adds a request; one that waits already keeps its place."""
        lane = self.cancels if request.action in CANCELS else self.others
        if not lane or not any(w.ref == request.ref and w.action is request.action for w in lane):
            lane.append(request)

    def forget(self, ref: str) -> None:
        """Nothing more is wanted for this order."""
        self.cancels = deque(request for request in self.cancels if request.ref != ref)
        self.others = deque(request for request in self.others if request.ref != ref)

    def drop_first(self) -> None:
        (self.cancels or self.others).popleft()


class RateLimiter(Actor):
    """Grants permits in the order they were asked for, cancels first, per pair.

    Args:
        limiter: The process's own; each incarnation goes on with it.
    """

    def __init__(self, limiter: Limiter) -> None:
        super().__init__()
        self._limiter = limiter
        self._lanes: dict[str, _Lanes] = {}
        self._watchers: dict[str, Address] = {}

    def handle(self, message: Inbox) -> None:
        match message:
            case RequestPermit():
                self._requested(message)
            case OrderAged():
                began_ns = self.clock.monotonic_ns() - message.age_ns
                self._limiter.engine_placed(message.pair, message.ref, began_ns)
            case WatchBudget():
                self._watch()
            case OrderEnded():
                self._ended(message)
            case CounterReported():
                self._reported(message)
            case LimitHit():
                self._hit(message)
            case RestSpent():
                self._rest_spent(message.points)
            case ReportBudget():
                self._report()
            case Tick():
                lanes = self._lanes[message.name]
                lanes.timer = None
                self._serve(message.name, lanes)
            case _:
                assert_never(message)

    def _requested(self, request: RequestPermit) -> None:
        pair = request.pair
        lanes = self._lanes.get(pair)
        if lanes is None:
            lanes = self._lanes[pair] = _Lanes()
        lanes.add(request)
        self._serve(pair, lanes)

    def _serve(self, pair: str, lanes: _Lanes) -> None:
        now_ns, limiter, is_spent = self.clock.monotonic_ns(), self._limiter, False
        while (first := lanes.first()) is not None:
            wish = limiter.engine_aged(_wish(pair, first.action, first.age_ns, first.ref), now_ns)
            wait_ns = limiter.engine_wait_ns(wish, now_ns)
            if wait_ns > 0:
                self._later(pair, lanes, now_ns + wait_ns)
                break
            lanes.drop_first()
            limiter.engine_spend(wish, now_ns)
            self.tell(first.reply_to, _granted(first.ref, first.action, now_ns + LEASE_NS))
            is_spent = True
        if is_spent:
            self._tell_room(pair, now_ns)

    def _ended(self, news: OrderEnded) -> None:
        # That there is more room now need not be told before the next round of who watches it.
        self._limiter.engine_ended(news.pair, news.ref)
        lanes = self._lanes.get(news.pair)
        if lanes is not None and lanes.first() is not None:
            lanes.forget(news.ref)
            self._serve(news.pair, lanes)

    def _later(self, pair: str, lanes: _Lanes, at_ns: int) -> None:
        """One timer a pair; a request that may go earlier than it takes its place."""
        if lanes.timer is not None:
            if lanes.timer_ns <= at_ns:
                return
            lanes.timer.cancel()
        lanes.timer_ns = at_ns
        # Since it was worked out the moment may have passed.
        wait_ns = max(at_ns - self.clock.monotonic_ns(), 0)
        lanes.timer = self.after(wait_ns / 1e9, Tick(pair))

    def _watch(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = watcher
        now_ns = self.clock.monotonic_ns()
        for pair in self._lanes:
            self.tell(watcher, BudgetChanged(pair, self._limiter.engine_room(pair, now_ns)))

    def _tell_room(self, pair: str, now_ns: int) -> None:
        if self._watchers:
            news = _room(pair, self._limiter.engine_room(pair, now_ns))
            for watcher in self._watchers.values():
                self.tell(watcher, news)

    def _reported(self, report: CounterReported) -> None:
        now_ns = self.clock.monotonic_ns()
        for ref in report.placed:
            # An answer may be later than its order's end.
            self._limiter.engine_placed(report.pair, ref, now_ns, known=True)
        difference = self._limiter.engine_reported(report.pair, report.value, now_ns)
        if difference > 0:
            self._tell_room(report.pair, now_ns)
        log.debug("budget.reported", pair=report.pair, difference_milli=difference)

    def _hit(self, hit: LimitHit) -> None:
        now_ns = self.clock.monotonic_ns()
        if hit.pair is not None:
            self._limiter.engine_throttled(hit.pair, now_ns, hit.retry_after_seconds)
            self._tell_room(hit.pair, now_ns)
            log.warning("budget.throttled", counter=hit.pair)
            return
        self._limiter.rest.throttled(now_ns, hit.retry_after_seconds)
        log.warning("budget.throttled", counter="rest")
        self._hold(now_ns)

    def _rest_spent(self, points: int) -> None:
        now_ns = self.clock.monotonic_ns()
        self._limiter.rest.spend(points, now_ns)
        self._hold(now_ns)

    def _hold(self, now_ns: int) -> None:
        """Tells the Gateway, which told us of the call, how long the next ones must wait."""
        rest = self._limiter.rest
        dear_ns = now_ns + rest.wait_ns(DEAREST_CALL, now_ns)
        if dear_ns > now_ns:
            cheap_ns = now_ns + rest.wait_ns(CHEAP_CALL, now_ns)
            urgent_ns = now_ns + rest.wait_ns(CHEAP_CALL, now_ns, urgent=True)
            self.reply(RestHeld(cheap_ns, dear_ns, urgent_ns))

    def _report(self) -> None:
        snapshot = self._limiter.snapshot(self.clock.monotonic_ns())
        waiting = {
            pair: {"cancels": len(lanes.cancels), "others": len(lanes.others)}
            for pair, lanes in sorted(self._lanes.items())
            if lanes.first() is not None
        }
        self.reply(BudgetReported(json.dumps({**snapshot, "waiting": waiting}, default=str)))
