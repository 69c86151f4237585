"""Actor: state, and one message at a time.

A turn is atomic: what an actor tells, arms, offloads or spawns while it handles a message happens
when the handler returns, and not at all when it raises.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from zoe.runtime.address import Address
from zoe.runtime.clock import Clock
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Child

if TYPE_CHECKING:
    from zoe.runtime.life import Life

T = TypeVar("T")


class Timer:
    """A message to come; belongs to the incarnation that armed it."""

    __slots__ = ("canceled",)

    def __init__(self) -> None:
        self.canceled = False

    def cancel(self) -> None:
        """Takes it back, also when it is queued already."""
        self.canceled = True


class Actor:
    """Base of every actor; its constructor takes plain values only.

    Attributes:
        incarnation: Which life of its cell this is, from 1; a child that was stopped and is begun
            again under its old name counts anew.
        birth: A number that no other incarnation of the process has, of whatever name.
        tell: Sends when the turn ends well; never blocks.
        tell_because_of: Sends what an earlier message asked for: caused by it, not by the one being
            handled.
        tell_in_passing: Sends what nobody waits for: by itself it wakes nobody while anything else is
            under way. It stands in line from the end of the turn on, ahead of what follows from the
            turn's mail.
        find: The address of a name, whether or not its actor lives yet.
    """

    me: Address
    clock: Clock
    incarnation: int = 0
    birth: int = 0
    tell: Callable[[Address, Message], None]
    tell_because_of: Callable[[Envelope, Address, Message], None]
    tell_in_passing: Callable[[Address, Message], None]
    find: Callable[[str], Address]
    _life: "Life"

    @property
    def envelope(self) -> Envelope | None:
        """The message being handled, None while starting and stopping."""
        return self._life.envelope

    @property
    def rng(self) -> random.Random:
        """Randomness of this incarnation's own; under a seeded scheduler it follows from the seed."""
        return self._life.rng

    def on_start(self) -> None:
        """Called first in every incarnation."""

    def handle(self, message: Any) -> None:
        """Handles one message; whatever it raises ends this incarnation."""
        raise NotImplementedError

    def on_stop(self) -> None:
        """Called last in an ordered stop, not after a crash."""

    def idle(self) -> bool:
        """Whether an ordered stop may end now; looked at after each message.

        The runtime itself waits for the mail that was there and for outcomes of ``offload``: this is
        for what stands in the actor's own state, such as rows that wait for a retry.
        """
        return True

    def reply(self, message: Message) -> None:
        """Answers whoever asked, or tells the sender of the message being handled."""
        self._life.reply(message)

    def after(self, seconds: float, message: Message) -> Timer:
        """Sends ``message`` to this incarnation after ``seconds``."""
        return self._life.after(seconds, message)

    def offload(
        self, call: Callable[[], T], reply: Callable[[Outcome[T]], Message], *, lane: str
    ) -> None:
        """Runs ``call`` on the lane's thread; its outcome comes back as a message."""
        self._life.offload(call, reply, lane)

    def has_mail(self) -> bool:
        """Whether mail waits behind the message being handled."""
        return not self.me.mailbox.is_empty()

    def hold(self) -> None:
        """From here on only CONTROL mail is handled; all else waits in order."""
        self._life.hold()

    def release(self) -> None:
        """Ends ``hold``."""
        self._life.release()

    def spawn(self, child: Child) -> Address:
        """Starts a child when the turn ends well, or a moment later; it ends with its parent."""
        return self._life.spawn(child)

    def stop_child(self, name: str) -> None:
        """Stops a child in order, and forgets it."""
        self._life.stop_child(name)

    def retire(self) -> None:
        """Ends this actor in order, for good."""
        self._life.retire()

    def exit_process(self, code: int, reason: str) -> None:
        """Stops the whole tree in order, then ends the process with ``code``."""
        self._life.exit_process(code, reason)
