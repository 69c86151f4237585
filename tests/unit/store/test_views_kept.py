"""Views of decisions go once they are old; nothing else of the journal ever does."""

import json
import time
from typing import Any

import pytest
import stores

from zoe.domain.errors import StoreError
from zoe.ports.journal import JournalRow
from zoe.store.connection import Database
from zoe.store.journal import PostgresJournal
from zoe.store.views_kept import AT_ONCE, DAY_NS, PAUSE_NS, ViewsKept, forget_views

ACCOUNT = "kraken:a"
NOW_NS = time.time_ns()


@pytest.fixture
def database() -> Database:
    return stores.fresh_database()


def decision(seq: int, at_ns: int, kind: str = "decision.made") -> JournalRow:
    body = json.dumps({"made": "x" * 100, "pair": "X/USD"})
    return JournalRow(seq, ACCOUNT, "strategy/s", seq, kind, at_ns, seq, seq, None, None, body)


def bodies(database: Database) -> list[dict[str, Any]]:
    rows = database.run(lambda c: c.run("SELECT body FROM journal ORDER BY seq"))
    return [body for (body,) in rows]


def test_only_views_of_old_decisions_go_and_the_rest_of_their_rows_stays(
    database: Database,
) -> None:
    old_ns, young_ns = NOW_NS - 31 * DAY_NS, NOW_NS - 29 * DAY_NS
    rows = [decision(1, old_ns), decision(2, young_ns), decision(3, old_ns, "strategy.state")]
    PostgresJournal(database, ACCOUNT).append(rows)
    assert forget_views(database, ACCOUNT, NOW_NS - 30 * DAY_NS) == 1
    left = [sorted(body) for body in bodies(database)]
    assert left == [["pair"], ["made", "pair"], ["made", "pair"]]
    assert forget_views(database, ACCOUNT, NOW_NS - 30 * DAY_NS) == 0


@pytest.mark.parametrize(
    "change",
    [
        "body = body - 'pair'",
        "body = body - 'made', at_ns = at_ns - 1",
        "body = body - 'made' || '{\"pair\": \"Y/USD\"}'",
    ],
)
def test_no_other_change_of_an_old_decision_is_let_through(database: Database, change: str) -> None:
    PostgresJournal(database, ACCOUNT).append([decision(1, NOW_NS - 31 * DAY_NS)])
    with pytest.raises(StoreError, match="append-only"):
        database.run_prepared(f"UPDATE journal SET {change}")


def test_a_view_of_today_cannot_go(database: Database) -> None:
    PostgresJournal(database, ACCOUNT).append([decision(1, NOW_NS - DAY_NS // 2)])
    with pytest.raises(StoreError, match="append-only"):
        forget_views(database, ACCOUNT, NOW_NS)


def test_they_go_a_few_at_a_time_beside_the_signs_of_life(database: Database) -> None:
    old_ns, now_ns = NOW_NS - 9 * DAY_NS, [NOW_NS]
    rows = [decision(seq, old_ns) for seq in range(1, AT_ONCE + 3)]
    PostgresJournal(database, ACCOUNT).append(rows)
    kept = ViewsKept(database, ACCOUNT, 8, lambda: now_ns[0])

    def left() -> int:
        kept.write_health([("store", "ok", now_ns[0], "")])
        return sum("made" in body for body in bodies(database))

    assert [left(), left()] == [2, 0]
    PostgresJournal(database, ACCOUNT).append([decision(AT_ONCE + 3, old_ns)])
    assert left() == 1
    now_ns[0] += PAUSE_NS
    assert left() == 0
