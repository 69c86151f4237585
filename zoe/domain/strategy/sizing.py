"""How much to quote: lots, inventory in lots, and what minimums, sleeve and cash leave of a size.

Quantities are ints in the pair's units and round down, never up to a minimum.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.strategy.fair_value import FINE, WHOLE
from zoe.domain.strategy.market import Level

_MILLI: Final = 1_000
#: Money is counted in these parts of a unit of the quote currency.
_PARTS: Final = 10**10
_PARTS_DIGITS: Final = 10
_TENS: Final[tuple[int, ...]] = tuple(10**n for n in range(100))


@attrs.frozen
class Steps:
    """A pair's steps and minimums as ints in its units.

    Attributes:
        scale: Digits of price and quantity together: price times quantity is in 10^-scale.
        cost_min: In 10^-scale.
    """

    tick: int
    lot: int
    qty_min: int
    cost_min: int
    scale: int

    @classmethod
    def of(cls, pair: Instrument) -> "Steps":
        """A tick or lot of 0 where the pair's step is finer than its own precision."""
        known = _KNOWN.get(pair.symbol)
        if known is None or known[0] is not pair:
            known = _KNOWN[pair.symbol] = (pair, cls._worked_out(pair))
        return known[1]

    @classmethod
    def _worked_out(cls, pair: Instrument) -> "Steps":
        digits = pair.price_precision + pair.qty_precision
        return cls(
            tick=int(pair.price_increment.scaleb(pair.price_precision)),
            lot=int(pair.qty_increment.scaleb(pair.qty_precision)),
            qty_min=-int(-pair.qty_min.scaleb(pair.qty_precision) // 1),
            cost_min=-int(-pair.cost_min.scaleb(digits) // 1),
            scale=digits,
        )

    def least(self, price: int) -> int:
        """The smallest quantity that an order at a price may have."""
        least = max(self.qty_min, -(-self.cost_min // price), 1)
        return -(-least // self.lot) * self.lot

    def floor(self, quantity: int) -> int:
        """Down to whole lot steps."""
        return quantity // self.lot * self.lot


#: Of the newest catalogue's pairs: to divide decimals with every View takes longer than to quote.
_KNOWN: Final[dict[str, tuple[Instrument, Steps]]] = {}


def risk_lot_parts(lot_usd: float, risk_root: float, sigma_bps: float, quote_usd: Decimal) -> int:
    """min(lot, risk/(sigma·√T·1e-4)) in parts of the quote currency.

    Args:
        risk_root: risk/(√T·1e-4), in USD times bps/√s.
    """
    return max(int(min(lot_usd, risk_root / sigma_bps) / float(quote_usd) * _PARTS), 1)


def units_worth(parts: int, fair: int, scale: int) -> int:
    """How much of the base so much of the quote currency buys at fair value, in units."""
    ten: int = _TENS[abs(scale - _PARTS_DIGITS)]
    return parts * FINE * ten // fair if scale >= _PARTS_DIGITS else parts * FINE // (fair * ten)


def lots_milli(quantity: int, parts: int, fair: int, scale: int) -> int:
    """An inventory at fair value in thousandths of a lot of so many parts, rounded up."""
    ten: int = _TENS[abs(scale - _PARTS_DIGITS)]
    worth, lot = quantity * fair * _MILLI, parts * FINE
    return -(-worth // (lot * ten)) if scale >= _PARTS_DIGITS else -(-worth * ten // lot)


def depth_within(levels: Sequence[Level], distance_milli: int, twice_mid: int, enough: int) -> int:
    """Quantity of one side within a distance of its own touch; not counted on beyond ``enough``."""
    best, depth = levels[0]
    reach = distance_milli * twice_mid
    for price, quantity in levels[1:]:
        if depth >= enough or abs(price - best) * FINE > reach:
            break
        depth += quantity
    return depth


def affordable(cash: Decimal, fair: int, fee_milli: int, scale: int) -> int:
    """The most that can be bought at fair value, its fee paid too, in units.

    At fair value, above which nobody bids: at the bid's own price, which falls as the inventory
    grows, more inventory would buy more.
    """
    if cash <= 0:
        return 0
    units = units_worth(int(cash.scaleb(_PARTS_DIGITS)), fair, scale)
    return units * WHOLE // (WHOLE + fee_milli)


def sale(wanted: int, sleeve: int, price: int, steps: Steps) -> int:
    """What to sell: as wanted, or all of it where the rest could not be sold; 0 below a minimum."""
    whole, least = steps.floor(sleeve), steps.least(price)
    quantity = steps.floor(min(wanted, whole))
    if quantity < least:
        return 0
    return whole if 0 < whole - quantity < least else quantity
