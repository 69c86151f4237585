"""The books' keeper: rows from everywhere once, gaps filled from REST, the store's word counts."""

from collections.abc import Sequence
from decimal import Decimal

import attrs
import small_account
from keeper_stage import answer, calls, keeper, page_of, seen, snapshot
from ledger_store import MemoryLedger

from zoe.actors.bookkeeper import LOOK_SECONDS
from zoe.actors.ledger_reads import PAGE, TOLD_FAILURES
from zoe.domain.booking import Booking, StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.errors import StoreConflict, StoreError, StoreUnknown
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import LedgerRow, decimal_of
from zoe.domain.marks import NoMarks
from zoe.messages.gateway import Failure, PrivateAnswered
from zoe.messages.ledger import LedgerRowSeen, LedgerRowsRead
from zoe.messages.market import Quote
from zoe.messages.risk import AssetsDisputed
from zoe.messages.system import Beat
from zoe.ports.ledger_store import DriftRow
from zoe.ports.venue import GetBalances, GetLedgers


class Troubled(MemoryLedger):
    """A store whose next bookings meet these errors; ``after`` it was done, or before."""

    def __init__(self, *errors: Exception, after: bool = False) -> None:
        super().__init__()
        self.errors = list(errors)
        self._after = after

    def book(self, bookings: Sequence[Booking], notes: Sequence[DriftRow] = ()) -> None:
        error = self.errors.pop(0) if self.errors else None
        if error is not None and not self._after:
            raise error
        super().book(bookings, notes)
        if error is not None:
            raise error


def stored(store: MemoryLedger) -> Bookkeeping:
    keeping = Bookkeeping(store.load(), NoMarks())
    assert keeping.catch_up(None, 1).is_empty
    assert violations(keeping.books) == []
    return keeping


def expected(rows: Sequence[LedgerRow]) -> str:
    keeping = Bookkeeping(StoredBooks(), NoMarks())
    for row in rows:
        keeping.books.add(row)
    keeping.catch_up(None, 1)
    return state_hash(keeping.books)


def test_rows_of_the_stream_are_booked_once_however_often_they_come() -> None:
    account, store = small_account.lived(1, 40), MemoryLedger()
    stage = keeper(store)
    for row in account.rows:
        if row.type != "staking":
            stage.tell(seen(row), 0.01)
            stage.tell(seen(row), 0.01)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances)
    keeping = stored(store)
    assert state_hash(keeping.books) == expected(account.rows)
    assert keeping.books.balances == dict(sorted(account.balances.items()))


def test_the_first_look_has_the_whole_ledger_read_page_by_page() -> None:
    account, store = small_account.lived(2, 120), MemoryLedger()
    stage = keeper(store)
    assert calls(stage) == []
    stage.tell(snapshot(account.balances))
    first = calls(stage)[0].operation
    assert isinstance(first, GetLedgers) and first.start_ns is None
    answer(stage, account.rows, account.balances)
    assert state_hash(stored(store).books) == expected(account.rows)
    read = [row for news in stage.heard("ledger", LedgerRowsRead) for row in news.rows]
    assert sorted(read) == sorted(account.rows)
    ends = {c.operation.end_ns for c in calls(stage) if isinstance(c.operation, GetLedgers)}
    assert len(ends) == 1, "the end is frozen while pages are read"


class Late(MemoryLedger):
    """A store that cannot be read at first."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = [StoreError("starting up")]

    def load(self) -> StoredBooks:
        if self.errors:
            raise self.errors.pop()
        return super().load()


def test_a_look_that_comes_before_the_store_is_read_has_the_ledger_read_as_soon_as_it_is() -> None:
    account, store = small_account.lived(2, 40), Late()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    assert calls(stage) == []
    answer(stage, account.rows, account.balances)
    assert state_hash(stored(store).books) == expected(account.rows)


def test_a_gap_is_filled_from_rest() -> None:
    account, store = small_account.lived(3, 30), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances)
    known = len(account.rows)
    for _ in range(12):
        account.event()
    for row in account.rows[known + 1 :]:
        stage.tell(seen(row), 0.01)
    answer(stage, account.rows, account.balances)
    assert state_hash(stored(store).books) == expected(account.rows)


def test_a_balance_that_no_row_explains_is_told_as_unknown() -> None:
    account, store = small_account.lived(4, 20), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances)
    other = account.balances | {"USD": account.balances["USD"] + 1}
    for _ in range(3):
        stage.tell(snapshot(other))
        answer(stage, account.rows, other)
    (found,) = [row for row in store.drift() if row.status == "open"]
    assert (found.subject, found.cause) == ("balance USD", "unknown")
    assert stage.heard("heartbeat", Beat)[-1].status == "degraded"
    assert stage.heard("risk", AssetsDisputed)[-1].assets == ("USD",)
    stage.tell(snapshot(account.balances))
    stage.run(1)
    assert store.drift()[-1].status == "settled"
    assert store.drift()[-1].number == found.number
    assert stage.heard("risk", AssetsDisputed)[-1].assets == ()


def test_whatever_the_store_answers_the_books_end_as_the_rows_say() -> None:
    account = small_account.lived(5, 40)
    rows = [row for row in account.rows if row.type != "staking"]
    trouble = [
        Troubled(StoreError("53100 no space"), StoreError("again"), StoreUnknown("lost")),
        Troubled(StoreUnknown("lost"), StoreConflict("another writer"), after=True),
    ]
    for store in trouble:
        stage = keeper(store)
        for row in rows:
            stage.tell(seen(row), 0.05)
        stage.run(10)
        assert store.errors == []
        assert {row.ledger_id for row in store.load().rows} == {row.ledger_id for row in rows}
        stored(store)


def test_a_booking_that_the_database_refuses_ends_the_books_and_not_the_desk() -> None:
    store = Troubled(AssertionError("23514 lot_sound"))
    stage = keeper(store)
    for row in small_account.lived(6, 5).rows:
        stage.tell(seen(row), 0.1)
    assert store.load().rows == ()
    assert stage.heard("heartbeat", Beat)[-1].status == "down"
    assert stage.runtime.code is None


def test_a_restart_goes_on_from_what_is_stored() -> None:
    account, store = small_account.lived(7, 30), MemoryLedger()
    first = keeper(store)
    first.tell(snapshot(account.balances))
    answer(first, account.rows, account.balances)
    second = keeper(store)
    second.tell(snapshot(account.balances))
    start = calls(second)[0].operation
    assert isinstance(start, GetLedgers) and start.start_ns is not None
    answer(second, account.rows, account.balances)
    assert state_hash(stored(store).books) == expected(account.rows)


def test_what_was_settled_hours_ago_is_let_go_of_and_read_again_when_a_row_needs_it() -> None:
    account, store = small_account.lived(7, 400), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances)
    actor = stage.runtime.find("bookkeeper").cell.life.actor
    stage.run(2 * LOOK_SECONDS)
    open_rows = len(actor._keeping.books.rows)
    assert open_rows < len(account.rows) // 2
    assert f"{len(account.rows)} rows" in stage.heard("heartbeat", Beat)[-1].detail
    account.event()
    for row in (*account.rows[-3:], account.rows[0]):
        stage.tell(seen(row), 0.1)
    assert len(actor._keeping.books.rows) == len(account.rows)
    assert state_hash(stored(store).books) == expected(account.rows)
    stage.run(2 * LOOK_SECONDS)
    assert len(actor._keeping.books.rows) < open_rows + 10
    assert stage.heard("heartbeat", Beat)[-1].status == "ok"


def test_a_reading_that_failed_is_begun_again() -> None:
    account, store = small_account.lived(8, 20), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    call = calls(stage)[0]
    stage.tell(PrivateAnswered(call.ref, None, Failure.THROTTLED, "EAPI:Rate limit exceeded"))
    stage.run(10)
    later = calls(stage)[1]
    stage.tell(PrivateAnswered(later.ref, page_of(account.rows[:PAGE])), 1)
    assert len(store.load().rows) == len(account.rows[:PAGE])


def test_books_that_cannot_read_the_ledger_are_not_well_until_they_can() -> None:
    account, store = small_account.lived(8, 20), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    for _ in range(TOLD_FAILURES):
        failed = PrivateAnswered(calls(stage)[-1].ref, None, Failure.UNKNOWN, "no page")
        stage.tell(failed, 2 * LOOK_SECONDS)
    beat = stage.heard("heartbeat", Beat)[-1]
    assert (beat.status, "no page" in beat.detail) == ("degraded", True)
    answer(stage, account.rows, account.balances)
    stage.run(2 * LOOK_SECONDS)
    assert stage.heard("heartbeat", Beat)[-1].status == "ok"


def test_an_amount_too_fine_to_count_crashes_nobody_and_rest_is_asked_about_it() -> None:
    account, store = small_account.Account(8), MemoryLedger()
    coarse = account.row("D1", "deposit", "USD", 10**10)
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, [coarse], account.balances)
    asked = len(calls(stage))
    fine = seen(account.row("D2", "deposit", "BTC", 1)).entry
    fine = attrs.evolve(fine, amount=Decimal("1e-18"), balance=Decimal("1e-18"))
    stage.tell(LedgerRowSeen(fine), 10)
    assert len(calls(stage)) == asked + 1
    told = snapshot({"USD": 10**10, "BTC": 1})
    rows = [
        attrs.evolve(r, balance=fine.balance) if r.asset == "BTC" else r for r in told.snapshot.rows
    ]
    answer(stage, [], {"USD": 10**10})
    asked = len(calls(stage))
    stage.tell(attrs.evolve(told, snapshot=attrs.evolve(told.snapshot, rows=tuple(rows))), 10)
    # A restarted Bookkeeper reads the ledger as soon as it hears of balances.
    stage.tell(snapshot({"USD": 10**10}), 10)
    assert len(calls(stage)) == asked
    assert {row.ledger_id for row in store.load().rows} == {coarse.ledger_id}
    assert store.drift() == ()


def test_a_reading_that_fails_now_and_then_is_begun_again_within_seconds_each_time() -> None:
    account, store = small_account.lived(8, 20), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances)
    for _ in range(8):
        account.event()
        stage.tell(snapshot(account.balances), 5)
        failed = calls(stage)[-1]
        assert isinstance(failed.operation, GetLedgers)
        stage.tell(PrivateAnswered(failed.ref, None, Failure.UNKNOWN, "HTTP 502"), 5)
        again = calls(stage)[-1]
        assert again.ref != failed.ref
        stage.tell(PrivateAnswered(again.ref, page_of(account.rows[-5:])), 2)
        answered = calls(stage)[-1]
        assert isinstance(answered.operation, GetBalances)
        stage.tell(PrivateAnswered(answered.ref, snapshot(account.balances).snapshot), 1)
    assert len(store.load().rows) == len(account.rows)


def test_what_is_wanted_while_the_ledger_is_read_is_read_after_that() -> None:
    account, store = small_account.Account(9), MemoryLedger()
    rows = [account.row(f"D{n}", "deposit", "USD", 10**10) for n in range(3)]
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    call = calls(stage)[0]
    stage.tell(seen(rows[2]), 10)
    stage.tell(PrivateAnswered(call.ref, page_of(rows[:1])), 1)
    assert stored(store).books.gaps
    answer(stage, rows, account.balances)
    assert stored(store).books.gaps == {}


def test_a_call_that_nobody_answers_any_more_is_made_again() -> None:
    store = MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot({}))
    assert len(calls(stage)) == 1
    stage.run(300)
    assert len(calls(stage)) > 1


def test_what_had_no_mark_is_valued_once_there_is_one() -> None:
    store = MemoryLedger()
    stage = keeper(store)
    now_ns = stage.runtime.clock.wall_ns()
    deposit = LedgerRow("L1", "D1", now_ns, "deposit", "", "BTC", *(10**10, 0, 10**10))
    stage.tell(seen(deposit), 1)
    assert [lot.flag for lot in store.load().lots] == ["unvalued"]
    received_ns = now_ns + LOOK_SECONDS * 10**9
    quote = Quote("BTC/USD", 1, 8, 499_990, 1, 500_010, 1, None, received_ns)
    stage.tell(quote, LOOK_SECONDS + 1)
    (lot,) = store.load().lots
    assert (lot.flag, lot.edition) == ("fmv_assumed", 2)
    assert decimal_of(lot.basis) == Decimal(50_000)


def test_what_the_desk_did_not_do_itself_is_listed() -> None:
    store = MemoryLedger()
    stage = keeper(store)
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(seen(LedgerRow("L1", "D1", now_ns, "deposit", "", "USD", *(10**10, 0, 10**10))), 1)
    assert [(row.subject, row.cause, row.theirs) for row in store.drift()] == [
        ("L1", "external_action", "deposit 1 USD")
    ]
    assert isinstance(store.drift()[0], DriftRow)


class Watched(MemoryLedger):
    """A store that remembers which rows came again with other content."""

    def __init__(self) -> None:
        super().__init__()
        self.conflicts: list[LedgerRow] = []

    def book(self, bookings: Sequence[Booking], notes: Sequence[DriftRow] = ()) -> None:
        super().book(bookings, notes)
        self.conflicts += [told.row for booking in bookings for told in booking.conflicts]


def test_a_trade_in_the_words_of_the_stream_and_in_those_of_rest_is_no_conflict() -> None:
    account, store = small_account.lived(4, 20), Watched()
    stage = keeper(store)
    for row in account.rows:
        if row.type != "staking":
            stage.tell(seen(row), 0.01)
    stage.tell(snapshot(account.balances))
    in_rest = [
        row._replace(subtype="tradespot") if row.type == "trade" else row for row in account.rows
    ]
    answer(stage, in_rest, account.balances)
    assert len([row for row in account.rows if row.type == "trade"]) > 5
    assert store.conflicts == []
    assert state_hash(stored(store).books) == expected(account.rows)
