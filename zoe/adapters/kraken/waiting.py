"""Waiting: changes of books that cannot be read until an instrument tells of their pair."""

from typing import Final

from zoe.adapters.kraken.frames import TextBookRow

#: Changes of one pair; the snapshot of all instruments takes far less time.
MOST_OF_PAIR: Final = 1_000
#: Levels of all pairs together: twice the deepest snapshots of as many pairs as a connection has.
MOST_LEVELS: Final = 200_000

#: Whether it is a snapshot, and the change.
Row = tuple[bool, TextBookRow]


class Waiting:
    """The changes of one connection, bounded by pair and in all: whatever symbols somebody invents.

    Attributes:
        let_go: Changes that were not kept until somebody told of their pair.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._levels = 0
        self.let_go = 0

    def keep(self, row: TextBookRow, *, snapshot: bool) -> bool:
        """Keeps one more; False where its pair had too many, which are let go.

        A snapshot stands for all before it. Where there is no room in all, its pair's are let go without a
        word: a book that is wanted and does not come is asked for again anyway.
        """
        if snapshot:
            self.take(row.symbol)
        levels = _levels(row)
        if self._levels + levels > MOST_LEVELS:
            self.let_go += len(self.take(row.symbol)) + 1
            return True
        rows = self._rows.setdefault(row.symbol, [])
        rows.append((snapshot, row))
        self._levels += levels
        if len(rows) <= MOST_OF_PAIR:
            return True
        self.let_go += len(self.take(row.symbol))
        return False

    def take(self, symbol: str) -> list[Row]:
        """What waits for a pair, in order; it waits no longer."""
        rows = self._rows.pop(symbol, [])
        self._levels -= sum(_levels(row) for _, row in rows)
        return rows


def _levels(row: TextBookRow) -> int:
    """Its weight: one that changes nothing takes room as well."""
    return 1 + len(row.bids) + len(row.asks)
