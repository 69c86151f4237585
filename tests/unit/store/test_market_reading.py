"""What people's commands read of rankings: the scout's, beside those of a strategy that scans for itself."""

import json
from typing import Any

import pytest
import stores

from zoe.domain.focus import FocusConfig
from zoe.domain.scan import ScanConfig
from zoe.ports.journal import JournalRow
from zoe.store.connection import Database
from zoe.store.journal import PostgresJournal
from zoe.store.market_reading import ranks
from zoe.store.reading import rank_before

ACCOUNT = "sandbox:a"
SCOUT, TRADER = f"scan/{ACCOUNT}", f"scan/{ACCOUNT}/crypto_trader"


def ranking(seq: int, stream: str, *candidates: tuple[str, int | None]) -> JournalRow:
    rows: list[dict[str, Any]] = [
        {"symbol": symbol, "rank": rank, "score": rank and 900 - rank}
        for symbol, rank in candidates
    ]
    body = json.dumps({"at_ns": str(seq), "candidates": rows})
    return JournalRow(seq, ACCOUNT, stream, seq, "scan.ranked", seq, seq, seq, None, None, body)


@pytest.fixture
def database() -> Database:
    found = stores.fresh_database()
    rows = [
        ranking(1, SCOUT, ("ADA/USD", 1), ("BTC/EUR", 2)),
        ranking(2, TRADER, ("BTC/USD", 1), ("ADA/USD", None)),  # a gate stopped it
        ranking(3, SCOUT, ("BTC/USD", 1), ("SOL/USD", 2)),
        ranking(4, TRADER, ("SOL/EUR", 7), ("SOL/USD", 8), ("BTC/USD", None)),
    ]
    PostgresJournal(found, ACCOUNT).append(rows)
    return found


def test_the_ranks_that_people_are_shown_are_the_scouts(database: Database) -> None:
    assert ranks(database) == {"BTC/USD": 1, "SOL/USD": 2}


@pytest.mark.parametrize(
    ("symbol", "before", "found"),
    [
        ("BTC/USD", 2, ("BTC/EUR", 2, 1)),  # the base was ranked by it
        ("BTC/USD", 9, ("BTC/USD", 1, 3)),
        ("ADA/USD", 9, ("ADA/USD", 1, 1)),
        ("SOL/USD", 9, ("SOL/USD", 8, 4)),  # before its sibling that stands beside it
        ("ADA/USD", 1, None),
        ("DOT/USD", 9, None),
    ],
)
def test_a_pair_that_no_gate_stopped_is_found_in_the_newest_ranking_of_its_base(
    database: Database, symbol: str, before: int, found: tuple[str, int, int] | None
) -> None:
    row = rank_before(database, ACCOUNT, symbol, before)
    assert (row and (row["symbol"], row["rank"], row["seq"])) == found


def test_every_pair_that_focus_may_follow_by_its_rank_is_written_down() -> None:
    focus = FocusConfig()
    assert ScanConfig().kept >= focus.budget + focus.slack
