"""Rounding to steps and identifiers, held against what they are defined to be."""

from decimal import Decimal, localcontext
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain import ids
from zoe.domain.quantity import (
    is_multiple,
    multiple_above,
    multiple_below,
    plain,
)

AMOUNTS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(0, 10**30),
    st.integers(-20, 4),
)
STEPS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(1, 10**6),
    st.integers(-12, 3),
)


@given(AMOUNTS, STEPS, st.integers(1, 60))
def test_rounding_to_a_step_is_exact_whatever_the_threads_precision(
    value: Decimal, step: Decimal, precision: int
) -> None:
    with localcontext() as context:
        context.prec = precision
        below, above = multiple_below(value, step), multiple_above(value, step)
        multiple = is_multiple(value, step)
    exact, unit = Fraction(value), Fraction(step)
    assert Fraction(below) == exact // unit * unit
    assert Fraction(above) == -(-exact // unit) * unit
    assert multiple is (exact % unit == 0)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_number_written_plainly_reads_back_the_same(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert "e" not in text.lower()
    assert text == "0" or not ("." in text and text.endswith("0"))


@given(st.integers(0, 2**48 * 10**6 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**70))
def test_a_client_order_id_holds_its_time_and_its_desks_tag(
    wall_ns: int, tag: int, random_bits: int
) -> None:
    text = ids.client_order_id(wall_ns, tag, random_bits)
    number = ids.id_number(text)
    assert number is not None
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    assert number >> 80 == wall_ns // 1_000_000
    assert text[14] == "8"
    assert text[19] in "89ab"
    assert number & (1 << 58) - 1 == random_bits & (1 << 58) - 1
    assert ids.tag_of(text) == tag


@given(st.integers(0, 2**128 - 1), st.booleans(), st.booleans())
def test_ids_are_the_same_in_any_case_with_dashes_or_without(
    number: int, upper: bool, dashes: bool
) -> None:
    text = ids.uuid_text(number)
    echoed = text if dashes else text.replace("-", "")
    echoed = echoed.upper() if upper else echoed
    assert ids.id_number(echoed) == number
    assert ids.tag_of(echoed) == ids.tag_of(text)


@given(st.text(max_size=40))
def test_any_text_is_a_number_of_32_hex_digits_or_none(text: str) -> None:
    number = ids.id_number(text)
    bare = text.replace("-", "")
    assert (number is not None) is (
        len(bare) == 32 and all(c in "0123456789abcdefABCDEF" for c in bare)
    )
