"""Executions of strategies and the fair values beside them, out of PostgreSQL."""

from typing import Any

import pytest
import stores

from zoe.app.profits import document, profits
from zoe.domain.order_record import canonical
from zoe.ports.journal import JournalRow
from zoe.store import profit_reading
from zoe.store.connection import Database
from zoe.store.journal import PostgresJournal

ACCOUNT = "kraken:a"


@pytest.fixture
def database() -> Database:
    return stores.fresh_database()


def fill(exec_id: str, price: str, at_ns: int) -> dict[str, Any]:
    return {
        "exec_id": exec_id, "trade_id": None, "order_id": "O", "pair": "X/USD", "side": "buy",
        "quantity": "1", "price": price, "cost": price, "fee": "0.25", "fee_asset": "USD",
        "liquidity": "m", "exchange_ns": at_ns,
    }  # fmt: skip


def rows() -> list[JournalRow]:
    """An order of the Edge Factory, one of the quote keeper and one of a person, each filled."""
    told: list[tuple[str, int, str, dict[str, Any]]] = []
    for number, source in enumerate(("strategy/edge", "strategy/keeper", "person"), 1):
        stream = f"order/{ACCOUNT}/i{number}"
        told.append((stream, 1, "order.sending", {"source": source, "state": "SENDING"}))
        told.append((stream, 2, "order.fill", fill(f"E{number}", "99", 5)))
    mark = {"exec_id": "E1", "pair": "X/USD", "at_ns": "5", "fair": "100"}
    told.append((f"strategy-marks/{ACCOUNT}/edge", 1, "fill.marked", mark))
    quote = {"symbol": "X/USD", "bid": "97", "ask": "99", "live": True}
    told.append((f"strategy/{ACCOUNT}/keeper", 1, "decision.made", {"quote": quote}))
    return [
        JournalRow(seq, ACCOUNT, stream, version, kind, 4, seq, seq, None, None, canonical(body))
        for seq, (stream, version, kind, body) in enumerate(told, 1)
    ]


def test_each_strategys_profit_is_split_by_what_it_wrote_down_or_saw(database: Database) -> None:
    PostgresJournal(database, ACCOUNT).append(rows())
    executions = profit_reading.executions(database)
    found = profits(executions, lambda a, name: profit_reading.marks(database, a, name))
    told = [(p["strategy"], p["spread"], p["mark"]) for p in document(found)["pairs"]]
    assert told == [("edge", "1", "100"), ("keeper", "-1", "98")]
