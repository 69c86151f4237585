"""Cell: an address's actor over all its incarnations.

One thread steps a cell: its own, or its dispatcher's. What the supervisor wants of it comes as
orders, looked at before mail; each is answered by ``up`` or ``down`` with the order's number, and a
crash that nobody ordered is a ``down`` as well.
"""

import enum
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from zoe.runtime.address import Address
from zoe.runtime.life import Life, Origin
from zoe.runtime.log import log
from zoe.runtime.mailbox import Reader
from zoe.runtime.message import DeadLetter, Envelope, Fate
from zoe.runtime.supervisor import Budget, Child, Window
from zoe.runtime.trace import Turn, current

if TYPE_CHECKING:
    from zoe.runtime.carrier import Carrier
    from zoe.runtime.plan import Plan
    from zoe.runtime.seam import Runtime
    from zoe.runtime.supervision import Owner


class State(enum.Enum):
    """What the supervisor knows of a cell."""

    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"
    GONE = "gone"


class Cell:
    """One address's actor, over all its incarnations."""

    carrier: "Carrier"

    def __init__(self, runtime: "Runtime", child: Child, address: Address, owner: "Owner") -> None:
        self.runtime = runtime
        self._note_turn = runtime.note_turn
        self.child = child
        self.address = address
        assert address.cell is None or address.cell.state is State.GONE, f"two at {address}"
        self.mailbox = address.mailbox
        self.reader = self.mailbox.reader = Reader()
        self.mailbox.capacity = child.capacity
        self.mailbox.refuse = child.overflow == "refuse"
        self.mailbox.alarm = self._grown
        # Written by the thread that steps it.
        self.life: Life | None = None
        self.incarnation = 0
        self.finished = False
        #: Whether its turns do not return; a simulation says so.
        self.hangs = False
        self.handled = 0
        self.expired = 0
        self.last_error: str | None = None
        self.origin: Origin | None = None
        self._commands: deque[Callable[[], None]] = deque()
        self._obeyed = 0
        # The supervisor's own.
        self.owner = owner
        self.state = State.DOWN
        self.ordered = 0
        self.children: dict[str, Cell] = {}
        self.budget = Budget(child.intensity, child.period_seconds)
        self.failures = Window(owner.budget.period_seconds)
        self.restarts = 0
        #: The plan that will start it again, and those that wait for its answer.
        self.claim: Plan | None = None
        self.waiters: list[Plan] = []
        #: May have no more children; leaves for good; who takes its name then.
        self.closing = False
        self.leaving = False
        self.heir: tuple[Child, Origin] | None = None
        address.cell = self

    def cells(self) -> list["Cell"]:
        """This cell and every cell below it, in start order."""
        found = [self]
        for child in list(self.children.values()):
            found.extend(child.cells())
        return found

    def _grown(self, length: int) -> None:
        log.warning("mailbox.grown", recipient=self.address.name, mailbox=length)

    # Called by others

    def command(self, action: Callable[[], None]) -> None:
        """Has the stepping thread do something before the next mail; from any thread."""
        self._commands.append(action)
        self.reader.wake()

    def order(self, action: Callable[[], None]) -> int:
        """The supervisor's command; its number comes back with the answer."""
        self.ordered += 1
        self.command(partial(self._obey, self.ordered, action))
        return self.ordered

    def _obey(self, number: int, action: Callable[[], None]) -> None:
        self._obeyed = number
        action()

    def finish(self) -> None:
        """The supervisor wants nothing more of this cell, which is down."""
        self.finished = True
        self.carrier.drop(self)

    def fence(self) -> None:
        """From here on nothing this cell says is heard, whatever its thread is doing."""
        if self.life is not None:
            self.life.fenced = True
        self.life = None
        self.finished = True

    # Called by the stepping thread only

    def step(self, turn: Turn) -> bool:
        """One command or one message; False when there was nothing to do.

        Args:
            turn: The stepping thread's own, which is slow to find.
        """
        if self._commands:
            self._commands.popleft()()
            return True
        life = self.life
        if life is None:
            return False
        if life.stops_at is not None and self._ended(life, life.stops_at):
            return True
        envelope = self.mailbox.take(life.holding)
        if envelope is None:
            return False
        if life.fenced:
            self.runtime.bury(self.address, envelope, Fate.FENCED, None)
        elif envelope.life is None or life.wants(envelope.life):
            self._turn(life, envelope, turn)
        else:
            self.expired += 1
        return True

    def is_busy(self) -> bool:
        """Whether another turn may find something to do."""
        mailbox = self.mailbox
        if mailbox.line or mailbox.control or self._commands:
            return True
        return self.life is not None and self.life.stops_at is not None

    def _turn(self, life: Life, envelope: Envelope, turn: Turn) -> None:
        self.handled += 1
        turn.life = life
        try:
            if self._note_turn is not None:
                self._note_turn(self, envelope)
            message = envelope.message
            life.envelope = envelope
            life.anchor = envelope.message_id if message.anchors else envelope.anchor
            life.handle(message)
            life.envelope = None
        except BaseException as error:  # noqa: BLE001  # a turn meets any error here, only here
            self._crashed(life, error, envelope)
        else:
            if life.fenced or self.hangs:
                self.settle(life, envelope)
            elif life.mail or life.effects:
                life.commit()
        finally:
            turn.life = None

    def settle(self, life: Life, envelope: Envelope | None) -> None:
        """A turn has ended well: what it wanted happens, unless it was cut off meanwhile."""
        if not life.fenced:
            if life.mail or life.effects:
                life.commit()
        elif envelope is not None:
            self.runtime.bury(self.address, envelope, Fate.FENCED, None)

    def _guarded(self, life: Life | None, action: Callable[[], None]) -> bool:
        """A turn without a message; False when it crashed."""
        turn = current.turn
        turn.life = life
        try:
            action()
        except BaseException as error:  # noqa: BLE001  # as in _turn
            self._crashed(life, error, None)
            return False
        finally:
            turn.life = None
        return True

    def start(self, origin: Origin | None) -> None:
        """Order: begins the next incarnation, unless one lives."""
        if self.life is None and not self._born(origin):
            return
        self.runtime.supervise_now(partial(self.runtime.supervision.up, self, self._obeyed))

    def _born(self, origin: Origin | None) -> bool:
        self.incarnation += 1
        self.origin = origin or self.origin
        if not self._guarded(None, self._make):
            return False
        life = self.life
        assert life is not None, "made a line above"
        if not self._guarded(life, life.begin):
            return False
        self.settle(life, None)
        return True

    def _make(self) -> None:
        origin = self.origin or Origin(self.runtime.next_id())
        self.life = Life(self, self.incarnation, origin)

    def stop(self) -> None:
        """Order: ends this incarnation after the mail that is there and the outcomes it awaits."""
        life = self.life
        if life is None:
            self._down(None)
        else:
            life.stops_at = self.mailbox.last()
            self._ended(life, life.stops_at)

    def quit(self) -> None:
        """Order: ends this incarnation between two messages, as a crash would."""
        self.life = None
        self._down(None)

    def fail(self, life: Life | None, error: BaseException) -> None:
        """Command: crashes this incarnation between two messages, if it still lives."""
        if life is not None and self.life is life:
            self._crashed(life, error, None)

    def give_up(self, error: BaseException) -> None:
        """Order: crashes this incarnation, because its children failed too often."""
        if self.life is None:
            self._down(error)
        else:
            self._crashed(self.life, error, None)

    def _ended(self, life: Life, stops_at: int) -> bool:
        """Ends the incarnation if it may end now; True when something was done."""
        if self.mailbox.has_control():
            return False
        # One that holds its mail could wait for ever: an outcome may stand in the line it leaves.
        if not life.holding and (life.awaited or self.mailbox.taken < stops_at):
            return False
        idle = True

        def end() -> None:
            nonlocal idle
            idle = life.actor.idle()
            if idle:
                life.end()

        if self._guarded(life, end) and idle:
            self.settle(life, None)
            if self.life is life:
                self.life = None
                self._down(None)
        return idle or self.life is not life

    def _crashed(self, life: Life | None, error: BaseException, envelope: Envelope | None) -> None:
        text = f"{type(error).__name__}: {error}"
        if life is not None and life.fenced:
            if envelope is not None:
                self.runtime.bury(self.address, envelope, Fate.FENCED, text)
            return
        self.life = None
        self.last_error = text
        poison = None
        if envelope is not None:
            anchor = envelope.message_id if envelope.message.anchors else envelope.anchor
            self.origin = Origin(envelope.correlation_id, envelope.message_id, anchor)
            poison = DeadLetter(envelope, self.address.name, Fate.POISON, text)
            self.runtime.lay_out(poison)
        self._down(error, poison)

    def _down(self, error: BaseException | None, poison: DeadLetter | None = None) -> None:
        crash = None if error is None else (error, poison)
        supervision = self.runtime.supervision
        self.runtime.supervise(partial(supervision.down, self, self._obeyed, crash))
