"""Weather: what assets are worth in the lively market: bursts of volatility, trends, and news.

Every coin follows the whole market, each to an extent of its own, and has moods of its own. Times
and sizes are drawn from exponential distributions, each asset's from its own seed.
"""

import math
from random import Random
from typing import Final

import attrs

from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.worths import STEADY_ASSETS, Worths

BPS: Final = 0.0001
#: What every coin follows; it is no asset, and worth one at the beginning.
MARKET: Final = ""
#: Standard deviation of the logarithm in one second, of the market and of a coin by itself.
MARKET_WANDERING: Final = 0.7 * BPS
COIN_WANDERING: Final = (0.7 * BPS, 2.5 * BPS)
#: How much of the market's logarithm a coin goes along with.
ALONG: Final = (0.6, 1.6)
#: Mean seconds between bursts and of one, and how many times as far everything goes meanwhile.
BURST_EACH: Final = 1_500.0
BURST_LASTS: Final = 120.0
BURST_TIMES: Final = (3.0, 6.0)
#: Mean seconds between trends and of one, and how far it leads in a second.
TREND_EACH: Final = 1_800.0
TREND_LASTS: Final = 600.0
TREND: Final = (0.1 * BPS, 0.5 * BPS)
#: Mean seconds between news, and how far the price leaps.
NEWS_EACH: Final = 5_400.0
NEWS: Final = (30 * BPS, 150 * BPS)


@attrs.define(eq=False)
class _Mood:
    """One asset's, with the moments at which it changes next."""

    random: Random
    sigma: float
    along: float
    times: float = 1.0
    drift: float = 0.0
    burst_ns: int = 0
    trend_ns: int = 0
    news_ns: int = 0


class Weather(Worths):
    """See Worths, whose walks these are with moods."""

    def __init__(self, seed: int, beginning: dict[str, float]) -> None:
        super().__init__(seed, {**beginning, MARKET: 1.0})
        self._moods: dict[str, _Mood] = {}
        self._seeded = seed

    def at(self, asset: str, now_ns: int) -> float:
        """See Worths."""
        alone = super().at(asset, now_ns)
        if asset == MARKET or asset == "USD" or asset in STEADY_ASSETS:
            return alone
        return alone * math.pow(super().at(MARKET, now_ns), self.along(asset))

    def along(self, asset: str) -> float:
        """How much of the market's logarithm an asset goes along with."""
        return 0.0 if asset == "USD" or asset in STEADY_ASSETS else self._mood(asset).along

    def sigma(self, asset: str) -> float:
        """How far a coin goes by itself in a second, where nothing is the matter."""
        return self._mood(asset).sigma

    def opening(self, asset: str) -> float:
        """What an asset was worth in dollars when it was first asked for."""
        return 1.0 if asset == "USD" else self._begun[asset]

    def _mood(self, asset: str) -> _Mood:
        mood = self._moods.get(asset)
        if mood is None:
            random = Random(f"{self._seeded}/{asset}/mood")
            sigma = random.uniform(*COIN_WANDERING) if asset else MARKET_WANDERING
            mood = self._moods[asset] = _Mood(random, sigma, random.uniform(*ALONG))
        return mood

    def _step(self, asset: str, now_ns: int, seconds: float) -> float:
        if asset in STEADY_ASSETS:
            return super()._step(asset, now_ns, seconds)
        mood = self._mood(asset)
        news = _pass(mood, now_ns)
        by_chance = self._random[asset].gauss(0, mood.sigma * mood.times * math.sqrt(seconds))
        return by_chance + mood.drift * seconds + news


def _pass(mood: _Mood, now_ns: int) -> float:
    """Changes the mood where it is time; the leap of the price by news, mostly 0."""
    random = mood.random
    if not mood.burst_ns:
        mood.burst_ns = now_ns + _span_ns(random, BURST_EACH)
        mood.trend_ns = now_ns + _span_ns(random, TREND_EACH)
        mood.news_ns = now_ns + _span_ns(random, NEWS_EACH)
    if now_ns >= mood.burst_ns:
        begins = mood.times == 1
        mood.times = random.uniform(*BURST_TIMES) if begins else 1
        mood.burst_ns = now_ns + _span_ns(random, BURST_LASTS if begins else BURST_EACH)
    if now_ns >= mood.trend_ns:
        begins = mood.drift == 0
        mood.drift = random.choice((-1, 1)) * random.uniform(*TREND) if begins else 0
        mood.trend_ns = now_ns + _span_ns(random, TREND_LASTS if begins else TREND_EACH)
    if now_ns < mood.news_ns:
        return 0.0
    mood.news_ns = now_ns + _span_ns(random, NEWS_EACH)
    return random.choice((-1, 1)) * random.uniform(*NEWS)


def _span_ns(random: Random, seconds: float) -> int:
    return int(random.expovariate(1 / seconds) * SECOND_NS)
