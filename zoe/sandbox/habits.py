"""Habits: how people trade a pair; those of the plain market, and of the lively one by kind of pair."""

import math
from random import Random
from typing import Final

import attrs

from zoe.sandbox import pairs as known
from zoe.sandbox.core.catalog import Pair

BPS: Final = 0.0001
_MAJOR: Final = frozenset({"BTC", "ETH", "SOL"})
_MAJOR_QUOTES: Final = frozenset({"USD", "USDT", "EUR"})
#: How many times as wide a well-known coin's pair is in another money than the dollar.
_FURTHER: Final = {"USD": 1.0, "EUR": 1.6, "USDT": 1.6}
_FURTHEST: Final = 3.0
#: Assets whose worth hardly moves against the dollar.
_STILL: Final = frozenset({"USDT", "USDC", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "AED"})


@attrs.frozen
class Habit:
    """How a pair is traded. Distances are relative to the middle, sizes in dollars.

    Sizes are lognormal: the logarithm of the middle one, and how far they spread.

    Attributes:
        takers: Of all events of a pair: what share are takers.
        sweeps: Of takers: what share take everything as far as ``sweep`` reaches.
        levels: At most so many a side.
        lag_seconds: How slowly the pair's middle follows what its assets are worth; 0: at once.
        noise: Standard deviation of what its middle errs by itself in a second.
        arbitrage: Beyond this distance from its worth somebody takes until it is half as far.
        informed: Of takers: what share know on which side of its worth the pair is.
        turnover: Of a day, in the history.
    """

    half_spread: float = 0.6 * BPS
    gap: float = 0.9 * BPS
    takers: float = 0.3
    sweeps: float = 0.25
    sweep: tuple[float, float] = (2 * BPS, 4.5 * BPS)
    quote_size: tuple[float, float] = (math.log(2_500), 0.9)
    taker_size: tuple[float, float] = (math.log(300), 1.0)
    sweep_most: float = 60_000
    levels: int = 14
    lag_seconds: float = 0.0
    noise: float = 0.0
    arbitrage: float = 1.0
    informed: float = 0.0
    turnover: float = 0.0


def lively(pair: Pair, seed: int) -> Habit:
    """The habit of a pair of the lively market, by its kind and its own chance."""
    random = Random(f"{seed}/{pair.symbol}/habit")
    if pair.base in _STILL or (pair.base in _MAJOR and pair.quote in _MAJOR_QUOTES):
        return _major(random)
    if pair.base in known.ASSETS:
        return _middling(random, _FURTHER.get(pair.quote, _FURTHEST))
    return _thin(random)


def _major(random: Random) -> Habit:
    return Habit(
        lag_seconds=random.uniform(0.2, 1.0),
        arbitrage=12 * BPS,
        informed=0.3,
        turnover=_between(random, 20e6, 200e6),
    )


def _middling(random: Random, further: float) -> Habit:
    half_spread = _between(random, 2, 10) * BPS * further
    return Habit(
        half_spread=half_spread,
        gap=half_spread * 0.6,
        takers=0.15,
        sweep=(half_spread, half_spread * 5),
        quote_size=(math.log(1_200), 0.9),
        sweep_most=15_000,
        lag_seconds=_between(random, 0.5, 6),
        noise=0.3 * BPS,
        arbitrage=half_spread + 15 * BPS,
        informed=0.3,
        turnover=_between(random, 400e3, 20e6) / (further * further),
    )


def _thin(random: Random) -> Habit:
    half_spread = _between(random, 25, 130) * BPS
    return Habit(
        half_spread=half_spread,
        gap=half_spread * 0.35,
        takers=0.06,
        sweeps=0.5,
        sweep=(half_spread * 0.3, half_spread * 2.5),
        quote_size=(math.log(250), 0.8),
        taker_size=(math.log(60), 0.9),
        sweep_most=1_500,
        levels=6,
        lag_seconds=_between(random, 3, 30),
        noise=_between(random, 0.3, 1.5) * BPS,
        arbitrage=half_spread + 25 * BPS,
        informed=0.25,
        turnover=_between(random, 20e3, 1e6),
    )


def _between(random: Random, least: float, most: float) -> float:
    """As many between one and two as between five and ten."""
    return math.exp(random.uniform(math.log(least), math.log(most)))
