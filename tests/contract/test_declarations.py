"""What people declare of rows, in every store of the books: durable, corrected in the journal by
entries that name what they reverse, and known to whoever loads the books afterwards."""

from collections.abc import Callable, Sequence

import ledger_story
import pytest
from ledger_stores import EVERY, one_database
from ledger_story import Story

from zoe.app import stored_books
from zoe.domain.booking import REST, Booking, Delivery
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.declarations import Declaration, What
from zoe.domain.errors import StoreConflict
from zoe.domain.ledger import Ruling, Terms
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import ONE, Kind, LedgerRow
from zoe.ports.ledger_store import LedgerStore
from zoe.store.ledger import PostgresLedger


@pytest.fixture(params=EVERY)
def store(request: pytest.FixtureRequest) -> LedgerStore:
    make: Callable[[], LedgerStore] = request.param
    return make()


def booked(store: LedgerStore, rows: Sequence[LedgerRow], at_ns: int = 1) -> Bookkeeping:
    """Books with these rows, as stored."""
    keeping, _ = caught_up(store)
    booking = keeping.take([Delivery(row, REST, at_ns) for row in rows], None, at_ns)
    store.book([booking])
    return keeping


def caught_up(store: LedgerStore) -> tuple[Bookkeeping, Booking]:
    """Books that begin with what is stored, and what they had to make good."""
    keeping = Bookkeeping(store.load(), ledger_story.marks())
    booking = keeping.catch_up(None, 1)
    if not booking.is_empty:
        store.book([booking])
    assert Bookkeeping(store.load(), ledger_story.marks()).catch_up(None, 1).is_empty
    assert violations(keeping.books) == []
    return keeping, booking


def standing(store: LedgerStore) -> list[str]:
    """What ``zoe ledger verify`` finds, where there is a database to look at."""
    if isinstance(store, PostgresLedger):
        return list(stored_books.verify(one_database(), store.account_id).problems)
    return []


def basis(ledger_id: str, usd: int) -> Declaration:
    return Declaration(ledger_id, What.BASIS, "the receipt says so", 2, usd=usd)


def ruled(ledger_id: str, kind: Kind, group: str) -> Declaration:
    return Declaration(ledger_id, What.RULING, "told by phone", 2, ruling=Ruling(kind, group))


def right(row: LedgerRow, at_ns: int = 2) -> Declaration:
    told = row.sha256, row.time_ns
    return Declaration(row.ledger_id, What.CONTENT, "the export is right", at_ns, None, None, *told)


def deposited() -> Story:
    story = Story()
    story.row("deposit", "XXBT", "1")
    story.row("deposit", "ZUSD", "1000")
    return story


def delisted() -> Story:
    """Two rows of refids of their own that nobody can pair."""
    story = deposited()
    story.row("adjustment", "XXBT", "-0.5")
    story.row("adjustment", "SOL", "200")
    story.row("newfangled", "ZUSD", "50", "1")
    return story


def test_a_declared_basis_takes_the_place_of_the_markets_value(store: LedgerStore) -> None:
    keeping = booked(store, deposited().rows)
    (lot,) = keeping.books.open_lots("BTC")
    assert (lot.basis, lot.fmv_assumed) == (50_000 * ONE, True)
    store.declare([basis("L001", 17 * ONE), basis("L001", 18 * ONE)])
    keeping, booking = caught_up(store)
    (lot,) = keeping.books.open_lots("BTC")
    assert (lot.basis, lot.fmv_assumed) == (18 * ONE, False)
    assert [edition.number for edition in booking.editions] == [2]
    assert booking.entries == ()
    assert standing(store) == []


def test_books_that_were_loaded_before_are_refused_from_then_on(store: LedgerStore) -> None:
    story = deposited()
    keeping = booked(store, story.rows)
    store.declare([basis("L001", 17 * ONE)])
    story.row("deposit", "XXBT", "2")
    late = [Delivery(row, REST, 1) for row in story.rows[2:]]
    with pytest.raises(StoreConflict):
        store.book([keeping.take(late, None, 1)])
    again, _ = caught_up(store)
    store.book([again.take(late, None, 1)])
    assert [lot.basis // ONE for lot in again.books.open_lots("BTC")] == [17, 100_000]


def test_a_ruling_pairs_rows_and_corrects_their_entries(store: LedgerStore) -> None:
    story = delisted()
    booked(store, story.rows)
    rulings = [ruled("L003", Kind.TRADE, "swap"), ruled("L004", Kind.TRADE, "swap")]
    store.declare([*rulings, ruled("L005", Kind.INCOME, "gift")])
    keeping, booking = caught_up(store)
    assert [(entry.key, entry.kind, entry.reverses) for entry in booking.entries] == [
        ("L003/1/reversal", "suspense", "L003"),
        ("L003/1", "trade", None),
        ("L004/1/reversal", "suspense", "L004"),
        ("L004/1", "trade", None),
        ("L005/1/reversal", "suspense", "L005"),
        ("L005/1", "income", None),
    ]
    terms = Terms(rulings={said.ledger_id: said.ruling for said in rulings if said.ruling})
    assert ledger_story.lots(keeping.books, "SOL") == [("200", "25000")]
    assert ledger_story.lots(keeping.books, "SOL") == ledger_story.lots(
        ledger_story.books_of(story.rows, terms), "SOL"
    )
    assert ledger_story.flows(keeping.books)["income"] == "49"
    assert standing(store) == []


def test_a_ruling_may_be_overruled_and_each_correction_is_reversed_once(
    store: LedgerStore,
) -> None:
    booked(store, delisted().rows)
    for kind in (Kind.DEPOSIT, Kind.SUSPENSE, Kind.SUSPENSE, Kind.INCOME):
        store.declare([ruled("L005", kind, "one")])
        keeping, booking = caught_up(store)
    assert [(entry.key, entry.reverses) for entry in booking.entries] == [
        ("L005/3/reversal", "L005/2"),
        ("L005/3", None),
    ]
    assert ledger_story.flows(keeping.books)["income"] == "49"
    assert standing(store) == []


def test_another_content_is_booked_once_a_person_accepts_it(store: LedgerStore) -> None:
    story = deposited()
    story.row("withdrawal", "XXBT", "-0.25")
    wrong = story.rows[0]._replace(amount=2 * ONE, balance=2 * ONE)
    keeping = booked(store, [wrong, *story.rows[1:]])
    assert keeping.books.gaps.keys() == {"BTC"}
    booked(store, story.rows)
    assert len(standing(store)) == (2 if isinstance(store, PostgresLedger) else 0)
    store.declare([right(story.rows[0])])
    keeping, booking = caught_up(store)
    assert [(entry.key, entry.reverses) for entry in booking.entries] == [
        ("L001/1/reversal", "L001"),
        ("L001/1", None),
        ("L003", None),
    ]
    assert keeping.books.gaps == {} and keeping.books.balances["BTC"] == ONE * 3 // 4
    assert state_hash(keeping.books) == state_hash(ledger_story.books_of(story.rows))
    assert standing(store) == []
    # What was refused may come again; nobody asks a second time.
    again = keeping.take([Delivery(wrong, REST, 9)], None, 9)
    assert again.is_empty


def test_a_row_that_was_held_is_entered_as_it_came_and_corrected(store: LedgerStore) -> None:
    story = deposited()
    wrong = story.rows[0]._replace(balance=7 * ONE)
    booked(store, [wrong, *story.rows[1:]])
    booked(store, story.rows)
    store.declare([right(story.rows[0])])
    keeping, booking = caught_up(store)
    assert [entry.key for entry in booking.entries] == ["L001"]
    assert keeping.books.gaps == {}
    other = story.rows[0]._replace(amount=3 * ONE, balance=3 * ONE)
    booked(store, [other], 3)
    store.declare([right(other, 4)])
    keeping, booking = caught_up(store)
    assert [entry.key for entry in booking.entries] == ["L001/1/reversal", "L001/1"]
    assert keeping.books.balances["BTC"] == 3 * ONE
    assert standing(store) == []


def test_the_first_content_may_be_declared_right_until_another_one_comes(
    store: LedgerStore,
) -> None:
    rows = deposited().rows
    other = rows[0]._replace(amount=5)
    keeping = booked(store, [*rows, other])
    before = state_hash(keeping.books)
    store.declare([right(rows[0])])
    keeping, booking = caught_up(store)
    assert booking.is_empty and state_hash(keeping.books) == before
    assert standing(store) == []
    third = rows[0]._replace(amount=6)
    assert [d.row for d in keeping.take([Delivery(third, REST, 8)], None, 8).conflicts] == [third]


def test_nothing_is_declared_of_rows_and_contents_that_never_came(store: LedgerStore) -> None:
    rows = deposited().rows
    booked(store, rows)
    for said in (basis("L777", ONE), right(rows[0]._replace(amount=5))):
        with pytest.raises(AssertionError):
            store.declare([said])
    assert store.load().terms == Terms()
