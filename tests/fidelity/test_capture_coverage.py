"""Which captures are read by these tests, and which the present code has no use for."""

import json
from pathlib import Path
from typing import Any

import msgspec

from zoe.adapters.kraken import api

#: What the present code has no use for: funds, earn, sub-accounts, reports, positions, fees,
#: level 3, candles, and the REST form of what goes by the socket.
NOT_COVERED = [
    "get_extended_balance_json",
    "get_trade_balance_json",
    "get_order_amends_json",
    "get_open_positions_json",
    "get_open_positions_json_do_calc_optional_fields",
    "get_trade_volume_json",
    "get_trade_volume_per_pair_json",
    "get_request_export_report_json",
    "get_export_report_status_json",
    "get_delete_export_report_json",
    "get_allocate_earn_funds_json",
    "get_allocation_status_json",
    "get_list_earn_strategies_json",
    "get_list_earn_allocations_json",
    "get_deposit_methods_json",
    "get_deposit_addresses_json",
    "get_status_of_recent_deposits_json",
    "get_withdrawal_methods_json",
    "get_withdrawal_addresses_json",
    "get_withdrawal_info_json",
    "get_withdraw_funds_json",
    "get_status_of_recent_withdrawals_json",
    "get_request_withdrawal_cancellation_json",
    "get_server_time_json",
    "get_system_status_json",
    "get_asset_info_json",
    "get_ticker_information_json",
    "get_ohlc_data_json",
    "get_orderbook_json",
    "get_recent_trades_json",
    "get_recent_spreads_json",
    "get_create_sub_account_json",
    "get_account_transfer_json",
    "get_add_order_json",
    "get_add_order_batch_json",
    "get_amend_order_json",
    "get_edit_order_json",
    "get_cancel_order_json",
    "get_cancel_all_orders_json",
    "get_cancel_all_orders_after_json",
    "get_cancel_order_batch_json",
    "l3_snapshot",
    "l3_update",
    "candles_snapshot",
]
#: Requests of the client that was recorded, and pieces without a frame round them.
NO_ANSWERS = {
    "expected_request",
    "unwrap",
    "price",
    "subtype",
    "serialized",
    "get_expected_execution_subscription",
    "get_expected_balances_subscription",
    "get_expected_ticker_subscription",
    "get_expected_book_subscription",
    "get_expected_l3_subscription",
    "get_expected_ohlc_subscription",
    "get_expected_trade_subscription",
    "get_expected_instruments_subscription",
}


def test_every_capture_is_read_or_named_as_not_covered(captures: Any) -> None:
    sources = Path(__file__).parent.glob("test_captured_*.py")
    text = "".join(source.read_text() for source in sources)
    names = {name for name, _ in captures.all}
    read = {name for name in names if f'"{name}"' in text}
    assert names - read == set(NOT_COVERED) | NO_ANSWERS - read


def test_answers_of_calls_without_a_parser_still_open_their_envelope(captures: Any) -> None:
    for name, text in captures.all:
        if name in NOT_COVERED and '"error"' in text:
            assert msgspec.json.decode(api.unwrap(200, text.encode())) == json.loads(text)["result"]
