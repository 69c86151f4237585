"""Both rate limiters, by the facts sheet's tables and examples (sections 3.1 and 3.2)."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Client, Trial

FAR = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.001", "price": "20000"}
CALLS = ["EAPI:Rate limit exceeded"]
ENGINE = ["EOrder:Rate limit exceeded"]


def limited(tier: str) -> Client:
    return Trial(limits="both").client(tier=tier, balances={"USD": "1000000"})


def fill(client: Client) -> Any:
    """What is said once the counter of calls is full."""
    return [client("Balance") for _ in range(21)][-1]


def counter(client: Client) -> Decimal:
    """The engine's counter of BTC/USD, as the exchange keeps it."""
    world = client.trial.exchange.world
    account = world.accounts.by_name[world.accounts.keys[client.key].account]
    decay = {"starter": 100, "intermediate": 234, "pro": 375}[account.tier]
    level = account.counters["BTC/USD"].at(client.trial.now_ns, decay)
    return Decimal(level) / (100 * 10**9)


@pytest.mark.parametrize(("tier", "most"), [("starter", 15), ("intermediate", 20), ("pro", 20)])
def test_a_key_may_make_so_many_calls_at_once(tier: str, most: int) -> None:
    client = limited(tier)
    for _ in range(most):
        assert "ZUSD" in client("Balance")
    assert client("Balance") == CALLS


def test_calls_for_history_count_four_and_orders_nothing() -> None:
    client = limited("starter")
    for name in ("Ledgers", "TradesHistory", "Ledgers"):
        assert isinstance(client(name), dict)
    for _ in range(20):
        assert "txid" in client("AddOrder", **FAR)
    assert client("Ledgers") == CALLS
    two = Trial(limits="both", history_cost=2).client(tier="starter")
    assert [two("Ledgers") == CALLS for _ in range(8)] == [False] * 7 + [True]


def test_a_full_counter_of_calls_drains_unless_calls_go_on() -> None:
    client = limited("starter")
    assert fill(client) == CALLS
    client.trial.pass_time("3.0")
    assert client("Balance") == CALLS
    client.trial.pass_time("3.1")
    assert client("Balance") != CALLS


def test_keys_of_other_accounts_have_their_own_counters() -> None:
    client = limited("starter")
    assert fill(client) == CALLS
    other = client.trial.client(tier="starter", balances={"USD": "1"})
    assert other("Balance") == {"ZUSD": "1.0000"}


def test_the_documentations_example_comes_to_eight_before_decay() -> None:
    client = limited("pro")
    (txid,) = client("AddOrder", **FAR)["txid"]
    assert counter(client) == 1
    client.trial.pass_time(7)
    client("AmendOrder", txid=txid, limit_price="20001")
    assert counter(client) == 3
    client.trial.pass_time(36)
    client("CancelOrder", txid=txid)
    assert counter(client) == 4


@pytest.mark.parametrize(
    ("age", "cost"),
    [("0", 8), ("4.9", 8), ("5", 6), ("10", 5), ("15", 4), ("45", 2), ("90", 1), ("300", 0)],
)
def test_a_cancel_costs_by_the_orders_age(age: str, cost: int) -> None:
    client = limited("pro")
    (txid,) = client("AddOrder", **FAR)["txid"]
    client.trial.pass_time(age)
    before = counter(client)
    client("CancelOrder", txid=txid)
    assert counter(client) == before + cost


@pytest.mark.parametrize(("age", "cost"), [("0", 4), ("5", 3), ("10", 2), ("15", 1), ("400", 1)])
def test_an_amend_costs_by_the_time_since_the_last_one(age: str, cost: int) -> None:
    client = limited("pro")
    (txid,) = client("AddOrder", **FAR)["txid"]
    client.trial.pass_time(300)
    client("AmendOrder", txid=txid, limit_price="20001")
    client.trial.pass_time(age)
    before = counter(client)
    assert "amend_id" in client("AmendOrder", txid=txid, limit_price="20002")
    assert counter(client) == before + cost


def test_fifty_orders_at_once_are_nearly_twenty_seven_after_ten_seconds() -> None:
    client = limited("intermediate")
    for _ in range(50):
        client("AddOrder", **FAR)
    client.trial.pass_time(10)
    assert counter(client) == Decimal("26.6")


def test_a_full_counter_refuses_orders_and_cancels_of_its_pair_only() -> None:
    client = limited("starter")
    made = [client("AddOrder", **FAR)["txid"][0] for _ in range(52)]
    assert client("CancelOrder", txid=made[0]) == {"count": 1}
    assert client("CancelOrder", txid=made[1]) == ENGINE
    assert client("AddOrder", **FAR) == ENGINE
    assert "txid" in client("AddOrder", **{**FAR, "pair": "ETHUSD", "price": "1000"})
    assert client("CancelAll") == {"count": 52}


def test_an_order_that_is_refused_counts_too_but_one_only_checked_does_not() -> None:
    client = limited("pro")
    client("AddOrder", **{**FAR, "price": "nonsense"})
    client("AddOrder", **{**FAR, "volume": "9999"})
    assert counter(client) == 2
    client("AddOrder", **FAR, validate="true")
    assert counter(client) == 2


def test_an_amend_below_what_is_filled_pays_for_the_cancel() -> None:
    client = limited("pro")
    (txid,) = client("AddOrder", **FAR)["txid"]
    seller = client.trial.client(balances={"BTC": "1"})
    seller.limit("sell", "0.0005", "20000")
    client.trial.pass_time(5)
    assert counter(client) == 0
    client("AmendOrder", txid=txid, order_qty="0.0004")
    assert counter(client) == 1 + 2 + 6


def test_the_executions_channel_tells_the_counter_to_who_wants_it() -> None:
    trial = Trial(limits="both")
    client = trial.client(tier="intermediate", balances={"USD": "1000000"})
    wanting, plain = client.socket(), client.socket()
    (ack,) = wanting.ask("subscribe", channel="executions", ratecounter=True)
    assert ack["result"]["maxratecount"] == 125
    plain.ask("subscribe", channel="executions")
    order: dict[str, Any] = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD"}
    order |= {"order_qty": Decimal("0.001"), "limit_price": 20000}
    (answer,) = wanting.ask("add_order", **order)
    wanting.ask("cancel_order", order_id=[answer["result"]["order_id"]])
    counts = [(row["exec_type"], row["ratecount"]) for row in wanting.reports()]
    assert counts == [("pending_new", 1), ("new", 1), ("canceled", 9)]
    assert not any("ratecount" in row for row in plain.reports())


def test_the_admin_can_make_an_account_without_limits() -> None:
    client = Trial(limits="both").client(tier="starter", limits="none", balances={"USD": "1000000"})
    for _ in range(70):
        assert "ZUSD" in client("Balance")
        (txid,) = client("AddOrder", **FAR)["txid"]
        assert client("CancelOrder", txid=txid) == {"count": 1}


def test_a_nonce_window_lets_requests_come_out_of_order() -> None:
    client = Trial().client(nonce_window=5)
    client.nonces[client.key] = 100
    assert isinstance(client("Balance"), dict)
    client.nonces[client.key] = 96
    assert isinstance(client("Balance"), dict)
    client.nonces[client.key] = 94
    assert client("Balance") == ["EAPI:Invalid nonce"]
