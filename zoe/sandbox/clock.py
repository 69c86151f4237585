"""RealTime: the system's UTC clock, which never goes back here."""

import time


class RealTime:
    """Follows the system's clock when it is set forward; goes on steadily when it is set back."""

    def __init__(self) -> None:
        self._ahead_ns = 0

    def now_ns(self) -> int:
        """UTC nanoseconds, never less than before."""
        steady_ns = time.monotonic_ns()
        self._ahead_ns = max(self._ahead_ns, time.time_ns() - steady_ns)
        return steady_ns + self._ahead_ns
