"""How long the fate of orders and amends was unknown, from the doubt's beginning to its settling."""

from bisect import insort
from typing import Final

#: Beyond so many times every other one goes: the distribution stays as it is.
MOST: Final = 20_000
_MS: Final = 1_000_000


class DoubtClock:
    """What is in doubt, and since when."""

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}

    def follow(self, name: str, *, doubtful: bool, now_ns: int) -> int | None:
        """How long a doubt has taken that is settled by this; None for all other news."""
        if doubtful:
            self._since_ns.setdefault(name, now_ns)
            return None
        since_ns = self._since_ns.pop(name, None)
        return None if since_ns is None else now_ns - since_ns


class DoubtTimes:
    """The times of a run."""

    def __init__(self) -> None:
        self._sorted: list[int] = []
        self._count = 0
        self._longest_ns = 0

    def add(self, took_ns: int) -> None:
        """One more doubt is settled."""
        insort(self._sorted, took_ns)
        self._count += 1
        self._longest_ns = max(self._longest_ns, took_ns)
        if len(self._sorted) > MOST:
            del self._sorted[::2]

    def summary(self) -> dict[str, int | None]:
        """Count, and the times in milliseconds that so many of a hundred took at most."""
        return {
            "count": self._count,
            "p50_ms": self._rank(50),
            "p99_ms": self._rank(99),
            "max_ms": self._longest_ns // _MS if self._count else None,
        }

    def _rank(self, percent: int) -> int | None:
        """The nearest rank: a time that was measured, and not one in between."""
        if not self._sorted:
            return None
        place = -(-percent * len(self._sorted) // 100)
        return self._sorted[place - 1] // _MS
