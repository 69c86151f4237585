"""CryptoTrader's limits over all pairs."""

from decimal import Decimal

from trader_bars import BREAKOUT
from trader_world import Stall, World, instrument

from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.trader_params import Params


def breakouts(count: int, params: Params) -> tuple[World, list[tuple[str, ...]]]:
    """So many pairs that break out at once, and what was said of each."""
    stalls = [Stall(instrument(f"P{n}/USD"), kind=BREAKOUT) for n in range(count)]
    around = World(CryptoTrader(params), stalls)
    around.forward(300)
    said = []
    for stall in stalls:
        _, decision = around.wake(stall)
        around.obey(stall, decision.wants)
        said.append(decision.reasons)
    return around, said


def test_no_more_than_three_that_move_together() -> None:
    _, said = breakouts(5, Params())
    assert said == [("ENTERING_MOMENTUM",)] * 3 + [("ALIKE",)] * 2


def test_no_more_than_six_positions() -> None:
    _, said = breakouts(8, Params(max_alike=20))
    assert said == [("ENTERING_MOMENTUM",)] * 6 + [("POSITIONS",)] * 2


def test_exposure_in_all_is_capped() -> None:
    around, said = breakouts(12, Params(max_positions=20, max_alike=20))
    assert ("SIZE_EXPOSURE",) in said
    assert 6 < len(around.state.trades) < 12
    assert sum(each.committed_usd for each in around.state.trades) <= 40_000


def test_no_cash_is_a_size_and_not_an_account_that_nobody_knows() -> None:
    stall = Stall(instrument("P/USD"), kind=BREAKOUT)
    around = World(CryptoTrader(), [stall], cash=Decimal(0))
    around.forward(300)
    _, decision = around.wake(stall)
    assert (decision.wants, decision.reasons) == ((), ("SIZE_CASH",))


def test_a_position_is_small_enough_for_its_stop_to_be_one_order() -> None:
    stall = Stall(instrument("P/USD"), kind=BREAKOUT)
    around = World(CryptoTrader(order_quote=Decimal(1_000)), [stall])
    around.forward(300)
    _, decision = around.wake(stall)
    (want,) = decision.wants
    assert 790 < Decimal(want.price * want.quantity).scaleb(-8) <= 800
    tiny = CryptoTrader(order_quote=Decimal("0.5"))
    refused = tiny.decide(tiny.initial(), around.views[0])
    assert refused.reasons == ("SIZE_ORDER",)
