"""The seam: what actors and supervision need of a scheduler, and what both schedulers share."""

import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from zoe.runtime.address import Address, AskFailed
from zoe.runtime.cell import Cell
from zoe.runtime.clock import Clock
from zoe.runtime.log import log
from zoe.runtime.mailbox import Mailbox
from zoe.runtime.message import DeadLetter, Envelope, Fate, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervision import Owner, Supervision
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.trace import current

BOOT_SHIFT: Final = 40
DEAD_LETTERS_KEPT: Final = 100_000


@attrs.frozen
class Vitals:
    """One actor's figures."""

    name: str
    incarnation: int
    restarts: int
    mailbox: int
    handled: int
    replaced: int
    alive: bool
    last_error: str | None


class Runtime:
    """Addresses, delivery, dead letters and ids; a scheduler fills in the rest.

    Args:
        boot: Number of this start; message ids begin with it and so never repeat.
    """

    def __init__(self, clock: Clock, boot: int, seed: int) -> None:
        self.clock = clock
        self.boot = boot
        self._ids = itertools.count((boot << BOOT_SHIFT) + 1)
        self._seeds = random.Random(seed)
        self._addresses: dict[str, Address] = {}
        self._dead: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.dead_count = 0
        self._tracer: Callable[[Cell, Envelope], None] | None = None
        self._watchers: list[Callable[[DeadLetter], None]] = []
        self.supervision = Supervision(self)

    # What a scheduler fills in

    def make_cell(self, child: Child, name: str, owner: Owner) -> Cell:
        """A cell, ready to be commanded."""
        raise NotImplementedError

    def supervise(self, action: Callable[[], None]) -> None:
        """Runs an action in the supervisor's context, soon."""
        raise NotImplementedError

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Calls an action after ``seconds``."""
        raise NotImplementedError

    def submit(
        self, lane: str, call: Callable[[], Any], done: Callable[[Outcome[Any]], None]
    ) -> None:
        """Runs a call on a lane, then ``done`` with its outcome."""
        raise NotImplementedError

    def ask(self, address: Address, message: Message, timeout_seconds: float) -> Message:
        """See Address.ask."""
        raise NotImplementedError

    def finish(self, code: int) -> None:
        """The tree has ended."""
        raise NotImplementedError

    # What both share

    def root(self, tree: tuple[Child | Group, ...]) -> None:
        """Starts the tree."""
        self.supervise(lambda: self.supervision.build(tree))

    def shutdown(self, code: int = 0, reason: str = "asked to") -> None:
        """Stops the tree in order, then ends with ``code``; from any thread."""
        log.info("runtime.stopping", exit=code, reason=reason)
        self.supervise(lambda: self.supervision.end(code))

    def find(self, name: str) -> Address:
        """The address of that name; mail waits there until an actor takes it."""
        found = self._addresses.get(name)
        if found is None:
            found = self._addresses.setdefault(name, Address(name, self, Mailbox()))
        return found

    def endpoint(self, name: str, handler: Callable[[Envelope], None]) -> Address:
        """An address served by a function, called in the sender's thread; must not block."""
        address = self.find(name)
        address.handler = handler
        for envelope in address.mailbox.drain():
            handler(envelope)
        return address

    def post(
        self,
        to: Address,
        message: Message,
        *,
        cause: Envelope | None = None,
        correlation_id: int | None = None,
    ) -> int:
        """Sends from outside any actor: a new root, or caused by ``cause``."""
        envelope = self._outside(message, cause, correlation_id)
        self.deliver(to, envelope)
        return envelope.message_id

    def _outside(
        self, message: Message, cause: Envelope | None, correlation_id: int | None
    ) -> Envelope:
        number = self.next_id()
        now_ns = self.clock.monotonic_ns()
        if cause is None:
            root = number if correlation_id is None else correlation_id
            return Envelope(message, number, root, None, None, None, now_ns)
        anchor = cause.message_id if cause.message.anchors else cause.anchor
        return Envelope(
            message, number, cause.correlation_id, cause.message_id, anchor, None, now_ns
        )

    def deliver(self, to: Address, envelope: Envelope) -> None:
        """Puts an envelope where it belongs, or buries it."""
        if to.handler is not None:
            to.handler(envelope)
            return
        mailbox = to.mailbox
        if mailbox.closed:
            self.bury(to, envelope, Fate.CLOSED, None)
        elif not mailbox.put(envelope):
            self.bury(to, envelope, Fate.OVERFLOW, None)
        elif to.mailbox.closed:  # it closed between the check and the put
            self._drain(to, Fate.CLOSED)

    def close(self, address: Address, fate: Fate) -> None:
        """Ends an address; its mail is dead."""
        address.mailbox.closed = True
        self._drain(address, fate)
        self._addresses.pop(address.name, None)

    def _drain(self, address: Address, fate: Fate) -> None:
        for envelope in address.mailbox.drain():
            self.bury(address, envelope, fate, None)

    def bury(self, to: Address, envelope: Envelope, fate: Fate, error: str | None) -> None:
        """Makes a dead letter; whoever asked is told at once."""
        letter = DeadLetter(envelope, to.name, fate, error)
        self._dead.append(letter)
        self.dead_count += 1
        if envelope.slot is not None:
            envelope.slot.fail(f"{fate.value}: {error}" if error else fate.value)
        if fate is not Fate.SHUTDOWN:
            log.warning(
                "message.dead",
                recipient=to.name,
                message=type(envelope.message).__name__,
                dead_message_id=envelope.message_id,
                fate=fate.value,
                error=error,
            )
        for watcher in self._watchers:
            watcher(letter)

    def dead_letters(self) -> Sequence[DeadLetter]:
        """The newest dead letters, oldest first."""
        return tuple(self._dead)

    def watch(self, callback: Callable[[DeadLetter], None]) -> None:
        """Has every dead letter shown to ``callback``, in the thread where it died."""
        self._watchers.append(callback)

    def trace(self, callback: Callable[[Cell, Envelope], None]) -> None:
        """Has every traced turn shown to ``callback`` before it runs."""
        self._tracer = callback

    def trace_turn(self, cell: Cell, envelope: Envelope) -> None:
        """Shows one turn to the tracer."""
        if self._tracer is not None and envelope.message.traced:
            self._tracer(cell, envelope)

    def vitals(self) -> tuple[Vitals, ...]:
        """Every actor's figures."""
        return tuple(
            Vitals(
                cell.address.name,
                cell.incarnation,
                cell.restarts,
                len(cell.mailbox),
                cell.handled,
                cell.mailbox.replaced,
                cell.life is not None,
                cell.last_error,
            )
            for cell in self.supervision.cells()
        )

    def next_id(self) -> int:
        """A message id that never repeats, over restarts too."""
        return next(self._ids)

    def next_seed(self) -> int:
        """A seed for an incarnation's own randomness."""
        return self._seeds.getrandbits(64)

    def jitter(self) -> float:
        """A number from -1 to 1."""
        return self._seeds.uniform(-1, 1)

    def arm(self, seconds: float, address: Address, envelope: Envelope) -> None:
        """Delivers an envelope after ``seconds``, if its incarnation still lives then."""

        def ring() -> None:
            life, timer = envelope.life
            if not timer.canceled and not life.fenced and life.cell.life is life:
                self.deliver(address, envelope)

        self.call_later(seconds, ring)

    @staticmethod
    def outside_a_turn() -> None:
        """Asserts that no actor's turn runs on this thread."""
        assert current.life is None, "ask is for the edges, not for actors"


class Slot:
    """Holds the answer to an ask; a scheduler says how to wait for it."""

    def __init__(self) -> None:
        self.message: Message | None = None
        self.failure: str | None = None

    def answer(self, message: Message) -> None:
        """The answer has come."""
        self.message = message
        self.ring()

    def fail(self, reason: str) -> None:
        """There will be none."""
        self.failure = reason
        self.ring()

    def ring(self) -> None:
        """Wakes whoever waits."""

    def done(self) -> bool:
        """Whether there is anything to wait for."""
        return self.message is not None or self.failure is not None

    def take(self) -> Message:
        """The answer.

        Raises:
            AskFailed: There will be none.
        """
        if self.message is None:
            raise AskFailed(self.failure or "no answer")
        return self.message
