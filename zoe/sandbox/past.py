"""Past: what was traded before the lively market's opening, as bars of five minutes.

Siblings agree in it as they do afterwards: paths are the assets', not the pairs'. It is made as far
back as somebody asks.
"""

import math
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Final

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.market import PAST_MINUTES, PastBar
from zoe.sandbox.habits import Habit
from zoe.sandbox.weather import MARKET, MARKET_WANDERING, Weather
from zoe.sandbox.worths import STEADY, STEADY_ASSETS

_SECONDS: Final = PAST_MINUTES * 60
_BARS_AN_HOUR: Final = 60 // PAST_MINUTES
_BARS_A_DAY: Final = 24 * _BARS_AN_HOUR
_TRADE_DOLLARS: Final = 400.0
#: How far a bar's volume spreads, as a lognormal distribution has it.
_SPREAD: Final = 0.8


class Past:
    """Paths of the assets, back from the opening; the same for the same seed."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self._seed = seed
        self._weather = weather
        #: Logarithms against the opening, the opening first.
        self._paths: dict[str, tuple[Random, list[float]]] = {}

    def bars(self, pair: Pair, habit: Habit, middle: float) -> Iterator[PastBar]:
        """The bars of a pair that opens at ``middle``, the newest first, without an end."""
        return self._bars(pair, habit, middle, 1)

    def day(self, pair: Pair, habit: Habit, middle: float) -> list[PastBar]:
        """The last 24 hours, the newest first: of the same path, an hour a bar."""
        return list(islice(self._bars(pair, habit, middle, _BARS_AN_HOUR), 24))

    def _bars(self, pair: Pair, habit: Habit, middle: float, stride: int) -> Iterator[PastBar]:
        """Bars that each are ``stride`` spans long."""
        random = Random(f"{self._seed}/{pair.symbol}/past/{stride}")
        weather, tick = self._weather, pair.tick
        sigma = math.hypot(habit.noise, MARKET_WANDERING) * math.sqrt(_SECONDS * stride)
        dollars = habit.turnover / _BARS_A_DAY * stride
        worth = weather.opening(pair.base)
        scale = math.pow(10, pair.qty_decimals) / worth
        later, back = middle, 0
        while True:
            back += stride
            path = self._log(pair.base, back) - self._log(pair.quote, back)
            earlier = middle * math.exp(path)
            stretch = 1 + abs(random.gauss(0, sigma)) / 2
            traded = dollars * random.lognormvariate(-_SPREAD * _SPREAD / 2, _SPREAD)
            yield PastBar(
                open=max(round(earlier / tick), 1) * tick,
                high=max(round(max(earlier, later) * stretch / tick), 1) * tick,
                low=max(round(min(earlier, later) / stretch / tick), 1) * tick,
                close=max(round(later / tick), 1) * tick,
                qty=max(int(traded * scale), 1),
                count=1 + int(traded / _TRADE_DOLLARS),
            )
            later = earlier

    def _log(self, asset: str, back: int) -> float:
        if asset == "USD":
            return 0.0
        along = self._weather.along(asset)
        together = along * self._alone(MARKET, back) if along else 0.0
        return self._alone(asset, back) + together

    def _alone(self, asset: str, back: int) -> float:
        if asset not in self._paths:
            self._paths[asset] = (Random(f"{self._seed}/{asset}/past"), [0.0])
        random, path = self._paths[asset]
        while len(path) <= back:
            sigma = STEADY if asset in STEADY_ASSETS else self._weather.sigma(asset)
            path.append(path[-1] + random.gauss(0, sigma * math.sqrt(_SECONDS)))
        return path[back]
