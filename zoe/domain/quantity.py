"""Prices and quantities: exact, of a type of their own, rounded only in a stated direction."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Self

import attrs


def finite(_: object, attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    """Refuses anything but a finite Decimal, a float above all."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{attribute.name} must be a Decimal, not {type(value).__name__}")
    if not value.is_finite():
        raise ValueError(f"{attribute.name} must be finite, not {value}")


def plain(value: Decimal) -> str:
    """Writes a Decimal without an exponent and without trailing zeros, ``0`` for zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


@attrs.frozen(order=True)
class Price:
    """What one unit of the base asset costs in the quote currency; greater than zero."""

    value: Decimal = attrs.field(validator=finite)

    def __attrs_post_init__(self) -> None:
        if self.value <= 0:
            raise ValueError(f"a price must be greater than 0, not {self.value}")

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads a price from decimal text."""
        return cls(Decimal(text))

    def floor_to(self, step: Decimal) -> "Price":
        """Rounds down to a multiple of ``step`` (the price increment)."""
        return Price((self.value / step).to_integral_value(ROUND_FLOOR) * step)

    def ceil_to(self, step: Decimal) -> "Price":
        """Rounds up to a multiple of ``step`` (the price increment)."""
        return Price((self.value / step).to_integral_value(ROUND_CEILING) * step)

    def __str__(self) -> str:
        return plain(self.value)


@attrs.frozen(order=True)
class Quantity:
    """How much of the base asset; zero or more."""

    value: Decimal = attrs.field(validator=finite)

    def __attrs_post_init__(self) -> None:
        if self.value < 0:
            raise ValueError(f"a quantity must not be negative, not {self.value}")

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

    def floor_to(self, step: Decimal) -> "Quantity":
        """Rounds down to a multiple of ``step`` (the lot step)."""
        return Quantity((self.value / step).to_integral_value(ROUND_FLOOR) * step)

    def __bool__(self) -> bool:
        return self.value > 0

    def __str__(self) -> str:
        return plain(self.value)


NOTHING = Quantity(Decimal(0))
