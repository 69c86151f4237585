"""Wall time that nobody sets: a part of an actor that must not take a clock that is set for time."""

from typing import Final

from zoe.runtime.actor import Actor

#: A stamp that is asked about is not older.
_STAMP_NS: Final = 60_000_000_000


class SteadyTime:
    """Wall time as it was when the actor started, gone on by the monotonic clock since."""

    def __init__(self, owner: Actor) -> None:
        self._owner = owner
        self._began_ns = 0
        #: By how much the clock was found set, and when: as far back as a stamp may be from.
        self._aheads: list[tuple[int, int]] = []

    def begin(self) -> None:
        """Starts the count; an actor has no clock before it starts."""
        self._began_ns = self.epoch_ns()
        self.note()

    def note(self) -> None:
        """Takes note of how the clock is set: now and then, so that a setting is known to be recent."""
        now_ns, known = self.now_ns(), self._aheads
        known.append((now_ns, self.ahead_ns()))
        while len(known) > 1 and known[1][0] < now_ns - _STAMP_NS:
            del known[0]

    def epoch_ns(self) -> int:
        """Wall time when the machine's monotonic clock stood at 0, by its wall clock as it is now."""
        return self._owner.clock.wall_ns() - self._owner.clock.monotonic_ns()

    def now_ns(self) -> int:
        """Wall time now, had nobody set the clock since the start."""
        return self._owner.clock.monotonic_ns() + self._began_ns

    def ahead_ns(self) -> int:
        """By how much the wall clock was set since the start; negative where it was set back."""
        return self._owner.clock.wall_ns() - self.now_ns()

    def between_ns(self, stamp_ns: int) -> tuple[int, int]:
        """The earliest and the latest that a recent wall time can be: whether the clock was set before it
        was stamped or since cannot be told."""
        self.note()
        aheads = [ahead_ns for _, ahead_ns in self._aheads]
        return stamp_ns - max(aheads), stamp_ns - min(aheads)
