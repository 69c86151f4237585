"""The error bound of the exchange's clock holds whatever the way there and back took."""

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.exchange_clock import ExchangeClock

OFFSETS = st.integers(-(10**18), 10**18)
TIMES = st.integers(0, 10**12)


@given(OFFSETS, st.lists(st.tuples(TIMES, TIMES, TIMES), min_size=1, max_size=10))
def test_the_true_offset_is_inside_the_bound(
    offset: int, answers: list[tuple[int, int, int]]
) -> None:
    clock, now_ns = ExchangeClock(), 0
    for gap, there, back in answers:
        sent_ns = now_ns + gap
        now_ns = sent_ns + there + back
        clock = clock.measured(sent_ns + there + offset, sent_ns, now_ns, now_ns)
        assert clock.bound_ns is not None
        assert abs(clock.offset_ns - offset) <= clock.bound_ns
