"""What every store of the journal tells of what was asked of the exchange of late."""

import json
from collections.abc import Callable

import journal
import pytest
import stores

from zoe.ports.journal import JournalRow, JournalStore
from zoe.store.journal import PostgresJournal

ACCOUNT = "kraken:a"


def on_postgres() -> JournalStore:
    return PostgresJournal(stores.fresh_database(), ACCOUNT)


def in_memory() -> JournalStore:
    return journal.MemoryJournal(ACCOUNT)


@pytest.fixture(params=[in_memory, on_postgres])
def store(request: pytest.FixtureRequest) -> JournalStore:
    make: Callable[[], JournalStore] = request.param
    return make()


def test_what_was_asked_later_than_a_time_is_told_with_its_orders_first_row(
    store: JournalStore,
) -> None:
    def asking(seq: int, kind: str, version: int = 1, seconds: int = 0) -> JournalRow:
        body = json.dumps({"state": "SENDING", "version": version})
        stream = f"order/a/{seq if version == 1 else 3}"
        ids = (seq, seq, None, None)
        return JournalRow(seq, ACCOUNT, stream, version, kind, seconds * 10**9, *ids, body)

    store.append(
        [
            asking(1, "order.sending", seconds=12),  # a clock that was ahead once: out of reach
            asking(2, "order.sending", seconds=9),
            asking(3, "order.sending", seconds=10),
            asking(4, "order.sending", seconds=11),
            JournalRow(
                5, ACCOUNT, "emergency/a", 1, "order.cancel_noted", 1, 5, 5, None, None, "{}"
            ),
            asking(6, "order.denied", seconds=12),
            asking(7, "order.amending", version=2, seconds=13),
        ]
    )
    told = store.asked(ACCOUNT, 10 * 10**9)
    assert [(r.seq, r.kind) for r in told] == [(4, "order.sending"), (7, "order.amending")]
    assert [r.body["version"] for r in told] == [1, 1]
    assert [r.at_ns for r in told] == [11 * 10**9, 13 * 10**9]
    assert [r.seq for r in store.asked(ACCOUNT, 0)] == [1, 2, 3, 4, 7]
    assert store.asked(ACCOUNT, 13 * 10**9) == ()
