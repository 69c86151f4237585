"""Plans: cells to stop and start in order, each step after the one before."""

from collections import deque
from collections.abc import Callable, Iterable

from zoe.runtime.cell import Cell

#: Does something; True when the plan must wait until somebody calls ``arrived``.
Step = Callable[["Plan"], bool]


class Plan:
    """Steps of the supervisor, in its own context.

    Args:
        claims: The cells it will start in the end. A later plan for any of them takes all of them
            over, and this one is dead: the cells of two plans are nested or have none in common.
    """

    def __init__(self, steps: Iterable[Step], claims: Iterable[Cell] = ()) -> None:
        self.steps: deque[Step] = deque(steps)
        self.awaited = 0
        self.dead = False
        for cell in claims:
            if cell.claim is not None:
                cell.claim.dead = True
            cell.claim = self

    def go_on(self) -> None:
        """Takes steps until one has to wait."""
        while self.steps and not self.dead and not self.awaited:
            waits = self.steps.popleft()(self)
            self.awaited += waits

    def arrived(self) -> None:
        """What a step waited for is there."""
        self.awaited -= 1
        self.go_on()
