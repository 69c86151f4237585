"""Rows of the exchange's ledger that cannot be read: each is set aside alone, and is told until the books
have it."""

from collections.abc import Sequence
from typing import Any

import small_account
from keeper_stage import LAG_NS, answer, calls, keeper, page_of, seen, snapshot
from ledger_store import MemoryLedger
from loguru import logger
from small_account import Account
from stage import Stage

from zoe.actors.bookkeeper import LOOK_SECONDS
from zoe.actors.ledger_reads import PAGE, RETRY_SECONDS, TOLD_FAILURES
from zoe.domain.booking import FILE, Booking, Delivery
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.difference import LAG, OPEN, SETTLED, UNKNOWN
from zoe.domain.errors import StoreError
from zoe.domain.marks import NoMarks
from zoe.messages.gateway import Failure, PrivateAnswered
from zoe.messages.risk import AssetsDisputed
from zoe.messages.system import Beat
from zoe.ports.ledger_store import DriftRow
from zoe.ports.venue import GetBalances, GetLedgerRows, GetLedgers

#: Long enough for whatever is asked for again.
PATIENCE_SECONDS = 2 * RETRY_SECONDS[-1]


def steps(store: MemoryLedger, ledger_id: str) -> list[tuple[str, str, str]]:
    """What was told of a row, in its order."""
    rows = [row for row in store.drift() if row.subject == f"row {ledger_id}"]
    return [(row.status, row.cause, row.theirs) for row in rows]


def said(stage: Stage) -> tuple[str, str]:
    """How the books are, as they say."""
    beat = stage.heard("heartbeat", Beat)[-1]
    return beat.status, beat.detail


def known(store: MemoryLedger) -> set[str]:
    return {row.ledger_id for row in store.load().rows}


def dollars(count: int) -> Account:
    """An account of so many deposits, and then one of another asset."""
    account = Account(9)
    for number in range(count):
        account.row(f"D{number}", "deposit", "USD", small_account.CENT)
    account.row("B", "deposit", "BTC", small_account.COIN)
    return account


def test_a_row_that_cannot_be_read_costs_no_other_and_is_booked_once_it_can() -> None:
    account, store = dollars(3), MemoryLedger()
    first, bad, behind, bitcoin = (row.ledger_id for row in account.rows)
    stage = keeper(store)
    told: list[dict[str, Any]] = []
    sink = logger.add(lambda m: told.append({"event": m.record["message"], **m.record["extra"]}))
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {bad})
    answer(stage, account.rows, account.balances, {bad})
    logger.remove(sink)
    assert known(store) == {first, behind, bitcoin}
    assert store.load().journaled == {first, bitcoin}, "what follows it in its wallet is held"
    assert steps(store, bad) == [(OPEN, UNKNOWN, "is no row")]
    errors = [line for line in told if line.get("subject") == f"row {bad}"]
    assert [line["event"] for line in errors] == ["books.differ"], "once, not each round"
    stage.run(LOOK_SECONDS)
    assert said(stage)[0] == "degraded" and f"row {bad}" in said(stage)[1]
    stage.run(PATIENCE_SECONDS)
    answer(stage, account.rows, account.balances)
    assert store.load().journaled == {row.ledger_id for row in account.rows}
    assert steps(store, bad)[1:] == [(SETTLED, LAG, "is no row")]
    stage.run(LOOK_SECONDS)
    assert said(stage)[0] == "ok"


def test_balances_that_agree_do_not_make_books_well_while_a_row_is_set_aside() -> None:
    account, store = dollars(1), MemoryLedger()
    nothing = account.row("N", "adjustment", "USD", 0)
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {nothing.ledger_id})
    assert not [row for row in store.drift() if row.subject.startswith("balance")]
    stage.run(LOOK_SECONDS)
    assert said(stage)[0] == "degraded"
    stage.run(PATIENCE_SECONDS)
    answer(stage, account.rows, account.balances)
    assert nothing.ledger_id in known(store), "though no balance differs, it is asked for again"


def test_a_page_is_as_full_as_it_is_with_the_rows_that_are_set_aside() -> None:
    account, store = dollars(PAGE + 10), MemoryLedger()
    bad = account.rows[-5].ledger_id
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {bad})
    assert known(store) == {row.ledger_id for row in account.rows} - {bad}


def test_a_row_that_somebody_has_imported_is_set_aside_no_more() -> None:
    account, store = dollars(2), MemoryLedger()
    bad = account.rows[-1]
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {bad.ledger_id})
    importing = Bookkeeping(store.load(), NoMarks())
    importing.catch_up(None, 1)
    store.book([importing.take([Delivery(bad, FILE, 1)], None, 1)])
    later = keeper(store)
    later.tell(snapshot(account.balances), 1)
    assert [step[0] for step in steps(store, bad.ledger_id)] == [OPEN, SETTLED]


def test_a_row_that_somebody_imports_while_the_desk_runs_settles_all_that_lacked_it() -> None:
    account, store = dollars(2), MemoryLedger()
    bad = account.rows[-1]
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    for _ in range(2):
        answer(stage, account.rows, account.balances, {bad.ledger_id})
    assert stage.heard("risk", AssetsDisputed)[-1].assets == ("BTC",)
    importing = Bookkeeping(store.load(), NoMarks())
    importing.catch_up(None, 1)
    store.book([importing.take([Delivery(bad, FILE, 1)], None, 1)])
    for _ in range(2):
        answer(stage, account.rows, account.balances, {bad.ledger_id})
    assert [step[0] for step in steps(store, bad.ledger_id)] == [OPEN, SETTLED]
    assert stage.heard("risk", AssetsDisputed)[-1].assets == ()
    stage.run(LOOK_SECONDS)
    assert said(stage)[0] == "ok"


def test_a_row_of_the_stream_that_no_books_can_keep_is_left_to_rest() -> None:
    account, store = Account(9), MemoryLedger()
    finer = account.row("D", "deposit", "USD", small_account.CENT // 10)
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, [], {})
    stage.tell(seen(finer), 1)
    assert known(store) == set()


def test_a_row_without_a_gap_behind_it_is_asked_for_by_its_id_by_the_next_desk_too() -> None:
    account, store = dollars(2), MemoryLedger()
    bad = account.rows[-1]
    late = account.row("D9", "deposit", "USD", small_account.CENT)
    # The pages go back to a while before this one only.
    rows = [*account.rows[:-1], late._replace(time_ns=late.time_ns + 600 * small_account.SECOND_NS)]
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, rows, account.balances, {bad.ledger_id})
    later = keeper(store)
    later.tell(snapshot(account.balances))
    answer(later, rows, account.balances, {bad.ledger_id})
    asked = [c.operation for c in calls(later) if isinstance(c.operation, GetLedgerRows)]
    assert GetLedgerRows((bad.ledger_id,)) in asked
    assert bad.ledger_id not in known(store)
    later.run(PATIENCE_SECONDS)
    answer(later, rows, account.balances)
    assert bad.ledger_id in known(store)
    assert [step[0] for step in steps(store, bad.ledger_id)] == [OPEN, SETTLED]


def test_an_id_that_the_exchange_does_not_know_spoils_no_reading() -> None:
    account, store = dollars(2), MemoryLedger()
    bad = account.rows[-1].ledger_id
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {bad})
    stage.run(PATIENCE_SECONDS)
    for _ in range(20):
        call = calls(stage)[-1]
        if isinstance(call.operation, GetLedgerRows):
            stage.tell(PrivateAnswered(call.ref, None, Failure.REFUSED, "EQuery:Unknown"), 1)
        elif isinstance(call.operation, GetLedgers):
            stage.tell(PrivateAnswered(call.ref, page_of([])), 1)
        stage.run(PATIENCE_SECONDS)
    asked = {call.ref for call in calls(stage) if isinstance(call.operation, GetLedgerRows)}
    assert len(asked) > TOLD_FAILURES
    assert "cannot be read:" not in said(stage)[1]
    assert f"row {bad}" in said(stage)[1]


class Down(MemoryLedger):
    """A store whose next booking fails."""

    def book(self, bookings: Sequence[Booking], notes: Sequence[DriftRow] = ()) -> None:
        self.__class__ = MemoryLedger  # type: ignore[assignment]  # it is up again
        raise StoreError("down")


def test_a_page_that_comes_while_the_store_is_read_sets_nothing_aside_that_is_known() -> None:
    account, store = dollars(3), MemoryLedger()
    stage = keeper(store)
    for row in account.rows[:2]:
        stage.tell(seen(row), 0.1)
    stage.tell(snapshot(account.balances))
    store.__class__ = Down
    stage.tell(seen(account.rows[2]), 0.1)
    page = page_of(account.rows, {account.rows[0].ledger_id, account.rows[3].ledger_id})
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, page), 2 * RETRY_SECONDS[0])
    subjects = [row.subject for row in store.drift() if row.subject.startswith("row ")]
    assert subjects == [f"row {account.rows[3].ledger_id}"]


def quiet() -> tuple[Account, str]:
    """An account of a day, and a row of it that leaves no gap."""
    account = Account(9)
    for number in range(24):
        account.row(f"D{number}", "deposit", "USD", small_account.CENT)
        row = account.rows[-1]
        account.rows[-1] = row._replace(time_ns=row.time_ns + number * 3_600 * 10**9)
    nothing = account.row("N", "adjustment", "USD", 0)
    return account, nothing.ledger_id


def test_where_nothing_else_is_missing_a_row_is_asked_for_alone_and_the_books_let_go() -> None:
    account, bad = quiet()
    store = MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    for _ in range(3):
        answer(stage, account.rows, account.balances, {bad})
    asked = [c.operation for c in calls(stage) if not isinstance(c.operation, GetBalances)]
    assert [type(operation) for operation in asked[:1]] == [GetLedgers]
    assert len(asked) > 4 and set(asked[1:]) == {GetLedgerRows((bad,))}
    actor = stage.runtime.find("bookkeeper").cell.life.actor
    assert len(actor._keeping.books.rows) < len(account.rows) / 2
    assert said(stage)[0] == "degraded"


def test_what_only_rest_tells_is_read_in_pages_while_a_row_is_set_aside() -> None:
    account, bad = quiet()
    stage = keeper(MemoryLedger())
    stage.tell(snapshot(account.balances))
    page = page_of(account.rows[::-1], {bad})
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, page), 0.1)
    stage.tell(seen(account.row("S", "staking", "ETH", small_account.COIN)), 0.1)
    stage.run(LAG_NS / 1e9 + RETRY_SECONDS[0])
    assert isinstance(calls(stage)[-1].operation, GetLedgers)


def test_a_row_that_the_stream_has_told_is_not_set_aside() -> None:
    account, store = dollars(2), MemoryLedger()
    stage = keeper(store)
    for row in account.rows:
        stage.tell(seen(row), 0.1)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {row.ledger_id for row in account.rows})
    assert not [row for row in store.drift() if row.subject.startswith("row ")]
    assert said(stage)[0] == "ok"


def test_a_row_that_is_set_aside_is_settled_by_the_stream_too() -> None:
    account, store = dollars(2), MemoryLedger()
    bad = account.rows[1]
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, {bad.ledger_id})
    stage.tell(seen(bad), 1)
    assert [step[0] for step in steps(store, bad.ledger_id)] == [OPEN, SETTLED]
