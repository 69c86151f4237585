"""What it takes to close positions: orders that take what the book offers within the collar, each
small enough for the limits, and a reason for whatever is left.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.exposure import ZERO, Reference
from zoe.domain.order import Side
from zoe.domain.quantity import Price
from zoe.domain.risk import Limits, collar

#: How much of a limit is used, since the market moves before risk judges the order.
HEADROOM: Final = Decimal("0.9")


@attrs.frozen
class Wanted:
    """A position to be closed.

    Attributes:
        name: The pair, or the asset where no pair is known.
        quantity: Greater than 0 to be sold, less than 0 to be bought back.
        funds: What can be spent: of the base asset for a sale, of the quote currency for a purchase.
    """

    name: str
    instrument: Instrument | None
    quantity: Decimal
    reference: Reference | None
    funds: Decimal


@attrs.frozen
class Step:
    """One order, immediate or canceled, or so many that are alike.

    Attributes:
        quantity: Of each.
    """

    pair: str
    side: Side
    quantity: Decimal
    limit_price: Price
    times: int = 1


@attrs.frozen
class Left:
    """What stays open, and why.

    Attributes:
        small: It is less than an order may be: nothing can be done about it.
    """

    name: str
    quantity: Decimal
    reason: str
    small: bool = False


@attrs.frozen
class Plan:
    """What would be done, in order."""

    steps: tuple[Step, ...] = ()
    left: tuple[Left, ...] = ()


def plan(wanted: Iterable[Wanted], limits: Limits) -> Plan:
    """The orders that close what can be closed."""
    steps: list[Step] = []
    left: list[Left] = []
    for position in wanted:
        found = _close(position, limits)
        if isinstance(found, str):
            left.append(Left(position.name, position.quantity, found))
        else:
            steps += found[0]
            left += found[1]
    return Plan(tuple(steps), tuple(left))


def _close(position: Wanted, limits: Limits) -> str | tuple[list[Step], list[Left]]:
    instrument = position.instrument
    if instrument is None:
        return f"no pair with {limits.currency} that the desk watches (desk.focus)"
    side = Side.SELL if position.quantity > 0 else Side.BUY
    reference = position.reference
    opposite = None if reference is None else reference.opposite(side)
    if reference is None or opposite is None:
        return "no live quote"
    if reference.age_ns > limits.max_quote_age_ms * 1_000_000:
        return f"the quote is {reference.age_ns // 1_000_000} ms old"
    price = _price(opposite, side, instrument, limits)
    dearest = max(price.value, opposite.value)
    spendable = position.funds if side is Side.SELL else position.funds / price.value
    size = min(abs(position.quantity), max(spendable, ZERO))
    most = instrument.quantity_worth(limits.max_order_notional * HEADROOM, dearest)
    steps = _cut(instrument, side, price, size, most)
    done = sum((step.quantity * step.times for step in steps), ZERO)
    rest = abs(position.quantity) - done
    if not rest:
        return steps, []
    signed = rest if side is Side.SELL else -rest
    if rest < instrument.qty_min or rest * price.value < instrument.cost_min:
        return steps, [Left(position.name, signed, "less than an order may be", small=True)]
    why = instrument.check_order(most, price.value) or "the account holds less"
    return steps, [Left(position.name, signed, why)]


def _price(opposite: Price, side: Side, instrument: Instrument, limits: Limits) -> Price:
    """A little inside the collar's edge, since the market moves before risk judges the order."""
    edge = collar(opposite, side, limits).value
    inside = opposite.value + (edge - opposite.value) * HEADROOM
    return Price(instrument.round_price(inside, "down" if side is Side.BUY else "up"))


def _cut(
    instrument: Instrument, side: Side, price: Price, size: Decimal, most: Decimal
) -> list[Step]:
    """Orders of at most ``most`` that together are ``size``."""
    steps: list[Step] = []
    full = int(size // most) if most else 0
    rest = instrument.round_quantity_down(size - full * most)
    for quantity, times in ((most, full), (rest, 1)):
        if times and instrument.check_order(quantity, price.value) is None:
            steps.append(Step(instrument.symbol, side, quantity, price, times))
    return steps
