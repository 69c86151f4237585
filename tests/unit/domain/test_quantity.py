"""Prices, quantities and money: exact, typed, rounded only in a stated direction."""

from decimal import Decimal, InvalidOperation

import pytest

from zoe.domain.money import Money
from zoe.domain.quantity import NOTHING, Price, Quantity, is_multiple, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0.00", "0"),
        ("0E-8", "0"),
        ("1.500", "1.5"),
        ("1E+3", "1000"),
        ("1e-8", "0.00000001"),
        ("100", "100"),
        ("-2.50", "-2.5"),
    ],
)
def test_numbers_are_written_plainly(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize("wrong", [1.5, 1, "1", None])
def test_only_a_decimal_is_a_price_or_a_quantity(wrong: object) -> None:
    with pytest.raises(TypeError, match="must be a Decimal"):
        Price(wrong)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="must be a Decimal"):
        Quantity(wrong)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("wrong", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_a_number_is_refused(wrong: str) -> None:
    for kind in (Price, Quantity):
        with pytest.raises(ValueError, match="must be finite"):
            kind.of(wrong)
    with pytest.raises(ValueError, match="must be finite"):
        Money("USD", Decimal(wrong))


def test_a_price_is_above_zero_and_a_quantity_not_below() -> None:
    for text in ("0", "-1"):
        with pytest.raises(ValueError, match="a price must be greater than 0"):
            Price.of(text)
    with pytest.raises(ValueError, match="a quantity must not be negative"):
        Quantity.of("-0.1")
    assert not Quantity.of("0.0")
    assert Quantity.of("0.1")


def test_text_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidOperation):
        Price.of("a lot")


def test_quantities_add_and_subtract_among_themselves_only() -> None:
    assert Quantity.of("1") + Quantity.of("2") == Quantity.of("3")
    assert Quantity.of("2") - Quantity.of("2") == NOTHING
    with pytest.raises(ValueError, match="negative"):
        Quantity.of("1") - Quantity.of("2")
    for other in (Decimal(1), 1, Price.of("1"), Money("BTC", Decimal(1))):
        with pytest.raises(TypeError):
            Quantity.of("1") + other  # type: ignore[operator]  # on purpose
        with pytest.raises(TypeError):
            Quantity.of("1") - other  # type: ignore[operator]  # on purpose


def test_two_assets_never_mix() -> None:
    dollars = Money("USD", Decimal("12.50"))
    assert dollars + Money("USD", Decimal("-2.5")) == Money("USD", Decimal("10.00"))
    assert dollars - dollars == Money("USD", Decimal(0))
    assert -dollars == Money("USD", Decimal("-12.50"))
    assert str(dollars) == "12.5 USD"
    for other in (Money("EUR", Decimal(1)), Decimal(1), 1):
        with pytest.raises(TypeError):
            dollars + other  # type: ignore[operator]  # on purpose
        with pytest.raises(TypeError):
            dollars - other  # type: ignore[operator]  # on purpose


def test_an_absurd_number_is_a_multiple_of_nothing() -> None:
    assert not is_multiple(Decimal("1e999"), Decimal("1e-8"))
    assert is_multiple(Decimal("1e40"), Decimal("1e-8"))
