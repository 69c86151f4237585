"""Which of the exchange's counts RateLimiter hears, and with which orders."""

from decimal import Decimal

from zoe.actors.pair_counts import SAME_COUNT_NS, PairCounts
from zoe.messages.limits import CounterReported

SOON = SAME_COUNT_NS - 1


def report(value: str, pair: str = "X/Y", *placed: str) -> CounterReported:
    return CounterReported(pair, Decimal(value), placed)


def told(value: str = "5", *placed: str) -> PairCounts:
    """Counts of which one was told at 0."""
    counts = PairCounts()
    for ref in placed:
        counts.place("X/Y", ref)
    counts.hear(report(value))
    assert counts.due(0) == [report(value, "X/Y", *placed)]
    assert not counts
    return counts


def test_the_first_count_of_a_pair_is_told_with_the_orders_placed_before() -> None:
    told("5", "a", "b")


def test_what_only_decayed_is_not_told_again_just_after() -> None:
    counts = told()
    counts.hear(report("4.9"))
    assert counts.due(SOON) == [] and not counts


def test_what_our_own_adds_explain_waits_with_their_ages() -> None:
    counts = told()
    counts.place("X/Y", "a")
    counts.hear(report("6"))
    assert counts.due(SOON) == [] and counts
    counts.place("X/Y", "b")
    counts.hear(report("7"))
    assert counts.due(SOON) == []
    assert counts.due(SAME_COUNT_NS) == [report("7", "X/Y", "a", "b")]
    assert not counts


def test_what_our_adds_do_not_explain_is_told_at_once() -> None:
    counts = told()
    counts.place("X/Y", "a")
    counts.hear(report("6.01"))
    assert counts.due(1) == [report("6.01", "X/Y", "a")]
    counts.hear(report("6.02"))
    assert counts.due(1) == [report("6.02")]


def test_after_a_while_a_count_is_told_whatever_it_is() -> None:
    counts = told()
    counts.hear(report("1"))
    assert counts.due(SAME_COUNT_NS) == [report("1")]


def test_each_pair_counts_by_itself() -> None:
    counts = told()
    counts.hear(report("4"))
    counts.hear(report("9", "A/B"))
    assert counts.due(1) == [report("9", "A/B")]
