"""Whatever an answer holds, each call's parser gives rows or a WireError, and nothing else."""

import inspect
from collections.abc import Callable
from typing import Any

from broken_texts import ANYTHING, damaged, text_of
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken import account_calls as account
from zoe.adapters.kraken import api, client_values
from zoe.adapters.kraken import funding_calls as funding
from zoe.adapters.kraken import history_calls as history
from zoe.adapters.kraken import public_calls as market
from zoe.adapters.kraken import socket_requests as socket
from zoe.adapters.kraken import trading_calls as trading
from zoe.domain.catalog import Catalog
from zoe.domain.errors import WireError

ORDER = {
    "status": "open", "opentm": 1.5, "vol": "2", "vol_exec": "1", "price": "1", "userref": 0,
    "descr": {"pair": "XBTUSD", "type": "buy", "price": "+5%"}, "trades": ["T"], "refid": None,
}  # fmt: skip
TRADE = {
    "ordertxid": "O", "pair": "X", "time": 1.5, "type": "sell", "ordertype": "limit", "price": "1",
    "cost": "1", "fee": "0", "vol": "1", "trade_id": 7, "maker": True,
}  # fmt: skip
ENTRY = {
    "refid": "r", "time": 1.5, "type": "trade", "asset": "ZUSD", "amount": "-1", "fee": "0",
    "balance": "3",
}  # fmt: skip
TRANSFER = {
    "method": "m", "asset": "XXBT", "refid": "r", "amount": "1", "time": 5, "status": "Success",
    "status-prop": "return",
}  # fmt: skip
TICKER = {
    "a": ["1", "1", "1"], "b": ["1", "1", "1"], "c": ["1", "1"], "v": ["1", "1"], "p": ["1", "1"],
    "t": [1, 2], "l": ["1", "1"], "h": ["1", "1"], "o": "1",
}  # fmt: skip
SUMS = dict.fromkeys(("eb", "tb", "m", "n", "c", "v", "e", "mf", "ml"), "1.5")
CANDLE = [1, "1", "1", "1", "1", "1", "1", 2]
AMEND = {
    "amend_id": "T", "amend_type": "user", "order_qty": "1", "remaining_qty": "1", "timestamp": 5,
}  # fmt: skip
FEES = {"X": {"fee": "0.4", "minfee": "0.1", "nextfee": None}}
NOBODY = Catalog(0, {})
ADDED = {"txid": ["O"], "descr": {"order": "buy"}}


def converted(read: Callable[[bytes], dict[str, Any]], value: Callable[..., object]) -> Any:
    """Rows, and what the blocking client makes of them."""
    return lambda result: [value(name, row) for name, row in read(result).items()]


def fill_of(name: str, row: history.TradeRow) -> object:
    return client_values.fill(name, row, None)


def report_of(name: str, row: history.OrderRow) -> object:
    return client_values.report(name, row, NOBODY)


def form(kind: Any) -> Callable[[bytes], object]:
    return lambda result: api.parse_exact(kind, result)


PARSERS: list[tuple[Callable[[bytes], object], Any]] = [
    (form(market.ServerTime), {"unixtime": 5}),
    (form(market.Status), {"status": "online"}),
    (market.read_assets, {"XXBT": {"altname": "XBT", "decimals": 10, "display_decimals": 5}}),
    (market.read_tickers, {"X": TICKER}),
    (market.read_depth, {"X": {"asks": [["1", "1", 5]], "bids": []}}),
    (market.read_candles, {"X": [CANDLE], "last": 5}),
    (market.read_trades, {"X": [["1", "1", 1.5, "b", "m", "", 7]], "last": "5"}),
    (market.read_spreads, {"X": [[5, "1", "2"]], "last": 5}),
    (account.read_balance, {"ZUSD": "1.5"}),
    (account.read_balance_extended, {"ZUSD": {"balance": "1", "hold_trade": "0"}}),
    (account.read_trade_volume, {"currency": "ZUSD", "volume": "1", "fees": FEES}),
    (form(account.TradeBalance), SUMS),
    (form(account.ApiKeyInfo), {"nonceWindow": 5, "permissions": ["query-funds"]}),
    (form(account.SocketToken), {"token": "t", "expires": 900}),
    (history.read_open_orders, {"open": {"O": ORDER}}),
    (history.read_closed_orders, {"closed": {"O": ORDER}, "count": 1}),
    (history.read_orders, {"O": ORDER}),
    (history.read_trades_history, {"trades": {"T": TRADE}, "count": 1}),
    (history.read_trades, {"T": TRADE}),
    (history.read_ledgers, {"ledger": {"L": ENTRY}, "count": 1}),
    (history.read_ledger_entries, {"L": ENTRY}),
    (history.read_amends, {"amends": [AMEND], "count": 1}),
    (funding.read_transfers, [TRANSFER]),
    (funding.read_transfers, {"deposit": [TRANSFER], "next_cursor": "n"}),
    (trading.read_added, ADDED),
    (trading.read_added_batch, {"orders": [{"txid": "O"}, {"error": "EOrder:x"}]}),
    (trading.read_amended, {"amend_id": "T"}),
    (trading.read_edited, {"status": "ok", "txid": "O", "volume": "1", "orders_cancelled": 1}),
    (trading.read_canceled, {"count": 1, "pending": True}),
    (trading.read_switch, {"currentTime": "a", "triggerTime": "b"}),
    (socket.read_answer, {"method": "add_order", "result": {"order_id": "O"}, "success": True}),
    (converted(history.read_trades, fill_of), {"T": TRADE}),
    (converted(history.read_ledger_entries, client_values.entry), {"L": ENTRY}),
    (converted(history.read_orders, report_of), {"O": ORDER}),
]
MODULES = (account, funding, history, market, socket, trading)


def test_no_parser_is_left_out() -> None:
    everyone = {
        read
        for module in MODULES
        for name, read in vars(module).items()
        if name.startswith("read_") and inspect.isfunction(read)
    }
    assert everyone <= {parse for parse, _ in PARSERS}
    assert len(everyone) > 20


def test_every_whole_answer_is_read() -> None:
    for parse, whole in PARSERS:
        parse(text_of(whole).encode())


@st.composite
def damaged_results(draw: st.DrawFn) -> tuple[Callable[[bytes], object], bytes]:
    parse, whole = draw(st.sampled_from(PARSERS))
    anything = ANYTHING.map(lambda value: text_of(value).encode(errors="replace"))
    return parse, draw(damaged(whole) | st.binary(max_size=40) | anything)


@given(damaged_results())
def test_a_result_is_read_or_a_wire_error(result: tuple[Callable[[bytes], object], bytes]) -> None:
    parse, body = result
    try:
        parse(body)
    except WireError as refused:
        assert str(refused)
