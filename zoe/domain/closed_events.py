"""Events that the books have let go of: booked long ago and durable, they are read again if ever a row
belongs to them."""

from typing import Final

from zoe.domain.ledger_row import Kind, LedgerRow
from zoe.domain.lot_outcome import Group, Outcome

#: So long a trade's name is remembered, which a late leg would have. Legs of one trade are known to have
#: come 28 hours apart; other events are few, and their names stay.
NAMED_NS: Final = 48 * 3_600 * 1_000_000_000


class ClosedEvents:
    """Up to where the books are closed, and by which names a late row of that time is known.

    Attributes:
        from_ns: Rows of this time and later are open.
        rows: How many have been let go of.
    """

    def __init__(self) -> None:
        self.from_ns = 0
        self.rows = 0
        self._trades: dict[str, int] = {}
        self._others: set[str] = set()

    def close(self, outcomes: list[Outcome], from_ns: int) -> None:
        """Takes events, the oldest first, that all end before that time."""
        self.from_ns = from_ns
        for outcome in outcomes:
            self.rows += len(outcome.group.rows)
            if outcome.kind is Kind.TRADE:
                self._trades[outcome.key] = outcome.time_ns
            else:
                self._others.add(outcome.key)
        for name in [n for n, at_ns in self._trades.items() if at_ns < from_ns - NAMED_NS]:
            del self._trades[name]

    def has(self, row: LedgerRow, name: str) -> bool:
        """Whether a row that nobody knows may be one of them, or belongs before them.

        Args:
            name: Of its event.
        """
        return row.time_ns < self.from_ns or name in self._trades or name in self._others


def how_many(outcomes: list[Outcome], limit_ns: int) -> tuple[int, int]:
    """How many of the oldest events have all their rows before a time, and before every event after
    them; and the time from which on the rows of those others are. The last event always stays."""
    found, from_ns, latest_ns = 0, 0, 0
    for place, outcome in enumerate(outcomes):
        if place and latest_ns < outcome.time_ns:
            found, from_ns = place, latest_ns + 1
        latest_ns = max(latest_ns, _last_ns(outcome.group))
        if outcome.time_ns >= limit_ns or latest_ns >= limit_ns:
            break
    return found, from_ns


def _last_ns(group: Group) -> int:
    return max(row.time_ns for row in group.rows)
