"""Marks of the present: for what has just happened, and for nothing else."""

from decimal import Decimal

from zoe.domain.live_marks import MOST_AGE_NS, STALE_NS, LiveMarks

NOW_NS = 1_700_000_000 * 10**9


def marks(quoted_ns: int = NOW_NS) -> LiveMarks:
    found = LiveMarks()
    found.now_ns = NOW_NS
    found.traded_at("SOL/USD", Decimal(150), quoted_ns)
    return found


def test_an_event_of_a_moment_ago_is_valued_by_the_present_and_an_older_one_is_not() -> None:
    for age_ns in (0, MOST_AGE_NS, -MOST_AGE_NS):
        mark = marks().mark("SOL", NOW_NS - age_ns)
        assert mark is not None
        assert (mark.price, mark.time_ns) == (Decimal(150), NOW_NS)
    assert marks().mark("SOL", NOW_NS - MOST_AGE_NS - 1) is None
    assert marks().mark("SOL", NOW_NS + MOST_AGE_NS + 1) is None


def test_a_quote_that_is_stale_or_of_no_pair_says_nothing() -> None:
    assert marks(NOW_NS - STALE_NS).mark("SOL", NOW_NS) is not None
    assert marks(NOW_NS - STALE_NS - 1).mark("SOL", NOW_NS) is None
    found = marks()
    found.traded_at("ADA", Decimal(1), NOW_NS)
    assert found.mark("ADA", NOW_NS) is None
