"""A journal of the first version is still read: what it did not say has a sense."""

import json

from sandbox_trial import Trial

from zoe.sandbox.core.memory import InMemory

#: The fields of each kind in the first version, beside kind, time, ns, account and batch.
ORDER = ("order_id", "cl_ord_id")
FIRST = {
    "account": ("tier",),
    "key": ("key", "secret", "permissions"),
    "ledger": ("id", "ref_id", "type", "asset", "amount", "fee", "balance"),
    "order_accepted": (
        *ORDER,
        *("symbol", "side", "order_type", "qty", "price", "time_in_force", "post_only"),
        *("stp_type", "fee_in_base", "userref", "expires_ns"),
    ),
    "order_amended": (*ORDER, "amend_id", "qty", "price", "post_only"),
    "order_canceled": (*ORDER, "reason", "filled"),
    "fill": (
        *ORDER,
        *("exec_id", "trade_id", "symbol", "side", "qty", "price", "cost", "fee", "liquidity"),
    ),
    "request": (*ORDER, "key", "nonce", "path", "answered", "fault"),
    "trade_ids": ("symbol", "reserved"),
    "dead_man": ("trigger_ns",),
}
ALWAYS = ("kind", "time", "ns", "account", "batch")


def as_first(line: bytes) -> bytes:
    record = json.loads(line)
    fields = (*ALWAYS, *FIRST[record["kind"]])
    return json.dumps({name: record[name] for name in fields if name in record}).encode()


def test_a_first_journal_is_gone_on_with() -> None:
    trial = Trial(balances={})
    buyer = trial.client(balances={"USD": "50000"})
    seller = trial.client(balances={"BTC": "2"})
    (txid,) = buyer.limit("buy", "1.5", "20000", cl_ord_id="first", oflags="post")["txid"]
    seller.limit("sell", "1", "20000")
    buyer("AmendOrder", txid=txid, limit_price="20001")
    buyer.limit("buy", "0.01", "19000", timeinforce="GTD", expiretm="+600", userref="7")
    buyer("CancelOrder", txid=buyer.limit("buy", "0.01", "19000")["txid"][0])
    buyer("CancelAllOrdersAfter", timeout="3600")

    def told() -> list[object]:
        names = ("BalanceEx", "OpenOrders", "ClosedOrders", "Ledgers", "TradesHistory")
        return [client(name) for client in (buyer, seller) for name in (*names, "TradeVolume")]

    before = told()
    lines = [as_first(line) for line in trial.memory.lines()]
    trial.restart(InMemory(lines))
    assert told() == before
    assert before[5] == {"currency": "ZUSD", "volume": "20000.0000", "fees": None} | {
        "fees_maker": None
    }
