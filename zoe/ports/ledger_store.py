"""The books' store: bookings in, durably and each as a whole; what is stored out."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import attrs

from zoe.domain.booking import Booking, StoredBooks
from zoe.domain.declarations import Declaration


@attrs.frozen
class DriftRow:
    """A difference that reconciliation found, or what became of it.

    Attributes:
        number: Of the difference; its rows follow each other, the newest says how it stands.
        status: ``open``, ``waiting`` or ``settled``.
        cause: ``lag``, ``missed_message``, ``external_action`` or ``unknown``.
        ours: What our books say, as text; ``theirs`` what the exchange does.
        repair: What was done.
    """

    number: int
    at_ns: int
    subject: str
    status: str
    cause: str
    ours: str
    theirs: str
    repair: str


@runtime_checkable
class LedgerStore(Protocol):
    """The books of one account; used from one thread at a time."""

    def load(self) -> StoredBooks:
        """Everything that is stored.

        Raises:
            StoreError: The store cannot be reached.
        """

    def book(self, bookings: Sequence[Booking], notes: Sequence[DriftRow] = ()) -> None:
        """Makes them durable, in order, and what was found with them: all of it or nothing.

        Args:
            notes: As ``note_drift``. A page's rows without the note that one of them is set aside
                would be books that seem whole.

        Raises:
            StoreConflict: A row, an entry or a place is there already: read again.
            StoreUnknown: The connection was lost before the answer: read again.
            StoreError: Known not to be done.
            AssertionError: The database refuses it: our code is wrong.
        """

    def is_unchanged(self, rows: int) -> bool:
        """Whether nobody else has written since ``load``.

        Args:
            rows: How many were loaded, and booked since.

        Raises:
            StoreError: The store cannot be reached.
        """

    def declare(self, said: Sequence[Declaration]) -> None:
        """Makes durable what people say of rows that are stored.

        Books that were loaded before are refused with StoreConflict from then on.

        Raises:
            AssertionError: A row is not there, or never had that content.
            StoreError: It is not done, or nobody knows.
        """

    def note_drift(self, rows: Sequence[DriftRow]) -> None:
        """Makes steps of differences durable.

        Raises:
            StoreError: It is not done, or nobody knows.
        """

    def drift(self) -> tuple[DriftRow, ...]:
        """Every row about a difference, oldest first.

        Raises:
            StoreError: The store cannot be reached.
        """
