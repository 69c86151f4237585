"""REST's views of the past: pages, windows, filters, and how far they lie behind."""

from decimal import Decimal
from typing import Any

from sandbox_trial import Client, Trial


def trade_often(times: int) -> tuple[Trial, Client]:
    """Buys one after the other, a second apart."""
    trial = Trial()
    trial.market("20000", "20001", qty="100")
    client = trial.first_client()
    for n in range(times):
        trial.pass_time(1)
        client.limit("buy", "0.001", "20001", userref=str(n % 2 + 1))
    return trial, client


def pages(client: Client, call: str, name: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = client(call, ofs=len(found), **params)[name]
        found += [{"id": key, **row} for key, row in page.items()]
        if len(page) < 50:
            return found


def test_pages_have_fifty_rows_newest_first_and_lose_none() -> None:
    _, client = trade_often(120)
    for call, name, times, expected in (
        ("ClosedOrders", "closed", "closetm", 120),
        ("TradesHistory", "trades", "time", 120),
        ("Ledgers", "ledger", "time", 243),
    ):
        rows = pages(client, call, name)
        assert len({row["id"] for row in rows}) == len(rows) == expected
        assert [row[times] for row in rows] == sorted((row[times] for row in rows), reverse=True)
        assert client(call)["count"] == expected
        assert "count" not in client(call, without_count="true")
        assert len(client(call)[name]) == 50


def test_start_is_exclusive_and_end_inclusive_and_both_may_be_ids() -> None:
    _, client = trade_often(6)
    for call, name in (("TradesHistory", "trades"), ("ClosedOrders", "closed")):
        rows = pages(client, call, name)
        times = [row.get("time") or row["closetm"] for row in rows]
        ids = [row["id"] for row in rows]
        for start, end in ((times[4], times[1]), (ids[4], ids[1])):
            found = pages(client, call, name, start=start, end=end)
            assert [row["id"] for row in found] == ids[1:4]
    rows = pages(client, "Ledgers", "ledger")
    found = pages(client, "Ledgers", "ledger", start=rows[7]["id"], end=rows[2]["id"])
    assert [row["id"] for row in found] == [row["id"] for row in rows[2:6]]


def test_a_window_of_closed_orders_is_about_when_they_opened_or_closed_or_both() -> None:
    trial = Trial()
    trial.market("20000", "20001", qty="100")
    client = trial.first_client()
    (early,) = client.limit("buy", "0.001", "15000")["txid"]
    trial.pass_time(1)
    client.limit("buy", "0.001", "20001")
    trial.pass_time(1)
    client("CancelOrder", txid=early)
    rows = client("ClosedOrders")["closed"].values()
    opened, closed = ([row[name] for row in rows] for name in ("opentm", "closetm"))
    (first, second), half = opened, Decimal("0.5")
    assert first < second == closed[1] < closed[0]
    for start, end, found in (
        (second - half, closed[0], {"open": 1, "close": 2, "both": 2}),
        (second - half, closed[0] - half, {"open": 1, "close": 1, "both": 1}),
        (first - half, first, {"open": 1, "close": 0, "both": 1}),
    ):
        for which, count in found.items():
            window = {"start": str(start), "end": str(end), "closetime": which}
            assert client("ClosedOrders", **window)["count"] == count, (which, start, end)


def test_filters_leave_out_what_they_say() -> None:
    _, client = trade_often(6)
    assert len(pages(client, "ClosedOrders", "closed", userref="1")) == 3
    assert len(pages(client, "Ledgers", "ledger", asset="XBT")) == 7
    assert len(pages(client, "Ledgers", "ledger", type="deposit")) == 3
    assert not pages(client, "TradesHistory", "trades", type="closed position")


def test_one_takers_matches_are_one_row_unless_asked_for_singly() -> None:
    trial = Trial()
    makers = [trial.client(balances={"BTC": "1"}) for _ in range(2)]
    for maker, price in zip(makers, ("20000", "20002"), strict=True):
        maker.limit("sell", "0.1", price)
    client = trial.first_client()
    (order_id,) = client.limit("buy", "0.2", "20002")["txid"]
    singly = client("TradesHistory", consolidate_taker="false", ledgers="true")["trades"]
    (row,) = client("TradesHistory", ledgers="true")["trades"].values()
    assert len(singly) == 2
    assert (row["price"], row["vol"], row["ordertxid"]) == ("20001.0", "0.20000000", order_id)
    assert row["cost"] == "4000.20000"
    assert sorted(row["ledgers"]) == sorted(x for one in singly.values() for x in one["ledgers"])


def test_rest_lags_behind_the_socket_as_configured() -> None:
    trial = Trial(lag_ms=(2000, 2000))
    trial.market("20000", "20001")
    client = trial.first_client()
    trial.pass_time(5)
    (waiting,) = client.limit("buy", "0.1", "19000")["txid"]
    assert client("OpenOrders") == {"open": {}}
    assert client("QueryOrders", txid=waiting) == ["EOrder:Unknown order"]
    trial.pass_time(2)
    assert list(client("OpenOrders")["open"]) == [waiting]
    client("AmendOrder", txid=waiting, limit_price="20001")
    seen = client("QueryOrders", txid=waiting, trades="true")[waiting]
    assert (seen["status"], seen["vol_exec"], seen["trades"]) == ("open", "0.00000000", [])
    assert list(client("OpenOrders")["open"]) == [waiting]
    assert not client("TradesHistory")["trades"]
    assert len(client("Ledgers")["ledger"]) == 3
    trial.pass_time(2)
    assert client("QueryOrders", txid=waiting)[waiting]["status"] == "closed"
    assert len(client("TradesHistory")["trades"]) == 1
    assert client("OpenOrders") == {"open": {}}


def test_balance_ex_tells_what_is_held() -> None:
    client = Trial().client(balances={"USD": "1000"})
    client.limit("buy", "0.01", "20000")
    assert client("BalanceEx") == {"ZUSD": {"balance": "1000.0000", "hold_trade": "200.8000"}}
    client("CancelAll")
    assert client("BalanceEx") == {"ZUSD": {"balance": "1000.0000", "hold_trade": "0.0000"}}


def test_an_order_row_is_as_the_exchange_prints_it() -> None:
    client = Trial().first_client()
    (order_id,) = client.limit("buy", "0.01", "20000", oflags="post", cl_ord_id="mine")["txid"]
    row = client("OpenOrders", cl_ord_id="mine")["open"][order_id]
    assert row["descr"]["order"] == "buy 0.01000000 XBTUSD @ limit 20000.0"
    assert row["descr"]["pair"] == "XBTUSD"
    assert (row["oflags"], row["vol"], row["price"]) == ("fciq,post", "0.01000000", "0.0")
    assert (row["cl_ord_id"], row["userref"], row["misc"]) == ("mine", 0, "")
    assert client("OpenOrders", cl_ord_id="yours") == {"open": {}}


def test_a_spoiled_row_is_told_wrong_by_rest_alone_until_all_are_mended() -> None:
    trial, client = trade_often(1)
    well = client("Ledgers")["ledger"]
    usd, btc, *_ = (name for name, row in well.items() if row["asset"] in ("ZUSD", "XXBT"))
    truth, balances = trial.admin("journal", method="GET"), client("Balance")
    trial.admin("spoil", {"ledger_id": usd, "what": "decimals"})
    assert trial.admin("spoil", {"ledger_id": btc, "what": "missing"}) == {"spoiled": 2}
    told = client("Ledgers")["ledger"]
    assert told == client("QueryLedgers", id=",".join(well))
    amount = told[usd].pop("amount")
    assert len(amount.partition(".")[2]) == 11
    assert Decimal(amount).quantize(Decimal("1e-10")) == Decimal(well[usd].pop("amount"))
    assert well[btc].pop("amount") and "amount" not in told[btc]
    assert told == well
    assert (trial.admin("journal", method="GET"), client("Balance")) == (truth, balances)
    trial.admin("spoil", method="DELETE")
    assert all("amount" in row for row in client("Ledgers")["ledger"].values())
