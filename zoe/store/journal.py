"""The journal on PostgreSQL. One statement a group, so one transaction, durable when it returns."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from zoe.domain.errors import StoreConflict
from zoe.domain.order import CONCLUDED
from zoe.messages.journal import StoredRow
from zoe.ports.journal import JournalRow
from zoe.store.connection import Connection, Database

_COLUMNS: Final = (
    "seq, account_id, stream, version, kind, at_ns, message_id, correlation_id, causation_id, "
    "anchor_seq, body"
)
#: pg8000 encodes arrays in Python: one JSON text is three times quicker.
_INSERT: Final = f"""
INSERT INTO journal ({_COLUMNS})
SELECT {_COLUMNS} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
    seq bigint, account_id text, stream text, version bigint, kind text, at_ns bigint,
    message_id bigint, correlation_id bigint, causation_id bigint, anchor_seq bigint, body jsonb)
"""
_READ: Final = "SELECT seq, stream, version, kind, at_ns, body FROM journal"
_OPEN: Final = f"""
{_READ} WHERE stream IN (
    SELECT stream FROM (
        SELECT DISTINCT ON (stream) stream, body ->> 'state' AS state
          FROM journal WHERE account_id = :account AND stream LIKE 'order/%'
         ORDER BY stream, version DESC) newest
     WHERE NOT state = ANY(string_to_array(:concluded, ',')))
ORDER BY stream, version
"""
_OF_ORDER: Final = f"""
{_READ} WHERE stream IN (
    SELECT stream FROM journal
     WHERE account_id = :account AND body ->> 'order_id' = :order_id AND body ? 'order_id'
       AND stream LIKE 'order/%')
ORDER BY stream, version
"""


def _text(rows: Sequence[JournalRow]) -> str:
    return msgspec.json.encode(
        [
            {
                "seq": row.seq,
                "account_id": row.account_id,
                "stream": row.stream,
                "version": row.version,
                "kind": row.kind,
                "at_ns": row.at_ns,
                "message_id": row.message_id,
                "correlation_id": row.correlation_id,
                "causation_id": row.causation_id,
                "anchor_seq": row.anchor_seq,
                "body": msgspec.Raw(row.body.encode()),
            }
            for row in rows
        ]
    ).decode()


class PostgresJournal:
    """Implements ``ports.journal.JournalStore``; used from one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_seq(self) -> int:
        """See JournalStore."""
        found = self._rows("SELECT coalesce(max(seq), 0) FROM journal")
        return int(found[0][0])

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        text = _text(rows)
        self._database.run(lambda connection: connection.run(_INSERT, rows=text))

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        text = _text(rows)

        def work(connection: Connection) -> None:
            connection.run(_INSERT + " ON CONFLICT DO NOTHING", rows=text)
            found = connection.run(
                "SELECT seq, stream, version, kind, message_id, body FROM journal "
                "WHERE seq BETWEEN :first AND :last ORDER BY seq",
                first=rows[0].seq,
                last=rows[-1].seq,
            )
            ours = [
                [r.seq, r.stream, r.version, r.kind, r.message_id, msgspec.json.decode(r.body)]
                for r in rows
            ]
            if found != ours:
                raise StoreConflict(f"other rows stand at {rows[0].seq} to {rows[-1].seq}")

        self._database.run(work)

    def stream(self, stream: str, *, last: bool = False) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        order = "version DESC LIMIT 1" if last else "version"
        sql = f"{_READ} WHERE stream = :name ORDER BY {order}"
        return _stored(self._rows(sql, name=stream))

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        concluded = ",".join(sorted(state.value for state in CONCLUDED))
        return _stored(self._rows(_OPEN, account=account_id, concluded=concluded))

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return _stored(self._rows(_OF_ORDER, account=account_id, order_id=order_id))

    def _rows(self, sql: str, **values: Any) -> list[list[Any]]:
        def work(connection: Connection) -> list[list[Any]]:
            rows: list[list[Any]] = connection.run(sql, **values)
            return rows

        return self._database.run(work)


def _stored(rows: list[list[Any]]) -> tuple[StoredRow, ...]:
    return tuple(StoredRow(*row) for row in rows)
