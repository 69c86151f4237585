"""Differences of balances: lag is waited out, rows that were missed are named, the rest is told."""

from zoe.domain.balance_drift import (
    EXTERNAL,
    LAG,
    MISSED,
    OPEN,
    SETTLED,
    UNKNOWN,
    BalanceDrift,
    Finding,
)

LAG_NS = 3
OURS = {"BTC": frozenset({5})}
THEIRS = {"BTC": 7}
SAME = {"BTC": 5}


def compare(
    drift: BalanceDrift, theirs: dict[str, int], now_ns: int, read_ns: int | None = None
) -> list[tuple[str, str]]:
    return [(f.status, f.cause) for f in drift.compare(OURS, theirs, now_ns, read_ns)]


def test_a_difference_that_goes_away_was_lag_and_no_news() -> None:
    drift = BalanceDrift(LAG_NS)
    assert compare(drift, THEIRS, 0) == []
    assert drift.assets == {"BTC"}
    assert compare(drift, SAME, 1) == []
    assert drift.assets == frozenset()


def test_a_difference_that_stays_though_the_ledger_was_read_has_no_explanation() -> None:
    drift = BalanceDrift(LAG_NS)
    assert compare(drift, THEIRS, 0) == []
    assert compare(drift, THEIRS, 9) == []
    assert compare(drift, THEIRS, 9, read_ns=2) == [], "read before the lag was over"
    assert compare(drift, THEIRS, 9, read_ns=4) == [(OPEN, UNKNOWN)]
    assert drift.unexplained == {"BTC"}
    assert compare(drift, THEIRS, 20, read_ns=12) == [], "told once"
    assert compare(drift, SAME, 30, read_ns=12) == [(SETTLED, LAG)]
    assert drift.unexplained == frozenset()


def test_a_difference_that_changes_is_waited_for_again() -> None:
    drift = BalanceDrift(LAG_NS)
    compare(drift, THEIRS, 0)
    assert compare(drift, {"BTC": 8}, 9, read_ns=4) == []
    assert compare(drift, {"BTC": 8}, 12, read_ns=10) == []
    assert compare(drift, {"BTC": 8}, 18, read_ns=13) == [(OPEN, UNKNOWN)]


def test_an_answer_that_is_a_moment_old_is_no_difference() -> None:
    drift = BalanceDrift(LAG_NS)
    assert drift.compare({"BTC": frozenset({5, 7})}, THEIRS, 0, None) == []
    assert drift.assets == frozenset()


def test_an_asset_that_only_one_side_knows_differs() -> None:
    drift = BalanceDrift(LAG_NS)
    drift.compare(OURS, {"ETH": 1}, 0, None)
    assert drift.assets == {"BTC", "ETH"}
    drift.compare({}, {"ETH": 0}, 0, None)
    assert "ETH" not in drift.assets


def test_rows_that_were_missed_and_what_others_did_are_named_each_with_a_number() -> None:
    drift = BalanceDrift(LAG_NS, number=4)
    missed = drift.missed("L1", "BTC", "trade 2 BTC")
    external = drift.external("L2", "deposit 1 BTC")
    assert missed == Finding(5, "L1", SETTLED, MISSED, "-", "trade 2 BTC", "read and booked")
    assert external == Finding(6, "L2", SETTLED, EXTERNAL, "-", "deposit 1 BTC", "booked")
