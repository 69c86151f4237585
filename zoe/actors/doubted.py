"""Doubts that looks must agree about, whatever they are about: what orders and amends in doubt share.

A part of the Reconciler. The first look that misses one is kept in the journal: a desk that is
started again needs the second only.
"""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from zoe.actors.order_opening import DEADLINE_NS
from zoe.actors.steady_time import SteadyTime
from zoe.domain.order import Order

#: As many looks must agree.
ENOUGH: Final = 2


@attrs.define
class Doubt:
    """A request whose fate is unknown: until when it could be accepted, and what looks missed of
    it.

    Attributes:
        name: As the journal has it.
        earliest_ns: The request's deadline is not earlier: so far back lists must go.
        deadline_ns: It is not later by its stamp, and ``latest_ns``: not later whatever that says, as the
            request had left when the doubt began.
        misses: How many looks have missed it; ``missed_ns`` is when the last of them began.
    """

    order: Order
    name: str
    earliest_ns: int
    deadline_ns: int
    latest_ns: int
    misses: int = 0
    missed_ns: int = 0


class Doubted:
    """Requests in doubt, by the intent of their order, and how many looks have missed each.

    Args:
        time: By which everything is told here.
        provable_ns: From when on a look can prove something, by a request's deadline and the latest
            that it can be.
        lag_ns: How far the exchange's lists may lag behind its engine.
    """

    def __init__(
        self, time: SteadyTime, provable_ns: Callable[[int, int], int], lag_ns: int
    ) -> None:
        self._time = time
        self._provable_ns = provable_ns
        self._lag_ns = lag_ns
        self._doubts: dict[str, Doubt] = {}
        #: When an earlier desk's looks missed something.
        self._recalled: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._doubts)

    @property
    def missed(self) -> dict[str, int]:
        """What has been missed, and when that look began."""
        return {doubt.name: doubt.missed_ns for doubt in self._doubts.values() if doubt.misses}

    def recall(self, missed: Mapping[str, int]) -> None:
        """Takes over what an earlier desk's looks missed."""
        self._recalled = dict(missed)

    def due_ns(self) -> list[int]:
        """The times from which a look can say something, one a doubt."""
        return [self._due_ns(doubt) for doubt in self._doubts.values()]

    def _due_ns(self, doubt: Doubt) -> int:
        if doubt.misses:
            return doubt.missed_ns + self._lag_ns
        return self._provable_ns(doubt.deadline_ns, doubt.latest_ns)

    def clock_set(self, by_ns: int) -> None:
        """The clock by which an earlier desk's rows tell the time was set since: what it missed is
        missed anew."""
        self._recalled = {}
        for doubt in self._doubts.values():
            doubt.earliest_ns += by_ns
            doubt.deadline_ns += by_ns
            doubt.misses = 0

    def _take_up(self, order: Order, name: str, not_after_ns: int, missed_ns: int | None) -> None:
        """Follows a doubt, which a look of an earlier desk may have missed.

        Args:
            not_after_ns: Of the request, as its row has it (wall time).
        """
        latest_ns = self._time.now_ns() + DEADLINE_NS
        doubt = Doubt(order, name, *self._time.between_ns(not_after_ns), latest_ns)
        if missed_ns is not None:
            doubt.misses, doubt.missed_ns = 1, missed_ns
        self._doubts[doubt.order.intent.intent_id] = doubt

    @staticmethod
    def _is_proved(doubt: Doubt, began_ns: int) -> bool:
        """Counts a look that missed the request; whether enough looks have. ``began_ns`` is when
        this one began."""
        doubt.misses, doubt.missed_ns = doubt.misses + 1, began_ns
        return doubt.misses >= ENOUGH
