"""What people's commands read of the market: the pairs in focus, and the scout's ranking.

A database may hold several desks: what is read is of one account, or, of the focus, of whoever wrote last.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from zoe.store.connection import Database

#: The newest row of a stream that each account has one of.
_NEWEST: Final = """
    SELECT newest.seq, newest.account_id, newest.body
      FROM (SELECT DISTINCT account_id FROM boot
             WHERE account_id = coalesce(CAST(:account AS text), account_id)) known,
           LATERAL (SELECT * FROM journal
                     WHERE account_id = known.account_id
                       AND stream = :name || '/' || known.account_id
                  ORDER BY version DESC LIMIT 1) newest
  ORDER BY newest.at_ns DESC LIMIT 1"""
_FOCUS: Final = f"SELECT body -> 'focus' FROM ({_NEWEST}) row"
#: The scout's own: a strategy that scans writes its passes beside them, in a stream that goes on with its name.
_RANKS: Final = f"""
    SELECT symbol, rank FROM candidate_scans
     WHERE (seq, account_id) = (SELECT seq, account_id FROM ({_NEWEST}) row)"""


def ranks(database: Database, account_id: str) -> Mapping[str, int]:
    """The heads of the newest ranking that was written down; none where no scout ever ran."""
    found = _read(database, _RANKS, account_id, "scan")
    return {str(symbol): int(rank) for symbol, rank in found}


def focus(database: Database, account_id: str | None) -> Sequence[str]:
    """The pairs in focus as they were written down last; none where no scout ever ran."""
    found = _read(database, _FOCUS, account_id, "focus")
    return tuple(map(str, found[0][0])) if found else ()


def _read(database: Database, sql: str, account_id: str | None, name: str) -> Sequence[Any]:
    rows: Sequence[Any] = database.run(lambda c: c.run(sql, account=account_id, name=name))
    return rows
