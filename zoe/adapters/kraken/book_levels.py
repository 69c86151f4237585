"""Levels of a book's row: from the texts that stand in the frame to whole units and the checksum's text.

A price comes again and again, as others' orders come and go at it: it is read once. Nearly all quantities have
exactly their pair's decimals: what the checksum is made of is what stands there, without the point and without zeros
in front. Every other number is counted, which says what is wrong with it.
"""

from collections.abc import Sequence
from typing import Final

from zoe.adapters.kraken.frames import TextLevel
from zoe.adapters.kraken.numbers import LONGEST_TEXT, units_of_text
from zoe.domain.book import Written

#: Levels of one side in one frame: books have 1,000, and change a few at a time.
MOST_LEVELS: Final = 5_000
#: Prices of one pair that are remembered, until all are forgotten.
MOST_PRICES: Final = 500
_POINT: Final = b"."
_ZERO: Final = b"0"


class LevelReader:
    """Reads one pair's levels."""

    def __init__(self, price_precision: int, qty_precision: int) -> None:
        self._price_precision = price_precision
        self._qty_precision = qty_precision
        #: Where the point of a quantity stands that has all its decimals.
        self._point = slice(-1 - qty_precision, -qty_precision)
        #: Of a price's text its units, and the same in digits.
        self._prices: dict[bytes, tuple[int, bytes]] = {}

    def levels(self, told: Sequence[TextLevel]) -> list[Written]:
        """One side's levels.

        Raises:
            ValueError: A level makes no sense, or there are too many.
            msgspec.MsgspecError: Something is not a number.
        """
        if len(told) > MOST_LEVELS:
            raise ValueError(f"{len(told)} levels at once")
        known, point = self._prices, self._point
        found: list[Written] = []
        for level in told:
            text, qty = bytes(level.price), bytes(level.qty)
            price, digits = known.get(text) or self._price(text)
            size = qty.replace(_POINT, b"").lstrip(_ZERO)
            if qty[point] != _POINT or len(qty) > LONGEST_TEXT or (size and not size.isdigit()):
                units = units_of_text(qty, self._qty_precision)
                size = b"%d" % units if units else b""
            found.append((price, digits + size if size else b""))
        return found

    def _price(self, text: bytes) -> tuple[int, bytes]:
        units = units_of_text(text, self._price_precision)
        if not units:
            raise ValueError("a price of 0")
        read = units, b"%d" % units
        if len(text) <= LONGEST_TEXT:
            if len(self._prices) >= MOST_PRICES:
                self._prices.clear()
            self._prices[text] = read
        return read
