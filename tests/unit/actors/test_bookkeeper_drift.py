"""Differences that the books' keeper lists: its own of rows and balances, and what others find."""

from collections.abc import Sequence
from functools import partial

import small_account
from keeper_stage import LAG_NS, answer, calls, keeper, page_of, seen, snapshot
from ledger_store import MemoryLedger
from loguru import logger
from stage import Stage

from zoe.actors.bookkeeper import Bookkeeper
from zoe.actors.drift_notes import DriftNotes
from zoe.domain.booking import StoredBooks
from zoe.domain.difference import EXTERNAL, LAG, OPEN, SETTLED, UNKNOWN, Difference
from zoe.domain.errors import StoreError
from zoe.domain.ledger_row import LedgerRow
from zoe.messages.gateway import PrivateAnswered
from zoe.messages.ledger import DriftFound
from zoe.messages.risk import AssetsDisputed
from zoe.messages.system import Beat
from zoe.ports.ledger_store import DriftRow
from zoe.ports.venue import GetLedgers

ADOPTED = Difference("order O1", SETTLED, EXTERNAL, "-", "buy 1 BTC/USD", "adopted")
UNLISTED = Difference("order O2", OPEN, UNKNOWN, "WORKING", "in no list")


def test_what_others_find_is_listed_once_and_settled_when_a_look_finds_it_no_more() -> None:
    store = MemoryLedger()
    stage = keeper(store)
    for _ in range(2):
        stage.tell(DriftFound((ADOPTED, UNLISTED), frozenset({"order O2"})), 1)
    assert [(row.number, row.subject, row.status) for row in store.drift()] == [
        (1, "order O1", SETTLED),
        (2, "order O2", OPEN),
    ]
    assert stage.heard("heartbeat", Beat)[-1] == Beat(
        "books", "degraded", "0 rows, wrong: order O2", ("order O2",)
    )
    stage.tell(DriftFound((), frozenset()), 1)
    assert stage.heard("heartbeat", Beat)[-1] == Beat("books", "ok", "0 rows", ())
    assert (store.drift()[-1].number, store.drift()[-1].status) == (2, SETTLED)


def test_what_is_found_before_the_books_are_open_or_while_the_store_is_down_is_kept() -> None:
    store = Deaf()
    stage = Stage(
        "bookkeeper", partial(Bookkeeper, store, LAG_NS), ("gateway", "heartbeat", "risk")
    )
    stage.tell(DriftFound((ADOPTED,)), 1)
    assert store.drift() == ()
    stage.run(30)
    assert [row.subject for row in store.drift()] == ["order O1"]


def test_notes_are_durable_only_when_what_is_on_its_way_and_what_came_meanwhile_are_stored() -> (
    None
):
    notes = DriftNotes()
    notes.opened((), 1)
    assert notes.durable
    notes.found((ADOPTED,), 2)
    notes.take()
    assert (notes.waiting, notes.durable) == (False, False)
    notes.found((UNLISTED,), 3)
    notes.stored()
    assert (notes.waiting, notes.durable) == (True, False)
    notes.take()
    notes.stored()
    assert notes.durable


def test_a_person_is_told_once_of_what_nothing_explains_and_never_of_what_is_settled() -> None:
    store = MemoryLedger()
    stage = keeper(store)
    said: list[tuple[str, object, object]] = []
    sink = logger.add(
        lambda m: said.append(
            (m.record["message"], m.record["extra"]["subject"], m.record["level"].name)
        ),
        filter=lambda record: record["message"] == "books.differ",
    )
    try:
        for _ in range(2):
            stage.tell(DriftFound((ADOPTED, UNLISTED), frozenset({"order O2"})), 1)
        stage.tell(DriftFound((), frozenset()), 1)
    finally:
        logger.remove(sink)
    assert said == [("books.differ", "order O2", "ERROR")]


class Deaf(MemoryLedger):
    """A store that is down at first, and again when it is told of a difference."""

    def __init__(self) -> None:
        super().__init__()
        self._errors = {"load": 2, "note": 2}

    def load(self) -> StoredBooks:
        self._fail("load")
        return super().load()

    def note_drift(self, rows: Sequence[DriftRow]) -> None:
        self._fail("note")
        super().note_drift(rows)

    def _fail(self, what: str) -> None:
        if self._errors[what]:
            self._errors[what] -= 1
            raise StoreError("down")


def test_trading_in_an_asset_that_nothing_explained_stays_stopped_over_a_restart() -> None:
    account, store = small_account.lived(4, 20), MemoryLedger()
    first = keeper(store)
    first.tell(snapshot(account.balances))
    answer(first, account.rows, account.balances)
    other = account.balances | {"USD": account.balances["USD"] + 1}
    for _ in range(3):
        first.tell(snapshot(other))
        answer(first, account.rows, other)
    assert first.heard("risk", AssetsDisputed)[-1].assets == ("USD",)
    second = keeper(store)
    assert [told.assets for told in second.heard("risk", AssetsDisputed)] == [("USD",)]
    second.tell(snapshot(account.balances))
    answer(second, account.rows, account.balances)
    assert second.heard("risk", AssetsDisputed)[-1].assets == ()
    assert {row.number for row in store.drift() if row.subject == "balance USD"} == {1}
    assert store.drift()[-1].status == SETTLED


def test_rows_that_the_stream_told_never_or_late_are_listed_so() -> None:
    store = MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot({}))
    answer(stage, [], {})
    now_ns = stage.runtime.clock.wall_ns()
    rows = [
        LedgerRow(f"L{n}", f"T{n}", now_ns + n, "adjustment", "", "USD", 10**10, 0, n * 10**10)
        for n in (1, 2)
    ]
    stage.tell(snapshot({"USD": 2 * 10**10}), 0.1)
    for _ in range(2):
        stage.run(LAG_NS / 1e9)
        for call in calls(stage)[-1:]:
            if isinstance(call.operation, GetLedgers):
                stage.tell(PrivateAnswered(call.ref, page_of(rows[::-1])), 0.1)
    stage.tell(seen(rows[1]), 0.1)
    stage.run(30)
    causes = {(row.subject, row.cause) for row in store.drift()}
    assert {("L1", "missed_message"), ("L2", LAG)} <= causes


def test_a_balance_that_lagged_is_listed_with_how_long_it_took() -> None:
    account, store = small_account.lived(4, 20), MemoryLedger()
    stage = keeper(store)
    stage.tell(snapshot(account.balances))
    answer(stage, account.rows, account.balances)
    stage.tell(snapshot(account.balances | {"USD": account.balances["USD"] + 1}), 2)
    stage.tell(snapshot(account.balances), 1)
    steps = [row for row in store.drift() if row.subject == "balance USD"]
    assert [(row.status, row.cause) for row in steps] == [("waiting", LAG), (SETTLED, LAG)]
    assert steps[1].repair == "settled by itself after 2.0 s"
