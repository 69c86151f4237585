"""Marks: what one unit of an asset was worth in USD, when, and who said so.

A mark is found through a stated route: the asset against USD itself, or against EUR, USDT, BTC or
ETH, and that against USD. A mark that is too old is none.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Protocol

import attrs

from zoe.domain.quantity import EXACT

USD: Final = "USD"
#: Counted in units, worth nothing.
FEE_CREDIT: Final = "KFEE"
#: In this order: the first that leads to USD is taken, and the first leg of an event is valued.
ROUTES: Final = (USD, "EUR", "USDT", "BTC", "ETH")
_AT_PAR: Final = "par"


def _positive(_: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
        raise ValueError(f"{attribute.name} must be a Decimal greater than 0, not {value}")


@attrs.frozen
class Quote:
    """What a pair was worth: the middle of its book, or a trade's price."""

    price: Decimal = attrs.field(validator=_positive)
    time_ns: int
    source: str


@attrs.frozen
class Mark:
    """USD of one unit.

    Attributes:
        time_ns: Of the older of the quotes that led to it.
        route: ``SOL/USD``, or ``SOL/EUR*EUR/USD``.
    """

    asset: str
    price: Decimal = attrs.field(validator=_positive)
    time_ns: int
    source: str
    route: str = ""
    _ratio: tuple[int, int] = attrs.field(init=False, eq=False, repr=False)

    @_ratio.default
    def _exact_ratio(self) -> tuple[int, int]:
        return self.price.as_integer_ratio() if self.price.is_finite() else (0, 1)

    def value(self, quantity: int) -> int:
        """What so many units are worth, in units of USD, rounded towards zero."""
        over, under = self._ratio
        worth = abs(quantity) * over // under
        return -worth if quantity < 0 else worth


class Marks(Protocol):
    """Where the books find what something was worth at a time in the past."""

    def mark(self, asset: str, at_ns: int) -> Mark | None:
        """The newest mark at or before that time, None where there is none that is fresh."""


class NoMarks:
    """Marks where nothing is known of any asset."""

    def mark(self, asset: str, at_ns: int) -> Mark | None:
        """None."""
        return None


class MarkTable:
    """Marks by asset and time."""

    def __init__(self, marks: Iterable[Mark], most_age_ns: int | None = None) -> None:
        """``most_age_ns``: an older mark is none; None takes the newest however old it is."""
        self._most_age_ns = most_age_ns
        self._marks: dict[str, list[Mark]] = {}
        for mark in sorted(marks, key=_moment):
            self._marks.setdefault(mark.asset, []).append(mark)
        self._times = {
            asset: [mark.time_ns for mark in found] for asset, found in self._marks.items()
        }

    def mark(self, asset: str, at_ns: int) -> Mark | None:
        """The newest mark at or before that time, unless it is too old."""
        times = self._times.get(asset)
        index = bisect_right(times, at_ns) if times else 0
        if not index:
            return None
        found = self._marks[asset][index - 1]
        if self._most_age_ns is not None and at_ns - found.time_ns > self._most_age_ns:
            return None
        return found


def _moment(mark: Mark) -> tuple[int, Decimal, str, str]:
    return mark.time_ns, mark.price, mark.source, mark.route


def mark_of(
    asset: str, quotes: Mapping[tuple[str, str], Quote], at_ns: int, most_age_ns: int
) -> Mark | None:
    """The mark of an asset from quotes of pairs, through the first route whose quotes are fresh.

    Args:
        quotes: By base and quote asset.
    """
    if asset == USD:
        return Mark(USD, Decimal(1), at_ns, _AT_PAR, USD)

    def fresh(base: str, against: str) -> Quote | None:
        found = quotes.get((base, against))
        return found if found is not None and at_ns - found.time_ns <= most_age_ns else None

    direct = fresh(asset, USD)
    if direct is not None:
        return Mark(asset, direct.price, direct.time_ns, direct.source, f"{asset}/{USD}")
    for over in ROUTES[1:]:
        first, second = fresh(asset, over), fresh(over, USD)
        if first is not None and second is not None:
            price = EXACT.multiply(first.price, second.price)
            older = min(first, second, key=lambda quote: quote.time_ns)
            route = f"{asset}/{over}*{over}/{USD}"
            return Mark(asset, price, older.time_ns, older.source, route)
    return None
