"""The admin's calls: keys, market, and the ground truth that audits read."""

from typing import Any

import pytest
from sandbox_trial import Client, Trial

from zoe.sandbox.core.memory import InMemory


def test_a_new_account_has_what_was_asked_for_in_its_ledger() -> None:
    trial = Trial()
    made = trial.admin("keys", {"balances": {"USD": "10000", "XXBT": "1.5"}, "tier": "starter"})
    assert set(made) == {"key", "secret", "account"}
    rows = trial.admin("journal", method="GET", query=f"account={made['account']}")
    assert [(row["kind"], row["type"], row["asset"], row["balance"]) for row in rows] == [
        ("ledger", "deposit", "USD", "10000.0000"),
        ("ledger", "deposit", "BTC", "1.5000000000"),
    ]


def test_ground_truth_tells_an_orders_life_in_engine_order_and_no_secret() -> None:
    trial = Trial()
    client, seller = trial.client(balances={"USD": "5000"}), trial.client(balances={"BTC": "1"})
    client.limit("buy", "0.2", "20000", cl_ord_id="mine")
    seller.limit("sell", "0.1", "20000")
    client("AmendOrder", cl_ord_id="mine", limit_price="19000")
    client("CancelOrder", cl_ord_id="mine")
    world = trial.exchange.world
    account = world.accounts.keys[client.key].account
    rows = trial.admin("journal", method="GET", query=f"account={account}")
    kinds = [row["kind"] for row in rows]
    traded = ["order_accepted", "fill", "ledger", "ledger"]
    assert kinds == ["ledger", *traded, "order_amended", "order_canceled"]
    fill = rows[2]
    assert (fill["qty"], fill["price"], fill["side"]) == ("0.10000000", "20000.0", "buy")
    assert (fill["cl_ord_id"], fill["liquidity"]) == ("mine", "m")
    assert rows[3]["ref_id"] == rows[4]["ref_id"] == fill["exec_id"]
    assert rows[-1]["filled"] == "0.10000000"
    promised = {"kind", "time", "account", "order_id", "cl_ord_id"}
    assert all(promised <= set(row) for row in rows)
    # Rows of the ledger too: whose trade it was, and that a deposit was nobody's.
    names = [(row["order_id"], row["cl_ord_id"]) for row in rows]
    assert names == [(None, None), *((fill["order_id"], "mine") for _ in rows[1:])]
    told = str(trial.admin("journal", method="GET")) + str(trial.admin("requests", method="GET"))
    assert client.secret not in told and client.key not in told


def test_steps_that_are_changed_hold_for_what_comes_and_everybody_is_told() -> None:
    trial = Trial()
    client = trial.client(balances={"USD": "50000"})
    (order_id,) = client.limit("buy", "0.2", "20000.1")["txid"]
    socket = trial.open()
    socket.ask("subscribe", channel="instrument")
    trial.admin("steps", {"symbol": "BTC/USD", "price_increment": "0.5", "qty_min": "0.1"})
    (frame,) = socket.channel("instrument", "update")
    (row,) = frame["data"]["pairs"]
    assert (str(row["price_increment"]), float(row["qty_min"])) == ("0.5", 0.1)
    # An order that rests stays as it is, and moves in the new steps.
    assert client("QueryOrders", txid=order_id)[order_id]["descr"]["price"] == "20000.1"
    step, least = (
        ["EOrder:Tick size check failed"],
        ["EOrder:Order minimum not met"],
    )
    assert client("AmendOrder", txid=order_id, limit_price="20000.2") == step
    assert "amend_id" in client("AmendOrder", txid=order_id, limit_price="20000.5")
    assert client.limit("buy", "0.2", "20000.1") == step
    assert client.limit("buy", "0.05", "20000.5") == least
    assert "txid" in client.limit("buy", "0.1", "20000.5")


def test_requests_are_listed_as_they_came() -> None:
    trial = Trial()
    client = trial.first_client()
    (order_id,) = client.limit("buy", "0.2", "20000", cl_ord_id="mine")["txid"]
    socket = client.socket()
    socket.ask("cancel_order", order_id=[order_id])
    rows = trial.admin("requests", method="GET")
    seen = [(row.get("path") or row["method"], row["cl_ord_id"], row["order_id"]) for row in rows]
    assert seen == [
        ("/0/private/AddOrder", "mine", order_id),
        ("/0/private/GetWebSocketsToken", None, None),
        ("cancel_order", None, order_id),
    ]
    assert all(row["answered"] and row["fault"] is None for row in rows)


def test_the_market_moves_to_where_it_is_told_through_whoever_stands_there() -> None:
    trial = Trial()
    trial.market("20000", "20010")
    client = trial.first_client()
    (bid,) = client.limit("buy", "0.2", "20005")["txid"]
    trial.market("19990", "19995")
    assert client("QueryOrders", txid=bid)[bid]["status"] == "closed"
    depth = trial.public("Depth", pair="XBTUSD")["XXBTZUSD"]
    assert (depth["bids"][0][0], depth["asks"][0][0]) == ("19990.00000", "19995.00000")
    trial.market("20100", "20101")
    depth = trial.public("Depth", pair="XBTUSD")["XXBTZUSD"]
    assert (depth["bids"][0][0], depth["asks"][0][0]) == ("20100.00000", "20101.00000")


def test_one_side_alone_moves_through_whoever_is_better() -> None:
    trial = Trial()
    client = trial.first_client()
    (bid,) = client.limit("buy", "0.2", "20005")["txid"]
    (worse,) = client.limit("buy", "0.2", "19000")["txid"]
    trial.admin("market", {"symbol": "BTC/USD", "best_bid": "19990"})
    assert client("QueryOrders", txid=bid)[bid]["status"] == "closed"
    assert client("QueryOrders", txid=worse)[worse]["status"] == "open"
    assert trial.public("Depth", pair="XBTUSD")["XXBTZUSD"]["bids"][0][0] == "19990.00000"


def test_a_trade_by_hand_fills_who_stands_there_and_prints_the_rest() -> None:
    trial = Trial()
    trial.market("20000", "20010")
    client = trial.first_client()
    (bid,) = client.limit("buy", "0.2", "20005")["txid"]
    socket = trial.open()
    socket.ask("subscribe", channel="trade", symbol=["BTC/USD"], snapshot=False)
    trade = {"price": "20005", "qty": "0.5", "side": "sell"}
    trial.admin("market", {"symbol": "BTC/USD", "trade": trade})
    assert client("QueryOrders", txid=bid)[bid]["status"] == "closed"
    (frame,) = socket.channel("trade", "update")
    assert [float(row["qty"]) for row in frame["data"]] == [0.2, 0.3]
    assert {row["side"] for row in frame["data"]} == {"sell"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("keys", {"balances": {"NOPE": "1"}}),
        ("keys", {"balances": {"USD": "-1"}}),
        ("keys", {"tier": "gold"}),
        ("keys", {"permissions": ["everything"]}),
        ("keys", {"balance": {}}),
        ("market", {"symbol": "NOPE"}),
        ("market", {"symbol": "BTC/USD", "best_bid": "5", "best_ask": "5"}),
        ("market", {"symbol": "ETH/USD", "best_bid": "5.001"}),
        ("market", {"symbol": "BTC/USD", "best_bid": "0"}),
        ("market", {"symbol": "BTC/USD", "trade": {"price": "5", "qty": "1"}}),
        ("status", {"status": "asleep"}),
        ("steps", {"symbol": "BTC/USD"}),
        ("steps", {"symbol": "BTC/USD", "price_increment": "0"}),
        ("steps", {"symbol": "BTC/USD", "price_increment": "0.01"}),
        ("steps", {"symbol": "NOPE", "qty_min": "1"}),
        ("spoil", {"ledger_id": "LNONE", "what": "missing"}),
        ("spoil", {"what": "missing"}),
    ],
)
def test_a_call_that_makes_no_sense_changes_nothing(name: str, wanted: dict[str, Any]) -> None:
    trial = Trial()
    before = list(trial.memory.lines())
    with pytest.raises(AssertionError, match="error"):
        trial.admin(name, wanted)
    assert list(trial.memory.lines()) == before
    assert trial.exchange.world.books["BTC/USD"].bids.best is None


def test_the_same_seed_and_the_same_inputs_give_the_same_bytes() -> None:
    def run(seed: int) -> tuple[list[bytes], list[bytes]]:
        trial = Trial(seed=seed)
        trial.market("20000", "20001")
        client = trial.first_client()
        client.nonces[client.key] = 0
        socket = client.socket()
        socket.ask("subscribe", channel="executions")
        for n in range(8):
            client.limit("buy", "0.01", f"{19_998 + n % 5}")
            socket.ask("cancel_all")
        return list(trial.memory.lines()), trial.raw

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_ids_and_trade_numbers_never_repeat_across_restarts() -> None:
    trial = Trial()
    numbers: list[int] = []
    amends: list[str] = []
    for _ in range(4):
        trial.market("20000", "20001")
        client = trial.first_client()
        for _ in range(3):
            client.limit("buy", "0.01", "20001")
        (waiting,) = client.limit("buy", "0.01", "19000")["txid"]
        amends.append(client("AmendOrder", txid=waiting, limit_price="19001")["amend_id"])
        trial.admin("keys", {"balances": {"USD": "1"}})
        rows = client("TradesHistory", consolidate_taker="false")["trades"]
        numbers += [row["trade_id"] for row in list(rows.values())[2::-1]]
        trial.restart()
    ids = [
        row[field]
        for row in trial.admin("journal", method="GET")
        for field in ("exec_id", "id")
        if field in row
    ]
    accepted = [
        row["order_id"]
        for row in trial.admin("journal", method="GET")
        if row["kind"] == "order_accepted"
    ]
    ids += amends
    assert len(set(ids)) == len(ids) > 30
    assert len(set(accepted)) == len(accepted) == 16
    assert numbers == sorted(set(numbers)) and len(numbers) == 12


def test_a_journal_that_cannot_be_read_is_named_by_its_line() -> None:
    trial = Trial()
    lines = list(trial.memory.lines())
    with pytest.raises(ValueError, match="journal line 2"):
        trial.restart(InMemory([lines[0], b"{not json", *lines[2:]]))
    with pytest.raises(ValueError, match="journal line 3: ValueError: pair X/Y is not"):
        record = b'{"kind":"order_accepted","ns":1,"order_id":"O","account":"A","symbol":"X/Y"}'
        trial.restart(InMemory([*Trial(balances={}).memory.lines(), record]))


def test_an_account_may_have_several_keys_with_nonces_of_their_own() -> None:
    trial = Trial()
    made = trial.admin("keys", {"balances": {"USD": "10000"}})
    other = trial.admin("keys", {"account": made["account"]})
    assert other["account"] == made["account"] and other["key"] != made["key"]
    first, second = (Client(trial, one["key"], one["secret"]) for one in (made, other))
    order = first.limit("buy", "0.1", "20000")["txid"][0]
    assert list(second("OpenOrders")["open"]) == [order]
    trial.restart()
    assert list(second("OpenOrders")["open"]) == [order]
    for wrong in ({"account": "AA999999"}, {"account": made["account"], "tier": "pro"}):
        with pytest.raises(AssertionError, match="error"):
            trial.admin("keys", wrong)


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("1e400", "1e400 is no amount in plain notation"),
        ("-5", "-5 is no amount in plain notation"),
        ("0.11111", "has more decimals than it may have"),
    ],
)
def test_an_amount_that_is_none_is_told_with_what_is_wrong_with_it(amount: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        Trial().admin("keys", {"balances": {"USD": amount}})


def test_an_order_that_is_lost_is_in_no_list_and_has_no_end_but_what_it_traded_stays() -> None:
    trial = Trial()
    client, seller = trial.client(balances={"USD": "5000"}), trial.client(balances={"BTC": "1"})
    (order_id,) = client.limit("buy", "0.2", "20000", cl_ord_id="mine")["txid"]
    seller.limit("sell", "0.1", "20000")
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    told = len(socket.frames)
    assert trial.admin("lose", {"order_id": order_id}) == {"lost": order_id}
    assert len(socket.frames) == told
    assert trial.public("Depth", pair="XBTUSD")["XXBTZUSD"]["bids"] == []
    for _ in range(2):
        assert client("OpenOrders")["open"] == client("ClosedOrders")["closed"] == {}
        assert client("QueryOrders", txid=order_id) == ["EOrder:Unknown order"]
        assert client("CancelOrder", txid=order_id) == ["EOrder:Unknown order"]
        assert len(client("TradesHistory")["trades"]) == 1
        assert client("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"
        trial.restart()
    assert trial.admin("journal", method="GET")[-1]["kind"] == "order_lost"
    with pytest.raises(AssertionError, match="an open order"):
        trial.admin("lose", {"order_id": order_id})
