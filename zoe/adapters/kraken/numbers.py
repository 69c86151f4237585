"""Numbers and times of the exchange, exactly: JSON numbers to ints and Decimals, RFC 3339 to ns.

Everything here refuses NaN, infinities and absurd exponents: a number such as 1e999999999 would
otherwise cost the memory of all its digits.
"""

from datetime import UTC, datetime
from decimal import (
    Clamped,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
    Underflow,
)
from functools import lru_cache
from typing import Final

import msgspec

LARGEST_EXPONENT: Final = 40
MOST_DECIMALS: Final = 30
NANOSECONDS: Final = 1_000_000_000

#: Raises on what no amount is; quiet NaN and infinities pass it.
_AMOUNT: Final = Context(
    prec=LARGEST_EXPONENT + MOST_DECIMALS,
    Emin=-LARGEST_EXPONENT,
    Emax=LARGEST_EXPONENT,
    traps=[Clamped, Inexact, InvalidOperation, Overflow, Subnormal],
)
#: Raises on whatever does not fit, instead of rounding it.
_EXACT: Final = Context(
    prec=60,
    Emin=-LARGEST_EXPONENT,
    Emax=LARGEST_EXPONENT,
    traps=[Inexact, InvalidOperation, Overflow, Underflow],
)


def exact(value: Decimal) -> Decimal:
    """The same number, if it is one that money can be.

    Raises:
        ValueError: NaN, infinite, with more digits than any amount, or beyond 10^40.
    """
    try:
        if _AMOUNT.plus(value).is_finite():
            return value
    except ArithmeticError as problem:
        what = "is absurd" if value.is_finite() else "is not a number"
        raise ValueError(f"{str(value)[:60]} {what}") from problem
    raise ValueError(f"{value} is not a number")


def all_exact(*values: Decimal) -> bool:
    """Whether ``exact`` takes each of them; quicker than one by one."""
    plus = _AMOUNT.plus
    try:
        for value in values:
            plus(value)
            if not value.is_finite():
                return False
    except ArithmeticError:
        return False
    return True


#: Of a price and a quantity as they are traded: so their products, and sums of those, are exact.
_TRADED: Final = Context(prec=40, traps=[Inexact, InvalidOperation])
_FINEST: Final = Decimal("1e-20")


def traded(value: Decimal) -> Decimal:
    """The same number, if something can have been traded at it, or so much.

    Raises:
        ValueError: Not greater than 0, not below 10^20, or with more than 20 decimals.
    """
    try:
        _TRADED.quantize(value, _FINEST)
        if value > 0:
            return value
    except ArithmeticError:
        pass
    raise ValueError(f"{str(value)[:60]} of a trade is absurd")


def every_exact(value: object) -> None:
    """Checks every Decimal in rows, lists and mappings.

    Raises:
        ValueError: One is no number that money can be.
    """
    match value:
        case Decimal():
            exact(value)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                every_exact(getattr(value, name))
        case dict():
            every_exact(list(value.values()))
        case list() | tuple():
            for member in value:
                every_exact(member)
        case _:
            return


def step(value: Decimal) -> Decimal:
    """The same number, if prices or quantities can be multiples of it.

    Raises:
        ValueError: Not greater than 0, or not a number.
    """
    if exact(value) <= 0:
        raise ValueError(f"a step must be greater than 0, not {value}")
    return value


def decimals(count: int) -> int:
    """The same count, if a number can have so many decimals.

    Raises:
        ValueError: Negative or absurd.
    """
    if not 0 <= count <= MOST_DECIMALS:
        raise ValueError(f"{count} decimals are absurd")
    return count


def decimal_of(text: str) -> Decimal:
    """A Decimal from the text of a REST answer.

    Raises:
        ValueError: Not a number.
    """
    try:
        return exact(Decimal(text))
    except InvalidOperation as problem:
        raise ValueError(f"{text[:40]!r} is not a number") from problem


def units(value: Decimal, precision: int) -> int:
    """``value`` counted in 10^-precision.

    Raises:
        ValueError: It is not a whole number of units, or not a number.
    """
    try:
        scaled = _EXACT.scaleb(value, precision)
        count = int(scaled)
    except (ArithmeticError, ValueError) as problem:
        raise ValueError(f"not countable in units of 1e-{precision}") from problem
    if count != scaled or count < 0:
        raise ValueError(f"{value} is not a whole number of units of 1e-{precision}")
    return count


_DECIMAL: Final = msgspec.json.Decoder(Decimal)
#: Longer ones are none that a book holds, and are read the slow way, which refuses them.
_LONGEST_TEXT: Final = 40
_MOST_UNITS: Final = 10 ** (LARGEST_EXPONENT + 1)


def units_of_text(text: bytes, precision: int) -> int:
    """As ``units`` of the JSON number ``text``, without making a Decimal of it.

    What is counted so, levels of books and times of ledger rows, is never written in quotes (facts
    sheet, sections 1.6 and 2.1).

    Raises:
        ValueError: It is not a whole number of units, or stands in quotes.
        msgspec.MsgspecError: It is not a number.
    """
    whole, _, fraction = text.partition(b".")
    if len(fraction) <= precision and len(text) <= _LONGEST_TEXT:
        try:
            count = int(whole + fraction.ljust(precision, b"0"))
        except ValueError:
            count = -1  # an exponent, or no number at all
        if 0 <= count < _MOST_UNITS:
            return count
    if text.startswith(b'"'):  # msgspec would take it for a Decimal all the same
        raise ValueError(f"{text[:_LONGEST_TEXT]!r} stands in quotes")
    value: Decimal = _DECIMAL.decode(text)
    return units(value, precision)


#: Nanoseconds of other years do not fit into 64 bits, or are from before any exchange.
_YEARS: Final = range(1970, 2262)


@lru_cache(maxsize=64)
def _midnight(date: str) -> int:
    midnight = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
    if midnight.year not in _YEARS:
        raise ValueError(f"{date} is not a date of any trade")
    return round(midnight.timestamp())


#: Nanoseconds of the last of so many decimals.
_UNITS_OF_DIGITS: Final = tuple(int(f"1{'0' * (9 - digits)}") for digits in range(10))


@lru_cache(maxsize=256)
def _second(text: str) -> int:
    """Nanoseconds of the part before the point."""
    if len(text) != 19 or text[13] != ":" or text[16] != ":" or not text.isascii():
        raise ValueError(f"{text[:40]!r} is not a time")
    clock = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return (_midnight(text[:10]) + clock) * NANOSECONDS


@lru_cache(maxsize=64)  # what happened at one moment is told in several pieces
def nanoseconds(text: str) -> int:
    """UTC nanoseconds of an RFC 3339 text that ends in Z, with 0 to 9 decimals.

    Raises:
        ValueError: Another form.
    """
    fraction = text[20:-1]
    if text[-1:] != "Z" or len(fraction) > 9 or not (fraction.isdigit() or len(text) == 20):
        raise ValueError(f"{text[:40]!r} is not a time")
    return _second(text[:19]) + int(fraction or 0) * _UNITS_OF_DIGITS[len(fraction)]


@lru_cache(maxsize=64)
def _text_of(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def rfc3339(at_ns: int) -> str:
    """RFC 3339 with milliseconds, rounded down: the precision that deadlines have."""
    seconds, rest = divmod(at_ns, NANOSECONDS)
    return f"{_text_of(seconds)}.{rest // 1_000_000:03d}Z"


def seconds_to_ns(seconds: Decimal) -> int:
    """Nanoseconds of a REST time, which is a JSON number of seconds."""
    return units(seconds, 9)


def ns_to_seconds(at_ns: int) -> str:
    """A REST time parameter: seconds with nine decimals."""
    return f"{at_ns // NANOSECONDS}.{at_ns % NANOSECONDS:09d}"
