"""Risk: what an intent must not break, and what is reserved while it may still be executed."""

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.order import Intent, Side
from zoe.domain.quantity import Price

BPS: Final = Decimal(10_000)


class TradingState(enum.Enum):
    """What the desk may do."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Code(enum.Enum):
    """Why an intent was approved or denied; stable, for programs to read."""

    APPROVED = "APPROVED"
    NOT_READY = "NOT_READY"
    TRADING_HALTED = "TRADING_HALTED"
    REDUCING_ONLY = "REDUCING_ONLY"
    UNKNOWN_PAIR = "UNKNOWN_PAIR"
    INSTRUMENT_RULE = "INSTRUMENT_RULE"
    DUPLICATE_INTENT = "DUPLICATE_INTENT"
    NO_QUOTE = "NO_QUOTE"
    STALE_QUOTE = "STALE_QUOTE"
    PRICE_COLLAR = "PRICE_COLLAR"
    ORDER_NOTIONAL = "ORDER_NOTIONAL"
    PAIR_NOTIONAL = "PAIR_NOTIONAL"
    OPEN_ORDERS = "OPEN_ORDERS"
    ORDER_RATE = "ORDER_RATE"


@attrs.frozen
class Limits:
    """The limits of conf/zoe.toml, section ``risk``; notionals in each pair's quote currency.

    Attributes:
        price_collar_bps: How far beyond the best opposite price a limit may reach.
    """

    max_order_notional: Decimal = Decimal(5_000)
    max_pair_notional: Decimal = Decimal(50_000)
    max_open_orders: int = 50
    max_orders_per_minute: int = 300
    price_collar_bps: int = 200
    max_quote_age_ms: int = 5_000


@attrs.frozen
class Reference:
    """The fresh quote that an intent is held against."""

    bid: Price | None
    ask: Price | None
    age_ns: int

    def opposite(self, side: Side) -> Price | None:
        """The price that an order of this side would meet."""
        return self.ask if side is Side.BUY else self.bid


@attrs.frozen
class Verdict:
    """Approved, or the first limit that an intent breaks, with values."""

    code: Code
    values: tuple[tuple[str, str], ...] = ()

    @property
    def approved(self) -> bool:
        """Whether the intent may go on."""
        return self.code is Code.APPROVED


@attrs.frozen
class Reservation:
    """What an order may still cost, all filled and all still open."""

    intent_id: str
    pair: str
    side: Side
    notional: Decimal


class Exposures:
    """Reservations of every order that is not concluded."""

    def __init__(self) -> None:
        self._held: dict[str, Reservation] = {}

    def __contains__(self, intent_id: str) -> bool:
        return intent_id in self._held

    def get(self, intent_id: str) -> Reservation | None:
        """What is held for an order, None where nothing is."""
        return self._held.get(intent_id)

    def reserve(self, reservation: Reservation) -> None:
        """Holds an order's worst case."""
        self._held[reservation.intent_id] = reservation

    def release(self, intent_id: str) -> None:
        """Lets go of an order that is concluded, or was never sent."""
        self._held.pop(intent_id, None)

    def pair_notional(self, pair: str) -> Decimal:
        """The sum of a pair's reservations."""
        return sum((r.notional for r in self._held.values() if r.pair == pair), Decimal(0))

    def open_orders(self, pair: str) -> int:
        """How many orders of a pair are held."""
        return sum(1 for r in self._held.values() if r.pair == pair)


def deny(code: Code, **values: object) -> Verdict:
    """A denial with its values."""
    return Verdict(code, tuple((name, str(value)) for name, value in values.items()))


def notional_of(intent: Intent, reference: Reference | None) -> Decimal:
    """Price times quantity; a market order counts at the price that it would meet."""
    price = intent.limit_price
    if price is None and reference is not None:
        price = reference.opposite(intent.side)
    return Decimal(0) if price is None else price.value * intent.quantity.value


def assess(
    limits: Limits,
    state: TradingState,
    intent: Intent,
    reference: Reference | None,
    exposures: Exposures,
    *,
    recent_orders: int,
) -> Verdict:
    """Approves an intent, or names the first limit that it breaks.

    Args:
        recent_orders: Orders approved in the last minute.
    """
    if state is TradingState.HALTED:
        return deny(Code.TRADING_HALTED)
    if state is TradingState.REDUCING and intent.side is Side.BUY:
        return deny(Code.REDUCING_ONLY)
    if intent.intent_id in exposures:
        return deny(Code.DUPLICATE_INTENT, intent_id=intent.intent_id)
    against_quote = _quote_limits(limits, intent, reference)
    if against_quote is not None:
        return against_quote
    return _size_limits(limits, intent, reference, exposures, recent_orders)


def _quote_limits(limits: Limits, intent: Intent, reference: Reference | None) -> Verdict | None:
    if reference is None:
        return deny(Code.NO_QUOTE, pair=intent.pair)
    if reference.age_ns > limits.max_quote_age_ms * 1_000_000:
        age_ms = reference.age_ns // 1_000_000
        return deny(Code.STALE_QUOTE, age_ms=age_ms, limit_ms=limits.max_quote_age_ms)
    opposite = reference.opposite(intent.side)
    if opposite is None:
        return deny(Code.NO_QUOTE, pair=intent.pair, side=intent.side.value)
    if intent.limit_price is None:
        return None
    reach = limits.price_collar_bps / BPS
    price = intent.limit_price.value
    too_high = intent.side is Side.BUY and price > opposite.value * (1 + reach)
    too_low = intent.side is Side.SELL and price < opposite.value * (1 - reach)
    if too_high or too_low:
        return deny(Code.PRICE_COLLAR, price=price, against=opposite, bps=limits.price_collar_bps)
    return None


def _size_limits(
    limits: Limits,
    intent: Intent,
    reference: Reference | None,
    exposures: Exposures,
    recent_orders: int,
) -> Verdict:
    notional = notional_of(intent, reference)
    pair_notional = exposures.pair_notional(intent.pair) + notional
    open_orders = exposures.open_orders(intent.pair) + 1
    checks: Mapping[Code, tuple[Decimal | int, Decimal | int]] = {
        Code.ORDER_NOTIONAL: (notional, limits.max_order_notional),
        Code.PAIR_NOTIONAL: (pair_notional, limits.max_pair_notional),
        Code.OPEN_ORDERS: (open_orders, limits.max_open_orders),
        Code.ORDER_RATE: (recent_orders + 1, limits.max_orders_per_minute),
    }
    for code, (value, limit) in checks.items():
        if value > limit:
            return deny(code, value=value, limit=limit)
    return Verdict(Code.APPROVED, (("notional", str(notional)),))
