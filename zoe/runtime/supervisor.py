"""Supervision: the tree as data, and what follows from a crash.

The rules are Erlang/OTP's: one_for_one, rest_for_one, and children started while running; a budget
of failures in a window for each group; what spends it escalates to the group above, and at the top
ends the process with code 70. Failures are counted for the group, delays for the member alone: the
first restart of each is immediate.
"""

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
        restart: After a crash, but for ``temporary``; whoever retires is never started again.
        dispatcher: Actors that name the same dispatcher share its thread.
        gathers: Whether it makes one thing of all mail that is there, and so goes on with that at once.
        stop_seconds: How long it may take to stop before it is fenced, and the process ended.
    """

    name: str
    factory: "Callable[[], Actor]"
    capacity: int = 100_000
    overflow: Literal["grow", "refuse"] = "grow"
    intensity: int = 5
    period_seconds: float = 10.0
    restart: Literal["permanent", "transient", "temporary"] = "permanent"
    dispatcher: str | None = None
    gathers: bool = False
    stop_seconds: float = 5.0


@attrs.frozen
class Group:
    """Children that are restarted together, or one by one."""

    name: str
    children: "tuple[Child | Group, ...]"
    strategy: Literal["one_for_one", "rest_for_one"] = "one_for_one"
    intensity: int = 5
    period_seconds: float = 10.0


class Window:
    """Failures in a sliding window."""

    def __init__(self, period_seconds: float) -> None:
        self._period_ns = round(period_seconds * 1e9)
        #: A list: there are few of them, and of most actors there is never one.
        self._failures: list[int] = []

    def note(self, now_ns: int) -> int:
        """Notes a failure; how many there are in the window with it."""
        since_ns = now_ns - self._period_ns
        self._failures = [at_ns for at_ns in (*self._failures, now_ns) if at_ns > since_ns]
        return len(self._failures)


class Budget:
    """The failures that a group survives; spent once there are more than ``intensity``."""

    def __init__(self, intensity: int, period_seconds: float) -> None:
        self.period_seconds = period_seconds
        self._intensity = intensity
        self._window = Window(period_seconds)

    def fail(self, now_ns: int) -> bool:
        """Notes a failure; True when that was one too many."""
        return self._window.note(now_ns) > self._intensity


def delay_seconds(failures: int) -> float:
    """How long to wait before a restart: none after the first failure, then doubled each time."""
    if failures <= 1:
        return 0.0
    exponent = min(failures - 2, 64)  # long past the limit, and 2.0 ** 1100 is an error
    return min(FIRST_DELAY_SECONDS * 2.0**exponent, LONGEST_DELAY_SECONDS)
