"""Views of decisions go from the journal once they are old; all else of a decision stays.

With a View a decision can be made again (``zoe replay --decision``); it is ten times as long as the rest of
its row. They go a few at a time, beside the signs of life, so that no commit waits for long.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from zoe.store.connection import Database
from zoe.store.desk import HealthRow, write_health

DAY_NS: Final = 86_400_000_000_000
#: So many at once: some 20 ms of the server's.
AT_ONCE: Final = 50
#: How long to wait where none was left.
PAUSE_NS: Final = 600_000_000_000
_FORGET: Final = """
    UPDATE journal SET body = body - 'made'
     WHERE account_id = :account AND seq IN (
           SELECT seq FROM journal
            WHERE account_id = :account AND kind = 'decision.made' AND body ? 'made'
              AND at_ns < :oldest
            ORDER BY at_ns LIMIT :most)
 RETURNING seq
"""


def forget_views(database: Database, account_id: str, oldest_ns: int) -> int:
    """Lets the oldest Views go that are older than a moment; how many went.

    A day's at least are kept: the journal itself refuses to let younger ones go.
    """
    values = {"account": account_id, "oldest": oldest_ns, "most": AT_ONCE}
    return len(database.run(lambda connection: connection.run(_FORGET, **values)))


class ViewsKept:
    """Writes signs of life, and lets old Views go; used from one thread at a time.

    Args:
        days: So long Views are kept.
        now_ns: Wall time.
    """

    def __init__(
        self,
        database: Database,
        account_id: str,
        days: int,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._database = database
        self._account_id = account_id
        self._kept_ns = days * DAY_NS
        self._now_ns = now_ns
        self._again_ns = 0

    def write_health(self, rows: Sequence[HealthRow]) -> None:
        """Makes health rows durable; raises StoreError."""
        write_health(self._database, self._account_id, rows)
        now_ns = self._now_ns()
        if now_ns >= self._again_ns:
            gone = forget_views(self._database, self._account_id, now_ns - self._kept_ns)
            if gone < AT_ONCE:
                self._again_ns = now_ns + PAUSE_NS
