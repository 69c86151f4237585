"""Rows of the exchange's ledger that a desk could not read, as ``zoe ledger verify`` tells of them."""

from typing import Final

import attrs
import pytest
from ledger_stores import one_database

from zoe.app import stored_books
from zoe.domain.booking import REST, Delivery
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.difference import LAG, OPEN, SETTLED, UNKNOWN
from zoe.domain.ledger_row import ONE, LedgerRow
from zoe.domain.marks import NoMarks
from zoe.ports.ledger_store import DriftRow
from zoe.store.ledger import PostgresLedger

ACCOUNT: Final = "kraken:unread"


def test_rows_are_not_stored_without_the_note_that_one_of_them_is_set_aside() -> None:
    store = PostgresLedger(one_database(), "kraken:whole")
    keeping = Bookkeeping(store.load(), NoMarks())
    keeping.catch_up(None, 1)
    row = LedgerRow("L1", "R1", 1, "deposit", "", "USD", ONE, 0, ONE)
    booking = keeping.take([Delivery(row, REST, 1)], None, 1)
    note = DriftRow(1, 1, "row L2", OPEN, UNKNOWN, "-", "is no row", "set aside")
    with pytest.raises(AssertionError, match="drift_status_check"):
        store.book([booking], [attrs.evolve(note, status="of no kind")])
    assert store.load().rows == ()
    store.book([booking], [note])
    assert (store.load().rows, store.drift()) == ((row,), (note,))


def test_books_are_not_in_order_while_a_row_is_set_aside() -> None:
    database = one_database()
    store = PostgresLedger(database, ACCOUNT)
    store.note_drift([
        DriftRow(1, 1, "row L1", OPEN, UNKNOWN, "-", "amount is no amount", "set aside"),
        DriftRow(2, 2, "row L2", OPEN, UNKNOWN, "-", "has more decimals", "set aside"),
        DriftRow(3, 3, "balance USD", OPEN, UNKNOWN, "1", "2", ""),
        DriftRow(1, 4, "row L1", SETTLED, LAG, "-", "amount is no amount", "it is in the books"),
    ])  # fmt: skip
    assert stored_books.verify(database, ACCOUNT).problems == (
        "row L2 of the exchange's ledger cannot be read: has more decimals",
    )
    assert stored_books.read(database, ACCOUNT).unread == ("L2",)
    store.note_drift([DriftRow(2, 5, "row L2", SETTLED, LAG, "-", "", "it is in the books")])
    assert stored_books.verify(database, ACCOUNT).problems == ()
    assert stored_books.read(database, ACCOUNT).unread == ()
