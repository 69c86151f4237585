"""The books' store in memory: the same contract as PostgreSQL's."""

from collections.abc import Sequence

from zoe.domain.booking import (
    Booking,
    Delivery,
    Edition,
    JournalEntry,
    LotOpened,
    LotUsed,
    PinnedMark,
    StoredBooks,
)
from zoe.domain.declarations import Declaration, Entered, Told, What, decided, terms_of
from zoe.domain.errors import StoreConflict
from zoe.domain.ledger_row import Kind, LedgerRow
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
        self._entries: dict[str, list[JournalEntry]] = {}
        self._conflicts: dict[tuple[str, str], Delivery] = {}
        self._received: dict[str, int] = {}
        self._declarations: list[Declaration] = []
        self._declared: int | None = None

    def load(self) -> StoredBooks:
        """See LedgerStore."""
        self._declared = len(self._declarations)
        about = {said.ledger_id for said in self._declarations if said.what is What.CONTENT}
        chosen = decided(self._declarations, {name: self._told(name) for name in about})
        entered = {
            said.ledger_id: _entered(self._entries[said.ledger_id])
            for said in self._declarations
            if said.what is not What.BASIS and said.ledger_id in self._entries
        }
        force = {(edition.asset, edition.number) for edition in self._editions.values()}
        return StoredBooks(
            rows=tuple(chosen.accepted.get(name, row) for name, row in self._rows.items()),
            journaled=frozenset(self._journaled),
            position=len(self._journaled),
            marks=tuple(pin for _, pin in sorted(self._marks.items())),
            editions=tuple(self._editions[asset] for asset in sorted(self._editions)),
            lots=tuple(lot for key, lot in sorted(self._lots.items()) if key[:2] in force),
            uses=tuple(use for key, use in sorted(self._uses.items()) if key[:2] in force),
            terms=terms_of(self._declarations),
            firsts=chosen.firsts,
            refused=chosen.refused,
            entered=entered,
        )

    def _told(self, name: str) -> list[Told]:
        others = [d for key, d in sorted(self._conflicts.items()) if key[0] == name]
        first = Told(self._rows[name], self._received[name])
        return [first, *(Told(d.row, d.received_ns) for d in others)]

    def book(self, bookings: Sequence[Booking], notes: Sequence[DriftRow] = ()) -> None:
        """See LedgerStore."""
        self._refuse_what_is_there(bookings)
        if notes:
            self.note_drift(notes)
        for booking in bookings:
            self._rows |= {d.row.ledger_id: d.row for d in booking.deliveries}
            self._received |= {d.row.ledger_id: d.received_ns for d in booking.deliveries}
            for delivery in booking.refined:
                known = self._rows[delivery.row.ledger_id]
                if delivery.row.time_ns > known.time_ns:
                    self._rows[delivery.row.ledger_id] = delivery.row
            for conflict in booking.conflicts:
                said = conflict.row.ledger_id, conflict.row.sha256
                self._conflicts.setdefault(said, conflict)
            for entry in booking.entries:
                self._journaled[entry.key] = entry.position
                self._entries.setdefault(entry.entry.key, []).append(entry)
            self._marks |= {(pin.mark.asset, pin.at_ns): pin for pin in booking.marks}
            self._editions |= {edition.asset: edition for edition in booking.editions}
            self._lots |= {(lot.asset, lot.edition, lot.number): lot for lot in booking.lots}
            for use in (*booking.undone, *booking.uses):
                self._uses[use.asset, use.edition, use.number] = use

    def _refuse_what_is_there(self, bookings: Sequence[Booking]) -> None:
        if self._declared is not None and self._declared != len(self._declarations):
            raise StoreConflict("something was declared since")
        rows, entries = set(self._rows), set(self._journaled)
        places = set(self._journaled.values())
        for booking in bookings:
            for delivery in booking.deliveries:
                if delivery.row.ledger_id in rows:
                    raise StoreConflict(f"row {delivery.row.ledger_id} is there")
                rows.add(delivery.row.ledger_id)
            for entry in booking.entries:
                if entry.key in entries or entry.position in places:
                    raise StoreConflict(f"entry {entry.key} or its place is there")
                entries.add(entry.key)
                places.add(entry.position)

    def is_unchanged(self, rows: int) -> bool:
        """See LedgerStore."""
        return (len(self._rows), len(self._declarations)) == (rows, self._declared)

    def declare(self, said: Sequence[Declaration]) -> None:
        """See LedgerStore."""
        for one in said:
            assert one.ledger_id in self._rows, one
            contents = {told.row.sha256 for told in self._told(one.ledger_id)}
            assert one.what is not What.CONTENT or one.sha256 in contents, one
        self._declarations += said

    def note_drift(self, rows: Sequence[DriftRow]) -> None:
        """See LedgerStore."""
        self._drift += rows

    def drift(self) -> tuple[DriftRow, ...]:
        """See LedgerStore."""
        return tuple(self._drift)


def _entered(entries: Sequence[JournalEntry]) -> Entered:
    newest = entries[-1]
    row, taken_back = newest.entry.row, newest.reverses is not None
    return Entered(
        *(newest.correction, None if taken_back else newest.key, Kind(newest.kind)),
        *(row.refid, row.time_ns, () if taken_back else newest.entry.postings),
    )
