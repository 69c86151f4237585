"""Times of doubts: begun once, settled once, and summed up by times that were measured."""

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.doubt_times import MOST, DoubtClock, DoubtTimes

MS = 1_000_000


def test_a_doubt_lasts_from_its_first_news_to_the_first_that_settles_it() -> None:
    clock = DoubtClock()
    assert clock.follow("i", doubtful=False, now_ns=1) is None
    assert clock.follow("i", doubtful=True, now_ns=10) is None
    assert clock.follow("i", doubtful=True, now_ns=20) is None
    assert clock.follow("other", doubtful=False, now_ns=25) is None
    assert clock.follow("i", doubtful=False, now_ns=40) == 30
    assert clock.follow("i", doubtful=False, now_ns=50) is None


def test_without_a_doubt_there_are_no_times() -> None:
    nothing = {"count": 0, "p50_ms": None, "p99_ms": None, "max_ms": None}
    assert DoubtTimes().summary() == nothing


def test_of_a_hundred_the_nearest_ranks_are_told() -> None:
    times = DoubtTimes()
    for ms in range(100, 0, -1):
        times.add(ms * MS)
    assert times.summary() == {"count": 100, "p50_ms": 50, "p99_ms": 99, "max_ms": 100}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200))
def test_every_rank_is_a_time_that_was_measured(found: list[int]) -> None:
    times = DoubtTimes()
    for ms in found:
        times.add(ms * MS)
    said = times.summary()
    assert said["count"] == len(found)
    assert said["max_ms"] == max(found)
    assert said["p50_ms"] in found
    assert said["p99_ms"] in found
    assert sum(ms <= (said["p50_ms"] or 0) for ms in found) * 2 >= len(found)


def test_a_long_run_keeps_its_longest_time_and_its_count() -> None:
    times = DoubtTimes()
    times.add(10**9 * MS)
    for ms in range(MOST + 10):
        times.add(ms * MS)
    said = times.summary()
    assert (said["count"], said["max_ms"]) == (MOST + 11, 10**9)
    assert abs((said["p50_ms"] or 0) - MOST // 2) < 10
