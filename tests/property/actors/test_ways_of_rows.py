"""A row of the exchange's ledger comes by the stream, by pages, by its id and by files: whatever comes
first or twice, cannot be read for a while, or breaks off, it is booked once, and the books end well."""

from collections.abc import Callable
from typing import Final

import pytest
import small_account
from hypothesis import given, settings
from hypothesis import strategies as st
from keeper_stage import answer, calls, keeper, seen, snapshot
from ledger_stores import EVERY
from small_account import Account
from stage import Stage

from zoe.actors.bookkeeper import LOOK_SECONDS
from zoe.actors.ledger_reads import RETRY_SECONDS
from zoe.domain.booking import FILE, Delivery, StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import LedgerRow
from zoe.domain.marks import NoMarks
from zoe.messages.gateway import Failure, PrivateAnswered
from zoe.messages.system import Beat
from zoe.ports.ledger_store import LedgerStore

EVENTS: Final = 25
STEPS: Final = st.lists(
    st.sampled_from(("stream", "file", "pages", "failure", "restart", "pause")), max_size=12
)


def imported(store: LedgerStore, rows: list[LedgerRow]) -> None:
    """As ``zoe ledger import`` beside a desk."""
    keeping = Bookkeeping(store.load(), NoMarks())
    for booking in (
        keeping.catch_up(None, 1),
        keeping.take([Delivery(row, FILE, 1) for row in rows], None, 1),
    ):
        if not booking.is_empty:
            store.book([booking])


def begun(store: LedgerStore, account: Account) -> Stage:
    """A desk that has just connected."""
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    return stage


def lived(store: LedgerStore, account: Account, draw: st.DataObject) -> Stage:
    """A while of a desk on this account, some of whose rows cannot be read meanwhile."""
    some = st.lists(st.sampled_from(account.rows), max_size=6)
    unread = {row.ledger_id for row in draw.draw(some)}
    stage = begun(store, account)
    for step in draw.draw(STEPS):
        match step:
            case "stream":
                for row in draw.draw(some):
                    stage.tell(seen(row), draw.draw(st.sampled_from((0, 0.1))))
            case "file":
                imported(store, draw.draw(some))
            case "pages":
                answer(stage, account.rows, account.balances, unread)
            case "failure" if calls(stage):
                failed = PrivateAnswered(calls(stage)[-1].ref, None, Failure.UNKNOWN, "timeout")
                stage.tell(failed, 0.1)
            case "restart":
                stage = begun(store, account)
            case _:
                stage.run(RETRY_SECONDS[-1])
    return stage


@pytest.mark.parametrize("make", EVERY)
@settings(max_examples=25)
@given(st.integers(0, 1_000), st.data())
def test_whichever_way_rows_come_each_is_booked_once_and_the_books_end_well(
    make: Callable[[], LedgerStore], seed: int, draw: st.DataObject
) -> None:
    account, store = small_account.lived(seed, EVENTS), make()
    stage = lived(store, account, draw)
    for _ in range(5):
        answer(stage, account.rows, account.balances)
        stage.run(RETRY_SECONDS[-1])
    ours, rows = Bookkeeping(store.load(), NoMarks()), Bookkeeping(StoredBooks(), NoMarks())
    rows.books.extend(account.rows)
    for keeping in (ours, rows):
        keeping.catch_up(None, 1)
    assert violations(ours.books) == []
    assert state_hash(ours.books) == state_hash(rows.books)
    newest = {row.number: row.status for row in store.drift()}
    assert set(newest.values()) <= {"settled"}
    stage.run(LOOK_SECONDS)
    assert stage.heard("heartbeat", Beat)[-1].status == "ok"
