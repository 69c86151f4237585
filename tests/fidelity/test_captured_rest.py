"""REST answers that Kraken itself gave, through the parsers that are for them, without loss."""

import json
from decimal import Decimal
from typing import Any

import pytest

from zoe.adapters.kraken import answers, api, client_values, history_calls
from zoe.adapters.kraken.symbols import asset_name
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import ExchangeRejected, ExchangeUnavailable
from zoe.domain.order import Input
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.ports.venue import (
    GetBalances,
    GetClosedOrders,
    GetInstruments,
    GetOpenOrders,
    GetToken,
    GetTrades,
)


def plain(text: str) -> Any:
    """The capture as an independent reader sees it."""
    return json.loads(text, parse_float=Decimal)


VENUE = KrakenVenue(None)


def test_balances(captures: Any) -> None:
    text = captures.one("get_account_balance_json")
    read = VENUE.result(GetBalances(), 200, text.encode(), None)
    assert isinstance(read, BalanceSnapshot)
    held = plain(text)["result"]
    assert [f"{row.balance:f}" for row in read.rows] == list(held.values())
    assert [row.asset for row in read.rows] == [asset_name(key).split(".")[0] for key in held]
    suffixed = {key: row for key, row in zip(held, read.rows, strict=True) if "." in key}
    assert suffixed
    assert all(row.wallet_type == "earn" for row in suffixed.values())


STATUS = {
    "pending": Input.ACKNOWLEDGED,
    "open": Input.LIVE,
    "closed": Input.COMPLETED,
    "canceled": Input.CANCELED,
    "expired": Input.EXPIRED,
}


def catalog_of(altnames: set[str]) -> Catalog:
    """A catalogue that knows these altnames and nothing true about them."""
    names = {
        name: {
            "altname": name,
            "wsname": f"{name[:-3]}/{name[-3:]}",
            "base": name[:-3],
            "quote": name[-3:],
            "pair_decimals": 8,
            "lot_decimals": 8,
        }
        for name in altnames
    }
    body = json.dumps({"error": [], "result": names}).encode()
    pairs = VENUE.result(GetInstruments(), 200, body, None)
    assert isinstance(pairs, tuple)
    return Catalog(1, {pair.symbol: pair for pair in pairs if isinstance(pair, Instrument)})


@pytest.mark.parametrize(
    ("name", "operation", "key"),
    [
        ("get_open_orders_json", GetOpenOrders(), "open"),
        ("get_closed_orders_json", GetClosedOrders(0), "closed"),
        ("get_closed_orders_page_1_json", GetClosedOrders(0), "closed"),
        ("get_closed_orders_page_2_json", GetClosedOrders(0), "closed"),
        ("get_closed_orders_page_3_json", GetClosedOrders(0), "closed"),
    ],
)
def test_orders(
    captures: Any, name: str, operation: GetOpenOrders | GetClosedOrders, key: str
) -> None:
    text = captures.one(name)
    rows = plain(text)["result"][key]
    catalog = catalog_of({row["descr"].get("pair", "NONEUSD") for row in rows.values()})
    seen = VENUE.result(operation, 200, text.encode(), catalog)
    assert isinstance(seen, tuple)
    check_orders(seen, rows)


def check_orders(seen: tuple[Any, ...], rows: dict[str, Any]) -> None:
    assert [sighting.order_id for sighting in seen] == list(rows)
    for sighting, row in zip(seen, rows.values(), strict=True):
        assert isinstance(sighting, Sighting)
        (fact,) = sighting.facts
        assert fact.input is STATUS[row["status"]]
        assert sighting.cl_ord_id == row.get("cl_ord_id")
        assert fact.filled_quantity is not None
        assert fact.filled_quantity.value == Decimal(row["vol_exec"])
        when = Decimal(str(row.get("closetm") or row["opentm"]))
        assert fact.exchange_ns == int(when * 1_000_000_000)
        assert fact.reason == row.get("reason")
        described = sighting.description
        if not row["descr"]:
            assert described is None
            continue
        assert described is not None
        assert described.quantity.value == Decimal(row["vol"])
        assert described.order_type.value == row["descr"]["ordertype"]
        assert described.side.value == row["descr"]["type"]
        if row["descr"]["ordertype"] == "limit":
            assert described.limit_price is not None
            assert described.limit_price.value == Decimal(row["descr"]["price"])


def test_orders_that_were_asked_for_by_id(captures: Any) -> None:
    text = captures.one("get_query_order_info_json")
    rows = api.parse(dict[str, history_calls.OrderRow], api.unwrap(200, text.encode()))
    catalog = catalog_of({"USDCUSD"})
    check_orders(answers.orders(rows, catalog, closed=True), plain(text)["result"])


def check_trades(seen: tuple[Any, ...], rows: dict[str, Any]) -> None:
    for sighting, (exec_id, row) in zip(seen, rows.items(), strict=True):
        assert isinstance(sighting, Sighting)
        (fact,) = sighting.facts
        fill = fact.fill
        assert fill is not None
        assert (fill.exec_id, fill.order_id) == (exec_id, row["ordertxid"])
        assert (fill.price.value, fill.quantity.value) == (
            Decimal(row["price"]),
            Decimal(row["vol"]),
        )
        assert (fill.cost, fill.fee) == (Decimal(row["cost"]), Decimal(row["fee"]))
        assert fill.trade_id == row.get("trade_id")
        assert fill.liquidity == {True: "m", False: "t", None: ""}[row.get("maker")]
        assert fill.exchange_ns == int(Decimal(str(row["time"])) * 1_000_000_000)


def test_trades(captures: Any) -> None:
    text = captures.one("get_trades_history_json")
    seen = VENUE.result(GetTrades(0), 200, text.encode(), None)
    assert isinstance(seen, tuple)
    check_trades(seen, plain(text)["result"]["trades"])
    text = captures.one("get_query_trades_info_json")
    rows = api.parse(dict[str, history_calls.TradeRow], api.unwrap(200, text.encode()))
    check_trades(answers.trades(rows, None), plain(text)["result"])


def check_ledger(entries: tuple[BalanceEntry, ...], rows: dict[str, Any]) -> None:
    for entry, (ledger_id, row) in zip(entries, rows.items(), strict=True):
        assert (entry.ledger_id, entry.ref_id) == (ledger_id, row["refid"])
        assert (f"{entry.amount:f}", f"{entry.fee:f}", f"{entry.balance:f}") == (
            row["amount"],
            row["fee"],
            row["balance"],
        )
        assert (entry.type, entry.subtype) == (row["type"], row["subtype"])
        assert entry.asset == asset_name(row["asset"]).split(".")[0]


def entries(rows: dict[str, history_calls.LedgerRow]) -> tuple[BalanceEntry, ...]:
    return tuple(client_values.entry(ledger_id, row) for ledger_id, row in rows.items())


def test_ledger_rows(captures: Any) -> None:
    whole = [text for text in captures.named("get_ledgers_info_json") if "error" in plain(text)]
    rows = history_calls.read_ledgers(api.unwrap(200, whole[0].encode())).ledger
    check_ledger(entries(rows), plain(whole[0])["result"]["ledger"])
    text = captures.one("get_query_ledgers_json")
    by_id = history_calls.read_ledger_entries(api.unwrap(200, text.encode()))
    check_ledger(entries(by_id), plain(text)["result"])


def test_pairs(captures: Any) -> None:
    text = captures.one("get_tradable_asset_pairs_json")
    read = VENUE.result(GetInstruments(), 200, text.encode(), None)
    assert isinstance(read, tuple)
    for pair, (rest_id, row) in zip(read, plain(text)["result"].items(), strict=True):
        assert isinstance(pair, Instrument)
        names = (rest_id, row["altname"], row["wsname"])
        assert (pair.rest_id, pair.altname, pair.wsname) == names
        assert pair.price_increment == Decimal(row["tick_size"])
        assert (pair.qty_min, pair.cost_min) == (Decimal(row["ordermin"]), Decimal(row["costmin"]))
        decimals = (row["pair_decimals"], row["lot_decimals"], row["cost_decimals"])
        assert (pair.price_precision, pair.qty_precision, pair.cost_precision) == decimals
    symbols = [pair.symbol for pair in read if isinstance(pair, Instrument)]
    assert symbols[:3] == ["BTC/USD", "USDC/USD", "ETH/BTC"]


def test_the_token_is_read_and_shown_nowhere(captures: Any) -> None:
    text = captures.one("get_websockets_token_json")
    token = VENUE.result(GetToken(), 200, text.encode(), None)
    assert token == plain(text)["result"]["token"]


def test_errors(captures: Any) -> None:
    refused = captures.named("ERROR_PERMISSION_DENIED", "ERROR_UNKNOWN_ASSET_PAIR")
    for text in refused:
        with pytest.raises(ExchangeRejected, match=plain(text)["error"][0]):
            VENUE.result(GetBalances(), 200, text.encode(), None)
    text = captures.one("get_closed_orders_error_json")
    with pytest.raises(ExchangeUnavailable, match="Something went wrong"):
        VENUE.result(GetClosedOrders(0), 200, text.encode(), None)
