"""What people's commands read of the market: the pairs in focus."""

from collections.abc import Sequence

from zoe.store.connection import Database

_FOCUS = "SELECT body -> 'focus' FROM journal WHERE kind = 'focus.changed' ORDER BY at_ns DESC LIMIT 1"  # fmt: skip


def focus(database: Database) -> Sequence[str]:
    """The pairs in focus as they were written down last; none where no scout ever ran."""
    found = database.run(lambda connection: connection.run(_FOCUS))
    return tuple(map(str, found[0][0])) if found else ()
