"""What CryptoTrader promises of a stop that rests at the exchange, beside what any life keeps."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from rule_examples import RULE
from trader_bars import BREAKOUT
from trader_lives import RESTING
from trader_world import EQUITY, Stall, World, instrument

from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.trader_params import Params

#: The same examples each time with every check, others with each long run.
STEADY = settings(RULE, derandomize=RULE.max_examples == 500)
STOP = "exit.stop"
#: Both fees.
FEES = Decimal("0.0025") + Decimal("0.004")


def wake(around: World, stall: Stall) -> tuple[str, ...]:
    """A decision, obeyed; its reasons."""
    _, decision = around.wake(stall)
    around.obey(stall, decision.wants)
    return decision.reasons


def entered(params: Params, parts: int, climbs: list[int]) -> tuple[World, Stall]:
    """A position that was bought in parts while the price climbed."""
    stall = Stall(instrument("A/USD"))
    around = World(CryptoTrader(params), [stall])
    around.forward(300)
    stall.kind = BREAKOUT
    wake(around, stall)
    for climb in (*climbs, 0):
        if "entry" in stall.orders:
            around.fill(stall, "entry", stall.orders["entry"].remaining // parts + 1)
        stall.bid += climb * 100
        wake(around, stall)
    return around, stall


@STEADY
@given(
    st.sampled_from(RESTING),
    st.integers(1, 20),
    st.lists(st.integers(0, 15), max_size=5),  # the target is not reached
)
def test_the_loss_at_a_resting_stop_is_the_risk_and_collar_and_fees(
    params: Params, parts: int, climbs: list[int]
) -> None:
    around, stall = entered(params, parts, climbs)
    stop, worth = stall.orders[STOP], Decimal(0)
    assert stop.remaining == stall.sleeve
    spent = EQUITY - around.cash
    worth = sum((Decimal(q * p).scaleb(-8) for q, p in stall.bought), Decimal(0))
    # At the worst that the order allows.
    got = Decimal(stop.price * stop.remaining).scaleb(-8) * (1 - Decimal("0.004"))
    risk = EQUITY * params.risk_bps / 10_000
    collar = worth * Decimal("0.005")
    assert spent - got <= risk + collar + worth * FEES + Decimal("0.01")


@STEADY
@given(
    st.integers(1, 10),
    st.integers(1, 60),
    st.integers(0, 4),
    st.booleans(),
    st.integers(0, 100),
)
def test_a_gap_across_a_resting_stop_is_left_once_whoever_is_quicker(
    parts: int, fall: int, blind_looks: int, by_age: bool, percent: int
) -> None:
    around, stall = entered(RESTING[0], parts, [])
    trade = around.state.trade("A/USD")
    assert trade is not None
    bought, stop = stall.sleeve, stall.orders[STOP]
    stall.live, stall.age_ms = by_age, 20_000
    stall.bid = trade.stop - fall * 1_000
    for _ in range(blind_looks + 1):
        around.forward(1)
        assert "STOP_BLIND" in wake(around, stall)
        assert stall.orders[STOP] is stop and not stop.canceling
    if "entry" in stall.orders:
        stall.orders.pop("entry")
    # The exchange was there all the time, and has sold a part.
    sold = max(bought * percent // 100, 1) if percent else 0
    if sold:
        around.fill(stall, STOP, sold)
    stall.live, stall.age_ms = True, 0
    for _ in range(3):
        stall.sequence += 1
        wake(around, stall)
        around.forward(3)
        wake(around, stall)
        around.settle(stall)
    wake(around, stall)
    assert STOP not in stall.orders
    left = sum(order.remaining for order in stall.orders.values())
    assert left == stall.sleeve or stall.sleeve < 200
    assert stall.sleeve == bought - sold
