"""Every refusal has the exchange's own text, and changes nothing."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Trial

FLOOR = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "20000"}
REST = [
    ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
    ({"pair": ""}, "EGeneral:Invalid arguments:pair"),
    ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
    ({"ordertype": "guess"}, "EGeneral:Invalid arguments:ordertype"),
    ({"ordertype": "trailing-stop"}, "EAPI:Feature disabled"),
    ({"volume": "0"}, "EGeneral:Invalid arguments:volume"),
    ({"volume": "-1"}, "EGeneral:Invalid arguments:volume"),
    ({"volume": "0.000000001"}, "EGeneral:Invalid arguments:volume"),
    ({"volume": "1e3"}, "EGeneral:Invalid arguments:volume"),
    ({"volume": "0.00004999"}, "EOrder:Order minimum not met"),
    ({"volume": "0.00005", "price": "9999.9"}, "EOrder:Cost minimum not met"),
    ({"price": "0"}, "EOrder:Invalid price"),
    ({"price": "20000.01"}, "EGeneral:Invalid arguments:price"),
    ({"price": "NaN"}, "EGeneral:Invalid arguments:price"),
    ({"pair": "ETHUSD", "price": "2000.001"}, "EOrder:Tick size check failed"),
    ({"volume": "49.9", "price": "20000"}, "EOrder:Insufficient funds"),
    ({"type": "sell", "volume": "1.1", "price": "20000"}, "EOrder:Insufficient funds"),
    ({"timeinforce": "SOON"}, "EGeneral:Invalid arguments:timeinforce"),
    ({"timeinforce": "GTD"}, "EGeneral:Invalid arguments:expiretm"),
    ({"timeinforce": "GTD", "expiretm": "+4"}, "EGeneral:Invalid arguments:expiretm"),
    ({"expiretm": "+10"}, "EGeneral:Invalid arguments:expiretm"),
    ({"oflags": "post", "timeinforce": "IOC"}, "EGeneral:Invalid arguments:post_only"),
    ({"oflags": "nonsense"}, "EGeneral:Invalid arguments:oflags"),
    ({"oflags": "viqc"}, "EGeneral:Invalid arguments:viqc"),
    ({"leverage": "2"}, "EAPI:Feature disabled"),
    ({"close[ordertype]": "limit"}, "EAPI:Feature disabled"),
    ({"cl_ord_id": "more than eighteen!"}, "EGeneral:Invalid arguments:cl_ord_id"),
    ({"userref": "2147483648"}, "EGeneral:Invalid arguments:userref"),
    ({"deadline": "2026-01-02T03:04:04Z"}, "EService:Deadline elapsed"),
    ({"deadline": "2026-01-02T03:04:06.9Z"}, "EGeneral:Invalid arguments:deadline"),
    ({"deadline": "2026-01-02T03:05:05.1Z"}, "EGeneral:Invalid arguments:deadline"),
    ({"deadline": "tomorrow"}, "EGeneral:Invalid arguments:deadline"),
]


@pytest.mark.parametrize(("change", "text"), REST)
def test_a_rest_order_is_refused_in_the_exchanges_words(change: dict[str, str], text: str) -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000000", "BTC": "1", "ETH": "1"})
    before = client("BalanceEx")
    assert client("AddOrder", **{**FLOOR, **change}) == [text]
    assert client("OpenOrders") == {"open": {}}
    assert client("BalanceEx") == before


def test_what_the_refusals_are_tried_with_is_accepted_by_itself() -> None:
    client = Trial().client(balances={"USD": "1000000"})
    assert client("AddOrder", **FLOOR)["txid"]
    assert client("AddOrder", **FLOOR, deadline="2026-01-02T03:04:07Z")["txid"]
    assert client("AddOrder", **{**FLOOR, "volume": "0.00005", "price": "10000"})["txid"]
    assert client("AddOrder", **FLOOR, timeinforce="GTD", expiretm="+5")["txid"]


SOCKET_FLOOR: dict[str, Any] = {
    "order_type": "limit",
    "side": "buy",
    "order_qty": Decimal("0.01"),
    "symbol": "BTC/USD",
    "limit_price": 20000,
}
SOCKET = [
    ({"limit_price": "20000"}, "Limit_price field must be a number_float"),
    ({"order_qty": True}, "Order_qty field must be a number_float"),
    ({"post_only": "true"}, "Post_only field must be a boolean"),
    ({"symbol": ["BTC/USD"]}, "Symbol field must be a string"),
    ({"price": 5}, "Unsupported field: 'price' for the given msg type: add order"),
    ({"symbol": "XBT/USD"}, "Currency pair not supported XBT/USD"),
    ({"order_qty": Decimal("0.000000001")}, "EGeneral:Invalid arguments:order_qty"),
    ({"order_qty": -1}, "EGeneral:Invalid arguments:order_qty"),
    ({"limit_price": 10**40}, "EGeneral:Invalid arguments:limit_price"),
    ({"order_type": "iceberg"}, "EAPI:Feature disabled"),
    ({"display_qty": 1}, "EAPI:Feature disabled"),
    ({"order_qty": Decimal("0.00001")}, "EOrder:Order minimum not met"),
    ({"deadline": "2026-01-02T03:04:05.4Z"}, "EGeneral:Invalid arguments:deadline"),
    ({"order_qty": 60}, "EOrder:Insufficient funds"),
]


@pytest.mark.parametrize(("change", "text"), SOCKET)
def test_a_socket_order_is_refused_in_the_exchanges_words(
    change: dict[str, Any], text: str
) -> None:
    socket = Trial().first_client().socket()
    (answer,) = socket.ask("add_order", **{**SOCKET_FLOOR, **change})
    assert (answer["error"], answer["success"]) == (text, False)
    assert answer["method"] == "add_order"


def test_an_open_orders_own_id_cannot_be_used_twice_but_again_when_it_is_closed() -> None:
    client = Trial().first_client()
    uuid = "0835958d-c526-4ad8-aea8-af54836de47e"
    (order_id,) = client("AddOrder", **FLOOR, cl_ord_id=uuid)["txid"]
    for same in (uuid, uuid.upper(), uuid.replace("-", "")):
        told = client("AddOrder", **FLOOR, cl_ord_id=same)
        assert told == ["EOrder:Invalid order:cl_ord_id is in use"]
    assert client("CancelOrder", cl_ord_id=uuid.upper()) == {"count": 1}
    (other_id,) = client("AddOrder", **FLOOR, cl_ord_id=uuid)["txid"]
    assert other_id != order_id


def test_a_tier_may_have_so_many_open_orders_of_a_pair() -> None:
    trial = Trial()
    client = trial.client(tier="starter", balances={"USD": "1000000", "ETH": "10"})
    for _ in range(60):
        assert "txid" in client("AddOrder", **{**FLOOR, "volume": "0.001"})
    assert client("AddOrder", **{**FLOOR, "volume": "0.001"}) == ["EOrder:Orders limit exceeded"]
    assert "txid" in client("AddOrder", **{**FLOOR, "pair": "ETHUSD", "price": "2000"})


@pytest.mark.parametrize(
    ("status", "market", "limit", "post"),
    [
        ("maintenance", "EService:Unavailable", "EService:Unavailable", "EService:Unavailable"),
        ("cancel_only", *("EService:Market in cancel_only mode",) * 3),
        ("post_only", *("EService:Market in post_only mode",) * 2, None),
        ("limit_only", "EService:Market in limit_only mode", None, None),
    ],
)
def test_the_exchanges_state_lets_some_orders_in(
    status: str, market: str, limit: str | None, post: str | None
) -> None:
    trial = Trial()
    client = trial.first_client()
    (order_id,) = client("AddOrder", **FLOOR)["txid"]
    listener = trial.open()
    trial.admin("status", {"status": status})
    assert listener.channel("status")[-1]["data"][0]["system"] == status
    assert trial.public("SystemStatus")["status"] == status
    for kind, refusal in (
        ({"ordertype": "market"}, market),
        ({}, limit),
        ({"oflags": "post"}, post),
    ):
        told = client("AddOrder", **{**FLOOR, **kind})
        assert "txid" in told if refusal is None else told == [refusal]
    canceled = client("CancelOrder", txid=order_id)
    assert canceled == (["EService:Unavailable"] if status == "maintenance" else {"count": 1})


def test_what_is_unknown_is_said_to_be() -> None:
    trial = Trial()
    client = trial.first_client()
    assert client("CancelOrder", txid="OAAAAA-BBBBB-CCCCCC") == ["EOrder:Unknown order"]
    assert client("CancelOrder", cl_ord_id="nobody") == ["EOrder:Unknown order"]
    assert client("CancelOrder", txid="77") == ["EOrder:Unknown order"]
    assert client("CancelOrder") == ["EGeneral:Invalid arguments:txid"]
    assert client("QueryOrders", txid="OAAAAA-BBBBB-CCCCCC") == ["EOrder:Unknown order"]
    assert client("AmendOrder", txid="OAAAAA", order_qty="1") == ["EOrder:Unknown order"]
    assert client("Ledgers", asset="NOPE") == ["EQuery:Unknown asset"]
    assert client("Wishes") == ["EGeneral:Unknown method"]
    assert trial.public("Wishes") == ["EGeneral:Unknown method"]
    assert trial.public("Ticker", pair="NOPE") == ["EQuery:Unknown asset pair"]
    assert trial.public("Depth", pair="XBTUSD", count="0") == ["EGeneral:Invalid arguments:count"]
    (answer,) = trial.open().ask("wish")
    assert answer["error"] == "Unsupported event"


def test_an_order_that_was_closed_is_an_unknown_one_to_cancel() -> None:
    trial = Trial()
    trial.market("19999", "20000")
    client = trial.first_client()
    (order_id,) = client("AddOrder", **FLOOR)["txid"]
    assert client("CancelOrder", txid=order_id) == ["EOrder:Unknown order"]
    assert client("QueryOrders", txid=order_id)[order_id]["status"] == "closed"
