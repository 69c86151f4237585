"""Numbers of differences: the steps of one share one, and nothing is listed twice."""

from zoe.domain.difference import (
    EXTERNAL,
    LAG,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
    DriftNumbers,
    seconds,
)

WAITS = Difference("balance BTC", WAITING, LAG, "5", "7")
STAYS = Difference("balance BTC", OPEN, UNKNOWN, "5", "7")
GONE = Difference("balance BTC", SETTLED, LAG, "5", "5", "settled by itself")
TRADE = Difference("fill T1", SETTLED, EXTERNAL, "-", "buy 1 BTC/USD at 2")


def test_the_steps_of_one_difference_have_one_number_and_the_next_has_another() -> None:
    numbers = DriftNumbers()
    assert [numbers.number(step, 1) for step in (WAITS, STAYS, GONE)] == [1, 1, 1]
    assert numbers.number(WAITS, 2) == 2


def test_a_step_that_says_nothing_new_has_none() -> None:
    numbers = DriftNumbers()
    numbers.number(WAITS, 1)
    assert numbers.number(WAITS, 2) is None


def test_what_happened_is_listed_once_however_often_it_is_told() -> None:
    numbers = DriftNumbers()
    assert numbers.number(TRADE, 1) == 1
    assert numbers.number(TRADE, 2) is None


def test_a_restart_goes_on_with_the_numbers_that_are_stored() -> None:
    numbers = DriftNumbers()
    numbers.listed(7, 10, TRADE)
    numbers.listed(8, 20, WAITS)
    numbers.listed(8, 30, STAYS)
    (standing,) = numbers.standing.values()
    assert (standing.number, standing.since_ns, standing.difference) == (8, 20, STAYS)
    assert numbers.number(TRADE, 40) is None
    assert numbers.number(GONE, 40) == 8
    assert numbers.standing == {}
    assert numbers.number(WAITS, 50) == 9


def test_what_a_whole_look_finds_no_more_is_settled() -> None:
    numbers = DriftNumbers()
    left = Difference("order O1", OPEN, UNKNOWN, "WORKING", "in no list")
    stays = Difference("order O2", OPEN, UNKNOWN, "WORKING", "in no list")
    for step in (left, stays, WAITS):
        numbers.number(step, 1)
    (settled,) = numbers.gone(("order ",), frozenset({"order O2"}))
    assert (settled.subject, settled.status) == ("order O1", SETTLED)
    assert numbers.number(settled, 2) == 1


def test_times_are_told_in_tenths_of_a_second() -> None:
    assert [seconds(n) for n in (-5, 0, 3_290_000_000)] == ["0.0 s", "0.0 s", "3.2 s"]


def test_what_is_open_stays_so_where_a_restart_gives_lag_its_time_again() -> None:
    numbers = DriftNumbers()
    numbers.listed(8, 30, STAYS)
    assert numbers.number(WAITS, 40) is None
    assert numbers.number(STAYS, 50) is None, "told once"
    explained = Difference("balance BTC", WAITING, EXTERNAL, "5", "7", "in suspense")
    assert numbers.number(explained, 60) == 8
    other = Difference("balance BTC", WAITING, LAG, "5", "8")
    assert numbers.number(other, 70) == 8
