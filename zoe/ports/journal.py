"""The journal's store: rows in, durably and in order; rows out. And where cancels are noted while
it is down.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import attrs

from zoe.messages.journal import StoredRow

#: A row that stands for all executions up to a number; no such row is ever written.
EXECUTIONS = "order.fills"


@attrs.frozen(weakref_slot=False)
class JournalRow:
    """A row as it is written.

    Attributes:
        seq: Consecutive; given by the one writer, who holds the account's lock.
        body: Canonical JSON text.
    """

    seq: int
    account_id: str
    stream: str
    version: int
    kind: str
    at_ns: int
    message_id: int
    correlation_id: int
    causation_id: int | None
    anchor_seq: int | None
    body: str


@runtime_checkable
class JournalStore(Protocol):
    """The journal of one account; used from one thread at a time."""

    def last_seq(self) -> int:
        """The account's newest row's number, 0 for an empty journal.

        Raises:
            StoreError: The store cannot be reached. So do all other reads.
        """

    def append(self, rows: Sequence[JournalRow]) -> None:
        """Makes all rows durable, or none.

        Raises:
            StoreConflict: A number or a place in a stream is taken.
            StoreUnknown: The connection was lost before the answer.
            StoreError: Known not to be done.
        """

    def begin(self, rows: Sequence[JournalRow]) -> Callable[[], None]:
        """Does as much of ``append`` as takes no waiting; what is returned does the rest and waits.

        That may be called in another thread, and nothing else of the journal before it.
        """

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """Makes sure that these rows are durable, whether or not they were before.

        Raises:
            StoreConflict: Another row stands in the place of one of them: a second writer.
            StoreUnknown: The connection was lost before the answer.
            StoreError: Known not to be done.
        """

    def stream(
        self, stream: str, *, last: bool = False, since: str | None = None
    ) -> tuple[StoredRow, ...]:
        """A stream's rows in order; only its newest; or those from the newest of a kind on.

        Args:
            since: The kind; all rows where the stream has none of it.
        """

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """Every row of each order of the account that is not concluded, stream by stream."""

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """The rows of the order that the exchange calls ``order_id``."""

    def traded(self, account_id: str) -> tuple[StoredRow, ...]:
        """What our own fills came to: a row an order, or a row for many concluded ones.

        The body has ``pair``, ``side``, ``quantity`` and, of fees taken in the base asset itself,
        ``fees``; the stream is the order's, or empty.
        """

    def asked(self, account_id: str, since_ns: int) -> tuple[StoredRow, ...]:
        """Each order and each amend of ours that was journalled later than this, oldest first.

        Rows of the kinds ``order.sending`` and ``order.amending``; the body is that of its order's first
        row. They are looked for from the newest row back to the first one of the time or before it.
        """

    def fills(self, account_id: str, source: str, after: int = 0) -> tuple[StoredRow, ...]:
        """Each execution of the orders of one source, in the order of their numbers.

        The body has its order's ``slot`` beside what it has in the order's stream.

        Args:
            after: Only those with a greater number. Where it is not 0, a row of kind ``EXECUTIONS``
                comes first: its body has the ``exec_ids`` up to there, whoever's they are, with the
                exchange's times; those of the newest hours (``counted.REMEMBERED_NS``).
        """


@attrs.frozen
class NotedCancel:
    """A cancel that left while the store was down.

    Attributes:
        stream: The order's.
        message_id: Of the message that led to it, with the ids below; never the same twice.
    """

    at_ns: int
    stream: str
    order_id: str | None
    cl_ord_id: str | None
    message_id: int
    correlation_id: int
    causation_id: int | None


@runtime_checkable
class EmergencyNotes(Protocol):
    """Keeps cancels until the journal can; from any thread."""

    def note(self, cancel: NotedCancel) -> None:
        """Makes it durable, after those before it.

        Raises:
            StoreError: It is not.
        """

    def read(self) -> tuple[NotedCancel, ...]:
        """What is noted, oldest first.

        Raises:
            StoreError: It cannot be read.
        """

    def forget(self, cancels: Sequence[NotedCancel]) -> None:
        """Empties the notes if these, which are journalled now, are all there are.

        Raises:
            StoreError: It cannot be done.
        """
