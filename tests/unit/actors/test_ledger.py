"""Balances: rows booked once, snapshots that replace, and looks that may be old."""

from decimal import Decimal
from functools import partial

import attrs
import pytest
from loguru import logger
from stage import Stage

from zoe.actors import ledger as module
from zoe.actors.ledger import CHANGED, EXPLAINED, LOOK, ROWS_BETWEEN_SNAPSHOTS, SNAPSHOT, Ledger
from zoe.domain.ledger_row import LedgerRow, units
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot, WalletBalance
from zoe.messages.journal import Hydrated, StoredRow
from zoe.messages.ledger import BalancesChanged, BalancesSeen, LedgerRowsRead, LedgerRowsSeen
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


def read(stage: Stage, *rows: BalanceEntry) -> None:
    """The exchange's ledger, as REST has it."""
    stage.tell(
        LedgerRowsRead(
            tuple(
                LedgerRow(
                    *(r.ledger_id, r.ref_id, r.timestamp_ns, r.type, r.subtype, r.asset),
                    *(units(r.amount), units(r.fee), units(r.balance)),
                )
                for r in rows
            )
        )
    )


def test_what_came_while_nobody_listened_is_no_move_once_the_ledger_says_that_it_was_traded() -> (
    None
):
    stage = ledger()
    stage.tell(snapshot("10"))
    stage.tell(entry("L1", "-4", "6"))
    second = ledger(tuple(stage.rows))
    second.tell(snapshot("3"))
    assert moved(second) == {"USD": Decimal(-3)}
    missed = attrs.evolve(row("L2", "-7", "-1"), timestamp_ns=2)
    deposit = attrs.evolve(row("L3", "4", "3"), timestamp_ns=3, type="deposit")
    read(second, row("L1", "-4", "6"), missed)
    assert moved(second) == {"USD": Decimal(-3)}
    told = len(second.heard("watcher", BalancesChanged))
    for _ in range(2):
        read(second, deposit, missed)
    assert moved(second) == {"USD": Decimal(4)}
    assert len(second.heard("watcher", BalancesChanged)) == told + 1
    assert second.kinds() == [SNAPSHOT, EXPLAINED]
    assert moved(ledger(tuple(second.rows))) == {"USD": Decimal(4)}


def test_a_row_that_rest_has_before_the_stream_is_not_what_a_snapshot_missed() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    early, missed = (
        attrs.evolve(row(*r), timestamp_ns=2**62) for r in (("L2", "-1", "6"), ("L1", "-3", "7"))
    )
    read(stage, early, missed)
    stage.tell(snapshot("7"))
    assert moved(stage) == {"USD": Decimal(-3)}
    stage.tell(LedgerRowsSeen((early,)))
    assert moved(stage) == {}
    assert stage.kinds() == [SNAPSHOT, SNAPSHOT, CHANGED, EXPLAINED]


def test_a_start_in_the_midst_of_an_orders_trades_tells_those_known_from_those_missed() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    known, missed = (
        attrs.evolve(row(*r), timestamp_ns=2**62) for r in (("L1", "-3", "7"), ("L2", "-1", "6"))
    )
    stage.tell(LedgerRowsSeen((known,)))
    second = ledger(tuple(stage.rows))
    second.tell(snapshot("6"))
    read(second, known, missed)
    assert moved(second) == {}
    third = ledger(tuple(second.rows))
    third.tell(snapshot("5"))
    read(third, known, missed, attrs.evolve(row("L3", "-1", "5"), timestamp_ns=2**62))
    assert moved(third) == {}


def test_a_difference_that_a_run_did_not_live_to_explain_is_explained_by_the_next() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    stage.tell(snapshot("7"))
    between, missed, later = (
        attrs.evolve(row(*r), timestamp_ns=2**62 + n)
        for n, r in enumerate((("L2", "-1", "6"), ("L1", "-3", "7"), ("L3", "-2", "4")))
    )
    stage.tell(LedgerRowsSeen((between,)))
    second = ledger(tuple(stage.rows))
    second.tell(snapshot("4"))
    assert moved(second) == {"USD": Decimal(-5)}
    read(second, later, missed, between)
    assert moved(second) == {}


def test_what_an_earlier_run_explained_is_known_two_runs_later() -> None:
    rows = [
        attrs.evolve(row(*r), timestamp_ns=2**62) for r in (("L1", "-3", "7"), ("L2", "-1", "6"))
    ]
    first = ledger()
    first.tell(snapshot("10"))
    first.tell(snapshot("7"))
    read(first, rows[0])
    second = ledger(tuple(first.rows))
    second.tell(snapshot("6"))
    third = ledger(tuple(second.rows))
    read(third, *rows)
    assert moved(third) == {}


def test_rows_of_before_the_first_snapshot_explain_nothing() -> None:
    stage = ledger()
    stage.tell(snapshot("10"))
    read(stage, row("L0", "10", "10"))
    stage.tell(snapshot("20"))
    assert moved(stage) == {"USD": Decimal(10)}


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
