"""What an order must fulfil, and what it claims of an account's means (facts, sections 4.3, 8)."""

from typing import Final

import msgspec

from zoe.sandbox.core import errors
from zoe.sandbox.core.accounts import Account, same_id
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.limits import TIERS
from zoe.sandbox.core.money import ceiling, rescaled_up
from zoe.sandbox.core.orders import Order, Terms
from zoe.sandbox.core.world import World

BASIS_POINTS: Final = 10_000


def check_mode(world: World, pair: Pair, *, limit: bool, post_only: bool) -> None:
    """Raises Refusal where the exchange's or the pair's state forbids a new order."""
    for mode in (world.status, world.status_of(pair)):
        if mode == "online":
            continue
        if mode == "limit_only" and limit:
            continue
        if mode == "post_only" and post_only:
            continue
        if mode in ("cancel_only", "post_only", "limit_only", "reduce_only"):
            raise Refusal(errors.MARKET_MODE.format(mode))
        raise Refusal(errors.UNAVAILABLE)


def check_size(world: World, terms: Terms) -> None:
    """Raises Refusal for a quantity, price or cost below the pair's steps and minimums."""
    # As it is by now: an order that is amended knows it as it was.
    pair = world.catalog.pairs[terms.pair.symbol]
    if terms.qty < pair.qty_min and not (terms.quote_qty and not terms.qty):
        raise Refusal(errors.ORDER_MINIMUM)
    price = terms.price or terms.trigger
    if terms.trigger % pair.tick:
        raise Refusal(errors.TICK_SIZE)
    if terms.quote_qty:
        if terms.quote_qty < pair.cost_min:
            raise Refusal(errors.COST_MINIMUM)
        return
    if terms.has_limit:
        price = terms.price
        if price <= 0:
            raise Refusal(errors.INVALID_PRICE)
        if price % pair.tick:
            raise Refusal(errors.TICK_SIZE)
    elif not price:
        price = reference_price(world, pair)
    if price and price * terms.qty < least_value(pair):
        raise Refusal(errors.COST_MINIMUM)


def least_value(pair: Pair) -> int:
    """The least price times quantity, a whole unit up."""
    places = pair.price_decimals + pair.qty_decimals
    return rescaled_up(pair.cost_min, pair.cost_decimals, places)


def reference_price(world: World, pair: Pair) -> int:
    """What stands for the price of a market order; 0 where nothing is known."""
    book = world.books[pair.symbol]
    return world.last_price.get(pair.symbol) or book.asks.best or book.bids.best or 0


def sized(world: World, terms: Terms) -> Terms:
    """An order for an amount of quote currency, with the quantity that buys in the present book.

    Where the book holds less, the quantity is more than it has, so that the rest is canceled.
    """
    if not terms.quote_qty:
        return terms
    pair = terms.pair
    places = pair.price_decimals + pair.qty_decimals
    left, qty, price = rescaled_up(terms.quote_qty, pair.cost_decimals, places), 0, 0
    for resting in world.books[pair.symbol].asks.walk(None):
        price = resting.price
        part = min(resting.left, left // price)
        qty, left = qty + part, left - part * price
        if part < resting.left:
            return msgspec.structs.replace(terms, qty=qty)
    return msgspec.structs.replace(terms, qty=qty + max(left // price, 1) if price else 0)


def check_new(
    world: World, account: Account, terms: Terms, replaced: Order | None = None
) -> tuple[str, int]:
    """What an order will hold, see ``claim``.

    Raises:
        Refusal: It cannot be accepted, also not in place of another.
    """
    check_mode(world, terms.pair, limit=terms.has_limit, post_only=terms.post_only)
    check_size(world, terms)
    if terms.cl_ord_id is not None and same_id(terms.cl_ord_id) in account.by_cl_ord_id:
        raise Refusal(errors.DUPLICATE_CL_ORD_ID)
    beside = account.open_by_pair[terms.pair.symbol] - (replaced is not None)
    if beside >= TIERS[account.tier].open_orders:
        raise Refusal(errors.ORDERS_LIMIT)
    claimed = asset, amount = claim(world, terms, terms.qty)
    if not terms.has_limit:
        asset, amount = needed(world, terms)
    freed = 0
    if replaced is not None and replaced.terms.side == terms.side:
        freed = replaced.held
    if account.available(asset) + freed < amount:
        raise Refusal(errors.INSUFFICIENT_FUNDS)
    return claimed


def needed(world: World, terms: Terms) -> tuple[str, int]:
    """What must be available for an order: an asset and an amount in its units."""
    if terms.side == "buy" and not terms.has_limit:
        spent = market_cost(world, terms)
        if terms.trigger:
            spent = max(spent, claim(world, terms, terms.qty)[1])
        return terms.pair.quote, spent
    return claim(world, terms, terms.qty)


def market_cost(world: World, terms: Terms) -> int:
    """What a market buy would pay in the present book, with one unit a match for rounding."""
    pair, left, value, makers = terms.pair, terms.qty, 0, 0
    for resting in world.books[pair.symbol].asks.walk(None):
        qty = min(left, resting.left)
        value, left, makers = value + qty * resting.price, left - qty, makers + 1
        if not left:
            break
    fee = 0 if terms.fee_in_base else ceiling(value * pair.highest_fee, BASIS_POINTS)
    return _quote_up(world, pair, value) + _quote_up(world, pair, fee) + makers


def claim(world: World, terms: Terms, left: int) -> tuple[str, int]:
    """What an order holds while ``left`` of it is open, its fee included; up to a whole unit.

    A market order holds nothing: it is over at once. One that waits for a price holds as if it
    traded there.
    """
    pair, asset = terms.pair, claimed_asset(terms)
    if not left:
        return asset, 0
    if terms.side == "sell":
        fee = ceiling(left * pair.highest_fee, BASIS_POINTS) if terms.fee_in_base else 0
        decimals = world.catalog.assets[asset].decimals
        return asset, rescaled_up(left + fee, pair.qty_decimals, decimals)
    value = (terms.price or terms.trigger) * left
    fee = 0 if terms.fee_in_base else ceiling(value * pair.highest_fee, BASIS_POINTS)
    return asset, _quote_up(world, pair, value) + _quote_up(world, pair, fee)


def claimed_asset(terms: Terms) -> str:
    """Of which asset an order holds what it may give."""
    return terms.pair.base if terms.side == "sell" else terms.pair.quote


def _quote_up(world: World, pair: Pair, value: int) -> int:
    decimals = world.catalog.assets[pair.quote].decimals
    return rescaled_up(value, pair.price_decimals + pair.qty_decimals, decimals)


def fillable(world: World, terms: Terms, account: str) -> bool:
    """Whether all of it would trade at once, with others."""
    left = terms.qty
    for resting in world.books[terms.pair.symbol].against(terms.side).walk(terms.price or None):
        if resting.order is not None and resting.order.account == account:
            return False
        left -= resting.left
        if left <= 0:
            return True
    return False


def keeps_place(before: Terms, after: Terms) -> bool:
    """Only less at the same price keeps an order's place in its queue (facts, 5.6)."""
    return before.price == after.price and after.qty <= before.qty
