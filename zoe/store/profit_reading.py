"""What profits are split by: executions of strategies, and the fair values that these wrote down."""

from typing import Any, Final

from zoe.store.connection import Database
from zoe.store.journal import HISTORY_SECONDS

Row = dict[str, Any]

_EXECUTIONS: Final = """
SELECT f.account_id, o.body ->> 'source', f.body
  FROM journal f
  JOIN journal o ON o.account_id = f.account_id AND o.stream = f.stream AND o.version = 1
 WHERE f.kind = 'order.fill' AND f.stream LIKE 'order/%'
   AND o.stream LIKE 'order/%' AND o.body ->> 'source' LIKE 'strategy/%'
 ORDER BY f.account_id, f.seq
"""
_MARKS: Final = """
SELECT kind, at_ns, body FROM journal
 WHERE account_id = :account AND stream = :name ORDER BY version
"""
#: Of a strategy that writes down no fair values: what it saw when it decided.
_QUOTES: Final = """
SELECT kind, at_ns, jsonb_build_object('quote', body -> 'quote') FROM journal
 WHERE account_id = :account AND stream = :name AND kind = 'decision.made' ORDER BY version
"""


def executions(database: Database) -> list[Row]:
    """Every execution of every strategy, with its account and source, oldest first."""
    with database.within(HISTORY_SECONDS):
        found = database.run(lambda connection: connection.run(_EXECUTIONS))
    return [{"account_id": a, "source": source, "body": body} for a, source, body in found]


def marks(database: Database, account: str, strategy: str) -> list[Row]:
    """The fair values that a strategy wrote down, oldest first; else the quotes it decided on."""
    places = (
        (_MARKS, f"strategy-marks/{account}/{strategy}"),
        (_QUOTES, f"strategy/{account}/{strategy}"),
    )
    for sql, stream in places:
        with database.within(HISTORY_SECONDS):
            rows = database.run_prepared(sql, account=account, name=stream)
        if rows:
            return [{"kind": kind, "at_ns": at_ns, "body": body} for kind, at_ns, body in rows]
    return []
