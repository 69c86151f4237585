"""Arrival: how often takers reach how far from fair value, A·e^(-kδ) a second.

Learnt from sweeps on both sides together: how many reached at least each of a few distances. A
straight line through their logarithms, weighed by how many they are, gives A and k; both are drawn
towards the prior of the pair's class of spread, and are the prior below 50 sweeps.
"""

import math
from bisect import bisect
from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.fair_value import distance_milli
from zoe.domain.strategy.market import Sweep
from zoe.domain.strategy.volatility import SECOND_NS

#: Distances in thousandths of a bp at which sweeps are counted.
REACHES: Final = (0, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000)
SWEEPS_ENOUGH: Final = 50
HALF_LIFE_SECONDS: Final = 6 * 3_600
#: So long sweeps are gathered before the older ones fade a little.
_PACE_NS: Final = 60 * SECOND_NS
_NONE: Final = (0.0,) * len(REACHES)
_LN2: Final = math.log(2)


@attrs.frozen
class Rate:
    """Arrivals of one side.

    Attributes:
        a: At fair value, a second.
        k: How fast they fade, in 1/bps.
    """

    a: float
    k: float


#: Upper end of the touch's half spread in bps, and what is assumed below it. Assumed, not measured:
#: the tighter a market, the nearer to fair value all of its trading is.
PRIORS: Final = (
    (1.0, Rate(1.0, 1.0)),
    (5.0, Rate(0.2, 0.2)),
    (20.0, Rate(0.05, 0.06)),
    (math.inf, Rate(0.02, 0.03)),
)


_ENDS: Final = tuple(end for end, _ in PRIORS)


def spread_class(half_spread_bps: float) -> int:
    """Which of the priors is a pair's."""
    return bisect(_ENDS, half_spread_bps)


def prior(half_spread_bps: float) -> Rate:
    """What is assumed of a pair by its spread."""
    return PRIORS[spread_class(half_spread_bps)][1]


@attrs.frozen
class Arrival:
    """How often sweeps reach each distance, older ones counting less.

    Attributes:
        at_ns: Until when they are counted; None before the first View.
        seconds: How long was counted, faded like the sweeps.
        reached: How many reached each of REACHES, on both sides together.
        fitted: The line through them, None while there is none.
    """

    at_ns: int | None = None
    seconds: float = 0.0
    reached: tuple[float, ...] = _NONE
    fitted: Rate | None = None

    def after(self, now_ns: int, fair: int, sweeps: tuple[Sweep, ...]) -> "Arrival":
        """The memory with the sweeps since the last View added."""
        at_ns = self.at_ns
        if at_ns is None or now_ns < at_ns:
            return attrs.evolve(self, at_ns=now_ns)
        if not sweeps and now_ns - at_ns < _PACE_NS:
            return self
        passed = (now_ns - at_ns) / SECOND_NS
        kept = round(2 ** (-passed / HALF_LIFE_SECONDS), 12)
        seconds = self.seconds * kept + HALF_LIFE_SECONDS / _LN2 * (1 - kept)
        reached = _counted([count * kept for count in self.reached], fair, sweeps)
        return Arrival(now_ns, round(seconds, 6), reached, _fit(reached, seconds))

    def rate(self, half_spread_bps: float) -> Rate:
        """A and k, drawn towards the prior by as much as 50 sweeps weigh."""
        assumed = prior(half_spread_bps)
        seen = self.reached[0]
        if self.fitted is None or seen < SWEEPS_ENOUGH:
            return assumed
        share = seen / (seen + SWEEPS_ENOUGH)
        a = math.log(self.fitted.a) * share + math.log(assumed.a) * (1 - share)
        k = math.log(self.fitted.k) * share + math.log(assumed.k) * (1 - share)
        return Rate(round(math.exp(a), 9), round(math.exp(k), 6))


def _counted(reached: list[float], fair: int, sweeps: Iterable[Sweep]) -> tuple[float, ...]:
    """Counts with each sweep added wherever it reached; one that stopped short of fair value not."""
    for sweep in sweeps:
        # A taker that buys reaches up: as far as our ask would stand.
        side = Side.SELL if sweep.side is Side.BUY else Side.BUY
        reach = distance_milli(fair, sweep.price, side)
        for place, distance in enumerate(REACHES):
            if reach < distance:
                break
            reached[place] += 1
    return tuple(round(count, 9) for count in reached)


def _fit(reached: tuple[float, ...], seconds: float) -> Rate | None:
    """The line through ln(rate) over distance; None where it does not fall, or has one point."""
    points = [
        (distance / 1_000, math.log(count / (2 * seconds)), count)
        for distance, count in zip(REACHES, reached, strict=True)
        if count >= 0.5 and seconds > 0
    ]
    if len(points) < 2:
        return None
    whole = math.fsum(count for _, _, count in points)
    x_mean = math.fsum(x * count for x, _, count in points) / whole
    y_mean = math.fsum(y * count for _, y, count in points) / whole
    across = math.fsum((x - x_mean) ** 2 * count for x, _, count in points)
    slope = math.fsum((x - x_mean) * (y - y_mean) * count for x, y, count in points) / across
    if slope >= -1e-4:
        return None
    return Rate(round(math.exp(y_mean - slope * x_mean), 9), round(-slope, 6))
