"""What CryptoTrader promises, whatever happens to it (docs/crypto-trader.md, "Promises").

A life is some minutes to some weeks of signals, fills in any order and of any size, late ones after
a cancel too, gaps, halts, restarts and jumps of the clock, judged after every decision.
"""

from decimal import Decimal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_examples import RULE
from trader_bars import BREAKOUT, PRICE, QUIET
from trader_lives import PARAMS, live, lives, world
from trader_world import EQUITY, EVENTS, SECOND_NS, Stall, World, instrument

from zoe.domain.order import Side
from zoe.domain.strategy import trader_hold
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.trader_look import look
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.view import Decision, View

#: The same examples each time with every check, others with each long run.
STEADY = settings(RULE, derandomize=RULE.max_examples == 500)
#: A fill at the collar under a bid that stands under the stop, both fees, and ticks.
COLLAR_AND_FEES = Decimal("0.005") + Decimal("0.0025") + Decimal("0.004")


@STEADY
@given(lives())
def test_a_life_keeps_every_promise(events: bytes) -> None:
    live(events)


@STEADY
@given(lives(20), st.data())
def test_old_views_shown_again_open_nothing(events: bytes, data: st.DataObject) -> None:
    around = world()
    for what, how_much in zip(events[::2], events[1::2], strict=False):
        stall = around.happen(what, how_much)
        _, decision = around.wake(stall)
        around.obey(stall, decision.wants)
    used = {(o.pair, o.rule): o.signal_ns for o in around.state.opened}
    for view in data.draw(st.lists(st.sampled_from(around.views), max_size=8)):
        decision = around.trader.decide(around.state, view)
        before = {t.pair for t in around.state.trades}
        for trade in decision.state.trades:
            if trade.pair not in before and trade.rule != "adopted":
                assert trade.signal_ns > used.get((trade.pair, trade.rule), 0)
                used[trade.pair, trade.rule] = trade.signal_ns
        around.state = decision.state


@STEADY
@given(lives(16), st.integers(0, 59))
def test_what_follows_a_bar_changes_nothing_of_its_decision(events: bytes, at: int) -> None:
    around = world()
    asked = []
    for what, how_much in zip(events[::2], events[1::2], strict=False):
        before = around.state
        stall = around.happen(what, how_much)
        view, decision = around.wake(stall)
        asked.append((before, view, decision))
        around.obey(stall, decision.wants)
    before, view, decision = asked[at % len(asked)]
    for trader in (around.trader, CryptoTrader()):
        again = trader.decide(before, view)
        assert (again.wants, again.reasons) == (decision.wants, decision.reasons)


def held(bought: int, stall: Stall | None = None) -> tuple[World, Stall]:
    """A momentum position of so many units of a whole entry, which has ended."""
    stall = Stall(instrument("A/USD")) if stall is None else stall
    around = World(CryptoTrader(), [stall])
    around.forward(300)
    stall.kind = BREAKOUT
    wake(around, stall)
    around.fill(stall, "entry", bought)
    stall.kind = QUIET
    around.forward(100)
    for _ in range(2):
        wake(around, stall)
        around.settle(stall)
    return around, stall


def wake(around: World, stall: Stall) -> tuple[View, Decision]:
    """A decision, obeyed."""
    view, decision = around.wake(stall)
    around.obey(stall, decision.wants)
    return view, decision


@STEADY
@given(st.integers(100, 400_000), st.integers(1, 60), st.integers(0, 4), st.booleans())
def test_a_gap_across_the_stop_is_left_at_the_first_live_quote_and_once(
    bought: int, fall: int, blind_looks: int, by_age: bool
) -> None:
    around, stall = held(bought)
    stall.live, stall.age_ms = by_age, 20_000
    trade = around.state.trade("A/USD")
    assert trade is not None
    stall.bid = trade.stop - fall * 1_000
    for _ in range(blind_looks + 1):
        around.forward(3)
        _, decision = wake(around, stall)
        assert [want for want in decision.wants if not want.post_only] == []
        assert "STOP_BLIND" in decision.reasons
    around.settle(stall)
    stall.live, stall.age_ms = True, 0
    sent = 0
    for _ in range(3):
        stall.sequence += 1
        _, decision = around.wake(stall)
        new = [w for w in decision.wants if w.key not in stall.orders]
        sent += sum(want.quantity for want in new)
        around.obey(stall, decision.wants)
    assert sent == stall.sleeve


@STEADY
@given(
    st.integers(200, 400_000),
    st.integers(100, 900),
    st.sampled_from((1, 7, 10, 1_000)),
    st.integers(1, 5_000_000),
)
def test_half_an_exit_leaves_a_rest_that_can_be_sold(
    bought: int, smallest: int, lot: int, cost_min: int
) -> None:
    around, stall = held(bought // lot * lot or lot, Stall(instrument("A/USD", 1, lot, smallest)))
    pair = attrs.evolve(stall.instrument, cost_min=Decimal(cost_min).scaleb(-5))
    stall.instrument = pair
    trade = around.state.trade("A/USD")
    if trade is None or not trade.size:
        return
    seen = look(around.view(stall), Params(), None, "WARMING")
    tranche = trader_hold._tranche(trade, seen)
    rest = trade.size - tranche
    assert rest >= 0 and tranche > 0
    assert not rest or min(tranche, rest) >= seen.least(trade.stop)


@STEADY
@given(
    st.integers(1, 20),
    st.booleans(),
    st.lists(st.integers(0, 30), max_size=5),
    st.sampled_from(PARAMS),
)
def test_the_loss_at_the_stop_is_the_risk_and_collar_and_fees(
    parts: int, printed: bool, climbs: list[int], params: Params
) -> None:
    stall = Stall(instrument("A/USD"))
    around = World(CryptoTrader(params), [stall])
    around.forward(300)
    stall.kind = BREAKOUT
    cash = around.cash
    wake(around, stall)
    for climb in (*climbs, 0):
        if "entry" in stall.orders:
            around.fill(stall, "entry", stall.orders["entry"].remaining // parts + 1)
        stall.bid += climb * 100
        wake(around, stall)
    worth = sum(Decimal(q * p).scaleb(-8) for q, p in stall.bought)
    trade = around.state.trade("A/USD")
    assert trade is not None
    # The first bid at or under the stop, and a fill at the worst that the order allows.
    stall.bid = trade.stop
    stall.low = trade.stop if printed else None
    wake(around, stall)
    stall.sequence += 1
    for _ in range(3):
        around.settle(stall)
        _, decision = wake(around, stall)
        for want in decision.wants:
            assert want.side is Side.SELL and want.key == "exit.leave"
            left = Decimal(want.price * want.quantity).scaleb(-8) * (1 - Decimal("0.004"))
            around.cash += left
            stall.sleeve -= want.quantity
            stall.orders.pop("exit.leave", None)
    assert stall.sleeve == 0
    risk = EQUITY * params.risk_bps / 10_000
    assert cash - around.cash <= risk + worth * COLLAR_AND_FEES + Decimal("0.01")


@STEADY
@given(
    st.booleans(),
    st.lists(
        st.tuples(
            st.sampled_from((-90_000, -3_600, 0, 0, 3_600, 7_200, 90_000)), st.integers(1, 9)
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_jumps_of_the_clock_end_no_cooldown_early(
    by_stop: bool, jumps: list[tuple[int, int]]
) -> None:
    around, stall = held(400_000)
    around.skew_ns = jumps[0][0] * SECOND_NS
    trade = around.state.trade("A/USD")
    assert trade is not None
    stall.bid, stall.kind = (trade.stop - 1, QUIET) if by_stop else (PRICE, "gone")
    around.forward(301)
    for _ in range(6):
        stall.sequence += 1
        wake(around, stall)
        now = around.state.trade("A/USD")
        if now is None:
            break
        trade = now
        around.forward(61)
        for key in sorted(stall.orders):
            around.fill(stall, key, 400_000)
    assert around.state.trade("A/USD") is None
    assert trade.leave is not None
    ended_ns, hours = around.now_ns, 6 if trade.leave.reason == "STOP" else 1
    for skew, ahead in jumps:
        around.forward(300 * ahead)
        around.skew_ns = skew * SECOND_NS
        stall.kind = BREAKOUT
        EVENTS[0](around, stall, 0)
        _, decision = wake(around, stall)
        if any(want.side is Side.BUY for want in decision.wants):
            assert around.now_ns >= ended_ns + hours * 3_600 * SECOND_NS
            return
