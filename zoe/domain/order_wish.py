"""A person's wish for an order, read from the texts of a command line."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.ids import id_number
from zoe.domain.order import Intent, OrderType, Side, TimeInForce
from zoe.domain.quantity import NUMBER, Price, Quantity

#: The source of intents that a person gave.
PERSON: Final = "person"
MOST_DIGITS: Final = 30
#: Longer texts are not read at all.
_LONGEST_TEXT: Final = 100
#: The exchange takes nothing that lasts longer.
LONGEST_DAYS: Final = 31
_SECOND_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _SECOND_NS

Params = Mapping[str, str | bool | None]


def read(
    params: Params, intent_id: str, catalog: Catalog | None, decision: str | None, now_ns: int
) -> Intent:
    """The intent that a person's parameters describe.

    Args:
        params: pair, side, quantity or notional, limit_price, stop or take_profit (the price that
            it waits for), time_in_force, expires, post_only, reduce_only.
        intent_id: The idempotency key, as UUID text.
        now_ns: UTC, for times that are told from now.

    Raises:
        ValueError: A parameter is missing or makes no sense.
    """
    name = str(params.get("pair") or "")
    instrument = None if catalog is None else catalog.find(name)
    limit = positive(params, "limit_price")
    trigger = _trigger(params)
    price = limit or (None if trigger is None else trigger.value)
    quantity = positive(params, "quantity") or _from_notional(params, instrument, price)
    return Intent(
        intent_id=intent_id,
        source=PERSON,
        slot=None,
        # Risk refuses a pair that nobody knows.
        pair=name if instrument is None else instrument.symbol,
        side=Side(params.get("side")),
        order_type=order_type(params),
        quantity=Quantity(quantity),
        limit_price=None if limit is None else Price(limit),
        time_in_force=TimeInForce(params.get("time_in_force") or "gtc"),
        post_only=bool(params.get("post_only")),
        decision=decision,
        trigger_price=trigger,
        reduce_only=bool(params.get("reduce_only")),
        expires_ns=_expires_ns(params, now_ns),
    )


def order_type(params: Params) -> OrderType:
    """The type that the prices make of it."""
    limited = params.get("limit_price") is not None
    if params.get("stop") is not None:
        return OrderType.STOP_LOSS_LIMIT if limited else OrderType.STOP_LOSS
    if params.get("take_profit") is not None:
        return OrderType.TAKE_PROFIT_LIMIT if limited else OrderType.TAKE_PROFIT
    return OrderType.LIMIT if limited else OrderType.MARKET


def _trigger(params: Params) -> Price | None:
    stop, take = positive(params, "stop"), positive(params, "take_profit")
    if stop is not None and take is not None:
        raise ValueError("an order waits for one price: give either stop or take_profit")
    trigger = stop or take
    return None if trigger is None else Price(trigger)


def _expires_ns(params: Params, now_ns: int) -> int | None:
    text = params.get("expires")
    if (text is None) != (params.get("time_in_force") != TimeInForce.GTD.value):
        raise ValueError("gtd and the time when it expires need each other")
    return None if text is None else moment_ns(str(text), now_ns)


def moment_ns(text: str, now_ns: int) -> int:
    """UTC nanoseconds of ``+SECONDS`` from now, or of a time such as 2026-12-31T12:00:00Z.

    Raises:
        ValueError: It is neither, or not within the next month.
    """
    if text.startswith("+") and text[1:].isdecimal() and len(text) < 10:
        at_ns = now_ns + int(text[1:]) * _SECOND_NS
    else:
        parsed = _read_time(text)
        if parsed.tzinfo is None:
            raise ValueError(f"{text} has no time zone: end it with Z for UTC")
        at_ns = int(parsed.timestamp()) * _SECOND_NS
    if not now_ns < at_ns <= now_ns + LONGEST_DAYS * _DAY_NS:
        raise ValueError(f"{text} is not within the next {LONGEST_DAYS} days")
    return at_ns


def _read_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as problem:
        raise ValueError(
            f"{text[:40]!r} is neither +SECONDS nor a time such as 2026-12-31T12:00:00Z"
        ) from problem


def same(one: Intent, other: Intent) -> bool:
    """Whether two intents are the same wish: a time told from now is later when asked again."""
    both = one.expires_ns is not None and other.expires_ns is not None
    return one == (attrs.evolve(other, expires_ns=one.expires_ns) if both else other)


def _from_notional(params: Params, instrument: Instrument | None, price: Decimal | None) -> Decimal:
    """Quantity = notional / price, the limit or else what it waits for, rounded down to the lot step."""
    notional = positive(params, "notional")
    if notional is None or price is None or instrument is None:
        raise ValueError("quantity is needed, or notional together with a price")
    return instrument.round_quantity_down(notional / price)


def positive(params: Params, name: str) -> Decimal | None:
    """A parameter as a number greater than 0; None where it is not given.

    Raises:
        ValueError: It is anything else.
    """
    value = params.get(name)
    if value is None:
        return None
    text = str(value)
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"{name} has more than {MOST_DIGITS} digits")
    number = Decimal(text) if NUMBER.fullmatch(text) else None
    if number is None or number <= 0:
        raise ValueError(f"{name} must be a number greater than 0, such as 0.5, not {text[:40]!r}")
    if abs(number.adjusted()) > MOST_DIGITS or len(number.as_tuple().digits) > MOST_DIGITS:
        # Written out in full, such a number would take all memory.
        raise ValueError(f"{name} has more than {MOST_DIGITS} digits")
    return number


def same_id(one: str, other: str) -> bool:
    """Whether two ids mean the same order: UUIDs in any spelling, others as they are."""
    number = id_number(one)
    return one == other or (number is not None and number == id_number(other))
