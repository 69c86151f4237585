"""What people's commands read: orders, fills, balances, health, and the causes of a thing.

Numbers come as text, times as nanoseconds; the functions work with or without a running desk.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from zoe.domain.errors import ConfigError
from zoe.domain.quantity import plain
from zoe.store.connection import Connection, Database, Server, server_of
from zoe.store.embedded import EmbeddedServer, Endpoint
from zoe.store.migrate import migrate
from zoe.store.waiting import wait_until_up

_ROW: Final = (
    "seq, account_id, stream, version, kind, at_ns, message_id, correlation_id, causation_id, "
    "anchor_seq, body"
)
_OPEN: Final = ("SENDING", "PENDING", "WORKING", "IN_DOUBT", "WAITING")
#: A story longer than this is cut; it is meant for a person.
MOST_ROWS: Final = 2_000


@contextmanager
def open_for_reading(state_dir: Path) -> Iterator[Database]:
    """A database to read from: the one named in the environment, the running desk's own, or the
    desk's own started for the occasion and stopped again.

    Raises:
        ConfigError: There is nothing to read yet.
        StoreError: The database cannot be reached.
    """
    url = os.environ.get("DATABASE_URL")
    if url:
        yield Database(server_of(url))
        return
    if not (state_dir / "pg" / "ready").exists():
        raise ConfigError(f"nothing to read in {state_dir}: no desk has run there yet")
    running = EmbeddedServer.running(state_dir)
    if running is not None:
        yield Database(server_at(running))
        return
    server = EmbeddedServer.start(state_dir)
    try:
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
        migrate(database)
        yield database
        database.discard()
    finally:
        server.stop()


def server_at(endpoint: Endpoint) -> Server:
    """The server behind an embedded one's socket."""
    return Server(endpoint.user, endpoint.password, endpoint.database, socket=endpoint.socket)


def _query(database: Database, sql: str, **values: Any) -> list[dict[str, Any]]:
    def work(connection: Connection) -> list[dict[str, Any]]:
        rows = connection.run(sql, **values)
        names = [column["name"] for column in connection.columns]
        return [dict(zip(names, row, strict=True)) for row in rows]

    return database.run(work)


def _texts(row: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        if row[name] is not None:
            row[name] = plain(row[name])
    return row


def orders(database: Database, *, every: bool) -> list[dict[str, Any]]:
    """Orders, oldest first; only those that are not concluded unless ``every``."""
    rows = _query(database, "SELECT * FROM orders ORDER BY seq")
    return [
        _texts(row, "quantity", "limit_price", "filled_quantity")
        for row in rows
        if every or row["state"] in _OPEN
    ]


def fills(database: Database) -> list[dict[str, Any]]:
    """Fills in the order in which they were journalled."""
    sql = """
        SELECT f.*, o.body ->> 'cl_ord_id' AS cl_ord_id FROM fills f
          LEFT JOIN journal o ON o.stream = 'order/' || f.account_id || '/' || f.intent_id
                             AND o.version = 1
         ORDER BY f.seq
    """
    names = ("quantity", "price", "cost", "fee")
    return [_texts(row, *names) for row in _query(database, sql)]


def balances(database: Database) -> list[dict[str, Any]]:
    """What each wallet holds."""
    sql = "SELECT * FROM accounts ORDER BY asset, wallet_type, wallet_id"
    return [_texts(row, "balance") for row in _query(database, sql)]


def health(database: Database) -> list[dict[str, Any]]:
    """Each component's last sign of life."""
    return _query(database, "SELECT * FROM health ORDER BY component")


def why(database: Database, wanted: str) -> list[dict[str, Any]]:
    """The journal rows that tell how a thing came about, in order: found by any id, then walked
    along streams, decisions, correlations and anchors until nothing is added."""
    found = {row["seq"]: row for row in _named(database, wanted)}
    frontier = list(found.values())
    while frontier and len(found) < MOST_ROWS:
        around = [r for row in frontier for r in _around(database, row)]
        frontier = [r for r in around if r["seq"] not in found]
        found |= {r["seq"]: r for r in frontier}
    return [found[seq] for seq in sorted(found)]


def _named(database: Database, wanted: str) -> list[dict[str, Any]]:
    keys = ("order_id", "cl_ord_id", "intent_id", "exec_id", "ledger_id", "ref_id")
    by_text = " OR ".join(f"body @> jsonb_build_object('{k}', CAST(:id AS text))" for k in keys)
    rows = _query(database, f"SELECT {_ROW} FROM journal WHERE {by_text} LIMIT 100", id=wanted)
    if wanted.isdecimal() and len(wanted) < 19:
        by_number = (
            "message_id = :n OR correlation_id = :n OR body @> jsonb_build_object('trade_id', :n)"
        )
        sql = f"SELECT {_ROW} FROM journal WHERE {by_number} LIMIT 100".replace(
            ":n", "CAST(:n AS bigint)"
        )
        rows += _query(database, sql, n=int(wanted))
    return rows


def _around(database: Database, row: dict[str, Any]) -> list[dict[str, Any]]:
    """What a row leads to: its order's whole stream, what its order follows from, its anchor."""
    near: list[dict[str, Any]] = []
    if row["stream"].startswith("order/"):
        sql = f"SELECT {_ROW} FROM journal WHERE stream = :name"
        near += _query(database, sql, name=row["stream"])
    decision = row["body"].get("decision")
    if isinstance(decision, str) and "@" in decision:
        stream, _, version = decision.rpartition("@")
        sql = f"SELECT {_ROW} FROM journal WHERE stream = :name AND version = :version"
        near += _query(database, sql, name=stream, version=int(version))
    if row["anchor_seq"] is not None:
        sql = f"SELECT {_ROW} FROM journal WHERE seq = :seq"
        near += _query(database, sql, seq=row["anchor_seq"])
    if row["kind"] == "order.fill":
        sql = f"SELECT {_ROW} FROM journal WHERE body @> jsonb_build_object('ref_id', :id::text)"
        near += _query(
            database, sql.replace(":id::text", "CAST(:id AS text)"), id=row["body"]["exec_id"]
        )
    return near
