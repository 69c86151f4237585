"""Wall time that nobody sets: a part of an actor that must not take a clock that is set for time."""

from zoe.runtime.actor import Actor


class SteadyTime:
    """Its owner's wall time as it was at the start, gone on as monotonic time goes."""

    def __init__(self, owner: Actor) -> None:
        self._owner = owner
        self._began_ns = 0

    def begin(self) -> None:
        """From here on; an actor has no clock before it starts."""
        self._began_ns = self.epoch_ns()

    def epoch_ns(self) -> int:
        """Wall time when the machine's monotonic clock stood at 0, by its wall clock as it is now."""
        return self._owner.clock.wall_ns() - self._owner.clock.monotonic_ns()

    def now_ns(self) -> int:
        """As wall time, but for what the clock was set by since."""
        return self._owner.clock.monotonic_ns() + self._began_ns

    def ahead_ns(self) -> int:
        """By how much the clock was set since."""
        return self._owner.clock.wall_ns() - self.now_ns()
