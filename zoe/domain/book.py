"""Order book of one pair in integer units, with Kraken's checksum.

Prices are counted in 10^-price_precision, quantities in 10^-qty_precision, so that the text of the
checksum (facts sheet, section 2.7) is the integers themselves: price and quantity zero padded to
full precision, the point removed, leading zeros stripped, is exactly ``str(units)``.
"""

import zlib
from bisect import insort
from collections.abc import Iterable
from typing import Final

CHECKSUM_LEVELS: Final = 10

Level = tuple[int, int]


class Book:
    """Bids and asks of one pair, cut to the subscribed depth.

    Each side keeps its prices sorted so that the best stands last: most changes are near the
    touch, and the end of a list is the cheap place.
    """

    __slots__ = ("_ask_keys", "_asks", "_bid_keys", "_bids", "depth")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._bid_keys: list[int] = []
        #: Negated, so that the lowest ask stands last.
        self._ask_keys: list[int] = []

    def load(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Replaces everything by a snapshot."""
        self._bids = {price: qty for price, qty in dict(bids).items() if qty}
        self._asks = {price: qty for price, qty in dict(asks).items() if qty}
        self._bid_keys = sorted(self._bids)
        self._ask_keys = sorted(-price for price in self._asks)
        self._cut()

    def update(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Applies changed levels in order; a quantity of 0 removes; then cuts to the depth."""
        for price, qty in bids:
            _apply(self._bids, self._bid_keys, price, price, qty)
        for price, qty in asks:
            _apply(self._asks, self._ask_keys, price, -price, qty)
        self._cut()

    def _cut(self) -> None:
        # No delete is sent for levels that are pushed out.
        while len(self._bid_keys) > self.depth:
            del self._bids[self._bid_keys.pop(0)]
        while len(self._ask_keys) > self.depth:
            del self._asks[-self._ask_keys.pop(0)]

    @property
    def best_bid(self) -> Level | None:
        """Price and quantity of the best bid."""
        if not self._bid_keys:
            return None
        price = self._bid_keys[-1]
        return price, self._bids[price]

    @property
    def best_ask(self) -> Level | None:
        """Price and quantity of the best ask."""
        if not self._ask_keys:
            return None
        price = -self._ask_keys[-1]
        return price, self._asks[price]

    def bids(self) -> list[Level]:
        """Bids, best first."""
        return [(price, self._bids[price]) for price in reversed(self._bid_keys)]

    def asks(self) -> list[Level]:
        """Asks, best first."""
        return [(-key, self._asks[-key]) for key in reversed(self._ask_keys)]

    def checksum(self) -> int:
        """CRC32 over the ten best asks, then the ten best bids."""
        asks, bids = self._asks, self._bids
        parts = []
        for key in self._ask_keys[: -CHECKSUM_LEVELS - 1 : -1]:
            parts.append(f"{-key}{asks[-key]}")
        for price in self._bid_keys[: -CHECKSUM_LEVELS - 1 : -1]:
            parts.append(f"{price}{bids[price]}")
        return zlib.crc32("".join(parts).encode())


def _apply(side: dict[int, int], keys: list[int], price: int, key: int, qty: int) -> None:
    if qty:
        if price not in side:
            if keys and key < keys[-1]:
                insort(keys, key)
            else:
                keys.append(key)
        side[price] = qty
    elif price in side:
        del side[price]
        if keys[-1] == key:
            keys.pop()
        else:
            keys.remove(key)
