"""Messages of the RateLimiter: permits are leases."""

from decimal import Decimal
from typing import ClassVar, Final

import attrs

from zoe.domain.quick import quick
from zoe.domain.ratelimit import Action, Room
from zoe.runtime.address import Address
from zoe.runtime.message import Lane, Message


@attrs.frozen(weakref_slot=False)
class RequestPermit(Message):
    """Ask leave to act on a pair's engine counter.

    Attributes:
        ref: Names the order; comes back with the answer.
        age_ns: The order's age, None for an add.
    """

    ref: str
    action: Action
    pair: str
    age_ns: int | None
    reply_to: Address


#: Its constructor for where it is made by the thousand.
quick_request: Final = quick(RequestPermit)


@attrs.frozen(weakref_slot=False)
class PermitGranted(Message):
    """Go, before ``expires_ns`` (monotonic); the counter has been charged."""

    ref: str
    action: Action
    expires_ns: int


@attrs.frozen
class OrderEnded(Message):
    """An order is concluded: its cancel need not be provided for any more."""

    ref: str
    pair: str


@attrs.frozen
class OrderAged(Message):
    """An order was made or amended so long ago, or a little longer: its age begins there."""

    ref: str
    pair: str
    age_ns: int = 0


@attrs.frozen
class WatchBudget(Message):
    """Tell the sender the room of each pair now, and whenever something is spent; may be repeated,
    since a restart forgets it."""


@attrs.frozen(weakref_slot=False)
class BudgetChanged(Message):
    """What a pair's counter leaves for adds and amends."""

    lane: ClassVar[Lane] = Lane.LATEST
    pair: str
    room: Room

    @property
    def key(self) -> str:
        """One pair: a newer message replaces an older one."""
        return self.pair


@attrs.frozen(weakref_slot=False)
class CounterReported(Message):
    """The exchange's own engine counter of a pair.

    Attributes:
        placed: Orders that were made not later than now: their age begins here.
    """

    pair: str
    value: Decimal
    placed: tuple[str, ...] = ()


@attrs.frozen
class LimitHit(Message):
    """The exchange refused for its limits.

    Attributes:
        pair: Whose engine counter; None for the counter of REST calls.
        retry_after_seconds: As far as the exchange said.
    """

    pair: str | None
    retry_after_seconds: int | None = None


@attrs.frozen
class RestSpent(Message):
    """A private REST call has left; answered by RestHeld where the next one must wait."""

    points: int


@attrs.frozen
class RestHeld(Message):
    """Let private REST calls leave when their counter has room for them, by monotonic time.

    Attributes:
        cheap_ns: Not before, for calls that cost one point.
        dear_ns: Not before, for all others.
        urgent_ns: Not before, for calls that cannot wait for anything but the exchange's refusal.
    """

    cheap_ns: int
    dear_ns: int
    urgent_ns: int


@attrs.frozen
class ReportBudget(Message):
    """Tell the sender the state of both counters (``BudgetReported``)."""


@attrs.frozen
class BudgetReported(Message):
    """Both counters: JSON text, as ``zoe status`` and ``zoe budget`` show them."""

    text: str
