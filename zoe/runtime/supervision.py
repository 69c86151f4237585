"""Supervision: who is started, stopped and restarted, in which order, and when to give up.

All of it runs in the supervisor's own context, one call at a time, and nothing waits there: an
order to a cell is answered later by ``up`` or ``down``, or found unanswered by ``_late``.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from zoe.runtime.cell import Cell, State
from zoe.runtime.group import GroupNode, cells_of
from zoe.runtime.life import Life, Origin
from zoe.runtime.log import log
from zoe.runtime.message import DeadLetter, Fate
from zoe.runtime.plan import Plan
from zoe.runtime.supervisor import EXIT_GAVE_UP, Child, Group, delay_seconds
from zoe.runtime.trace import where

if TYPE_CHECKING:
    from zoe.runtime.seam import Runtime

JITTER: Final = 0.2
TRACE_LENGTH: Final = 4_000

Owner = GroupNode | Cell
#: An error, and the message it came from.
Crash = tuple[BaseException, DeadLetter | None]


@attrs.define(eq=False)
class _Unanswered:
    """An order that its cell has not answered, for all that is known.

    Attributes:
        pulse: The steps of the cell's carrier when the order was given.
    """

    due_ns: int
    cell: Cell
    number: int
    pulse: int

    def answered(self) -> bool:
        """Whether it was, or another order has taken its place."""
        return self.cell.ordered != self.number or self.cell.state in (State.DOWN, State.GONE)


class Supervision:
    """The supervisor of one runtime."""

    def __init__(self, runtime: "Runtime") -> None:
        self._runtime = runtime
        self._root = GroupNode(Group("root", ()), None)
        #: The exit code, once the tree is to end.
        self.ending: int | None = None
        #: By how long an order may take: those that may be unanswered, oldest first.
        self._unanswered: dict[float, deque[_Unanswered]] = {}
        #: Lines to be written after what must not wait for them.
        self._unsaid: list[Callable[[], None]] = []

    def cells(self) -> list[Cell]:
        """Every cell of the tree, those started while running after their parents."""
        return [cell for top in self._root.cells() for cell in top.cells()]

    # Beginning and ending

    def build(self, tree: Iterable[Child | Group]) -> None:
        """Makes the cells of the tree and starts them in order, each after the one before."""
        before = len(self._root.members)
        for node in tree:
            self._add(node, self._root)
        new = cells_of(self._root.members[before:])
        Plan(partial(self._start, cell, None) for cell in new).go_on()

    def _add(self, node: Child | Group, parent: GroupNode) -> None:
        if isinstance(node, Child):
            parent.members.append(self._runtime.make_cell(node, node.name, parent))
            return
        below = GroupNode(node, parent)
        parent.members.append(below)
        for child in node.children:
            self._add(child, below)

    def end(self, code: int) -> None:
        """Stops everything, last started first, then ends with ``code``; a first failure stays."""
        if self.ending is not None:
            self.ending = self.ending or code
            return
        self.ending = code
        steps = [partial(self._stop, cell) for cell in reversed(self._root.cells())]
        Plan([*steps, self._finish]).go_on()

    def _finish(self, plan: Plan) -> bool:
        for cell in self.cells():
            cell.finish()
        self._runtime.end_mail()
        assert self.ending is not None, "only an end gets here"
        self._runtime.finish(self.ending)
        return False

    # What actors wish for

    def spawn(self, life: Life, child: Child, origin: Origin) -> None:
        """Starts a dynamic child of an incarnation that still lives."""
        parent = life.cell
        if self.ending is not None or parent.closing or parent.life is not life:
            return
        known = parent.children.get(child.name)
        if known is None:
            self._adopt(parent, child, origin)
        elif known.leaving:
            known.heir = (child, origin)

    def _adopt(self, parent: Cell, child: Child, origin: Origin) -> None:
        cell = self._runtime.make_cell(child, f"{parent.address.name}/{child.name}", parent)
        parent.children[child.name] = cell
        if self.ending is None:
            self._begin(cell, origin)  # nobody waits for it

    def stop_child(self, parent: Cell, name: str) -> None:
        """Stops a dynamic child in order, for good."""
        cell = parent.children.get(name)
        if cell is not None:
            cell.heir = None
            self.retire(cell)

    def retire(self, cell: Cell) -> None:
        """Stops a cell in order, for good."""
        if not cell.leaving:
            cell.leaving = True
            Plan([partial(self._stop, cell), partial(self._bury, cell)]).go_on()

    # News from the cells

    def up(self, cell: Cell, number: int) -> None:
        """A cell's actor has started."""
        if number == cell.ordered and cell.state is State.STARTING:
            cell.state = State.UP
            waiters, cell.waiters = cell.waiters, []
            self._tell(waiters)

    def down(self, cell: Cell, number: int, crash: Crash | None) -> None:
        """An incarnation has ended: in order, or with an error."""
        if crash is not None:
            self._unsaid.append(partial(self._note, cell, cell.incarnation, *crash))
        # What was ordered meanwhile will be answered.
        if number == cell.ordered and cell.state is not State.GONE:
            self._ended(cell)
        if self._unsaid:
            # A restart does not wait for its log lines.
            self._runtime.give_way()
            self._say()

    def _ended(self, cell: Cell) -> None:
        failed = cell.state in (State.STARTING, State.UP)
        cell.state = State.DOWN
        waiters, cell.waiters = cell.waiters, []
        # A claimed cell will be started anyway, by the plan that was about to stop it.
        if failed and self.ending is None and not cell.leaving and cell.claim is None:
            self._failed(cell)
        self._tell(waiters)

    def _say(self) -> None:
        unsaid, self._unsaid = self._unsaid, []
        for note in unsaid:
            note()

    def _note(
        self, cell: Cell, incarnation: int, error: BaseException, poison: DeadLetter | None
    ) -> None:
        ids: dict[str, int | None] = {}
        if poison is not None:
            self._runtime.note_death(poison)
            envelope = poison.envelope
            ids = {
                "correlation_id": envelope.correlation_id,
                "causation_id": envelope.causation_id,
                "message_id": envelope.message_id,
            }
        log.error(
            "actor.crashed",
            recipient=cell.address.name,
            incarnation_lost=incarnation,
            error=f"{type(error).__name__}: {error}",
            trace=where(error)[-TRACE_LENGTH:],
            **ids,
        )

    @staticmethod
    def _tell(waiters: list[Plan]) -> None:
        for plan in waiters:
            plan.arrived()

    # Failures

    def _failed(self, cell: Cell) -> None:
        if cell.child.restart == "temporary":
            self.retire(cell)
            return
        owner = cell.owner
        if owner.budget.fail(self._now_ns()):
            self._escalate(owner)
            return
        delay = self._delay(cell)
        self._unsaid.append(partial(self._note_restart, cell, delay))
        if isinstance(owner, GroupNode):
            self._restart(owner.restarted_with(cell), delay, cell.origin)
        else:
            self._restart([cell], delay, cell.origin)

    @staticmethod
    def _note_restart(cell: Cell, delay: float) -> None:
        log.info("actor.restarting", recipient=cell.address.name, delay_seconds=round(delay, 4))

    def _delay(self, member: Owner) -> float:
        delay = delay_seconds(member.failures.note(self._now_ns()))
        return delay * (1 + JITTER * self._runtime.jitter())

    def _restart(self, cells: list[Cell], delay: float, origin: Origin | None) -> None:
        """Stops what lives of these cells, last first, waits, and starts them, first first."""
        stops = [partial(self._stop, cell) for cell in reversed(cells)]
        starts = [partial(self._start, cell, origin) for cell in cells]
        Plan([*stops, partial(self._pause, delay), *starts], claims=cells).go_on()

    def _escalate(self, owner: Owner) -> None:
        self._say()
        if isinstance(owner, Cell):
            log.error("supervisor.gave_up", recipient=owner.address.name)
            # One that starts may have children already; any other is ending, and they with it.
            if owner.state in (State.STARTING, State.UP):
                error = RuntimeError("its children failed too often")
                self._order(owner, partial(owner.give_up, error), owner.state)
            return
        log.critical("supervisor.gave_up", recipient=owner.group.name)
        above = owner.parent
        if above is None or above is self._root:
            self._runtime.shutdown(EXIT_GAVE_UP, f"group {owner.group.name} failed too often")
        elif above.budget.fail(self._now_ns()):
            self._escalate(above)
        else:
            self._restart(above.restarted_with(owner), self._delay(owner), None)

    # Steps of plans

    def _start(self, cell: Cell, origin: Origin | None, plan: Plan) -> bool:
        if cell.claim is plan:
            cell.claim = None
        elif cell.claim is not None:
            return False  # another plan will, in its own order
        if self.ending is not None or cell.leaving or cell.state is not State.DOWN:
            return False
        self._begin(cell, origin)
        cell.waiters.append(plan)
        return True

    @staticmethod
    def _begin(cell: Cell, origin: Origin | None) -> None:
        cell.restarts += cell.ordered > 0
        cell.closing = False
        cell.state = State.STARTING
        if cell.order(partial(cell.start, origin)) == 1:
            cell.carrier.begin(cell)

    def _stop(self, cell: Cell, plan: Plan) -> bool:
        """Stops a cell in order, its children before it."""
        cell.closing = True
        if cell.children:
            # A parent that has crashed has no need of what its children would still do.
            ordered = cell.state is not State.DOWN
            plan.steps.appendleft(partial(self._stop, cell))
            plan.steps.appendleft(partial(self._end_children, cell, ordered))
            return False
        return self._end_one(cell, plan, cell.stop)

    def _end_one(self, cell: Cell, plan: Plan, how: Callable[[], None]) -> bool:
        if cell.state in (State.DOWN, State.GONE):
            return False
        if cell.state is not State.STOPPING:
            self._order(cell, how, State.STOPPING)
        cell.waiters.append(plan)
        return True

    def _end_children(self, parent: Cell, ordered: bool, plan: Plan) -> bool:
        """Ends all children at once; their mail waits for successors, unless the parent leaves."""
        children = list(parent.children.values())
        plan.awaited += len(children)
        for child in children:
            stop = partial(self._stop if ordered else self._cut, child)
            forget = partial(self._bury if parent.leaving else self._forget, child)
            Plan([stop, forget, partial(self._rejoin, plan)]).go_on()
        return False

    def _cut(self, cell: Cell, plan: Plan) -> bool:
        """Ends a cell between two messages, its children before it."""
        cell.closing = True
        if cell.children:
            plan.steps.appendleft(partial(self._cut, cell))
            return self._end_children(cell, False, plan)
        return self._end_one(cell, plan, cell.quit)

    @staticmethod
    def _rejoin(main: Plan, _plan: Plan) -> bool:
        main.arrived()
        return False

    def _pause(self, seconds: float, plan: Plan) -> bool:
        if seconds > 0:
            self._later(seconds, plan.arrived)
        return seconds > 0

    def _forget(self, cell: Cell, _plan: Plan) -> bool:
        """Ends a cell; its address stays."""
        owner = cell.owner
        if isinstance(owner, Cell) and owner.children.get(cell.child.name) is cell:
            del owner.children[cell.child.name]
        if cell.state is not State.GONE:
            cell.state = State.GONE
            cell.finish()
        return False

    def _bury(self, cell: Cell, plan: Plan) -> bool:
        """Ends a cell and its address: what still waits is dead, unless an heir takes it over."""
        buried = cell.state is State.GONE
        self._forget(cell, plan)
        if buried:
            return False
        if cell.heir is not None and isinstance(cell.owner, Cell) and not cell.owner.closing:
            self._adopt(cell.owner, *cell.heir)
        else:
            self._runtime.close(cell.address, Fate.RETIRED)
        return False

    # Orders that must be answered in time

    def _order(self, cell: Cell, how: Callable[[], None], state: State) -> None:
        cell.state = state
        pulse, seconds = cell.carrier.steps, cell.child.stop_seconds
        due_ns = self._now_ns() + round(seconds * 1e9)
        line = self._unanswered.setdefault(seconds, deque())
        if not line:
            self._later(seconds, partial(self._look, seconds))
        line.append(_Unanswered(due_ns, cell, cell.order(how), pulse))

    def _look(self, seconds: float) -> None:
        """Looks whether orders were answered: once for all that were given in so many seconds."""
        line, now_ns = self._unanswered[seconds], self._now_ns()
        while line and (line[0].answered() or line[0].due_ns <= now_ns):
            order = line.popleft()
            if not order.answered():
                self._late(order.cell, order.pulse)
        if line:
            self._later((line[0].due_ns - now_ns) / 1e9, partial(self._look, seconds))

    def _late(self, cell: Cell, pulse: int) -> None:
        """An order was not answered in time; a cell that hangs is never repaired in place."""
        carrier = cell.carrier
        stuck = carrier.steps == pulse
        hung = (carrier.current if stuck else None) or cell
        victims = list(carrier.cells) if stuck else [cell]
        log.critical(
            "actor.hung",
            recipient=hung.address.name,
            incarnation_lost=hung.incarnation,
            fenced=len(victims),
        )
        self.end(EXIT_GAVE_UP)
        waiters = [plan for victim in victims for plan in victim.waiters]
        for victim in victims:
            victim.fence()
            victim.state = State.GONE
            victim.waiters = []
        self._tell(waiters)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._runtime.call_later(seconds, partial(self._runtime.supervise, action))

    def _now_ns(self) -> int:
        return self._runtime.clock.monotonic_ns()
