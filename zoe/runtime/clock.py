"""Time as actors see it; nothing else reads a clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """The runtime's clock."""

    def wall_ns(self) -> int:
        """UTC nanoseconds."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back, for durations."""


class SystemClock:
    """The machine's clocks; without a frame of their own, since every envelope reads one."""

    wall_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)
