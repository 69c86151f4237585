"""Both quotes of the Edge Factory: how far from fair value, at which price, and how much.

A quote that works is left where it is while it is near enough to where it should be: its place in
the queue and a cheap cancel later are worth more than the difference.
"""

from decimal import ROUND_CEILING
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import sizing
from zoe.domain.strategy.edge_params import FIRST_TIER_MAKER_BPS, EdgeParams
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.fair_value import FINE, WHOLE, distance_milli, price_at
from zoe.domain.strategy.glft import Spread, ask_floor_milli, distances, spread
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import View

_MILLI: Final = 1_000
_SECOND_NS: Final = 1_000_000_000
#: Inventory is old after so many times ``t_hold_seconds``: then an ask may come to fair value.
_OLD_HOLDS: Final = 4


@attrs.frozen
class Scene:
    """A View, what is remembered of its pair, and the rules."""

    view: View
    state: EdgeState
    params: EdgeParams
    steps: Steps


@attrs.frozen
class Ground:
    """What both sides start from; distances in thousandths of a bp, quantities in units.

    Attributes:
        bid_cost: c of a fill of the bid: fee and adverse selection.
        q: Inventory in thousandths of a lot, relative to the target; ``q_whole`` absolute.
        risk_lot: The lot that inventory is measured in.
        lot: What depth and volume leave of it.
        is_old: Whether the inventory has been held for very long.
        best_bid: Of others, in price units, down to the tick; ``best_ask`` up to it.
    """

    fair: int
    fee: int
    bid_cost: int
    ask_cost: int
    made_of: Spread
    q: int
    q_whole: int
    risk_lot: int
    lot: int
    is_old: bool
    best_bid: int
    best_ask: int


@attrs.frozen
class Quote:
    """One side as it should be, or why there is none.

    Attributes:
        off: Why the side is off; then the rest says nothing.
        distance: h, in thousandths of a bp of fair value.
        cost: What a fill of it costs, in the same unit.
    """

    off: str | None = None
    price: int = 0
    quantity: int = 0
    distance: int = 0
    cost: int = 0
    is_exit: bool = False


@attrs.frozen
class Place:
    """Where a side should stand, and how near a working quote may be left.

    Attributes:
        cost: What a fill costs.
        nearest: A working quote that is nearer to fair value has too little edge left.
        indifferent: Nor may it come as near as the price of indifference.
    """

    distance: int
    cost: int
    nearest: int
    indifferent: int


def ground(scene: Scene) -> Ground:
    """Costs, spread, inventory and lot of a View that nothing speaks against."""
    view, state, params, steps = scene.view, scene.state, scene.params, scene.steps
    account, seen, book = view.account, state.seen, view.book
    assert seen is not None and seen.fair is not None and book is not None
    assert account.quote_usd is not None
    fee = fee_milli(view)
    bid_cost = fee + state.adverse.cost_milli(Side.BUY, params.a0_bps, params.n0_fills)
    ask_cost = fee + state.adverse.cost_milli(Side.SELL, params.a0_bps, params.n0_fills)
    sigma = state.volatility.sigma_bps(params.sigma_floor_bps)
    held_seconds = _held_seconds(view)
    gamma = params.gamma * (1 + held_seconds / params.t_hold_seconds)
    rate = state.arrival.rate(seen.half_spread_bps)
    # One risk for both sides, by the dearer: else a cheap side could pass the indifferent price.
    made_of = spread(gamma, rate, sigma, max(bid_cost, ask_cost), params.e_min_bps)
    usd = (params.lot_quote_usd, params.risk_quote_usd)
    parts = sizing.risk_lot_parts(usd, sigma, params.t_hold_seconds, account.quote_usd)
    risk_lot = sizing.units_worth(parts, seen.fair, steps.scale)
    q_whole = sizing.lots_milli(account.sleeve, max(risk_lot, 1))
    return Ground(
        fair=seen.fair,
        fee=fee,
        bid_cost=bid_cost,
        ask_cost=ask_cost,
        made_of=made_of,
        q=q_whole - round(params.q_target_lots * _MILLI),
        q_whole=q_whole,
        risk_lot=risk_lot,
        lot=min(risk_lot, _participation(scene, made_of, max(bid_cost, ask_cost))),
        is_old=held_seconds >= _OLD_HOLDS * params.t_hold_seconds,
        best_bid=book.bids[0][0] // steps.tick * steps.tick,
        best_ask=-(-book.asks[0][0] // steps.tick) * steps.tick,
    )


def fee_milli(view: View) -> int:
    """The maker fee in thousandths of a bp, rounded up; the first tier's where nobody knows it."""
    fee = view.account.maker_fee_bps
    if fee is None:
        return FIRST_TIER_MAKER_BPS * _MILLI
    return int((fee * _MILLI).to_integral_value(ROUND_CEILING))


def _held_seconds(view: View) -> float:
    since_ns = view.account.sleeve_since_ns
    if since_ns is None or not view.account.sleeve:
        return 0.0
    return max(view.now_ns - since_ns, 0) / _SECOND_NS


def _participation(scene: Scene, made_of: Spread, cost: int) -> int:
    """A share of the volume, and of the thinner side's depth within a quote's distance of its touch.

    A flat quote's: with the distance of an inventory's, more of it could raise the bid's size.
    """
    book = scene.view.book
    assert book is not None
    flat = cost + made_of.base + made_of.risk // 2
    twice = book.bids[0][0] + book.asks[0][0]
    depth = min(sizing.depth_within(side, flat, twice) for side in (book.bids, book.asks))
    return int(scene.params.participation * min(depth, scene.view.tape.volume_5m))


def are_apart(state: EdgeState, base: Ground) -> bool:
    """Whether the sources of fair value disagree by more than a fill costs."""
    assert state.seen is not None
    return state.seen.disagreement_bps * _MILLI > min(base.bid_cost, base.ask_cost)


def bid(scene: Scene, base: Ground) -> Quote:
    """The bid, or why it is off."""
    view, params, steps = scene.view, scene.params, scene.steps
    off = _bid_off(view, scene.state)
    if off is not None:
        return Quote(off)
    at = distances(base.made_of, base.bid_cost, base.ask_cost, base.q)
    if at.bid > params.h_max_bps * _MILLI:
        return Quote("NO_EDGE")
    room = round(params.q_max_lots * _MILLI)
    if base.q >= room:
        return Quote("INVENTORY_FULL")
    nearest = base.bid_cost + round(params.e_min_bps * _MILLI / 2)
    place = Place(at.bid, base.bid_cost, nearest, -at.reservation)
    price = _settled(scene, base, Side.BUY, place)
    if price <= 0:
        return Quote("NO_EDGE")
    assert view.account.cash is not None
    most = sizing.affordable(view.account.cash, base.fair, base.fee, steps.scale)
    quantity = steps.floor(min(base.lot * (room - base.q) // room, most))
    if quantity < steps.least(price):
        return Quote("BELOW_MINIMUM")
    return Quote(None, price, quantity, at.bid, base.bid_cost)


def _bid_off(view: View, state: EdgeState) -> str | None:
    if view.trading_state is not TradingState.ACTIVE:
        return str(view.trading_state.value)
    if view.now_ns < state.buys.off_until_ns:
        return "FILLED_TWICE"
    if view.now_ns < state.losing_until_ns:
        return "LOSING"
    return "CASH_UNKNOWN" if view.account.cash is None else None


def ask(scene: Scene, base: Ground, *, leaving: bool) -> Quote:
    """The ask, or why it is off.

    Args:
        leaving: There is no bid. Then nothing is held for its own sake, the inventory counts from
            0 and its lot is not made smaller by a market that does not trade; and the ask stands
            no further off than cost and base, however large the risk.
    """
    view, params = scene.view, scene.params
    if not view.account.sleeve:
        return Quote("NOTHING_HELD")
    if view.now_ns < scene.state.sells.off_until_ns:
        return Quote("FILLED_TWICE")
    q, lot = (base.q_whole, base.risk_lot) if leaving else (base.q, base.lot)
    at = distances(base.made_of, base.bid_cost, base.ask_cost, q)
    floor = ask_floor_milli(q, base.fee, base.is_old)
    distance = min(at.ask, base.ask_cost + base.made_of.base) if leaving else at.ask
    distance = distance if floor is None else max(distance, floor)
    if distance > params.h_max_bps * _MILLI and not leaving:
        return Quote("NO_EDGE")
    least_edge = base.ask_cost + round(params.e_min_bps * _MILLI / 2)
    # One that is wanted nearer than that, to be rid of inventory, may come as near as its floor.
    nearest = least_edge if floor is None or distance >= least_edge else floor
    place = Place(distance, base.ask_cost, nearest, at.reservation)
    price = _settled(scene, base, Side.SELL, place)
    room = round(params.q_max_lots * _MILLI)
    wanted = lot * max(room + q, 0) // room
    quantity = sizing.sale(wanted, view.account.sleeve, price, scene.steps)
    if not quantity:
        return Quote("BELOW_MINIMUM")
    return Quote(None, price, quantity, distance, base.ask_cost, leaving)


def _settled(scene: Scene, base: Ground, side: Side, place: Place) -> int:
    """The price of a side: where it should stand, or where it works if that is near enough."""
    wanted = _wanted(scene, base, side, place.distance)
    key = "bid.0" if side is Side.BUY else "ask.0"
    for order in scene.view.working:
        if order.key == key and order.side is side and _stays(scene, base, (order, wanted), place):
            return order.price
    return wanted


def _wanted(scene: Scene, base: Ground, side: Side, distance: int) -> int:
    """At its distance, but never dearer than needed, and never where it would take."""
    tick = scene.steps.tick
    price = price_at(base.fair, distance, side, tick)
    better = scene.params.inside_ticks * tick
    if side is Side.BUY:
        return min(price, base.best_bid + better, base.best_ask - tick)
    return max(price, base.best_ask - better, base.best_bid + tick)


def _stays(scene: Scene, base: Ground, prices: tuple[WorkingOrder, int], place: Place) -> bool:
    """Whether a working quote is left where it is."""
    order, wanted = prices
    params, tick = scene.params, scene.steps.tick
    is_bid = order.side is Side.BUY
    takes = order.price >= base.best_ask if is_bid else order.price <= base.best_bid
    if takes or order.price % tick:
        return False
    away = distance_milli(base.fair, order.price, order.side)
    if away < place.nearest or away <= place.indifferent:
        return False
    if order.age_ms < params.min_life_seconds * _MILLI:
        return True
    share = int(params.band * max(place.distance - place.cost, 0))
    return abs(wanted - order.price) <= max(tick, base.fair * share // (WHOLE * FINE))
