"""What ``catalog`` and ``budget`` make of what they are told."""

from decimal import Decimal

from zoe.cli import budget_command, catalog_command
from zoe.domain.catalog import Instrument

BITCOIN = Instrument(
    symbol="BTC/USD",
    base="BTC",
    quote="USD",
    status="online",
    price_precision=1,
    price_increment=Decimal("0.1"),
    qty_precision=8,
    qty_increment=Decimal("1E-8"),
    qty_min=Decimal("0.00005"),
    cost_precision=5,
    cost_min=Decimal("0.5"),
    rest_id="XXBTZUSD",
    altname="XBTUSD",
    wsname="XBT/USD",
)


def test_a_pair_is_found_by_any_part_of_any_name_in_any_case() -> None:
    for text in ("btc", "BTC/USD", "btcusd", "xbt/", "XXBTZ", "usd", None):
        assert catalog_command.matches(BITCOIN, text), text
    for text in ("eth", "BTC/EUR", "online"):
        assert not catalog_command.matches(BITCOIN, text), text


def test_a_row_has_every_name_and_steps_without_exponents() -> None:
    row = catalog_command.row(BITCOIN)
    names = [row[name] for name in ("rest_id", "altname", "ws_v1", "ws_v2")]
    assert names == ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD"]
    assert row["qty_increment"] == "0.00000001"


def test_a_pair_that_is_only_reported_or_only_paused_has_its_row_too() -> None:
    told = {
        "ceiling": "40",
        "pairs": {"BTC/USD": "3.5"},
        "reported": {"ETH/USD": {"value": "2", "difference": "-1"}},
        "paused_ms": {"SOL/USD": 900},
    }
    rows = {row["pair"]: row for row in budget_command.by_pair(told)}
    assert sorted(rows) == ["BTC/USD", "ETH/USD", "SOL/USD"]
    assert (rows["BTC/USD"]["predicted"], rows["BTC/USD"]["reported"]) == ("3.5", None)
    assert (rows["ETH/USD"]["reported"], rows["ETH/USD"]["difference"]) == ("2", "-1")
    assert rows["SOL/USD"]["paused_ms"] == 900
