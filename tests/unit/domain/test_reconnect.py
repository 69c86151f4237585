"""When to connect again."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.reconnect import CHANCES, GOOD_AFTER_NS, MOST_CONNECTS, WINDOW_NS, Reconnect

S = 1_000_000_000


def test_pauses_grow_with_failures_in_a_row_and_are_spread() -> None:
    policy, pauses = Reconnect(), []
    for _ in range(10):
        pause_ns, policy = policy.next(0, 0)
        pauses.append(pause_ns / S)
    assert pauses == [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 60]
    assert Reconnect(8).next(0, CHANCES)[0] == 72 * S


def test_a_connection_that_lived_clears_what_was_before_and_a_short_one_does_not() -> None:
    policy = Reconnect(5)
    assert policy.next(0, 0, GOOD_AFTER_NS)[0] == S // 10
    assert policy.next(0, 0, GOOD_AFTER_NS - 1)[0] == 10 * S
    assert policy.connected().next(0, 0)[0] == S // 10


@given(
    st.lists(
        st.tuples(st.integers(0, 40 * S), st.integers(0, CHANCES - 1)), min_size=100, max_size=200
    )
)
def test_no_ten_minutes_ever_see_too_many_connects(lives: list[tuple[int, int]]) -> None:
    policy, now_ns, connects = Reconnect(), 0, []
    for lived_ns, chance in lives:
        pause_ns, policy = policy.next(now_ns, chance, lived_ns)
        assert pause_ns >= S // 10
        now_ns += pause_ns
        connects.append(now_ns)
        now_ns += lived_ns
    spans = zip(connects, connects[MOST_CONNECTS:], strict=False)
    assert all(later - earlier >= WINDOW_NS for earlier, later in spans)
    assert all(earlier < later for earlier, later in pairwise(connects))
