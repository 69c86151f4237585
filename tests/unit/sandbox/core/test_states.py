"""The exchange's states and its pairs', lockouts, and the faults that the exchange itself words."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Client, Mirror, Trial

LOCKED = ["EGeneral:Temporary lockout"]
ORDER: dict[str, Any] = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD"}
ORDER |= {"order_qty": Decimal("0.01"), "limit_price": 20000}


def test_nothing_works_in_maintenance_and_what_was_due_comes_afterwards() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "100000"})
    client.limit("buy", "0.01", "20000")
    (ending,) = client.limit("buy", "0.01", "20000", timeinforce="GTD", expiretm="+20")["txid"]
    client("CancelAllOrdersAfter", timeout="60")
    trial.admin("status", {"status": "maintenance"})
    for call in ("Balance", "OpenOrders", "CancelAll", "GetWebSocketsToken"):
        assert client(call) == ["EService:Unavailable"]
    assert trial.public("SystemStatus")["status"] == "maintenance"
    trial.pass_time(90)
    assert all(order["kind"] != "order_canceled" for order in trial.admin("journal", None, "GET"))
    trial.admin("status", {"status": "online"})
    assert client("OpenOrders") == {"open": {}}
    assert client("QueryOrders", txid=ending)[ending]["status"] == "expired"


@pytest.mark.parametrize(
    ("status", "works"),
    [
        ("cancel_only", ()),
        ("post_only", ("post",)),
        ("limit_only", ("post", "limit")),
        ("online", ("post", "limit", "market", "stop")),
    ],
)
def test_a_pairs_state_lets_some_orders_in_and_every_cancel(
    status: str, works: tuple[str, ...]
) -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="10")
    client = trial.client(balances={"USD": "100000", "ETH": "5"})
    (resting,) = client.limit("buy", "0.01", "19000")["txid"]
    trial.admin("status", {"status": status, "symbol": "BTC/USD"})
    wanted = {
        "post": {"ordertype": "limit", "price": "19000", "oflags": "post"},
        "limit": {"ordertype": "limit", "price": "19000"},
        "market": {"ordertype": "market"},
        "stop": {"ordertype": "stop-loss", "price": "30000"},
    }
    for name, given in wanted.items():
        told = client("AddOrder", pair="XBTUSD", type="buy", volume="0.01", **given)
        expected = isinstance(told, dict)
        assert expected == (name in works), name
        if not expected:
            assert told == [f"EService:Market in {status} mode"]
    assert client("CancelOrder", txid=resting) == {"count": 1}
    other = client("AddOrder", pair="ETHUSD", type="sell", volume="1", ordertype="limit", price="9")
    assert "txid" in other


def test_who_listens_to_instruments_is_told_of_a_pairs_state() -> None:
    trial = Trial()
    socket = trial.open()
    socket.ask("subscribe", channel="instrument")
    trial.admin("status", {"status": "post_only", "symbol": "ETH/USD"})
    (update,) = socket.channel("instrument", "update")
    assert update["data"]["assets"] == []
    (row,) = update["data"]["pairs"]
    assert (row["symbol"], row["status"]) == ("ETH/USD", "post_only")
    assert trial.public("AssetPairs", pair="ETHUSD")["XETHZUSD"]["status"] == "post_only"


def wrong_nonce(client: Client) -> Any:
    client.nonces[client.key] = 0
    return client("Balance")


def test_too_many_invalid_nonces_lock_a_key_out_for_a_while() -> None:
    trial = Trial(lockout_after=3, lockout_seconds=900)
    client, other = trial.client(), trial.client()
    client.nonces[client.key] = 1000
    client("Balance")
    assert wrong_nonce(client) == wrong_nonce(client) == ["EAPI:Invalid nonce"]
    assert wrong_nonce(client) == LOCKED
    client.nonces[client.key] = 2000
    trial.pass_time(800)
    assert client("Balance") == LOCKED
    trial.pass_time(800)
    assert client("Balance") == LOCKED
    assert other("Balance") == {}
    trial.pass_time(901)
    assert client("Balance") == {}


def test_a_valid_request_between_forgives_the_invalid_ones() -> None:
    trial = Trial(lockout_after=3)
    client = trial.client()
    for n in range(5):
        client.nonces[client.key] = 1000 * n
        assert client("Balance") == {}
        assert wrong_nonce(client) == wrong_nonce(client) == ["EAPI:Invalid nonce"]


def test_a_lockout_can_be_planted_and_holds_on_sockets_too() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    socket = client.socket()
    trial.admin("faults", {"where": "Balance", "what": "lockout", "ms": 5000})
    assert client("Balance") == LOCKED
    (answer,) = socket.ask("add_order", **ORDER)
    assert answer["error"] == LOCKED[0]
    trial.pass_time(6)
    (answer,) = socket.ask("add_order", **ORDER)
    assert answer["success"]


def test_a_throttled_request_says_until_when() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    trial.admin("faults", {"where": "AddOrder", "what": "throttled", "ms": 7000})
    until = trial.now_ns // 10**9 + 7
    assert client.limit("buy", "0.01", "20000") == [f"EService: Throttled: {until}"]
    assert client("OpenOrders") == {"open": {}}


def test_a_token_that_expires_by_fault_must_be_made_anew() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    socket = client.socket()
    trial.admin("faults", {"where": "AddOrder", "what": "token_expiry"})
    for _ in range(2):
        (answer,) = socket.ask("add_order", **ORDER)
        assert (answer["error"], answer["status"]) == ("ESession:Invalid session", "error")
    socket.token = client("GetWebSocketsToken")["token"]
    (answer,) = socket.ask("add_order", **ORDER)
    assert answer["success"]


@pytest.mark.parametrize(
    ("what", "code"), [("policy", 1008), ("idle_close", 1000), ("reset", None)]
)
@pytest.mark.parametrize("where", ["AddOrder", "executions"])
def test_a_socket_ends_as_the_fault_says(what: str, code: int | None, where: str) -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    trial.admin("faults", {"where": where, "what": what})
    socket.ask("add_order", **ORDER)
    assert trial.drops[socket.connection].code == code


def test_too_many_messages_are_answered_in_another_form() -> None:
    trial = Trial()
    socket = trial.client(balances={"USD": "1000"}).socket()
    trial.admin("faults", {"where": "AddOrder", "what": "message_rate"})
    socket.ask("add_order", **ORDER)
    assert socket.frames[-1] == {"Error": "Exceeded msg rate"}


def test_a_price_may_come_twice_in_one_frame_and_the_later_counts() -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="10")
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    mirror = Mirror(10, 1, 8)
    (snapshot,) = socket.channel("book", "snapshot")
    assert mirror.apply(snapshot)
    trial.admin("faults", {"where": "book", "what": "repeat"})
    trial.market("19999", "20001", qty="3")
    updates = socket.channel("book", "update")
    prices = [row["price"] for frame in updates for row in frame["data"][0]["bids"]]
    prices += [row["price"] for frame in updates for row in frame["data"][0]["asks"]]
    assert len(set(prices)) < len(prices)
    for frame in updates:
        for side in ("bids", "asks"):
            levels: dict[Decimal, Decimal] = {}
            for row in frame["data"][0][side]:
                levels[row["price"]] = row["qty"]
            frame["data"][0][side] = [{"price": p, "qty": q} for p, q in levels.items()]
        assert mirror.apply(frame)


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize(
    "error",
    ["EService:Unavailable", "EService:Busy", "EService:Timeout", "EService:Deadline elapsed"],
)
def test_an_error_may_be_told_of_an_order_that_is_there(error: str, executed: bool) -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "1000"})
    fault = {"where": "AddOrder", "what": "error", "error": error, "executed": executed}
    trial.admin("faults", fault)
    assert client.limit("buy", "0.01", "20000") == [error]
    assert len(client("OpenOrders")["open"]) == executed
