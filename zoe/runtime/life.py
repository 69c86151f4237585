"""Life: one incarnation of an actor, and what its turn wants to have done."""

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs

from zoe.runtime.actor import Actor, Timer
from zoe.runtime.address import Address
from zoe.runtime.message import Envelope, Fate, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Child

if TYPE_CHECKING:
    from zoe.runtime.cell import Cell

LONGEST_TIMER_SECONDS: Final = 10 * 366 * 86_400.0


@attrs.frozen
class Origin:
    """What began an incarnation: its first messages inherit these ids.

    Attributes:
        causation_id: The message that had a child started, or that crashed the incarnation before;
            None at a root.
    """

    correlation_id: int
    causation_id: int | None = None
    anchor: int | None = None


class Life:
    """One incarnation: its actor, and what its turn wants to have done."""

    def __init__(self, cell: "Cell", incarnation: int, origin: Origin) -> None:
        self.cell = cell
        self.runtime = cell.runtime
        self.incarnation = incarnation
        self.origin = origin
        #: Cut off: nothing it says is heard.
        self.fenced = False
        self.holding = False
        #: Set by a stop: what the mailbox will have given when all that was there is handled.
        self.stops_at: int | None = None
        #: Outcomes of offloaded calls that have not come yet.
        self.awaited = 0
        #: What is being handled. Here and not with the actor: so every turn of every actor finds it
        #: in the same place, which the interpreter then knows.
        self.envelope: Envelope | None = None
        #: What the present turn wants, in two lists: mail, and everything else.
        self.mail: list[tuple[Address, Envelope]] = []
        self.effects: list[Callable[[], None]] = []
        #: Message id of the nearest journalled ancestor of what is told next.
        self.anchor: int | None = None
        self._next_id = self.runtime.next_id
        self._now_ns = self.runtime.clock.monotonic_ns
        self._seed = self.runtime.next_seed()
        self._rng: random.Random | None = None
        self.actor = self._make()
        #: Has the actor handle one message, of which ``envelope`` and ``anchor`` are set before.
        self.handle = self.actor.handle

    def _make(self) -> Actor:
        actor = self.cell.child.factory()
        actor.me = self.cell.address
        actor.clock = self.runtime.clock
        actor.incarnation = self.incarnation
        actor.birth = self.runtime.next_id()
        actor._life = self
        # A turn makes some of these calls, and each is a call less than by the actor's class.
        actor.tell = self.tell
        actor.tell_because_of = self.tell_because_of
        actor.tell_in_passing = self.tell_in_passing
        actor.find = self.runtime.find
        return actor

    @property
    def rng(self) -> random.Random:
        """See Actor.rng; made when first used, since most actors never do."""
        # Not a cached_property: that makes a dict of an incarnation's own, and every turn of every
        # other actor finds its attributes slower where some have one.
        if self._rng is None:
            self._rng = random.Random(self._seed)
        return self._rng

    # One turn; whoever calls these decides afterwards whether its effects happen.

    def begin(self) -> None:
        """Runs the actor's ``on_start``."""
        self.anchor = self.origin.anchor
        self.actor.on_start()

    def end(self) -> None:
        """Runs the actor's ``on_stop``."""
        self.origin = Origin(self._next_id())
        self.anchor = None
        self.actor.on_stop()

    def commit(self) -> None:
        """Makes the turn's effects happen: mail first, then the rest, each in order."""
        if self.mail:
            mail, self.mail = self.mail, []
            runtime = self.runtime
            for to, envelope in mail:
                mailbox = to.mailbox
                # As Runtime.deliver does it, which would cost a call more for every message.
                if runtime.witness is not None or not mailbox.open:
                    runtime.deliver(to, envelope)
                elif not mailbox.put(envelope):
                    runtime.bury(to, envelope, Fate.OVERFLOW, None)
                elif not to.mailbox.open:
                    runtime.divert(to)
        if self.effects:
            effects, self.effects = self.effects, []
            for effect in effects:
                effect()

    def spread(self) -> Origin:
        """The ids that what begins in this turn inherits."""
        handled = self.envelope
        if handled is None:
            origin = self.origin
            return Origin(origin.correlation_id, origin.causation_id, self.anchor)
        return Origin(handled.correlation_id, handled.message_id, self.anchor)

    def _envelope(self, message: Message, life: Any = None) -> Envelope:
        handled = self.envelope
        number = self._next_id()
        if handled is None:
            root, cause = self.origin.correlation_id, self.origin.causation_id
        else:
            root, cause = handled.correlation_id, handled.message_id
        envelope = Envelope(
            message, number, root, cause, self.anchor, self.cell.address, self._now_ns(), life
        )
        if message.anchors:
            self.anchor = number
        return envelope

    # What an actor may want

    def tell(self, to: Address, message: Message) -> None:
        """See Actor.tell."""
        assert isinstance(to, Address), f"{to!r} is no address"
        # As _envelope does it, which would cost a tenth of all that a turn costs.
        handled, number = self.envelope, self._next_id()
        if handled is None:
            root, cause = self.origin.correlation_id, self.origin.causation_id
        else:
            root, cause = handled.correlation_id, handled.message_id
        envelope = Envelope(
            message, number, root, cause, self.anchor, self.cell.address, self._now_ns()
        )
        self.mail.append((to, envelope))
        if message.anchors:
            self.anchor = number

    def tell_in_passing(self, to: Address, message: Message) -> None:
        """See Actor.tell_in_passing."""
        self.tell(to, message)
        # Of an actor with a thread of its own, whoever hears the rest of its mail may be quicker.
        if self.cell.child.dispatcher is not None:
            self.effects.append(partial(self.runtime.deliver_in_passing, *self.mail.pop()))

    def tell_because_of(self, cause: Envelope, to: Address, message: Message) -> None:
        """See Actor.tell_because_of."""
        assert isinstance(to, Address), f"{to!r} is no address"
        anchor = cause.message_id if cause.message.anchors else cause.anchor
        number, root = self._next_id(), cause.correlation_id
        envelope = Envelope(
            message, number, root, cause.message_id, anchor, self.cell.address, self._now_ns()
        )
        self.mail.append((to, envelope))

    def reply(self, message: Message) -> None:
        """See Actor.reply."""
        handled = self.envelope
        assert handled is not None, "there is nothing to reply to"
        if handled.slot is not None:
            self.effects.append(partial(handled.slot.answer, message))
        elif handled.sender is not None:
            self.tell(handled.sender, message)

    def after(self, seconds: float, message: Message) -> Timer:
        """See Actor.after."""
        assert 0 <= seconds <= LONGEST_TIMER_SECONDS, f"a timer of {seconds} s"
        timer = Timer()
        envelope = self._envelope(message, (self, timer))
        ring = partial(self._ring, timer, envelope)
        self.effects.append(partial(self.runtime.call_later, seconds, ring))
        return timer

    def _ring(self, timer: Timer, envelope: Envelope) -> None:
        if not timer.canceled:
            self._deliver_own(envelope)

    def offload(
        self, call: Callable[[], Any], reply: Callable[[Outcome[Any]], Message], lane: str
    ) -> None:
        """See Actor.offload."""
        envelope = self._envelope(Message(), (self, None))
        self.effects.append(partial(self._submit, lane, call, partial(self._came, reply, envelope)))

    def _submit(
        self, lane: str, call: Callable[[], Any], came: Callable[[Outcome[Any]], None]
    ) -> None:
        self.awaited += 1
        self.runtime.submit(lane, call, came)

    def _came(
        self, reply: Callable[[Outcome[Any]], Message], envelope: Envelope, outcome: Outcome[Any]
    ) -> None:
        """An outcome is there, on the lane's thread."""
        try:
            envelope.message = reply(outcome)
        except BaseException as error:  # noqa: BLE001  # the actor's own code: the actor crashes
            self.cell.command(partial(self.cell.fail, self, error))
            return
        self._deliver_own(envelope)

    def _deliver_own(self, envelope: Envelope) -> None:
        # Whether it is still wanted is looked at once more when it is handled.
        if self.cell.life is self:
            envelope.sent_ns = self._now_ns()
            self.runtime.deliver(self.cell.address, envelope)

    def wants(self, mark: "tuple[Life, Timer | None]") -> bool:
        """Whether this incarnation handles a timer's or an outcome's message."""
        owner, timer = mark
        if owner is not self:
            return False
        if timer is None:
            self.awaited -= 1
            return True
        return not timer.canceled

    def hold(self) -> None:
        """See Actor.hold."""
        self.holding = True

    def release(self) -> None:
        """See Actor.release."""
        self.holding = False

    def spawn(self, child: Child) -> Address:
        """See Actor.spawn."""
        supervision = self.runtime.supervision
        wish = partial(supervision.spawn, self, child, self.spread())
        self.effects.append(partial(self.runtime.supervise_soon, wish))
        return self.runtime.find(f"{self.cell.address.name}/{child.name}")

    def stop_child(self, name: str) -> None:
        """See Actor.stop_child."""
        wish = partial(self.runtime.supervision.stop_child, self.cell, name)
        self.effects.append(partial(self.runtime.supervise, wish))

    def retire(self) -> None:
        """See Actor.retire."""
        wish = partial(self.runtime.supervision.retire, self.cell)
        self.effects.append(partial(self.runtime.supervise, wish))

    def exit_process(self, code: int, reason: str) -> None:
        """See Actor.exit_process."""
        self.effects.append(partial(self.runtime.shutdown, code, reason))
