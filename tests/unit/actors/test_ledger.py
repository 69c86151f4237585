"""Balances: rows booked once, snapshots that replace, and looks that may be old."""

from decimal import Decimal
from functools import partial

import attrs
import pytest
from loguru import logger
from stage import Stage

from zoe.actors import ledger as module
from zoe.actors.ledger import CHANGED, LOOK, ROWS_BETWEEN_SNAPSHOTS, SNAPSHOT, Ledger
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot, WalletBalance
from zoe.messages.journal import Hydrated, StoredRow
from zoe.messages.ledger import BalancesChanged, BalancesSeen, LedgerRowsSeen
from zoe.messages.orders import LookWanted


def ledger(rows: tuple[StoredRow, ...] = ()) -> Stage:
    return Stage("ledger", partial(Ledger, "a", ("watcher",)), ("watcher", "reconciler"), rows)


def snapshot(usd: str, source: str = "stream") -> BalancesSeen:
    rows = (WalletBalance("USD", "spot", "main", Decimal(usd)),)
    return BalancesSeen(BalanceSnapshot(rows), source)


def row(ledger_id: str, amount: str, balance: str) -> BalanceEntry:
    return BalanceEntry(
        *(ledger_id, "T1", "USD", "spot", "main", "trade", ""),
        *(Decimal(amount), Decimal(0), Decimal(balance), 1),
    )


def entry(ledger_id: str, amount: str, balance: str) -> LedgerRowsSeen:
    return LedgerRowsSeen((row(ledger_id, amount, balance),))


def newest(stage: Stage) -> Decimal:
    return dict(stage.heard("watcher", BalancesChanged)[-1].totals)["USD"]


def test_a_row_is_booked_once_however_often_it_comes() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    for _ in range(3):
        stage.tell(entry("L1", "-4", "6"))
    assert stage.kinds() == [SNAPSHOT, CHANGED]
    assert newest(stage) == Decimal(6)


def test_rows_that_come_together_are_one_record_and_one_news() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    told = len(stage.heard("watcher", BalancesChanged))
    stage.tell(LedgerRowsSeen((row("L1", "-4", "6"), row("L1", "-4", "6"), row("L2", "-1", "5"))))
    assert stage.kinds() == [SNAPSHOT, CHANGED, CHANGED]
    assert newest(stage) == Decimal(5)
    assert len(stage.heard("watcher", BalancesChanged)) == told + 1


def test_so_many_of_the_newest_ids_are_remembered_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BOOKED_KEPT", 10)
    stage = ledger()
    stage.tell(snapshot("50"))
    rows = [row(f"L{number}", "-1", str(49 - number)) for number in range(30)]
    stage.tell(LedgerRowsSeen(tuple(rows)))
    stage.tell(LedgerRowsSeen(tuple(rows[-10:])))
    assert len(stage.rows) == 31
    assert newest(stage) == Decimal(20)
    assert len(stage.runtime.find("ledger").cell.life.actor._booked) == 10


def test_nobody_hears_of_a_balance_before_it_is_durable() -> None:
    stage = ledger()
    stage.answering = False
    stage.tell(snapshot("10"), 5)
    assert len(stage.records) == 1
    assert stage.said["watcher"] == []


def test_a_look_older_than_the_newest_row_does_not_overrule_it() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    stage.tell(entry("L1", "-4", "6"))
    stage.tell(snapshot("10", LOOK))
    assert newest(stage) == Decimal(6)
    stage.tell(entry("L2", "-1", "5"))
    stage.tell(snapshot("10", LOOK))
    assert newest(stage) == Decimal(5)


def test_two_looks_that_differ_alike_are_believed() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    stage.tell(snapshot("12", LOOK))
    assert newest(stage) == Decimal(10)
    stage.tell(snapshot("12", LOOK))
    assert newest(stage) == Decimal(12)


def test_a_difference_names_the_assets_that_differ_and_no_others() -> None:
    said: list[list[str]] = []
    sink = logger.add(
        lambda m: said.append(m.record["extra"]["assets"]),
        filter=lambda record: record["message"] == "ledger.differed",
    )
    one, other = (WalletBalance(name, "spot", "main", Decimal(5)) for name in ("BTC", "ETH"))
    stage = ledger()
    stage.tell(BalancesSeen(BalanceSnapshot((*snapshot("10").snapshot.rows, one)), "stream"))
    stage.tell(BalancesSeen(BalanceSnapshot((*snapshot("12").snapshot.rows, one, other)), "stream"))
    logger.remove(sink)
    assert said == [["ETH", "USD"]]


def test_a_look_that_agrees_forgets_an_earlier_difference() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    for usd in ("12", "10", "12"):
        stage.tell(snapshot(usd, LOOK))
    assert newest(stage) == Decimal(10)


def test_a_restart_goes_on_from_its_rows() -> None:
    first = ledger()
    first.tell(snapshot("10"))
    first.tell(entry("L1", "-4", "6"))
    second = ledger(tuple(first.rows))
    assert newest(second) == Decimal(6)
    second.tell(entry("L1", "-4", "6"))
    assert second.records == []


def test_after_many_rows_a_snapshot_is_recorded_so_that_a_start_reads_few() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    for number in range(ROWS_BETWEEN_SNAPSHOTS):
        stage.tell(entry(f"L{number}", "0", "10"), 0.01)
    stage.tell(snapshot("10", LOOK))
    assert stage.kinds()[-1] == CHANGED
    stage.tell(snapshot("10"))
    assert stage.kinds()[-1] == SNAPSHOT
    second = ledger(tuple(stage.rows))
    second.tell(entry("L-new", "-1", "9"))
    assert newest(second) == Decimal(9)
    assert second.records[0].rows[0].version == ROWS_BETWEEN_SNAPSHOTS + 3


def test_a_crash_asks_for_a_look_since_what_was_queued_is_lost() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    assert not stage.heard("reconciler", LookWanted)
    stage.runtime.crash("ledger")
    stage.run(1)
    assert len(stage.heard("reconciler", LookWanted)) == 1


def moved(stage: Stage) -> dict[str, Decimal]:
    return dict(stage.heard("watcher", BalancesChanged)[-1].moved)


def test_what_came_in_otherwise_than_by_trades_is_told_beside_the_balances() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    assert moved(stage) == {}
    stage.tell(entry("L1", "-4", "6"))
    assert moved(stage) == {}
    deposit = attrs.evolve(row("L2", "100", "106"), type="deposit")
    stage.tell(LedgerRowsSeen((deposit,)))
    assert moved(stage) == {"USD": Decimal(100)}
    stage.tell(snapshot("56"))
    assert moved(stage) == {"USD": Decimal(50)}


def test_what_has_moved_is_counted_on_by_the_next_start() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    deposit = attrs.evolve(row("L1", "100", "110"), type="deposit", fee=Decimal(1))
    stage.tell(LedgerRowsSeen((deposit,)))
    second = ledger(tuple(stage.rows))
    assert moved(second) == {"USD": Decimal(99)}
    second.tell(snapshot("60"))
    assert moved(second) == {"USD": Decimal(49)}
    third = ledger(tuple(second.rows))
    assert moved(third) == {"USD": Decimal(49)}
    third.runtime.crash("ledger")
    third.run(1)
    assert moved(third) == {"USD": Decimal(49)}


def test_an_older_snapshot_says_nothing_of_moves() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    (first,) = stage.rows
    older = {key: value for key, value in first.body.items() if key != "moved"}
    second = ledger((attrs.evolve(first, body=older),))
    second.tell(snapshot("7"))
    assert moved(second) == {"USD": Decimal(-3)}


def test_an_answer_to_one_that_crashed_gives_no_version_twice() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    old = Hydrated(1, tuple(stage.rows))
    stage.runtime.crash("ledger")
    stage.run(1)
    stage.tell(entry("L1", "-4", "6"))
    stage.tell(old)
    stage.tell(entry("L2", "-1", "5"))
    versions = [row.version for row in stage.rows]
    assert versions == sorted(set(versions))
    assert newest(stage) == Decimal(5)
