"""Prices and quantities: exact, of a type of their own, rounded only in a stated direction."""

import re
from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from functools import lru_cache
from typing import Final, Self

import attrs

#: Wide enough for the largest amount counted in the finest step; raises rather than rounds, and
#: is the same whatever the thread's own context says.
MOST_DIGITS: Final = 100
EXACT: Final = Context(prec=MOST_DIGITS + 20, traps=[InvalidOperation, DivisionByZero, Inexact])
#: How somebody writes a number: of what Decimal takes, not its underscores, blanks and the digits of
#: other scripts.
NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?", re.ASCII)
_ZERO: Final = Decimal(0)
_set: Final = object.__setattr__


def finite(_: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    """Refuses anything but a finite Decimal, a float above all."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _not_finite(attribute.name, value)


def _not_finite(name: str, value: object) -> TypeError | ValueError:
    if not isinstance(value, Decimal):
        return TypeError(f"{name} must be a Decimal, not {type(value).__name__}")
    return ValueError(f"{name} must be finite, not {value}")


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """The sum to the last digit; 0 of nothing."""
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def plain(value: Decimal) -> str:
    """Writes a Decimal without an exponent and without trailing zeros, ``0`` for zero."""
    text = str(value)
    if text[-1] != "0" and "E" not in text:
        return text  # as most are
    if not value:
        return "0"
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


#: Prices and quantities recur: of so many the Decimal is kept, and its text.
_KEPT: Final = 2_048


@lru_cache(_KEPT)
def scaled(units: int, precision: int) -> Decimal:
    """What is counted in the last of so many decimals."""
    return Decimal(units).scaleb(-precision)


@lru_cache(_KEPT)
def scaled_text(units: int, precision: int) -> str:
    """``units`` of 10^-precision as a person reads them."""
    return plain(scaled(units, precision))


def multiple_below(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of ``step`` that is not above ``value``, which is 0 or more."""
    assert value >= 0 and step > 0, (value, step)
    return EXACT.multiply(EXACT.divide_int(value, step), step)


def multiple_above(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of ``step`` that is not below ``value``, which is 0 or more."""
    below = multiple_below(value, step)
    return below if below == value else EXACT.add(below, step)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` is a whole number of steps; no for more steps than anybody could mean."""
    try:
        return not EXACT.remainder(value, step)
    except InvalidOperation:  # more of them than it has digits
        return False


@attrs.frozen(init=False)
class Price:
    """What one unit of the base asset costs in the quote currency; greater than zero."""

    value: Decimal

    # By hand: that of attrs, with a validator or without, is a call or two more for each of very many.
    def __init__(self, value: Decimal) -> None:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise _not_finite("value", value)
        if value <= _ZERO:
            raise ValueError(f"a price must be greater than 0, not {value}")
        _set(self, "value", value)

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads a price from decimal text."""
        return cls(Decimal(text))

    # By hand: those of attrs make two tuples each time, and prices are compared everywhere.

    def __lt__(self, other: "Price") -> bool:
        return self.value < other.value if isinstance(other, Price) else NotImplemented

    def __le__(self, other: "Price") -> bool:
        return self.value <= other.value if isinstance(other, Price) else NotImplemented

    def __gt__(self, other: "Price") -> bool:
        return self.value > other.value if isinstance(other, Price) else NotImplemented

    def __ge__(self, other: "Price") -> bool:
        return self.value >= other.value if isinstance(other, Price) else NotImplemented

    def __str__(self) -> str:
        return plain(self.value)


@attrs.frozen(order=False, init=False)
class Quantity:
    """How much of the base asset; zero or more."""

    value: Decimal

    def __init__(self, value: Decimal) -> None:  # as in Price
        if not isinstance(value, Decimal) or not value.is_finite():
            raise _not_finite("value", value)
        if value < _ZERO:
            raise ValueError(f"a quantity must not be negative, not {value}")
        _set(self, "value", value)

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads a quantity from decimal text."""
        return cls(Decimal(text))

    def __add__(self, other: "Quantity") -> "Quantity":
        if not isinstance(other, Quantity):
            return NotImplemented
        return Quantity(self.value + other.value)

    def __sub__(self, other: "Quantity") -> "Quantity":
        if not isinstance(other, Quantity):
            return NotImplemented
        return Quantity(self.value - other.value)

    # By hand, as in Price.

    def __lt__(self, other: "Quantity") -> bool:
        return self.value < other.value if isinstance(other, Quantity) else NotImplemented

    def __le__(self, other: "Quantity") -> bool:
        return self.value <= other.value if isinstance(other, Quantity) else NotImplemented

    def __gt__(self, other: "Quantity") -> bool:
        return self.value > other.value if isinstance(other, Quantity) else NotImplemented

    def __ge__(self, other: "Quantity") -> bool:
        return self.value >= other.value if isinstance(other, Quantity) else NotImplemented

    def __bool__(self) -> bool:
        return self.value > 0

    def __str__(self) -> str:
        return plain(self.value)


NOTHING = Quantity(Decimal(0))
