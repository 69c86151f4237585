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


@attrs.frozen
class Steps:
    """A pair's steps and minimums as ints in its units.

    Attributes:
        cost_min: In 10^-(digits of price and quantity together), as price times quantity is.
        over: Money in its parts times this, over fair value times ``under``, is a quantity.
        fine_tick: A tick in fine units, times the thousandths of a bp in the whole.
    """

    tick: int
    lot: int
    qty_min: int
    cost_min: int
    over: int = 1
    under: int = 1
    fine_tick: int = 0

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
        tick = int(pair.price_increment.scaleb(pair.price_precision))
        return cls(
            tick=tick,
            lot=int(pair.qty_increment.scaleb(pair.qty_precision)),
            qty_min=-int(-pair.qty_min.scaleb(pair.qty_precision) // 1),
            cost_min=-int(-pair.cost_min.scaleb(digits) // 1),
            over=10 ** max(digits - _PARTS_DIGITS, 0),
            under=10 ** max(_PARTS_DIGITS - digits, 0),
            fine_tick=FINE * WHOLE * tick,
        )

    def is_enough(self, quantity: int, price: int) -> bool:
        """Whether an order of a quantity that is on the lot step is over both minimums."""
        return quantity >= self.qty_min and quantity * price >= self.cost_min and quantity > 0


#: Of the newest catalogue's pairs: to divide decimals with every View takes longer than to quote.
_KNOWN: Final[dict[str, tuple[Instrument, Steps]]] = {}


def risk_lot_parts(lot_usd: float, risk_root: float, sigma_bps: float, quote_usd: Decimal) -> int:
    """min(lot, risk/(sigma·√T·1e-4)) in parts of the quote currency.

    Args:
        risk_root: risk/(√T·1e-4), in USD times bps/√s.
    """
    return max(int(min(lot_usd, risk_root / sigma_bps) / float(quote_usd) * _PARTS), 1)


def fine_money(parts: int, steps: Steps) -> int:
    """Money that, over fair value times ``steps.under``, is the quantity that it buys."""
    return parts * FINE * steps.over


def lots_milli(quantity: int, lot: int, fair: int, steps: Steps) -> int:
    """An inventory at fair value in thousandths of a lot, which is fine money; rounded up."""
    return -(-quantity * _MILLI * fair * steps.under // lot)


def depth_within(levels: Sequence[Level], reach: int, enough: int) -> int:
    """Quantity of one side near its own touch; not counted on beyond ``enough``.

    Args:
        reach: How near: thousandths of a bp, times twice the mid in price units.
    """
    best, depth = levels[0]
    if depth >= enough:
        return depth
    for price, quantity in levels[1:]:
        if depth >= enough or abs(price - best) * FINE > reach:
            break
        depth += quantity
    return depth


def spendable(cash: Decimal, fee_milli: int, steps: Steps) -> int:
    """What of an amount of cash buys coins while its fee is paid too, as fine money.

    At fair value, above which nobody bids: at the bid's own price, which falls as the inventory
    grows, more inventory would buy more.
    """
    parts = max(int(cash.scaleb(_PARTS_DIGITS)), 0)
    return fine_money(parts, steps) * WHOLE // (WHOLE + fee_milli)


def sale(wanted: int, sleeve: int, price: int, steps: Steps) -> int:
    """What to sell: as wanted, or all of it where the rest could not be sold; 0 below a minimum."""
    whole = sleeve - sleeve % steps.lot
    quantity = wanted - wanted % steps.lot
    if quantity >= whole:
        return whole if steps.is_enough(whole, price) else 0
    if not steps.is_enough(quantity, price):
        return 0
    return quantity if steps.is_enough(whole - quantity, price) else whole
