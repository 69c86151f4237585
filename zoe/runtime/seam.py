"""The seam: what actors and supervision need of a scheduler, and what both schedulers share."""

import itertools
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

import attrs

from zoe.runtime.address import Address, AskFailed
from zoe.runtime.cell import Cell
from zoe.runtime.clock import Clock
from zoe.runtime.log import log
from zoe.runtime.mailbox import Mailbox
from zoe.runtime.message import DeadLetter, Envelope, Fate, Message, ReplySlot
from zoe.runtime.offload import Outcome
from zoe.runtime.supervision import Owner, Supervision
from zoe.runtime.supervisor import EXIT_GAVE_UP, Child, Group
from zoe.runtime.trace import current

BOOT_SHIFT: Final = 40
#: Some 10 MB. Each has its line in the log; these are for whoever asks the running program.
DEAD_LETTERS_KEPT: Final = 10_000


@attrs.frozen
class Vitals:
    """One actor's figures.

    Attributes:
        mailbox: Messages that wait.
        replaced: LATEST messages that a newer one took the place of.
        expired: Timers and outcomes that came too late for their incarnation.
        oldest_seconds: Age of the oldest message that is not done: handled just now, or waiting.
    """

    name: str
    incarnation: int
    restarts: int
    mailbox: int
    handled: int
    replaced: int
    alive: bool
    last_error: str | None
    expired: int = 0
    oldest_seconds: float = 0.0


class Runtime:
    """Addresses, delivery, dead letters and ids; a scheduler fills in the rest.

    Args:
        boot: Number of this start; message ids begin with it and so never repeat.

    Attributes:
        next_id: A message id that never repeats, over restarts too.
        note_turn: Shown every turn before it runs, where anybody wants to see them.
        witness: Shown every message that is sent, where anybody wants to see them.
        broken: What a supervisor, or a thread of the runtime's own, met and should not have.
    """

    def __init__(self, clock: Clock, boot: int, seed: int) -> None:
        self.clock = clock
        self.boot = boot
        self.next_id: Callable[[], int] = itertools.count((boot << BOOT_SHIFT) + 1).__next__
        self.note_turn: Callable[[Cell, Envelope], None] | None = None
        self.witness: Callable[[Envelope], None] | None = None
        self.broken: BaseException | None = None
        self.dead_count = 0
        self.supervision = Supervision(self)
        self._now_ns = clock.monotonic_ns
        self._seeds = random.Random(seed)
        self._addresses = _Addresses(self)
        #: The address of a name; mail waits there until an actor takes it.
        self.find: Callable[[str], Address] = self._addresses.__getitem__
        self._dead: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self._dying = threading.Lock()
        self._watchers: list[Callable[[DeadLetter], None]] = []

    # What a scheduler fills in

    def make_cell(self, child: Child, name: str, owner: Owner) -> Cell:
        """A cell, ready to be commanded."""
        raise NotImplementedError

    def supervise(self, action: Callable[[], None]) -> None:
        """Runs an action in the supervisor's context, soon."""
        raise NotImplementedError

    def supervise_now(self, action: Callable[[], None]) -> None:
        """As ``supervise``, for what somebody waits for: at once, if nothing else is to be done
        before it."""
        self.supervise(action)

    def supervise_soon(self, action: Callable[[], None]) -> None:
        """As ``supervise``, for what nobody waits for yet: when this thread has nothing else to
        do."""
        self.supervise_now(action)

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
        """The tree has ended; only the first code counts."""
        raise NotImplementedError

    def give_way(self) -> None:
        """Lets other threads go first, where there are any."""

    # Beginning and ending

    def root(self, tree: tuple[Child | Group, ...]) -> None:
        """Starts the tree."""
        self.supervise(partial(self.supervision.build, tree))

    def shutdown(self, code: int = 0, reason: str = "asked to") -> None:
        """Stops the tree in order, then ends with ``code``; from any thread."""
        log.info("runtime.stopping", exit=code, reason=reason)
        self.supervise(partial(self.supervision.end, code))

    def _supervised(self, action: Callable[[], None]) -> None:
        """Runs a supervisor's action; one that fails is never repaired in place."""
        if self.broken is not None:
            return
        try:
            action()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the process ends
            self.broken = error
            log.opt_exception("supervisor.crashed", error)
            self.finish(EXIT_GAVE_UP)

    def failed(self, thread: str, error: BaseException) -> None:
        """Code that no supervisor watches over has raised: the process ends, in order."""
        log.opt_exception("thread.crashed", error, thread=thread)
        self.shutdown(EXIT_GAVE_UP, f"{thread} crashed")

    # Mail

    def endpoint(self, name: str, handler: Callable[[Envelope], None]) -> Address:
        """An address served by a function, called in the sender's thread; must not block."""
        address = self.find(name)
        address.handler = handler
        address.mailbox.open = False
        self.divert(address)
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
        number = self.next_id()
        if cause is None:
            root = number if correlation_id is None else correlation_id
            by = anchor = None
        else:
            root, by = cause.correlation_id, cause.message_id
            anchor = by if cause.message.anchors else cause.anchor
        self.deliver(to, Envelope(message, number, root, by, anchor, None, self._now_ns()))
        return number

    def post_all(self, to: Address, messages: Iterable[Message], *, lend: bool = False) -> None:
        """As ``post`` of each, a root of its own.

        Args:
            lend: Whether this thread has nothing else to do than to wait for more of them.
        """
        for message in messages:
            self.post(to, message)

    def _asking(self, message: Message, slot: ReplySlot) -> Envelope:
        number = self.next_id()
        now_ns = self._now_ns()
        return Envelope(message, number, number, None, None, None, now_ns, slot=slot)

    def deliver(self, to: Address, envelope: Envelope) -> None:
        """Puts an envelope where it belongs, or buries it."""
        if self.witness is not None:
            self.witness(envelope)
        mailbox = to.mailbox
        if not mailbox.open:
            self._elsewhere(to, envelope)
        elif not mailbox.put(envelope):
            self.bury(to, envelope, Fate.OVERFLOW, None)
        elif not to.mailbox.open:  # it closed between the look and the put
            self.divert(to)

    def deliver_in_passing(self, to: Address, envelope: Envelope) -> None:
        """As ``deliver``; whoever reads may learn of it only when nothing else is under way."""
        self.deliver(to, envelope)

    def _elsewhere(self, to: Address, envelope: Envelope) -> None:
        if to.handler is None:
            fate = Fate.SHUTDOWN if self._addresses.ended else Fate.CLOSED
            self.bury(to, envelope, fate, None)
            return
        try:
            to.handler(envelope)
        except BaseException as error:  # noqa: BLE001  # the sender is not to blame, and goes on
            self.bury(to, envelope, Fate.POISON, f"{type(error).__name__}: {error}")

    def divert(self, address: Address) -> None:
        """Has what waits at an address that is closed go where its mail goes since."""
        for envelope in address.mailbox.drain():
            self._elsewhere(address, envelope)

    def close(self, address: Address, fate: Fate) -> None:
        """Ends an address; its mail is dead."""
        if self._addresses.get(address.name) is address:
            del self._addresses[address.name]
        address.mailbox.open = False
        for envelope in address.mailbox.drain():
            if envelope.life is None:  # what it armed or asked for itself ends with it
                self.bury(address, envelope, fate, None)

    def end_mail(self) -> None:
        """Ends every address but endpoints: what waits, or still comes, is dead."""
        self._addresses.ended = True
        for address in list(self._addresses.values()):
            if address.handler is None:
                address.mailbox.open = False
                self.divert(address)

    # Dead letters

    def bury(self, to: Address, envelope: Envelope, fate: Fate, error: str | None) -> None:
        """Makes a dead letter and writes it down; whoever asked is told at once."""
        letter = DeadLetter(envelope, to.name, fate, error)
        self.lay_out(letter)
        if fate is not Fate.SHUTDOWN:
            self.note_death(letter)

    def lay_out(self, letter: DeadLetter) -> None:
        """Makes a dead letter; whoever asked is told at once."""
        envelope = letter.envelope
        with self._dying:
            self._dead.append(letter)
            self.dead_count += 1
        if envelope.slot is not None:
            fate = letter.reason.value
            envelope.slot.fail(f"{fate}: {letter.error}" if letter.error else fate)
        for watcher in self._watchers:
            try:
                watcher(letter)
            except BaseException as problem:  # noqa: BLE001  # it runs in anybody's thread
                self.failed("a watcher of dead letters", problem)

    @staticmethod
    def note_death(letter: DeadLetter) -> None:
        """Writes a dead letter's line, under its own ids."""
        envelope = letter.envelope
        about = {
            "recipient": letter.recipient,
            "message": type(envelope.message).__name__,
            "dead_message_id": envelope.message_id,
            "correlation_id": envelope.correlation_id,
            "fate": letter.reason.value,
            "error": letter.error,
        }
        if letter.expected:
            log.debug("message.dead", **about)
        else:
            log.warning("message.dead", **about)

    def dead_letters(self) -> Sequence[DeadLetter]:
        """The newest dead letters, oldest first."""
        with self._dying:
            return tuple(self._dead)

    def watch(self, callback: Callable[[DeadLetter], None]) -> None:
        """Has every dead letter shown to ``callback``, in the thread where it died."""
        self._watchers.append(callback)

    # Figures

    def vitals(self) -> tuple[Vitals, ...]:
        """Every actor's figures; from any thread."""
        return tuple(self._vitals(cell) for cell in self.supervision.cells())

    def _vitals(self, cell: Cell) -> Vitals:
        life, mailbox = cell.life, cell.mailbox
        handled = life.envelope if life is not None else None
        waiting_ns = mailbox.oldest_ns()
        sent = [handled.sent_ns] if handled is not None else []
        sent += [waiting_ns] if waiting_ns is not None else []
        now_ns = self._now_ns()
        return Vitals(
            cell.address.name,
            cell.incarnation,
            cell.restarts,
            len(mailbox),
            cell.handled,
            mailbox.replaced,
            life is not None,
            cell.last_error,
            cell.expired,
            (now_ns - min(sent, default=now_ns)) / 1e9,
        )

    # Chance

    def next_seed(self) -> int:
        """A seed for an incarnation's own randomness."""
        return self._seeds.getrandbits(64)

    def jitter(self) -> float:
        """A number from -1 to 1."""
        return self._seeds.uniform(-1, 1)

    @staticmethod
    def outside_a_turn() -> None:
        """Asserts that no actor's turn runs on this thread."""
        assert current.turn.life is None, "ask is for the edges, not for actors"


class _Addresses(dict[str, Address]):
    """Makes an address when its name is first looked up: ever after that is a plain look-up."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self.ended = False

    def __missing__(self, name: str) -> Address:
        # Another thread may have made one meanwhile; and whoever ends mail closes what is there.
        found = self.setdefault(name, Address(name, self._runtime, Mailbox()))
        if self.ended:
            found.mailbox.open = False
        return found


class Slot:
    """Holds the answer to an ask; a scheduler says how to wait for it."""

    def __init__(self) -> None:
        self.message: Message | None = None
        self.failure: str | None = None

    def answer(self, message: Message) -> None:
        """The answer has come; a second one changes nothing."""
        if not self.done():
            self.message = message
            self.ring()

    def fail(self, reason: str) -> None:
        """There will be no answer."""
        if not self.done():
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
