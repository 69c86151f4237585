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

    __slots__ = ("keys", "sign", "text", "texts")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        #: Each level's part of the checksum, made once. It ends with the quantity, which is made a
        #: number only where somebody asks for it.
        self.texts: list[bytes] = []
        #: The side's part of the checksum.
        self.text = b""

    def put(self, price: int, text: bytes) -> int:
        """Sets a level, or removes it; the place where it stands or stood."""
        keys, key = self.keys, price * self.sign
        at = bisect_left(keys, key)
        if at < len(keys) and keys[at] == key:
            if text:
                self.texts[at] = text
            else:
                del keys[at], self.texts[at]
        elif text:
            keys.insert(at, key)
            self.texts.insert(at, text)
        return at

    def put_alone(self, key: int, text: bytes, depth: int) -> int:
        """As ``put`` and ``cut``, for a change of one level: most are."""
        keys, texts = self.keys, self.texts
        at = bisect_left(keys, key)
        if at < len(keys) and keys[at] == key:
            if text:
                texts[at] = text
            else:
                del keys[at], texts[at]
        elif text:
            keys.insert(at, key)
            texts.insert(at, text)
            if len(texts) > depth:
                del keys[-1], texts[-1]
        if len(texts) <= CHECKSUM_LEVELS:
            self.text = b"".join(texts)
        elif at < CHECKSUM_LEVELS:
            self.text = b"".join(texts[:CHECKSUM_LEVELS])
        return at

    def cut(self, depth: int) -> None:
        """Forgets what is beyond the depth: no delete is sent for levels that are pushed out."""
        texts = self.texts
        if len(texts) > depth:
            del self.keys[depth:], texts[depth:]
        few = texts if len(texts) <= CHECKSUM_LEVELS else texts[:CHECKSUM_LEVELS]
        self.text = b"".join(few)

    def best(self) -> Level | None:
        """Price and quantity of the best level."""
        return self._level(self.keys[0], self.texts[0]) if self.keys else None

    def _level(self, key: int, text: bytes) -> Level:
        price = key * self.sign
        return price, int(text[len(str(price)) :])

    def top(self) -> Levels:
        """The levels that the checksum covers, best first."""
        return Levels(self.sign, self.keys[:CHECKSUM_LEVELS], self.texts[:CHECKSUM_LEVELS])

    def best_first(self) -> list[Level]:
        """Every level."""
        return list(map(self._level, self.keys, self.texts))


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
        told = [[(p, b"%d%d" % (p, q) if q else b"") for p, q in side] for side in (bids, asks)]
        return self.apply(*told)

    def apply(self, bids: Sequence[Written], asks: Sequence[Written]) -> bool:
        """As ``update``, of levels whose part of the checksum is known."""
        places: list[int] = []
        if bids:
            put = self._bids.put
            places = [put(price, text) for price, text in bids]
            self._bids.cut(self.depth)
        if asks:
            put = self._asks.put
            places += [put(price, text) for price, text in asks]
            self._asks.cut(self.depth)
            self._asks_crc = crc32(self._asks.text)
        self.crc = crc32(self._bids.text, self._asks_crc)
        return 0 in places

    def put_bid(self, price: int, text: bytes) -> bool:
        """As ``apply`` with one bid."""
        bids = self._bids
        at = bids.put_alone(-price, text, self.depth)
        self.crc = crc32(bids.text, self._asks_crc)
        return not at

    def put_ask(self, price: int, text: bytes) -> bool:
        """As ``apply`` with one ask."""
        asks = self._asks
        at = asks.put_alone(price, text, self.depth)
        self._asks_crc = asks_crc = crc32(asks.text)
        self.crc = crc32(self._bids.text, asks_crc)
        return not at

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
            # As ``best`` does.
            low, high = -bids.keys[0], asks.keys[0]
            low_qty, high_qty = bids.texts[0][len(str(low)) :], asks.texts[0][len(str(high)) :]
            return (low, int(low_qty), high, int(high_qty))
        bid, bid_qty = self._bids.best() or (None, 0)
        ask, ask_qty = self._asks.best() or (None, 0)
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
