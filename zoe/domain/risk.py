"""Risk: what an intent must not break. Who may trade at all, and how much, at the worst case."""

import enum
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

import attrs

from zoe.domain.amend import Terms
from zoe.domain.bounds import filled, one_of, within
from zoe.domain.catalog import Catalog
from zoe.domain.exposure import (
    BPS,
    ZERO,
    Exposures,
    Reference,
    Reservation,
    Resting,
)
from zoe.domain.order import Intent, Side
from zoe.domain.positions import Positions
from zoe.domain.quantity import Price, plain
from zoe.domain.quick import quick

#: More than anybody means: a number beyond it is a slip of the finger.
LARGEST: Final = Decimal(10) ** 12

_resting: Final = quick(Resting)


#: How the reason of a REDUCING begins that is there to close positions by hand.
FLATTENING: Final = "flatten "


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
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    INSTRUMENT_RULE = "INSTRUMENT_RULE"
    DUPLICATE_INTENT = "DUPLICATE_INTENT"
    REPEATED_INTENT = "REPEATED_INTENT"
    SLOT_TAKEN = "SLOT_TAKEN"
    NO_QUOTE = "NO_QUOTE"
    STALE_QUOTE = "STALE_QUOTE"
    PRICE_COLLAR = "PRICE_COLLAR"
    ORDER_NOTIONAL = "ORDER_NOTIONAL"
    PAIR_NOTIONAL = "PAIR_NOTIONAL"
    POSITION_NOTIONAL = "POSITION_NOTIONAL"
    ASSET_POSITION = "ASSET_POSITION"
    OPEN_ORDERS = "OPEN_ORDERS"
    OPEN_ORDERS_IN_ALL = "OPEN_ORDERS_IN_ALL"
    ORDER_RATE = "ORDER_RATE"


def _positive(_: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not 0 < value <= LARGEST:
        raise ValueError(
            f"{attribute.name} must be greater than 0 and at most {LARGEST:f}, not {value}"
        )


def _amounts(_: object, attribute: "attrs.Attribute[Any]", texts: tuple[str, ...]) -> None:
    for text in texts:
        words = text.split()
        try:
            fits = len(words) == 2 and 0 < Decimal(words[1]) <= LARGEST
        except InvalidOperation:
            fits = False
        if not fits:
            raise ValueError(f'{attribute.name} takes texts such as "BTC 2.5", not {text!r}')
    names = [text.split()[0] for text in texts]
    if len(set(names)) < len(names):
        raise ValueError(f"{attribute.name} has an asset twice: {', '.join(names)}")


@cache
def _reach(bps: int) -> Decimal:
    return bps / BPS


@attrs.frozen
class Limits:
    """The limits of conf/zoe.toml, section ``risk``; notionals in each pair's quote currency.

    Attributes:
        max_pair_notional: Of a pair's open orders together, both sides.
        max_position_notional: Of what the desk's own fills in a pair came to, were every open
            order on one side filled too; either way.
        max_asset_position: The same in units of an asset over all its pairs: ``BTC 2.5``.
        price_collar_bps: How far beyond the best opposite price a limit may reach.
        duplicate_window_ms: The same wish again within this time is refused; 0: by its id only.
        currency: What equity is counted in.
        max_daily_loss_bps: Of the equity at the beginning of the day (UTC); 0: no limit.
        max_drawdown_bps: Of the highest equity; 0: no limit.
        breaker_state: What the desk enters when one of both is passed.
    """

    max_order_notional: Decimal = attrs.field(default=Decimal(5_000), validator=_positive)
    max_pair_notional: Decimal = attrs.field(default=Decimal(50_000), validator=_positive)
    max_position_notional: Decimal = attrs.field(default=Decimal(250_000), validator=_positive)
    max_asset_position: tuple[str, ...] = attrs.field(default=(), validator=_amounts)
    max_open_orders: int = attrs.field(default=50, validator=within(1, 10_000))
    max_open_orders_in_all: int = attrs.field(default=200, validator=within(1, 100_000))
    max_orders_per_minute: int = attrs.field(default=300, validator=within(1, 1_000_000))
    price_collar_bps: int = attrs.field(default=200, validator=within(0, 5_000))
    max_quote_age_ms: int = attrs.field(default=5_000, validator=within(1, 600_000))
    duplicate_window_ms: int = attrs.field(default=0, validator=within(0, 60_000))
    currency: str = attrs.field(default="USD", validator=filled)
    max_daily_loss_bps: int = attrs.field(default=2_000, validator=within(0, 10_000))
    max_drawdown_bps: int = attrs.field(default=3_000, validator=within(0, 10_000))
    breaker_state: str = attrs.field(default="HALTED", validator=one_of("HALTED", "REDUCING"))

    @property
    def reach(self) -> Decimal:
        """The collar, relative."""
        return _reach(self.price_collar_bps)

    def of_asset(self, asset: str) -> Decimal | None:
        """The limit of an asset's position, None where it has none."""
        for text in self.max_asset_position:
            name, amount = text.split()
            if name == asset:
                return Decimal(amount)
        return None

    def unknown_assets(self, catalog: Catalog) -> tuple[str, ...]:
        """Assets with a limit that no pair has: their limits would never hold."""
        known = {
            asset for pair in catalog.instruments.values() for asset in (pair.base, pair.quote)
        }
        named = (text.split()[0] for text in self.max_asset_position)
        return tuple(name for name in named if name not in known)

    def is_blind(self, catalog: Catalog) -> bool:
        """Whether losses are limited in a currency that nothing can be valued in."""
        limited = self.max_daily_loss_bps or self.max_drawdown_bps
        quotes = {pair.quote for pair in catalog.instruments.values()}
        return bool(limited) and self.currency not in quotes


@attrs.frozen(weakref_slot=False)
class Verdict:
    """Approved, or the first limit that an intent breaks, with values.

    Attributes:
        worst: What was held against the limits on size, of one that keeps them all.
    """

    code: Code
    values: tuple[tuple[str, str], ...] = ()
    worst: Reservation | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def approved(self) -> bool:
        """Whether the intent may go on."""
        return self.code is Code.APPROVED


_verdict: Final = quick(Verdict)


@attrs.frozen(weakref_slot=False)
class Situation:
    """What a verdict on one pair depends on beside the wish.

    Attributes:
        positions: What the desk's own fills came to.
        balances: What the account holds of each asset; None where nobody knows.
        recent_orders: Orders approved in the last minute.
        repeats: An intent just like it that was approved a moment ago.
    """

    limits: Limits
    state: TradingState
    reference: Reference | None
    exposures: Exposures
    positions: Positions = attrs.Factory(Positions)
    balances: Mapping[str, Decimal] | None = None
    recent_orders: int = 0
    repeats: str | None = None


def deny(code: Code, **values: object) -> Verdict:
    """A denial with its values: what was asked, and what the limit is."""
    return Verdict(code, tuple((name, _text(value)) for name, value in values.items()))


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def fresh(intent: Intent) -> Resting:
    """An order that is about to be placed."""
    return _resting(intent, (intent.terms,))


def assess(order: Resting, situation: Situation, *, by_hand: bool = False) -> Verdict:
    """Approves an order that is about to be placed, or names the first limit that it breaks.

    Args:
        by_hand: A person wants it, who may also sell what the desk did not buy while it reduces.
    """
    intent = order.intent
    refusal = _unwanted(intent, situation) or _quote_limits(intent, order.asks[0], situation)
    if refusal is not None:
        return refusal
    worst = order.worst(situation.reference, situation.limits.reach)
    reducing = _reducing(worst, situation, by_hand=by_hand, only=intent.reduce_only)
    return reducing or _size_limits(worst, situation)


def assess_amend(order: Resting, wanted: Terms, now: Situation) -> Verdict:
    """Approves an amend, or names the first limit that it breaks. One that increases what the order
    may come to passes like an add.

    Args:
        wanted: What the order shall ask for.
    """
    intent = order.intent
    if now.state is TradingState.HALTED:
        return deny(Code.TRADING_HALTED)
    held = now.exposures.get(intent.intent_id)
    if held is None:
        return deny(Code.UNKNOWN_ORDER, intent_id=intent.intent_id)
    refusal = _quote_limits(intent, wanted, now)
    if refusal is not None:
        return refusal
    worst = order.or_else(wanted).worst(now.reference, now.limits.reach).or_worse(held)
    if worst.quantity <= held.quantity and worst.notional <= held.notional:
        return Verdict(Code.APPROVED, (("notional", plain(worst.notional)),))
    others = attrs.evolve(now, exposures=now.exposures.without(intent.intent_id))
    reducing = _reducing(worst, others, by_hand=False, only=intent.reduce_only)
    return reducing or _size_limits(worst, others)


def reducible(side: Side, situation: Situation, pair: str, *, by_hand: bool) -> Decimal:
    """How much more of one side brings the pair's position nearer to nothing.

    A sale by hand reduces what the account holds, whoever bought it.
    """
    position, balances = situation.positions.net(pair), situation.balances
    if side is Side.BUY:
        room = -position
    elif by_hand and balances is not None:
        room = max(position, balances.get(pair.partition("/")[0], ZERO))
    else:
        room = position
    return max(room - situation.exposures.open_quantity(pair, side), ZERO)


def _unwanted(intent: Intent, now: Situation) -> Verdict | None:
    if now.state is TradingState.HALTED:
        return deny(Code.TRADING_HALTED)
    if intent.intent_id in now.exposures:
        return deny(Code.DUPLICATE_INTENT, intent_id=intent.intent_id)
    slot = None if intent.slot is None else (intent.source, intent.slot)
    holder = now.exposures.slot_holder(slot)
    if holder is not None:
        return deny(Code.SLOT_TAKEN, slot=intent.slot, holder=holder)
    if now.repeats is not None:
        window_ms = now.limits.duplicate_window_ms
        return deny(Code.REPEATED_INTENT, intent_id=now.repeats, window_ms=window_ms)
    return None


def _reducing(
    worst: Reservation, now: Situation, *, by_hand: bool, only: bool = False
) -> Verdict | None:
    if now.state is not TradingState.REDUCING and not only:
        return None
    room = reducible(worst.side, now, worst.pair, by_hand=by_hand)
    if worst.quantity > room:
        position = now.positions.net(worst.pair)
        return deny(Code.REDUCING_ONLY, value=worst.quantity, limit=room, position=position)
    return None


def _quote_limits(intent: Intent, ask: Terms, now: Situation) -> Verdict | None:
    pair, side = intent.pair, intent.side
    limits, reference = now.limits, now.reference
    if reference is None:
        return deny(Code.NO_QUOTE, pair=pair)
    if reference.age_ns > limits.max_quote_age_ms * 1_000_000:
        age_ms = reference.age_ns // 1_000_000
        return deny(Code.STALE_QUOTE, age_ms=age_ms, limit_ms=limits.max_quote_age_ms)
    opposite = reference.opposite(side)
    if opposite is None:
        return deny(Code.NO_QUOTE, pair=pair, side=side.value)
    if ask.limit_price is None:
        return None
    # The limit of an order that waits for a price is to be near that price.
    opposite = intent.trigger_price or opposite
    price, edge = ask.limit_price.value, _edge(opposite, side, limits)
    if price > edge if side is Side.BUY else price < edge:
        bps = limits.price_collar_bps
        return deny(Code.PRICE_COLLAR, price=price, limit=edge, against=opposite, bps=bps)
    return None


def collar(opposite: Price, side: Side, limits: Limits) -> Price:
    """The farthest price that a limit may have."""
    return Price(_edge(opposite, side, limits))


def _edge(opposite: Price, side: Side, limits: Limits) -> Decimal:
    reach = limits.reach if side is Side.BUY else -limits.reach
    return opposite.value * (1 + reach)


def _size_limits(worst: Reservation, now: Situation) -> Verdict:
    """Holds what it would come to with one more order against each limit, in a fixed order."""
    limits, held, side, pair = now.limits, now.exposures, worst.side, worst.pair
    notional, quantity = worst.notional, worst.quantity
    if notional > limits.max_order_notional:
        return _over(Code.ORDER_NOTIONAL, notional, limits.max_order_notional)
    # One walk for all that is counted of the pair's orders.
    others = held.of_pair(pair)
    for other in others:
        notional += other.notional
        if other.side is side:
            quantity += other.quantity
    if notional > limits.max_pair_notional:
        return _over(Code.PAIR_NOTIONAL, notional, limits.max_pair_notional)
    sign = 1 if side is Side.BUY else -1
    # A unit of the position counts for the dearer of the market and the order.
    opposite = None if now.reference is None else now.reference.opposite(side)
    mark = max(worst.price or ZERO, ZERO if opposite is None else opposite.value)
    position = (sign * now.positions.net(pair) + quantity) * mark
    if position > limits.max_position_notional:
        return _over(Code.POSITION_NOTIONAL, position, limits.max_position_notional)
    if limits.max_asset_position:
        asset = pair.partition("/")[0]
        most = limits.of_asset(asset)
        in_all = sign * now.positions.asset(asset) + held.asset_quantity(asset, side)
        in_all += worst.quantity
        if most is not None and in_all > most:
            return _over(Code.ASSET_POSITION, in_all, most)
    if len(others) >= limits.max_open_orders:
        return _over(Code.OPEN_ORDERS, len(others) + 1, limits.max_open_orders)
    if len(held) >= limits.max_open_orders_in_all:
        return _over(Code.OPEN_ORDERS_IN_ALL, len(held) + 1, limits.max_open_orders_in_all)
    if now.recent_orders >= limits.max_orders_per_minute:
        return _over(Code.ORDER_RATE, now.recent_orders + 1, limits.max_orders_per_minute)
    return _verdict(Code.APPROVED, (("notional", plain(worst.notional)),), worst)


def _over(code: Code, value: Decimal | int, limit: Decimal | int) -> Verdict:
    return deny(code, value=value, limit=limit)
