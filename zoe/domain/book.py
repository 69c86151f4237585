"""Order book of one pair in integer units, with Kraken's checksum.

Prices are counted in 10^-price_precision, quantities in 10^-qty_precision, so that the text of the
checksum (facts sheet, section 2.7) is the integers themselves: price and quantity zero padded to
full precision, the point removed, leading zeros stripped, is exactly ``str(units)``.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, overload
from zlib import crc32

CHECKSUM_LEVELS: Final = 10

Level = tuple[int, int]
#: A level's price and its part of the checksum: price and quantity, each without zeros in front; empty
#: where the level goes.
Written = tuple[int, bytes]
#: Bid, its quantity, ask, its quantity; an empty side has no price and a quantity of 0.
Touch = tuple[int | None, int, int | None, int]


def written(levels: Sequence[Level]) -> list[Written]:
    """Levels with their part of the checksum."""
    return [(price, b"%d%d" % (price, qty) if qty else b"") for price, qty in levels]


class Levels(Sequence[Level]):
    """The best levels of one side at a moment, best first.

    They are made numbers where somebody looks: of a quote that nobody decides on, none is.
    """

    __slots__ = ("_keys", "_sign", "_texts")

    def __init__(self, sign: int, keys: list[int], texts: list[bytes]) -> None:
        self._sign, self._keys, self._texts = sign, keys, texts

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, at: int) -> Level: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Level, ...]: ...

    def __getitem__(self, at: int | slice) -> Level | tuple[Level, ...]:
        return tuple(self)[at]

    def __iter__(self) -> Iterator[Level]:
        for key, text in zip(self._keys, self._texts, strict=True):
            price = key * self._sign
            yield price, int(text[len(str(price)) :])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Levels | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class _Side:
    """One side, best level first: two lists that are always equally long.

    Args:
        sign: 1 for asks; -1 for bids, so that the best has the lowest key.
    """

    __slots__ = ("first", "keys", "shown", "sign", "text", "texts")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        #: Each level's part of the checksum, made once. It ends with the quantity, which is made a
        #: number only where somebody asks for it.
        self.texts: list[bytes] = []
        #: The side's part of the checksum.
        self.text = b""
        #: What was shown of it last; None since it changed.
        self.shown: Levels | None = None
        #: Its best level as it was shown last; None since that changed.
        self.first: Level | None = None

    def put(self, told: Sequence[Written], depth: int) -> bool:
        """Applies changed levels in order, then cuts to the depth; whether a best one was among them."""
        keys, texts, sign, moved = self.keys, self.texts, self.sign, False
        for price, text in told:
            key = price * sign
            at = bisect_left(keys, key)
            if at < len(keys) and keys[at] == key:
                if text:
                    texts[at] = text
                else:
                    del keys[at], texts[at]
            elif text:
                keys.insert(at, key)
                texts.insert(at, text)
            if not at:
                moved = True
        self.shown = None
        if moved:
            self.first = None
        # No delete is sent for levels that are pushed out.
        if len(texts) > depth:
            del keys[depth:], texts[depth:]
        self.text = b"".join(texts if len(texts) <= CHECKSUM_LEVELS else texts[:CHECKSUM_LEVELS])
        return moved

    def best(self) -> Level | None:
        """Price and quantity of the best level."""
        if self.first is None and self.keys:
            price = self.keys[0] * self.sign
            self.first = price, int(self.texts[0][len(str(price)) :])
        return self.first

    def top(self) -> Levels:
        """The levels that the checksum covers, best first."""
        shown = self.shown
        if shown is None:
            keys, texts = self.keys[:CHECKSUM_LEVELS], self.texts[:CHECKSUM_LEVELS]
            shown = self.shown = Levels(self.sign, keys, texts)
        return shown

    def best_first(self) -> list[Level]:
        """Every level."""
        return list(Levels(self.sign, self.keys, self.texts))


class Book:
    """Bids and asks of one pair, cut to the subscribed depth."""

    __slots__ = ("_asks", "_asks_crc", "_bids", "crc", "depth")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        #: Of the asks' text, which comes first: half of the changes leave it as it is.
        self._asks_crc = 0
        #: CRC32 over the ten best asks, then the ten best bids.
        self.crc = 0
        self._bids = _Side(-1)
        self._asks = _Side(1)

    def load(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Replaces everything by a snapshot."""
        self._bids, self._asks, self._asks_crc, self.crc = _Side(-1), _Side(1), 0, 0
        self.update(bids, asks)

    def update(self, bids: Sequence[Level], asks: Sequence[Level]) -> bool:
        """Applies changed levels in order; a quantity of 0 removes; then cuts to the depth.

        Returns:
            Whether a best level was among them.
        """
        return self.apply(written(bids), written(asks))

    def apply(self, bids: Sequence[Written], asks: Sequence[Written]) -> bool:
        """As ``update``, of levels whose part of the checksum is known."""
        moved = bool(bids) and self._bids.put(bids, self.depth)
        if asks:
            moved = self._asks.put(asks, self.depth) or moved
            self._asks_crc = crc32(self._asks.text)
        self.crc = crc32(self._bids.text, self._asks_crc)
        return moved

    @property
    def touch(self) -> Touch:
        """Both best levels."""
        bids, asks = self._bids, self._asks
        bid, bid_qty = bids.first or bids.best() or (None, 0)
        ask, ask_qty = asks.first or asks.best() or (None, 0)
        return (bid, bid_qty, ask, ask_qty)

    @property
    def top(self) -> tuple[Levels, Levels]:
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
        return self.crc
