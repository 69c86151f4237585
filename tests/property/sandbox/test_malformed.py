"""Whatever bytes come, the exchange answers or stays silent, and goes on."""

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from sandbox_trial import Client, Trial, dumps, result_of, sign

from zoe.sandbox.core.wire import HttpRequest, HttpResponse

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
METHODS = st.sampled_from(
    (
        "add_order",
        "amend_order",
        "cancel_order",
        "cancel_all",
        "cancel_all_orders_after",
        "subscribe",
        "unsubscribe",
        "ping",
        "batch_add",
        "batch_cancel",
        "edit_order",
        "",
    )
)
FIELDS = st.sampled_from(
    (
        "channel",
        "orders",
        "triggers",
        "limit_price_type",
        "effective_time",
        "cash_order_qty",
        "interval",
        "symbol",
        "depth",
        "snapshot",
        "order_id",
        "cl_ord_id",
        "order_userref",
        "order_type",
        "side",
        "order_qty",
        "limit_price",
        "time_in_force",
        "deadline",
        "expire_time",
        "timeout",
        "token",
        "event_trigger",
        "post_only",
        "stp_type",
    )
)
LIKELY = st.sampled_from(
    (
        "book",
        "executions",
        "BTC/USD",
        ["BTC/USD"],
        ["BTC/USD", 5],
        "ohlc",
        "limit",
        "stop-loss",
        {"price": 5, "price_type": "pct"},
        [{"order_type": "limit", "side": "buy"}, {"order_type": 5}],
        "pct",
        "buy",
        10,
        "gtd",
        "2026-01-02T03:04:15Z",
        "9999-99-99T99:99:99Z",
        0,
        -1,
        10**40,
        ["x"],
        True,
        "",
    )
)
CALLS = st.sampled_from(
    (
        "AddOrder",
        "AmendOrder",
        "CancelOrder",
        "QueryOrders",
        "ClosedOrders",
        "TradesHistory",
        "Ledgers",
        "OpenOrders",
        "AddOrderBatch",
        "CancelOrderBatch",
        "EditOrder",
        "TradeVolume",
        "DepositStatus",
        "QueryLedgers",
        "OrderAmends",
        "TradeBalance",
        "CancelAllOrdersAfter",
        "Nothing",
    )
)
PARAMS = st.sampled_from(
    (
        "pair",
        "type",
        "ordertype",
        "volume",
        "price",
        "timeinforce",
        "expiretm",
        "deadline",
        "userref",
        "cl_ord_id",
        "oflags",
        "txid",
        "start",
        "end",
        "ofs",
        "timeout",
        "asset",
        "limit_price",
        "order_qty",
        "leverage",
        "price2",
        "starttm",
        "order_id",
        "orders[0][price]",
        "orders[]",
        "cursor",
        "limit",
        "close[ordertype]",
    )
)
VALUES = st.text(max_size=12) | st.sampled_from(
    (
        "XBTUSD",
        "buy",
        "limit",
        "stop-loss",
        "#5%",
        "viqc",
        "1",
        "-1",
        "1e999999999",
        "9" * 400,
        "+5",
        "GTD",
        "post",
        "²",
        "٣",
    )
)


@given(st.binary(max_size=200))
def test_bytes_on_a_socket(payload: bytes) -> None:
    trial = Trial()
    socket = trial.open()
    socket.send(payload)
    assert [frame.get("success", "channel" in frame) for frame in socket.frames] == [True, False]


@given(METHODS, st.dictionaries(FIELDS, LIKELY | ANY_JSON, max_size=8), st.integers(0, 9))
def test_requests_on_a_private_socket(method: str, params: dict[str, Any], req_id: int) -> None:
    trial = Trial()
    socket = trial.first_client().socket()
    whole = {"method": method, "req_id": req_id, "params": {"token": socket.token, **params}}
    socket.send(dumps(whole))
    answers = [frame for frame in socket.frames if frame.get("req_id") == req_id]
    assert answers
    assert all("success" in answer for answer in answers)
    trial.pass_time(2)


@given(ANY_JSON)
def test_json_of_any_shape_on_a_socket(value: Any) -> None:
    trial = Trial()
    socket = trial.open()
    socket.send(dumps(value))
    assert socket.frames[-1]["success"] is False


def post(client: Client, call: str, params: dict[str, str], *, as_json: bool) -> HttpRequest:
    nonce = str(client.next_nonce())
    fields = {**params, "nonce": nonce}
    body = json.dumps(fields) if as_json else urlencode(fields)
    path = f"/0/private/{call}"
    headers = {
        "api-key": client.key,
        "api-sign": sign(client.secret, path, nonce, body),
        "content-type": "application/json" if as_json else "application/x-www-form-urlencoded",
    }
    return HttpRequest(client.trial.number(), "POST", path, "", headers, body.encode())


@given(CALLS, st.dictionaries(PARAMS, VALUES, max_size=8), st.booleans())
def test_signed_requests(call: str, params: dict[str, str], as_json: bool) -> None:
    trial = Trial()
    client = trial.first_client()
    told = result_of(trial.http(post(client, call, params, as_json=as_json)))
    assert told is not None
    assert "ZUSD" in client("Balance")
    trial.restart()
    assert "ZUSD" in client("Balance")


@given(
    st.sampled_from(("GET", "POST", "PUT", "DELETE")),
    st.text(max_size=20)
    | st.sampled_from(
        (
            "/0/public/Ticker",
            "/0/public/Depth",
            "/0/private/Balance",
            "/sandbox/keys",
            "/sandbox/faults",
            "/sandbox/market",
            "/sandbox/status",
            "/sandbox/journal",
        )
    ),
    st.text(max_size=20) | st.sampled_from(("pair=XBTUSD&count=5", "pair=NO", "count=x")),
    st.binary(max_size=40) | ANY_JSON.map(dumps),
    st.sampled_from(("", "application/json")),
)
def test_requests_that_nobody_signed(
    method: str, path: str, query: str, body: bytes, content: str
) -> None:
    trial = Trial()
    headers = {"content-type": content, "api-key": trial.first_client().key, "api-sign": "é"}
    answer = trial.http(HttpRequest(trial.number(), method, path, query, headers, body))
    assert isinstance(answer, HttpResponse)
    assert answer.status in (200, 400, 404)
    assert "ZUSD" in trial.first_client()("Balance")


ADMIN_FIELDS = st.sampled_from(
    (
        "balances",
        "tier",
        "permissions",
        "where",
        "what",
        "ms",
        "count",
        "every",
        "executed",
        "symbol",
        "best_bid",
        "best_ask",
        "qty",
        "trade",
        "status",
        "error",
    )
)
ADMIN_VALUES = st.sampled_from(
    (
        {"USD": "5"},
        {"USD": -1},
        {"X": "1"},
        "pro",
        ["query-funds"],
        ["x"],
        [[]],
        "AddOrder",
        "late",
        "BTC/USD",
        "100.0",
        "0",
        "-5",
        {"price": "5", "qty": "1", "side": "buy"},
        "online",
        5,
        True,
    )
)


@given(
    st.sampled_from(("keys", "faults", "market", "status")),
    st.dictionaries(ADMIN_FIELDS, ADMIN_VALUES | ANY_JSON, max_size=4),
)
def test_admin_calls(name: str, wanted: dict[str, Any]) -> None:
    trial = Trial()
    request = HttpRequest(trial.number(), "POST", f"/sandbox/{name}", "", {}, dumps(wanted))
    answer = trial.http(request)
    assert isinstance(answer, HttpResponse)
    assert answer.status in (200, 400)
    trial.admin("faults", method="DELETE")
    assert trial.public("Time")
