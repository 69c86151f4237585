"""Ledger rows as news: which nobody told us of in time, and which the desk has not caused itself."""

from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.booking import REST, Delivery
from zoe.domain.difference import EXTERNAL, MISSED, SETTLED, Difference
from zoe.domain.late_news import LateNews
from zoe.domain.ledger_row import Kind, LedgerRow, text_of

_EXTERNAL_KINDS: Final = frozenset({Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.INCOME, Kind.SUSPENSE})


class RowNews:
    """What is new about rows that are new.

    Args:
        lag_ns: How far the exchange's answers may lag behind each other.
        since_ns: Rows of until then are history: nobody was there to be told of them.
    """

    def __init__(self, lag_ns: int, since_ns: int) -> None:
        self.since_ns = since_ns
        self._late = LateNews(2 * lag_ns)

    @property
    def waits(self) -> bool:
        """Whether some rows wait for the stream to tell them too."""
        return bool(self._late)

    def told(self, ledger_id: str, now_ns: int) -> list[Difference]:
        """The stream tells of a row, as it happens."""
        late = self._late.told(ledger_id, now_ns)
        return [] if late is None else [late]

    def came(self, new: Iterable[Delivery], now_ns: int) -> list[Difference]:
        """Rows have come that nobody knew."""
        found = []
        for delivery in new:
            row = delivery.row
            if row.time_ns <= self.since_ns:
                continue
            came = Difference(row.ledger_id, SETTLED, EXTERNAL, "-", _words(row), "booked")
            if row.kind in _EXTERNAL_KINDS:
                found.append(came)
            if delivery.source == REST:
                missed = attrs.evolve(came, cause=MISSED, repair="read from the ledger and booked")
                self._late.learned(row.ledger_id, missed, now_ns)
        return found

    def due(self, now_ns: int) -> list[Difference]:
        """What the stream has not told in its time."""
        return self._late.due(now_ns)


def _words(row: LedgerRow) -> str:
    return f"{row.type} {text_of(row.net)} {row.asset}"
