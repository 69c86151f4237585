"""Quote keeper: a small post-only bid and ask round the mid of one pair, inside an inventory band.

It has no edge and claims none: at the exchange's first fee tier each round trip costs more than
the spread earns. It is there to show the desk at work, and trades by itself on loopback only.
"""

from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.bounds import within
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.view import Decision, View, Want

BPS: Final = 10_000
BID: Final = "bid.0"
ASK: Final = "ask.0"


@attrs.frozen
class Params:
    """Parameters of conf/zoe.toml, section ``strategy.quote_keeper``.

    Attributes:
        half_spread_bps: Distance of each quote from the mid; 0 to 1,000.
        quantity: Size of each quote, in base.
        min_base: Below this much of the base asset it sells no more.
        max_base: Above this much of the base asset it buys no more.
        refresh_bps: The mid must move this far from where it last quoted before quotes move.
        max_age_ms: Quotes older than this are not quoted on.
        valid_seconds: How long a want stands without being renewed.
    """

    pair: str = "BTC/USD"
    half_spread_bps: int = attrs.field(default=2, validator=within(0, 1_000))
    quantity: Decimal = attrs.field(default=Decimal("0.001"), validator=within(0, 10**12))
    min_base: Decimal = attrs.field(default=Decimal("0.5"), validator=within(0, 10**12))
    max_base: Decimal = attrs.field(default=Decimal(25), validator=within(0, 10**12))
    refresh_bps: int = attrs.field(default=2, validator=within(0, 1_000))
    max_age_ms: int = attrs.field(default=3_000, validator=within(1, 600_000))
    valid_seconds: int = attrs.field(default=10, validator=within(1, 3_600))

    def __attrs_post_init__(self) -> None:
        if not self.quantity:
            raise ValueError(f"quantity must be greater than 0, not {self.quantity}")
        if self.min_base > self.max_base:
            raise ValueError(f"min_base {self.min_base} is above max_base {self.max_base}")


@attrs.frozen
class State:
    """What it remembers: twice the mid that it last quoted round, in price units."""

    schema: int = 1
    anchor_twice: int | None = None


@attrs.frozen
class QuoteKeeper:
    """The strategy with its parameters."""

    params: Params
    name: str = "quote_keeper"
    slots: tuple[str, ...] = (BID, ASK)

    @property
    def pair(self) -> str:
        """The one pair it quotes."""
        return self.params.pair

    def initial(self) -> State:
        """Nothing quoted yet."""
        return State()

    def decide(self, state: State, view: View) -> Decision:
        """See the module."""
        refusal = _refusal(self.params, view)
        if refusal is not None:
            return Decision(state, (), (refusal,))
        assert view.touch.bid is not None and view.touch.ask is not None
        twice_mid = view.touch.bid + view.touch.ask
        anchor = _anchor(self.params, state, twice_mid)
        wants, reasons = _quotes(self.params, view, anchor)
        return Decision(attrs.evolve(state, anchor_twice=anchor), wants, reasons)


def _refusal(params: Params, view: View) -> str | None:
    touch = view.touch
    if view.trading_state is not TradingState.ACTIVE:
        return str(view.trading_state.value)
    if view.instrument.status != "online":
        return "PAIR_NOT_ONLINE"
    if not touch.live:
        return "BOOK_NOT_LIVE"
    if touch.age_ms > params.max_age_ms:
        return "STALE_QUOTE"
    if touch.bid is None or touch.ask is None:
        return "EMPTY_BOOK"
    if touch.bid >= touch.ask:
        return "CROSSED_BOOK"
    if view.balance(view.instrument.base) is None:
        return "BALANCE_UNKNOWN"
    if _tick(view) < 1:
        return "STEP_FINER_THAN_PRICES"
    return None


def _tick(view: View) -> int:
    """The smallest change of a price, in the units of the touch."""
    return int(view.instrument.price_increment.scaleb(view.instrument.price_precision))


def _anchor(params: Params, state: State, twice_mid: int) -> int:
    """Where to quote round: the old place until the mid has moved far enough from it."""
    old = state.anchor_twice
    if old is not None and abs(twice_mid - old) * BPS <= params.refresh_bps * old:
        return old
    return twice_mid


def _quotes(params: Params, view: View, anchor: int) -> tuple[tuple[Want, ...], tuple[str, ...]]:
    quantity = _units(params.quantity, view)
    held = view.balance(view.instrument.base)
    assert held is not None
    wants: list[Want] = []
    reasons: list[str] = []
    for side in (Side.BUY, Side.SELL):
        price = _price(params, view, anchor, side)
        blocked = _blocked(params, side, held)
        if price <= 0 or _too_small(view, price, quantity):
            blocked = "BELOW_MINIMUM"
        if blocked is not None:
            reasons.append(blocked)
            continue
        valid_until = view.now_ns + params.valid_seconds * 1_000_000_000
        key = BID if side is Side.BUY else ASK
        why = f"{params.half_spread_bps} bps from the mid"
        wants.append(Want(key, params.pair, side, price, quantity, True, valid_until, why))
    return tuple(wants), tuple(reasons) or ("QUOTING",)


def _blocked(params: Params, side: Side, held: Decimal) -> str | None:
    if side is Side.BUY and held + params.quantity > params.max_base:
        return "INVENTORY_FULL"
    if side is Side.SELL and held - params.quantity < params.min_base:
        return "INVENTORY_LOW"
    return None


def _price(params: Params, view: View, anchor: int, side: Side) -> int:
    """Bid to floor, ask to ceil, a tick away from the other side at least, and from each other."""
    assert view.touch.bid is not None and view.touch.ask is not None
    tick = _tick(view)
    double = 2 * BPS * tick
    lower = anchor * (BPS - params.half_spread_bps) // double
    bid = min(lower * tick, (view.touch.ask - tick) // tick * tick)
    if side is Side.BUY:
        return bid
    upper = -(-anchor * (BPS + params.half_spread_bps) // double)
    # Without a half spread, and with the mid on a price, both would be the same one.
    return max(upper * tick, -(-(view.touch.bid + tick) // tick) * tick, bid + tick)


def _units(quantity: Decimal, view: View) -> int:
    pair = view.instrument
    return int(pair.round_quantity_down(quantity).scaleb(pair.qty_precision))


def _too_small(view: View, price: int, quantity: int) -> bool:
    pair = view.instrument
    size = pair.quantity_of(quantity)
    return size < pair.qty_min or pair.price_of(price) * size < pair.cost_min
