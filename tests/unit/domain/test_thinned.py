"""Lines that would be too many: one a second, and none is left out of its count."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.thinned import EACH_NS, Thinned

NEWS = st.tuples(st.integers(0, 5), st.integers(0, EACH_NS))


@given(st.lists(NEWS))
def test_every_one_is_counted_and_lines_are_a_second_apart(news: list[tuple[int, int]]) -> None:
    thinned, now_ns, told = Thinned(), 0, 0
    lines_ns: list[int] = []
    for count, passed_ns in news:
        now_ns += passed_ns
        thinned.add(count)
        if due := thinned.due(now_ns):
            told += due
            lines_ns.append(now_ns)
    told += thinned.due(now_ns + EACH_NS)
    assert told == sum(count for count, _ in news)
    assert all(b - a >= EACH_NS for a, b in pairwise(lines_ns))
