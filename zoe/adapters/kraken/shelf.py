"""Shelf: the books of one connection, kept, checked against every checksum, and told as quotes.

Nearly all changes are of one book in the exchange's own compact form: those take the short way, from the
frame's bytes to the book's integers without a decoder. What came together is read first, then applied pair by pair,
each change checked by its own checksum. Quotes are made when they are asked for, so that of many changes that
came together the last one is told.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import attrs

from zoe.adapters.kraken import compact
from zoe.adapters.kraken.numbers import nanoseconds
from zoe.domain.book import Book, Level, Written
from zoe.domain.quick import quick
from zoe.messages.market import BookBroken, Quote
from zoe.runtime.message import Message

Precision = tuple[int, int]
#: Bids and asks that a frame changes, its checksum, and the exchange's time as it stands there.
Change = tuple[Sequence[Written], Sequence[Written], int, bytes | None]
_ZERO: Final = b"0"
_QUOTE: Final = quick(Quote)
_NO_LEVELS: Final[tuple[Sequence[Level], Sequence[Level]]] = ((), ())
SECOND_NS: Final = 1_000_000_000


@attrs.define
class Verified:
    """How many checksums were equal and how many were not."""

    equal: int = 0
    different: int = 0


@attrs.define(eq=False)
class Kept:
    """One pair's book, and when it was last found worth telling of.

    Attributes:
        stamp: The exchange's time of that change, as it stands in its frame.
        owed_ns: When the first change behind the best prices came that has not been told; 0 for none.
        newest_ns, newest: When the last such change came, and the exchange's time of it.
        changes: What has been read, and is still to be applied.
    """

    symbol: str
    book: Book
    price_precision: int
    qty_precision: int
    verified: Verified
    told_ns: int = 0
    stamp: bytes | None = None
    owed_ns: int = 0
    newest_ns: int = 0
    newest: bytes | None = None
    changes: list[Change] = attrs.field(factory=list)


class Shelf:
    """See the module's docstring.

    Args:
        depth: The depth that books are subscribed with.
        calm_ns: Best prices that stand are told again only after so long.
        levels: Whether quotes carry ten levels of each side.
    """

    def __init__(self, depth: int, calm_ns: int, *, levels: bool) -> None:
        self._depth = depth
        self._calm_ns = calm_ns
        self._levels = levels
        self._books: dict[bytes, Kept] = {}
        self.verified: dict[str, Verified] = {}
        #: The text of the second that was read last, with its point, and where it begins.
        self._second = b""
        self._second_ns = 0
        self._broken: list[Message] = []
        #: Pairs whose quotes are to be told.
        self._due: dict[str, Kept] = {}
        #: Changes behind the best prices, oldest first: quotes with levels owe them. One that has been
        #: told meanwhile is passed over.
        self._owed: deque[tuple[int, Kept]] = deque()
        self._told = 0
        #: Books of which something has been read that is still to be applied.
        self._read: list[Kept] = []

    def __contains__(self, symbol: str) -> bool:
        return symbol.encode() in self._books

    @property
    def conflated(self) -> int:
        """Changes that were not told: the best prices stood, or a newer one came with them."""
        return sum(each.equal for each in self.verified.values()) - self._told

    def load(self, symbol: str, precision: Precision) -> Kept:
        """A new and empty book, for a snapshot."""
        verified = self.verified.setdefault(symbol, Verified())
        kept = Kept(symbol, Book(self._depth), *precision, verified, told_ns=-self._calm_ns)
        self._books[symbol.encode()] = kept
        return kept

    def of(self, symbol: str) -> Kept:
        """The book of a pair that has one."""
        return self._books[symbol.encode()]

    def read(self, payload: bytes) -> bool:
        """Reads a compact change of one book, which waits for ``apply``; False for any other frame."""
        if len(payload) > compact.LONGEST_OF_A_BOOK:
            return False
        match = compact.one_side(payload)
        if match is None:
            return self._any_form(payload)
        symbol, ask, whole, decimals, qty_whole, qty_decimals, more, crc, stamp = match.groups(b"")
        kept = self._books.get(symbol)
        if kept is None:
            return False
        if len(decimals) != kept.price_precision or len(qty_decimals) != kept.qty_precision:
            return self._any_form(payload)
        # As compact.levels does.
        price = (whole + decimals).lstrip(_ZERO)
        if not price:
            return False
        qty = (qty_whole + qty_decimals).lstrip(_ZERO)
        levels: Sequence[Written] = ((int(price), price + qty if qty else b""),)
        if more:
            others = compact.levels(more, kept.price_precision, kept.qty_precision)
            if others is None:
                return False
            levels = (*levels, *others)
        if not kept.changes:  # as in ``note``
            self._read.append(kept)
        change = ((), levels, int(crc), stamp) if ask else (levels, (), int(crc), stamp)
        kept.changes.append(change)
        return True

    def _any_form(self, payload: bytes) -> bool:
        """Levels of both sides, or of none, and any number of decimals."""
        match = compact.both_sides(payload)
        if match is None:
            return False
        symbol, bid_text, ask_text, crc, stamp = match.groups()
        kept = self._books.get(symbol)
        if kept is None:
            return False
        bids = compact.levels(bid_text, kept.price_precision, kept.qty_precision)
        asks = compact.levels(ask_text, kept.price_precision, kept.qty_precision)
        if bids is None or asks is None:
            return False
        self.note(kept, (bids, asks, int(crc), stamp))
        return True

    def note(self, kept: Kept, change: Change) -> None:
        """Keeps a change of a book for ``apply``."""
        if not kept.changes:
            self._read.append(kept)
        kept.changes.append(change)

    def apply(self, received_ns: int) -> None:
        """Applies what has been read, pair by pair."""
        read, self._read = self._read, []
        for kept in read:
            self._settle(kept, received_ns)

    def _settle(self, kept: Kept, received_ns: int) -> None:
        """Changes a book, checks it after each frame's changes, and notes whether to tell of it."""
        changes, kept.changes = kept.changes, []
        book, verified, moved = kept.book, kept.verified, False
        for bids, asks, checksum, _ in changes:
            moved = book.apply(bids, asks) or moved
            if book.crc != checksum:
                verified.different += 1
                self.broken(kept.symbol, "checksum", received_ns)
                return
            verified.equal += 1
        stamp = changes[-1][3]
        if moved or not 0 <= received_ns - kept.told_ns < self._calm_ns:
            kept.told_ns, kept.stamp, kept.owed_ns = received_ns, stamp, 0
            self._due[kept.symbol] = kept
        elif self._levels:
            kept.newest_ns, kept.newest = received_ns, stamp
            if not kept.owed_ns:
                kept.owed_ns = received_ns
                self._owed.append((received_ns, kept))

    def _settle_owed(self, now_ns: int) -> None:
        """Changes behind best prices that have waited as long as they may, and were not told, are due."""
        owed = self._owed
        while owed and not 0 <= now_ns - owed[0][0] < self._calm_ns:
            since_ns, kept = owed.popleft()
            # Not where it was told, or the book is another.
            if kept.owed_ns == since_ns and self._books.get(kept.symbol.encode()) is kept:
                kept.told_ns, kept.stamp, kept.owed_ns = kept.newest_ns, kept.newest, 0
                self._due[kept.symbol] = kept

    def told(self, received_ns: int) -> list[Quote]:
        """Each pair's newest quote, where one is to be told since the last call."""
        said: list[Quote] = []
        if self._owed:
            self._settle_owed(received_ns)
        for kept in self._due.values():
            try:
                at_ns = None if kept.stamp is None else self._time(kept.stamp)
            except ValueError as problem:
                self._drop(kept.symbol, str(problem), received_ns)
                continue
            bid, bid_qty, ask, ask_qty = kept.book.touch
            bids, asks = kept.book.top if self._levels else _NO_LEVELS
            quote = _QUOTE(
                kept.symbol, kept.price_precision, kept.qty_precision, bid, bid_qty, ask, ask_qty,
                at_ns, kept.told_ns, True, 0, bids, asks,
            )  # fmt: skip
            said.append(quote)
        self._due.clear()
        self._told += len(said)
        return said

    def take_broken(self) -> list[Message]:
        """What is to be told of books that are gone, once."""
        if not self._broken:
            return []
        broken, self._broken = self._broken, []
        return broken

    def _time(self, stamp: bytes) -> int:
        """As ``nanoseconds``: many frames are of one second, whose beginning is remembered."""
        digits = stamp[20:26]
        if stamp[:20] == self._second and stamp[26:] == b"Z" and digits.isdigit():
            return self._second_ns + int(digits) * 1_000
        at_ns = nanoseconds(stamp.decode())
        self._second, self._second_ns = stamp[:20], at_ns // SECOND_NS * SECOND_NS
        return at_ns

    def broken(self, symbol: str, reason: str, received_ns: int) -> None:
        """A book that can no longer be trusted is dropped, and its quote taken back."""
        self._due.pop(symbol, None)
        self._drop(symbol, reason, received_ns)

    def _drop(self, symbol: str, reason: str, received_ns: int) -> None:
        self._broken.append(BookBroken(symbol, reason))
        kept = self._books.pop(symbol.encode(), None)
        if kept is not None:
            precision = (kept.price_precision, kept.qty_precision)
            touch = kept.book.touch
            dead = Quote(symbol, *precision, *touch, None, received_ns, live=False)
            self._broken.append(dead)
