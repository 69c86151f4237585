"""The book channel: what of each book its subscribers see, kept at each depth (facts, 2.7)."""

import zlib
from bisect import bisect_right
from typing import Final

import attrs

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.matching import Book, Ladder
from zoe.sandbox.core.moments import rfc3339
from zoe.sandbox.core.money import text
from zoe.sandbox.core.outbox import Outbox, Session
from zoe.sandbox.core.world import World

DEPTHS: Final = (10, 25, 100, 500, 1000)
_CHECKED: Final = 10

Levels = list[tuple[int, int]]


@attrs.define(eq=False)
class View:
    """One depth of one book; ``tails`` are the keys of the worst levels shown, bids first.

    A tail of None: every level of that side is shown.
    """

    depth: int
    sessions: dict[int, Session] = attrs.Factory(dict)
    tails: list[int | None] = attrs.Factory(lambda: [None, None])


class BookChannel:
    """Snapshots and changes of the books."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world = world
        self._outbox = outbox
        self._views: dict[str, dict[int, View]] = {}

    def subscribe(self, session: Session, pair: Pair, depth: int, *, snapshot: bool) -> None:
        """Subscribes a session to a pair's book; a snapshot comes first where it is wanted."""
        session.depths[pair.symbol] = depth
        views = self._views.setdefault(pair.symbol, {})
        view = views.get(depth)
        book = self._world.books[pair.symbol]
        if view is None:
            view = views[depth] = View(depth)
            view.tails = [_tail(book.bids, depth), _tail(book.asks, depth)]
        view.sessions[session.connection] = session
        if snapshot:
            levels = (book.bids.top(depth), book.asks.top(depth))
            payload = self._frame(pair, "snapshot", levels, checksum(book))
            self._outbox.frame(session, "book", payload)

    def unsubscribe(self, session: Session, symbol: str) -> None:
        """Ends a session's subscription to a pair."""
        depth = session.depths.pop(symbol)
        view = self._views[symbol][depth]
        del view.sessions[session.connection]
        if not view.sessions:
            del self._views[symbol][depth]

    def forget(self, session: Session) -> None:
        """The socket is gone."""
        for symbol in tuple(session.depths):
            self.unsubscribe(session, symbol)

    def tell(self, symbol: str) -> None:
        """Sends what changed since the last time."""
        book = self._world.books[symbol]
        views = self._views.get(symbol)
        if views:
            self._tell(self._world.catalog.pairs[symbol], book, views)
        book.bids.touched.clear()
        book.asks.touched.clear()

    def _tell(self, pair: Pair, book: Book, views: dict[int, View]) -> None:
        crc = checksum(book)
        for view in tuple(views.values()):
            tails = [_tail(book.bids, view.depth), _tail(book.asks, view.depth)]
            bids = _changes(book.bids, view.tails[0], tails[0])
            asks = _changes(book.asks, view.tails[1], tails[1])
            view.tails = tails
            if bids or asks:
                payload = self._frame(pair, "update", (bids, asks), crc)
                for session in tuple(view.sessions.values()):
                    self._outbox.frame(session, "book", payload)

    def _frame(self, pair: Pair, kind: str, levels: tuple[Levels, Levels], crc: int) -> bytes:
        bids, asks = (_printed(pair, side) for side in levels)
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{pair.symbol}",'
            f'"bids":[{bids}],"asks":[{asks}],"checksum":{crc},'
            f'"timestamp":"{rfc3339(self._world.now_ns)}"}}]}}'
        ).encode()


def checksum(book: Book) -> int:
    """CRC32 of the ten best asks and bids."""
    return zlib.crc32((book.asks.digits(_CHECKED) + book.bids.digits(_CHECKED)).encode())


def _tail(ladder: Ladder, depth: int) -> int | None:
    return ladder.keys[depth - 1] if len(ladder.keys) >= depth else None


def _changes(ladder: Ladder, old: int | None, new: int | None) -> Levels:
    """Levels gone, changed and come into view; those pushed out of view are not mentioned."""
    if old is None and new is None:
        return _all_changes(ladder)
    gone: Levels = []
    changed: Levels = []
    for price, before in ladder.touched.items():
        key, level = ladder.sign * price, ladder.levels.get(price)
        was_shown = before > 0 and (old is None or key <= old)
        if level is None:
            if was_shown:
                gone.append((price, 0))
        elif (new is None or key <= new) and not (was_shown and level.total == before):
            changed.append((price, level.total))
    return gone + changed + _entered(ladder, old, new)


def _all_changes(ladder: Ladder) -> Levels:
    """As ``_changes`` where every level is shown, before and after."""
    gone: Levels = []
    changed: Levels = []
    for price, before in ladder.touched.items():
        level = ladder.levels.get(price)
        if level is None:
            if before:
                gone.append((price, 0))
        elif level.total != before:
            changed.append((price, level.total))
    return gone + changed


def _entered(ladder: Ladder, old: int | None, new: int | None) -> Levels:
    if old is None:
        return []
    keys, sign = ladder.keys, ladder.sign
    end = len(keys) if new is None else bisect_right(keys, new)
    prices = [sign * key for key in keys[bisect_right(keys, old) : end]]
    return [(p, ladder.levels[p].total) for p in prices if p not in ladder.touched]


def _printed(pair: Pair, levels: Levels) -> str:
    price_decimals, qty_decimals = pair.price_decimals, pair.qty_decimals
    return ",".join(
        [
            f'{{"price":{text(price, price_decimals)},"qty":{text(qty, qty_decimals)}}}'
            for price, qty in levels
        ]
    )
