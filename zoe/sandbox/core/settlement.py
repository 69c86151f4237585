"""What a match costs each party: the trade's figures and the two ledger legs (facts, 6.1, 6.3)."""

import msgspec

from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.core.money import nearest, rescaled
from zoe.sandbox.core.orders import Terms
from zoe.sandbox.core.rules import BASIS_POINTS


class Leg(msgspec.Struct, frozen=True):
    """One balance's part; amount is signed, fee is not, both in the asset's units."""

    asset: str
    amount: int
    fee: int


class Charge(msgspec.Struct, frozen=True):
    """Cost and fee in the pair's cost units, always in quote terms; the legs are what is booked."""

    cost: int
    fee: int
    legs: tuple[Leg, Leg]


class Match(msgspec.Struct, frozen=True):
    """What a match moves: quantity and price in the pair's units, base and quote in the assets'."""

    qty: int
    price: int
    base: int
    quote: int


def match(catalog: Catalog, pair: Pair, qty: int, price: int) -> Match:
    """A match of so much at this price, rounded at the assets' decimals."""
    places = pair.price_decimals + pair.qty_decimals
    base = rescaled(qty, pair.qty_decimals, catalog.assets[pair.base].decimals)
    quote = rescaled(price * qty, places, catalog.assets[pair.quote].decimals)
    return Match(qty, price, base, quote)


def charge(catalog: Catalog, terms: Terms, found: Match, bps: int) -> Charge:
    """What a match costs the party with these terms.

    Args:
        bps: Of the fee.
    """
    qty, pair = found.qty, terms.pair
    places, value = pair.price_decimals + pair.qty_decimals, found.price * qty
    base, quote = catalog.assets[pair.base], catalog.assets[pair.quote]
    sign = 1 if terms.side == "buy" else -1
    if terms.fee_in_base:
        base_fee, quote_fee = _share(qty, bps, (pair.qty_decimals, base.decimals)), 0
    else:
        base_fee, quote_fee = 0, _share(value, bps, (places, quote.decimals))
    return Charge(
        rescaled(value, places, pair.cost_decimals),
        _share(value, bps, (places, pair.cost_decimals)),
        (
            Leg(pair.quote, -sign * found.quote, quote_fee),
            Leg(pair.base, sign * found.base, base_fee),
        ),
    )


def _share(units: int, bps: int, scale: tuple[int, int]) -> int:
    """``bps`` of an amount, to the nearest of the second scale, rounded once."""
    if bps < 0:
        return -_share(units, -bps, scale)
    places, kept = scale
    if kept >= places:
        return nearest(units * bps * pow(10, kept - places), BASIS_POINTS)
    return nearest(units * bps, BASIS_POINTS * pow(10, places - kept))
