"""Exact amounts as whole units of 10^-places: text, numbers on the wire, rounding."""

import re
from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

import msgspec

_PLAIN: Final = re.compile(r"(\d{1,20})(?:\.(\d{1,20}))?", re.ASCII)
#: Numbers outside are refused before they are scaled: 1e999999999 is four bytes a digit short.
_MOST_DIGITS: Final = 40
_ALL_DIGITS: Final = Context(prec=_MOST_DIGITS)
_TENS: Final = tuple(int("1" + "0" * power) for power in range(2 * _MOST_DIGITS + 1))


class BadNumber(ValueError):
    """Not a number in plain notation, or absurdly large or long."""


class TooPrecise(ValueError):
    """A number with more decimals than are kept."""


@lru_cache(maxsize=4096)  # the same few are printed again and again
def text(units: int, places: int) -> str:
    """Plain notation with all decimals: ``text(-5, 2)`` is ``-0.05``."""
    if units < 0:
        return f"-{text(-units, places)}"
    digits = str(units)
    if places == 0:
        return digits
    if len(digits) <= places:
        digits = digits.zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}"


@lru_cache(maxsize=4096)
def number(units: int, places: int) -> msgspec.Raw:
    """A JSON number with all decimals, as the engine prints it."""
    return msgspec.Raw(text(units, places).encode())


def from_text(value: str, places: int) -> int:
    """Units of a number in plain notation without sign.

    Raises:
        BadNumber: See the class.
        TooPrecise: See the class.
    """
    found = _PLAIN.fullmatch(value)
    if found is None:
        raise BadNumber(value[:40])
    fraction = (found[2] or "").rstrip("0")
    if len(fraction) > places:
        raise TooPrecise(value)
    return int(found[1]) * _TENS[places] + int(fraction.ljust(places, "0") or "0")


def from_signed_text(value: str, places: int) -> int:
    """As from_text, with a sign allowed."""
    return -from_text(value[1:], places) if value.startswith("-") else from_text(value, places)


def from_number(value: int | Decimal, places: int) -> int:
    """Units of a JSON number, which may have an exponent.

    Raises:
        BadNumber: See the class.
        TooPrecise: See the class.
    """
    if isinstance(value, int):
        value = Decimal(value)
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or len(digits) > _MOST_DIGITS or abs(exponent) > _MOST_DIGITS:
        raise BadNumber(str(value)[:40])
    whole = abs(int(value.scaleb(-exponent, _ALL_DIGITS)))
    if exponent + places >= 0:
        units = whole * _TENS[exponent + places]
    else:
        units, rest = divmod(whole, _TENS[-exponent - places])
        if rest:
            raise TooPrecise(str(value))
    return -units if sign else units


def nearest(numerator: int, denominator: int) -> int:
    """The quotient of numbers that are not negative, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def ceiling(numerator: int, denominator: int) -> int:
    """The quotient, up."""
    return -(-numerator // denominator)


def rescaled(units: int, places: int, kept: int) -> int:
    """Units of 10^-places as units of 10^-kept, to the nearest."""
    if kept >= places:
        return units * _TENS[kept - places]
    return nearest(units, _TENS[places - kept])


def rescaled_up(units: int, places: int, kept: int) -> int:
    """As rescaled, but up."""
    if kept >= places:
        return units * _TENS[kept - places]
    return ceiling(units, _TENS[places - kept])
