"""Repricing: what one slot does next, from its target and its orders.

A slot with anything on its way, in doubt or being canceled waits: the next order follows only when
the fate, and so the final filled quantity, of the one before is durable.
"""

from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.order import CancelProgress, Side, State
from zoe.domain.quantity import Price, Quantity

_UNSETTLED: Final = frozenset({State.WAITING, State.SENDING, State.PENDING, State.IN_DOUBT})


@attrs.frozen
class Target:
    """What a strategy wants to have in a slot, until ``valid_until_ns`` (wall time).

    Attributes:
        decision: Journal stream and version of the decision it follows from.
    """

    slot: str
    source: str
    pair: str
    side: Side
    price: Price
    quantity: Quantity
    valid_until_ns: int
    decision: str | None = None


@attrs.frozen
class Working:
    """An order of a slot that is not concluded."""

    intent_id: str
    slot: str
    side: Side
    price: Price | None
    remaining: Quantity
    state: State
    cancel: CancelProgress
    since_ns: int


@attrs.frozen
class Add:
    """Place an order for the target."""

    target: Target


@attrs.frozen
class Cancel:
    """Cancel an order; an add follows when it is gone."""

    intent_id: str
    reason: str


@attrs.frozen
class Wait:
    """Nothing to do, and why."""

    reason: str


def decide(
    target: Target | None,
    working: tuple[Working, ...],
    now_ns: int,
    *,
    band: Decimal,
    quantity_band: Decimal,
) -> Add | Cancel | Wait:
    """The next step of one slot.

    Args:
        band: Relative distance in price within which an order is left alone.
        quantity_band: Relative distance in quantity within which an order is left alone.
    """
    if any(order.cancel is not CancelProgress.NONE for order in working):
        return Wait("CANCELING")
    if any(order.state in _UNSETTLED for order in working):
        return Wait("UNSETTLED")
    if target is not None and target.valid_until_ns <= now_ns:
        target = None
    if len(working) > 1:
        youngest = max(working, key=lambda order: (order.since_ns, order.intent_id))
        return Cancel(youngest.intent_id, "second order in the slot")
    if not working:
        return Wait("NOTHING_WANTED") if target is None else Add(target)
    order = working[0]
    if target is None:
        return Cancel(order.intent_id, "no longer wanted")
    if _near(target, order, band, quantity_band):
        return Wait("IN_PLACE")
    return Cancel(order.intent_id, f"wanted {target.quantity} @ {target.price}")


def _near(target: Target, order: Working, band: Decimal, quantity_band: Decimal) -> bool:
    if order.side is not target.side or order.price is None:
        return False
    price_off = abs(order.price.value - target.price.value)
    # A partly filled order keeps its remaining size: only too large a rest is worth a cancel.
    quantity_over = order.remaining.value - target.quantity.value
    return (
        price_off <= target.price.value * band
        and quantity_over <= target.quantity.value * quantity_band
    )
