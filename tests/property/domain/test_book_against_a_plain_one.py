"""The book against the plainest one there is: two dicts, sorted each time."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.book import Book, Level, Levels

#: Few prices, so that they meet; 0 removes.
LEVELS = st.lists(st.tuples(st.integers(1, 25), st.integers(0, 3)), max_size=8)
STEPS = st.lists(st.tuples(st.booleans(), LEVELS, LEVELS), max_size=12)


class Plain:
    """Both sides as dicts."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def apply(self, snapshot: bool, bids: list[Level], asks: list[Level]) -> None:
        for name, changes, best_first in (("bids", bids, True), ("asks", asks, False)):
            side = {} if snapshot else dict(getattr(self, name))
            side.update(changes)
            left = sorted(((p, q) for p, q in side.items() if q), reverse=best_first)
            setattr(self, name, dict(left[: self.depth]))

    def checksum(self) -> int:
        both = [*list(self.asks.items())[:10], *list(self.bids.items())[:10]]
        return zlib.crc32("".join(f"{price}{qty}" for price, qty in both).encode())


@given(st.sampled_from((1, 3, 10, 25)), STEPS)
def test_the_book_is_the_plain_book(
    depth: int, steps: list[tuple[bool, list[Level], list[Level]]]
) -> None:
    book, plain = Book(depth), Plain(depth)
    shown: list[tuple[Levels, tuple[Level, ...]]] = []
    for snapshot, bids, asks in steps:
        (book.load if snapshot else book.update)(bids, asks)
        plain.apply(snapshot, bids, asks)
        assert book.bids() == list(plain.bids.items())
        assert book.asks() == list(plain.asks.items())
        best_bid, best_ask = (next(iter(s.items()), (None, 0)) for s in (plain.bids, plain.asks))
        assert book.touch == (*best_bid, *best_ask)
        assert book.checksum() == plain.checksum()
        best = (tuple(plain.bids.items())[:10], tuple(plain.asks.items())[:10])
        shown += zip(book.top, best, strict=True)
    assert all(tuple(top) == best for top, best in shown), "what was shown does not change any more"
