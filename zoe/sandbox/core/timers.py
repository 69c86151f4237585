"""What is due by itself."""

from collections.abc import Callable
from heapq import heappop, heappush


class Timers:
    """Work to be done at a time; of the same time, in the order it was asked for."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._asked = 0

    def at(self, due_ns: int, work: Callable[[], None]) -> None:
        """Does ``work`` then."""
        self._asked += 1
        heappush(self._heap, (due_ns, self._asked, work))

    def next_ns(self) -> int | None:
        """When the first is due."""
        return self._heap[0][0] if self._heap else None

    def run(self, now_ns: int) -> None:
        """Does what is due, also what that brings about at once."""
        while self._heap and self._heap[0][0] <= now_ns:
            heappop(self._heap)[2]()
