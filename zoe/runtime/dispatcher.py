"""Dispatcher: cells that are stepped by one thread at a time, one message each in turn.

A cell that has more mail goes on when what followed from its message has been done: what is under
way is not held up by what comes behind it. One that gathers goes on at once: nothing has followed yet.

It has a thread of its own. But a thread that brings mail, and would only wait for more, steps them
itself where nobody is at it: that costs no hop, and nobody to share the interpreter with.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from zoe.runtime.carrier import Carrier
from zoe.runtime.cell import Cell
from zoe.runtime.garbage import collect_if_due
from zoe.runtime.trace import Turn, current

if TYPE_CHECKING:
    from zoe.runtime.threads import Failed, Timers

#: Without a pause a dispatcher lets the timers' thread know of new timers after so many steps:
#: more than an order's way has.
STEPS_UNNOTICED: Final = 32
#: A thread that brought mail makes so many steps at a time; what is left is the own thread's.
LENT_STEPS: Final = 64
#: Each so many steps one that has more mail goes on all the same.
STEPS_AHEAD: Final = 8
_ALL: Final = 1 << 62


class Dispatcher(Carrier):
    """Steps several cells.

    Args:
        start: Starts a thread of a name with a body.
        timers: Are woken for what turns have armed when there is nothing else to do.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[str, Callable[[], None]], object],
        failed: "Failed",
        timers: "Timers",
    ) -> None:
        super().__init__(name)
        self._failed = failed
        self._timers = timers
        self._ready: deque[Cell | None] = deque()
        #: Those that have had a turn and have more mail.
        self._more: deque[Cell | None] = deque()
        #: What turns wished for that may wait until there is nothing else to do.
        self._aside: deque[Callable[[], None]] = deque()
        #: Held by whoever steps; it looks at what is ready once more when it has let go.
        self._stepping = threading.Lock()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._over = False
        start(name, self._run)

    def begin(self, cell: Cell) -> None:
        """Takes a cell, and steps it from here on."""
        cell.reader.notify = partial(self._notify, cell)
        self._notify(cell)

    def end(self) -> None:
        """Ends the thread after what is ready now."""
        self._notify(None)

    def put_off(self, action: Callable[[], None]) -> None:
        """Does something when nothing is ready, in the thread that steps; called in a turn."""
        self._aside.append(action)

    def catch_up(self) -> None:
        """Does what was put off; called by the thread that steps."""
        while self._aside:
            self._aside.popleft()()

    def _notify(self, cell: Cell | None) -> None:
        self._ready.append(cell)
        if self._stepping.locked():
            return
        lent = current.lent
        if lent is None:
            self._wake.put(None)
        elif self not in lent:
            lent.append(self)

    def step(self, most: int = LENT_STEPS) -> None:
        """Steps what is ready on this thread, so many times at most, unless another is at it."""
        while (self._ready or self._more or self._aside) and not self._over:
            if not self._stepping.acquire(blocking=False):
                return
            current.stepped = self
            try:
                most = self._steps(most, current.turn)
            finally:
                current.stepped = None
                self._stepping.release()
            if most <= 0:
                self._wake.put(None)
                return

    def _run(self) -> None:
        while not self._over:
            self.step(_ALL)
            self._wake.get()

    def _steps(self, most: int, turn: Turn) -> int:
        """Steps what is ready; how many steps are left."""
        ready, more, aside, timers, steps = self._ready, self._more, self._aside, self._timers, 0
        while (ready or more or aside) and steps < most:
            if aside and not (ready and steps % STEPS_UNNOTICED):
                self.catch_up()
                continue
            behind = more and not (ready and steps % STEPS_AHEAD)
            cell = (more if behind else ready).popleft()
            if cell is None:
                self._over = True
                self._wake.put(None)
                return 1
            if cell.finished:
                continue
            steps += 1
            reader = cell.reader
            reader.asleep = True
            self.current = cell
            try:
                worked = cell.step(turn)
            except BaseException as error:  # noqa: BLE001  # the runtime's own code: it ends
                self._failed(self.name, error)
                continue
            self.current = None
            self.steps += 1
            # Whoever puts mail from here on sees that it sleeps, and readies it.
            if worked and reader.asleep and cell.is_busy():
                reader.asleep = False
                if cell.child.gathers and steps % STEPS_AHEAD:
                    ready.appendleft(cell)
                else:
                    more.append(cell)
            if timers.unnoticed and not steps % STEPS_UNNOTICED:
                timers.notice()
        if timers.unnoticed:
            timers.notice()
        if steps < most:  # nothing is under way
            collect_if_due()
        return most - steps


def lending(action: Callable[[], object]) -> None:
    """Runs an action that brings mail, then steps whoever has got some and is stepped by nobody."""
    lent: list[Dispatcher] = []
    current.lent = lent
    try:
        action()
    finally:
        current.lent = None
        for dispatcher in lent:
            dispatcher.step()
