"""The books' store in memory, for simulations: the same contract as PostgreSQL's."""

from collections.abc import Sequence

from zoe.domain.booking import Booking, Edition, LotOpened, LotUsed, PinnedMark, StoredBooks
from zoe.domain.errors import StoreConflict
from zoe.domain.ledger_row import LedgerRow
from zoe.ports.ledger_store import DriftRow


class MemoryLedger:
    """Implements ``LedgerStore`` for one account; outlives the actors that use it."""

    def __init__(self) -> None:
        self._rows: dict[str, LedgerRow] = {}
        self._journaled: dict[str, int] = {}
        self._marks: dict[tuple[str, int], PinnedMark] = {}
        self._editions: dict[str, Edition] = {}
        self._lots: dict[tuple[str, int, int], LotOpened] = {}
        self._uses: dict[tuple[str, int, int], LotUsed] = {}
        self._drift: list[DriftRow] = []
        self.conflicts: set[tuple[str, str]] = set()

    def load(self) -> StoredBooks:
        """See LedgerStore."""
        force = {(edition.asset, edition.number) for edition in self._editions.values()}
        return StoredBooks(
            rows=tuple(self._rows.values()),
            journaled=frozenset(self._journaled),
            position=len(self._journaled),
            marks=tuple(pin for _, pin in sorted(self._marks.items())),
            editions=tuple(self._editions[asset] for asset in sorted(self._editions)),
            lots=tuple(lot for key, lot in sorted(self._lots.items()) if key[:2] in force),
            uses=tuple(use for key, use in sorted(self._uses.items()) if key[:2] in force),
        )

    def book(self, bookings: Sequence[Booking]) -> None:
        """See LedgerStore."""
        self._refuse_what_is_there(bookings)
        for booking in bookings:
            self._rows |= {d.row.ledger_id: d.row for d in booking.deliveries}
            for delivery in booking.refined:
                known = self._rows[delivery.row.ledger_id]
                if delivery.row.time_ns > known.time_ns:
                    self._rows[delivery.row.ledger_id] = delivery.row
            self.conflicts |= {(d.row.ledger_id, d.row.sha256) for d in booking.conflicts}
            self._journaled |= {entry.entry.key: entry.position for entry in booking.entries}
            self._marks |= {(pin.mark.asset, pin.at_ns): pin for pin in booking.marks}
            self._editions |= {edition.asset: edition for edition in booking.editions}
            self._lots |= {(lot.asset, lot.edition, lot.number): lot for lot in booking.lots}
            for use in (*booking.undone, *booking.uses):
                self._uses[use.asset, use.edition, use.number] = use

    def _refuse_what_is_there(self, bookings: Sequence[Booking]) -> None:
        rows, entries = set(self._rows), set(self._journaled)
        places = set(self._journaled.values())
        for booking in bookings:
            for delivery in booking.deliveries:
                if delivery.row.ledger_id in rows:
                    raise StoreConflict(f"row {delivery.row.ledger_id} is there")
                rows.add(delivery.row.ledger_id)
            for entry in booking.entries:
                if entry.entry.key in entries or entry.position in places:
                    raise StoreConflict(f"entry {entry.entry.key} or its place is there")
                entries.add(entry.entry.key)
                places.add(entry.position)

    def note_drift(self, rows: Sequence[DriftRow]) -> None:
        """See LedgerStore."""
        self._drift += rows

    def drift(self) -> tuple[DriftRow, ...]:
        """See LedgerStore."""
        return tuple(self._drift)
