"""The sockets' manners: acks, snapshots, heartbeats, pings, the end of idle ones."""

import pytest
from sandbox_trial import Trial

from zoe.sandbox.core.moments import SECOND_NS


def test_a_new_socket_is_told_the_exchanges_state_first() -> None:
    socket = Trial().open()
    (status,) = socket.frames
    (row,) = status["data"]
    assert (row["system"], row["api_version"]) == ("online", "v2")
    assert row["connection_id"] > 2**53


def test_a_ping_is_answered_without_success_and_refused_with_params() -> None:
    socket = Trial().open()
    socket.send(b'{"method":"ping","req_id":3}')
    pong = socket.frames[-1]
    assert set(pong) == {"method", "req_id", "time_in", "time_out"}
    assert (pong["method"], pong["req_id"]) == ("pong", 3)
    socket.send(b'{"method":"ping","params":{"a":1}}')
    refused = socket.frames[-1]
    assert refused["error"] == "Unsupported field: 'params' for the given msg type: ping"
    assert "req_id" not in refused


def test_every_symbol_is_acked_by_itself_and_its_snapshot_follows() -> None:
    trial = Trial()
    socket = trial.open()
    acks = socket.ask("subscribe", channel="book", symbol=["BTC/USD", "WWW/USD", "ETH/USD"])
    assert [ack["success"] for ack in acks] == [True, False, True]
    assert acks[1]["error"] == "Currency pair not supported WWW/USD"
    assert acks[1]["symbol"] == "WWW/USD" and "result" not in acks[1]
    assert acks[0]["result"] == {
        "channel": "book",
        "symbol": "BTC/USD",
        "depth": 10,
        "snapshot": True,
    }
    kinds = [frame.get("channel") or frame["method"] for frame in socket.frames[1:]]
    assert kinds == ["subscribe", "book", "subscribe", "subscribe", "book"]


@pytest.mark.parametrize("channel", ["book", "ticker", "trade"])
def test_a_symbol_is_subscribed_once_and_unsubscribed_once(channel: str) -> None:
    trial = Trial()
    socket = trial.open()
    wanted = {"channel": channel, "symbol": ["BTC/USD"]}
    assert socket.ask("subscribe", **wanted)[0]["success"]
    assert socket.ask("subscribe", **wanted)[0]["error"] == "Already subscribed"
    assert socket.ask("unsubscribe", **wanted)[0]["success"]
    heard = len(socket.frames)
    trial.market("20000", "20001")
    trial.admin(
        "market", {"symbol": "BTC/USD", "trade": {"price": "20000", "qty": "1", "side": "sell"}}
    )
    assert len(socket.frames) == heard
    assert not socket.ask("unsubscribe", **wanted)[0]["success"]


def test_depths_are_those_of_the_exchange() -> None:
    socket = Trial().open()
    (ack,) = socket.ask("subscribe", channel="book", symbol=["BTC/USD"], depth=20)
    assert ack["error"] == "Subscription depth not supported"
    (ack,) = socket.ask("subscribe", channel="book", symbol=["BTC/USD"], depth="10")
    assert ack["error"] == "Depth field must be a number_integer"
    (ack,) = socket.ask("subscribe", channel="book", symbol=["BTC/USD"], deep=10)
    assert ack["error"] == "Unsupported field: 'deep' for the given msg type: subscribe"


def test_a_level_that_comes_back_into_view_is_sent() -> None:
    trial = Trial()
    trial.market("20000", "20001")
    client = trial.first_client()
    for n in range(11):
        client.limit("buy", "0.1", f"{19_990 - n}")
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    (snapshot,) = socket.channel("book", "snapshot")
    assert len(snapshot["data"][0]["bids"]) == 10
    client("CancelOrder", txid=list(client("OpenOrders")["open"])[-1])
    (update,) = socket.channel("book", "update")
    changes = [(float(row["price"]), float(row["qty"])) for row in update["data"][0]["bids"]]
    assert changes == [(19_990.0, 0.0), (19_981.0, 0.1)]


def test_tickers_come_with_trades_or_with_every_new_best_price() -> None:
    trial = Trial()
    trades, best = trial.open(), trial.open()
    trades.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
    best.ask("subscribe", channel="ticker", symbol=["BTC/USD"], event_trigger="bbo")
    trial.market("20000", "20001")
    assert not trades.channel("ticker", "update")
    row = best.channel("ticker", "update")[-1]["data"][0]
    assert (float(row["bid"]), float(row["ask"])) == (20000, 20001)
    trial.first_client().limit("buy", "0.5", "20001")
    row = trades.channel("ticker", "update")[-1]["data"][0]
    assert (float(row["last"]), float(row["volume"]), float(row["vwap"])) == (20001, 0.5, 20001)
    (trade,) = (t for frame in [*socket_trades(trial)] for t in frame["data"])
    assert (trade["side"], float(trade["qty"])) == ("buy", 0.5)


def socket_trades(trial: Trial) -> list[dict[str, list[dict[str, str]]]]:
    socket = trial.open()
    socket.ask("subscribe", channel="trade", symbol=["BTC/USD"], snapshot=True)
    return socket.channel("trade", "snapshot")


def test_instruments_are_one_object_with_every_pair_and_asset() -> None:
    socket = Trial().open()
    (ack,) = socket.ask("subscribe", channel="instrument")
    assert ack["result"]["warnings"]
    (frame,) = socket.channel("instrument", "snapshot")
    pairs = {row["symbol"]: row for row in frame["data"]["pairs"]}
    assert set(pairs) == {"BTC/USD", "ETH/USD", "ETH/BTC"}
    assert float(pairs["ETH/USD"]["price_increment"]) == 0.005
    assert float(pairs["ETH/USD"]["tick_size"]) == 0.005
    assert float(pairs["BTC/USD"]["qty_min"]) == 0.00005
    for pair in pairs.values():
        assert float(pair["qty_increment"]) == float(f"1e-{pair['qty_precision']}")
    assert {row["id"] for row in frame["data"]["assets"]} == {"USD", "BTC", "ETH", "DOGE"}


def test_a_subscribed_socket_that_hears_nothing_else_hears_a_heartbeat_a_second() -> None:
    trial = Trial()
    socket = trial.open()
    trial.pass_time(3)
    assert not socket.channel("heartbeat")
    socket.ask("subscribe", channel="ticker", symbol=["BTC/USD"], event_trigger="bbo")
    trial.pass_time(3)
    assert len(socket.channel("heartbeat")) == 3
    for n in range(6):
        trial.pass_time("0.5")
        trial.market(f"{20_000 + n}", f"{20_001 + n}")
    assert len(socket.channel("heartbeat")) == 3


def test_what_a_socket_does_may_bring_the_next_wake_up_nearer() -> None:
    trial = Trial()
    socket = trial.open()
    assert trial.exchange.next_wakeup() == trial.now_ns + 60 * SECOND_NS
    socket.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
    assert trial.exchange.next_wakeup() == trial.now_ns + SECOND_NS
    trial.pass_time("0.9")
    socket.ask("unsubscribe", channel="ticker", symbol=["BTC/USD"])
    assert trial.exchange.next_wakeup() == trial.now_ns + 60 * SECOND_NS
    other = trial.open()
    other.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
    assert trial.exchange.next_wakeup() == trial.now_ns + SECOND_NS
    other.close()
    assert trial.exchange.next_wakeup() == trial.now_ns + 60 * SECOND_NS


def test_a_socket_that_neither_listens_nor_speaks_is_closed_after_a_minute() -> None:
    trial = Trial()
    quiet, speaking, listening = trial.open(), trial.open(), trial.open()
    listening.ask("subscribe", channel="instrument")
    trial.pass_time(59)
    speaking.send(b'{"method":"ping"}')
    trial.pass_time(2)
    assert set(trial.drops) == {quiet.connection}
    trial.pass_time(60)
    assert set(trial.drops) == {quiet.connection, speaking.connection}


def test_private_snapshots_are_what_was_asked_for() -> None:
    trial = Trial()
    trial.market("20000", "20001")
    client = trial.first_client()
    client.limit("buy", "0.1", "20001", userref="7")
    client.limit("buy", "0.1", "19000", cl_ord_id="waiting")
    socket = client.socket()
    (ack,) = socket.ask("subscribe", channel="executions", snap_trades=True)
    assert ack["result"]["maxratecount"] == 180
    orders, trades = socket.channel("executions", "snapshot")
    assert [row["cl_ord_id"] for row in orders["data"]] == ["waiting"]
    assert orders["data"][0]["order_status"] == "new"
    (trade,) = trades["data"]
    assert (trade["exec_type"], trade["order_status"]) == ("trade", "filled")
    assert trade["order_userref"] == 7
    socket.ask("subscribe", channel="balances")
    (balances,) = socket.channel("balances", "snapshot")
    assert balances["data"][0]["asset"] == "USD"
    assert balances["data"][0]["wallets"][0]["id"] == "main"
    other = client.socket()
    other.ask("subscribe", channel="executions", snap_orders=False)
    assert not other.channel("executions")


def test_without_order_status_only_beginning_and_end_are_told() -> None:
    trial = Trial()
    client = trial.first_client()
    socket = client.socket()
    socket.ask("subscribe", channel="executions", order_status=False)
    (order_id,) = client.limit("buy", "0.1", "19000")["txid"]
    client("AmendOrder", txid=order_id, limit_price="19001")
    client("CancelAll")
    assert [row["exec_type"] for row in socket.reports()] == ["new", "canceled"]


def test_a_canceled_report_is_a_delta_without_symbol() -> None:
    trial = Trial()
    client = trial.first_client()
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    client.limit("buy", "0.1", "19000", cl_ord_id="mine")
    answers = socket.ask("cancel_order", cl_ord_id=["mine", "nobodys"])
    assert [answer.get("error") for answer in answers] == [None, "EOrder:Unknown order"]
    assert answers[0]["result"] == {"cl_ord_id": "mine"}
    (report,) = socket.reports("canceled")
    assert report["reason"] == report["cancel_reason"] == "User requested"
    assert not {"symbol", "cl_ord_id", "side", "order_qty"} & set(report)


def test_a_fee_is_told_in_dollars_where_their_price_is_known() -> None:
    trial = Trial()
    trial.market("20000", "20001")
    trial.market("0.05", "0.06", symbol="ETH/BTC")
    client = trial.first_client()
    client.limit("buy", "0.1", "20001")
    socket = client.socket()
    socket.ask("subscribe", channel="executions")
    client.limit("buy", "1", "0.06", pair="ETHXBT")
    (trade,) = socket.reports("trade")
    assert float(trade["fees"][0]["qty"]) == pytest.approx(0.00024)
    assert float(trade["fee_usd_equiv"]) == pytest.approx(0.00024 * 20_001)


def test_a_tickers_figures_are_of_the_last_day_and_rests_also_of_today() -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="10")
    client = trial.first_client()
    client.limit("buy", "1", "20001")
    trial.pass_time(22 * 3600)  # from three in the morning into the next day
    trial.market("20100", "20101", qty="10")
    client.limit("buy", "1", "20101")
    row = trial.public("Ticker", pair="XBTUSD")["XXBTZUSD"]
    assert (row["v"], row["t"]) == (["1.00000000", "2.00000000"], [1, 2])
    assert (row["o"], row["l"], row["p"][1]) == (
        "20101.00000",
        ["20101.00000", "20001.00000"],
        "20051.00000",
    )
    trial.pass_time(4 * 3600)
    row = trial.public("Ticker", pair="XBTUSD")["XXBTZUSD"]
    assert (row["v"][1], row["t"][1], row["h"][1]) == ("1.00000000", 1, "20101.00000")


def test_what_happens_out_of_view_is_not_told() -> None:
    trial = Trial()
    client = trial.first_client()
    for n in range(12):
        client.limit("buy", "0.1", f"{19_990 - n}")
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    client.limit("buy", "0.1", "19979")
    client.limit("buy", "0.1", "19900")
    for order_id in list(client("OpenOrders")["open"])[:3]:
        client("CancelOrder", txid=order_id)
    assert not socket.channel("book", "update")
    client.limit("buy", "0.1", "19995")
    (update,) = socket.channel("book", "update")
    assert [float(row["price"]) for row in update["data"][0]["bids"]] == [19_995.0]
