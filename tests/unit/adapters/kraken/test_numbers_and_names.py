"""Numbers, times and names of the exchange."""

from decimal import Decimal

import pytest

from zoe.adapters.kraken.numbers import (
    decimal_of,
    exact,
    nanoseconds,
    ns_to_seconds,
    rfc3339,
    seconds_to_ns,
    units,
)
from zoe.adapters.kraken.symbols import asset_name, pair_symbol, split_wallet


@pytest.mark.parametrize(
    ("text", "count"),
    [("45285.2", 452852), ("0.0", 0), ("1e1", 100), ("100", 1000), ("1E-1", 1), ("5.50", 55)],
)
def test_numbers_are_counted_in_units(text: str, count: int) -> None:
    assert units(Decimal(text), 1) == count


@pytest.mark.parametrize(
    "text",
    ["0.05", "-1", "NaN", "sNaN", "Infinity", "1e999999999", "1e-999999999", f"1.{'0' * 70}1"],
)
def test_what_is_no_whole_number_of_units_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="units of 1e-1"):
        units(Decimal(text), 1)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-Infinity", "1e41", "1e-41", "1e999999999"])
def test_absurd_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|is absurd"):
        exact(Decimal(text))
    with pytest.raises(ValueError, match=r"is not a number|is absurd"):
        decimal_of(text)


@pytest.mark.parametrize("text", ["", "a", "1,5", "0x1"])
def test_text_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        decimal_of(text)


def test_thirty_digits_stay_thirty_digits() -> None:
    text = "123456789012345678901234567890.12"
    assert str(decimal_of(text)) == text


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T22:13:20.1Z", 1_700_000_000_100_000_000),
        ("2023-11-14T22:13:20.123456Z", 1_700_000_000_123_456_000),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456_789),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, at_ns: int) -> None:
    assert nanoseconds(text) == at_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-11-14",
        "2023-11-14T22:13:20",
        "2023-11-14T22:13:20+00:00",
        "2023-11-14T22:13:20.1234567891Z",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20.12a4Z",
        "2023-13-14T22:13:20Z",
        "2023-11-14T22.13.20Z",
        "2023-11-14Tab:13:20Z",
    ],
)
def test_other_forms_of_time_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        nanoseconds(text)


def test_a_deadline_is_rounded_down_to_the_millisecond() -> None:
    assert rfc3339(1_700_000_000_123_999_999) == "2023-11-14T22:13:20.123Z"


def test_rest_times_are_seconds() -> None:
    assert seconds_to_ns(Decimal("1700000000.1234567")) == 1_700_000_000_123_456_700
    assert ns_to_seconds(1_700_000_000_000_000_001) == "1700000000.000000001"


@pytest.mark.parametrize(
    ("rest_id", "name"),
    [
        ("XXBT", "BTC"),
        ("XBT", "BTC"),
        ("XXDG", "DOGE"),
        ("ZUSD", "USD"),
        ("USDT", "USDT"),
        ("XTZ", "XTZ"),
        ("ZRX", "ZRX"),
        ("ZEUS", "ZEUS"),
        ("XBT.M", "BTC.M"),
        ("DOT28.S", "DOT28.S"),
    ],
)
def test_assets_have_one_name(rest_id: str, name: str) -> None:
    assert asset_name(rest_id) == name


@pytest.mark.parametrize(
    ("wsname", "symbol"),
    [("XBT/USD", "BTC/USD"), ("XDG/XBT", "DOGE/BTC"), ("ETH/EUR", "ETH/EUR"), ("XTZ/USD",) * 2],
)
def test_pairs_have_one_name(wsname: str, symbol: str) -> None:
    assert pair_symbol(wsname) == symbol


def test_a_suffix_names_a_wallet() -> None:
    assert split_wallet("XXBT") == ("BTC", "spot", "main")
    assert split_wallet("XBT.M") == ("BTC", "earn", "M")
    assert split_wallet("USD.HOLD") == ("USD", "earn", "HOLD")
