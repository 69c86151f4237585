"""Messages of the Gateway: the private side of the exchange."""

import enum
from typing import Any, ClassVar

import attrs

from zoe.domain.order import Fact, Order
from zoe.domain.sighting import Sighting
from zoe.runtime.address import Address
from zoe.runtime.message import Message


class Failure(enum.Enum):
    """Why a call has no result (the taxonomy of domain/errors.py)."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"
    NOT_UNDERSTOOD = "not_understood"


@attrs.frozen
class PrivateCall(Message):
    """One private REST call; they leave one at a time, nonces in order.

    Attributes:
        operation: One of the operations of ports/venue.py.
        of_look: Whether doubts may wait for it: it goes before what can wait, and takes the place
            of a call of another look of the same asker that has not left.
    """

    ref: int
    operation: Any
    reply_to: Address
    of_look: bool = False


@attrs.frozen
class PrivateAnswered(Message):
    """What came of a PrivateCall: a result, or a failure with the exchange's words.

    Attributes:
        sent_ns: When it left (wall time), 0 where that is not known.
    """

    ref: int
    result: Any
    failure: Failure | None = None
    code: str | None = None
    sent_ns: int = 0


class Sent(enum.Enum):
    """What became of a request on the private socket."""

    __hash__ = object.__hash__  # members are single; Enum's own hash is Python, and slow

    ACCEPTED = "accepted"
    REFUSED = "refused"
    THROTTLED = "throttled"
    NOT_SENT = "not_sent"
    LOST = "lost"


@attrs.frozen
class SendAdd(Message):
    """Send this order; it is durable in SENDING. Never sent twice."""

    order: Order
    reply_to: Address


@attrs.frozen
class PrepareAdd(Message):
    """This order is on its way to the store, and is to be sent when it is durable: word the request."""

    order: Order


@attrs.frozen
class SendAmend(Message):
    """Send the amend of this order; it is durable. Never sent twice."""

    order: Order
    reply_to: Address


@attrs.frozen
class SendCancel(Message):
    """Send a cancel for this order; harmless when repeated."""

    order: Order
    reply_to: Address


@attrs.frozen
class SendCancelAll(Message):
    """Cancel every open order of the account, those placed by hand too; not answered."""


@attrs.frozen
class SendDeadMan(Message):
    """Have the exchange cancel all orders after ``timeout_seconds``, 0: never. Answered by
    CancelSettled; harmless when repeated, since each one begins the time anew."""

    timeout_seconds: int
    reply_to: Address


@attrs.frozen(weakref_slot=False)
class AddSettled(Message):
    """What is known of an add.

    Attributes:
        facts: What the order's first reports say, where they came with the answer: they were said
            before it.
    """

    outcome: Sent
    order_id: str | None = None
    reason: str | None = None
    facts: tuple[Fact, ...] = ()


@attrs.frozen
class AmendSettled(Message):
    """What is known of an amend, by its number; the order's own stream tells of its effect."""

    outlives: ClassVar[bool] = True  # the report of an order's end may come first

    number: int
    outcome: Sent
    reason: str | None = None


@attrs.frozen
class CancelSettled(Message):
    """What is known of a cancel; the order's own stream says when it is gone."""

    outlives: ClassVar[bool] = True  # the report of an order's end may come first

    outcome: Sent
    reason: str | None = None


@attrs.frozen
class OrderSighted(Message):
    """A report about an order, by the stream or by a look; for OrderDesk, or the order itself."""

    sighting: Sighting


@attrs.frozen
class OrdersListed(Message):
    """What a list of the exchange shows, or what it said at once, order by order."""

    sightings: tuple[Sighting, ...]


@attrs.frozen
class LatchWanted(Message):
    """The Gateway has (re)started with its latch closed and asks what it should be."""


@attrs.frozen
class ExchangeClockMeasured(Message):
    """Offset of the exchange's clock from ours and its error bound, in nanoseconds."""

    offset_ns: int
    bound_ns: int
    measured_ns: int
