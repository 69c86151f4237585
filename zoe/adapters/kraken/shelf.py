"""Shelf: the books of one connection, kept, checked against every checksum, and told as quotes.

Most changes are one level of one book in the exchange's own compact form: those take the short way, from
the frame's bytes to the book's integers without a decoder.
"""

from typing import Final

import attrs

from zoe.adapters.kraken import compact
from zoe.adapters.kraken.numbers import nanoseconds
from zoe.domain.book import Book
from zoe.messages.market import BookBroken, Quote
from zoe.runtime.message import Message

Precision = tuple[int, int]
_ZERO: Final = b"0"
SECOND_NS: Final = 1_000_000_000


@attrs.define
class Verified:
    """How many checksums were equal and how many were not."""

    equal: int = 0
    different: int = 0


@attrs.define
class Kept:
    """One pair's book, and when its best prices were told last."""

    symbol: str
    book: Book
    price_precision: int
    qty_precision: int
    verified: Verified
    told_ns: int = 0


class Shelf:
    """See the module's docstring.

    Args:
        depth: The depth that books are subscribed with.
        calm_ns: Best prices that stand are told again only after so long.
        levels: Whether quotes carry ten levels of each side.

    Attributes:
        conflated: Changes that were not told, since the best prices stood.
    """

    def __init__(self, depth: int, calm_ns: int, *, levels: bool) -> None:
        self._depth = depth
        self._calm_ns = calm_ns
        self._levels = levels
        self._books: dict[bytes, Kept] = {}
        self.verified: dict[str, Verified] = {}
        self.conflated = 0
        self._second = b""
        self._second_ns = 0

    def __contains__(self, symbol: str) -> bool:
        return symbol.encode() in self._books

    def load(self, symbol: str, precision: Precision) -> Kept:
        """A new and empty book, for a snapshot."""
        verified = self.verified.setdefault(symbol, Verified())
        kept = Kept(symbol, Book(self._depth), *precision, verified)
        self._books[symbol.encode()] = kept
        return kept

    def of(self, symbol: str) -> Kept:
        """The book of a pair that has one."""
        return self._books[symbol.encode()]

    def quick(self, payload: bytes, received_ns: int) -> list[Message] | None:
        """What a compact change of one book says; None for any other frame."""
        parts = compact.book(payload)
        if parts is None:
            return None
        symbol, whole, decimals, qty_whole, qty_decimals, more, *ask, checksum, stamp = parts
        kept = self._books.get(symbol)
        if kept is None:
            return None
        put = kept.book.put_bid
        if ask[0]:
            if whole:
                return self._several(kept, parts, received_ns)
            whole, decimals, qty_whole, qty_decimals, more = ask
            put = kept.book.put_ask
        if (
            more
            or len(decimals) != kept.price_precision
            or len(qty_decimals) != kept.qty_precision
            or not whole
        ):
            return self._several(kept, parts, received_ns)
        # As compact.levels does.
        price_text = (whole + decimals).lstrip(_ZERO) or _ZERO
        qty_text = (qty_whole + qty_decimals).lstrip(_ZERO) or _ZERO
        moved = put(int(price_text), int(qty_text), price_text + qty_text)
        return self.settle(kept, moved, (int(checksum), stamp), received_ns)

    def _several(
        self, kept: Kept, parts: compact.BookText, received_ns: int
    ) -> list[Message] | None:
        """Any number of levels, and any number of decimals."""
        precision = (kept.price_precision, kept.qty_precision)
        bids = compact.levels(parts[1:5], parts[5], *precision)
        asks = compact.levels(parts[6:10], parts[10], *precision)
        if bids is None or asks is None:
            return None
        moved = kept.book.apply(bids, asks)
        return self.settle(kept, moved, (int(parts[11]), parts[12]), received_ns)

    def settle(
        self, kept: Kept, moved: bool, end: tuple[int, bytes | None], received_ns: int
    ) -> list[Message]:
        """What is told of a book that has just changed.

        Args:
            moved: Whether its best levels were among the changes.
            end: The frame's checksum and time.
        """
        checksum, stamp = end
        book, verified = kept.book, kept.verified
        if book.checksum() != checksum:
            verified.different += 1
            return self.broken(kept.symbol, "checksum", received_ns)
        verified.equal += 1
        if not moved and 0 <= received_ns - kept.told_ns < self._calm_ns:
            self.conflated += 1
            return []
        try:
            at_ns = None if stamp is None else self._time(stamp)
        except ValueError as problem:
            return self.broken(kept.symbol, str(problem), received_ns)
        kept.told_ns = received_ns
        bid, bid_qty, ask, ask_qty = book.touch
        price_precision, qty_precision = kept.price_precision, kept.qty_precision
        if not self._levels:
            return [
                Quote(
                    kept.symbol, price_precision, qty_precision, bid, bid_qty, ask, ask_qty, at_ns,
                    received_ns,
                )
            ]  # fmt: skip
        touch = (bid, bid_qty, ask, ask_qty)
        bids, asks = book.top
        precision = (price_precision, qty_precision)
        return [Quote(kept.symbol, *precision, *touch, at_ns, received_ns, bids=bids, asks=asks)]

    def _time(self, stamp: bytes) -> int:
        """As ``nanoseconds``: many frames are of one second, whose beginning is remembered."""
        digits = stamp[20:26]
        if stamp == b"%b.%bZ" % (self._second, digits) and len(digits) == 6 and digits.isdigit():
            return self._second_ns + int(digits) * 1_000
        at_ns = nanoseconds(stamp.decode())
        if len(stamp) > 19:
            self._second, self._second_ns = stamp[:19], at_ns // SECOND_NS * SECOND_NS
        return at_ns

    def broken(self, symbol: str, reason: str, received_ns: int) -> list[Message]:
        """A book that can no longer be trusted is dropped, and its quote taken back."""
        said: list[Message] = [BookBroken(symbol, reason)]
        kept = self._books.pop(symbol.encode(), None)
        if kept is not None:
            precision = (kept.price_precision, kept.qty_precision)
            touch = kept.book.touch
            said.append(Quote(symbol, *precision, *touch, None, received_ns, live=False))
        return said
