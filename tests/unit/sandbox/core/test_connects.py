"""How many sockets may be opened in ten minutes."""

from sandbox_trial import Trial

from zoe.sandbox.core.connects import MOST, WINDOW_NS, Connects

SECOND_NS = 1_000_000_000


def test_ten_minutes_have_room_for_so_many_and_no_more() -> None:
    connects = Connects(MOST)
    assert all(connects.admits(number * SECOND_NS) for number in range(MOST))
    assert not connects.admits(MOST * SECOND_NS)


def test_one_too_many_is_the_beginning_of_a_ban() -> None:
    connects = Connects(2)
    assert connects.admits(0)
    assert connects.admits(1)
    assert not connects.admits(2)
    assert not connects.admits(WINDOW_NS + 1)  # the two are forgotten, the ban is not
    assert connects.admits(WINDOW_NS + 2)


def test_old_ones_make_room() -> None:
    connects = Connects(2)
    assert [connects.admits(at) for at in (0, 5, WINDOW_NS, WINDOW_NS + 5)] == [True] * 4


def test_there_need_be_no_limit() -> None:
    connects = Connects(None)
    assert all(connects.admits(0) for _ in range(10 * MOST))


def test_an_exchange_is_under_both_limits_and_that_of_connects_unless_told_otherwise() -> None:
    usual = Trial().config
    config = type(usual)(usual.assets, usual.pairs)
    assert (config.limits, config.connects) == ("both", 150)
    exchange = Trial(connects=1).exchange
    assert exchange.admits(0)
    assert not exchange.admits(1)
