"""Steady time: whatever the clock does, a stamp's bounds are what the notes of a minute say, all looked at."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from zoe.actors.steady_time import SteadyTime

S: Final = 1_000_000_000
MINUTE_NS: Final = 60 * S


class Hand(SteadyTime):
    """Time that a test lets go on, by a clock that it sets; it keeps every note that was made."""

    def __init__(self) -> None:
        self.wall = self.monotonic = 0
        self.notes: list[tuple[int, int]] = []
        super().__init__(self)  # type: ignore[arg-type]  # it is its own owner and clock
        self.begin()

    @property
    def clock(self) -> "Hand":
        return self

    def wall_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.monotonic

    def note(self) -> None:
        self.notes.append((self.now_ns(), self.ahead_ns()))
        super().note()

    def aheads_of_a_minute(self) -> list[int]:
        """What was noted within a minute, and what was noted last before it."""
        from_ns = self.now_ns() - MINUTE_NS
        recent = [ahead for at_ns, ahead in self.notes if at_ns >= from_ns]
        return recent + [ahead for at_ns, ahead in self.notes if at_ns < from_ns][-1:]


STEPS = st.tuples(
    st.one_of(
        st.integers(0, 5), st.sampled_from((30 * S, MINUTE_NS - 1, MINUTE_NS, MINUTE_NS + 1))
    ),
    st.integers(-3, 3),
)


@given(st.lists(STEPS, max_size=40), st.integers(0, 10**18))
def test_a_stamp_s_bounds_are_those_of_all_notes_of_a_minute(
    steps: list[tuple[int, int]], stamp_ns: int
) -> None:
    time = Hand()
    for passed_ns, set_ns in steps:
        time.monotonic += passed_ns
        time.wall += passed_ns + set_ns
        bounds = time.between_ns(stamp_ns)
        aheads = time.aheads_of_a_minute()
        assert bounds == (stamp_ns - max(aheads), stamp_ns - min(aheads))
