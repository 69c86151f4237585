"""The exchange's clock as we know it: an offset from ours, and how wrong it may be."""

from typing import Final

import attrs

#: A measurement older than this is replaced by any newer one, however wide.
STALE_AFTER_NS: Final = 60_000_000_000
#: Adds need the clock to be known at least this well (orders.md section 4).
ADD_BOUND_NS: Final = 1_000_000_000


@attrs.frozen
class ExchangeClock:
    """Offset of the exchange's clock from ours, in nanoseconds.

    Attributes:
        bound_ns: The true offset differed by at most this; None while unmeasured.
        measured_ns: Our monotonic time of the measurement.
        measured_wall_ns: Our wall time of it.
    """

    offset_ns: int = 0
    bound_ns: int | None = None
    measured_ns: int = 0
    measured_wall_ns: int = 0

    def now_ns(self, wall_ns: int) -> int:
        """The exchange's time at our wall time."""
        return wall_ns + self.offset_ns

    def good_enough(self, wall_ns: int, monotonic_ns: int) -> bool:
        """Whether an add may be given a deadline by this clock now.

        Where our wall clock was set since the measurement, or the machine has slept, it has gone on
        otherwise than the monotonic one: the offset may be wrong by that much more.
        """
        set_by_ns = (wall_ns - self.measured_wall_ns) - (monotonic_ns - self.measured_ns)
        return self.bound_ns is not None and self.bound_ns + abs(set_by_ns) <= ADD_BOUND_NS

    def measured(
        self, exchange_ns: int, sent_ns: int, received_ns: int, monotonic_ns: int
    ) -> "ExchangeClock":
        """The better of this clock and one answer stamped ``exchange_ns``.

        Args:
            sent_ns: Our wall time when the request left.
            received_ns: Our wall time when its answer came.
            monotonic_ns: Our monotonic time then.
        """
        if received_ns < sent_ns:
            return self  # our clock was set back meanwhile: this says nothing
        bound = -(-(received_ns - sent_ns) // 2)
        offset = exchange_ns - (sent_ns + received_ns) // 2
        fresh = ExchangeClock(offset, bound, monotonic_ns, received_ns)
        if self.bound_ns is None or monotonic_ns - self.measured_ns > STALE_AFTER_NS:
            return fresh
        return self if bound > self.bound_ns and not self.set_by_ns(fresh) else fresh

    def set_by_ns(self, newer: "ExchangeClock") -> int:
        """By how much our wall clock was set between two measurements, as far as can be told: 0
        where both may be right."""
        if self.bound_ns is None or newer.bound_ns is None:
            return 0
        set_by_ns = self.offset_ns - newer.offset_ns
        return set_by_ns if abs(set_by_ns) > self.bound_ns + newer.bound_ns else 0
