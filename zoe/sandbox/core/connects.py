"""Connects: how many sockets an address may open (facts, 2.1 and 3.4)."""

from collections import deque
from typing import Final

from zoe.sandbox.core.moments import SECOND_NS

WINDOW_NS: Final = 600 * SECOND_NS
MOST: Final = 150


class Connects:
    """Counts the sockets of a rolling ten minutes; everybody here has the same address.

    Args:
        most: None: as many as anybody likes.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._opened: deque[int] = deque()
        self._banned_until_ns = 0

    def admits(self, now_ns: int) -> bool:
        """Whether one more may be opened; one too many is the beginning of a ban."""
        if self._most is None:
            return True
        if now_ns < self._banned_until_ns:
            return False
        while self._opened and self._opened[0] <= now_ns - WINDOW_NS:
            self._opened.popleft()
        if len(self._opened) >= self._most:
            self._banned_until_ns = now_ns + WINDOW_NS
            return False
        self._opened.append(now_ns)
        return True
