"""Both quotes of the Edge Factory: how far from fair value, at which price, and how much.

A quote that works is left where it is while it is near enough to where it should be: its place in
the queue and a cheap cancel later are worth more than the difference.
"""

import math
from typing import Final, NamedTuple

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import sizing
from zoe.domain.strategy.edge_params import FIRST_TIER_MAKER_BPS, EdgeParams, Limits
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.fair_value import FINE, WHOLE, distance_milli, price_at
from zoe.domain.strategy.glft import Distances, Spread, ask_floor_milli, distances, spread
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import View

#: Bound once: to ask the enum for a member takes as long as to work out a price.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_ACTIVE: Final = TradingState.ACTIVE
_MILLI: Final = 1_000
_SECOND_NS: Final = 1_000_000_000
#: Inventory is old after so many times ``t_hold_seconds``: then an ask may come to fair value.
_OLD_HOLDS: Final = 4


class Scene(NamedTuple):
    """A View, what is remembered of its pair, and the rules.

    Tuples on this page: they are made with every View, in a third of the time.
    """

    view: View
    state: EdgeState
    params: EdgeParams
    limits: Limits
    steps: Steps


class Ground(NamedTuple):
    """What both sides start from; distances in thousandths of a bp, quantities in units.

    Attributes:
        bid_cost: c of a fill of the bid: fee and adverse selection.
        q: Inventory in thousandths of a lot, relative to the target; ``q_whole`` absolute.
        risk_lot: The lot that inventory is measured in.
        lot: What depth and volume leave of it.
        is_old: Whether the inventory has been held for very long.
        at: Where both sides would stand.
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
    at: Distances
    best_bid: int
    best_ask: int


class Quote(NamedTuple):
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


class Place(NamedTuple):
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
    view, state, params, limits, steps = scene
    account, seen, book = view.account, state.seen, view.book
    assert seen is not None and seen.fair is not None and book is not None
    assert account.quote_usd is not None
    fee = fee_milli(view)
    bid_cost = fee + state.adverse.cost_milli(_BUY, params.a0_bps, params.n0_fills)
    ask_cost = fee + state.adverse.cost_milli(_SELL, params.a0_bps, params.n0_fills)
    sigma = state.volatility.sigma_bps(params.sigma_floor_bps)
    held_seconds = _held_seconds(view)
    gamma = params.gamma * (1 + held_seconds / params.t_hold_seconds)
    rate = state.arrival.rate(seen.half_spread_bps)
    # One risk for both sides, by the dearer: else a cheap side could pass the indifferent price.
    cost = max(bid_cost, ask_cost)
    made_of = spread(gamma, rate, sigma, cost, limits.e_min)
    usd = account.quote_usd
    parts = sizing.risk_lot_parts(params.lot_quote_usd, limits.risk_root, sigma, usd)
    risk_lot = sizing.units_worth(parts, seen.fair, steps.scale)
    q_whole = sizing.lots_milli(account.sleeve, parts, seen.fair, steps.scale)
    q = q_whole - limits.target
    return Ground(
        fair=seen.fair,
        fee=fee,
        bid_cost=bid_cost,
        ask_cost=ask_cost,
        made_of=made_of,
        q=q,
        q_whole=q_whole,
        risk_lot=risk_lot,
        lot=_participation(scene, made_of, cost, risk_lot),
        is_old=held_seconds >= _OLD_HOLDS * params.t_hold_seconds,
        at=distances(made_of, bid_cost, ask_cost, q),
        best_bid=book.bids[0][0] // steps.tick * steps.tick,
        best_ask=-(-book.asks[0][0] // steps.tick) * steps.tick,
    )


def fee_milli(view: View) -> int:
    """The maker fee in thousandths of a bp, rounded up; the first tier's where nobody knows it."""
    fee = view.account.maker_fee_bps
    if fee is None:
        return FIRST_TIER_MAKER_BPS * _MILLI
    return math.ceil(fee * _MILLI)


def _held_seconds(view: View) -> float:
    since_ns = view.account.sleeve_since_ns
    if since_ns is None or not view.account.sleeve:
        return 0.0
    return max(view.now_ns - since_ns, 0) / _SECOND_NS


def _participation(scene: Scene, made_of: Spread, cost: int, risk_lot: int) -> int:
    """The lot, or less: a share of the volume, and of the thinner side's depth near its touch.

    Within a flat quote's distance of it: with the distance of an inventory's, more of that could
    raise the bid's size.
    """
    book, share = scene.view.book, scene.params.participation
    assert book is not None
    flat = cost + made_of.base + made_of.risk // 2
    twice = book.bids[0][0] + book.asks[0][0]
    least = scene.view.tape.volume_5m
    enough = min(least, int(risk_lot / share) + 1)
    for side in (book.bids, book.asks):
        least = min(least, sizing.depth_within(side, flat, twice, enough))
    return min(risk_lot, int(share * least))


def are_apart(state: EdgeState, base: Ground) -> bool:
    """Whether the sources of fair value disagree by more than a fill costs."""
    assert state.seen is not None
    return state.seen.disagreement_bps * _MILLI > min(base.bid_cost, base.ask_cost)


def bid(scene: Scene, base: Ground) -> Quote:
    """The bid, or why it is off."""
    view, state, _, limits, steps = scene
    off = _bid_off(view, state)
    if off is not None:
        return Quote(off)
    at, room = base.at, limits.room
    if at.bid > limits.h_max:
        return Quote("NO_EDGE")
    if base.q >= room:
        return Quote("INVENTORY_FULL")
    place = Place(at.bid, base.bid_cost, base.bid_cost + limits.half_e_min, -at.reservation)
    price = _settled(scene, base, _BUY, place)
    if price <= 0:
        return Quote("NO_EDGE")
    assert view.account.cash is not None
    most = sizing.affordable(view.account.cash, base.fair, base.fee, steps.scale)
    quantity = steps.floor(min(base.lot * (room - base.q) // room, most))
    if quantity < steps.least(price):
        return Quote("BELOW_MINIMUM")
    return Quote(None, price, quantity, at.bid, base.bid_cost)


def _bid_off(view: View, state: EdgeState) -> str | None:
    if view.trading_state is not _ACTIVE:
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
    view, limits = scene.view, scene.limits
    if not view.account.sleeve:
        return Quote("NOTHING_HELD")
    if view.now_ns < scene.state.sells.off_until_ns:
        return Quote("FILLED_TWICE")
    q, lot = (base.q_whole, base.risk_lot) if leaving else (base.q, base.lot)
    at = distances(base.made_of, base.bid_cost, base.ask_cost, q) if leaving else base.at
    floor = ask_floor_milli(q, base.fee, base.is_old)
    distance = min(at.ask, base.ask_cost + base.made_of.base) if leaving else at.ask
    distance = distance if floor is None else max(distance, floor)
    if distance > limits.h_max and not leaving:
        return Quote("NO_EDGE")
    least_edge = base.ask_cost + limits.half_e_min
    nearest = least_edge
    if floor is not None:  # one may be wanted nearer than that, to be rid of inventory
        nearest = max(min(least_edge, distance - limits.half_e_min), floor)
    place = Place(distance, base.ask_cost, nearest, at.reservation)
    price = _settled(scene, base, _SELL, place)
    wanted = lot * max(limits.room + q, 0) // limits.room
    quantity = sizing.sale(wanted, view.account.sleeve, price, scene.steps)
    if not quantity:
        return Quote("BELOW_MINIMUM")
    return Quote(None, price, quantity, distance, base.ask_cost, leaving)


def _settled(scene: Scene, base: Ground, side: Side, place: Place) -> int:
    """The price of a side: where it should stand, or where it works if that is near enough."""
    wanted = _wanted(scene, base, side, place.distance)
    key = "bid.0" if side is _BUY else "ask.0"
    for order in scene.view.working:
        if order.key == key and order.side is side and _stays(scene, base, (order, wanted), place):
            return order.price
    return wanted


def _wanted(scene: Scene, base: Ground, side: Side, distance: int) -> int:
    """At its distance, but never dearer than needed, and never where it would take."""
    tick = scene.steps.tick
    price = price_at(base.fair, distance, side, tick)
    better = scene.params.inside_ticks * tick
    if side is _BUY:
        return min(price, base.best_bid + better, base.best_ask - tick)
    return max(price, base.best_ask - better, base.best_bid + tick)


def _stays(scene: Scene, base: Ground, prices: tuple[WorkingOrder, int], place: Place) -> bool:
    """Whether a working quote is left where it is."""
    order, wanted = prices
    tick, is_bid = scene.steps.tick, order.side is _BUY
    takes = order.price >= base.best_ask if is_bid else order.price <= base.best_bid
    if takes or order.price % tick:
        return False
    away = distance_milli(base.fair, order.price, order.side)
    if away < place.nearest or away <= place.indifferent:
        return False
    if order.age_ms < scene.limits.min_life_ms:
        return True
    share = int(scene.params.band * max(place.distance - place.cost, 0))
    return abs(wanted - order.price) <= max(tick, base.fair * share // (WHOLE * FINE))
