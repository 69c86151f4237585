"""An order's life, by REST and on a socket, as its owner sees it."""

from decimal import Decimal

from sandbox_trial import Trial


def test_a_socket_order_rests_is_matched_and_told_as_deltas() -> None:
    trial = Trial()
    maker = trial.client(balances={"USD": "100000"})
    socket = maker.socket()
    socket.ask("subscribe", channel="executions")
    (answer,) = socket.ask(
        "add_order",
        order_type="limit",
        side="buy",
        order_qty=Decimal("0.02"),
        symbol="BTC/USD",
        limit_price=90000,
        cl_ord_id="first",
    )
    order_id = answer["result"]["order_id"]
    assert answer["result"]["cl_ord_id"] == "first"
    taker = trial.client(balances={"BTC": "1"})
    taker.limit("sell", "0.005", "90000")
    taker.limit("sell", "0.015", "89999")
    reports = socket.reports()
    assert [row["exec_type"] for row in reports] == [
        "pending_new",
        "new",
        "trade",
        "trade",
        "filled",
    ]
    assert all(row["order_id"] == order_id for row in reports)
    described, live, part, rest, done = reports
    assert described["limit_price"] == Decimal("90000.0")
    assert described["time_in_force"] == "GTC"
    assert "symbol" not in live and "cl_ord_id" not in live
    assert part["last_price"] == rest["last_price"] == Decimal(90000)
    assert (part["order_status"], rest["order_status"]) == ("partially_filled",) * 2
    assert part["fees"] == [{"asset": "USD", "qty": Decimal("1.12500")}]
    assert done["order_status"] == "filled"
    assert (done["cum_qty"], done["cum_cost"]) == (Decimal("0.02"), Decimal(1800))
    sequences = [frame["sequence"] for frame in socket.channel("executions")]
    assert sequences == list(range(1, len(sequences) + 1))


def test_numbers_on_the_socket_are_numbers_in_plain_notation_with_all_decimals() -> None:
    trial = Trial()
    socket = trial.first_client().socket()
    socket.ask("subscribe", channel="executions")
    trial.raw.clear()
    order = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD"}
    socket.ask("add_order", order_qty=Decimal("0.02"), limit_price=90000, **order)
    text = b"".join(trial.raw)
    for printed in (
        b'"order_qty":0.02000000',
        b'"limit_price":90000.0,',
        b'"cum_qty":0.00000000',
        b'"cum_cost":0.00000,',
    ):
        assert printed in text


def test_a_rest_order_that_takes_is_booked_to_the_last_digit() -> None:
    trial = Trial()
    trial.market("90000.0", "90001.0")
    client = trial.client(balances={"USD": "50000"})
    told = client.limit("buy", "0.5", "90001.0", oflags="fciq", cl_ord_id="all-of-it")
    assert told["descr"]["order"] == "buy 0.50000000 XBTUSD @ limit 90001.0"
    (order_id,) = told["txid"]
    closed = client("ClosedOrders", trades="true")["closed"][order_id]
    assert (closed["status"], closed["reason"]) == ("closed", None)
    assert (closed["cost"], closed["fee"]) == ("45000.50000", "180.00200")
    (exec_id,) = closed["trades"]
    rows = client("Ledgers")["ledger"].values()
    legs = {row["asset"]: row for row in rows if row["refid"] == exec_id}
    assert (legs["ZUSD"]["amount"], legs["ZUSD"]["fee"]) == ("-45000.5000", "180.0020")
    assert (legs["XXBT"]["amount"], legs["XXBT"]["fee"]) == ("0.5000000000", "0.0000000000")
    assert client("Balance") == {"ZUSD": "4819.4980", "XXBT": "0.5000000000"}
