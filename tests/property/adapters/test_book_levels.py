"""Levels are what exact decimals say of their texts."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoe.adapters.kraken.book_levels import LevelReader
from zoe.adapters.kraken.frames import UNREADABLE, TextLevel

#: As the exchange writes numbers, and as it might.
NUMBERS = st.one_of(
    st.decimals(min_value=0, max_value=10**9, places=3).map(str),
    st.decimals(min_value=-9, max_value=10**30, allow_nan=False).map(str),
    st.integers(-2, 10**12).map(str),
    st.sampled_from(["0.000", "-0.000", "1.2e-05", "1E3", "0.05", "9" * 45 + ".000", "null", '"1.000"', "[]"]),
)  # fmt: skip
LEVELS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5)
PRECISIONS = st.sampled_from([3, 3, 3, 0, 1, 5])


def as_sent(levels: list[tuple[str, str]]) -> list[TextLevel]:
    return [TextLevel(*(msgspec.Raw(text.encode()) for text in level)) for level in levels]


def counted(text: str, precision: int) -> int:
    """So many units, by exact decimals; a text of one is one."""
    units = Decimal(text.strip('"')).scaleb(precision)
    if units != int(units) or units < 0:
        raise ValueError(text)
    return int(units)


@given(st.lists(LEVELS, max_size=6), PRECISIONS, PRECISIONS)
@example([[("1.000", "1.2e-05")]], 3, 3)
@example([[("1.000", "1.2e-05")]], 3, 5)
@example([[("1.000", "-1.000")], [("1.000", "0.000")]], 3, 3)
@example([[("1.000", "1.5")], [("1.5", "1.000")]], 3, 3)
@example([[("5", "5"), ("5", "0")]], 0, 0)
@example([[("5", "1.5")]], 0, 3)
@example([[("0.000", "1.000")]], 3, 3)
@example([[("1.000", "9" * 45 + ".000")]], 3, 3)
def test_levels_are_what_exact_decimals_say(
    frames: list[list[tuple[str, str]]], price_precision: int, qty_precision: int
) -> None:
    reader = LevelReader(price_precision, qty_precision)
    for levels in frames:
        try:
            told = reader.levels(as_sent(levels))
        except UNREADABLE:
            assert not all(_is_plain(level, price_precision, qty_precision) for level in levels)
            continue
        assert len(told) == len(levels)
        for (price, text), level in zip(told, levels, strict=True):
            units, qty = counted(level[0], price_precision), counted(level[1], qty_precision)
            assert (price, text) == (units, b"%d%d" % (units, qty) if qty else b"")


def _is_plain(level: tuple[str, str], price_precision: int, qty_precision: int) -> bool:
    """Whether both are digits with at most the pair's decimals, and the price is one."""
    for text, precision in zip(level, (price_precision, qty_precision), strict=True):
        whole, _, decimals = text.partition(".")
        if not (whole + decimals).isdigit() or len(text) > 40 or len(decimals) > precision:
            return False
    return Decimal(level[0]) > 0


def test_a_price_of_0_is_refused_as_one() -> None:
    with pytest.raises(ValueError, match="a price of 0"):
        LevelReader(3, 3).levels(as_sent([("0.000", "1.000")]))
