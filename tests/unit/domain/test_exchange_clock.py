"""The exchange's clock: which answer is believed, and when it is good enough."""

import pytest

from zoe.domain.exchange_clock import ADD_BOUND_NS, STALE_AFTER_NS, ExchangeClock

S = 1_000_000_000


def test_an_unmeasured_clock_gives_no_deadlines() -> None:
    assert not ExchangeClock().good_enough()


def test_the_offset_is_taken_from_the_middle_of_the_question() -> None:
    clock = ExchangeClock().measured(105 * S, 100 * S, 102 * S, 7)
    assert clock == ExchangeClock(4 * S, S, 7)
    assert clock.now_ns(200 * S) == 204 * S


@pytest.mark.parametrize(("bound_ns", "enough"), [(ADD_BOUND_NS, True), (ADD_BOUND_NS + 1, False)])
def test_a_clock_is_good_enough_up_to_a_second(bound_ns: int, enough: bool) -> None:
    assert ExchangeClock(0, bound_ns, 0).good_enough() is enough


def test_the_narrower_answer_is_kept_until_it_is_old() -> None:
    narrow = ExchangeClock().measured(10, 0, 20, 0)
    assert narrow.measured(50, 30, 90, STALE_AFTER_NS) is narrow
    assert narrow.measured(50, 30, 90, STALE_AFTER_NS + 1).bound_ns == 30


def test_an_answer_as_good_replaces_the_older_one() -> None:
    first = ExchangeClock().measured(10, 0, 20, 0)
    assert first.measured(40, 30, 50, 5) == ExchangeClock(0, 10, 5)


def test_a_clock_that_was_set_back_during_the_question_proves_nothing() -> None:
    known = ExchangeClock(1, 2, 3)
    assert known.measured(100, 50, 49, STALE_AFTER_NS * 2) is known
