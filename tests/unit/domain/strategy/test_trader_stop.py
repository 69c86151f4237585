"""CryptoTrader with its stop at the exchange: single scenes, and what it does with bad input."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from trader_bars import BREAKOUT, PRICE
from trader_world import SECOND_NS, Stall, World, instrument

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.market import Book, BookState
from zoe.domain.strategy.own import OwnFill
from zoe.domain.strategy.record import read_state, text
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.trader_state import State, Trade
from zoe.domain.strategy.view import Decision, Want

STOP = "exit.stop"


def wake(around: World, stall: Stall) -> Decision:
    """A decision, obeyed."""
    _, decision = around.wake(stall)
    around.obey(stall, decision.wants)
    return decision


def trade(around: World) -> Trade:
    found = around.state.trade("X/USD")
    assert found is not None
    return found


def entering() -> tuple[World, Stall]:
    """A pair that is being bought."""
    stall = Stall(instrument("X/USD"))
    around = World(CryptoTrader(Params(stops="exchange")), [stall])
    around.forward(300)
    stall.kind = BREAKOUT
    wake(around, stall)
    return around, stall


def position() -> tuple[World, Stall, Trade]:
    """A position whose entry is over, with its stop at rest."""
    around, stall = entering()
    around.fill(stall, "entry", 10**9)
    around.forward(1)
    wake(around, stall)
    return around, stall, trade(around)


def stop_of(decision: Decision) -> Want | None:
    return next((want for want in decision.wants if want.key == STOP), None)


def test_the_first_coins_have_a_stop_and_more_coins_a_larger_one() -> None:
    around, stall = entering()
    around.fill(stall, "entry", 20_000)
    want = stop_of(wake(around, stall))
    assert want is not None
    assert (want.side, want.quantity, want.post_only) == (Side.SELL, 20_000, False)
    assert want.trigger == trade(around).stop
    assert want.price == trade(around).stop * 9_950 // 10_000
    around.fill(stall, "entry", 10_000)
    wake(around, stall)
    assert stall.orders[STOP].remaining == 30_000


def test_no_take_profit_rests_beside_it() -> None:
    _, stall, bought = position()
    assert list(stall.orders) == [STOP]
    assert stall.orders[STOP].remaining == bought.size == stall.sleeve


def test_the_stop_is_raised_by_the_trail_and_never_let_down() -> None:
    around, stall, bought = position()
    around.forward(900)
    stall.bid = bought.stop + (PRICE - bought.stop) * 2
    wake(around, stall)
    raised = stall.orders[STOP].trigger
    assert raised == trade(around).stop > bought.stop
    stall.bid = raised + 1_000
    around.forward(300)
    wake(around, stall)
    assert (stall.orders[STOP].trigger or 0) >= raised


def test_a_profit_is_taken_after_the_stop_has_let_go_and_what_is_left_is_guarded_higher() -> None:
    around, stall, bought = position()
    stall.bid = PRICE + 2 * (PRICE - bought.stop)
    decision = wake(around, stall)
    assert "TAKING" in decision.reasons
    assert [want.key for want in decision.wants] == [STOP]
    assert stall.orders[STOP].remaining == bought.size - bought.tranche
    wake(around, stall)
    sale = stall.orders["exit.tp1"]
    assert (sale.remaining, sale.post_only) == (bought.tranche, False)
    assert sale.price == PRICE + 3 * (PRICE - bought.stop) // 2
    around.fill(stall, "exit.tp1", 10**9)
    wake(around, stall)
    halved = trade(around)
    assert halved.halved and halved.stop > halved.entry
    assert stall.orders[STOP].trigger == halved.stop


def test_a_profit_that_is_not_there_any_more_is_given_back_to_the_stop() -> None:
    around, stall, bought = position()
    stall.bid = PRICE + 2 * (PRICE - bought.stop)
    wake(around, stall)
    stall.bid = PRICE
    wake(around, stall)
    assert list(stall.orders) == [STOP]
    assert stall.orders[STOP].remaining == bought.size


def test_a_stop_that_is_hit_has_two_seconds_and_then_the_desk_takes_over() -> None:
    around, stall, bought = position()
    stall.low = bought.stop
    stall.bid = bought.stop * 99 // 100
    decision = wake(around, stall)
    assert decision.reasons == ("STOP", "STOP_RESTS")
    assert not stall.orders[STOP].canceling
    around.forward(3)
    assert wake(around, stall).reasons == ("STOP", "COINS_HELD")
    assert stall.orders[STOP].canceling
    assert list(stall.orders) == [STOP]
    # It was quicker than the cancel with a part.
    around.fill(stall, STOP, bought.size // 3)
    around.settle(stall)
    wake(around, stall)
    assert stall.orders["exit.leave"].remaining == bought.size - bought.size // 3


def test_what_the_stop_sold_ends_the_trade_as_a_stop() -> None:
    around, stall, bought = position()
    around.fill(stall, STOP, 10**9)
    around.restart()
    assert wake(around, stall).reasons == ("CLOSED",)
    assert [stopped.pair for stopped in around.state.stopped] == ["X/USD"]
    hours = (around.state.paused_until("X/USD") - around.now_ns) // (3_600 * SECOND_NS)
    assert hours == 6
    assert bought.stop < bought.entry


def test_an_entry_whose_coins_the_stop_has_taken_does_not_begin_again() -> None:
    around, stall = entering()
    around.fill(stall, "entry", 20_000)
    wake(around, stall)
    around.fill(stall, STOP, 10**9)
    around.restart()
    assert wake(around, stall).wants == ()
    assert stall.orders["entry"].canceling
    around.settle(stall)
    around.forward(10)
    wake(around, stall)
    assert around.state.trades == ()
    assert [stopped.pair for stopped in around.state.stopped] == ["X/USD"]


def test_a_part_that_the_stop_sold_unseen_is_not_bought_again() -> None:
    around, stall = entering()
    around.fill(stall, "entry", 20_000)
    wake(around, stall)
    around.fill(stall, STOP, 5_000)
    around.restart()
    assert [want.key for want in wake(around, stall).wants] == [STOP]
    assert stall.orders["entry"].canceling


def test_a_part_that_the_stop_sold_unseen_is_an_exit_that_goes_on() -> None:
    around, stall, bought = position()
    around.fill(stall, STOP, bought.size // 2)
    view = around.view(stall)
    told = OwnFill("e1", STOP, Side.SELL, bought.stop, 1, around.now_ns, Decimal(40))
    decision = around.trader.decide(around.state, attrs.evolve(view, fills=(told,)))
    assert decision.reasons == ("STOP", "STOP_RESTS")


def test_time_and_a_signal_that_is_gone_cancel_the_stop_and_take() -> None:
    around, stall, bought = position()
    around.forward(600)
    stall.kind, stall.bid = "gone", bought.stop + 20_000
    assert wake(around, stall).reasons == ("SIGNAL_GONE", "COINS_HELD")
    assert stall.orders[STOP].canceling
    around.settle(stall)
    decision = wake(around, stall)
    (want,) = decision.wants
    assert (want.key, want.quantity, want.post_only) == ("exit.leave", bought.size, False)


def test_a_position_without_a_stop_at_rest_is_an_alarm_after_a_while() -> None:
    around, stall, _ = position()
    stall.orders.clear()
    around.wake(stall)
    around.forward(4)
    assert "STOP_MISSING" not in around.wake(stall)[1].reasons
    around.forward(2)
    assert "STOP_MISSING" in around.wake(stall)[1].reasons
    wake(around, stall)
    assert "STOP_MISSING" not in wake(around, stall).reasons
    assert trade(around).bare_ns == 0


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_a_stop_that_rests_stays_whatever_the_desk_may_do(state: TradingState) -> None:
    around, stall, bought = position()
    around.trading = state
    wake(around, stall)
    assert stall.orders[STOP].remaining == bought.size and not stall.orders[STOP].canceling


@pytest.mark.parametrize(
    "changes",
    [
        {"book": None},
        {"book": Book((), ())},
        {"book": Book(((100, 1),), ((100, 1),))},
        {"book": Book(((102, 1),), ((101, 1),))},
        {"book": Book(((100, 1),), ((101, 1),), BookState.STALE)},
        {"book": Book(((100, 1),), ((101, 1),), age_ms=10_001)},
        {"book": Book(((100, 1),), ((101, 1),), age_ms=-1)},
        {"bars": ()},
        {"scouted": None},
    ],
)
def test_a_view_that_lacks_something_leaves_the_stop_where_it_is(changes: dict[str, Any]) -> None:
    around, stall, bought = position()
    view = attrs.evolve(around.view(stall), **changes)
    decision = around.trader.decide(around.state, view)
    want = stop_of(decision)
    assert want is not None and decision.wants == (want,)
    assert (want.trigger, want.quantity) == (bought.stop, bought.size)
    assert ("STOP_BLIND" in decision.reasons) == ("book" in changes)


@pytest.mark.parametrize("status", ["cancel_only", "delisted", "maintenance"])
@pytest.mark.parametrize("hit", [True, False])
def test_a_pair_that_takes_no_orders_keeps_the_stop_that_rests(status: str, hit: bool) -> None:
    around, stall, bought = position()
    stall.instrument = attrs.evolve(stall.instrument, status=status)
    stall.low = bought.stop if hit else None
    decision = wake(around, stall)
    assert ("EXIT_IMPOSSIBLE" in decision.reasons) == hit
    around.forward(5)
    wake(around, stall)
    assert not stall.orders[STOP].canceling


def test_a_minimum_raised_above_the_position_keeps_the_stop_that_rests() -> None:
    around, stall, bought = position()
    stall.instrument = attrs.evolve(stall.instrument, qty_min=Decimal(10**6))
    wake(around, stall)
    assert stall.orders[STOP].remaining == bought.size and not stall.orders[STOP].canceling


def test_a_clock_that_jumps_takes_no_turn_from_the_exchange_and_none_from_the_desk() -> None:
    around, stall, bought = position()
    stall.low = bought.stop
    stall.bid = bought.stop * 99 // 100
    assert wake(around, stall).reasons == ("STOP", "STOP_RESTS")
    around.skew_ns = -3_600 * SECOND_NS
    assert wake(around, stall).reasons[0] == "STOP"
    assert stall.orders[STOP].canceling


def test_both_ways_of_holding_the_stop_read_each_others_state() -> None:
    around, stall, bought = position()
    around.trader = CryptoTrader(Params())
    decision = wake(around, stall)
    assert stop_of(decision) is None and stall.orders[STOP].canceling
    around.settle(stall)
    wake(around, stall)
    assert stall.orders["exit.tp1"].remaining == bought.tranche
    around.trader = CryptoTrader(Params(stops="exchange"))
    wake(around, stall)
    assert list(stall.orders) == ["exit.tp1"]
    around.settle(stall)
    wake(around, stall)
    assert stall.orders[STOP].remaining == bought.size


def test_a_state_of_before_these_were_remembered_is_read() -> None:
    around, _, _ = position()
    stored = text(around.state).replace('"bare_ns":0,', "").replace('"taking":false,', "")
    assert "taking" not in stored
    assert read_state(State, stored) == around.state
