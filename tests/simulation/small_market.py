"""A market of one pair for simulations: a mid that wanders, two levels a side, takers now and then."""

import random
from typing import Final

from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.market import House

STEP_NS: Final = 200_000_000
ASSETS: Final = (
    Asset("BTC", "XXBT", "XBT", 10),
    Asset("USD", "ZUSD", "USD", 4),
)
BTC_USD: Final = Pair(
    *("BTC/USD", "XXBTZUSD", "XBTUSD", "XBT/USD", "BTC", "USD"),
    *(1, 8, 5),
    qty_min=5_000,
    cost_min=50_000,
)


class SmallMarket:
    """Implements the sandbox's MarketModel."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._at_ns: int | None = None
        self._mid = 900_000

    def next_ns(self) -> int | None:
        return self._at_ns

    def step(self, now_ns: int, house: House) -> None:
        self._at_ns = now_ns + STEP_NS
        self._mid += self._rng.randrange(-60, 61)
        for number in house.orders("BTC/USD"):
            house.cancel("BTC/USD", number)
        for distance in (250, 400):
            house.place("BTC/USD", "buy", self._mid - distance, 50_000_000)
            house.place("BTC/USD", "sell", self._mid + distance, 50_000_000)
        if self._rng.random() < 0.2:
            side = self._rng.choice(("buy", "sell"))
            house.take("BTC/USD", side, self._rng.randrange(20_000, 300_000), None)


def small_market(seed: int) -> Config:
    """An exchange with one pair, one account and this market."""
    return Config(ASSETS, (BTC_USD,), seed=seed, tier="pro", market=SmallMarket(seed))
