"""Clocks: a machine whose wall clock is wrong, and rows that are stamped by the right one."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from zoe.ports.journal import JournalRow
from zoe.runtime.virtual import VirtualClock
from zoe.store.in_memory import MemoryJournal

#: At most: how wrong a clock is at first, and by how much it is set at once.
_AHEAD_MS: Final = 30_000
_STEPS_MS: Final = (300, 3_000, 25_000)
#: How far it runs away from the right one in a million seconds, at most: far more than a quartz does.
_MOST_PPM: Final = 2_000
_MS: Final = 1_000_000
_MILLION: Final = 1_000_000


class WrongClock(VirtualClock):
    """A wall clock that is ahead or behind, runs too fast or too slow, and is set now and then;
    monotonic time goes on as it should."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self._rng = rng
        self._ahead_ns = rng.randint(-_AHEAD_MS, _AHEAD_MS) * _MS
        self._ppm = rng.randint(-_MOST_PPM, _MOST_PPM)

    def wall_ns(self) -> int:
        """See VirtualClock."""
        return self.true_ns() + self._ahead_ns + self.now_ns * self._ppm // _MILLION

    def step(self) -> None:
        """Sets the clock: by a little or by far, forwards or back, or to the right time."""
        by_ms = self._rng.choice(_STEPS_MS)
        if self._rng.random() < 1 / 4:
            self._ahead_ns = -self.now_ns * self._ppm // _MILLION
        else:
            self._ahead_ns += self._rng.randint(-by_ms, by_ms) * _MS


class StampedJournal(MemoryJournal):
    """A store that knows when each row was durable in truth, whatever the desk's clock said."""

    def __init__(self, account_id: str, true_ns: Callable[[], int]) -> None:
        super().__init__(account_id)
        self._true_ns = true_ns
        #: By the rows' numbers.
        self.durable_ns: dict[int, int] = {}

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        super().append(rows)
        self.durable_ns |= dict.fromkeys([row.seq for row in rows], self._true_ns())
