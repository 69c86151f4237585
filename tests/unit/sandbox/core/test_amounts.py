"""Exact amounts: text and numbers to units and back, rounding, what a match costs."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_trial import ASSETS, BTC_USD, PAIRS

from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.core.moments import parse_rfc3339, parse_seconds, rfc3339, seconds
from zoe.sandbox.core.money import (
    BadNumber,
    TooPrecise,
    from_number,
    from_signed_text,
    from_text,
    nearest,
    number,
    text,
)
from zoe.sandbox.core.orders import Terms
from zoe.sandbox.core.settlement import Leg, charge, match

PLACES = st.integers(0, 12)
UNITS = st.integers(1 - 10**20, 10**20 - 1)


@given(UNITS, PLACES)
def test_units_survive_text_and_numbers(units: int, places: int) -> None:
    printed = text(units, places)
    assert from_signed_text(printed, places) == units
    assert from_number(Decimal(printed), places) == units
    assert Fraction(printed) == Fraction(units, 10**places)
    assert bytes(number(units, places)).decode() == printed
    assert len(printed.partition(".")[2]) == places


@given(st.decimals(allow_nan=False, allow_infinity=False), PLACES)
def test_a_number_is_exact_or_refused(value: Decimal, places: int) -> None:
    try:
        units = from_number(value, places)
    except (TooPrecise, BadNumber):
        return
    assert Fraction(units, 10**places) == Fraction(value)


@pytest.mark.parametrize("words", ["", "-1", "+1", "1e3", "1_0", " 1", "1.", ".5", "٣", "NaN"])
def test_what_is_no_plain_number_is_refused(words: str) -> None:
    with pytest.raises(BadNumber):
        from_text(words, 8)


def test_zeros_behind_the_last_place_are_no_precision() -> None:
    assert from_text("1.50000000000", 1) == 15
    with pytest.raises(TooPrecise):
        from_text("1.51", 1)
    for huge in (Decimal("1e999999"), Decimal("1e-999999"), Decimal("NaN"), 10**50):
        with pytest.raises(BadNumber):
            from_number(huge, 8)


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_the_nearest_is_at_most_half_away_and_halves_go_up(
    numerator: int, denominator: int
) -> None:
    twice = 2 * (nearest(numerator, denominator) * denominator - numerator)
    assert -denominator < twice <= denominator


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_times_survive_their_texts(at_ns: int) -> None:
    assert parse_rfc3339(rfc3339(at_ns)) == at_ns // 1000 * 1000
    assert parse_seconds(bytes(seconds(at_ns)).decode()) == at_ns // 100 * 100


def test_a_time_may_have_another_zone_and_nanoseconds() -> None:
    assert parse_rfc3339("2026-01-02T04:04:05.123456789+01:00") == 1_767_323_045_123_456_789
    for wrong in ("2026-01-02T04:04:05", "2026-13-02T04:04:05Z", "yesterday", ""):
        with pytest.raises(ValueError, match=r"time|month"):
            parse_rfc3339(wrong)


def dollars(volume: str, price: str, side: str = "buy") -> tuple[Leg, Leg]:
    terms = Terms(BTC_USD, side, "limit", 1)
    qty, units = from_text(volume, 8), from_text(price, 1)
    catalog = Catalog(ASSETS, PAIRS)
    return charge(catalog, terms, match(catalog, BTC_USD, qty, units), 40).legs


def test_legs_are_rounded_to_the_nearest_at_each_assets_decimals() -> None:
    # 0.00123456 x 20001.0 = 24.69243456, of which 0.40 % is 0.09876973824.
    quote, base = dollars("0.00123456", "20001.0")
    assert quote == Leg("USD", -246_924, 988)
    assert base == Leg("BTC", 12_345_600, 0)
    quote, base = dollars("0.00123456", "20001.0", "sell")
    assert (quote, base) == (Leg("USD", 246_924, 988), Leg("BTC", -12_345_600, 0))


def test_a_catalogue_finds_pairs_and_assets_by_every_name() -> None:
    catalog = Catalog(ASSETS, PAIRS)
    for name in ("BTC/USD", "XBT/USD", "XBTUSD", "XXBTZUSD"):
        assert catalog.pair(name) is BTC_USD
    assert {catalog.asset(name) for name in ("BTC", "XBT", "XXBT")} == {ASSETS[1]}
    assert catalog.pair("xbtusd") is None
    with pytest.raises(ValueError, match="SOL/USD: asset SOL is missing"):
        Catalog(ASSETS, [Pair("SOL/USD", "SOLUSD", "SOLUSD", "SOL/USD", "SOL", "USD", 2, 8, 5)])
