"""Differences of balances: lag is waited out, rows that were missed are named, the rest is told."""

from zoe.domain.balance_drift import BalanceDrift
from zoe.domain.difference import (
    LAG,
    MISSED,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
    Standing,
)

SECOND_NS = 1_000_000_000
LAG_NS = 3 * SECOND_NS
OURS = {"BTC": (5,)}
THEIRS = {"BTC": 7}
SAME = {"BTC": 5}
WAITS = [(WAITING, LAG)]


def compare(
    drift: BalanceDrift, theirs: dict[str, int], now_s: int, read_s: int | None = None
) -> list[tuple[str, str]]:
    read_ns = None if read_s is None else read_s * SECOND_NS
    found = drift.compare(OURS, theirs, now_s * SECOND_NS, read_ns)
    return [(step.status, step.cause) for step in found]


def test_a_difference_that_goes_away_was_lag_and_is_listed_with_how_long_it_took() -> None:
    drift = BalanceDrift(LAG_NS)
    assert compare(drift, THEIRS, 0) == WAITS
    assert drift.assets == {"BTC"}
    assert drift.unexplained == frozenset(), "known lag alarms nobody"
    (settled,) = drift.compare(OURS, SAME, 4 * SECOND_NS, None)
    assert (settled.status, settled.cause) == (SETTLED, LAG)
    assert settled.repair == "settled by itself after 4.0 s"
    assert drift.assets == frozenset()


def test_a_difference_that_stays_though_the_ledger_was_read_has_no_explanation() -> None:
    drift = BalanceDrift(LAG_NS)
    assert compare(drift, THEIRS, 0) == WAITS
    assert compare(drift, THEIRS, 9) == []
    assert compare(drift, THEIRS, 9, read_s=2) == [], "read before the lag was over"
    assert compare(drift, THEIRS, 9, read_s=4) == [(OPEN, UNKNOWN)]
    assert drift.unexplained == {"BTC"}
    assert compare(drift, THEIRS, 20, read_s=12) == [], "told once"
    assert compare(drift, SAME, 30, read_s=12) == [(SETTLED, LAG)]
    assert drift.unexplained == frozenset()


def test_a_difference_that_changes_is_waited_for_again() -> None:
    drift = BalanceDrift(LAG_NS)
    compare(drift, THEIRS, 0)
    assert compare(drift, {"BTC": 8}, 9, read_s=4) == []
    assert compare(drift, {"BTC": 8}, 12, read_s=10) == []
    assert compare(drift, {"BTC": 8}, 18, read_s=13) == [(OPEN, UNKNOWN)]


def test_an_answer_that_is_a_moment_old_is_no_difference() -> None:
    drift = BalanceDrift(LAG_NS)
    assert drift.compare({"BTC": (5, 7)}, THEIRS, 0, None) == []
    assert drift.assets == frozenset()


def test_an_asset_that_only_one_side_knows_differs() -> None:
    drift = BalanceDrift(LAG_NS)
    drift.compare(OURS, {"ETH": 1}, 0, None)
    assert drift.assets == {"BTC", "ETH"}
    drift.compare({}, {"ETH": 0}, 0, None)
    assert "ETH" not in drift.assets


def test_a_difference_that_the_ledgers_rows_settled_says_how_many() -> None:
    drift = BalanceDrift(LAG_NS)
    compare(drift, THEIRS, 0)
    drift.missed("BTC")
    drift.missed("BTC")
    (settled,) = drift.compare({"BTC": (7,)}, THEIRS, 2 * SECOND_NS, None)
    assert (settled.cause, settled.repair) == (MISSED, "2 rows read from the ledger, after 2.0 s")


def test_what_an_earlier_run_could_not_explain_stays_so_until_the_balances_agree() -> None:
    left = Difference("balance BTC", OPEN, UNKNOWN, "5", "7", "no row explains it")
    drift = BalanceDrift(LAG_NS, [Standing(3, 0, left)])
    assert drift.unexplained == {"BTC"}
    assert compare(drift, THEIRS, 10) == []
    assert drift.unexplained == {"BTC"}
    (settled,) = drift.compare(OURS, SAME, 60 * SECOND_NS, None)
    assert (settled.status, settled.repair) == (SETTLED, "settled by itself after 60.0 s")


def test_what_an_earlier_run_waited_for_is_settled_by_the_first_comparison_that_agrees() -> None:
    left = Difference("balance BTC", WAITING, LAG, "5", "7", "rows may be under way")
    drift = BalanceDrift(LAG_NS, [Standing(3, 0, left)])
    assert drift.unexplained == frozenset()
    assert compare(drift, SAME, 10) == [(SETTLED, LAG)]


def test_a_difference_that_stays_the_same_while_both_sides_trade_has_no_explanation() -> None:
    drift = BalanceDrift(LAG_NS)
    steps = []
    for look in range(5):
        traded = 10 * look
        ours = {"BTC": (5 + traded, 4 + traded)}
        theirs = {"BTC": 7 + traded - look % 2}  # the answer may be older than the last trade
        now_ns = look * 35 * SECOND_NS
        steps.append(drift.compare(ours, theirs, now_ns, now_ns - SECOND_NS))
    assert [[(step.status, step.cause) for step in found] for found in steps] == [
        [(WAITING, LAG)],
        [],
        [],
        [],
        [(OPEN, UNKNOWN)],
    ]
    assert drift.unexplained == {"BTC"}


def test_two_late_rows_of_one_size_are_not_taken_for_one_that_never_comes() -> None:
    drift = BalanceDrift(LAG_NS)
    for second, ours, theirs in ((0, 5, 7), (9, 7, 9), (12, 9, 9)):
        now_ns = second * SECOND_NS
        found = drift.compare({"BTC": (ours,)}, {"BTC": theirs}, now_ns, now_ns - SECOND_NS)
        assert UNKNOWN not in {step.cause for step in found}
    assert drift.assets == frozenset()
