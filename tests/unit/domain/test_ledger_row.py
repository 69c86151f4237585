"""Amounts in whole units, and the many names of one wallet."""

from decimal import Decimal

import pytest

from zoe.domain.ledger_row import (
    ONE,
    SECOND_NS,
    LedgerRow,
    asset_of,
    decimal_of,
    knows_wallet,
    text_of,
    units,
    units_of_text,
    wallet_of,
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", ONE),
        ("-0.0050000000", -ONE // 200),
        ("548.8750", 5_488_750_000_000),
        ("-0", 0),
        ("0.0000000001", 1),
        ("1.00000000010000", ONE + 1),
        ("1E-10", 1),
        ("2e3", 2_000 * ONE),
    ],
)
def test_an_amount_is_counted_exactly(text: str, count: int) -> None:
    assert units_of_text(text) == count
    assert units(Decimal(text)) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "one",
        "0.00000000001",
        "NaN",
        "Infinity",
        "1_000",
        "1e99",
        "1e999999",
        " 1",
        "\u0661",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        units_of_text(text)


@pytest.mark.parametrize("text", ["0", "-1.5", "0.0000000001", "123456789012.0000000009"])
def test_units_are_written_as_they_were_read(text: str) -> None:
    assert text_of(units_of_text(text)) == text
    assert decimal_of(units_of_text(text)) == Decimal(text)


@pytest.mark.parametrize(
    ("code", "wallet", "asset"),
    [
        ("XXBT", "BTC", "BTC"),
        ("XBT.M", "BTC.M", "BTC"),
        ("ZUSD", "USD", "USD"),
        ("USD.HOLD", "USD.HOLD", "USD"),
        ("XXDG", "DOGE", "DOGE"),
        ("XTZ.S", "XTZ.S", "XTZ"),
        ("XZEC", "ZEC", "ZEC"),
        ("XCN", "XCN", "XCN"),
        ("ZRX", "ZRX", "ZRX"),
        ("DOT28.S", "DOT28.S", "DOT"),
        ("DOT.P", "DOT.P", "DOT"),
        ("C98.F", "C98.F", "C98"),
        ("ETH2.S", "ETH2.S", "ETH"),
        ("ETH2", "ETH2", "ETH"),
        ("AAPL.T", "AAPL.T", "AAPL.T"),
        ("KFEE", "KFEE", "KFEE"),
    ],
)
def test_one_wallet_has_one_name(code: str, wallet: str, asset: str) -> None:
    assert wallet_of(code) == wallet
    assert asset_of(wallet) == asset
    assert knows_wallet(wallet)


def test_a_suffix_that_nobody_knows_is_an_asset_of_its_own() -> None:
    assert asset_of("DOT.ZZ") == "DOT.ZZ"
    assert not knows_wallet("DOT.ZZ")


TRADE = LedgerRow("L1", "T1", SECOND_NS, "trade", "", "BTC", ONE, 0, ONE)


def test_a_row_in_the_words_of_the_stream_and_in_those_of_rest_is_the_same_row() -> None:
    assert TRADE.agrees(TRADE._replace(subtype="tradespot", time_ns=SECOND_NS + 100))
    reward = TRADE._replace(type="reward")
    assert reward.agrees(TRADE._replace(type="earn", subtype="reward"))


def test_a_row_that_says_something_else_is_another() -> None:
    others = (
        {"refid": "T2"},
        {"wallet": "ETH"},
        {"amount": 1},
        {"fee": 1},
        {"balance": 1},
        {"type": "deposit"},
        {"time_ns": 2 * SECOND_NS},
    )
    for other in others:
        assert not TRADE.agrees(TRADE._replace(**other)), other


def test_words_that_nobody_knows_mean_the_same_only_where_they_are_the_same() -> None:
    unknown = TRADE._replace(type="novelty")
    assert unknown.agrees(unknown)
    assert not unknown.agrees(TRADE._replace(type="surprise"))
