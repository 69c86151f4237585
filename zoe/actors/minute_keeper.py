"""MinuteKeeper: the minutes' bars of pairs in focus, into the store.

Receives: MinutesClosed (from MarketWatch), Tick. Tells: Heartbeat. Blocks on nothing: the store is
called on the lane ``minutes``, one call at a time, and what arrives meanwhile is the next batch.
While the store is away bars wait, up to a bound; what is beyond it is let go, for the exchange's
own candles can fill it (``zoe history``). A restart loses what waits, and nothing else.
"""

from collections import deque
from functools import partial
from typing import Final, assert_never

import attrs

from zoe.domain.errors import StoreError
from zoe.messages.market import MinutesClosed
from zoe.messages.system import Beat, Tick
from zoe.ports.bar_store import TRADES, BarStore, PairBar
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

LANE: Final = "minutes"
#: Four hours of fifty pairs.
MOST_WAITING: Final = 12_000
BATCH: Final = 2_000
RETRY_SECONDS: Final = (1, 2, 5, 10, 30)


@attrs.frozen
class _Kept(Message):
    outcome: Outcome[int]


Inbox = MinutesClosed | Tick | _Kept


class MinuteKeeper(Actor):
    """Stores bars of one minute in batches, and holds them while the store is away."""

    def __init__(self, store: BarStore) -> None:
        super().__init__()
        self._store = store
        self._waiting: deque[PairBar] = deque()
        self._flying: list[PairBar] = []
        self._busy = False
        self._failures = 0
        self._kept = self._dropped = 0

    def idle(self) -> bool:
        # An ordered stop writes what waits once; a store that is away does not hold it up.
        return self._failures > 0 or not (self._waiting or self._flying)

    def handle(self, message: Inbox) -> None:
        match message:
            case MinutesClosed():
                self._waiting += [PairBar(pair, bar, TRADES) for pair, bar in message.bars]
                self._let_go()
                self._next()
            case _Kept():
                self._done(message.outcome)
            case Tick():
                self._busy = False
                self._next()
            case _:
                assert_never(message)

    def _let_go(self) -> None:
        over = len(self._waiting) - MOST_WAITING
        if over <= 0:
            return
        if not self._dropped:
            log.warning("bars.dropped", waiting=MOST_WAITING)
        self._dropped += over
        for _ in range(over):
            self._waiting.popleft()

    def _next(self) -> None:
        """Writes what waits, where nothing is under way."""
        if self._busy:
            return
        while self._waiting and len(self._flying) < BATCH:
            self._flying.append(self._waiting.popleft())
        if self._flying:
            self._busy = True
            self.offload(partial(self._store.keep, tuple(self._flying)), _Kept, lane=LANE)

    def _done(self, outcome: Outcome[int]) -> None:
        if isinstance(outcome.error, StoreError):
            if not self._failures:
                log.warning("bars.not_written", error=str(outcome.error))
            delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
            self._failures += 1
            self._beat("degraded", f"the store does not take them: {outcome.error}")
            self.after(delay, Tick("retry"))  # the same again: it comes to the same
            return
        self._kept += outcome.value()
        self._flying, self._failures, self._busy = [], 0, False
        self._beat("ok", f"{self._kept} kept")
        self._next()

    def _beat(self, status: str, detail: str) -> None:
        dropped = f", {self._dropped} let go" if self._dropped else ""
        self.tell(self.find("heartbeat"), Beat("minutes", status, detail + dropped))
