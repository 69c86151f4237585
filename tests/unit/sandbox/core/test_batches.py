"""Batches and edits, by REST and on a socket."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Client, Trial, result_of, sign

from zoe.sandbox.core.wire import HttpRequest

ROW = {"ordertype": "limit", "type": "buy", "volume": "0.01", "price": "20000"}


def as_json(client: Client, name: str, **fields: Any) -> Any:
    """A private call with a JSON body."""
    nonce, path = str(client.next_nonce()), f"/0/private/{name}"
    body = json.dumps({"nonce": nonce, **fields})
    headers = {
        "api-key": client.key,
        "api-sign": sign(client.secret, path, nonce, body),
        "content-type": "application/json",
    }
    trial = client.trial
    return result_of(
        trial.http(HttpRequest(trial.number(), "POST", path, "", headers, body.encode()))
    )


def client_of(usd: str = "100000") -> Client:
    trial = Trial()
    trial.market("49999", "50001", qty="5")
    return trial.client(balances={"USD": usd})


def test_a_batch_is_added_in_its_order() -> None:
    client = client_of()
    rows = [ROW, {**ROW, "price": "21000", "cl_ord_id": "two", "close": None}]
    told = as_json(client, "AddOrderBatch", pair="XBTUSD", orders=rows)
    assert [row["descr"]["order"] for row in told["orders"]] == [
        "buy 0.01000000 XBTUSD @ limit 20000.0",
        "buy 0.01000000 XBTUSD @ limit 21000.0",
    ]
    assert set(client("OpenOrders")["open"]) == {row["txid"] for row in told["orders"]}


def test_one_order_that_is_not_valid_refuses_the_batch_but_one_without_funds_only_itself() -> None:
    client = client_of("300")
    wrong = as_json(
        client, "AddOrderBatch", pair="XBTUSD", orders=[ROW, {**ROW, "price": "20000.01"}]
    )
    assert wrong == ["EGeneral:Invalid arguments:price"]
    assert client("OpenOrders") == {"open": {}}
    told = as_json(client, "AddOrderBatch", pair="XBTUSD", orders=[ROW, ROW])
    assert "txid" in told["orders"][0]
    assert told["orders"][1] == {"error": "EOrder:Insufficient funds"}


@pytest.mark.parametrize("count", [0, 1, 16])
def test_a_batch_has_two_to_fifteen_orders(count: int) -> None:
    told = as_json(client_of(), "AddOrderBatch", pair="XBTUSD", orders=[ROW] * count)
    assert told == ["EGeneral:Invalid arguments:orders"]


def test_a_batch_may_only_be_checked_and_may_come_as_a_form() -> None:
    client = client_of()
    told = as_json(client, "AddOrderBatch", pair="XBTUSD", orders=[ROW, ROW], validate=True)
    assert [set(row) for row in told["orders"]] == [{"descr"}] * 2
    assert client("OpenOrders") == {"open": {}}
    form = {f"orders[{n}][{name}]": value for n in (0, 1) for name, value in ROW.items()}
    assert len(client("AddOrderBatch", pair="XBTUSD", **form)["orders"]) == 2
    told = client("AddOrderBatch", pair="XBTUSD", **form, **{"orders[0][close][price]": "5"})
    assert told == ["EAPI:Feature disabled"]


def test_a_batch_is_canceled_by_ids_numbers_and_own_ids() -> None:
    client = client_of()
    (first,) = client.limit("buy", "0.01", "20000")["txid"]
    client.limit("buy", "0.01", "20000", userref="7")
    client.limit("buy", "0.01", "20000", userref="7")
    client.limit("buy", "0.01", "20000", cl_ord_id="mine")
    told = as_json(
        client, "CancelOrderBatch", orders=[first, 7, "OAAAAA-AAAAA-AAAAAA"], cl_ord_ids=["mine"]
    )
    assert told == {"count": 4}
    assert as_json(client, "CancelOrderBatch", orders=[first]) == ["EOrder:Unknown order"]
    assert as_json(client, "CancelOrderBatch", orders=[]) == ["EGeneral:Invalid arguments:orders"]
    many = ["OAAAAA-AAAAA-AAAAAA"] * 51
    assert as_json(client, "CancelOrderBatch", orders=many) == ["EGeneral:Invalid arguments:orders"]


def test_batches_on_a_socket() -> None:
    client = client_of()
    socket = client.socket()
    row = {"order_type": "limit", "side": "buy", "order_qty": Decimal("0.01")}
    rows = [{**row, "limit_price": 20000, "cl_ord_id": "a"}, {**row, "limit_price": 20001}]
    (added,) = socket.ask("batch_add", symbol="BTC/USD", orders=rows)
    assert added["success"]
    assert added["result"][0]["cl_ord_id"] == "a"
    second = added["result"][1]["order_id"]
    (canceled,) = socket.ask("batch_cancel", orders=[second], cl_ord_id=["a"])
    assert (canceled["result"], canceled["orders_cancelled"]) == ({"count": 2}, 2)
    (refused,) = socket.ask("batch_add", symbol="BTC/USD", orders=[rows[0], {**row, "x": 1}])
    assert refused["error"] == "Unsupported field: 'x' for the given msg type: batch add"
    (refused,) = socket.ask("batch_add", symbol="BTC/USD", orders=[5, 6])
    assert refused["error"] == "EGeneral:Invalid arguments:orders"


def test_an_edit_makes_a_new_order_and_leaves_fills_with_the_old_one() -> None:
    client = client_of()
    client.trial.admin("market", {"symbol": "BTC/USD", "best_bid": "19000"})
    (txid,) = client.limit("buy", "0.01", "20000", userref="5", oflags="post")["txid"]
    seller = client.trial.client(balances={"BTC": "1"})
    seller.limit("sell", "0.004", "20000")
    told = client("EditOrder", txid=txid, pair="XBTUSD", volume="0.02", price="19999")
    assert told["status"] == "ok"
    assert (told["originaltxid"], told["orders_cancelled"]) == (txid, 1)
    assert (told["volume"], told["price"]) == ("0.02000000", "19999.0")
    both = client("QueryOrders", txid=f"{txid},{told['txid']}")
    old, new = both[txid], both[told["txid"]]
    assert (old["status"], old["reason"]) == ("canceled", "Order replaced")
    assert (old["vol_exec"], new["vol_exec"]) == ("0.00400000", "0.00000000")
    assert (new["vol"], new["userref"], new["descr"]["price"]) == ("0.01600000", 5, "19999.0")
    assert "post" not in new["oflags"]


def test_an_edit_that_is_refused_leaves_the_order() -> None:
    client = client_of("2000")
    (txid,) = client.limit("buy", "0.05", "20000")["txid"]
    for change, error in (
        ({"volume": "1"}, "EOrder:Insufficient funds"),
        ({"price": "0.01"}, "EGeneral:Invalid arguments:price"),
        ({"pair": "ETHUSD"}, "EGeneral:Invalid arguments:pair"),
        ({"cl_ord_id": "x"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"txid": "OAAAAA-AAAAA-AAAAAA"}, "EOrder:Unknown order"),
    ):
        assert client("EditOrder", **{"txid": txid, "pair": "XBTUSD", **change}) == [error]
    assert list(client("OpenOrders")["open"]) == [txid]
    # What the old order holds is free for the new one.
    assert "txid" in client("EditOrder", txid=txid, pair="XBTUSD", volume="0.09")


def test_an_edit_on_a_socket() -> None:
    client = client_of()
    socket = client.socket()
    (txid,) = client.limit("buy", "0.01", "20000")["txid"]
    (answer,) = socket.ask(
        "edit_order", order_id=txid, symbol="BTC/USD", limit_price=21000, order_qty=Decimal("0.02")
    )
    assert answer["result"]["original_order_id"] == txid
    (left,) = client("OpenOrders")["open"].items()
    assert left[0] == answer["result"]["order_id"]
    assert (left[1]["descr"]["price"], left[1]["vol"]) == ("21000.0", "0.02000000")


def test_edits_and_batches_need_both_permissions() -> None:
    trial = Trial()
    client = trial.client(permissions=["modify-orders"])
    assert as_json(client, "AddOrderBatch", pair="XBTUSD", orders=[ROW, ROW]) == [
        "EGeneral:Permission denied"
    ]
    assert client("EditOrder", txid="O", pair="XBTUSD") == ["EGeneral:Permission denied"]


def test_amends_are_listed_from_the_original_on() -> None:
    client = client_of()
    (txid,) = client.limit("buy", "0.01", "20000")["txid"]
    amend_id = client("AmendOrder", txid=txid, limit_price="20001", order_qty="0.02")["amend_id"]
    told = client("OrderAmends", order_id=txid)
    assert told["count"] == 2
    first, second = told["amends"]
    assert (first["amend_type"], first["limit_price"]) == ("original", "20000.0")
    assert (second["amend_type"], second["amend_id"]) == ("user", amend_id)
    assert (second["order_qty"], second["reason"]) == ("0.02000000", "User requested")
    assert second["timestamp"] == client.trial.now_ns // 1_000_000
    assert client("OrderAmends", order_id="nothing") == ["EOrder:Unknown order"]
    client.trial.restart()
    assert client("OrderAmends", order_id=txid) == told


def test_history_that_lags_shows_the_terms_as_they_were() -> None:
    trial = Trial(lag_ms=(2000, 2000))
    client = trial.client(balances={"USD": "100000"})
    (txid,) = client.limit("buy", "0.01", "20000")["txid"]
    trial.pass_time(5)
    client("AmendOrder", txid=txid, limit_price="20001")
    shown = client("OpenOrders")["open"][txid]
    assert (shown["descr"]["price"], "amended" in shown) == ("20000.0", False)
    trial.pass_time(3)
    shown = client("OpenOrders")["open"][txid]
    assert (shown["descr"]["price"], shown["amended"]) == ("20001.0", True)


def test_an_edit_names_its_order_by_a_number_that_no_other_open_order_has() -> None:
    client = client_of()
    client.limit("buy", "0.01", "20000", userref="7")
    told = client("EditOrder", txid="7", pair="XBTUSD", volume="0.02")
    assert told["olduserref"] == 7
    client.limit("buy", "0.01", "20000", userref="7")
    told = client("EditOrder", txid="7", pair="XBTUSD", volume="0.02")
    assert told == ["EGeneral:Invalid arguments:userref is not unique"]
    assert client("EditOrder", txid="8", pair="XBTUSD") == ["EOrder:Unknown order"]
