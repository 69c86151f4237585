"""Programs that nobody here wrote trade on the sandbox, unchanged: only its addresses are theirs.

What they report is compared with the exchange's own journal, which no client can see.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import foreign
import pytest
from foreign import Report
from sandboxes import running

PROGRAMS: Final = ("ccxt_rest", "ccxt_pro", "sdk_rest", "sdk_ws", "sdk_book", "krakenex_rest")
PAIRS: Final = "BTC/USD,ETH/USD,SOL/USD,DOGE/USD"
#: Steps that must succeed, whatever they give.
STEPS: Final = {
    "ccxt_rest": (
        *("markets", "market", "time", "status", "currencies", "ticker", "tickers", "order_book"),
        *("ohlcv", "trades", "market_cost", "stop_loss", "stop_limit", "take_profit", "take_limit"),
        *("market_buy", "market_sell", "post_only", "ioc", "fok", "order", "edit", "edited"),
        *("open_orders", "cancel", "left_1", "left_2", "cancel_all", "dead_man", "dead_man_off"),
        *("create_orders", "cancel_orders", "trading", "balance", "closed_orders", "my_trades"),
        *("ledger", "ledger_entry", "order_trades", "trading_fee", "deposits", "withdrawals"),
    ),
    "ccxt_pro": (
        *("ticker", "tickers", "bids_asks", "trades", "order_book", "balance", "create"),
        *("watched_orders", "edit", "cancel", "market", "watched_fills", "cancel_several"),
        *("ohlcv", "cancel_all", "trading"),
    ),
    "sdk_rest": (
        *("system_status", "assets", "asset_pairs", "ticker", "order_book", "balance", "balances"),
        *("ohlc", "recent_trades", "recent_spreads", "one_balance", "trade_balance", "open_orders"),
        *("closed_orders", "trades_history", "trades_info", "ledgers_info", "ledgers"),
        *("trade_volume", "deposits", "withdrawals", "by_v2_name", "limit", "validate", "amend"),
        *("amends", "orders_info", "edit", "cancel", "batch", "cancel_batch", "market", "stop"),
        *("after_x", "after_0", "cancel_all", "orders"),
    ),
    "sdk_ws": (
        *("ticker", "book", "trade", "instrument", "book_update", "unsubscribed", "executions"),
        *("balances", "add", "new", "amend", "amended", "cancel", "canceled", "market", "filled"),
        *("ohlc", "ledger", "batch_add", "batch_cancel", "dead_man", "dead_man_off", "cancel_all"),
        *("trading", "exception_occur"),
    ),
    "sdk_book": ("enough", "seen", "wrong", "levels", "exception_occur"),
    "krakenex_rest": (
        *("Time", "SystemStatus", "Assets", "AssetPairs", "Depth", "AddOrder", "validate"),
        *("QueryOrders", "OpenOrders", "AmendOrder", "CancelOrder", "market", "Balance"),
        *("BalanceEx", "ClosedOrders", "TradesHistory", "Ledgers", "TradeBalance"),
    ),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Report]]:
    foreign.python()
    place = tmp_path_factory.mktemp("foreign")
    options = ("--seed", "3", "--tier", "pro", "--pairs", PAIRS, "--market", "synthetic:40")
    with running(place, *options) as sandbox:
        yield foreign.run(sandbox, *PROGRAMS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "step"), [(name, step) for name, steps in STEPS.items() for step in steps]
)
def test_every_step_of_a_foreign_program_succeeds(
    reports: dict[str, Report], program: str, step: str
) -> None:
    gave = reports[program].gave(step)
    if program == "krakenex_rest":  # it looks at no error itself
        assert gave["error"] == []


def balances(report: Report) -> dict[str, Decimal]:
    """By asset, as the ledger of the exchange has them in the end."""
    return {row["asset"]: Decimal(row["balance"]) for row in report.rows("ledger")}


def orders(report: Report) -> set[str]:
    return {row["order_id"] for row in report.rows("order_accepted")}


# ccxt


def test_ccxt_knows_the_markets_by_everybodys_names(reports: dict[str, Report]) -> None:
    report = reports["ccxt_rest"]
    assert report.gave("markets") == sorted(PAIRS.split(","))
    market = report.gave("market")
    assert (market["id"], market["active"], market["spot"]) == ("XETHZUSD", True, True)
    assert (market["taker"], market["maker"]) == (0.004, 0.0025)
    assert market["limits"]["amount"]["min"] > 0


def test_ccxt_reads_a_book_in_order(reports: dict[str, Report]) -> None:
    book = reports["ccxt_rest"].gave("order_book")
    bids, asks = ([Decimal(str(row[0])) for row in book[side]] for side in ("bids", "asks"))
    assert len(bids) == len(asks) == 10
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


def test_ccxts_orders_are_the_exchanges_orders(reports: dict[str, Report]) -> None:
    report = reports["ccxt_rest"]
    placed = [report.gave(name) for name in ("post_only", "ioc", "fok", "left_1", "left_2")]
    placed += [report.gave(name)["id"] for name in ("market_buy", "market_sell")]
    assert set(placed) <= orders(report)
    order = report.gave("order")
    assert (order["status"], order["postOnly"], order["amount"]) == ("open", True, 0.01)
    assert order["clientOrderId"] == "0" * 31 + "a"
    assert report.gave("edited")["amount"] == 0.02
    waiting = {report.gave(name)["id"] for name in ("stop_loss", "stop_limit", "take_profit")}
    waiting |= {report.gave("take_limit")["id"], report.gave("post_only")}
    assert {row["id"] for row in report.gave("open_orders")} == waiting
    assert report.gave("after_cancel_all") == 0
    assert len(report.gave("create_orders")) == 2
    assert set(report.gave("create_orders")) <= orders(report)
    cost = report.gave("market_cost")["id"]
    spent = sum(Decimal(row["cost"]) for row in report.rows("fill") if row["order_id"] == cost)
    assert 49 < spent <= 50


def test_ccxt_names_the_refusals_by_its_own_errors(reports: dict[str, Report]) -> None:
    report = reports["ccxt_rest"]
    assert report.failed("too_much").startswith("InsufficientFunds")
    assert report.failed("too_little").startswith("InvalidOrder")
    assert report.failed("cancel_again").startswith("OrderNotFound")


def test_ccxts_trades_and_balances_are_the_exchanges(reports: dict[str, Report]) -> None:
    report = reports["ccxt_rest"]
    fills = {row["exec_id"]: row for row in report.rows("fill")}
    mine = {row["id"]: row for row in report.gave("my_trades")}
    assert len(mine) >= 3
    for trade in mine.values():
        filled = [row for row in fills.values() if row["order_id"] == trade["order"]]
        assert sum(Decimal(row["qty"]) for row in filled) >= Decimal(str(trade["amount"]))
    held = {a: Decimal(str(v)) for a, v in report.gave("balance")["total"].items()}
    assert held == balances(report)
    assert len(report.gave("ledger")) == min(len(report.rows("ledger")), 50)


def test_ccxt_pro_sees_its_orders_and_fills_on_the_socket(reports: dict[str, Report]) -> None:
    report = reports["ccxt_pro"]
    (order, *_) = report.gave("watched_orders")
    assert order["id"] == report.gave("create")["id"]
    fill = report.gave("watched_fills")[-1]
    assert fill["order"] == report.gave("market")["id"]
    assert fill["id"] in {row["exec_id"] for row in report.rows("fill")}
    assert report.failed("unknown").startswith("OrderNotFound")


# python-kraken-sdk


def test_the_sdk_reads_its_balances(reports: dict[str, Report]) -> None:
    report = reports["sdk_rest"]
    assert Decimal(str(report.gave("one_balance")["balance"])) > 0


def test_the_sdks_orders_are_the_exchanges_and_a_check_places_none(
    reports: dict[str, Report],
) -> None:
    report = reports["sdk_rest"]
    (first,) = report.gave("limit")["txid"]
    edited = report.gave("edit")
    batch = {row["txid"] for row in report.gave("batch")["orders"]}
    market, stop = report.gave("market")["txid"], report.gave("stop")["txid"]
    assert edited["originaltxid"] == first
    assert orders(report) == {first, edited["txid"], *batch, *market, *stop}
    assert "txid" not in report.gave("validate")
    kinds = [row["amend_type"] for row in report.gave("amends")["amends"]]
    assert kinds == ["original", "user"]
    assert report.gave("cancel_batch") == {"count": 2}
    assert report.gave("cancel_all") == {"count": 1}
    assert set(report.gave("trades_info")) == {row["exec_id"] for row in report.rows("fill")}
    assert set(report.gave("ledgers")) == {row["id"] for row in report.rows("ledger")}


def test_the_sdks_book_finds_every_checksum_right(reports: dict[str, Report]) -> None:
    report = reports["sdk_book"]
    assert report.gave("wrong") == []
    assert min(report.gave("seen").values()) >= 30
    assert report.gave("exception_occur") is False
    assert min(report.gave("levels")) > 0


def test_the_sdks_reports_tell_an_orders_life(reports: dict[str, Report]) -> None:
    report = reports["sdk_ws"]
    order = report.gave("add")["result"]["order_id"]
    for step in ("new", "amended", "canceled"):
        assert report.gave(step)["order_id"] == order
    assert report.gave("filled")["order_id"] == report.gave("market")["result"]["order_id"]
    assert order in orders(report)
    row: dict[str, Any] = report.gave("ledger")["data"][0]
    assert row["ledger_id"] in {entry["id"] for entry in report.rows("ledger")}
    assert report.gave("exception_occur") is False


# krakenex


def test_krakenex_sees_its_own_order_and_the_exchanges_errors(reports: dict[str, Report]) -> None:
    report = reports["krakenex_rest"]
    (order,) = report.gave("AddOrder")["result"]["txid"]
    assert "txid" not in report.gave("validate")["result"]
    assert report.gave("QueryOrders")["result"][order]["status"] == "open"
    assert list(report.gave("OpenOrders")["result"]["open"]) == [order]
    assert report.gave("CancelOrder")["result"] == {"count": 1}
    assert report.gave("unknown")["error"] == ["EGeneral:Unknown method"]
    trades = report.gave("TradesHistory")["result"]["trades"]
    assert set(trades) <= {row["exec_id"] for row in report.rows("fill")}


def test_no_client_met_a_limit_or_broke_its_nonces(reports: dict[str, Report]) -> None:
    for name, report in reports.items():
        said = " ".join(str(step.get("failed", "")) for step in report.steps.values())
        assert "Invalid nonce" not in said, name
        assert "Rate limit" not in said, name
