"""Profits as they are put together of journal rows."""

from typing import Any

from zoe.app.profits import document, profits


def execution(name: str, side: str, price: str, at_ns: int, source: str = "strategy/s") -> Any:
    body = {
        "exec_id": name, "trade_id": None, "order_id": "O1", "pair": "X/USD", "side": side,
        "quantity": "1", "price": price, "cost": price, "fee": "0.25", "fee_asset": "USD",
        "liquidity": "m", "exchange_ns": at_ns,
    }  # fmt: skip
    return {"account_id": "a", "source": source, "body": body}


def mark(kind: str, fair: str, at_ns: int, exec_id: str) -> Any:
    body = {"exec_id": exec_id, "pair": "X/USD", "at_ns": str(at_ns), "fair": fair}
    return {"kind": kind, "at_ns": at_ns, "body": body}


def test_each_strategys_executions_go_by_its_own_marks_and_the_newest_of_a_minute() -> None:
    rows = [execution("E1", "buy", "99", 5), execution("E2", "sell", "101", 9, "strategy/t")]
    marks = {
        "s": [
            mark("fill.marked", "100", 6, "E1"),
            mark("fill.followed", "99.5", 7, "E1"),
            {"kind": "strategy.marks", "at_ns": 9, "body": {"at_ns": "9", "fair": {"X/USD": "98"}}},
        ]
    }
    found = document(profits(rows, lambda _, name: marks.get(name, [])))
    first, second = found["pairs"]
    parts = ("spread", "adverse", "inventory", "fees", "profit", "held", "mark")
    assert [first[part] for part in parts] == ["1", "-0.5", "-1.5", "-0.25", "-1.25", "1", "98"]
    assert (second["strategy"], second["unmarked"], second["mark"]) == ("t", 1, "101")
    assert found["totals"][0]["profit"] == "-1.25"
    assert found["totals"][0]["currency"] == "USD"


def test_a_strategy_that_writes_no_marks_goes_by_the_quotes_it_decided_on() -> None:
    quote = {"symbol": "X/USD", "bid": "99", "ask": "101.0", "live": True}
    gone = {"symbol": "X/USD", "bid": None, "ask": "101.0", "live": True}
    rows = [
        {"kind": "decision.made", "at_ns": at_ns, "body": {"quote": each}}
        for at_ns, each in ((4, quote), (6, gone))
    ]
    found = profits([execution("E1", "buy", "99", 5)], lambda *_: rows)
    assert found[0].split.spread == 1
    assert found[0].split.mark == 100
