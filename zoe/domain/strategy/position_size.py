"""How much CryptoTrader buys: the stop's distance, and the smallest of what each limit allows.

Money is Decimal and exact; what is divided is rounded down.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

import attrs

from zoe.domain.strategy.bar_facts import BPS, MBPS, MILLI
from zoe.domain.strategy.trader_params import Params

Level = tuple[int, int]
_DOWN: Final = Context(prec=40, rounding=ROUND_FLOOR)
#: Of the largest order a position takes so much: its stop, in one order, grows dearer with the price.
_ROOM: Final = Decimal("0.8")


@attrs.frozen
class Funds:
    """What is there to be risked, in USD unless said.

    Attributes:
        cash_quote: Free in the pair's quote currency.
        quote_usd: Price of the quote currency.
        exposed: What all trades may come to already.
        order_quote: What one order may be worth, in quote; None where nobody says so.
    """

    equity: Decimal
    cash_quote: Decimal
    quote_usd: Decimal
    exposed: Decimal
    order_quote: Decimal | None = None


@attrs.frozen
class Place:
    """What the market allows.

    Attributes:
        depth_quote: Bids within ``depth_bps`` of the best, in quote.
        turnover: Of 24 h, in USD.
        maker_fee_mbps: It is paid out of the cash too.
    """

    depth_quote: Decimal
    turnover: Decimal
    maker_fee_mbps: int


def stop_distance(atr: int, close: int, spread_mbps: int, params: Params) -> int:
    """d_stop in mbps: the largest of a multiple of ATR₁₄(15 m), of the spread, and the floor."""
    by_range = -(-milli(params.stop_atr) * atr * MBPS // (MILLI * close))
    by_spread = -(-milli(params.stop_spreads) * spread_mbps // MILLI)
    return max(by_range, by_spread, milli(params.stop_floor_bps))


def allowances(
    funds: Funds, place: Place, distance_mbps: int, params: Params
) -> tuple[tuple[str, Decimal], ...]:
    """What each limit allows, in quote; the smallest counts."""
    equity = _DOWN.divide(funds.equity, funds.quote_usd)
    room = _DOWN.divide(_share(funds.equity, params.exposure_bps) - funds.exposed, funds.quote_usd)
    cash = funds.cash_quote - _share(equity, params.reserve_bps)
    turnover = _share(_DOWN.divide(place.turnover, funds.quote_usd), params.turnover_bps)
    risk = _share(equity, params.risk_bps)
    order = () if funds.order_quote is None else (("ORDER", funds.order_quote * _ROOM),)
    return (
        ("RISK", _DOWN.divide(risk * MBPS, Decimal(distance_mbps))),
        ("POSITION", _share(equity, params.position_bps)),
        ("DEPTH", place.depth_quote * params.depth_share),
        ("TURNOVER", turnover),
        ("CASH", _DOWN.divide(cash * MBPS, Decimal(MBPS + place.maker_fee_mbps))),
        ("EXPOSURE", room),
        *order,
    )


def depth_within(levels: Sequence[Level], depth_mbps: int) -> int:
    """Σ price · quantity of levels at most so far from the best, in units of both."""
    if not levels:
        return 0
    best = levels[0][0]
    near = [(p, q) for p, q in levels if abs(p - best) * MBPS <= depth_mbps * best]
    return sum(p * q for p, q in near)


def impact(levels: Sequence[Level], quantity: int) -> int | None:
    """How far selling through the bids falls short of the best, in mbps, rounded up; None where
    the levels that are known do not hold as much."""
    if not levels or quantity <= 0:
        return None
    best, left, got = levels[0][0], quantity, 0
    for price, size in levels:
        taken = min(size, left)
        got += taken * price
        left -= taken
        if not left:
            return -(-(best * quantity - got) * MBPS // (best * quantity))
    return None


def milli(value: Decimal) -> int:
    """A parameter in thousandths; bps become mbps."""
    return int(value * MILLI)


def _share(amount: Decimal, bps: Decimal) -> Decimal:
    return _DOWN.multiply(amount, bps / BPS)
