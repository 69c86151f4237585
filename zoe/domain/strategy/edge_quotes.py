"""Both quotes of the Edge Factory: how far from fair value, at which price, and how much.

A quote that works is left where it is while it is near enough to where it should be: its place in
the queue and a cheap cancel later are worth more than the difference.
"""

from typing import Final, NamedTuple

from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.risk import TradingState
from zoe.domain.strategy import sizing
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.edge_terms import Kept, Money, Plan
from zoe.domain.strategy.fair_value import FINE, WHOLE
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.view import View, Want

BID: Final = "bid.0"
ASK: Final = "ask.0"
#: Bound once: to ask the enum for a member takes as long as to work out a price.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_ACTIVE: Final = TradingState.ACTIVE
_MILLI: Final = 1_000
_BAND: Final = WHOLE * FINE
_VALID_NS: Final = 10_000_000_000
_WANT: Final = quick(Want)


class Scene(NamedTuple):
    """What both sides start from; quantities in units.

    A tuple: it is made with every View, in a third of the time.

    Attributes:
        fair: In fine units.
        risk_lot: The lot that inventory is measured in.
        lot: What depth and volume leave of it.
        best_bid: Of others, in price units, down to the tick; ``best_ask`` up to it.
    """

    view: View
    state: EdgeState
    kept: Kept
    money: Money
    plan: Plan
    fair: int
    risk_lot: int
    lot: int
    best_bid: int
    best_ask: int


def scene(view: View, state: EdgeState, kept: Kept, money: Money) -> Scene | None:
    """What both quotes of a View are worked out from; None where its sources of fair value are too
    far apart."""
    seen, book, steps, held = state.seen, view.book, kept.steps, view.account.sleeve
    assert seen is not None and seen.fair is not None and book is not None
    terms, fair, tick = kept.terms(view, state, money), seen.fair, steps.tick
    apart = seen.disagreement_bps * _MILLI
    if apart > terms.bid_cost or apart > terms.ask_cost:
        return None
    q = -kept.limits.target
    if held:
        q += sizing.lots_milli(held, terms.lot, fair, steps)
    risk_lot = terms.lot // (fair * steps.under)
    best_bid, best_ask = book.bids[0][0], book.asks[0][0]
    return Scene(
        view,
        state,
        kept,
        money,
        kept.plan(terms, q, money),
        fair,
        risk_lot,
        _lot(view, kept.params.participation, risk_lot, terms.flat),
        best_bid - best_bid % tick,
        best_ask + -best_ask % tick,
    )


def _lot(view: View, share: float, risk_lot: int, flat: int) -> int:
    """The lot, or less: a share of the volume, and of the thinner side's depth near its touch.

    Within a flat quote's distance of it: with the distance of an inventory's, more of that could
    raise the bid's size.
    """
    book, least = view.book, view.tape.volume_5m
    assert book is not None
    bids, asks = book.bids, book.asks
    enough = int(risk_lot / share) + 1
    if least > enough and bids[0][1] > enough and asks[0][1] > enough:
        return risk_lot
    enough, reach = min(least, enough), flat * (bids[0][0] + asks[0][0])
    for side in (bids, asks):
        least = min(least, sizing.depth_within(side, reach, enough))
    return min(risk_lot, int(share * least))


def bid(scene: Scene) -> Want | str:
    """The bid, or why it is off."""
    view, state, kept, money, plan, fair, _, lot, best_bid, best_ask = scene
    now_ns, side, spendable, steps = view.now_ns, plan.bid, money.spendable, kept.steps
    if view.trading_state is not _ACTIVE:
        return str(view.trading_state.value)
    if now_ns < state.buys.off_until_ns:
        return "FILLED_TWICE"
    if now_ns < state.losing_until_ns:
        return "LOSING"
    if spendable is None:
        return "CASH_UNKNOWN"
    off, _, part, nearest, band, share, why = side
    if off is not None:
        return off
    # Rounded down to the tick; never dearer than needed, and never where it would take.
    tick, most = steps.tick, best_bid + kept.better
    price = fair * part // steps.fine_tick * tick
    if most >= best_ask:
        most = best_ask - tick
    price = min(price, most)
    for order in view.working:
        if order.side is _BUY and order.key == BID:
            at = order.price
            away = (fair - at * FINE) * WHOLE // fair
            if at < best_ask and away >= nearest and _stays(scene, order, price, band):
                price = at
                break
    if price <= 0:
        return "NO_EDGE"
    quantity, most = lot * share // kept.limits.room, spendable // (fair * steps.under)
    quantity = min(quantity, most)
    quantity -= quantity % steps.lot
    if not steps.is_enough(quantity, price):
        return "BELOW_MINIMUM"
    symbol, until_ns = view.instrument.symbol, now_ns + _VALID_NS
    return _WANT(BID, symbol, _BUY, price, quantity, True, until_ns, f"{why}{fair}")


def ask(scene: Scene, *, leaving: bool) -> Want | str:
    """The ask, or why it is off.

    Args:
        leaving: There is no bid. Its lot is not made smaller by a market that does not trade then.
    """
    view, state, kept, _, plan, fair, risk_lot, lot, best_bid, best_ask = scene
    now_ns, sleeve, steps = view.now_ns, view.account.sleeve, kept.steps
    if not sleeve:
        return "NOTHING_HELD"
    if now_ns < state.sells.off_until_ns:
        return "FILLED_TWICE"
    off, _, part, nearest, band, share, why = plan.leaving if leaving else plan.ask
    if off is not None:
        return off
    # Rounded up to the tick; never dearer than needed, and never where it would take.
    tick, least = steps.tick, best_ask - kept.better
    price = -(-fair * part // steps.fine_tick) * tick
    if least <= best_bid:
        least = best_bid + tick
    price = max(price, least)
    for order in view.working:
        if order.side is _SELL and order.key == ASK:
            at = order.price
            away = (at * FINE - fair) * WHOLE // fair
            if at > best_bid and away >= nearest and _stays(scene, order, price, band):
                price = at
                break
    if leaving:
        lot = risk_lot
    quantity = sizing.sale(lot * share // kept.limits.room, sleeve, price, steps)
    if not quantity:
        return "BELOW_MINIMUM"
    symbol, until_ns = view.instrument.symbol, now_ns + _VALID_NS
    return _WANT(ASK, symbol, _SELL, price, quantity, True, until_ns, f"{why}{fair}")


def _stays(scene: Scene, order: WorkingOrder, wanted: int, band: int) -> bool:
    """Whether a working quote that has its edge is left where it is."""
    price, kept, off = order.price, scene.kept, abs(wanted - order.price)
    tick = kept.steps.tick
    if price % tick:
        return False
    if off <= tick or order.age_ms < kept.limits.min_life_ms:
        return True
    return off <= scene.fair * band // _BAND
