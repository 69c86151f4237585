"""What the Bookkeeper has done elsewhere: its calls to the store, which may take a while."""

import attrs

from zoe.domain.booking import Booking
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.live_marks import LiveMarks
from zoe.ports.ledger_store import DriftRow, LedgerStore


@attrs.frozen
class OpenBooks:
    """Books as they are stored, and the number of the newest difference."""

    keeping: Bookkeeping
    number: int


def open_books(store: LedgerStore, marks: LiveMarks, now_ns: int, reason: str) -> OpenBooks:
    """Everything that is stored, with what was missing made good."""
    keeping = Bookkeeping(store.load(), marks)
    booking = keeping.catch_up(now_ns, now_ns, reason)
    if not booking.is_empty:
        store.book([booking])
    return OpenBooks(keeping, max((row.number for row in store.drift()), default=0))


def store_all(store: LedgerStore, booking: Booking, notes: list[DriftRow]) -> None:
    """Makes both durable."""
    if not booking.is_empty:
        store.book([booking])
    if notes:
        store.note_drift(notes)
