"""Bars of one minute: what is told when, idle minutes, late and repeated trades."""

from decimal import Decimal

from zoe.domain.bars import GRACE_NS, MINUTE_NS, MOST_IDLE, MOST_MINUTES, Bar, Bars, missing
from zoe.messages.market import TradePrint

T0 = 28_000_000 * MINUTE_NS
SECOND = 1_000_000_000


def trade(seconds: float, price: str, number: int, quantity: str = "1") -> TradePrint:
    at_ns = T0 + round(seconds * SECOND)
    return TradePrint(number, "buy", Decimal(price), Decimal(quantity), at_ns)


def prices(*whole: int) -> list[Decimal]:
    return [Decimal(each) for each in whole]


def after(minutes: int) -> int:
    """When the bars of so many minutes are due."""
    return T0 + minutes * MINUTE_NS + GRACE_NS


def test_a_bar_is_told_once_when_its_minute_has_ended() -> None:
    bars = Bars(T0)
    bars.fold([trade(1, "10", 1), trade(2, "12", 2, "3"), trade(3, "9", 3), trade(4, "11", 4)])
    assert bars.closed(after(1) - 1) == []
    (bar,) = bars.closed(after(1))
    first, high, low, close = prices(10, 12, 9, 11)
    assert bar == Bar(T0, first, high, low, close, Decimal(6), Decimal(11), 4, True)
    assert bars.closed(after(1) + 1) == []


def test_a_late_trade_has_the_bar_told_again_as_it_is_with_it() -> None:
    bars = Bars(T0)
    bars.fold([trade(5, "10", 2)])
    bars.closed(after(1))
    bars.fold([trade(65, "20", 3), trade(1, "30", 1)])
    (again,) = bars.closed(after(1) + SECOND)
    assert (again.begin_ns, again.trades) == (T0, 2)
    assert [again.open, again.close] == prices(30, 10)


def test_a_trade_that_comes_twice_counts_once() -> None:
    bars = Bars(T0)
    for _ in range(2):
        bars.fold([trade(1, "10", 1), trade(2, "11", 2)])
    (bar,) = bars.closed(after(1))
    assert bar.trades == 2
    assert bar.volume == Decimal(2)


def test_idle_minutes_carry_the_close_before_them() -> None:
    bars = Bars(T0)
    bars.fold([trade(1, "10", 1), trade(2, "11", 2), trade(190, "15", 3)])
    told = bars.closed(after(4))
    assert [bar.close for bar in told] == prices(11, 11, 11, 15)
    assert [bar.trades for bar in told] == [2, 0, 0, 1]
    (idle,) = bars.closed(after(5))
    assert [idle.open, idle.high, idle.low, idle.close] == prices(15, 15, 15, 15)
    assert [idle.volume, idle.vwap] == prices(0, 0)
    assert idle.whole


def test_before_the_first_trade_an_idle_minute_has_no_price_and_no_bar() -> None:
    bars = Bars(T0)
    assert bars.closed(after(3)) == []
    bars.fold([trade(200, "10", 1)])
    assert [bar.begin_ns for bar in bars.closed(after(4))] == [T0 + 3 * MINUTE_NS]


def test_the_minute_in_which_the_listening_began_is_not_whole() -> None:
    bars = Bars(T0 + 10 * SECOND)
    bars.fold([trade(20, "10", 1), trade(70, "11", 2)])
    assert [bar.whole for bar in bars.closed(after(2))] == [False, True]


def test_nothing_is_whole_where_nobody_knows_since_when_trades_are_heard() -> None:
    bars = Bars()
    bars.fold([trade(1, "10", 1), trade(130, "10", 2)])
    assert [bar.whole for bar in bars.closed(after(3))] == [False, False]


def test_a_clock_that_jumps_makes_no_mountain_of_idle_bars_and_none_backwards() -> None:
    bars = Bars(T0)
    bars.fold([trade(1, "10", 1)])
    assert len(bars.closed(after(MOST_IDLE + 1_000_000))) == 1
    assert bars.closed(after(0)) == []


def test_ended_minutes_are_forgotten_so_that_memory_stays() -> None:
    bars = Bars(T0)
    for minute in range(50):
        bars.fold([trade(minute * 60, "10", minute)])
        bars.closed(after(minute + 1))
    assert len(bars._minutes) <= 4


def test_a_trade_of_a_minute_long_told_is_never_taken_for_all_of_it() -> None:
    bars = Bars(T0)
    bars.fold([trade(1, "10", 1), trade(601, "12", 2)])
    bars.closed(after(11))
    bars.fold([trade(2, "11", 3)])
    (late,) = bars.closed(after(11) + 1)
    assert (late.begin_ns, late.trades) == (T0, 1)
    assert not late.whole


def test_missing_minutes_are_those_between_that_nobody_knows() -> None:
    known = (T0, T0 + 2 * MINUTE_NS)
    gaps = (T0 + MINUTE_NS, T0 + 3 * MINUTE_NS)
    assert missing(known, T0, T0 + 4 * MINUTE_NS) == gaps


def test_minutes_that_somebody_invents_far_ahead_take_no_room_from_those_that_come() -> None:
    bars = Bars(T0)
    ahead = [trade(3_600 * n, "99", 10 + n) for n in range(1, 40 * MOST_MINUTES)]
    bars.fold(reversed(ahead))
    bars.fold(ahead)
    bars.fold([trade(5, "10", 3), trade(62, "11", 4)])
    assert [bar.open for bar in bars.closed(after(2))] == prices(10, 11)
    centuries = bars.closed(after(60 * 40 * MOST_MINUTES))
    assert len([bar for bar in centuries if bar.trades]) < MOST_MINUTES
