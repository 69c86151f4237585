"""Orders that wait for a price or a time, orders for an amount, relative prices."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import Client, Trial

BALANCES = {"USD": "100000", "BTC": "10"}


def market() -> tuple[Trial, Client]:
    """The last price is 50000, the book 49999 to 50001."""
    trial = Trial()
    trial.market("49999", "50001", qty="5")
    trade(trial, "50000")
    return trial, trial.client(balances=BALANCES)


def trade(trial: Trial, price: str, symbol: str = "BTC/USD") -> None:
    told = {"price": price, "qty": "0.001", "side": "buy"}
    trial.admin("market", {"symbol": symbol, "trade": told})


def place(client: Client, kind: str, side: str, price: str, **more: str) -> Any:
    given = {"ordertype": kind, "type": side, "price": price, "volume": "0.1", "pair": "XBTUSD"}
    told = client("AddOrder", **{**given, **more})
    return told["txid"][0] if isinstance(told, dict) else told


def order(client: Client, txid: str) -> Any:
    return client("QueryOrders", txid=txid, trades="true")[txid]


@pytest.mark.parametrize(
    ("kind", "side", "price", "not_yet", "then"),
    [
        ("stop-loss", "sell", "49000", "49000.1", "49000"),
        ("stop-loss", "buy", "51000", "50999.9", "51000"),
        ("take-profit", "sell", "51000", "50999.9", "51000"),
        ("take-profit", "buy", "49000", "49000.1", "48999"),
    ],
)
def test_an_order_waits_for_its_price(
    kind: str, side: str, price: str, not_yet: str, then: str
) -> None:
    trial, client = market()
    txid = place(client, kind, side, price)
    assert order(client, txid)["status"] == "open"
    trade(trial, not_yet)
    assert order(client, txid)["status"] == "open"
    trial.market(str(int(then) - 1), str(int(then) + 1), qty="5")
    trade(trial, then)
    found = order(client, txid)
    assert (found["status"], found["vol_exec"]) == ("closed", "0.10000000")
    assert found["stopprice"] == f"{price}.0"
    assert found["trigger"] == "last"
    assert ("stopped" if kind == "stop-loss" else "touched") in found["misc"]
    assert found["descr"]["order"] == (
        f"{side} 0.10000000 XBTUSD @ {kind.replace('-', ' ')} {price}.0"
    )


def test_a_stop_with_a_limit_rests_where_its_limit_is() -> None:
    trial, client = market()
    txid = place(client, "stop-loss-limit", "sell", "49500", price2="49600")
    book = trial.public("Depth", pair="XBTUSD")["XXBTZUSD"]
    assert [row[0] for row in book["asks"]] == ["50001.00000"]
    trial.market("49400", "49700", qty="5")
    trade(trial, "49500")
    found = order(client, txid)
    assert (found["status"], found["limitprice"]) == ("open", "49600.0")
    assert found["descr"]["order"].endswith("@ stop loss 49500.0 -> limit 49600.0")
    assert (found["descr"]["price"], found["descr"]["price2"]) == ("49500.0", "49600.0")
    book = trial.public("Depth", pair="XBTUSD")["XXBTZUSD"]
    assert book["asks"][0][0] == "49600.00000"


def test_an_order_whose_price_has_come_already_is_canceled() -> None:
    _, client = market()
    txid = place(client, "stop-loss", "sell", "50000")
    found = order(client, txid)
    assert (found["status"], found["reason"]) == ("canceled", "Order would trigger immediately")


@pytest.mark.parametrize("kind", ["stop-loss", "take-profit", "stop-loss-limit"])
def test_an_order_that_waits_for_nothing_is_refused(kind: str) -> None:
    _, client = market()
    told = place(client, kind, "sell", "0", price2="49000" if "limit" in kind else "")
    assert told == ["EOrder:Invalid price"]


def test_a_waiting_order_holds_and_is_told_step_by_step() -> None:
    trial, client = market()
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    place(client, "stop-loss", "buy", "51000", volume="1")
    assert client("BalanceEx")["ZUSD"]["hold_trade"] == "51204.0000"
    trial.market("51000", "51002", qty="5")
    trade(trial, "51001")
    steps = [(row["exec_type"], row["order_status"]) for row in socket.reports()]
    assert steps[:3] == [("pending_new", "pending_new"), ("new", "new"), ("status", "new")]
    assert steps[3:] == [("trade", "partially_filled"), ("filled", "filled")]
    described, fired = socket.reports("pending_new")[0], socket.reports("status")[0]
    assert described["triggers"]["status"] == "untriggered"
    assert described["stop_price"] == 51000
    assert fired["triggers"]["status"] == "triggered"
    assert fired["triggers"]["price"] == 51000
    assert client("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


def test_one_trigger_sets_off_another() -> None:
    trial, client = market()
    first = place(client, "stop-loss", "sell", "49500", volume="5")
    second = place(client, "stop-loss", "sell", "49000", volume="0.1")
    trial.admin("market", {"symbol": "BTC/USD", "best_bid": "49600", "qty": "1"})
    trial.admin("market", {"symbol": "BTC/USD", "best_bid": "48900", "best_ask": "60000"})
    buyer = trial.client(balances={"USD": "500000"})
    buyer.limit("buy", "6", "48950")
    trade(trial, "49500")
    assert order(client, first)["status"] == "closed"
    assert order(client, second)["status"] == "closed"


def test_orders_that_one_price_sets_off_are_carried_out_as_they_came() -> None:
    trial, client = market()
    first, second, third = (
        place(client, "stop-loss", "sell", price) for price in ("49000", "49500", "49000")
    )
    trial.market("48000", "48001", qty="5")
    trade(trial, "48000")
    told = trial.admin("journal", method="GET")
    fills = [record for record in told if record["kind"] == "fill"]
    assert [record["order_id"] for record in fills[-3:]] == [first, second, third]


def test_a_trigger_can_be_amended_until_it_fires() -> None:
    trial, client = market()
    txid = place(client, "stop-loss-limit", "sell", "49500", price2="49400")
    told = client("AmendOrder", txid=txid, trigger_price="49800", limit_price="49700")
    assert "amend_id" in told
    assert client("AmendOrder", txid=txid, trigger_price="50000") == [
        "EOrder:Invalid order:Order would trigger immediately"
    ]
    trial.market("49790", "49900", qty="5")
    trade(trial, "49800")
    assert order(client, txid)["status"] == "closed"
    resting = place(client, "limit", "buy", "40000")
    told = client("AmendOrder", txid=resting, trigger_price="41000")
    assert told == ["EGeneral:Invalid arguments:trigger_price"]


def test_waiting_orders_wait_on_after_a_restart() -> None:
    trial, client = market()
    waiting = place(client, "take-profit", "sell", "51000")
    planned = place(client, "limit", "buy", "45000", starttm="+60")
    before = client("BalanceEx")
    trial.restart()
    assert client("BalanceEx") == before
    assert order(client, planned)["status"] == "pending"
    trial.market("51000", "51010", qty="5")
    trade(trial, "51001")
    assert order(client, waiting)["status"] == "closed"
    trial.pass_time(61)
    assert order(client, planned)["status"] == "open"
    trial.restart()
    assert order(client, planned)["status"] == "open"
    assert client("BalanceEx")["ZUSD"]["hold_trade"] == "4518.0000"


def test_an_order_starts_when_it_is_told_to() -> None:
    trial, client = market()
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    txid = place(client, "limit", "buy", "50001", starttm="+10")
    found = client("OpenOrders")["open"][txid]
    assert found["status"] == "pending"
    assert found["starttm"] > found["opentm"]
    trial.pass_time(9)
    assert [row["exec_type"] for row in socket.reports()] == ["pending_new"]
    trial.pass_time(1)
    assert order(client, txid)["status"] == "closed"
    assert [row["exec_type"] for row in socket.reports()][1:] == ["new", "trade", "filled"]


def test_a_market_buy_can_be_for_an_amount_of_quote_currency() -> None:
    trial, client = market()
    told = client(
        "AddOrder", ordertype="market", type="buy", volume="500", pair="XBTUSD", oflags="viqc"
    )
    assert told["descr"]["order"] == "buy 500.00000 XBTUSD @ market"
    (txid,) = told["txid"]
    found = order(client, txid)
    assert found["status"] == "closed"
    assert Decimal("499.99") < Decimal(found["cost"]) <= 500
    assert "viqc" in found["oflags"]
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    (answer,) = socket.ask(
        "add_order", order_type="market", side="buy", symbol="BTC/USD", cash_order_qty=1000
    )
    assert answer["success"]
    assert socket.reports("pending_new")[0]["cash_order_qty"] == 1000
    assert "order_qty" not in socket.reports("pending_new")[0]
    assert socket.reports("filled")[0]["cum_cost"] <= 1000
    assert trial.client(balances={"USD": "100"})(
        "AddOrder", ordertype="market", type="buy", volume="100", pair="XBTUSD", oflags="viqc"
    ) == ["EOrder:Insufficient funds"]


def test_an_amount_that_the_book_cannot_serve_is_canceled_for_the_rest() -> None:
    trial = Trial()
    trial.market("9", "10", symbol="ETH/USD", qty="2")
    client = trial.client(balances={"USD": "1000"})
    given = {"ordertype": "market", "type": "buy", "pair": "ETHUSD", "oflags": "viqc"}
    (txid,) = client("AddOrder", volume="30", **given)["txid"]
    found = order(client, txid)
    assert (found["status"], found["cost"]) == ("canceled", "20.00000")


@pytest.mark.parametrize(
    ("kind", "side", "price", "absolute"),
    [
        ("limit", "buy", "-100", "49900.0"),
        ("limit", "sell", "+100", "50100.0"),
        ("limit", "buy", "#100", "49900.0"),
        ("limit", "sell", "#2%", "51000.0"),
        ("limit", "buy", "-0.5%", "49750.0"),
        ("stop-loss", "sell", "#1%", "49500.0"),
        ("stop-loss", "buy", "#10.5", "50010.5"),
        ("take-profit", "sell", "#1%", "50500.0"),
    ],
)
def test_prices_may_be_relative_to_the_last_one(
    kind: str, side: str, price: str, absolute: str
) -> None:
    _, client = market()
    txid = place(client, kind, side, price)
    assert order(client, txid)["descr"]["price"] == absolute


@pytest.mark.parametrize("price", ["+", "%5", "5%", "*5", "+-5", "-60000", "#1e3"])
def test_nonsense_is_no_relative_price(price: str) -> None:
    _, client = market()
    assert place(client, "limit", "buy", price) == ["EGeneral:Invalid arguments:price"]


def test_the_socket_gives_triggers_and_relative_prices_its_own_way() -> None:
    _, client = market()
    socket = client.socket()
    given = {"order_type": "stop-loss-limit", "side": "sell", "order_qty": Decimal("0.1")}
    given |= {"symbol": "BTC/USD", "limit_price": -2, "limit_price_type": "pct"}
    triggers = {"price": -500, "price_type": "quote", "reference": "last"}
    (answer,) = socket.ask("add_order", **given, triggers=triggers)
    found = order(client, answer["result"]["order_id"])
    assert (found["descr"]["price"], found["descr"]["price2"]) == ("49500.0", "49000.0")
    (answer,) = socket.ask("add_order", **given, triggers={**triggers, "reference": "index"})
    assert answer["error"] == "EGeneral:Invalid arguments:Index unavailable"
    (answer,) = socket.ask("add_order", **given, triggers={"when": 5})
    assert answer["error"] == "Unsupported field: 'when' for the given msg type: add order"


@pytest.mark.parametrize(
    "more",
    [
        {"close[ordertype]": "limit", "close[price]": "1"},
        {"leverage": "5"},
        {"displayvol": "0.01"},
        {"reduce_only": "true"},
    ],
)
def test_what_this_exchange_does_not_do_is_refused_as_a_whole(more: dict[str, str]) -> None:
    _, client = market()
    assert place(client, "limit", "buy", "40000", **more) == ["EAPI:Feature disabled"]
    assert client("OpenOrders") == {"open": {}}


@pytest.mark.parametrize("kind", ["iceberg", "trailing-stop", "trailing-stop-limit"])
def test_so_are_order_types_that_it_does_not_have(kind: str) -> None:
    _, client = market()
    assert place(client, kind, "buy", "+1%") == ["EAPI:Feature disabled"]


def test_fees_follow_the_volume_of_thirty_days() -> None:
    trial, client = market()
    rich = trial.client(balances={"USD": "10000000"})
    trial.market("49999", "50001", qty="400")

    def buy(volume: str) -> Decimal:
        (txid,) = rich.limit("buy", volume, "50001", timeinforce="IOC")["txid"]
        found = order(rich, txid)
        return (Decimal(found["fee"]) / Decimal(found["cost"])).quantize(Decimal("0.0001"))

    assert buy("0.2") == Decimal("0.0040")
    assert buy("0.2") == Decimal("0.0035")
    assert buy("20") == Decimal("0.0035")
    told = rich("TradeVolume", pair="XBTUSD")
    assert told["fees"]["XXBTZUSD"]["fee"] == "0.1600"
    assert buy("1") == Decimal("0.0016")
    trial.restart()
    assert rich("TradeVolume", pair="XBTUSD") == {**told, "volume": rich("TradeVolume")["volume"]}
    trial.pass_time(31 * 86_400)
    assert rich("TradeVolume")["volume"] == "0.0000"
    assert client("TradeVolume")["fees"] is None


def test_an_order_that_rests_while_the_fees_change_holds_what_it_did_and_pays_what_holds_then() -> (
    None
):
    trial, _ = market()
    rich = trial.client(balances={"USD": "100000"})
    (resting,) = rich.limit("buy", "0.5", "40000")["txid"]
    held = rich("BalanceEx")["ZUSD"]["hold_trade"]
    rich.limit("buy", "0.25", "50001", timeinforce="IOC")  # into the second row of the fees
    assert rich("BalanceEx")["ZUSD"]["hold_trade"] == held == "20080.0000"
    trial.market("39000", "50001")
    assert Decimal(order(rich, resting)["fee"]) == 40, "20 of 10,000; it was placed at 25"
    assert rich("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


def test_who_pays_the_least_fees_has_no_next_row_of_them() -> None:
    trial, _ = market()
    rich = trial.client(balances={"USD": "1000000000000"})
    trial.market("49999", "50001", qty="1000000")
    first = rich("TradeVolume", pair="XBTUSD")["fees"]["XXBTZUSD"]
    assert (first["fee"], first["nextfee"]) == (first["maxfee"], "0.3500")
    rich.limit("buy", "500000", "50001", timeinforce="IOC")
    last = rich("TradeVolume", pair="XBTUSD")["fees"]["XXBTZUSD"]
    assert (last["fee"], last["nextfee"], last["nextvolume"]) == (last["minfee"], None, None)


def test_a_price_that_was_met_and_left_again_at_once_has_been_met() -> None:
    trial, client = market()
    txid = place(client, "stop-loss", "sell", "49000")
    trial.client(balances={"BTC": "1"}).limit("sell", "0.01", "50000.5")
    dip = {"price": "48999", "qty": "0.001", "side": "buy"}
    trial.admin("market", {"symbol": "BTC/USD", "trade": dip, "best_bid": "50000.6"})
    assert order(client, txid)["status"] == "closed"
