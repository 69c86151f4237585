"""How far back the exchange's ledger is read where a reading did not end, or explained nothing."""

import small_account
from keeper_stage import LAG_NS, answer, calls, keeper, page_of, seen, snapshot
from ledger_store import MemoryLedger
from small_account import Account
from stage import Stage

from zoe.actors.bookkeeper import LOOK_SECONDS
from zoe.actors.ledger_reads import MOST_REACHES, PAGE, RETRY_SECONDS, SILENCE_NS
from zoe.messages.gateway import Failure, PrivateAnswered
from zoe.messages.system import Beat
from zoe.ports.venue import GetLedgers

#: Of an account that lived so long before its newest page.
YEARS = 3
LONG_NS = YEARS * 365 * 86_400 * small_account.SECOND_NS


def two_pages() -> Account:
    """An old row, and a page of rows that want none before them: no gap tells of the old one."""
    account = Account(3)
    account.row("E", "deposit", "ETH", small_account.COIN)
    old = account.rows[0]
    account.rows[0] = old._replace(time_ns=old.time_ns - LONG_NS)
    for number in range(PAGE):
        account.row(f"D{number}", "deposit", "USD", small_account.CENT)
    return account


def after_one_page(account: Account, store: MemoryLedger) -> Stage:
    """A keeper that has asked for the second page."""
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, page_of(account.rows[1:])), 1)
    asked = calls(stage)[-1].operation
    assert isinstance(asked, GetLedgers) and asked.offset == PAGE
    return stage


def is_whole(account: Account, store: MemoryLedger) -> bool:
    return {row.ledger_id for row in store.load().rows} == {r.ledger_id for r in account.rows}


def test_a_reading_that_failed_is_begun_again_from_as_far_back() -> None:
    account, store = two_pages(), MemoryLedger()
    stage = after_one_page(account, store)
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, None, Failure.UNKNOWN, "timeout"), 5)
    answer(stage, account.rows, account.balances)
    assert is_whole(account, store)
    assert not store.drift(), "no balance has differed meanwhile"


def test_a_reading_that_nobody_answers_is_begun_again_from_as_far_back() -> None:
    account, store = two_pages(), MemoryLedger()
    stage = after_one_page(account, store)
    stage.run(SILENCE_NS / 1e9 + LOOK_SECONDS + RETRY_SECONDS[0] + 5)
    answer(stage, account.rows, account.balances)
    assert is_whole(account, store)
    assert not store.drift(), "no balance has differed meanwhile"


def test_the_next_desk_reads_further_back_until_the_balances_agree() -> None:
    account, store = two_pages(), MemoryLedger()
    after_one_page(account, store)  # and it is killed
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    for _ in range(MOST_REACHES):
        answer(stage, account.rows, account.balances)
    assert is_whole(account, store)
    stage.run(LOOK_SECONDS)
    assert stage.heard("heartbeat", Beat)[-1].status == "ok"


def test_what_no_row_explains_does_not_have_the_whole_ledger_read_for_ever() -> None:
    account, store = two_pages(), MemoryLedger()
    stage = keeper(store)
    other = account.balances | {"USD": 1}
    stage.tell(snapshot(other))
    for _ in range(20):
        answer(stage, account.rows, other)
    asked = [c.operation for c in calls(stage) if isinstance(c.operation, GetLedgers)]
    starts = [call.start_ns or 0 for call in asked]
    assert len(starts) > 3 * MOST_REACHES
    assert min(starts[2:]) < account.rows[0].time_ns
    assert len({starts[-place] for place in range(1, MOST_REACHES)}) == 1
    assert starts[-1] > account.rows[0].time_ns


def test_a_gap_that_opens_while_a_row_is_set_aside_is_read_though_that_row_has_come() -> None:
    account, store = Account(3), MemoryLedger()
    for number in range(3):
        account.row(f"D{number}", "deposit", "USD", small_account.CENT)
    aside = account.row("E", "deposit", "ETH", small_account.COIN)
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    first = page_of(account.rows[::-1], {aside.ledger_id})
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, first), 0.1)
    missing = account.row("M", "deposit", "USD", small_account.CENT)
    behind = account.row("N", "deposit", "USD", small_account.CENT)
    for row in (behind, aside):
        stage.tell(seen(row), 0.1)
    before = len(calls(stage))
    stage.run(LAG_NS / 1e9 + RETRY_SECONDS[0])
    assert [c for c in calls(stage)[before:] if isinstance(c.operation, GetLedgers)]
    answer(stage, account.rows, account.balances)
    assert missing.ledger_id in {row.ledger_id for row in store.load().rows}
