"""Price before time, and what each kind of order does when it meets the book."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Client, Trial


def ended(client: Client, order_id: str) -> tuple[str, str | None, str]:
    row = client("QueryOrders", txid=order_id)[order_id]
    return row["status"], row.get("reason"), row["vol_exec"]


def add(client: Client, side: str, qty: str, price: str, **more: Any) -> str:
    told = client.limit(side, qty, price, **more)
    assert isinstance(told, dict), told
    return str(told["txid"][0])


def test_the_better_price_is_served_first_then_the_older_order() -> None:
    trial = Trial()
    first, second, third = (trial.client(balances={"USD": "100000"}) for _ in range(3))
    late = add(third, "buy", "0.1", "20001")
    one = add(first, "buy", "0.1", "20000")
    two = add(second, "buy", "0.1", "20000")
    seller = trial.client(balances={"BTC": "1"})
    sold = add(seller, "sell", "0.25", "20000")
    assert ended(third, late)[2] == "0.10000000"
    assert ended(first, one)[2] == "0.10000000"
    assert ended(second, two) == ("open", None, "0.05000000")
    prices = [trade["price"] for trade in trades(seller)]
    assert prices == ["20001.0", "20000.0", "20000.0"]
    assert ended(seller, sold)[0] == "closed"


def trades(client: Client) -> list[dict[str, Any]]:
    """Every match, oldest first."""
    return list(client("TradesHistory", consolidate_taker="false")["trades"].values())[::-1]


def test_a_market_order_takes_what_there_is_and_the_rest_is_canceled() -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="0.3")
    client = trial.client(balances={"USD": "100000"})
    told = client("AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="0.5")
    assert told["descr"]["order"] == "buy 0.50000000 XBTUSD @ market"
    (order_id,) = told["txid"]
    assert ended(client, order_id) == ("canceled", "Insufficient liquidity", "0.30000000")
    told = client("AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="0.5")
    assert ended(client, told["txid"][0]) == ("canceled", "Insufficient liquidity", "0.00000000")
    assert client("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


@pytest.mark.parametrize(
    ("tif", "outcome"),
    [
        ("IOC", ("canceled", "Immediate or cancel", "0.30000000")),
        ("FOK", ("canceled", "Fill or kill", "0.00000000")),
        ("GTC", ("open", None, "0.30000000")),
    ],
)
def test_time_in_force_decides_about_the_rest(
    tif: str, outcome: tuple[str, str | None, str]
) -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="0.3")
    client = trial.client(balances={"USD": "100000"})
    assert ended(client, add(client, "buy", "0.5", "20001", timeinforce=tif)) == outcome


def test_fill_or_kill_fills_what_it_can_fill_whole() -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="0.3")
    client = trial.client(balances={"USD": "100000"})
    assert ended(client, add(client, "buy", "0.3", "20001", timeinforce="FOK"))[0] == "closed"


def test_good_till_date_expires_by_itself() -> None:
    trial = Trial()
    client = trial.first_client()
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    order_id = add(client, "buy", "0.3", "20000", timeinforce="GTD", expiretm="+10")
    trial.pass_time("9.9")
    assert ended(client, order_id)[0] == "open"
    trial.pass_time("0.1")
    assert ended(client, order_id)[0] == "expired"
    (report,) = socket.reports("expired")
    assert (report["order_id"], report["order_status"]) == (order_id, "expired")
    assert client("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


def test_post_only_that_would_take_is_accepted_and_canceled_or_refused_as_configured() -> None:
    trial = Trial()
    trial.market("20000", "20001")
    client = trial.first_client()
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    order_id = add(client, "buy", "0.3", "20001", oflags="post")
    assert ended(client, order_id) == ("canceled", "Post only order", "0.00000000")
    assert [row["exec_type"] for row in socket.reports()] == ["pending_new", "canceled"]
    told = client.limit("buy", "0.3", "20001", oflags="post", validate="true")
    assert told == ["EOrder:Post only order"]
    strict = Trial(post_only_outcome="error")
    strict.market("20000", "20001")
    told = strict.first_client().limit("buy", "0.3", "20001", oflags="post")
    assert told == ["EOrder:Post only order"]
    assert ended(client, add(client, "buy", "0.3", "20000.9", oflags="post"))[0] == "open"


def test_validate_checks_and_places_nothing() -> None:
    client = Trial().first_client()
    told = client.limit("buy", "0.3", "20000", validate="true")
    assert told == {"descr": {"order": "buy 0.30000000 XBTUSD @ limit 20000.0"}}
    assert client("OpenOrders") == {"open": {}}
    told = client.limit("buy", "9999", "20000", validate="true")
    assert told == ["EOrder:Insufficient funds"]


@pytest.mark.parametrize(
    ("stp", "old", "new"),
    [
        ("cancel-newest", "open", "canceled"),
        ("cancel-oldest", "canceled", "closed"),
        ("cancel-both", "canceled", "canceled"),
    ],
)
def test_an_account_does_not_trade_with_itself(stp: str, old: str, new: str) -> None:
    trial = Trial()
    client, other = trial.first_client(), trial.client(balances={"USD": "100000"})
    mine = add(client, "buy", "0.1", "20000")
    add(other, "buy", "0.1", "19999")
    newest = add(client, "sell", "0.1", "19999", stptype=stp)
    assert (ended(client, mine)[0], ended(client, newest)[0]) == (old, new)


def test_an_amend_keeps_the_id_and_a_smaller_size_keeps_the_place() -> None:
    trial = Trial()
    client, other = trial.first_client(), trial.client(balances={"USD": "100000"})
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    mine = add(client, "buy", "0.2", "20000")
    theirs = add(other, "buy", "0.2", "20000")
    (answer,) = socket.ask("amend_order", order_id=mine, order_qty=Decimal("0.1"))
    assert answer["result"]["order_id"] == mine
    (amended,) = socket.reports("amended")
    assert (amended["order_qty"], amended["order_status"]) == (Decimal("0.1"), "new")
    seller = trial.client(balances={"BTC": "1"})
    add(seller, "sell", "0.15", "20000")
    assert (ended(client, mine)[2], ended(other, theirs)[2]) == ("0.10000000", "0.05000000")


@pytest.mark.parametrize("change", [{"order_qty": "0.3"}, {"limit_price": "20001"}])
def test_more_or_another_price_goes_to_the_back(change: dict[str, str]) -> None:
    trial = Trial()
    client, other = trial.first_client(), trial.client(balances={"USD": "100000"})
    mine = add(client, "buy", "0.2", "20000")
    theirs = add(other, "buy", "0.2", change.get("limit_price", "20000"))
    assert "amend_id" in client("AmendOrder", txid=mine, **change)
    seller = trial.client(balances={"BTC": "1"})
    add(seller, "sell", "0.2", "20000")
    assert (ended(client, mine)[2], ended(other, theirs)[2]) == ("0.00000000", "0.20000000")


def test_an_amend_that_crosses_trades_unless_it_is_post_only() -> None:
    trial = Trial()
    trial.market("20000", "20001")
    client = trial.first_client()
    posted = add(client, "buy", "0.1", "19000", oflags="post")
    told = client("AmendOrder", txid=posted, limit_price="20001")
    assert told == ["EOrder:Post only order"]
    assert client("OpenOrders")["open"][posted]["descr"]["price"] == "19000.0"
    plain = add(client, "buy", "0.1", "19000")
    assert "amend_id" in client("AmendOrder", txid=plain, limit_price="20001")
    assert ended(client, plain)[0] == "closed"


def test_an_amend_below_what_is_filled_ends_the_order() -> None:
    trial = Trial()
    client, seller = trial.first_client(), trial.client(balances={"BTC": "1"})
    mine = add(client, "buy", "0.2", "20000")
    add(seller, "sell", "0.1", "20000")
    assert "amend_id" in client("AmendOrder", txid=mine, order_qty="0.05")
    assert ended(client, mine) == ("canceled", "User requested", "0.10000000")


def test_a_fee_in_base_is_charged_in_base() -> None:
    trial = Trial()
    trial.market("20000", "20001")
    client = trial.client(balances={"USD": "20001"})
    add(client, "buy", "1", "20001", oflags="fcib")
    assert client("Balance") == {"ZUSD": "0.0000", "XXBT": "0.9960000000"}
    (trade,) = trades(client)
    assert trade["fee"] == "80.00400"


def test_a_dead_mans_switch_cancels_everything_unless_it_is_renewed() -> None:
    trial = Trial()
    client = trial.first_client()
    order_id = add(client, "buy", "0.1", "20000")
    told = client("CancelAllOrdersAfter", timeout="60")
    assert told == {"currentTime": "2026-01-02T03:04:05Z", "triggerTime": "2026-01-02T03:05:05Z"}
    trial.pass_time(50)
    client("CancelAllOrdersAfter", timeout="60")
    trial.pass_time(50)
    assert ended(client, order_id)[0] == "open"
    trial.restart()
    trial.pass_time(10)
    assert ended(client, order_id) == ("canceled", "Cancel all orders after", "0.00000000")
    another = add(client, "buy", "0.1", "20000")
    client("CancelAllOrdersAfter", timeout="5")
    client("CancelAllOrdersAfter", timeout="0")
    trial.pass_time(10)
    assert ended(client, another)[0] == "open"


def test_a_restart_keeps_the_queue_as_amends_have_left_it() -> None:
    trial = Trial()
    client, other = trial.first_client(), trial.client(balances={"USD": "100000"})
    mine = add(client, "buy", "0.2", "20000")
    theirs = add(other, "buy", "0.2", "20000")
    for price in ("19000", "20000"):
        assert "amend_id" in client("AmendOrder", txid=mine, limit_price=price)
    trial.restart()
    add(trial.client(balances={"BTC": "1"}), "sell", "0.2", "20000")
    assert (ended(client, mine)[2], ended(other, theirs)[2]) == ("0.00000000", "0.20000000")
