"""Worths: what each asset is worth in dollars as time passes, for the synthetic market."""

import math
from collections.abc import Mapping
from random import Random
from typing import Final

from zoe.sandbox.core.moments import SECOND_NS

#: Standard deviation of the logarithm in one second: about two percent a day, and a little.
WANDERING: Final = 0.00007
STEADY: Final = 0.000003
STEADY_ASSETS: Final = ("USDT", "USDC", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "AED")
#: How much of the distance from where it began is made good in a second: half of it in 16 hours.
_PULL: Final = 0.000012
#: A longer pause moves prices no further.
_LONGEST_SECONDS: Final = 300
#: What an asset that is not well known may be worth.
_UNKNOWN: Final = (0.02, 20.0)


class Worths:
    """Random walks, one an asset; every asset has chances of its own, from the seed."""

    def __init__(self, seed: int, beginning: Mapping[str, float]) -> None:
        self._seed = seed
        self._beginning = beginning
        self._random: dict[str, Random] = {}
        self._begun: dict[str, float] = {}
        self._logs: dict[str, float] = {}
        self._at_ns: dict[str, int] = {}

    def at(self, asset: str, now_ns: int) -> float:
        """What it is worth; the dollar is always worth a dollar."""
        if asset == "USD":
            return 1.0
        if asset not in self._logs:
            self._begin(asset, now_ns)
        seconds = min((now_ns - self._at_ns[asset]) / SECOND_NS, _LONGEST_SECONDS)
        if seconds > 0:
            self._at_ns[asset] = now_ns
            step = self._step(asset, now_ns, seconds)
            self._logs[asset] += step - self._logs[asset] * _PULL * seconds
        return self._begun[asset] * math.exp(self._logs[asset])

    def _step(self, asset: str, now_ns: int, seconds: float) -> float:
        """How far the logarithm goes in this time, by chance."""
        sigma = STEADY if asset in STEADY_ASSETS else WANDERING
        return self._random[asset].gauss(0, sigma * math.sqrt(seconds))

    def _begin(self, asset: str, now_ns: int) -> None:
        random = self._random[asset] = Random(f"{self._seed}/{asset}")
        unknown = math.exp(random.uniform(*map(math.log, _UNKNOWN)))
        self._begun[asset] = self._beginning.get(asset, unknown)
        self._logs[asset] = 0.0
        self._at_ns[asset] = now_ns
