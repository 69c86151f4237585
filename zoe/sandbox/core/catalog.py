"""Assets and pairs, and finding them by any of their names."""

from collections.abc import Iterable
from typing import Final

import attrs

#: Thirty-day volume in US dollars, maker and taker fee in hundredths of a percent (facts, 7.1).
SPOT_FEES: Final = (
    (0, 25, 40),
    (10_000, 20, 35),
    (50_000, 14, 24),
    (100_000, 12, 22),
    (250_000, 10, 20),
    (500_000, 8, 18),
    (1_000_000, 6, 16),
    (2_500_000, 4, 14),
    (5_000_000, 2, 12),
    (10_000_000, 0, 10),
)


@attrs.frozen
class Asset:
    """A currency: ``BTC`` on sockets, ``XXBT`` in REST, ``XBT`` as altname."""

    symbol: str
    rest_id: str
    altname: str
    decimals: int
    display_decimals: int = 2
    status: str = "enabled"


@attrs.frozen
class Pair:
    """A market. Prices are counted in 10^-price_decimals, quantities in 10^-qty_decimals.

    ``tick``, ``qty_min`` and ``cost_min`` are counted so too (the last in 10^-cost_decimals).
    """

    symbol: str
    rest_id: str
    altname: str
    wsname: str
    base: str
    quote: str
    price_decimals: int
    qty_decimals: int
    cost_decimals: int
    tick: int = 1
    qty_min: int = 1
    cost_min: int = 0
    status: str = "online"
    fees: tuple[tuple[int, int, int], ...] = SPOT_FEES
    #: In hundredths of a percent: who holds that much is never short.
    highest_fee: int = attrs.field(
        init=False,
        default=attrs.Factory(lambda pair: max(max(row[1:]) for row in pair.fees), takes_self=True),
    )


class Catalog:
    """Every asset and pair; pairs are listed in the order given.

    An asset may keep fewer decimals than quantities of it have (so do dollars and euros as a base):
    what is booked is rounded to the nearest.

    Raises:
        ValueError: A pair's asset is missing.
    """

    def __init__(self, assets: Iterable[Asset], pairs: Iterable[Pair]) -> None:
        self.assets = {asset.symbol: asset for asset in assets}
        self.pairs = {pair.symbol: pair for pair in pairs}
        self._assets_by_name = {
            name: asset
            for asset in self.assets.values()
            for name in (asset.altname, asset.rest_id, asset.symbol)
        }
        self._pairs_by_name = {
            name: pair
            for pair in self.pairs.values()
            for name in (pair.wsname, pair.altname, pair.rest_id, pair.symbol)
        }
        for pair in self.pairs.values():
            self._check(pair)

    def change(self, pair: Pair) -> None:
        """A pair is as it was, but for its steps, minimums or fees."""
        self.pairs[pair.symbol] = pair
        for name in (pair.wsname, pair.altname, pair.rest_id, pair.symbol):
            self._pairs_by_name[name] = pair

    def _check(self, pair: Pair) -> None:
        for name in (pair.base, pair.quote):
            if name not in self.assets:
                raise ValueError(f"{pair.symbol}: asset {name} is missing")

    def pair(self, name: str) -> Pair | None:
        """The pair with this id, altname, wsname or symbol."""
        return self._pairs_by_name.get(name)

    def asset(self, name: str) -> Asset | None:
        """The asset with this id, altname or symbol."""
        return self._assets_by_name.get(name)
