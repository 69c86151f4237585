"""A person's wish for an order, read from the texts of a command line."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.ids import id_number
from zoe.domain.order import Intent, OrderType, Side, TimeInForce
from zoe.domain.quantity import Price, Quantity

#: The source of intents that a person gave.
PERSON: Final = "person"
MOST_DIGITS: Final = 30

Params = Mapping[str, str | bool | None]


def read(params: Params, intent_id: str, catalog: Catalog | None, decision: str | None) -> Intent:
    """The intent that a person's parameters describe.

    Args:
        params: pair, side, quantity or notional, limit_price (none: a market order),
            time_in_force, post_only.
        intent_id: The idempotency key, as UUID text.

    Raises:
        ValueError: A parameter is missing or makes no sense.
    """
    name = str(params.get("pair") or "")
    instrument = None if catalog is None else catalog.find(name)
    limit = positive(params, "limit_price")
    quantity = positive(params, "quantity") or _from_notional(params, instrument, limit)
    return Intent(
        intent_id=intent_id,
        source=PERSON,
        slot=None,
        # Risk refuses a pair that nobody knows.
        pair=name if instrument is None else instrument.symbol,
        side=Side(params.get("side")),
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=Quantity(quantity),
        limit_price=None if limit is None else Price(limit),
        time_in_force=TimeInForce(params.get("time_in_force") or "gtc"),
        post_only=bool(params.get("post_only")),
        decision=decision,
    )


def _from_notional(params: Params, instrument: Instrument | None, limit: Decimal | None) -> Decimal:
    """Quantity = notional / price, rounded down to the lot step."""
    notional = positive(params, "notional")
    if notional is None or limit is None or instrument is None:
        raise ValueError("quantity is needed, or notional together with a limit price")
    return instrument.round_quantity_down(notional / limit)


def positive(params: Params, name: str) -> Decimal | None:
    """A parameter as a number greater than 0; None where it is not given.

    Raises:
        ValueError: It is anything else.
        ArithmeticError: It is no number.
    """
    value = params.get(name)
    if value is None:
        return None
    number = Decimal(str(value))
    if not number.is_finite() or number <= 0:
        raise ValueError(f"{name} must be a number greater than 0, not {value}")
    if abs(number.adjusted()) > MOST_DIGITS or len(number.as_tuple().digits) > MOST_DIGITS:
        # Written out in full, such a number would take all memory.
        raise ValueError(f"{name} has more than {MOST_DIGITS} digits")
    return number


def same_id(one: str, other: str) -> bool:
    """Whether two ids mean the same order: UUIDs in any spelling, others as they are."""
    number = id_number(one)
    return one == other or (number is not None and number == id_number(other))
