"""Steady time: what a wall clock stamped, and when that was, where somebody sets the clock."""

from zoe.actors.steady_time import SteadyTime

S = 1_000_000_000


class Set(SteadyTime):
    """Time that a test lets go on, by a clock that it sets."""

    def __init__(self) -> None:
        self.wall_s = self.monotonic_s = 0
        super().__init__(self)  # type: ignore[arg-type]  # it is its own owner and clock
        self.begin()

    @property
    def clock(self) -> "Set":
        return self

    def wall_ns(self) -> int:
        return self.wall_s * S

    def monotonic_ns(self) -> int:
        return self.monotonic_s * S

    def passes(self, seconds: int, set_by: int = 0) -> None:
        self.monotonic_s += seconds
        self.wall_s += seconds + set_by
        self.note()


def between(time: Set, stamp_s: int) -> tuple[int, int]:
    earliest_ns, latest_ns = time.between_ns(stamp_s * S)
    return earliest_ns // S, latest_ns // S


def test_a_stamp_of_a_clock_that_nobody_sets_means_one_time() -> None:
    time = Set()
    for _ in range(5):
        time.passes(50)
    assert between(time, 245) == (245, 245)


def test_a_stamp_may_be_of_before_the_clock_was_set_or_of_after() -> None:
    for by in (-600, 600):
        time = Set()
        time.passes(50)
        time.wall_s += by
        assert between(time, 50) == (50 - max(by, 0), 50 - min(by, 0))


def test_a_minute_after_the_clock_was_set_a_stamp_is_of_after_it() -> None:
    time = Set()
    time.passes(50)
    time.passes(1, set_by=600)
    time.passes(50)
    assert between(time, 700) == (100, 700)
    time.passes(60)
    assert between(time, 760) == (160, 160)
