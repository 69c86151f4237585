"""Fair value: of a pair by its own book, and with its siblings in other quote currencies.

A fair value is an int in fine units, ``FINE`` to the price unit: twice the mid, times 10^7 plus the
offset from the mid in thousandths of a bp. So floats choose the offset only, rounded to 1e-3 bps,
and everything that is counted after it is exact, the same on every machine and at every scale.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.market import Book, Level, Sibling

#: Bound once: to ask the enum for a member takes as long as to work out a price.
_BUY: Final = Side.BUY
#: Thousandths of a bp in the whole.
WHOLE: Final = 10_000_000
#: Fine units to a price unit.
FINE: Final = 2 * WHOLE
_BPS: Final = 10_000
_ERRORS_OFF: Final = 5
_BUCKETS: Final = 10
#: A table's bucket with fewer moves falls back to kappa.
_MOVES_ENOUGH: Final = 200


@attrs.frozen
class MicroPrice:
    """Stoikov's table: where the mid goes from here, by imbalance and spread.

    Attributes:
        g_bps: Ten rows of imbalance, one column a bucket of spread; row 9-i is minus row i.
        moves: How many moves of the mid each was learnt from.
        spread_ticks: Upper ends of all but the last bucket of spread, in ticks.
    """

    g_bps: tuple[tuple[float, ...], ...]
    moves: tuple[tuple[int, ...], ...]
    spread_ticks: tuple[int, ...] = (1, 2, 4)

    def __attrs_post_init__(self) -> None:
        columns = len(self.spread_ticks) + 1
        for rows in (self.g_bps, self.moves):
            if len(rows) != _BUCKETS or any(len(row) != columns for row in rows):
                raise ValueError(f"a table has {_BUCKETS} rows of {columns}")
        for row, mirrored in zip(self.g_bps, reversed(self.g_bps), strict=True):
            if any(g != -h for g, h in zip(row, mirrored, strict=True)):
                raise ValueError("a table must be mirrored: g(I) = -g(1-I)")

    def offset_bps(self, imbalance: float, spread_ticks: int) -> float | None:
        """What is added to the mid; None where too little was seen.

        Args:
            imbalance: (bids - asks)/(bids + asks), -1 to 1.
        """
        # From the middle outwards, so that both sides are cut alike.
        away = min(int(abs(imbalance) * _BUCKETS / 2), _BUCKETS // 2 - 1)
        row = _BUCKETS // 2 + away
        column = sum(spread_ticks > end for end in self.spread_ticks)
        if min(self.moves[row][column], self.moves[_BUCKETS - 1 - row][column]) < _MOVES_ENOUGH:
            return None
        return 0.0 if not imbalance else math.copysign(1, imbalance) * self.g_bps[row][column]


@attrs.frozen
class Weighing:
    """How sources are weighed: kappa, lambda, tau and the greatest age (see EdgeParams)."""

    kappa: float = 0.5
    lambda_bps: float = 10.0
    tau_bps: float = 3.0
    max_age_ms: int = 1_500
    micro: MicroPrice | None = None


@attrs.frozen
class Own:
    """Fair value of a pair by its own book.

    Attributes:
        twice_mid: Best bid and ask together, in price units.
        offset_milli: From the mid, in thousandths of a bp of it.
        half_spread_bps: Of the touch.
    """

    twice_mid: int
    offset_milli: int
    half_spread_bps: float

    @property
    def fair(self) -> int:
        """In fine units."""
        return self.twice_mid * (WHOLE + self.offset_milli)


class Estimate(NamedTuple):
    """Fair value by all sources.

    Attributes:
        fair: In fine units; None where the sources are too far apart.
        disagreement_bps: Between the two sources that are farthest apart.
        sources: How many counted, the pair itself included.
    """

    fair: int | None
    disagreement_bps: float
    sources: int


@attrs.frozen
class Leg:
    """One price of a conversion: its pair's own estimate.

    Attributes:
        inverted: It is divided by, not multiplied with.
    """

    own: Own
    price_precision: int
    age_ms: int
    inverted: bool = False


def price_at(fair: int, distance_milli: int, side: Side, tick: int) -> int:
    """The price in units at a distance from fair value: bids round down, asks up, to the tick."""
    step = FINE * WHOLE * tick
    if side is _BUY:
        return fair * (WHOLE - distance_milli) // step * tick
    return -(-fair * (WHOLE + distance_milli) // step) * tick


def distance_milli(fair: int, price: int, side: Side) -> int:
    """How far a price is from fair value on its own side, in thousandths of a bp, rounded down."""
    away = fair - price * FINE if side is _BUY else price * FINE - fair
    return away * WHOLE // fair


def own(book: Book, least: int, tick: int, weighing: Weighing) -> Own | None:
    """The estimate of one book; None where one side has no depth that counts, or both cross.

    Args:
        least: Quantity below which a level is ignored (``ordermin``, in units).
    """
    if not book.bids or not book.asks:
        return None
    bid, ask = book.bids[0][0], book.asks[0][0]
    if not 0 < bid < ask:
        return None
    twice = bid + ask
    bids = _weighted(book.bids, least, twice, weighing.lambda_bps)
    asks = _weighted(book.asks, least, twice, weighing.lambda_bps)
    if not bids or not asks:
        return None
    imbalance = (bids - asks) / (bids + asks)
    half_spread = (ask - bid) * _BPS / twice
    offset = weighing.kappa * imbalance * half_spread
    if weighing.micro is not None:
        learnt = weighing.micro.offset_bps(imbalance, (ask - bid) // tick)
        offset = offset if learnt is None else learnt
    return Own(twice, round(offset * 1_000), half_spread)


def _weighted(levels: Sequence[Level], least: int, twice: int, reach: float) -> float:
    """Sizes of a side, each counted for less the further it is from the touch."""
    best, last = levels[0][0], levels[-1][0]
    scale = (2 if last < best else -2) * _BPS / reach
    # Over the whole, so that the unit of size plays no part.
    whole = sum([quantity for _, quantity in levels]) or 1
    exp = math.exp
    return whole * sum(
        [
            quantity / whole * exp((price - best) / twice * scale)
            for price, quantity in levels
            if quantity >= least
        ]
    )


def combined(
    mine: Own,
    age_ms: int,
    sigma_bps: float,
    siblings: Iterable[tuple[Sibling, float]],
    weighing: Weighing,
) -> Estimate:
    """The estimate of all sources, each weighed by what it may be off.

    Args:
        age_ms: Of the pair's own book.
        sigma_bps: The pair's own volatility, in bps/√s.
        siblings: Each with its slow basis in bps, which it loses first; in any order.
    """
    mid, tau2 = mine.twice_mid * WHOLE, weighing.tau_bps**2
    places = [mine.offset_milli / 1_000]
    variances = [_variance(mine.half_spread_bps, sigma_bps, age_ms, tau2)]
    for sibling, basis_bps in siblings:
        if sibling.age_ms <= weighing.max_age_ms:
            places.append((sibling.fair - mid) * _BPS / mid - basis_bps)
            sigma = sigma_bps if sibling.sigma_bps is None else sibling.sigma_bps
            half_spread, age = sibling.half_spread_bps, sibling.age_ms
            variances.append(_variance(half_spread, sigma, age, tau2))
    if len(places) == 1:
        return Estimate(mine.fair, 0.0, 1)
    offset_milli, apart, count = _mean(places, variances)
    fair = None if offset_milli is None else mine.twice_mid * (WHOLE + offset_milli)
    return Estimate(fair, apart, count)


def premiums(
    mine: Own, siblings: Iterable[Sibling], weighing: Weighing
) -> tuple[tuple[str, float], ...]:
    """What each sibling that is fresh is above the pair's own estimate, in bps; sorted."""
    mid = mine.twice_mid * WHOLE
    at_bps = mine.offset_milli / 1_000
    return tuple(
        sorted(
            (sibling.symbol, (sibling.fair - mid) * _BPS / mid - at_bps)
            for sibling in siblings
            if sibling.age_ms <= weighing.max_age_ms
        )
    )


def _variance(half_spread_bps: float, sigma_bps: float, age_ms: int, tau2: float) -> float:
    """What a source may be off, squared; never nothing."""
    aged = sigma_bps * sigma_bps * age_ms / 1_000
    return max(half_spread_bps * half_spread_bps + aged + tau2, 1e-6)


def _mean(places: list[float], variances: list[float]) -> tuple[int | None, float, int]:
    """Weighted mean in thousandths of a bp, the greatest distance, and how many counted.

    There is no mean where no more than half of the sources are near the median: nobody knows then
    which of them are wrong.
    """
    count = len(places)
    ordered = sorted(places)
    middle = (ordered[count // 2] + ordered[(count - 1) // 2]) / 2
    near, weights, products = [], [], []
    for place, variance in zip(places, variances, strict=True):
        if (place - middle) ** 2 <= _ERRORS_OFF**2 * variance:
            near.append(place)
            weights.append(1 / variance)
            products.append(place / variance)
    if 2 * len(near) <= count:
        return None, round(ordered[-1] - ordered[0], 3), 0
    mean = math.fsum(products) / math.fsum(weights)
    return round(mean * 1_000), round(max(near) - min(near), 3), len(near)


def converted(
    symbol: str, theirs: Leg, rates: Sequence[Leg], sigma_bps: float | None, price_precision: int
) -> Sibling:
    """A sibling's estimate in the currency of a pair of this price precision.

    Args:
        rates: From the sibling's quote currency to the pair's, each by its own estimate.
    """
    over, under = theirs.own.fair, 1
    digits = price_precision - theirs.price_precision
    for rate in rates:
        if rate.inverted:
            over, under = over * FINE, under * rate.own.fair
            digits += rate.price_precision
        else:
            over, under = over * rate.own.fair, under * FINE
            digits -= rate.price_precision
    over, under = over * 10 ** max(digits, 0), under * 10 ** max(-digits, 0)
    legs = (theirs, *rates)
    half_spread = math.sqrt(math.fsum(leg.own.half_spread_bps**2 for leg in legs))
    return Sibling(symbol, over // under, half_spread, sigma_bps, max(leg.age_ms for leg in legs))
