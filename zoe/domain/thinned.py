"""What would be a line each, as many as somebody invents, and is told with its count once a second."""

from typing import Final

EACH_NS: Final = 1_000_000_000


class Thinned:
    """So many, since that was told last."""

    def __init__(self) -> None:
        self._count, self._told_ns = 0, -EACH_NS

    def add(self, count: int = 1) -> None:
        """Counts so many more."""
        self._count += count

    def due(self, now_ns: int) -> int:
        """How many are to be told now, 0 for none; ``now_ns`` is monotonic."""
        if not self._count or now_ns - self._told_ns < EACH_NS:
            return 0
        count, self._count, self._told_ns = self._count, 0, now_ns
        return count
