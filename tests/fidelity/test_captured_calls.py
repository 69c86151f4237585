"""Answers of every other REST call, through the parsers that are for them, without loss.

The check knows nothing of the parsers' forms: what they made is written out again under the
exchange's own names, and every member of the capture must be in it, numbers equal as numbers.
"""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import pytest

from zoe.adapters.kraken import account_calls as account
from zoe.adapters.kraken import api
from zoe.adapters.kraken import funding_calls as funding
from zoe.adapters.kraken import history_calls as history
from zoe.adapters.kraken import public_calls as market
from zoe.adapters.kraken import trading_calls as trading

Read = Callable[[bytes], object]


def form(kind: Any) -> Read:
    """The parser of what is read by its form alone."""
    return lambda result: api.parse_exact(kind, result)


READERS: list[tuple[str, Read]] = [
    ("get_server_time_json", form(market.ServerTime)),
    ("get_system_status_json", form(market.Status)),
    ("get_asset_info_json", market.read_assets),
    ("get_ticker_information_json", market.read_tickers),
    ("get_orderbook_json", market.read_depth),
    ("get_extended_balance_json", account.read_balance_extended),
    ("get_trade_balance_json", form(account.TradeBalance)),
    ("get_open_positions_json", form(dict[str, account.Position])),
    ("get_open_positions_json_do_calc_optional_fields", form(dict[str, account.Position])),
    ("get_open_orders_json", form(history.OpenOrders)),
    ("get_closed_orders_json", history.read_closed_orders),
    ("get_closed_orders_page_1_json", history.read_closed_orders),
    ("get_query_order_info_json", history.read_orders),
    ("get_trades_history_json", history.read_trades_history),
    ("get_query_trades_info_json", history.read_trades),
    ("get_query_ledgers_json", history.read_ledger_entries),
    ("get_order_amends_json", history.read_amends),
    ("get_add_order_json", trading.read_added),
    ("get_add_order_batch_json", trading.read_added_batch),
    ("get_amend_order_json", trading.read_amended),
    ("get_edit_order_json", trading.read_edited),
    ("get_cancel_order_json", trading.read_canceled),
    ("get_cancel_all_orders_json", trading.read_canceled),
    ("get_cancel_order_batch_json", trading.read_canceled),
    ("get_cancel_all_orders_after_json", trading.read_switch),
    ("get_deposit_methods_json", form(list[funding.DepositMethod])),
    ("get_deposit_addresses_json", form(list[funding.DepositAddress])),
    ("get_withdrawal_methods_json", form(list[funding.WithdrawalMethod])),
    ("get_withdrawal_addresses_json", form(list[funding.WithdrawalAddress])),
    ("get_withdrawal_info_json", form(funding.WithdrawalInfo)),
    ("get_withdraw_funds_json", form(funding.Reference)),
    ("get_request_withdrawal_cancellation_json", form(bool)),
    ("get_account_transfer_json", form(funding.AccountTransfer)),
    ("get_create_sub_account_json", form(bool)),
    ("get_request_export_report_json", form(funding.ReportId)),
    ("get_export_report_status_json", form(list[funding.Report])),
    ("get_delete_export_report_json", form(funding.ReportRemoved)),
    ("get_allocate_earn_funds_json", form(bool)),
    ("get_allocation_status_json", form(funding.Pending)),
    ("get_list_earn_strategies_json", form(funding.EarnStrategies)),
    ("get_list_earn_allocations_json", form(funding.EarnAllocations)),
]


def plain(text: str) -> Any:
    """The result as an independent reader sees it."""
    return json.loads(text, parse_float=Decimal)["result"]


def missing(wanted: Any, got: Any, where: str = "") -> list[str]:
    """Where ``got`` lacks something of ``wanted``, or has it otherwise."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return [f"{where}: {got!r}"]
        return [
            problem
            for key, value in wanted.items()
            for problem in missing(value, got.get(key), f"{where}.{key}")
        ]
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            return [f"{where}: {got!r}"]
        pairs = enumerate(zip(wanted, got, strict=True))
        return [p for at, pair in pairs for p in missing(*pair, f"{where}[{at}]")]
    same = type(wanted) is type(got) and wanted == got
    return [] if same or same_number(wanted, got) else [f"{where}: {wanted!r} {got!r}"]


def same_number(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(got, bool) or got is None:
        return False
    try:
        return Decimal(str(wanted)) == Decimal(str(got))
    except InvalidOperation:
        return False


def written(value: object) -> Any:
    """A parsed value under the exchange's names."""
    return json.loads(msgspec.json.encode(value), parse_float=Decimal)


@pytest.mark.parametrize(("name", "read"), READERS)
def test_what_the_exchange_answered_is_all_there(captures: Any, name: str, read: Read) -> None:
    for text in captures.named(name):
        assert missing(plain(text), written(read(api.unwrap(200, text.encode())))) == []


def test_the_check_itself_sees_a_lost_member_and_a_changed_digit() -> None:
    wanted = {"a": [{"b": "1.50", "c": None}], "d": 1}
    assert missing(wanted, {"a": [{"b": "1.5", "c": None}], "d": 1, "e": 2}) == []
    assert missing(wanted, {"a": [{"b": "1.51"}], "d": 1}) == [".a[0].b: '1.50' '1.51'"]
    assert missing(wanted, {"a": [], "d": True}) == [".a: []", ".d: 1 True"]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("get_ohlc_data_json", market.read_candles),
        ("get_recent_trades_json", market.read_trades),
        ("get_recent_spreads_json", market.read_spreads),
    ],
)
def test_series_keep_every_row_and_where_to_go_on(captures: Any, name: str, read: Any) -> None:
    text = captures.one(name)
    wanted = plain(text)
    series = read(api.unwrap(200, text.encode()))
    assert missing(wanted.pop("last"), series.last) == []
    ((pair, rows),) = wanted.items()
    assert (series.pair, len(series.rows)) == (pair, len(rows))
    assert missing(rows, written(series.rows)) == []


@pytest.mark.parametrize(
    "name", ["get_status_of_recent_deposits_json", "get_status_of_recent_withdrawals_json"]
)
def test_transfers_keep_every_row(captures: Any, name: str) -> None:
    text = captures.one(name)
    read = funding.read_transfers(api.unwrap(200, text.encode()))
    assert missing(plain(text), written(read.rows)) == []


@pytest.mark.parametrize("name", ["get_trade_volume_json", "get_trade_volume_per_pair_json"])
def test_fees_are_read_by_whichever_names_they_come(captures: Any, name: str) -> None:
    text = captures.one(name)
    wanted = plain(text)
    for spelled in (text, text.replace("minfee", "min_fee").replace("tiervolume", "tier_volume")):
        read = account.read_trade_volume(api.unwrap(200, spelled.encode()))
        assert (read.currency, read.volume) == (wanted["currency"], Decimal(wanted["volume"]))
        for side, fees in (("fees", read.fees), ("fees_maker", read.fees_maker)):
            rows = wanted[side] or {}
            assert set(fees) == set(rows)
            for pair, row in rows.items():
                assert {
                    "fee": fees[pair].fee,
                    "minfee": fees[pair].min_fee,
                    "maxfee": fees[pair].max_fee,
                    "nextfee": fees[pair].next_fee,
                    "tiervolume": fees[pair].tier_volume,
                    "nextvolume": fees[pair].next_volume,
                } == {key: value and Decimal(value) for key, value in row.items()}


def test_the_rows_of_a_page_of_the_ledger_are_all_there(captures: Any) -> None:
    for text in captures.named("get_ledgers_info_json"):
        if '"error"' in text:
            page = history.read_ledgers(api.unwrap(200, text.encode()))
            assert missing(plain(text)["ledger"], written(page.ledger)) == []
