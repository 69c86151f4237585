"""Messages of the RateLimiter: permits are leases."""

from decimal import Decimal

import attrs

from zoe.domain.ratelimit import Action
from zoe.runtime.address import Address
from zoe.runtime.message import Message


@attrs.frozen
class RequestPermit(Message):
    """Ask leave to act on a pair's engine counter.

    Attributes:
        ref: Comes back with the answer.
        age_ns: The order's age, None for an add.
    """

    ref: str
    action: Action
    pair: str
    age_ns: int | None
    reply_to: Address


@attrs.frozen
class PermitGranted(Message):
    """Go, before ``expires_ns`` (monotonic); the counter has been charged."""

    ref: str
    action: Action
    expires_ns: int


@attrs.frozen
class CounterReported(Message):
    """The exchange's own engine counter of a pair."""

    pair: str
    value: Decimal


@attrs.frozen
class ReportBudget(Message):
    """Tell the sender the state of both counters (``BudgetReported``)."""


@attrs.frozen
class BudgetReported(Message):
    """Both counters: JSON text, as ``zoe status`` shows it."""

    text: str
