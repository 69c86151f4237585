"""What every store of the books promises, on PostgreSQL and in memory."""

from collections.abc import Callable, Sequence
from random import Random

import attrs
import pytest
import small_account
from ledger_stores import EVERY

from zoe.actors.book_calls import store_all
from zoe.domain.booking import FILE, REST, STREAM, Booking, Delivery, StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.declarations import Declaration, What
from zoe.domain.errors import StoreConflict
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import LedgerRow
from zoe.domain.marks import Mark
from zoe.ports.ledger_store import DriftRow, LedgerStore


@pytest.fixture(params=EVERY)
def store(request: pytest.FixtureRequest) -> LedgerStore:
    make: Callable[[], LedgerStore] = request.param
    return make()


class FixedMarks:
    """What a coin was worth, always."""

    def mark(self, asset: str, at_ns: int) -> Mark | None:
        price = small_account.PRICES.get(asset)
        return None if price is None else Mark(asset, small_account.price(asset), at_ns, "test")


def deliveries(rows: Sequence[LedgerRow], source: str = REST) -> list[Delivery]:
    return [Delivery(row, source, 7) for row in rows]


def fresh(store: LedgerStore) -> Bookkeeping:
    """Books that begin with what is stored."""
    keeping = Bookkeeping(store.load(), FixedMarks())
    booking = keeping.catch_up(None, 1)
    if not booking.is_empty:
        store.book([booking])
    return keeping


def take(store: LedgerStore, keeping: Bookkeeping, rows: Sequence[LedgerRow]) -> Booking:
    booking = keeping.take(deliveries(rows), None, 1)
    store.book([booking])
    return booking


def nothing_to_catch_up(store: LedgerStore) -> Bookkeeping:
    keeping = Bookkeeping(store.load(), FixedMarks())
    assert keeping.catch_up(None, 1).is_empty
    return keeping


def test_both_are_stores(store: LedgerStore) -> None:
    assert isinstance(store, LedgerStore)


def test_a_store_is_empty_at_first(store: LedgerStore) -> None:
    assert store.load() == StoredBooks()
    assert store.drift() == ()


def test_rows_come_back_as_they_went_in(store: LedgerStore) -> None:
    rows = small_account.lived(1, 30).rows
    take(store, fresh(store), rows)
    assert store.load().rows == tuple(rows)


def test_books_that_are_loaded_are_the_books_that_were_stored(store: LedgerStore) -> None:
    account = small_account.lived(2, 120)
    keeping = fresh(store)
    for at in range(0, len(account.rows), 7):
        take(store, keeping, account.rows[at : at + 7])
    again = nothing_to_catch_up(store)
    assert again.books.balances == dict(sorted(account.balances.items()))
    assert state_hash(again.books) == state_hash(keeping.books)
    assert violations(again.books) == []


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_any_order_and_doubled_end_in_the_same_state(store: LedgerStore, seed: int) -> None:
    account = small_account.lived(3, 60)
    told = account.rows + account.rows[::3]
    Random(seed).shuffle(told)
    keeping = fresh(store)
    for at in range(0, len(told), 5):
        take(store, keeping, told[at : at + 5])
        if at % 4 == 0:
            keeping = nothing_to_catch_up(store)
    in_order = Bookkeeping(StoredBooks(), FixedMarks())
    in_order.take(deliveries(account.rows), None, 1)
    assert state_hash(nothing_to_catch_up(store).books) == state_hash(in_order.books)


def test_a_booking_is_stored_as_a_whole_or_not_at_all(store: LedgerStore) -> None:
    rows = small_account.lived(4, 40).rows
    keeping = fresh(store)
    take(store, keeping, rows[:20])
    before = store.load()
    booking = keeping.take(deliveries(rows[20:]), None, 1)
    stale = attrs.evolve(booking, deliveries=(*booking.deliveries, *deliveries(rows[:1])))
    with pytest.raises(StoreConflict):
        store.book([stale])
    assert store.load() == before
    store.book([booking])
    nothing_to_catch_up(store)


def test_what_was_found_is_stored_with_its_rows_or_neither_is(store: LedgerStore) -> None:
    rows = small_account.lived(4, 40).rows
    keeping = fresh(store)
    take(store, keeping, rows[:20])
    booking = keeping.take(deliveries(rows[20:]), None, 1)
    stale = attrs.evolve(booking, deliveries=(*booking.deliveries, *deliveries(rows[:1])))
    note = DriftRow(1, 5, "row L1", "open", "unknown", "-", "is no row", "set aside")
    with pytest.raises(StoreConflict):
        store_all(store, stale, [note])
    assert store.drift() == ()
    store_all(store, booking, [note])
    assert store.drift() == (note,)
    nothing_to_catch_up(store)


def test_of_two_writers_the_second_finds_its_place_taken_and_reads_again(
    store: LedgerStore,
) -> None:
    rows = small_account.lived(5, 40).rows
    one, other = fresh(store), fresh(store)
    take(store, one, rows[:30])
    with pytest.raises(StoreConflict):
        take(store, other, rows)
    take(store, fresh(store), rows)
    assert len(nothing_to_catch_up(store).books.rows) == len(rows)


def test_a_row_that_says_something_else_is_kept_aside(store: LedgerStore) -> None:
    rows = small_account.lived(6, 10).rows
    keeping = fresh(store)
    take(store, keeping, rows)
    before = store.load()
    other = rows[3]._replace(amount=rows[3].amount + 1)
    booking = keeping.take(deliveries([other, rows[4]], FILE), None, 1)
    assert [d.row for d in booking.conflicts] == [other]
    store.book([booking])
    assert store.load() == before


def test_a_time_that_is_told_more_exactly_is_kept(store: LedgerStore) -> None:
    rows = small_account.lived(7, 10).rows
    coarse = [row._replace(time_ns=row.time_ns // 10**9 * 10**9) for row in rows]
    keeping = fresh(store)
    take(store, keeping, coarse)
    booking = keeping.take(deliveries(rows, STREAM), None, 1)
    assert booking.deliveries == () and len(booking.refined) > 0
    store.book([booking])
    assert {row.ledger_id: row for row in store.load().rows} == {r.ledger_id: r for r in rows}
    nothing_to_catch_up(store)


def test_whether_somebody_else_has_written_is_told(store: LedgerStore) -> None:
    rows = small_account.lived(8, 30).rows
    assert not store.is_unchanged(0), "nothing has been loaded"
    keeping = fresh(store)
    assert store.is_unchanged(0)
    take(store, keeping, rows[:10])
    assert store.is_unchanged(keeping.books.known)
    take(store, fresh(store), rows)
    assert not store.is_unchanged(keeping.books.known)
    store.load()
    assert store.is_unchanged(len(rows))
    store.declare([Declaration(rows[0].ledger_id, What.BASIS, "paid", 1, usd=1)])
    assert not store.is_unchanged(len(rows))


def test_several_bookings_are_stored_together(store: LedgerStore) -> None:
    rows = small_account.lived(8, 30).rows
    keeping = fresh(store)
    both = [keeping.take(deliveries(part), None, 1) for part in (rows[:15], rows[15:])]
    store.book(both)
    nothing_to_catch_up(store)


def test_lots_that_are_not_what_the_rows_say_get_a_new_edition(store: LedgerStore) -> None:
    account = small_account.lived(9, 60)
    unpriced = Bookkeeping(store.load(), FixedMarks())
    unpriced.catch_up(None, 1)
    booking = unpriced.take(deliveries(account.rows), None, 1)
    lots = tuple(attrs.evolve(lot, basis=lot.basis + 1) for lot in booking.lots)
    store.book([attrs.evolve(booking, lots=lots, uses=())])
    keeping = Bookkeeping(store.load(), FixedMarks())
    rebuilt = keeping.catch_up(None, 1, "by a test")
    assert {edition.number for edition in rebuilt.editions} == {2}
    store.book([rebuilt])
    assert state_hash(nothing_to_catch_up(store).books) == state_hash(unpriced.books)


def test_drift_is_told_in_order(store: LedgerStore) -> None:
    first = DriftRow(1, 5, "balance USD", "open", "lag", "1", "2", "")
    rows = [first, attrs.evolve(first, status="settled", repair="rows came")]
    for row in rows:
        store.note_drift([row])
    assert store.drift() == tuple(rows)
