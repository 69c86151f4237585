"""A market of one pair for simulations: a mid that wanders, two levels a side, takers now and then."""

import random
from typing import Final

import attrs

from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.market import House

SYMBOL: Final = "BTC/USD"
_ASSETS: Final = (Asset("BTC", "XXBT", "XBT", 10), Asset("USD", "ZUSD", "USD", 4))
_PAIR: Final = Pair(
    *(SYMBOL, "XXBTZUSD", "XBTUSD", "XBT/USD", "BTC", "USD"),
    *(1, 8, 5),
    qty_min=5_000,
    cost_min=50_000,
)
#: In price units: how far a step may move the mid, and where the two levels stand. The far one
#: stays where it is until the mid has gone so far that it would be in the way.
_STRIDE: Final = 60
_NEAR: Final = 250
_FAR: Final = 400
_STAYS: Final = 120
_SIZE: Final = 50_000_000
#: Of a draw: far more than a step's choices need.
_BITS: Final = 96


@attrs.frozen
class Pace:
    """How lively a market is.

    Attributes:
        step_ms: Virtual time between two steps.
        takers: Of a hundred steps, so many bring a taker on each side.
        size: Least and most that a taker takes, in the pair's units.
    """

    step_ms: int
    takers: int
    size: tuple[int, int]


SLOW: Final = Pace(200, 10, (20_000, 300_000))
BUSY: Final = Pace(500, 90, (100_000, 800_000))
STILL: Final = Pace(5_000, 0, (20_000, 300_000))


class SmallMarket:
    """Implements the sandbox's MarketModel; ``pace`` may be changed between two steps."""

    def __init__(self, seed: int, pace: Pace = SLOW) -> None:
        self.pace = pace
        self._rng = random.Random(seed)
        self._at_ns: int | None = None
        self._mid = self._far_mid = 900_000

    def next_ns(self) -> int | None:
        """See MarketModel."""
        return self._at_ns

    def step(self, now_ns: int, house: House) -> None:
        """See MarketModel."""
        pace = self.pace
        self._at_ns = now_ns + pace.step_ms * 1_000_000
        # All choices of a step come of one draw.
        drawn, moved = divmod(self._rng.getrandbits(_BITS), 2 * _STRIDE + 1)
        self._mid += moved - _STRIDE
        if abs(self._mid - self._far_mid) > _STAYS:
            self._far_mid = self._mid
        self._quote(house)
        least, most = pace.size
        for side in ("buy", "sell"):
            drawn, chance = divmod(drawn, 100)
            if chance < pace.takers:
                drawn, more = divmod(drawn, most - least + 1)
                house.take(SYMBOL, side, least + more, None)

    def _quote(self, house: House) -> None:
        """Cancels what stands elsewhere, and places what does not stand yet."""
        near, far = self._mid, self._far_mid
        wanted = {near - _NEAR: "buy", near + _NEAR: "sell", far - _FAR: "buy", far + _FAR: "sell"}
        for number, order in house.orders(SYMBOL).items():
            if wanted.get(order.price) == order.side:
                del wanted[order.price]
            else:
                house.cancel(SYMBOL, number)
        for price, side in wanted.items():
            house.place(SYMBOL, side, price, _SIZE)


def small_market(
    seed: int, market: SmallMarket, tier: str = "pro", lag_ms: tuple[int, int] = (0, 0)
) -> Config:
    """An exchange with one pair, one account under both rate limits, and this market.

    Args:
        lag_ms: How far its lists lie behind, at least and at most.
    """
    return Config(
        *(_ASSETS, (_PAIR,)), seed=seed, tier=tier, market=market, limits="both", lag_ms=lag_ms
    )
