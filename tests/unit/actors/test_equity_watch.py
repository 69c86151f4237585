"""RiskOfficer's breaker: what trips it, what does not, and what it measures from after a restart."""

import attrs
import pytest
from risk_stage import (
    LIMITS,
    NONE_OPEN,
    PAIR,
    approved,
    change,
    codes,
    held,
    intent,
    officer,
    place,
    quote,
)
from stage import Stage

from zoe.actors.equity_watch import MARKED
from zoe.domain.catalog import Catalog
from zoe.domain.quantity import Price
from zoe.domain.risk import TradingState
from zoe.messages.orders import CancelOwnOrders
from zoe.messages.risk import LatchSet
from zoe.messages.system import CatalogChanged, Reconciled


def watch(stage: Stage, price: int, seconds: int = 6) -> None:
    for _ in range(seconds * 2):
        quote(stage, price)
        stage.run(0.5)


@pytest.mark.parametrize("state", ["HALTED", "REDUCING"])
def test_the_breaker_ends_trading_until_a_person_resumes(state: str) -> None:
    stage = officer(attrs.evolve(LIMITS, breaker_state=state, max_drawdown_bps=2_000))
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    watch(stage, 35_000)
    place(stage, intent(1, "0.01", limit_price=Price.of("35000")))
    assert len(approved(stage)) == 1, "15 of 100 is not 20 of 100"
    watch(stage, 29_000)
    place(stage, intent(2, "0.01", limit_price=Price.of("29000")))
    assert codes(stage) == ["TRADING_HALTED" if state == "HALTED" else "REDUCING_ONLY"]
    stage.tell(LatchSet(True))
    written = [row.body for row in stage.rows if row.kind == "trading_state.changed"]
    assert [body["state"] for body in written] == [state]
    assert written[0]["why"].startswith("breaker: daily loss 2100 bps, limit 2000")
    assert len(stage.heard("orders", CancelOwnOrders)) == (state == "HALTED")
    change(stage, TradingState.ACTIVE)
    watch(stage, 29_000)
    place(stage, intent(3, "0.01", limit_price=Price.of("29000")))
    assert len(approved(stage)) == 2


def test_what_losses_are_measured_from_outlives_a_restart() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    stage.runtime.crash("risk")
    stage.run(1)
    stage.tell(Reconciled())
    stage.tell(NONE_OPEN)
    stage.tell(CatalogChanged(Catalog(1, {PAIR.symbol: PAIR})))
    held(stage, 1, 50_000)
    watch(stage, 29_000)
    place(stage, intent(1, "0.01", limit_price=Price.of("29000")))
    assert codes(stage) == ["TRADING_HALTED"]


def test_odd_quotes_now_and_then_are_not_counted_together() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    for _ in range(4):
        watch(stage, 50_000, 2)
        watch(stage, 10_000, 1)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert len(approved(stage)) == 1


def marked(stage: Stage) -> list[str]:
    """The highest equity, each time that it was written down."""
    return [row.body["high"] for row in stage.rows if row.kind == MARKED]


def test_what_was_not_written_at_once_is_written_later_though_nothing_changes_any_more() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    watch(stage, 60_000, 45)
    assert marked(stage) == ["100000.05"]
    watch(stage, 60_000, 15)
    assert marked(stage) == ["100000.05", "110000.05"]


def test_a_day_begins_though_nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = officer()
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    watch(stage, 49_000)
    clock = stage.runtime.clock
    real = clock.wall_ns
    monkeypatch.setattr(clock, "wall_ns", lambda: real() + 86_400_000_000_000)
    watch(stage, 49_000)
    days = [(row.body["day"], row.body["opening"]) for row in stage.rows if row.kind == MARKED]
    first = days[0][0]
    assert days == [(first, "100000.05"), (first + 1, "99000.05")]


def test_one_odd_quote_does_not_trip_the_breaker() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    watch(stage, 10_000, 1)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert len(approved(stage)) == 1


def test_a_withdrawal_does_not_trip_the_breaker() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    held(stage, 1, 1_000, USD=-49_000)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert len(approved(stage)) == 1


def test_a_deposit_that_a_loss_has_eaten_up_is_no_gain() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    watch(stage, 50_000)
    held(stage, 1, 50_000, USD=50_000)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert codes(stage) == ["TRADING_HALTED"]


#: Limits whose breaker's state is written without a word of the Gateway.
AT_ONCE = attrs.evolve(LIMITS, breaker_state="REDUCING")


def trips(stage: Stage) -> list[str]:
    """Why the breaker has tripped."""
    return [row.body["why"] for row in stage.rows if row.kind == "trading_state.changed"]


@pytest.mark.parametrize(("before", "after"), [((0, 100_000), (1, 50_000)), ((1, 0), (0, 50_000))])
def test_what_is_traded_for_an_asset_that_was_not_held_is_no_loss(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    stage = officer(AT_ONCE)
    held(stage, *before)
    watch(stage, 50_000)
    held(stage, *after)
    watch(stage, 50_000)
    assert trips(stage) == []


def test_a_loss_on_an_asset_that_was_not_held_before_is_one() -> None:
    stage = officer(AT_ONCE)
    held(stage, 0, 50_000)
    watch(stage, 50_000)
    held(stage, 1, 0)
    watch(stage, 50_000)
    watch(stage, 39_000)
    assert [why.partition(",")[0] for why in trips(stage)] == ["breaker: daily loss 2200 bps"]


def test_a_deposit_of_an_asset_that_was_not_held_before_is_no_gain() -> None:
    stage = officer(AT_ONCE)
    held(stage, 0, 50_000)
    watch(stage, 50_000)
    held(stage, 1, 10_000, BTC=1)
    watch(stage, 50_000)
    assert [why.partition(",")[0] for why in trips(stage)] == ["breaker: daily loss 4000 bps"]


@pytest.mark.parametrize("seconds", [0, 6])
def test_a_restart_soon_after_a_purchase_does_not_take_it_for_a_deposit(seconds: int) -> None:
    stage = officer(AT_ONCE)
    held(stage, 0, 100_000)
    watch(stage, 50_000)
    held(stage, 1, 50_000)
    watch(stage, 50_000, seconds)
    again = officer(AT_ONCE, tuple(stage.rows))
    held(again, 1, 50_000)
    watch(again, 50_000)
    assert trips(again) == []


@pytest.mark.parametrize("seconds", [0, 6])
def test_a_restart_soon_after_a_withdrawal_does_not_take_it_for_a_loss(seconds: int) -> None:
    stage = officer(AT_ONCE)
    held(stage, 2, 50_000)
    watch(stage, 50_000)
    held(stage, 1, 50_000, BTC=-1)
    watch(stage, 50_000, seconds)
    again = officer(AT_ONCE, tuple(stage.rows))
    held(again, 1, 50_000, BTC=-1)
    watch(again, 50_000)
    assert trips(again) == []
    watch(again, 29_000)
    assert [why.partition(",")[0] for why in trips(again)] == ["breaker: daily loss 2100 bps"]
