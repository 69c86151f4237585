"""The journal on PostgreSQL. One statement a group, so one transaction, durable when it returns."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

import attrs
import msgspec

from zoe.domain.counted import REMEMBERED_NS
from zoe.domain.errors import StoreConflict
from zoe.domain.order import CONCLUDED
from zoe.messages.journal import StoredRow, quick_stored
from zoe.ports.journal import EXECUTIONS, JournalRow
from zoe.store.connection import Connection, Database

_NAMES: Final = tuple(field.name for field in attrs.fields(JournalRow))
_values: Final = attrgetter(*_NAMES)
_COLUMNS: Final = ", ".join(_NAMES)
#: pg8000 encodes arrays in Python, one JSON text is three times quicker: an array of arrays.
_FIELDS: Final = """
    CAST(r ->> 0 AS bigint) AS seq, r ->> 1 AS account_id, r ->> 2 AS stream,
    CAST(r ->> 3 AS bigint) AS version, r ->> 4 AS kind, CAST(r ->> 5 AS bigint) AS at_ns,
    CAST(r ->> 6 AS bigint) AS message_id, CAST(r ->> 7 AS bigint) AS correlation_id,
    CAST(r ->> 8 AS bigint) AS causation_id, CAST(r ->> 9 AS bigint) AS anchor_seq, r -> 10 AS body
"""
_GIVEN: Final = f"SELECT {_FIELDS} FROM jsonb_array_elements(CAST(:text AS jsonb)) AS given(r)"
_INSERT: Final = f"INSERT INTO journal ({_COLUMNS}) {_GIVEN}"
_SAME: Final = " AND ".join(f"j.{name} IS NOT DISTINCT FROM r.{name}" for name in _NAMES)
_COUNT_SAME: Final = (
    f"SELECT count(*) FROM ({_GIVEN}) r JOIN journal j USING (account_id, seq) WHERE {_SAME}"
)
_READ: Final = "SELECT seq, stream, version, kind, at_ns, body FROM journal"
#: More of them take a while to be written as JSON.
AT_ONCE_ROWS: Final = 32
#: What goes through every order there ever was takes about 25 s for a million of them.
HISTORY_SECONDS: Final = 300
#: As the index journal_ended has them.
ENDED: Final = ("FILLED", "CANCELED", "EXPIRED", "DENIED")
#: As the index journal_short has them: where such a row is the newest, fills are missing still.
_SHORT: Final = "stream LIKE 'order/%' AND (body ->> 'fills_missing') = 'true'"
#: Orders without a state that ends: two indexes side by side. Of all accounts, since with one named
#: and no statistics yet the server would go through all ends for each order.
NOT_ENDED: Final = f"""
WITH candidate AS MATERIALIZED (
    SELECT account_id, stream, seq FROM journal o
     WHERE stream LIKE 'order/%' AND version = 1 AND NOT EXISTS (
           SELECT FROM journal e
            WHERE e.account_id = o.account_id AND e.stream = o.stream
              AND e.stream LIKE 'order/%' AND e.body ->> 'state' IN {ENDED})
)"""
#: LATERAL and OFFSET: the rows of each that is left are looked up, however many are expected.
_OPEN: Final = f"""
{NOT_ENDED}
, short AS MATERIALIZED (SELECT DISTINCT account_id, stream FROM journal WHERE {_SHORT})
SELECT r.seq, r.stream, r.version, r.kind, r.at_ns, r.body
  FROM (SELECT account_id, stream FROM candidate UNION SELECT * FROM short) c
 CROSS JOIN LATERAL (
    SELECT * FROM journal WHERE account_id = c.account_id AND stream = c.stream OFFSET 0) r
 CROSS JOIN LATERAL (
    SELECT body ->> 'state' AS state, body ? 'fills_missing' AS is_short FROM journal
     WHERE account_id = c.account_id AND stream = c.stream ORDER BY version DESC LIMIT 1) newest
 WHERE c.account_id = :account
   AND (is_short OR NOT state = ANY(string_to_array(:concluded, ',')))
 ORDER BY r.stream, r.version
"""
_SINCE: Final = f"""
{_READ} WHERE account_id = :account AND stream = :name AND version >= coalesce((
    SELECT version FROM journal
     WHERE account_id = :account AND stream = :name AND kind = :kind
     ORDER BY version DESC LIMIT 1), 0)
ORDER BY version
"""
#: LATERAL and OFFSET as above: with no statistics yet the server would go through every order's rows.
ORDER_ROWS: Final = """
WITH named AS MATERIALIZED (
    SELECT DISTINCT account_id, stream FROM journal
     WHERE body @> jsonb_build_object('order_id', CAST(:order_id AS text))
)
SELECT r.seq, r.stream, r.version, r.kind, r.at_ns, r.body FROM named n
 CROSS JOIN LATERAL (
    SELECT * FROM journal WHERE account_id = n.account_id AND stream = n.stream OFFSET 0) r
 WHERE n.account_id = :account AND n.stream LIKE 'order/%'
 ORDER BY r.stream, r.version
"""
#: Orders of that many newest rows are told one by one, since news of them may still be on its way.
RECENT_ROWS: Final = 20_000
_TRADED: Final = f"""
WITH fill AS MATERIALIZED (
    SELECT account_id, stream, max(seq) AS seq, body ->> 'pair' AS pair, body ->> 'side' AS side,
           sum((body ->> 'quantity')::numeric) AS quantity,
           sum(CASE WHEN body ->> 'fee_asset' = split_part(body ->> 'pair', '/', 1)
                    THEN (body ->> 'fee')::numeric ELSE 0 END) AS fees
      FROM journal
     WHERE account_id = :account AND kind = 'order.fill' AND stream LIKE 'order/%'
     GROUP BY account_id, stream, body ->> 'pair', body ->> 'side'
), own AS MATERIALIZED (
    SELECT f.*, f.seq > :last - {RECENT_ROWS} OR NOT EXISTS (
               SELECT FROM journal e
                WHERE e.account_id = f.account_id AND e.stream = f.stream
                  AND e.stream LIKE 'order/%' AND e.body ->> 'state' IN {ENDED})
           OR (f.account_id, f.stream) IN (
               SELECT account_id, stream FROM journal WHERE {_SHORT}) AS named
      FROM fill f
     WHERE NOT EXISTS (
               SELECT FROM journal o
                WHERE o.account_id = f.account_id AND o.stream = f.stream AND o.version = 1
                  AND o.stream LIKE 'order/%' AND o.body ->> 'source' = 'external')
)
SELECT max(seq), CASE WHEN named THEN stream ELSE '' END AS name, 1, 'order.traded', 0,
       jsonb_build_object('pair', pair, 'side', side, 'quantity', sum(quantity)::text,
                          'fees', sum(fees)::text)
  FROM own GROUP BY name, pair, side ORDER BY 1
"""
#: From the newest row back: no index has the times. Notes of an emergency are older than their place.
#: MATERIALIZED, LATERAL and OFFSET as above: otherwise the server begins with every order there ever was.
_ASKED: Final = """
WITH asked AS MATERIALIZED (
    SELECT * FROM journal
     WHERE account_id = :account AND kind IN ('order.sending', 'order.amending')
       AND at_ns > :since AND seq > coalesce((
           SELECT seq FROM journal
            WHERE account_id = :account AND at_ns <= :since AND stream NOT LIKE 'emergency/%'
            ORDER BY seq DESC LIMIT 1), 0)
)
SELECT a.seq, a.stream, a.version, a.kind, a.at_ns, o.body FROM asked a
 CROSS JOIN LATERAL (
    SELECT body FROM journal
     WHERE account_id = a.account_id AND stream = a.stream AND version = 1 OFFSET 0) o
 ORDER BY a.seq
"""
_FILLS: Final = """
SELECT f.seq, f.stream, f.version, f.kind, f.at_ns,
       f.body || jsonb_build_object('slot', o.body -> 'slot')
  FROM journal f
  JOIN journal o ON o.account_id = f.account_id AND o.stream = f.stream AND o.version = 1
 WHERE f.account_id = :account AND f.kind = 'order.fill' AND f.stream LIKE 'order/%'
   AND o.body ->> 'source' = :source AND f.seq > :after
 ORDER BY f.seq
"""
_EXECUTIONS: Final = f"""
WITH fill AS MATERIALIZED (
    SELECT body ->> 'exec_id' AS name, CAST(body ->> 'exchange_ns' AS bigint) AS at_ns FROM journal
     WHERE account_id = :account AND kind = 'order.fill' AND stream LIKE 'order/%' AND seq <= :after
)
SELECT name, at_ns FROM fill WHERE at_ns >= (SELECT max(at_ns) FROM fill) - {REMEMBERED_NS}
"""
#: What JSON allows in a text and PostgreSQL does not.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _text(rows: Sequence[JournalRow]) -> str:
    return msgspec.json.encode([(*_values(row)[:-1], _body(row)) for row in rows]).decode()


def _body(row: JournalRow) -> msgspec.Raw:
    body = row.body
    if "\\u0000" in body:
        body = _NUL.sub(r"\1\\ufffd", body)
    return msgspec.Raw(body.encode())


class PostgresJournal:
    """Implements ``ports.journal.JournalStore``; used from one thread at a time."""

    def __init__(self, database: Database, account_id: str) -> None:
        self._database = database
        #: What begins in one thread and ends in another.
        self._shared = Database(database.server, shared=True)
        self._account_id = account_id

    def last_seq(self) -> int:
        """See JournalStore."""
        sql = "SELECT coalesce(max(seq), 0) FROM journal WHERE account_id = :account"
        return int(self._rows(sql, account=self._account_id)[0][0])

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        self._database.run_prepared(_INSERT, text=_text(rows))

    def begin(self, rows: Sequence[JournalRow]) -> Callable[[], None]:
        """See JournalStore."""
        if len(rows) > AT_ONCE_ROWS:
            return partial(self.append, rows)
        return self._shared.begin_prepared(_INSERT, _text(rows))

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        text = _text(rows)

        def work(connection: Connection) -> None:
            connection.run("START TRANSACTION")
            # Waits for a commit of the same rows that the server may still be at.
            connection.run(f"{_INSERT} ON CONFLICT DO NOTHING", text=text)
            same = connection.run(_COUNT_SAME, text=text)[0][0]
            if same != len(rows):
                connection.run("ROLLBACK")
                text_of_it = f"{len(rows) - same} other rows stand at {rows[0].seq} and after"
                raise StoreConflict(text_of_it)
            connection.run("COMMIT")

        self._database.run(work)

    def stream(
        self, stream: str, *, last: bool = False, since: str | None = None
    ) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        account = self._account_id
        if since is not None:
            return _stored(self._rows(_SINCE, account=account, name=stream, kind=since))
        order = "version DESC LIMIT 1" if last else "version"
        sql = f"{_READ} WHERE account_id = :account AND stream = :name ORDER BY {order}"
        return _stored(self._rows(sql, account=account, name=stream))

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        concluded = ",".join(sorted(state.value for state in CONCLUDED))
        with self._database.within(HISTORY_SECONDS):
            return _stored(self._rows(_OPEN, account=account_id, concluded=concluded))

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return _stored(self._rows(ORDER_ROWS, account=account_id, order_id=order_id))

    def traded(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        with self._database.within(HISTORY_SECONDS):
            return _stored(self._rows(_TRADED, account=account_id, last=self.last_seq()))

    def asked(self, account_id: str, since_ns: int) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return _stored(self._rows(_ASKED, account=account_id, since=since_ns))

    def fills(self, account_id: str, source: str, after: int = 0) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        with self._database.within(HISTORY_SECONDS):
            rows = self._rows(_FILLS, account=account_id, source=source, after=after)
            before = self._rows(_EXECUTIONS, account=account_id, after=after) if after else []
        ids = StoredRow(after, "", 0, EXECUTIONS, 0, {"exec_ids": dict(before)})
        return (*((ids,) if after else ()), *_stored(rows))

    def _rows(self, sql: str, **values: Any) -> list[list[Any]]:
        rows: list[list[Any]] = self._database.run_prepared(sql, **values)
        return rows


def _stored(rows: list[list[Any]]) -> tuple[StoredRow, ...]:
    return tuple(quick_stored(*row) for row in rows)
