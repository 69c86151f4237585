"""Rows that cannot be read: whichever they are, the books end as if all could be, and are not well before."""

from typing import Final

import small_account
from hypothesis import given, settings
from hypothesis import strategies as st
from keeper_stage import answer, keeper, snapshot
from ledger_store import MemoryLedger

from zoe.actors.bookkeeper import LOOK_SECONDS
from zoe.actors.ledger_reads import RETRY_SECONDS
from zoe.domain.booking import StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import LedgerRow
from zoe.domain.marks import NoMarks
from zoe.messages.system import Beat

EVENTS: Final = 25


def expected(rows: list[LedgerRow]) -> str:
    """The hash of books of all these rows."""
    keeping = Bookkeeping(StoredBooks(), NoMarks())
    keeping.books.extend(rows)
    keeping.catch_up(None, 1)
    return state_hash(keeping.books)


@settings(max_examples=25)
@given(st.integers(0, 1_000), st.sets(st.integers(0, 2 * EVENTS), min_size=1, max_size=6))
def test_whichever_rows_are_set_aside_the_books_are_as_if_none_had_been(
    seed: int, places: set[int]
) -> None:
    account, store = small_account.lived(seed, EVENTS), MemoryLedger()
    unread = {account.rows[place % len(account.rows)].ledger_id for place in places}
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances, unread)
    kept = {row.ledger_id for row in store.load().rows}
    assert kept == {row.ledger_id for row in account.rows} - unread
    stage.run(LOOK_SECONDS)
    beat = stage.heard("heartbeat", Beat)[-1]
    assert beat.status == "degraded" and all(f"row {name}" in beat.detail for name in unread)
    stage.run(2 * RETRY_SECONDS[-1])
    answer(stage, account.rows, account.balances)
    keeping = Bookkeeping(store.load(), NoMarks())
    assert keeping.catch_up(None, 1).is_empty and violations(keeping.books) == []
    assert state_hash(keeping.books) == expected(account.rows)
    stage.run(LOOK_SECONDS)
    assert stage.heard("heartbeat", Beat)[-1].status == "ok"
