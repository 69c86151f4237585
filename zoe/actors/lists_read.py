"""How far the exchange's lists were read: a part of the Reconciler, which owns it.

Times are steady ones (``SteadyTime``): a machine's clock that is set moves none of them. Rows have wall
times, and how far the exchange's clock was from these. A desk that starts goes on from the last row.
Where wall and monotonic time have gone on together since, the clock was not set in between; else that is
known as soon as the exchange's clock is measured.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from zoe.actors.look import SENT_BEFORE_NS, Look
from zoe.actors.steady_time import SteadyTime
from zoe.domain.exchange_clock import ExchangeClock
from zoe.domain.looked import Looked
from zoe.domain.order import Order
from zoe.messages.gateway import ExchangeClockMeasured
from zoe.runtime.actor import Actor

_LAGS: Final = 2
#: Wall and monotonic time that have come apart by no more than this since the last row: nobody has
#: set the clock, and the machine has neither slept nor been started anew.
_UNSET_NS: Final = 100_000_000


class ListsRead:
    """From when on the next look reads each list, by what the looks before have read.

    Args:
        lag_ns: How far the exchange's lists may lag behind its engine.
    """

    def __init__(self, owner: Actor, lag_ns: int) -> None:
        self.time = SteadyTime(owner)
        #: So long before what was looked at last a look begins: lists that lagged are read again,
        #: and all that an order in doubt can be in is.
        self._overlap_ns = SENT_BEFORE_NS + _LAGS * lag_ns
        self._clock = ExchangeClock()
        #: The exchange's clock as the last row has it, until it is measured.
        self._before: ExchangeClock | None = None
        self._until_ns: int | None = None
        #: From when on the newest complete look read.
        self._from_ns: int | None = None
        #: Orders of which the exchange reported more than the fills that we hold, and since when
        #: these may have been.
        self._incomplete: dict[str, int] = {}

    def first(self) -> None:
        """What happens before the first look is looked for all the same, by whatever process."""
        self._until_ns = self.time.now_ns()
        self._from_ns = self._until_ns - self._overlap_ns

    def go_on(self, was: Looked) -> None:
        """Takes over what an earlier desk has read."""
        self._until_ns, self._from_ns = was.until_ns, was.from_ns
        set_by_ns = None if was.epoch_ns is None else self.time.epoch_ns() - was.epoch_ns
        if was.offset_ns is None or was.bound_ns is None:
            # No measurement will tell. On a machine that was started anew this is no setting back:
            # more is read again then than need be.
            self._move(min(set_by_ns or 0, 0))
            return
        if set_by_ns is not None and abs(set_by_ns) <= _UNSET_NS:
            self._clock = ExchangeClock(was.offset_ns, was.bound_ns + abs(set_by_ns))
            return
        self._before = ExchangeClock(was.offset_ns, was.bound_ns)
        self._clock = ExchangeClock(was.offset_ns)

    def _move(self, by_ns: int) -> None:
        """Moves the times of the last row, which were stamped before the clock was set by so
        much."""
        self._until_ns = None if self._until_ns is None else self._until_ns + by_ns
        self._from_ns = None if self._from_ns is None else self._from_ns + by_ns

    def measured(self, news: ExchangeClockMeasured) -> int:
        """Takes the measured clock of the exchange; by how much ours was set between the last row
        and this desk's start, so that times of that row are moved by as much. 0 where that is known
        already, or nothing is."""
        offset_ns = news.offset_ns + self.time.ahead_ns()
        self._clock = ExchangeClock(offset_ns, news.bound_ns, news.measured_ns)
        before, self._before = self._before, None
        by_ns = 0 if before is None else before.set_by_ns(self._clock)
        if by_ns:
            self._move(by_ns)
            self._incomplete = {name: at + by_ns for name, at in self._incomplete.items()}
        return by_ns

    def provable_ns(self, deadline_ns: int, latest_ns: int) -> int:
        """When a look may first prove that a request was not accepted; the second look follows a
        lag later.

        Args:
            latest_ns: The deadline cannot be later, whatever clock it was told by.
        """
        if self._before is not None:
            return latest_ns  # the clock may have been set since
        return min(deadline_ns, latest_ns) + (self._clock.bound_ns or 0)

    def span_ns(self, deadlines_ns: Iterable[int]) -> tuple[int, int]:
        """From when on a look that begins now reads the lists: by steady time, and by the
        exchange's clock."""
        start_ns = self.time.now_ns() if self._until_ns is None else self._until_ns
        from_ns = min((start_ns, *deadlines_ns)) - self._overlap_ns
        return from_ns, self._clock.now_ns(from_ns)

    def read(self, look: Look) -> None:
        """A look is over; ``accounted`` follows where it told of everything."""
        self._from_ns = look.from_ns

    def accounted(self, until_ns: int) -> None:
        """All that happened until then is known."""
        if self._before is None:  # else it is not known yet which clock the rows were stamped by
            self._until_ns = until_ns

    def trades_from_ns(self) -> int | None:
        """From when on (the exchange's clock) trades are wanted; None where none are."""
        missing_ns = min(self._incomplete.values(), default=None)
        return None if missing_ns is None else self._clock.now_ns(missing_ns)

    def is_newly_short(self, order: Order, look: Look | None) -> bool:
        """Whether fills of an order are missing, and were not before.

        Args:
            look: The one that is under way.
        """
        intent_id = order.intent.intent_id
        if not order.fills_missing:
            self._incomplete.pop(intent_id, None)
            return False
        if intent_id in self._incomplete:
            return False
        # What told us of them is the stream, or the newest look, or one that is under way.
        here_ns = self.time.now_ns() if look is None else look.from_ns
        read_ns = here_ns if self._from_ns is None else self._from_ns
        self._incomplete[intent_id] = min(here_ns, read_ns)
        return True

    def as_looked(self, doubts: int, missed: Mapping[str, int]) -> Looked:
        """How far was looked, and what was missed once."""
        # What fills are missing may be older than what is read next.
        from_ns = min((self._from_ns or 0, *self._incomplete.values()))
        ahead_ns, clock = self.time.ahead_ns(), self._before or self._clock
        known = clock.bound_ns is not None
        return Looked(
            from_ns + ahead_ns,
            None if self._until_ns is None else self._until_ns + ahead_ns,
            doubts,
            {name: at_ns + ahead_ns for name, at_ns in missed.items()},
            clock.offset_ns - ahead_ns if known else None,
            clock.bound_ns,
            self.time.epoch_ns(),
        )
