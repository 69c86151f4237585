"""The book of one pair: price levels with queues, best price first, oldest order first."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from zoe.sandbox.core.orders import Order


@attrs.define(eq=False)
class Resting:
    """What stands in a queue, or is about to take; the house's have no order."""

    number: int
    side: str
    price: int
    left: int
    order: "Order | None" = None


@attrs.define(eq=False)
class Level:
    """Everybody at one price; ``digits`` are those of price and quantity, as checksums take them."""

    total: int = 0
    digits: str = ""
    queue: OrderedDict[int, Resting] = attrs.Factory(OrderedDict)


class Ladder:
    """One side. ``keys`` ascend from the best price; a bid's key is its price negated."""

    def __init__(self, side: str, symbol: str, changed: set[str]) -> None:
        self.sign = -1 if side == "buy" else 1
        self._symbol, self._changed = symbol, changed
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}
        #: Quantity before the first change of each price since it was last emptied.
        self.touched: dict[int, int] = {}

    def add(self, resting: Resting) -> None:
        """Puts an order at the back of the queue at its price."""
        level = self.levels.get(resting.price)
        if level is None:
            level = self.levels[resting.price] = Level()
            insort(self.keys, self.sign * resting.price)
        self.touched.setdefault(resting.price, level.total)
        self._changed.add(self._symbol)
        level.queue[resting.number] = resting
        level.total += resting.left
        level.digits = f"{resting.price}{level.total}"

    def shrink(self, resting: Resting, by: int) -> None:
        """Less of it, in its place; gone when nothing is left."""
        level = self.levels[resting.price]
        self.touched.setdefault(resting.price, level.total)
        self._changed.add(self._symbol)
        level.total -= by
        level.digits = f"{resting.price}{level.total}"
        resting.left -= by
        if resting.left == 0:
            del level.queue[resting.number]
            if not level.queue:
                del self.levels[resting.price]
                del self.keys[bisect_left(self.keys, self.sign * resting.price)]

    def remove(self, resting: Resting) -> None:
        """Out of its queue, keeping what it has left."""
        left = resting.left
        self.shrink(resting, left)
        resting.left = left

    @property
    def best(self) -> int | None:
        """The best price."""
        return self.sign * self.keys[0] if self.keys else None

    def first(self) -> Resting | None:
        """Who is served next."""
        if not self.keys:
            return None
        return next(iter(self.levels[self.sign * self.keys[0]].queue.values()))

    def walk(self, limit: int | None) -> Iterator[Resting]:
        """Everybody no worse than ``limit``, in the order they are served."""
        for key in self.keys:
            price = self.sign * key
            if limit is not None and key > self.sign * limit:
                return
            yield from self.levels[price].queue.values()

    def top(self, depth: int) -> list[tuple[int, int]]:
        """Prices and quantities of the best levels."""
        sign, levels = self.sign, self.levels
        return [(sign * key, levels[sign * key].total) for key in self.keys[:depth]]

    def digits(self, depth: int) -> str:
        """Of the best levels, the best first: whole units, without points and leading zeros."""
        sign, levels = self.sign, self.levels
        return "".join([levels[sign * key].digits for key in self.keys[:depth]])


class Book:
    """Both sides of one pair."""

    def __init__(self, symbol: str, changed: set[str]) -> None:
        self.bids = Ladder("buy", symbol, changed)
        self.asks = Ladder("sell", symbol, changed)

    def side(self, side: str) -> Ladder:
        """Where orders of this side rest."""
        return self.bids if side == "buy" else self.asks

    def against(self, side: str) -> Ladder:
        """Where orders of this side find their match."""
        return self.asks if side == "buy" else self.bids

    def maker_for(self, taker: Resting, limit: int | None) -> Resting | None:
        """Who the taker meets next; None where nobody crosses its limit."""
        ladder = self.against(taker.side)
        if not ladder.keys:
            return None
        if limit is not None and ladder.keys[0] > ladder.sign * limit:
            return None
        return ladder.first()

    def crosses(self, side: str, price: int) -> bool:
        """Whether an order at this price would take."""
        ladder = self.against(side)
        return bool(ladder.keys) and ladder.keys[0] <= ladder.sign * price


class Books(dict[str, Book]):
    """The books by symbol, made when asked for; ``changed`` are those that changed lately."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()

    def __missing__(self, symbol: str) -> Book:
        book = self[symbol] = Book(symbol, self.changed)
        return book
