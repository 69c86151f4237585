"""RateLimiter: both counters of the exchange; permits are leases.

Receives: RequestPermit, CounterReported, ReportBudget. Tells: PermitGranted to whoever asked.
Blocks on nothing: what must wait is granted by a timer. Cancels are granted at once, always.
A restart forgets the waiting requests with their leases: the order actors' successors ask again,
and the engine counters start from what was granted, which the journal's orders bound.
"""

import json
from collections import deque
from typing import Final, assert_never

from zoe.domain.ratelimit import Action, Limiter
from zoe.messages.limits import (
    BudgetReported,
    CounterReported,
    PermitGranted,
    ReportBudget,
    RequestPermit,
)
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

LEASE_NS: Final = 2_000_000_000

Inbox = RequestPermit | CounterReported | ReportBudget | Tick


class RateLimiter(Actor):
    """Grants permits in the order they were asked for, per pair."""

    def __init__(self, limiter: Limiter) -> None:
        super().__init__()
        self._limiter = limiter
        self._waiting: dict[str, deque[RequestPermit]] = {}

    def handle(self, message: Inbox) -> None:
        match message:
            case RequestPermit(action=Action.CANCEL):
                self._grant(message)
            case RequestPermit():
                self._waiting.setdefault(message.pair, deque()).append(message)
                if len(self._waiting[message.pair]) == 1:
                    self._serve(message.pair)
            case CounterReported():
                self._reported(message)
            case ReportBudget():
                self._report()
            case Tick():
                self._serve(message.name)
            case _:
                assert_never(message)

    def _serve(self, pair: str) -> None:
        queue = self._waiting.get(pair, deque())
        while queue:
            first = queue[0]
            now_ns = self.clock.monotonic_ns()
            wait_ns = self._limiter.engine_wait_ns(pair, first.action, first.age_ns, now_ns)
            if wait_ns > 0:
                self.after(wait_ns / 1e9, Tick(pair))
                return
            queue.popleft()
            self._grant(first)

    def _grant(self, request: RequestPermit) -> None:
        now_ns = self.clock.monotonic_ns()
        self._limiter.engine_spend(request.pair, request.action, request.age_ns, now_ns)
        granted = PermitGranted(request.ref, request.action, now_ns + LEASE_NS)
        self.tell(request.reply_to, granted)

    def _reported(self, report: CounterReported) -> None:
        now_ns = self.clock.monotonic_ns()
        difference = self._limiter.engine_reported(report.pair, report.value, now_ns)
        log.debug("budget.reported", pair=report.pair, difference=str(difference))

    def _report(self) -> None:
        snapshot = self._limiter.snapshot(self.clock.monotonic_ns())
        self.reply(BudgetReported(json.dumps(snapshot, default=str)))
