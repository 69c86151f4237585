"""Cell and Life: an address's actor over all its incarnations, and one of them.

A cell is stepped by one thread at a time: its own, or its dispatcher's. Commands (start, stop)
reach it through a queue of their own and are looked at before mail.
"""

import queue
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from zoe.runtime.actor import Actor, Timer
from zoe.runtime.address import Address
from zoe.runtime.message import Envelope, Fate, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Budget, Child
from zoe.runtime.trace import current

if TYPE_CHECKING:
    from zoe.runtime.seam import Runtime
    from zoe.runtime.supervision import Owner


class Life:
    """One incarnation: its actor, and what its turn wants to have done."""

    def __init__(self, cell: "Cell", incarnation: int, seed: int) -> None:
        self.cell = cell
        self.runtime = cell.runtime
        self.incarnation = incarnation
        self.fenced = False
        self.holding = False
        self.stopping = False
        self._effects: list[Callable[[], None]] = []
        self._mail: list[tuple[Address, Envelope]] = []
        self._root = 0
        self._anchor: int | None = None
        self.actor = self._make(seed)

    def _make(self, seed: int) -> Actor:
        actor = self.cell.child.factory()
        actor.me = self.cell.address
        actor.clock = self.runtime.clock
        actor.rng = random.Random(seed)
        actor.incarnation = self.incarnation
        actor._life = self
        return actor

    # One turn

    def turn(self, action: Callable[[], None], envelope: Envelope | None) -> None:
        """Runs ``action`` as a turn; its effects happen when it returns, unless fenced."""
        current.life = self
        self.actor.envelope = envelope
        if envelope is None:
            self._root = self.runtime.next_id()
            self._anchor = None
        elif envelope.message.anchors:
            self._anchor = envelope.message_id
        else:
            self._anchor = envelope.anchor
        try:
            action()
        except BaseException:
            self._mail.clear()
            self._effects.clear()
            raise
        finally:
            self.actor.envelope = None
            current.life = None
        if self.fenced:
            self._mail.clear()
            self._effects.clear()
        elif self._mail or self._effects:
            self._commit()

    def _commit(self) -> None:
        mail, self._mail = self._mail, []
        effects, self._effects = self._effects, []
        for address, envelope in mail:
            self.runtime.deliver(address, envelope)
        for effect in effects:
            effect()

    def _envelope(self, message: Message, *, life: Any = None) -> Envelope:
        handled = self.actor.envelope
        envelope = Envelope(
            message,
            self.runtime.next_id(),
            self._root if handled is None else handled.correlation_id,
            None if handled is None else handled.message_id,
            self._anchor,
            self.cell.address,
            self.runtime.clock.monotonic_ns(),
            life,
        )
        if message.anchors:
            self._anchor = envelope.message_id
        return envelope

    # What an actor may want

    def tell(self, to: Address, message: Message) -> None:
        """See Actor.tell."""
        self._mail.append((to, self._envelope(message)))

    def reply(self, message: Message) -> None:
        """See Actor.reply."""
        handled = self.actor.envelope
        assert handled is not None, "there is nothing to reply to"
        if handled.slot is not None:
            self._effects.append(partial(handled.slot.answer, message))
        elif handled.sender is not None:
            self.tell(handled.sender, message)

    def after(self, seconds: float, message: Message) -> Timer:
        """See Actor.after."""
        timer = Timer()
        envelope = self._envelope(message, life=(self, timer))
        self._effects.append(partial(self.runtime.arm, seconds, self.cell.address, envelope))
        return timer

    def offload(
        self, call: Callable[[], Any], reply: Callable[[Outcome[Any]], Message], lane: str
    ) -> None:
        """See Actor.offload."""
        cause = self._envelope(Message(), life=(self, None))

        def done(outcome: Outcome[Any]) -> None:
            cause.message = reply(outcome)
            self.runtime.deliver(self.cell.address, cause)

        self._effects.append(partial(self.runtime.submit, lane, call, done))

    def find(self, name: str) -> Address:
        """See Actor.find."""
        return self.runtime.find(name)

    def hold(self) -> None:
        """See Actor.hold."""
        self.holding = True

    def release(self) -> None:
        """See Actor.release."""
        self.holding = False
        self._effects.append(self.cell.renotify)

    def spawn(self, child: Child) -> Address:
        """See Actor.spawn."""
        address = self.runtime.find(f"{self.cell.address.name}/{child.name}")
        self._effects.append(partial(self.runtime.supervision.spawn, self, child))
        return address

    def stop_child(self, name: str) -> None:
        """See Actor.stop_child."""
        self._effects.append(partial(self.runtime.supervision.stop_child, self.cell, name))

    def retire(self) -> None:
        """See Actor.retire."""
        self._effects.append(partial(self.runtime.supervision.retire, self.cell))

    def exit_process(self, code: int, reason: str) -> None:
        """See Actor.exit_process."""
        self._effects.append(partial(self.runtime.shutdown, code, reason))


class Cell:
    """One address's actor, over all its incarnations."""

    def __init__(self, runtime: "Runtime", child: Child, address: Address, owner: "Owner") -> None:
        self.runtime = runtime
        self.child = child
        self.address = address
        self.owner = owner
        self.life: Life | None = None
        self.incarnation = 0
        self.finished = False
        self.children: dict[str, Cell] = {}
        self.budget = Budget(child.intensity, child.period_seconds)
        self.handled = 0
        self.restarts = 0
        self.last_error: str | None = None
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.mailbox = address.mailbox
        self.mailbox.capacity = child.capacity
        self.mailbox.refuse = child.overflow == "refuse"
        address.cell = self

    def command(self, action: Callable[[], None]) -> None:
        """Has the stepping thread do something before the next mail."""
        self._commands.put(action)
        self.mailbox.wake()

    def renotify(self) -> None:
        """Announces mail that waits to a scheduler that counts puts."""
        if self.mailbox.notify is not None:
            for _ in range(len(self.mailbox)):
                self.mailbox.notify()

    def fence(self) -> None:
        """From here on nothing this incarnation says is heard."""
        life, self.life = self.life, None
        if life is not None:
            life.fenced = True

    def step(self, *, block: bool) -> None:
        """One command or one message; with ``block``, waits for it."""
        life = self.life
        if life is None:
            try:
                self._commands.get(block)()
            except queue.Empty:
                return
        elif not self._commands.empty():
            self._commands.get()()
        elif life.stopping and self._may_end(life):
            self._end(life)
        else:
            self._take(life, block=block)
            # What the queue held may have been wake-ups only.
            if self.life is life and life.stopping and self._may_end(life):
                self._end(life)

    def _may_end(self, life: Life) -> bool:
        return not self.mailbox.has_mail(holding=life.holding) and life.actor.idle()

    def _take(self, life: Life, *, block: bool) -> None:
        envelope = self.mailbox.take(block=block, holding=life.holding)
        if envelope is None:
            return
        if self.life is not life:  # fenced while it waited: its successor takes this one
            self.mailbox.put_back(envelope)
            return
        if envelope.life is not None and not self._current(life, envelope.life):
            return
        self.handled += 1
        self.runtime.trace_turn(self, envelope)
        try:
            life.turn(partial(life.actor.handle, envelope.message), envelope)
        except BaseException as error:  # noqa: BLE001  # a turn meets any error here, only here
            self._crashed(life, error, envelope)

    @staticmethod
    def _current(life: Life, mark: tuple[Life, Timer | None]) -> bool:
        owner, timer = mark
        return owner is life and (timer is None or not timer.canceled)

    def start(self) -> None:
        """Command: begins the next incarnation."""
        self.incarnation += 1
        try:
            life = Life(self, self.incarnation, self.runtime.next_seed())
        except BaseException as error:  # noqa: BLE001  # a factory that raises is a failed start
            self._crashed(None, error, None)
            return
        self.life = life
        try:
            life.turn(life.actor.on_start, None)
        except BaseException as error:  # noqa: BLE001  # on_start is a turn like any other
            self._crashed(life, error, None)
            return
        self.renotify()
        self.runtime.supervise(partial(self.runtime.supervision.started, self))

    def stop(self) -> None:
        """Command: ends this incarnation in order, after the mail that is there."""
        if self.life is None:
            self.runtime.supervise(partial(self.runtime.supervision.stopped, self))
            return
        self.life.stopping = True
        self.mailbox.wake()

    def _end(self, life: Life) -> None:
        try:
            life.turn(life.actor.on_stop, None)
        except BaseException as error:  # noqa: BLE001  # an on_stop that raises is a crash
            self._crashed(life, error, None)
            return
        self.life = None
        self.runtime.supervise(partial(self.runtime.supervision.stopped, self))

    def _crashed(self, life: Life | None, error: BaseException, envelope: Envelope | None) -> None:
        if life is not None and life.fenced:
            return
        self.life = None
        self.last_error = f"{type(error).__name__}: {error}"
        if envelope is not None:
            self.runtime.bury(self.address, envelope, Fate.POISON, self.last_error)
        self.runtime.supervise(partial(self.runtime.supervision.crashed, self, error))
