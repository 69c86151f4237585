"""CryptoTrader's stop where the exchange holds it (``stops = "exchange"``), and the watched take-profit.

The resting stop holds all coins that it guards, so whatever else sells waits until it is smaller or
gone. It acts by the exchange's last price; the desk watches the same stop, gives the exchange a
moment when it is hit, and takes over where that was not enough.
"""

from typing import Final

import attrs

from zoe.domain.catalog import TRADABLE
from zoe.domain.strategy import exits
from zoe.domain.strategy.exits import SECOND_NS
from zoe.domain.strategy.position_size import milli
from zoe.domain.strategy.trader_entry import collared_stop
from zoe.domain.strategy.trader_look import STOP, TARGET, Look
from zoe.domain.strategy.trader_params import seconds_ns
from zoe.domain.strategy.trader_state import Leave, Trade
from zoe.domain.strategy.view import Want

#: So long a stop that should rest may be on its way before a person hears of it.
BARE_NS: Final = 5 * SECOND_NS


def wanted(trade: Trade, look: Look, taken: int) -> tuple[Want, ...]:
    """The stop under everything that is held.

    Args:
        taken: What a take-profit is about to sell of it.
    """
    limit = collared_stop(trade.stop, look)
    quantity = min(look.sellable(STOP), look.floor(look.held - taken))
    order = look.order(STOP)
    if quantity < look.least(limit) or look.view.instrument.status not in TRADABLE:
        return as_it_is(look) if order is not None and order.remaining <= quantity else ()
    want = look.want(STOP, limit, quantity, f"stop of {trade.rule} at {trade.signal_ns}")
    return (attrs.evolve(want, trigger=trade.stop),)


def as_it_is(look: Look) -> tuple[Want, ...]:
    """The stop that rests, as it rests; nothing where none does."""
    order = look.order(STOP)
    if order is None or order.trigger is None or order.remaining <= 0:
        return ()
    want = look.want(STOP, order.price, order.remaining, "it rests")
    return (attrs.evolve(want, trigger=order.trigger),)


def has_its_turn(leave: Leave, look: Look) -> bool:
    """Whether a stop that was hit is left to the exchange still: it is quicker than a cancel."""
    pressed = leave.reason in ("STOP", "TRAIL")
    return pressed and look.works(STOP) and 0 <= look.now_ns - leave.since_ns < _moment_ns(look)


def has_sold(trade: Trade, look: Look) -> bool:
    """Whether the resting stop has executed, seen or not: nothing else has taken coins away."""
    if any(fill.key == STOP for fill in look.view.fills):
        return True
    others = look.works(STOP, TARGET)
    had = trade.size or trade.most
    return look.held > 0 and look.owned < had and not trade.taking and not others


def watched(trade: Trade, look: Look) -> Trade:
    """The trade with how long it has been without a stop at rest."""
    if look.works(STOP):
        return attrs.evolve(trade, bare_ns=0) if trade.bare_ns else trade
    # A clock that went back begins anew.
    if trade.bare_ns and trade.bare_ns <= look.now_ns:
        return trade
    return attrs.evolve(trade, bare_ns=look.now_ns)


def is_missing(trade: Trade, look: Look) -> bool:
    """Whether a person should hear that the position has no stop at the exchange."""
    return trade.bare_ns > 0 and look.now_ns - trade.bare_ns >= BARE_NS


def profit(trade: Trade, look: Look) -> int:
    """What the take-profit is to sell now, of which the stop must let go first; 0 for nothing.

    It is due while the bid is at the target, and for a moment after its order was made.
    """
    over = not trade.size or trade.halved or look.bid is None
    if over or look.view.instrument.status not in TRADABLE - {"post_only"}:
        return 0
    order = look.order(TARGET)
    is_young = order is not None and order.age_ms * 1_000_000 < _moment_ns(look)
    price = target(trade, look)
    if (look.bid or 0) < price and not is_young:
        return 0
    left = look.floor(min(trade.tranche - (trade.size - look.held), look.held))
    if order is not None:
        left = min(left, order.remaining)
    return left if left >= look.least(price) or order is not None else 0


def sale(trade: Trade, look: Look, quantity: int) -> tuple[Want, ...]:
    """The take-profit's order, once the stop has let go of its coins: it takes what bids pay."""
    if not quantity or look.sellable(TARGET) < quantity:
        return ()
    reason = f"{look.params.target_r} R above the entry"
    want = look.want(TARGET, target(trade, look), quantity, reason)
    return (attrs.evolve(want, post_only=False),)


def target(trade: Trade, look: Look) -> int:
    """Where half is sold: a multiple of R, the distance to the first stop, above the entry."""
    risked = trade.price - exits.stop_below(trade.price, trade.distance_mbps, look.tick)
    return exits.target(trade.price, risked, milli(look.params.target_r), look.tick)


def _moment_ns(look: Look) -> int:
    return seconds_ns(look.params.exit_seconds)
