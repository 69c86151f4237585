"""What people's commands read of rankings: the scout's, beside those of a strategy that scans for itself."""

import json
from typing import Any

import pytest
import stores

from zoe.domain.focus import FocusConfig
from zoe.domain.scan import ScanConfig
from zoe.ports.journal import JournalRow
from zoe.store.connection import Database
from zoe.store.desk import next_boot
from zoe.store.journal import PostgresJournal
from zoe.store.market_reading import focus, ranks
from zoe.store.reading import rank_before

ACCOUNT, OTHER = "sandbox:a", "sandbox:b"
SCOUT, TRADER = f"scan/{ACCOUNT}", f"scan/{ACCOUNT}/crypto_trader"


def focused(seq: int, account: str, *pairs: str) -> JournalRow:
    stream, body = f"focus/{account}", json.dumps({"focus": pairs})
    return JournalRow(seq, account, stream, seq, "focus.changed", seq, seq, seq, None, None, body)


def ranking(seq: int, stream: str, *candidates: tuple[str, int | None]) -> JournalRow:
    rows: list[dict[str, Any]] = [
        {"symbol": symbol, "rank": rank, "score": rank and 900 - rank}
        for symbol, rank in candidates
    ]
    body = json.dumps({"at_ns": str(seq), "candidates": rows})
    account = stream.split("/")[1]
    return JournalRow(seq, account, stream, seq, "scan.ranked", seq, seq, seq, None, None, body)


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
    next_boot(found, ACCOUNT, 1)
    return found


def test_the_ranks_that_people_are_shown_are_the_scouts(database: Database) -> None:
    assert ranks(database, ACCOUNT) == {"BTC/USD": 1, "SOL/USD": 2}


def test_each_of_two_desks_of_a_database_has_its_own_ranks_and_focus(database: Database) -> None:
    next_boot(database, OTHER, 1)
    rows = [ranking(3, f"scan/{OTHER}", ("DOT/USD", 1)), focused(8, OTHER, "DOT/USD")]
    PostgresJournal(database, OTHER).append(rows)
    assert focus(database, ACCOUNT) == ()
    rows = [focused(5, ACCOUNT, "ADA/USD"), focused(7, ACCOUNT, "BTC/USD", "SOL/USD")]
    PostgresJournal(database, ACCOUNT).append(rows)
    assert ranks(database, ACCOUNT) == {"BTC/USD": 1, "SOL/USD": 2}
    assert ranks(database, OTHER) == {"DOT/USD": 1}
    assert focus(database, ACCOUNT) == ("BTC/USD", "SOL/USD")
    # Of whoever wrote last.
    assert focus(database, None) == ("DOT/USD",)


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
    config = FocusConfig()
    assert ScanConfig().kept >= config.budget + config.slack
