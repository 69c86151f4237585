"""MarketModel: how synthetic traders act on the books, and the narrow surface they may use."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import attrs

from zoe.sandbox.core.catalog import Pair

#: How long a bar of the past is.
PAST_MINUTES: Final = 5


@attrs.frozen
class PastBar:
    """What was traded in a span before the exchange began, in the pair's units."""

    open: int
    high: int
    low: int
    close: int
    qty: int
    count: int


class HouseOrder(Protocol):
    """A resting order of the house, to be read only; price and what is left in the pair's units."""

    @property
    def side(self) -> str:
        """``buy`` or ``sell``."""

    @property
    def price(self) -> int:
        """Its limit."""

    @property
    def left(self) -> int:
        """What is not traded yet."""


class House(Protocol):
    """What a model may see and do. Everything is counted in the pair's units (see Pair).

    The house has no account: its means are endless and its orders are not journalled. ``side`` is
    ``buy`` or ``sell``.
    """

    def pair(self, symbol: str) -> Pair:
        """The pair of a symbol."""

    def best(self, symbol: str) -> tuple[int | None, int | None]:
        """Best bid and ask, of anybody's orders."""

    def last(self, symbol: str) -> int | None:
        """The price of the last trade, also of one before a restart."""

    def watched(self) -> frozenset[str]:
        """Pairs whose book or trades somebody listens to, or in which somebody has an order."""

    def orders(self, symbol: str) -> Mapping[int, HouseOrder]:
        """The house's resting orders by their number, oldest first; those of this moment."""

    def place(self, symbol: str, side: str, price: int, qty: int) -> int:
        """A limit order: trades with what it crosses, and the rest rests; its number."""

    def take(self, symbol: str, side: str, qty: int, limit: int | None) -> int:
        """Takes what there is, no worse than ``limit``; the quantity traded."""

    def cancel(self, symbol: str, number: int) -> bool:
        """Whether the order was still there."""

    def recall(self, symbol: str, day: Sequence[PastBar], bars: Iterator[PastBar]) -> None:
        """What was traded before, the newest first.

        Args:
            day: The last hours that are over, an hour a bar.
            bars: Of PAST_MINUTES, without an end; the newest ended with the last such span before
                this moment.
        """


class MarketModel(Protocol):
    """Synthetic traders; every random choice of theirs comes from their own seed."""

    def next_ns(self) -> int | None:
        """When it wants to act next; None for never. Asked for once after every step."""

    def step(self, now_ns: int, house: House) -> None:
        """Acts once; ``now_ns`` may be later than asked for. Called first when started."""
