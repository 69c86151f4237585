"""A market of one pair for simulations: a mid that wanders, two levels a side, takers now and then."""

import random
from typing import Final

from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.market import House

STEP_NS: Final = 200_000_000
SYMBOL: Final = "BTC/USD"
TIER: Final = "pro"
_ASSETS: Final = (Asset("BTC", "XXBT", "XBT", 10), Asset("USD", "ZUSD", "USD", 4))
_PAIR: Final = Pair(
    *(SYMBOL, "XXBTZUSD", "XBTUSD", "XBT/USD", "BTC", "USD"),
    *(1, 8, 5),
    qty_min=5_000,
    cost_min=50_000,
)
#: In price units: how far a step may move the mid, and where the two levels stand.
_STRIDE: Final = 60
_LEVELS: Final = (250, 400)
#: Of a hundred steps, so many bring a taker.
_TAKERS: Final = 20


class SmallMarket:
    """Implements the sandbox's MarketModel."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._at_ns: int | None = None
        self._mid = 900_000

    def next_ns(self) -> int | None:
        """See MarketModel."""
        return self._at_ns

    def step(self, now_ns: int, house: House) -> None:
        """See MarketModel."""
        self._at_ns = now_ns + STEP_NS
        self._mid += self._rng.randint(-_STRIDE, _STRIDE)
        for number in tuple(house.orders(SYMBOL)):
            house.cancel(SYMBOL, number)
        for distance in _LEVELS:
            house.place(SYMBOL, "buy", self._mid - distance, 50_000_000)
            house.place(SYMBOL, "sell", self._mid + distance, 50_000_000)
        if self._rng.randrange(100) < _TAKERS:
            side = self._rng.choice(("buy", "sell"))
            house.take(SYMBOL, side, self._rng.randrange(20_000, 300_000), None)


def small_market(seed: int) -> Config:
    """An exchange with one pair, one account under both rate limits, and this market."""
    market = SmallMarket(seed)
    return Config(_ASSETS, (_PAIR,), seed=seed, tier=TIER, market=market, limits="both")
