"""CryptoTrader in single scenes: one entry, each way out, and what it does with bad input."""

from decimal import Decimal
from typing import Any

import attrs
import pytest
from trader_bars import BREAKOUT, PRICE, QUIET, REVERTING
from trader_world import SCOUTED, SECOND_NS, Stall, World, instrument

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.market import Book, BookState
from zoe.domain.strategy.record import read, text
from zoe.domain.strategy.trader_state import State, Trade
from zoe.domain.strategy.view import Bar, Decision, View, Want


def scene(kind: str = BREAKOUT, **changes: Any) -> tuple[World, Stall]:
    """A pair a second after the close of a bar of some kind."""
    stall = Stall(instrument("X/USD"), **changes)
    around = World(CryptoTrader(), [stall])
    around.forward(300)
    stall.kind = kind
    return around, stall


def wake(around: World, stall: Stall) -> Decision:
    """A decision, obeyed."""
    _, decision = around.wake(stall)
    around.obey(stall, decision.wants)
    return decision


def only(wants: tuple[Want, ...]) -> Want:
    assert len(wants) == 1, wants
    return wants[0]


def trade(around: World) -> Trade:
    found = around.state.trade("X/USD")
    assert found is not None
    return found


def position(around: World, stall: Stall) -> Trade:
    """Buys all of the entry, and sees it."""
    wake(around, stall)
    around.fill(stall, "entry", 10**9)
    around.forward(1)
    wake(around, stall)
    return trade(around)


def test_a_breakout_is_bought_at_the_bid_with_a_stop() -> None:
    around, stall = scene()
    decision = wake(around, stall)
    want = only(decision.wants)
    assert (want.key, want.side, want.price, want.post_only) == ("entry", Side.BUY, PRICE, True)
    assert decision.reasons == ("ENTERING_MOMENTUM",)
    assert trade(around).stop == PRICE - PRICE * 60 // 10_000


def test_a_fall_under_vwap_that_turns_up_is_bought() -> None:
    around, stall = scene(REVERTING)
    assert wake(around, stall).reasons == ("ENTERING_REVERSION",)
    assert trade(around).rule == "reversion"


def test_a_quiet_bar_says_which_gate_stopped_each_rule() -> None:
    around, stall = scene(QUIET)
    assert wake(around, stall).reasons == ("MOMENTUM_M", "REVERSION_Z")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gates": ("SPREAD",), "rank": 0}, "GATE_SPREAD"),
        ({"rank": 0}, "GATE_RANK"),
        ({"breadth": 0.34}, "RISK_OFF_BREADTH"),
        ({"btc_z_1h": -3.1}, "RISK_OFF_BTC"),
        ({"breadth": None}, "MARKET_UNKNOWN"),
        ({"btc_z_1h": float("nan")}, "MARKET_UNKNOWN"),
        ({"turnover_usd": 1_000.0}, "SIZE_TURNOVER"),
        ({"turnover_usd": float("nan")}, "ACCOUNT_UNKNOWN"),
        ({"turnover_usd": None}, "ACCOUNT_UNKNOWN"),
    ],
)
def test_what_the_scout_says_stops_an_entry(changes: dict[str, Any], reason: str) -> None:
    around, stall = scene()
    stall.instrument = instrument("X/USD", smallest=20_000)
    stall.scouted = attrs.evolve(SCOUTED, **changes)
    assert wake(around, stall).reasons == (reason,)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trading_state": TradingState.REDUCING}, "REDUCING"),
        ({"trading_state": TradingState.HALTED}, "HALTED"),
        ({"maintenance": True}, "MAINTENANCE"),
        ({"scouted": None}, "NOT_SCOUTED"),
        ({"bars": ()}, "WARMING"),
        ({"book": None}, "STALE"),
        ({"book": Book((), ())}, "STALE"),
        ({"book": Book(((100, 1),), ())}, "STALE"),
        ({"book": Book(((100, 1),), ((100, 1),))}, "STALE"),
        ({"book": Book(((100, 1),), ((101, 1),), BookState.STALE)}, "STALE"),
        ({"book": Book(((100, 1),), ((101, 1),), age_ms=10_001)}, "STALE"),
        ({"book": Book(((100, 1),), ((101, 1),), age_ms=-1)}, "STALE"),
    ],
)
def test_a_view_that_lacks_something_buys_nothing(changes: dict[str, Any], reason: str) -> None:
    around, stall = scene()
    view = attrs.evolve(around.view(stall), **changes)
    decision = around.trader.decide(State(), view)
    assert (decision.wants, decision.reasons, decision.state) == ((), (reason,), State())


@pytest.mark.parametrize(
    "changes",
    [
        {"cash": None},
        {"cash": Decimal("NaN")},
        {"cash": Decimal(-1)},
        {"equity_usd": None},
        {"equity_usd": Decimal("NaN")},
        {"quote_usd": None},
        {"strategy_day_usd": Decimal("NaN")},
    ],
)
def test_an_account_that_is_not_known_buys_nothing(changes: dict[str, Any]) -> None:
    around, stall = scene()
    view = around.view(stall)
    account = attrs.evolve(view.account, **changes)
    decision = around.trader.decide(State(), attrs.evolve(view, account=account))
    assert decision.wants == ()
    assert decision.reasons[0] in ("ACCOUNT_UNKNOWN", "RISK_OFF_LOSS")


@pytest.mark.parametrize("broken", ["hole", "crossed", "negative", "zero"])
def test_bars_that_are_broken_say_nothing(broken: str) -> None:
    around, stall = scene()
    view = around.view(stall)
    good = view.closed_bars("5m")
    changed: dict[str, tuple[Bar, ...]] = {
        "hole": (good[0], *good[:-2], good[-1]),
        "crossed": (*good[:-1], attrs.evolve(good[-1], low=good[-1].high + 1)),
        "negative": (*good[:-1], attrs.evolve(good[-1], volume=-1)),
        "zero": (*good[:-1], attrs.evolve(good[-1], low=0)),
    }
    decision = around.trader.decide(State(), attrs.evolve(view, bars=(("5m", changed[broken]),)))
    assert (decision.wants, decision.reasons) == ((), ("BARS_BROKEN",))


def test_what_bars_said_is_kept_for_as_long_as_they_can_be_the_newest() -> None:
    around, stall = scene()
    view = around.view(stall)
    quarter_ns = 900 * 1_000_000_000
    for number, at_ns in enumerate((0, quarter_ns, 2 * quarter_ns, 3 * quarter_ns + 1)):
        pair = attrs.evolve(view.instrument, symbol=f"P{number}/USD")
        look = attrs.evolve(view, instrument=pair, now_ns=view.now_ns + at_ns)
        around.trader.decide(State(), look)
    assert list(around.trader._read) == ["P3/USD"]


def test_an_entry_chases_fifteen_bps_and_no_further_and_then_gives_up() -> None:
    around, stall = scene()
    wake(around, stall)
    stall.bid = PRICE * 10_010 // 10_000
    assert only(wake(around, stall).wants).price == stall.bid
    assert trade(around).stop > PRICE * 9_940 // 10_000
    stall.bid = PRICE * 10_040 // 10_000
    assert only(wake(around, stall).wants).price == PRICE * 10_015 // 10_000
    stall.bid = PRICE
    assert only(wake(around, stall).wants).price < stall.ask
    around.forward(90)
    assert wake(around, stall).reasons == ("ENTRY_OVER",)
    around.settle(stall)
    around.forward(4)
    assert wake(around, stall).reasons[0] == "ENTRY_GIVEN_UP"
    assert around.state.trades == ()


def test_a_signal_opens_once_across_a_restart() -> None:
    around, stall = scene()
    wake(around, stall)
    around.trading = TradingState.REDUCING
    wake(around, stall)
    around.settle(stall)
    around.forward(4)
    around.restart()
    wake(around, stall)
    around.trading = TradingState.ACTIVE
    assert wake(around, stall).reasons == ("SIGNAL_USED",)


def test_the_target_takes_half_and_the_stop_goes_to_what_it_cost() -> None:
    around, stall = scene()
    bought = position(around, stall)
    target = stall.orders["exit.tp1"]
    assert target.remaining == bought.size // 2
    assert target.price == PRICE + 3 * (PRICE - bought.stop) // 2
    stall.bid = target.price - 200
    wake(around, stall)
    around.fill(stall, "exit.tp1", 10**9)
    wake(around, stall)
    halved = trade(around)
    assert halved.halved and halved.stop > halved.entry > PRICE
    assert stall.orders == {}


def leave(around: World, stall: Stall) -> None:
    """Looks, and lets protective orders be filled, until nothing is held."""
    while around.state.trades:
        wake(around, stall)
        around.settle(stall)
        if "exit.leave" in stall.orders:
            around.fill(stall, "exit.leave", 10**9)


def _protective(decision: Decision) -> list[Want]:
    return [want for want in decision.wants if not want.post_only]


def test_a_stop_takes_two_looks_at_the_bid_and_leaves_with_a_collar() -> None:
    around, stall = scene()
    bought = position(around, stall)
    stall.bid = bought.stop
    stall.sequence += 1
    assert _protective(wake(around, stall)) == []
    stall.sequence += 1
    decision = wake(around, stall)
    assert decision.reasons[0] == "STOP"
    around.settle(stall)
    want = only(wake(around, stall).wants)
    assert (want.key, want.quantity, want.post_only) == ("exit.leave", bought.size, False)
    assert want.price == stall.bid * 9_950 // 10_000
    assert want.valid_until_ns <= around.now_ns + 2 * SECOND_NS


def test_one_print_at_the_stop_is_enough() -> None:
    around, stall = scene()
    bought = position(around, stall)
    stall.low = bought.stop
    assert wake(around, stall).reasons[0] == "STOP"


def test_a_bid_that_comes_back_in_between_hits_no_stop() -> None:
    around, stall = scene()
    bought = position(around, stall)
    for bid in (bought.stop, PRICE, bought.stop, PRICE):
        stall.bid = bid
        stall.sequence += 1
        assert _protective(wake(around, stall)) == []
    assert trade(around).leave is None


def test_the_next_protective_order_waits_for_the_fate_of_the_last() -> None:
    around, stall = scene()
    bought = position(around, stall)
    stall.low = bought.stop
    wake(around, stall)
    around.settle(stall)
    first = only(wake(around, stall).wants)
    around.forward(3)
    stall.bid -= 10_000
    assert wake(around, stall).reasons == ("STOP", "FATE_UNKNOWN")
    around.fill(stall, "exit.leave", bought.size // 3)
    around.settle(stall)
    second = only(wake(around, stall).wants)
    assert second.price < first.price
    assert second.quantity == bought.size - bought.size // 3


def test_a_clock_that_goes_back_holds_no_exit_up() -> None:
    around, stall = scene()
    bought = position(around, stall)
    stall.low = bought.stop
    wake(around, stall)
    stall.orders.clear()
    first = only(wake(around, stall).wants)
    stall.orders.clear()
    around.skew_ns = -3_600 * SECOND_NS
    stall.bid -= 10_000
    again = only(wake(around, stall).wants)
    assert again.price < first.price
    assert again.valid_until_ns == around.now_ns + around.skew_ns + 2 * SECOND_NS


def test_a_position_opened_by_a_clock_that_was_ahead_has_its_time() -> None:
    around, stall = scene()
    wake(around, stall)
    around.skew_ns = 90_000 * SECOND_NS
    around.fill(stall, "entry", 10**9)
    stall.since_ns = None
    around.wake(stall)
    around.skew_ns = 0
    around.wake(stall)
    assert trade(around).opened_ns == around.now_ns


def test_after_a_stop_the_pair_rests_for_six_hours_and_after_two_for_a_day() -> None:
    around, stall = scene()
    ended = []
    for _ in range(2):
        stall.low = position(around, stall).stop
        leave(around, stall)
        ended.append((around.state.paused_until("X/USD") - around.now_ns) // (3_600 * SECOND_NS))
        around.forward(7 * 3_600)
        stall.kind = BREAKOUT
        around.now_ns = around.bar_ns + SECOND_NS
    assert ended == [6, 24]
    assert wake(around, stall).reasons == ("COOLDOWN",)


def test_time_ends_a_position_after_a_day() -> None:
    around, stall = scene()
    position(around, stall)
    around.forward(86_400)
    stall.kind = QUIET
    stall.age_ms = 0
    assert "TIME" in wake(around, stall).reasons


def test_a_signal_that_is_gone_leaves_as_maker_first_and_then_takes() -> None:
    around, stall = scene()
    position(around, stall)
    around.forward(600)
    stall.kind = "gone"
    stall.bid = trade(around).stop + 20_000
    assert "SIGNAL_GONE" in wake(around, stall).reasons
    around.settle(stall)
    stall.orders.clear()  # what was offered before the target's coins were free
    want = only(wake(around, stall).wants)
    assert (want.key, want.price, want.post_only) == ("exit.maker", stall.ask, True)
    around.forward(61)
    assert wake(around, stall).wants == ()
    around.settle(stall)
    assert only(wake(around, stall).wants).key == "exit.leave"


@pytest.mark.parametrize("status", ["cancel_only", "delisted", "maintenance"])
def test_a_pair_that_takes_no_orders_is_an_alarm_and_is_left_when_it_takes_them(
    status: str,
) -> None:
    around, stall = scene()
    bought = position(around, stall)
    stall.instrument = attrs.evolve(stall.instrument, status=status)
    stall.low = bought.stop
    assert wake(around, stall).reasons == ("STOP", "EXIT_IMPOSSIBLE")
    around.settle(stall)
    stall.instrument = attrs.evolve(stall.instrument, status="online")
    assert only(wake(around, stall).wants).quantity == bought.size


def test_a_position_under_a_raised_minimum_is_dust_and_protected_when_it_falls_again() -> None:
    around, stall = scene()
    bought = position(around, stall)
    around.forward(200)
    pair = stall.instrument
    stall.instrument = attrs.evolve(pair, qty_min=Decimal(10**6))
    stall.orders.clear()
    assert "DUST" in wake(around, stall).reasons
    stall.instrument = pair
    wake(around, stall)
    assert trade(around).rule == "adopted"
    assert 0 < trade(around).stop < bought.entry


def test_coins_that_no_trade_explains_get_a_stop_under_what_they_cost() -> None:
    around, stall = scene(QUIET)
    stall.sleeve, stall.cost = 10_000, Decimal(100)
    wake(around, stall)
    assert PRICE * 98 // 100 < trade(around).stop < PRICE
    stall.bid = trade(around).stop - 5_000
    wake(around, stall)
    stall.sequence += 1
    assert wake(around, stall).reasons[0] == "STOP"


def test_a_view_comes_back_from_text_and_gives_the_same_wants() -> None:
    around, stall = scene()
    view, decision = around.wake(stall)
    again = CryptoTrader().decide(State(), read(View, text(view)))
    assert text(again) == text(decision)
