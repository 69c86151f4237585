"""Levels of a book's row: from the texts that stand in the frame to whole units and the checksum's text.

Nearly all numbers have exactly their pair's decimals: what the checksum is made of is what stands there, without the
point and without zeros in front. Every other number is counted, which says what is wrong with it.
"""

from collections.abc import Sequence
from typing import Final

from zoe.adapters.kraken.frames import TextLevel
from zoe.adapters.kraken.numbers import units_of_text
from zoe.domain.book import Written, written

#: Levels of one side in one frame: books have 1,000, and change a few at a time.
MOST_LEVELS: Final = 5_000
#: Of price and quantity together; with more, either may be too large to be one.
_MOST_DIGITS: Final = 40
_POINT: Final = b"."
_POINT_CODE: Final = ord(_POINT)
_ZERO: Final = b"0"


class LevelReader:
    """Reads one pair's levels."""

    def __init__(self, price_precision: int, qty_precision: int) -> None:
        self._precisions = price_precision, qty_precision
        #: Where the point stands in numbers that have all their decimals.
        self._points = -1 - price_precision, -1 - qty_precision

    def levels(self, told: Sequence[TextLevel]) -> list[Written]:
        """One side's levels.

        Raises:
            ValueError: A level makes no sense, or there are too many.
            msgspec.MsgspecError: Something is not a number.
        """
        if len(told) > MOST_LEVELS:
            raise ValueError(f"{len(told)} levels at once")
        price_point, qty_point = self._points
        found: list[Written] = []
        for level in told:
            price, qty = bytes(level.price), bytes(level.qty)
            try:
                usual = price[price_point] == qty[qty_point] == _POINT_CODE
            except IndexError:
                usual = False
            if usual:
                price_digits = price.replace(_POINT, b"").lstrip(_ZERO)
                qty_digits = qty.replace(_POINT, b"").lstrip(_ZERO)
                text = price_digits + qty_digits
                # No sign, no exponent, and none that is no number at all.
                if price_digits and text.isdigit() and len(text) <= _MOST_DIGITS:
                    found.append((int(price_digits), text if qty_digits else b""))
                    continue
            found += self._counted(price, qty)
        return found

    def _counted(self, price: bytes, qty: bytes) -> list[Written]:
        price_precision, qty_precision = self._precisions
        units = units_of_text(price, price_precision)
        if not units:
            raise ValueError("a price of 0")
        return written([(units, units_of_text(qty, qty_precision))])
