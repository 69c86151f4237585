"""Shelf: the books of one connection, kept, checked against every checksum, and told as quotes.

Nearly all frames are changes of one book: those are decoded at once, their numbers as texts, of which the book's integers
and its checksum's text are made. What came together is decoded first, then applied pair by pair, each
change checked by its own checksum. Quotes are made when they are asked for, so that of many changes that
came together the last one is told.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.book_levels import LevelReader
from zoe.adapters.kraken.frames import TextBookRow
from zoe.adapters.kraken.numbers import nanoseconds
from zoe.adapters.kraken.rows import not_understood
from zoe.domain.book import Book, Level
from zoe.domain.quick import quick
from zoe.messages.market import BookBroken, Quote
from zoe.runtime.message import Message

Precision = tuple[int, int]
_decode: Final = frames.BOOK_FRAME.decode
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
        rows: What has been read, and is still to be applied.
    """

    symbol: str
    book: Book
    price_precision: int
    qty_precision: int
    verified: Verified
    reader: LevelReader
    told_ns: int = 0
    stamp: str | None = None
    owed_ns: int = 0
    newest_ns: int = 0
    newest: str | None = None
    rows: list[TextBookRow] = attrs.field(factory=list)


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
        self._books: dict[str, Kept] = {}
        self.verified: dict[str, Verified] = {}
        #: The text of the second that was read last, with its point, and where it begins.
        self._second = ""
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
        return symbol in self._books

    @property
    def conflated(self) -> int:
        """Changes that were not told: the best prices stood, or a newer one came with them."""
        return sum(each.equal for each in self.verified.values()) - self._told

    def load(self, symbol: str, precision: Precision) -> Kept:
        """A new and empty book, for a snapshot."""
        verified = self.verified.setdefault(symbol, Verified())
        reader = LevelReader(*precision)
        kept = Kept(symbol, Book(self._depth), *precision, verified, reader, told_ns=-self._calm_ns)
        self._books[symbol] = kept
        return kept

    def of(self, symbol: str) -> Kept:
        """The book of a pair that has one."""
        return self._books[symbol]

    def read(self, payload: bytes) -> bool:
        """Reads a change of one book, which waits for ``apply``; False for any other frame."""
        try:
            frame = _decode(payload)
            (row,) = frame.data
        except frames.UNREADABLE:
            return False
        kept = self._books.get(row.symbol)
        if kept is None or frame.type == "snapshot":
            return False
        if not kept.rows:  # as in ``note``
            self._read.append(kept)
        kept.rows.append(row)
        return True

    def note(self, kept: Kept, row: TextBookRow) -> None:
        """Keeps a change of a book for ``apply``."""
        if not kept.rows:
            self._read.append(kept)
        kept.rows.append(row)

    def apply(self, received_ns: int) -> None:
        """Applies what has been read, pair by pair."""
        read, self._read = self._read, []
        for kept in read:
            rows, kept.rows = kept.rows, []
            self._settle(kept, rows, received_ns)

    def _settle(self, kept: Kept, rows: list[TextBookRow], received_ns: int) -> None:
        """Changes a book, checks it after each frame's changes, and notes whether to tell of it."""
        book, levels, verified, moved = kept.book, kept.reader.levels, kept.verified, False
        for row in rows:
            try:
                bids = levels(row.bids) if row.bids else ()
                asks = levels(row.asks) if row.asks else ()
            except frames.UNREADABLE as problem:
                self._unreadable(row, problem, received_ns)
                return
            moved = book.apply(bids, asks) or moved
            if book.crc != row.checksum:
                verified.different += 1
                self.broken(kept.symbol, "checksum", received_ns)
                return
            verified.equal += 1
        stamp = rows[-1].timestamp
        if moved or not 0 <= received_ns - kept.told_ns < self._calm_ns:
            kept.told_ns, kept.stamp, kept.owed_ns = received_ns, stamp, 0
            self._due[kept.symbol] = kept
        elif self._levels:
            kept.newest_ns, kept.newest = received_ns, stamp
            if not kept.owed_ns:
                kept.owed_ns = received_ns
                self._owed.append((received_ns, kept))

    def _unreadable(self, row: TextBookRow, problem: Exception, received_ns: int) -> None:
        reason = str(problem)
        if isinstance(problem, msgspec.MsgspecError | RecursionError):  # no number at all
            self._broken.append(not_understood(reason, msgspec.json.encode(row)))
            reason = "a change could not be read"
        self.broken(row.symbol, reason, received_ns)

    def _settle_owed(self, now_ns: int) -> None:
        """Changes behind best prices that have waited as long as they may, and were not told, are due."""
        owed = self._owed
        while owed and not 0 <= now_ns - owed[0][0] < self._calm_ns:
            since_ns, kept = owed.popleft()
            # Not where it was told, or the book is another.
            if kept.owed_ns == since_ns and self._books.get(kept.symbol) is kept:
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

    def _time(self, stamp: str) -> int:
        """As ``nanoseconds``: many frames are of one second, whose beginning is remembered."""
        digits = stamp[20:26]
        if stamp[:20] == self._second and stamp[26:] == "Z" and digits.isdigit():
            return self._second_ns + int(digits) * 1_000
        at_ns = nanoseconds(stamp)
        self._second, self._second_ns = stamp[:20], at_ns // SECOND_NS * SECOND_NS
        return at_ns

    def broken(self, symbol: str, reason: str, received_ns: int) -> None:
        """A book that can no longer be trusted is dropped, and its quote taken back."""
        self._due.pop(symbol, None)
        self._drop(symbol, reason, received_ns)

    def _drop(self, symbol: str, reason: str, received_ns: int) -> None:
        self._broken.append(BookBroken(symbol, reason))
        kept = self._books.pop(symbol, None)
        if kept is not None:
            precision = (kept.price_precision, kept.qty_precision)
            touch = kept.book.touch
            dead = Quote(symbol, *precision, *touch, None, received_ns, live=False)
            self._broken.append(dead)
