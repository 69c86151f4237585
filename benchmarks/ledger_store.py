"""The books' store beside a bare commit, in the same run: one event durable, and a backfill.

    python benchmarks/ledger_store.py [--events N]

Each event is what the desk stores of a trade: its rows, entries, postings and lots, with every
guard on. The bare commit is one row of as many bytes into a table without a trigger.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fakes")]

import small_account

from zoe.domain.booking import REST, Delivery, StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.marks import NoMarks
from zoe.store.connection import Connection, Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.ledger import PostgresLedger
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

BATCH_ROWS = 1_000
BARE = "INSERT INTO bare (body) VALUES (:body)"


def percentiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        name: round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000, 2)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def one_by_one(database: Database, events: int) -> dict[str, Any]:
    """An event a transaction, a bare commit after each."""
    store = PostgresLedger(database, "bench:one")
    keeping = Bookkeeping(StoredBooks(), NoMarks())
    account = small_account.Account(1)
    ours, bare = list[float](), list[float]()

    def bare_commit(connection: Connection) -> object:
        return connection.run(BARE, body="x" * 1_000)

    database.run(lambda c: c.run("CREATE TABLE bare (id serial PRIMARY KEY, body text)"))
    for _ in range(events):
        known = len(account.rows)
        account.event()
        deliveries = [Delivery(row, REST, 1) for row in account.rows[known:]]
        booking = keeping.take(deliveries, None, 1)
        ours.append(timed(lambda booking=booking: store.book([booking])))  # type: ignore[misc]  # bound at once
        bare.append(timed(lambda: database.run(bare_commit)))
    return {"event_ms": percentiles(ours[50:]), "bare_commit_ms": percentiles(bare[50:])}


def backfill(database: Database, events: int) -> dict[str, Any]:
    """Many rows a transaction, then all of it read again."""
    store = PostgresLedger(database, "bench:backfill")
    keeping = Bookkeeping(StoredBooks(), NoMarks())
    rows = small_account.lived(2, events).rows
    began = time.perf_counter()
    for at in range(0, len(rows), BATCH_ROWS):
        deliveries = [Delivery(row, REST, 1) for row in rows[at : at + BATCH_ROWS]]
        store.book([keeping.take(deliveries, None, 1)])
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    again = Bookkeeping(store.load(), NoMarks())
    assert again.catch_up(None, 1).is_empty
    return {
        "rows": len(rows),
        "seconds": round(seconds, 2),
        "entries_per_second": round(len(rows) / seconds),
        "load_seconds": round(time.perf_counter() - began, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="zoe-bench-") as place:
        server = EmbeddedServer.start(Path(place) / "state")
        try:
            database = Database(server_at(server.endpoint))
            wait_until_up(database, server)
            migrate(database)
            one = one_by_one(database, 1_000)
            print(json.dumps({"one_by_one": one, "backfill": backfill(database, events)}, indent=1))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
