"""What people's commands read of the market: the pairs in focus, and the scout's ranking."""

from collections.abc import Mapping, Sequence

from zoe.store.connection import Database

_FOCUS = "SELECT body -> 'focus' FROM journal WHERE kind = 'focus.changed' ORDER BY at_ns DESC LIMIT 1"  # fmt: skip

#: The scout's own: a strategy that scans writes its passes beside them, in a stream that goes on with its name.
_RANKS = """
    SELECT symbol, rank FROM candidate_scans WHERE seq = (
        SELECT max(seq) FROM journal WHERE kind = 'scan.ranked' AND stream = 'scan/' || account_id)"""


def ranks(database: Database) -> Mapping[str, int]:
    """The heads of the newest ranking that was written down; none where no scout ever ran."""
    found = database.run(lambda connection: connection.run(_RANKS))
    return {str(symbol): int(rank) for symbol, rank in found}


def focus(database: Database) -> Sequence[str]:
    """The pairs in focus as they were written down last; none where no scout ever ran."""
    found = database.run(lambda connection: connection.run(_FOCUS))
    return tuple(map(str, found[0][0])) if found else ()
