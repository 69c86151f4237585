"""The house's hand in the books: what synthetic traders and the admin's market call use."""

from collections.abc import Iterator, Mapping, Sequence

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.clearing import Print
from zoe.sandbox.core.engine import Engine
from zoe.sandbox.core.market import HouseOrder, PastBar
from zoe.sandbox.core.matching import Resting
from zoe.sandbox.core.orders import OPPOSITE
from zoe.sandbox.core.tape import Tape
from zoe.sandbox.core.world import World


class HouseDesk:
    """See market.House."""

    def __init__(self, world: World, engine: Engine, tape: Tape) -> None:
        self._world = world
        self._engine = engine
        self._tape = tape
        #: Those that are filled stay until somebody asks for all, or cancels them.
        self._resting: dict[str, dict[int, Resting]] = {}

    def pair(self, symbol: str) -> Pair:
        """See market.House."""
        return self._world.catalog.pairs[symbol]

    def best(self, symbol: str) -> tuple[int | None, int | None]:
        """See market.House."""
        book = self._world.books[symbol]
        return book.bids.best, book.asks.best

    def last(self, symbol: str) -> int | None:
        """See market.House."""
        return self._world.last_price.get(symbol)

    def watched(self) -> frozenset[str]:
        """See market.House."""
        accounts = self._world.accounts.by_name.values()
        ordered = (order.terms.pair.symbol for each in accounts for order in each.open.values())
        return frozenset(ordered) | self._tape.watched()

    def orders(self, symbol: str) -> Mapping[int, HouseOrder]:
        """See market.House."""
        kept = self._resting.get(symbol, {})
        mine = self._resting[symbol] = {n: resting for n, resting in kept.items() if resting.left}
        return dict(mine)

    def place(self, symbol: str, side: str, price: int, qty: int) -> int:
        """See market.House."""
        assert price > 0 and qty > 0
        taker = Resting(self._world.next_number(), side, price, qty)
        self._engine.match(self.pair(symbol), taker, price)
        if taker.left:
            self._world.books[symbol].side(side).add(taker)
            self._resting.setdefault(symbol, {})[taker.number] = taker
        return taker.number

    def take(self, symbol: str, side: str, qty: int, limit: int | None) -> int:
        """See market.House."""
        taker = Resting(self._world.next_number(), side, limit or 0, qty)
        self._engine.match(self.pair(symbol), taker, limit)
        return qty - taker.left

    def cancel(self, symbol: str, number: int) -> bool:
        """See market.House."""
        resting = self._resting.get(symbol, {}).pop(number, None)
        if resting is None or not resting.left:
            return False
        self._world.books[symbol].side(resting.side).remove(resting)
        return True

    def recall(self, symbol: str, day: Sequence[PastBar], bars: Iterator[PastBar]) -> None:
        """See market.House."""
        self._tape.recall(symbol, day, bars)

    def clear(self, symbol: str, quotes: Mapping[str, int]) -> None:
        """Makes room for new best prices by side.

        The house's orders that would be better or would cross go, others' are traded with.
        """
        for number, order in self.orders(symbol).items():
            same, other = quotes.get(order.side), quotes.get(OPPOSITE[order.side])
            sign = -1 if order.side == "buy" else 1
            better = same is not None and sign * order.price <= sign * same
            if better or (other is not None and sign * order.price <= sign * other):
                self.cancel(symbol, number)
        for side, price in quotes.items():
            ladder = self._world.books[symbol].side(side)
            limit = price - ladder.sign
            better_ones = sum(resting.left for resting in ladder.walk(limit)) if limit else 0
            if better_ones:
                self.take(symbol, OPPOSITE[side], better_ones, limit)

    def trade(self, symbol: str, side: str, price: int, qty: int) -> None:
        """A trade of this size at this price: with who stands there or better, then with itself."""
        left = qty - self.take(symbol, side, qty, price)
        if left:
            pair, now_ns = self.pair(symbol), self._world.now_ns
            trade_id = self._world.next_trade_id(pair)
            self._world.priced(symbol, price)
            self._world.books.changed.add(symbol)
            self._tape.traded(pair, Print(trade_id, side, price, left, "limit", now_ns))
