"""Order book of one pair in integer units, with Kraken's checksum.

Prices are counted in 10^-price_precision, quantities in 10^-qty_precision, so that the text of the
checksum (facts sheet, section 2.7) is the integers themselves: price and quantity zero padded to
full precision, the point removed, leading zeros stripped, is exactly ``str(units)``.
"""

import zlib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

CHECKSUM_LEVELS: Final = 10

Level = tuple[int, int]
#: Bid, its quantity, ask, its quantity; an empty side has no price and a quantity of 0.
Touch = tuple[int | None, int, int | None, int]


class _Side:
    """One side, best level first: three lists that are always equally long.

    Args:
        sign: 1 for asks; -1 for bids, so that the best has the lowest key.
    """

    __slots__ = ("keys", "quantities", "sign", "text", "texts")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.quantities: list[int] = []
        #: Each level's part of the checksum: made once, summed after every change.
        self.texts: list[str] = []
        #: The side's part of the checksum.
        self.text = ""

    def apply(self, changes: Sequence[Level], depth: int) -> bool:
        """Sets and removes levels in order, then forgets what is beyond the depth.

        Returns:
            Whether the best level was among them.
        """
        sign, keys, quantities, texts = self.sign, self.keys, self.quantities, self.texts
        best = False
        for price, quantity in changes:
            key = price * sign
            at = bisect_left(keys, key)
            known = at < len(keys) and keys[at] == key
            best = best or not at
            if not quantity:
                if known:
                    del keys[at], quantities[at], texts[at]
            elif known:
                quantities[at] = quantity
                texts[at] = f"{price}{quantity}"
            else:
                keys.insert(at, key)
                quantities.insert(at, quantity)
                texts.insert(at, f"{price}{quantity}")
        if len(keys) > depth:  # no delete is sent for levels that are pushed out
            del keys[depth:], quantities[depth:], texts[depth:]
        few = texts if len(texts) <= CHECKSUM_LEVELS else texts[:CHECKSUM_LEVELS]
        self.text = "".join(few)
        return best

    def best(self) -> Level | None:
        """Price and quantity of the best level."""
        return (self.keys[0] * self.sign, self.quantities[0]) if self.keys else None

    def top(self) -> tuple[Level, ...]:
        """The levels that the checksum covers, best first."""
        sign, most = self.sign, CHECKSUM_LEVELS
        return tuple(
            [(k * sign, q) for k, q in zip(self.keys[:most], self.quantities, strict=False)]
        )

    def best_first(self) -> list[Level]:
        """Every level."""
        prices = (key * self.sign for key in self.keys)
        return list(zip(prices, self.quantities, strict=True))


class Book:
    """Bids and asks of one pair, cut to the subscribed depth."""

    __slots__ = ("_asks", "_bids", "depth")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._bids = _Side(-1)
        self._asks = _Side(1)

    def load(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Replaces everything by a snapshot."""
        self._bids, self._asks = _Side(-1), _Side(1)
        self.update(bids, asks)

    def update(self, bids: Sequence[Level], asks: Sequence[Level]) -> bool:
        """Applies changed levels in order; a quantity of 0 removes; then cuts to the depth.

        Returns:
            Whether a best level was among them.
        """
        best = bool(bids) and self._bids.apply(bids, self.depth)
        return (bool(asks) and self._asks.apply(asks, self.depth)) or best

    @property
    def best_bid(self) -> Level | None:
        """Price and quantity of the best bid."""
        return self._bids.best()

    @property
    def best_ask(self) -> Level | None:
        """Price and quantity of the best ask."""
        return self._asks.best()

    @property
    def touch(self) -> Touch:
        """Both best levels."""
        bids, asks = self._bids, self._asks
        if bids.keys and asks.keys:
            return (-bids.keys[0], bids.quantities[0], asks.keys[0], asks.quantities[0])
        bid, bid_qty = bids.best() or (None, 0)
        ask, ask_qty = asks.best() or (None, 0)
        return (bid, bid_qty, ask, ask_qty)

    @property
    def top(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Up to ten bids and asks, best first."""
        return self._bids.top(), self._asks.top()

    def bids(self) -> list[Level]:
        """Bids, best first."""
        return self._bids.best_first()

    def asks(self) -> list[Level]:
        """Asks, best first."""
        return self._asks.best_first()

    def checksum(self) -> int:
        """CRC32 over the ten best asks, then the ten best bids."""
        return zlib.crc32((self._asks.text + self._bids.text).encode())
