"""RiskOfficer: amends, positions over a restart, what reduces, and the breaker."""

from decimal import Decimal
from functools import partial
from typing import Any

import attrs
import pytest
from stage import Stage

from zoe.actors.equity_watch import MARKED
from zoe.actors.order_opening import OrderConfig
from zoe.actors.risk_officer import RiskOfficer
from zoe.domain.amend import Amend, Terms
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import Limits, TradingState
from zoe.messages.journal import StoredRow
from zoe.messages.ledger import BalancesChanged
from zoe.messages.market import Quote, Quotes
from zoe.messages.orders import (
    AmendDenied,
    AmendOrder,
    CancelOrder,
    CancelOwnOrders,
    OrderChanged,
    OrderDenied,
    PlaceOrder,
    SubmitAmend,
    SubmitOrder,
)
from zoe.messages.risk import (
    FlattenPlanned,
    LatchSet,
    PlanFlatten,
    SetTradingState,
    TradingStateChanged,
)
from zoe.messages.system import CatalogChanged, Reconciled

OTHERS = ("gateway", "orders", "asker", "catalogue", "reconciler", "ledger")
PAIR = Instrument(
    *("BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1")),
    *(8, Decimal("0.00000001"), Decimal("0.00005"), 5, Decimal("0.5")),
)
LIMITS = Limits(max_order_notional=Decimal(10_000), max_position_notional=Decimal(20_001))


def officer(limits: Limits = LIMITS, rows: tuple[StoredRow, ...] = ()) -> Stage:
    stage = Stage("risk", partial(RiskOfficer, OrderConfig("a", 4711), limits), OTHERS, rows)
    stage.tell(Reconciled())
    stage.tell(CatalogChanged(Catalog(1, {PAIR.symbol: PAIR})))
    quote(stage, 50_000)
    return stage


def quote(stage: Stage, price: int) -> None:
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(
        Quotes("", (Quote("BTC/USD", 1, 8, price * 10, 10, price * 10 + 1, 10, None, now_ns),)),
        0.01,
    )


def intent(number: int, quantity: str = "0.1", side: Side = Side.BUY, **known: Any) -> Intent:
    found = Intent(
        *(f"00000000-0000-0000-0000-{number:012d}", "strategy/q", None, "BTC/USD", side),
        *(OrderType.LIMIT, Quantity.of(quantity), Price.of("50000")),
    )
    return attrs.evolve(found, **known)


def place(stage: Stage, wish: Intent) -> None:
    stage.tell(PlaceOrder(wish, stage.runtime.find("asker")), 0.01)


def approved(stage: Stage) -> list[Intent]:
    return [wish.intent for wish in stage.heard("orders", SubmitOrder)]


def codes(stage: Stage) -> list[str]:
    return [denied.code for denied in stage.heard("asker", OrderDenied)]


def filled(stage: Stage, wish: Intent, quantity: str, state: State = State.CANCELED) -> None:
    stage.tell(OrderChanged(Order(wish, state, reported_filled=Quantity.of(quantity))), 0.01)


def change(stage: Stage, state: TradingState) -> list[TradingStateChanged]:
    stage.tell(SetTradingState(state, "a test", "key", stage.runtime.find("asker")))
    return stage.heard("asker", TradingStateChanged)


def amend(stage: Stage, wish: Intent, quantity: str) -> None:
    terms = Terms(Quantity.of(quantity), wish.limit_price)
    stage.tell(AmendOrder(wish, terms, "a test", None, stage.runtime.find("asker")), 0.01)


def test_what_is_filled_moves_from_the_order_to_the_position() -> None:
    stage = officer()
    for number in (1, 2):
        place(stage, intent(number, "0.2"))
        filled(stage, intent(number, "0.2"), "0.15", State.WORKING)
    place(stage, intent(3, "0.01"))
    assert codes(stage) == ["POSITION_NOTIONAL"]
    filled(stage, intent(1, "0.2"), "0.15")
    place(stage, intent(4, "0.05"))
    assert len(approved(stage)) == 3


def test_a_position_is_known_after_a_restart() -> None:
    body = {"pair": "BTC/USD", "side": "buy", "quantity": "0.39", "fees": "0"}
    traded = StoredRow(1, "order/a/9", 1, "order.traded", 0, body)
    stage = officer(rows=(traded,))
    place(stage, intent(1, "0.02"))
    assert codes(stage) == ["POSITION_NOTIONAL"]
    place(stage, intent(2, "0.005"))
    assert len(approved(stage)) == 1


def test_an_amend_that_increases_is_judged_and_holds_the_larger() -> None:
    stage = officer()
    wish = intent(1, "0.1")
    place(stage, wish)
    amend(stage, wish, "0.3")
    (denied,) = stage.heard("asker", AmendDenied)
    assert denied.code == "ORDER_NOTIONAL"
    amend(stage, wish, "0.2")
    assert [s.wish.terms.quantity for s in stage.heard("orders", SubmitAmend)] == [
        Quantity.of("0.2")
    ]
    # Not seen to leave yet, and a change of the order meanwhile forgets nothing.
    filled(stage, wish, "0", State.WORKING)
    place(stage, intent(2, "0.2"))
    place(stage, intent(3, "0.01"))
    assert codes(stage) == ["POSITION_NOTIONAL"]


def test_an_amend_to_less_frees_nothing_before_it_is_settled() -> None:
    stage = officer()
    wish = intent(1, "0.2")
    place(stage, wish)
    amend(stage, wish, "0.05")
    pending = Amend(Terms(Quantity.of("0.05"), wish.limit_price), 1, 1)
    stage.tell(OrderChanged(Order(wish, State.WORKING, amend=pending)))
    place(stage, intent(2, "0.2"))
    place(stage, intent(3, "0.1"))
    assert codes(stage) == ["POSITION_NOTIONAL"]
    stage.tell(OrderChanged(Order(wish, State.WORKING, amended=pending.terms)))
    place(stage, intent(4, "0.1"))
    assert len(approved(stage)) == 3


def test_an_amend_that_did_not_leave_after_all_frees_what_was_held_for_it() -> None:
    stage = officer()
    wish = intent(1, "0.1")
    place(stage, wish)
    amend(stage, wish, "0.2")
    place(stage, intent(2, "0.2"))
    (submitted,) = stage.heard("orders", SubmitAmend)
    stage.tell(AmendDenied(wish.intent_id, submitted.wish.terms, "NOT_AMENDABLE"), 0.01)
    place(stage, intent(3, "0.1"))
    assert codes(stage) == []
    place(stage, intent(4, "0.01"))
    assert codes(stage) == ["POSITION_NOTIONAL"]


def test_reducing_cancels_what_does_not_reduce_and_names_it() -> None:
    stage = officer()
    place(stage, intent(1))
    filled(stage, intent(1), "0.1", State.FILLED)
    place(stage, intent(2))
    place(stage, intent(3, "0.06", Side.SELL))
    place(stage, intent(4, "0.06", Side.SELL))
    news = change(stage, TradingState.REDUCING)[-1]
    assert news.canceled == (intent(2).intent_id, intent(4).intent_id)
    assert [c.order for c in stage.heard("orders", CancelOrder)] == list(news.canceled)
    place(stage, intent(5, "0.05", Side.SELL))
    place(stage, intent(6, "0.01"))
    assert codes(stage) == ["REDUCING_ONLY", "REDUCING_ONLY"]


def test_a_slot_that_has_an_order_gets_no_second_one() -> None:
    stage = officer()
    place(stage, intent(1, slot="bid.0"))
    place(stage, intent(2, slot="bid.0"))
    assert codes(stage) == ["SLOT_TAKEN"]


def test_the_same_wish_within_its_window_is_refused() -> None:
    stage = officer(attrs.evolve(LIMITS, duplicate_window_ms=1_000))
    place(stage, intent(1))
    place(stage, intent(2))
    place(stage, intent(3, "0.02"))
    assert codes(stage) == ["REPEATED_INTENT"]
    stage.run(1.1)
    quote(stage, 50_000)
    place(stage, intent(4))
    assert len(approved(stage)) == 3


def balances(stage: Stage, dollars: int, moved: int = 0) -> None:
    totals = (("BTC", Decimal(1)), ("USD", Decimal(dollars)))
    stage.tell(BalancesChanged(totals, (("USD", Decimal(moved)),), 1))


def watch(stage: Stage, price: int, seconds: int = 6) -> None:
    for _ in range(seconds * 2):
        quote(stage, price)
        stage.run(0.5)


@pytest.mark.parametrize("state", ["HALTED", "REDUCING"])
def test_the_breaker_ends_trading_until_a_person_resumes(state: str) -> None:
    stage = officer(attrs.evolve(LIMITS, breaker_state=state, max_drawdown_bps=2_000))
    balances(stage, 50_000)
    watch(stage, 50_000)
    watch(stage, 35_000)
    place(stage, intent(1, "0.01", limit_price=Price.of("35000")))
    assert len(approved(stage)) == 1, "15 of 100 is not 20 of 100"
    watch(stage, 29_000)
    place(stage, intent(2, "0.01", limit_price=Price.of("29000")))
    assert codes(stage) == ["TRADING_HALTED" if state == "HALTED" else "REDUCING_ONLY"]
    stage.tell(LatchSet(True, "halted"))
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
    balances(stage, 50_000)
    watch(stage, 50_000)
    stage.runtime.crash("risk")
    stage.run(1)
    stage.tell(Reconciled())
    stage.tell(CatalogChanged(Catalog(1, {PAIR.symbol: PAIR})))
    balances(stage, 50_000)
    watch(stage, 29_000)
    place(stage, intent(1, "0.01", limit_price=Price.of("29000")))
    assert codes(stage) == ["TRADING_HALTED"]


def test_odd_quotes_now_and_then_are_not_counted_together() -> None:
    stage = officer()
    balances(stage, 50_000)
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
    balances(stage, 50_000)
    watch(stage, 50_000)
    watch(stage, 60_000, 45)
    assert marked(stage) == ["100000.05"]
    watch(stage, 60_000, 15)
    assert marked(stage) == ["100000.05", "110000.05"]


def test_a_day_begins_though_nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = officer()
    balances(stage, 50_000)
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
    balances(stage, 50_000)
    watch(stage, 50_000)
    watch(stage, 10_000, 1)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert len(approved(stage)) == 1


def test_a_withdrawal_does_not_trip_the_breaker() -> None:
    stage = officer()
    balances(stage, 50_000)
    watch(stage, 50_000)
    balances(stage, 1_000, -49_000)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert len(approved(stage)) == 1


def test_a_deposit_that_a_loss_has_eaten_up_is_no_gain() -> None:
    stage = officer()
    balances(stage, 50_000)
    watch(stage, 50_000)
    balances(stage, 50_000, 50_000)
    watch(stage, 50_000)
    place(stage, intent(1))
    assert codes(stage) == ["TRADING_HALTED"]


def test_a_plan_to_flatten_is_about_the_desks_own_fills_unless_all_is_meant() -> None:
    stage = officer()
    balances(stage, 50_000)
    place(stage, intent(1))
    filled(stage, intent(1), "0.1", State.FILLED)
    for everything in (False, True):
        stage.tell_from("asker", PlanFlatten(1, everything))
    plans = [news.plan for news in stage.heard("asker", FlattenPlanned)]
    amounts = [sum(step.quantity * step.times for step in plan.steps) for plan in plans]
    assert amounts == [Decimal("0.1"), Decimal(1)]
