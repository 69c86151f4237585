"""How fast orders are asked for: what the rules ORDER_RATE and REPEATED_INTENT are judged by.

A value without a clock: whoever owns it says the time, monotonic and never earlier than before.
"""

from collections import deque
from typing import Final

import attrs

from zoe.domain.order import Intent

WINDOW_NS: Final = 60_000_000_000


class OrderPace:
    """The orders and amends that were approved in the last minute, the oldest first.

    Args:
        duplicate_window_ms: So long the same wish counts as asked again; 0: no wish does.
    """

    def __init__(self, duplicate_window_ms: int) -> None:
        self._duplicate_window_ns = duplicate_window_ms * 1_000_000
        self._asked: deque[tuple[int, Intent]] = deque()

    def add(self, at_ns: int, intent: Intent) -> None:
        """An order, or an amend of it, has been approved."""
        self._asked.append((at_ns, intent))

    def count(self, now_ns: int) -> int:
        """How many were approved in the minute until now; those before are forgotten."""
        while self._asked and self._asked[0][0] < now_ns - WINDOW_NS:
            self._asked.popleft()
        return len(self._asked)

    def repeated(self, intent: Intent, now_ns: int) -> str | None:
        """The id of an intent just like it that was approved within the window; None without one."""
        since_ns = now_ns - self._duplicate_window_ns
        for at_ns, known in reversed(self._asked):
            if at_ns <= since_ns:
                return None
            if _is_same_wish(known, intent):
                return known.intent_id
        return None


def _is_same_wish(one: Intent, other: Intent) -> bool:
    """Whether both ask for the same, under whatever name."""
    return attrs.evolve(one, intent_id=other.intent_id, decision=other.decision) == other
