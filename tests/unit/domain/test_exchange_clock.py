"""The exchange's clock: which answer is believed, and when it is good enough."""

import pytest

from zoe.domain.exchange_clock import ADD_BOUND_NS, STALE_AFTER_NS, ExchangeClock

S = 1_000_000_000


def test_an_unmeasured_clock_gives_no_deadlines() -> None:
    assert not ExchangeClock().good_enough(0, 0)


def test_the_offset_is_taken_from_the_middle_of_the_question() -> None:
    clock = ExchangeClock().measured(105 * S, 100 * S, 102 * S, 7)
    assert clock == ExchangeClock(4 * S, S, 7, 102 * S)
    assert clock.now_ns(200 * S) == 204 * S


@pytest.mark.parametrize(("bound_ns", "enough"), [(ADD_BOUND_NS, True), (ADD_BOUND_NS + 1, False)])
def test_a_clock_is_good_enough_up_to_a_second(bound_ns: int, enough: bool) -> None:
    assert ExchangeClock(0, bound_ns, 0).good_enough(0, 0) is enough


def test_the_narrower_answer_is_kept_until_it_is_old() -> None:
    narrow = ExchangeClock().measured(10, 0, 20, 0)
    assert narrow.measured(50, 30, 90, STALE_AFTER_NS) is narrow
    assert narrow.measured(50, 30, 90, STALE_AFTER_NS + 1).bound_ns == 30


def test_an_answer_as_good_replaces_the_older_one() -> None:
    first = ExchangeClock().measured(10, 0, 20, 0)
    assert first.measured(40, 30, 50, 5) == ExchangeClock(0, 10, 5, 50)


def test_a_clock_that_was_set_back_during_the_question_proves_nothing() -> None:
    known = ExchangeClock(1, 2, 3)
    assert known.measured(100, 50, 49, STALE_AFTER_NS * 2) is known


@pytest.mark.parametrize("set_by_ns", [-3_600 * S, -2 * S, 2 * S, 3_600 * S])
def test_a_clock_that_was_set_gives_no_deadlines_until_it_is_measured_again(set_by_ns: int) -> None:
    known = ExchangeClock().measured(100 * S, 100 * S, 100 * S + 2, 0)
    passed = 10 * S
    assert known.good_enough(110 * S, passed)
    now_ns = 110 * S + set_by_ns
    assert not known.good_enough(now_ns, passed)
    # Less is known by this answer, but it is the only one of the clock as it is.
    again = known.measured(110 * S + 50, now_ns, now_ns + 100, passed)
    assert again.now_ns(now_ns) == 110 * S
    assert again.good_enough(now_ns + 100, passed)


def test_how_far_a_clock_was_set_is_known_where_two_measurements_cannot_both_be_right() -> None:
    before = ExchangeClock(10, 5)
    assert before.set_by_ns(ExchangeClock(18, 3)) == 0
    assert before.set_by_ns(ExchangeClock(19, 3)) == -9
    assert before.set_by_ns(ExchangeClock(-100, 3)) == 110
    assert before.set_by_ns(ExchangeClock()) == ExchangeClock().set_by_ns(before) == 0
