"""What travels: messages, the envelopes round them, and letters that nobody handled."""

import enum
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import attrs

if TYPE_CHECKING:
    from zoe.runtime.address import Address


class Lane(enum.Enum):
    """How a message queues; it belongs to the type, never to the sender."""

    CONTROL = "control"
    ORDERED = "ordered"
    LATEST = "latest"


class Message:
    """Base of every message; subclasses are frozen attrs classes of plain values."""

    __slots__ = ()
    lane: ClassVar[Lane] = Lane.ORDERED
    #: False keeps high-rate messages out of traces.
    traced: ClassVar[bool] = True
    #: True makes this message the anchor of what is sent after it, and of what handles it.
    anchors: ClassVar[bool] = False
    #: True: it may come after whom it is for has rightly ended, and tells it nothing that matters then.
    outlives: ClassVar[bool] = False

    @property
    def key(self) -> Hashable:
        """What a LATEST message replaces: the newest of each (type, key) stays."""
        return None

    def over(self, older: Any) -> "Message":
        """What stands where a LATEST message takes the place of an older one: as a rule itself."""
        return self


class ReplySlot(Protocol):
    """Where the answer to an ``ask`` goes."""

    def answer(self, message: Message) -> None:
        """Hands the answer over."""

    def fail(self, reason: str) -> None:
        """Says that there will be none."""


@attrs.define(slots=True, eq=False)
class Envelope:
    """A message on its way.

    Attributes:
        correlation_id: The root cause; inherited by all that follows from it.
        causation_id: The message being handled when this one was sent; None at a root.
        anchor: Message id of the nearest journalled ancestor.
        sent_ns: Monotonic time of sending.
        life: For timers and outcomes: the incarnation they belong to.
    """

    message: Message
    message_id: int
    correlation_id: int
    causation_id: int | None
    anchor: int | None
    sender: "Address | None"
    sent_ns: int
    life: Any = None
    slot: ReplySlot | None = None


class Fate(enum.Enum):
    """Why a message was never handled."""

    POISON = "poison"
    CLOSED = "closed"
    OVERFLOW = "overflow"
    RETIRED = "retired"
    SHUTDOWN = "shutdown"
    FENCED = "fenced"


#: Fates of mail for whom no longer is; the others lose what somebody needs.
_NOBODY_THERE: Final = frozenset({Fate.CLOSED, Fate.RETIRED})


@attrs.frozen
class DeadLetter:
    """A message that was refused, or that crashed its actor."""

    envelope: Envelope
    recipient: str
    reason: Fate
    error: str | None = None

    @property
    def expected(self) -> bool:
        """Whether it only came too late, as its kind may."""
        return self.envelope.message.outlives and self.reason in _NOBODY_THERE
