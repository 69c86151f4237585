"""How fast calls may follow each other (facts sheet, section 1.4): 100 a minute for the account."""

from typing import Final

#: Below what the exchange allows: its own page says that limits fluctuate.
BURST: Final = 60
REFILL_NS: Final = 1_000_000_000 * 2 // 3


class Pace:
    """A bucket of calls. Orders and cancels do not wait, and count."""

    def __init__(self) -> None:
        self._left = BURST
        self._refilled_ns: int | None = None

    def wait_ns(self, now_ns: int) -> int:
        """How long a read has to wait; ``now_ns`` is monotonic."""
        self._refill(now_ns)
        if self._left > 0 or self._refilled_ns is None:
            return 0
        return (1 - self._left) * REFILL_NS - (now_ns - self._refilled_ns)

    def spend(self, now_ns: int) -> None:
        """Counts one call."""
        self._refill(now_ns)
        self._left -= 1

    def _refill(self, now_ns: int) -> None:
        if self._refilled_ns is None:
            self._refilled_ns = now_ns
        more = max(now_ns - self._refilled_ns, 0) // REFILL_NS
        self._refilled_ns += more * REFILL_NS
        if self._left + more >= BURST:
            self._left, self._refilled_ns = BURST, max(now_ns, self._refilled_ns)
        else:
            self._left += more
