"""Wall time that nobody sets: a part of an actor that must not take a clock that is set for time."""

from collections import deque
from typing import Final

import attrs

from zoe.runtime.actor import Actor

#: A stamp that is asked about is not older.
_STAMP_NS: Final = 60_000_000_000


@attrs.define
class _Greatest:
    """The greatest of what was found, as far back as a stamp may be from: a queue that only falls, as
    thousands of stamps are asked about in one turn, each with a note of its own."""

    #: What was found, and since when nothing greater was: each less than the one before it.
    _falling: deque[tuple[int, int]] = attrs.field(factory=deque)

    def note(self, now_ns: int, found: int) -> None:
        """Takes what was found now; what was found last holds until then, however long ago."""
        falling, since_ns = self._falling, now_ns
        while falling and falling[-1][1] <= found:
            since_ns, _ = falling.pop()
        falling.append((since_ns, found))
        while len(falling) > 1 and falling[1][0] < now_ns - _STAMP_NS:
            falling.popleft()

    def value(self) -> int:
        """The greatest; something was noted."""
        return self._falling[0][1]


class SteadyTime:
    """Wall time as it was when the actor started, gone on by the monotonic clock since."""

    def __init__(self, owner: Actor) -> None:
        self._owner = owner
        self._began_ns = 0
        self._most = _Greatest()
        self._least = _Greatest()  # of the negative ones

    def begin(self) -> None:
        """Starts the count; an actor has no clock before it starts."""
        self._began_ns = self.epoch_ns()
        self.note()

    def note(self) -> None:
        """Takes note of how the clock is set: now and then, so that a setting is known to be recent."""
        now_ns, ahead_ns = self.now_ns(), self.ahead_ns()
        self._most.note(now_ns, ahead_ns)
        self._least.note(now_ns, -ahead_ns)

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
        return stamp_ns - self._most.value(), stamp_ns + self._least.value()
