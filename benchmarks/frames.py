"""A seeded market's frames, with true checksums: 60 % book, 30 % ticker, 10 % trade.

They are what the exchange's own are: compact, one change of one book a frame, numbers with the pair's
decimals, most changes near the best prices.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from zoe.domain.book import Book, Level

DEPTH: Final = 10
STAMP: Final = "2026-01-02T03:04:05.123456Z"
#: Price and quantity precision by turns.
PRECISIONS: Final = ((1, 8), (2, 8), (4, 5), (6, 3), (5, 8))


class Pair:
    """One pair's book, and the frames that come of it."""

    def __init__(self, number: int, rng: Random) -> None:
        self.symbol = f"P{number:04}/USD"
        self.precision = PRECISIONS[number % len(PRECISIONS)]
        self._rng = rng
        self._book = Book(DEPTH)
        self._middle = rng.randrange(20_000, 900_000)
        self._trades = number * 1_000_000

    def snapshot(self) -> bytes:
        """A new book of ten levels a side."""
        bids = [(self._middle - 1 - n, self._qty()) for n in range(DEPTH)]
        asks = [(self._middle + 1 + n, self._qty()) for n in range(DEPTH)]
        self._book.load(bids, asks)
        return self.again()

    def again(self) -> bytes:
        """A snapshot of the book as it stands."""
        return self._frame("snapshot", self._book.bids(), self._book.asks())

    def change(self) -> bytes:
        """One to three levels of one side: seven in ten are one level."""
        rng, book = self._rng, self._book
        count = rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 2, 3))
        is_bid = rng.random() < 0.5
        levels = [self._level(is_bid, book) for _ in range(count)]
        bids, asks = (levels, []) if is_bid else ([], levels)
        book.update(bids, asks)
        return self._frame("update", bids, asks)

    def _level(self, is_bid: bool, book: Book) -> Level:
        known = book.bids() if is_bid else book.asks()
        far = min(int(self._rng.expovariate(0.5)), DEPTH - 1)
        if known and self._rng.random() < 0.25 and len(known) > 5:
            return known[min(far, len(known) - 1)][0], 0
        price = self._middle - 1 - far if is_bid else self._middle + 1 + far
        return price, self._qty()

    def ticker(self) -> bytes:
        """The best prices, and sums that nobody checks."""
        bid, bid_qty, ask, ask_qty = self._book.touch
        price, qty = self.precision
        low, high = self._middle - 1, self._middle + 1
        volume = _text(self._rng.randrange(10**6, 10**12), qty)
        return (
            f'{{"channel":"ticker","type":"update","data":[{{"symbol":"{self.symbol}",'
            f'"bid":{_text(bid or low, price)},"bid_qty":{_text(bid_qty, qty)},'
            f'"ask":{_text(ask or high, price)},"ask_qty":{_text(ask_qty, qty)},'
            f'"last":{_text(self._middle, price)},"volume":{volume},'
            f'"vwap":{_text(self._middle, price)},"low":{_text(low, price)},'
            f'"high":{_text(high, price)},"change":0.5,"change_pct":0.12,'
            f'"timestamp":"{STAMP}"}}]}}'
        ).encode()

    def trade(self) -> bytes:
        """One trade."""
        self._trades += 1
        side = self._rng.choice(("buy", "sell"))
        price, qty = self.precision
        return (
            f'{{"channel":"trade","type":"update","data":[{{"symbol":"{self.symbol}",'
            f'"side":"{side}","price":{_text(self._middle, price)},"qty":{_text(self._qty(), qty)},'
            f'"ord_type":"market","trade_id":{self._trades},"timestamp":"{STAMP}"}}]}}'
        ).encode()

    def _qty(self) -> int:
        return self._rng.randrange(1, 10**9)

    def _frame(self, kind: str, bids: list[Level], asks: list[Level]) -> bytes:
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self.symbol}",'
            f'"bids":[{self._levels(bids)}],"asks":[{self._levels(asks)}],'
            f'"checksum":{self._book.checksum()},"timestamp":"{STAMP}"}}]}}'
        ).encode()

    def _levels(self, levels: list[Level]) -> str:
        price, qty = self.precision
        return ",".join(f'{{"price":{_text(p, price)},"qty":{_text(q, qty)}}}' for p, q in levels)


def _text(units: int, decimals: int) -> str:
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def market(seed: int, pairs: int) -> list[Pair]:
    """Pairs whose snapshots are still to be taken."""
    rng = Random(seed)
    return [Pair(number, rng) for number in range(pairs)]


def mixed(seed: int, pairs: list[Pair], count: int) -> Iterator[bytes]:
    """Frames of all pairs: 60 % book, 30 % ticker, 10 % trade."""
    rng = Random(seed)
    for _ in range(count):
        pair, kind = rng.choice(pairs), rng.random()
        if kind < 0.6:
            yield pair.change()
        elif kind < 0.9:
            yield pair.ticker()
        else:
            yield pair.trade()


def instruments(pairs: list[Pair]) -> bytes:
    """The instrument channel's snapshot of these pairs."""
    rows = ",".join(
        f'{{"symbol":"{p.symbol}","base":"{p.symbol[:-4]}","quote":"USD","status":"online",'
        f'"qty_precision":{p.precision[1]},"qty_increment":1e-{p.precision[1]},"qty_min":0.001,'
        f'"price_precision":{p.precision[0]},"price_increment":1e-{p.precision[0]},'
        f'"cost_precision":5,"cost_min":0.5}}'
        for p in pairs
    )
    return f'{{"channel":"instrument","type":"snapshot","data":{{"assets":[],"pairs":[{rows}]}}}}'.encode()
