"""What the Bookkeeper has done elsewhere: its calls to the store, which may take a while."""

import attrs

from zoe.domain.booking import Booking
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.live_marks import LiveMarks
from zoe.ports.ledger_store import DriftRow, LedgerStore
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome


@attrs.frozen
class OpenBooks:
    """The books as they are stored, and every step of every difference, oldest first."""

    keeping: Bookkeeping
    drift: tuple[DriftRow, ...]


@attrs.frozen
class Opened(Message):
    """What came of ``open_books``."""

    outcome: Outcome[OpenBooks]


@attrs.frozen
class Booked(Message):
    """What came of ``store_all``."""

    outcome: Outcome[None]


@attrs.frozen
class Checked(Message):
    """Whether the store has been written by nobody else."""

    outcome: Outcome[bool]


def open_books(store: LedgerStore, marks: LiveMarks, now_ns: int, reason: str) -> OpenBooks:
    """Everything that is stored, with what was missing made good."""
    keeping = Bookkeeping(store.load(), marks)
    booking = keeping.catch_up(now_ns, now_ns, reason)
    if not booking.is_empty:
        store.book([booking])
    return OpenBooks(keeping, store.drift())


def store_all(store: LedgerStore, booking: Booking, notes: list[DriftRow]) -> None:
    """Makes a booking and steps of differences durable, both or neither."""
    if booking.is_empty:
        store.note_drift(notes)
    else:
        store.book([booking], notes)
