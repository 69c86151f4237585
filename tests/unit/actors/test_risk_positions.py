"""RiskOfficer: amends, positions over a restart, and what reduces."""

from decimal import Decimal

import attrs
from risk_stage import LIMITS, approved, change, codes, filled, held, intent, officer, place, quote
from stage import Stage

from zoe.domain.amend import Amend, Terms
from zoe.domain.order import EXTERNAL, Intent, Order, Side, State
from zoe.domain.quantity import Quantity
from zoe.domain.risk import TradingState
from zoe.messages.journal import StoredRow
from zoe.messages.orders import (
    AmendDenied,
    AmendOrder,
    Asked,
    CancelOrder,
    OrderChanged,
    OrdersReported,
    ReportOrders,
    SubmitAmend,
)
from zoe.messages.risk import FlattenPlanned, PlanFlatten


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


def test_nothing_is_approved_before_the_open_orders_are_known() -> None:
    stage = officer(reported=None)
    place(stage, intent(1))
    assert codes(stage) == ["NOT_READY"]
    stage.tell(OrdersReported((Order(intent(2, "0.2"), State.WORKING),)))
    place(stage, intent(3, "0.2"))
    place(stage, intent(4, "0.01"))
    assert codes(stage) == ["NOT_READY", "POSITION_NOTIONAL"]


def test_the_open_orders_are_asked_for_until_they_are_told() -> None:
    stage = officer(reported=None)
    asked = len(stage.heard("orders", ReportOrders))
    stage.run(3)
    assert len(stage.heard("orders", ReportOrders)) == asked + 3
    stage.tell(OrdersReported(()))
    stage.run(3)
    assert len(stage.heard("orders", ReportOrders)) == asked + 3


def test_what_was_approved_is_held_once_however_often_it_is_told() -> None:
    stage = officer()
    wish = intent(1, "0.1")
    place(stage, wish)
    amend(stage, wish, "0.2")
    (submitted,) = stage.heard("orders", SubmitAmend)
    more = submitted.wish.terms
    approved = Asked(wish, wish.terms), Asked(wish, more)
    for _ in range(2):
        stage.tell(OrdersReported((Order(wish, State.WORKING),), approved=approved))
    stage.tell(AmendDenied(wish.intent_id, more, "NOT_AMENDABLE"), 0.01)
    place(stage, intent(2, "0.2"))
    place(stage, intent(3, "0.1"))
    assert codes(stage) == []


def test_what_was_approved_before_a_restart_and_may_still_leave_counts() -> None:
    wish, more = intent(1, "0.1"), Terms(Quantity.of("0.2"), intent(1).limit_price)
    known = Order(wish, State.WORKING)
    for report in (
        OrdersReported((known,), approved=(Asked(wish, more),)),
        OrdersReported((), approved=(Asked(intent(1, "0.2"), more),)),
    ):
        stage = officer(reported=report)
        place(stage, intent(2, "0.2"))
        place(stage, intent(3, "0.01"))
        assert codes(stage) == ["POSITION_NOTIONAL"]
        stage.tell(OrderChanged(attrs.evolve(known, state=State.CANCELED)), 0.01)
        place(stage, intent(4, "0.2"))
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


def test_a_plan_to_flatten_is_about_the_desks_own_fills_unless_all_is_meant() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    place(stage, intent(1))
    filled(stage, intent(1), "0.1", State.FILLED)
    for everything in (False, True):
        stage.tell_from("asker", PlanFlatten(1, everything))
    plans = [news.plan for news in stage.heard("asker", FlattenPlanned)]
    amounts = [sum(step.quantity * step.times for step in plan.steps) for plan in plans]
    assert amounts == [Decimal("0.1"), Decimal(1)]


def test_a_plan_ahead_of_the_cancels_counts_no_working_order_of_ours_as_closing() -> None:
    stage = officer()
    held(stage, 1, 50_000)
    place(stage, intent(1))
    filled(stage, intent(1), "0.1", State.FILLED)
    ours, by_hand = intent(2, "0.06", Side.SELL), intent(3, "0.03", Side.SELL, source=EXTERNAL)
    for order in (ours, by_hand):
        filled(stage, order, "0", State.WORKING)
    for as_if_canceled in (False, True):
        stage.tell_from("asker", PlanFlatten(1, as_if_canceled=as_if_canceled))
    plans = [news.plan for news in stage.heard("asker", FlattenPlanned)]
    amounts = [sum(step.quantity * step.times for step in plan.steps) for plan in plans]
    assert amounts == [Decimal("0.01"), Decimal("0.07")]
