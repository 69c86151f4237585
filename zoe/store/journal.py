"""The journal on PostgreSQL. One statement a group, so one transaction, durable when it returns."""

import re
from collections.abc import Sequence
from typing import Any, Final

import attrs
import msgspec

from zoe.domain.errors import StoreConflict
from zoe.domain.order import CONCLUDED
from zoe.messages.journal import StoredRow
from zoe.ports.journal import JournalRow
from zoe.store.connection import Connection, Database

_NAMES: Final = tuple(field.name for field in attrs.fields(JournalRow))
_COLUMNS: Final = ", ".join(_NAMES)
#: pg8000 encodes arrays in Python: one JSON text is three times quicker.
_GIVEN: Final = """
jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
    seq bigint, account_id text, stream text, version bigint, kind text, at_ns bigint,
    message_id bigint, correlation_id bigint, causation_id bigint, anchor_seq bigint, body jsonb)
"""
_INSERT: Final = f"INSERT INTO journal ({_COLUMNS}) SELECT {_COLUMNS} FROM {_GIVEN}"
_SAME: Final = " AND ".join(f"j.{name} IS NOT DISTINCT FROM r.{name}" for name in _NAMES)
_COUNT_SAME: Final = (
    f"SELECT count(*) FROM {_GIVEN} JOIN journal j USING (account_id, seq) WHERE {_SAME}"
)
_READ: Final = "SELECT seq, stream, version, kind, at_ns, body FROM journal"
_OPEN: Final = f"""
{_READ} WHERE account_id = :account AND stream IN (
    SELECT stream FROM (
        SELECT DISTINCT ON (stream) stream, body ->> 'state' AS state
          FROM journal WHERE account_id = :account AND stream LIKE 'order/%'
         ORDER BY stream, version DESC) newest
     WHERE NOT state = ANY(string_to_array(:concluded, ',')))
ORDER BY stream, version
"""
_OF_ORDER: Final = f"""
{_READ} WHERE account_id = :account AND stream IN (
    SELECT stream FROM journal
     WHERE account_id = :account AND body ->> 'order_id' = :order_id AND body ? 'order_id'
       AND stream LIKE 'order/%')
ORDER BY stream, version
"""
#: What JSON allows in a text and PostgreSQL does not.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _text(rows: Sequence[JournalRow]) -> str:
    return msgspec.json.encode([_plain(row) for row in rows]).decode()


def _plain(row: JournalRow) -> dict[str, Any]:
    body = row.body
    if "\\u0000" in body:
        body = _NUL.sub(r"\1\\ufffd", body)
    return {name: getattr(row, name) for name in _NAMES} | {"body": msgspec.Raw(body.encode())}


class PostgresJournal:
    """Implements ``ports.journal.JournalStore``; used from one thread at a time."""

    def __init__(self, database: Database, account_id: str) -> None:
        self._database = database
        self._account_id = account_id

    def last_seq(self) -> int:
        """See JournalStore."""
        sql = "SELECT coalesce(max(seq), 0) FROM journal WHERE account_id = :account"
        return int(self._rows(sql, account=self._account_id)[0][0])

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        self._database.run_prepared(_INSERT, rows=_text(rows))

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        text = _text(rows)

        def work(connection: Connection) -> None:
            connection.run("START TRANSACTION")
            # Waits for a commit of the same rows that the server may still be at.
            connection.run(f"{_INSERT} ON CONFLICT DO NOTHING", rows=text)
            same = connection.run(_COUNT_SAME, rows=text)[0][0]
            if same != len(rows):
                connection.run("ROLLBACK")
                text_of_it = f"{len(rows) - same} other rows stand at {rows[0].seq} and after"
                raise StoreConflict(text_of_it)
            connection.run("COMMIT")

        self._database.run(work)

    def stream(self, stream: str, *, last: bool = False) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        order = "version DESC LIMIT 1" if last else "version"
        sql = f"{_READ} WHERE account_id = :account AND stream = :name ORDER BY {order}"
        return _stored(self._rows(sql, account=self._account_id, name=stream))

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        concluded = ",".join(sorted(state.value for state in CONCLUDED))
        return _stored(self._rows(_OPEN, account=account_id, concluded=concluded))

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return _stored(self._rows(_OF_ORDER, account=account_id, order_id=order_id))

    def _rows(self, sql: str, **values: Any) -> list[list[Any]]:
        rows: list[list[Any]] = self._database.run_prepared(sql, **values)
        return rows


def _stored(rows: list[list[Any]]) -> tuple[StoredRow, ...]:
    return tuple(StoredRow(*row) for row in rows)
