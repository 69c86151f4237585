"""Supervision: who is started, stopped and restarted, in which order, and when to give up.

Every method but ``spawn`` and its like runs in the supervisor's own context, one at a time, and
none of them waits: what takes time comes back as ``started``, ``stopped`` or ``late``.
"""

import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from zoe.runtime.cell import Cell, Life
from zoe.runtime.log import log
from zoe.runtime.message import Fate
from zoe.runtime.supervisor import EXIT_GAVE_UP, Budget, Child, Group

if TYPE_CHECKING:
    from zoe.runtime.seam import Runtime

JITTER: Final = 0.2


class GroupNode:
    """A group of the tree with its members, as it runs."""

    def __init__(self, group: Group, parent: "GroupNode | None") -> None:
        self.group = group
        self.parent = parent
        self.members: list[Cell | GroupNode] = []
        self.budget = Budget(group.intensity, group.period_seconds)

    def cells(self) -> list[Cell]:
        """Every cell below, in start order."""
        found: list[Cell] = []
        for member in self.members:
            found.extend(member.cells() if isinstance(member, GroupNode) else [member])
        return found


Owner = GroupNode | Cell


class Supervision:
    """The supervisor of one runtime."""

    def __init__(self, runtime: "Runtime") -> None:
        self._runtime = runtime
        self._root = GroupNode(Group("root", ()), None)
        self._plan: deque[tuple[str, Cell]] = deque()
        self._waiting: tuple[str, Cell] | None = None
        self._leaving: set[str] = set()
        self.ending: int | None = None

    # Building

    def build(self, tree: tuple[Child | Group, ...]) -> None:
        """Makes the cells of the tree and starts them in order, each after the one before."""
        for node in tree:
            self._add(node, self._root)
        self._plan.extend(("start", cell) for cell in self._root.cells())
        self._advance()

    def _add(self, node: Child | Group, parent: GroupNode) -> None:
        if isinstance(node, Child):
            parent.members.append(self._runtime.make_cell(node, node.name, parent))
            return
        below = GroupNode(node, parent)
        parent.members.append(below)
        for child in node.children:
            self._add(child, below)

    def cells(self) -> list[Cell]:
        """Every cell of the tree, dynamic ones included."""
        found: list[Cell] = []
        for cell in self._root.cells():
            found.append(cell)
            found.extend(cell.children.values())
        return found

    def spawn(self, life: Life, child: Child) -> None:
        """Starts a dynamic child of a live parent; runs in the parent's turn."""
        parent = life.cell
        name = f"{parent.address.name}/{child.name}"
        known = parent.children.get(child.name)
        if known is not None and not known.finished:
            return
        cell = self._runtime.make_cell(child, name, parent)
        parent.children[child.name] = cell
        cell.command(cell.start)

    def stop_child(self, parent: Cell, name: str) -> None:
        """Stops a dynamic child; runs in the parent's turn."""
        cell = parent.children.get(name)
        if cell is not None:
            self.retire(cell)

    def retire(self, cell: Cell) -> None:
        """Stops a cell for good, in order."""
        self._leaving.add(cell.address.name)
        cell.command(cell.stop)

    # News from the cells

    def started(self, cell: Cell) -> None:
        """A cell has begun an incarnation."""
        if self._waiting == ("start", cell):
            self._waiting = None
            self._advance()

    def stopped(self, cell: Cell) -> None:
        """A cell has ended in order."""
        if cell.address.name in self._leaving:
            self._bury(cell)
        if self._waiting == ("stop", cell):
            self._waiting = None
            self._advance()

    def crashed(self, cell: Cell, error: BaseException) -> None:
        """An incarnation has ended with an error."""
        self._drop_children(cell)
        lines = traceback.format_exception(error)
        log.error(
            "actor.crashed",
            recipient=cell.address.name,
            incarnation_lost=cell.incarnation,
            error=cell.last_error,
            trace="".join(lines)[-4000:],
        )
        if self.ending is not None or cell.address.name in self._leaving:
            self.stopped(cell)
            return
        if self._waiting == ("start", cell):
            self._waiting = None
        self._restart(cell)
        self._advance()

    def _restart(self, cell: Cell) -> None:
        owner = cell.owner
        now_ns = self._runtime.clock.monotonic_ns()
        if owner.budget.fail(now_ns):
            self._escalate(owner)
            return
        if cell.child.restart == "temporary":
            self._bury(cell)
            return
        cell.restarts += 1
        delay = owner.budget.delay_seconds() * (1 + JITTER * self._runtime.jitter())
        log.info("actor.restarting", recipient=cell.address.name, delay_seconds=round(delay, 4))
        after = self._following(cell)
        if after:
            self._plan.extend(("stop", other) for other in reversed(after))
            self._plan.extend(("start", other) for other in (cell, *after))
            return
        self._later(delay, partial(self._start_again, cell))

    def _start_again(self, cell: Cell) -> None:
        if self.ending is None and not cell.finished:
            cell.command(cell.start)

    @staticmethod
    def _following(cell: Cell) -> list[Cell]:
        """The cells that a rest_for_one group restarts with this one."""
        owner = cell.owner
        if not isinstance(owner, GroupNode) or owner.group.strategy != "rest_for_one":
            return []
        cells = owner.cells()
        return cells[cells.index(cell) + 1 :]

    def _escalate(self, owner: Owner) -> None:
        if isinstance(owner, Cell):
            log.error("supervisor.gave_up", recipient=owner.address.name)
            owner.fence()
            owner.last_error = "its children failed too often"
            self.crashed(owner, RuntimeError(owner.last_error))
            return
        log.critical("supervisor.gave_up", recipient=owner.group.name)
        above = owner.parent
        if above is None or above is self._root:
            self._runtime.shutdown(EXIT_GAVE_UP, f"group {owner.group.name} failed too often")
        elif above.budget.fail(self._runtime.clock.monotonic_ns()):
            self._escalate(above)
        else:
            cells = owner.cells()
            self._plan.extend(("stop", cell) for cell in reversed(cells))
            self._plan.extend(("start", cell) for cell in cells)

    def _drop_children(self, cell: Cell) -> None:
        """Children end with their parent; their mail waits for their successors."""
        for child in cell.children.values():
            self._drop_children(child)
            child.fence()
            child.finished = True
            child.mailbox.wake()
        cell.children.clear()

    def _bury(self, cell: Cell) -> None:
        """Ends an address: what still waits is dead."""
        self._leaving.discard(cell.address.name)
        self._drop_children(cell)
        cell.finished = True
        if isinstance(cell.owner, Cell):
            name = cell.child.name
            if cell.owner.children.get(name) is cell:
                del cell.owner.children[name]
        self._runtime.close(cell.address, Fate.RETIRED)

    # Plans: one step at a time, each waiting for the one before

    def _advance(self) -> None:
        while self._waiting is None and self._plan:
            step, cell = self._plan.popleft()
            if step == "start" and (cell.life is not None or cell.finished):
                continue
            self._waiting = (step, cell)
            if step == "start":
                cell.command(cell.start)
            else:
                cell.command(cell.stop)
                self._later(cell.child.stop_seconds, partial(self._late, cell))
        if self._waiting is None and not self._plan and self.ending is not None:
            self._runtime.finish(self.ending)

    def _late(self, cell: Cell) -> None:
        if self._waiting != ("stop", cell):
            return
        log.critical("actor.hung", recipient=cell.address.name, incarnation_lost=cell.incarnation)
        cell.fence()
        cell.finished = True
        self._waiting = None
        if self.ending is None:
            self._runtime.shutdown(EXIT_GAVE_UP, f"{cell.address.name} hung")
        else:
            self.ending = self.ending or EXIT_GAVE_UP
        self._advance()

    def end(self, code: int) -> None:
        """Stops everything, last started first, then ends with ``code``."""
        if self.ending is not None:
            self.ending = self.ending or code
            return
        self.ending = code
        self._plan.clear()
        self._waiting = None
        for cell in reversed(self._root.cells()):
            self._plan.extend(("stop", child) for child in cell.children.values())
            self._plan.append(("stop", cell))
        self._advance()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._runtime.call_later(seconds, partial(self._runtime.supervise, action))
