"""Fair value: of a pair by its own book, and with its siblings in other quote currencies.

A fair value is an int in fine units, ``FINE`` to the price unit: twice the mid, times 10^7 plus the
offset from the mid in thousandths of a bp. So floats choose the offset only, rounded to 1e-3 bps,
and everything that is counted after it is exact, the same on every machine and at every scale.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import mul
from typing import Final, NamedTuple

import attrs

from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.strategy.market import Book, Level, Sibling

#: Bound once: to ask the enum for a member takes as long as to work out a price.
_BUY: Final = Side.BUY
#: Thousandths of a bp in the whole.
WHOLE: Final = 10_000_000
#: Fine units to a price unit.
FINE: Final = 2 * WHOLE
_BPS: Final = 10_000
_ERRORS_OFF_SQUARED: Final = 5**2
#: What a source may be off, squared: never nothing.
_LEAST_VARIANCE: Final = 1e-6
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
    tau_squared: float = attrs.field(
        init=False, default=attrs.Factory(lambda self: self.tau_bps**2, takes_self=True)
    )


@attrs.frozen(weakref_slot=False)
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


_OWN: Final = quick(Own)


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


@attrs.frozen(weakref_slot=False)
class Leg:
    """One price of a conversion: its pair's own estimate.

    Attributes:
        inverted: It is divided by, not multiplied with.
    """

    own: Own
    price_precision: int
    age_ms: int
    inverted: bool = False


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
    scale = 2 * _BPS / (weighing.lambda_bps * twice)
    bids = _weighted(book.bids, least, scale)
    asks = _weighted(book.asks, least, -scale)
    if not bids or not asks:
        return None
    imbalance = (bids - asks) / (bids + asks)
    half_spread = (ask - bid) * _BPS / twice
    offset = weighing.kappa * imbalance * half_spread
    if weighing.micro is not None:
        learnt = weighing.micro.offset_bps(imbalance, (ask - bid) // tick)
        offset = offset if learnt is None else learnt
    return _OWN(twice, round(offset * 1_000), half_spread)


def _weighted(levels: Sequence[Level], least: int, scale: float) -> float:
    """Sizes of a side, each counted for less the further it is from the touch.

    Args:
        scale: What a unit of price takes off the logarithm; negative for asks, which rise.
    """
    best, exp, total = levels[0][0], math.exp, 0.0
    for price, quantity in levels:
        if quantity >= least:
            total += quantity * exp((price - best) * scale)
    return total


def combined(
    mine: Own,
    own_error: tuple[int, float],
    siblings: Iterable[Sibling],
    usual: Mapping[str, float],
    weighing: Weighing,
) -> Estimate:
    """The estimate of all sources, each weighed by what it may be off.

    Args:
        own_error: The age of the pair's own book in ms, and its volatility in bps/√s.
        siblings: In any order.
        usual: The slow basis of siblings in bps, which they lose first.
    """
    age_ms, sigma_bps = own_error
    mid, tau2, max_age_ms = mine.twice_mid * WHOLE, weighing.tau_squared, weighing.max_age_ms
    half_spread = mine.half_spread_bps
    places = [mine.offset_milli / 1_000]
    variances = [half_spread * half_spread + sigma_bps * sigma_bps * age_ms / 1_000 + tau2]
    for sibling in siblings:
        age_ms = sibling.age_ms
        if age_ms <= max_age_ms:
            places.append((sibling.fair - mid) * _BPS / mid - usual.get(sibling.symbol, 0.0))
            sigma, half_spread = sibling.sigma_bps, sibling.half_spread_bps
            if sigma is None:
                sigma = sigma_bps
            variances.append(half_spread * half_spread + sigma * sigma * age_ms / 1_000 + tau2)
    if len(places) == 1:
        return Estimate(mine.fair, 0.0, 1)
    near = _near(places, variances)
    if near is None:
        return Estimate(None, round((max(places) - min(places)) * 1_000) / 1_000, 0)
    weights = [1 / variance for variance in near[1]]
    mean = math.fsum(map(mul, near[0], weights)) / math.fsum(weights)
    apart = round((max(near[0]) - min(near[0])) * 1_000) / 1_000
    return Estimate(mine.twice_mid * (WHOLE + round(mean * 1_000)), apart, len(weights))


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


def _near(places: list[float], variances: list[float]) -> tuple[list[float], list[float]] | None:
    """The places within 5 of their own errors of the median, with their variances.

    None where no more than half of them are: nobody knows then which of them are wrong.
    """
    least = min(variances)
    if least < _LEAST_VARIANCE:
        variances = [max(variance, _LEAST_VARIANCE) for variance in variances]
        least = _LEAST_VARIANCE
    if (max(places) - min(places)) ** 2 <= _ERRORS_OFF_SQUARED * least:
        return places, variances
    count = len(places)
    ordered = sorted(places)
    middle = (ordered[count // 2] + ordered[(count - 1) // 2]) / 2
    sources = zip(places, variances, strict=True)
    near = [each for each in sources if (each[0] - middle) ** 2 <= _ERRORS_OFF_SQUARED * each[1]]
    if 2 * len(near) <= count:
        return None
    return [place for place, _ in near], [variance for _, variance in near]


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
