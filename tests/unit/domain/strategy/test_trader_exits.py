"""CryptoTrader's exits in one piece, one pair a base, and a fee tier that changes."""

from decimal import Decimal

import attrs
from trader_bars import BREAKOUT, PRICE
from trader_world import Stall, World, instrument

from zoe.domain.strategy import exits
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.trader_state import Trade
from zoe.domain.strategy.view import Decision


def wake(around: World, stall: Stall) -> Decision:
    """A decision, obeyed."""
    _, decision = around.wake(stall)
    around.obey(stall, decision.wants)
    return decision


def world(*symbols: str, params: Params | None = None) -> World:
    around = World(CryptoTrader(params or Params()), [Stall(instrument(s)) for s in symbols])
    around.forward(300)
    for stall in around.stalls:
        stall.kind = BREAKOUT
    return around


def position(around: World) -> tuple[Stall, Trade]:
    """A position in the first pair, whose take-profit rests."""
    stall = around.stalls[0]
    wake(around, stall)
    around.fill(stall, "entry", 10**9)
    around.forward(1)
    wake(around, stall)
    found = around.state.trade(stall.instrument.symbol)
    assert found is not None
    return stall, found


def test_a_stop_waits_for_the_take_profits_coins_and_leaves_in_one_order() -> None:
    around = world("X/USD")
    stall, bought = position(around)
    stall.low = bought.stop
    assert wake(around, stall).reasons == ("STOP", "COINS_HELD")
    assert stall.orders["exit.tp1"].canceling
    around.forward(1)
    assert list(stall.orders) == ["exit.tp1"]
    around.settle(stall)
    decision = wake(around, stall)
    assert [(w.key, w.quantity) for w in decision.wants] == [("exit.leave", bought.size)]


def test_coins_whose_fate_stays_unknown_hold_up_no_others() -> None:
    around = world("X/USD")
    stall, bought = position(around)
    stall.low = bought.stop
    wake(around, stall)
    around.forward(2)
    decision = wake(around, stall)
    free = bought.size - bought.tranche
    assert [(w.key, w.quantity) for w in decision.wants] == [("exit.leave", free)]


def test_a_maker_that_has_waited_long_enough_is_taken_back_whole_before_the_taker_goes() -> None:
    around = world("X/USD")
    stall, bought = position(around)
    around.forward(600)
    stall.kind, stall.bid = "gone", bought.stop + 20_000
    wake(around, stall)
    around.settle(stall)
    wake(around, stall)
    assert stall.orders["exit.maker"].remaining == bought.size
    around.forward(61)
    assert wake(around, stall).reasons == ("SIGNAL_GONE", "COINS_HELD")
    around.fill(stall, "exit.maker", bought.size // 4)
    around.settle(stall)
    decision = wake(around, stall)
    left = bought.size - bought.size // 4
    assert [(w.key, w.quantity) for w in decision.wants] == [("exit.leave", left)]


def test_a_base_is_held_in_one_pair_at_a_time() -> None:
    around = world("X/USD", "X/EUR", "Y/USD")
    dollars, euros, other = around.stalls
    wake(around, dollars)
    assert wake(around, euros).reasons == ("BASE_HELD",)
    assert wake(around, other).reasons == ("ENTERING_MOMENTUM",)


def test_what_was_bought_and_is_in_no_balance_yet_is_not_bought_again() -> None:
    around = world("X/USD")
    stall = around.stalls[0]
    wake(around, stall)
    bought = stall.orders.pop("entry").remaining
    view = around.view(stall)
    lagging = attrs.evolve(view, account=attrs.evolve(view.account, owned=bought))
    decision = around.trader.decide(around.state, lagging)
    assert (decision.wants, decision.reasons) == ((), ("ENTRY_FILLED",))


def test_a_fee_tier_that_changes_moves_the_cost_gate_and_the_break_even() -> None:
    around = world("X/USD")
    stall = around.stalls[0]
    view = around.view(stall)
    dear = attrs.evolve(view.account, maker_fee_bps=Decimal(90), taker_fee_bps=Decimal(160))
    refused = around.trader.decide(around.state, attrs.evolve(view, account=dear))
    assert refused.reasons == ("COST",)
    nonsense = attrs.evolve(view.account, maker_fee_bps=Decimal("NaN"), taker_fee_bps=Decimal(-9))
    first_tier = around.trader.decide(around.state, attrs.evolve(view, account=nonsense))
    assert first_tier == around.trader.decide(around.state, view)
    stall, bought = position(around)
    around.fill(stall, "exit.tp1", 10**9)
    view = around.view(stall)
    cheap = attrs.evolve(view.account, taker_fee_bps=Decimal(10))
    after = around.trader.decide(around.state, attrs.evolve(view, account=cheap))
    halved = after.state.trade("X/USD")
    assert halved is not None and halved.halved
    even = exits.break_even(bought.entry, 10_000, 1)
    assert halved.stop == max(bought.stop, even) > PRICE
