"""Supervision: the tree as data, and what follows from a crash.

The rules are Erlang/OTP's: one_for_one, rest_for_one, and children started while running; a budget
of failures in a window for each group; what spends it escalates to the group above, and at the top
ends the process with code 70.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import attrs

if TYPE_CHECKING:
    from zoe.runtime.actor import Actor

EXIT_GAVE_UP: Final = 70
FIRST_DELAY_SECONDS: Final = 0.05
LONGEST_DELAY_SECONDS: Final = 5.0


@attrs.frozen
class Child:
    """An actor of the tree.

    Attributes:
        factory: Makes a fresh instance; called for every incarnation.
        capacity: Bound of its mailbox.
        overflow: What happens to mail beyond the bound.
        intensity: As a parent: failures of its own children that it survives in a period.
        restart: ``permanent`` always, ``transient`` after a crash only, ``temporary`` never.
        dispatcher: Actors that name the same dispatcher share its thread.
        stop_seconds: How long it may take to stop before it is fenced.
    """

    name: str
    factory: "Callable[[], Actor]"
    capacity: int = 100_000
    overflow: Literal["grow", "refuse"] = "grow"
    strategy: Literal["one_for_one"] = "one_for_one"
    intensity: int = 5
    period_seconds: float = 10.0
    restart: Literal["permanent", "transient", "temporary"] = "permanent"
    dispatcher: str | None = None
    stop_seconds: float = 5.0


@attrs.frozen
class Group:
    """Children that are restarted together, or one by one."""

    name: str
    children: "tuple[Child | Group, ...]"
    strategy: Literal["one_for_one", "rest_for_one"] = "one_for_one"
    intensity: int = 5
    period_seconds: float = 10.0


class Budget:
    """Failures in a sliding window; spent once there are more than ``intensity``."""

    def __init__(self, intensity: int, period_seconds: float) -> None:
        self._intensity = intensity
        self._period_ns = round(period_seconds * 1e9)
        self._failures: deque[int] = deque()

    def fail(self, now_ns: int) -> bool:
        """Notes a failure; True when that was one too many."""
        self._failures.append(now_ns)
        while self._failures and self._failures[0] <= now_ns - self._period_ns:
            self._failures.popleft()
        return len(self._failures) > self._intensity

    def delay_seconds(self) -> float:
        """How long to wait before the restart: none for the first, then doubled each time."""
        if len(self._failures) <= 1:
            return 0.0
        doubled = FIRST_DELAY_SECONDS * 2.0 ** (len(self._failures) - 2)
        return min(doubled, LONGEST_DELAY_SECONDS)
