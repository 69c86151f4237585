"""Order book of one pair in integer units, with Kraken's checksum.

Prices are counted in 10^-price_precision, quantities in 10^-qty_precision, so that the text of the
checksum (facts sheet, section 2.7) is the integers themselves: price and quantity zero padded to
full precision, the point removed, leading zeros stripped, is exactly ``str(units)``.
"""

import zlib
from bisect import insort
from collections.abc import Sequence
from typing import Final

CHECKSUM_LEVELS: Final = 10

Level = tuple[int, int]


class _Side:
    """One side, its best level last: most changes are near the touch, at a list's cheap end.

    Args:
        sign: 1 for bids; -1 for asks, so that the lowest has the highest key.
    """

    __slots__ = ("_text", "keys", "levels", "sign", "texts")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}
        #: Each level's part of the checksum: made once, summed after every change.
        self.texts: dict[int, bytes] = {}
        self._text: bytes | None = b""

    def apply(self, changes: Sequence[Level], depth: int) -> None:
        """Sets and removes levels in order, then forgets what is beyond the depth."""
        self._text = None
        sign, keys, levels, texts = self.sign, self.keys, self.levels, self.texts
        for price, qty in changes:
            key = price * sign
            if qty:
                if key not in levels:
                    if keys and key < keys[-1]:
                        insort(keys, key)
                    else:
                        keys.append(key)
                levels[key] = (price, qty)
                texts[key] = b"%d%d" % (price, qty)
            elif levels.pop(key, None) is not None:
                del texts[key]
                if keys[-1] == key:
                    keys.pop()
                else:
                    keys.remove(key)
        # No delete is sent for levels that are pushed out.
        while len(keys) > depth:
            worst = keys.pop(0)
            del levels[worst], texts[worst]

    def best(self) -> Level | None:
        """Price and quantity of the best level."""
        return self.levels[self.keys[-1]] if self.keys else None

    def best_first(self) -> list[Level]:
        """Every level."""
        return [self.levels[key] for key in reversed(self.keys)]

    def text(self) -> bytes:
        """The side's part of the checksum, kept while the side stands still."""
        if self._text is None:
            best_first = self.keys[: -CHECKSUM_LEVELS - 1 : -1]
            self._text = b"".join([self.texts[key] for key in best_first])
        return self._text


class Book:
    """Bids and asks of one pair, cut to the subscribed depth."""

    __slots__ = ("_asks", "_bids", "depth")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._bids = _Side(1)
        self._asks = _Side(-1)

    def load(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Replaces everything by a snapshot."""
        self._bids, self._asks = _Side(1), _Side(-1)
        self.update(bids, asks)

    def update(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Applies changed levels in order; a quantity of 0 removes; then cuts to the depth."""
        if bids:
            self._bids.apply(bids, self.depth)
        if asks:
            self._asks.apply(asks, self.depth)

    @property
    def best_bid(self) -> Level | None:
        """Price and quantity of the best bid."""
        return self._bids.best()

    @property
    def best_ask(self) -> Level | None:
        """Price and quantity of the best ask."""
        return self._asks.best()

    def bids(self) -> list[Level]:
        """Bids, best first."""
        return self._bids.best_first()

    def asks(self) -> list[Level]:
        """Asks, best first."""
        return self._asks.best_first()

    def checksum(self) -> int:
        """CRC32 over the ten best asks, then the ten best bids."""
        return zlib.crc32(self._bids.text(), zlib.crc32(self._asks.text()))
