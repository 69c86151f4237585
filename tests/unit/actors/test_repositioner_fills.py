"""Slots whose order was filled: who follows its fills may want something else by now, and is given time to say so."""

from functools import partial

import pytest
from stage import Stage

from zoe.actors.repositioner import RepegConfig, Repositioner
from zoe.domain.order import Fill, Order, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.repeg import Target
from zoe.messages.orders import AmendDenied, AmendOrder, OrderChanged, PlaceOrder, SetTarget
from zoe.messages.system import Reconciled


def wanting(*, follows: bool = True) -> Stage:
    """A slot with a target, whose order has just been asked for."""
    factory = partial(Repositioner, RepegConfig(), ("strategy/q",) if follows else ())
    stage = Stage("repositioner", factory, ("orders", "risk", "reconciler", "ratelimiter"))
    stage.tell(Reconciled())
    want(stage, "49990.0")
    return stage


def want(stage: Stage, price: str) -> None:
    until_ns = stage.runtime.clock.wall_ns() + 1_000_000_000_000
    terms = Price.of(price), Quantity.of("0.002"), until_ns
    target = Target("bid.0", "strategy/q", "BTC/USD", Side.BUY, *terms)
    stage.tell(SetTarget("strategy/q", "bid.0", target))


def placed(stage: Stage) -> int:
    return len(stage.heard("risk", PlaceOrder))


def ended(stage: Stage, state: State, quantity: str | None, reason: str | None = None) -> None:
    """The newest order has ended, with so much filled."""
    intent = stage.heard("risk", PlaceOrder)[-1].intent
    fills: tuple[Fill, ...] = ()
    if quantity is not None:
        size, price = Quantity.of(quantity), Price.of("49990.0")
        fee = size.value * 0
        fill = Fill(
            *("E1", 1, "O1", "BTC/USD", Side.BUY, size, price, size.value * price.value, fee),
            *("USD", "maker", 0),
        )
        fills = (fill,)
    stage.tell(OrderChanged(Order(intent, state, order_id="O1", fills=fills, reason=reason)), 0.2)


ENDS = [(State.FILLED, "0.002", None), (State.CANCELED, "0.001", "Post only order")]


@pytest.mark.parametrize(("state", "quantity", "reason"), ENDS)
def test_what_was_filled_is_not_bought_again_before_its_strategy_can_have_heard_of_it(
    state: State, quantity: str, reason: str | None
) -> None:
    stage = wanting()
    ended(stage, state, quantity, reason)
    stage.tell(SetTarget("strategy/q", "bid.0", None))
    stage.run(5)
    assert placed(stage) == 1


def test_a_strategy_that_does_not_follow_its_fills_wants_the_slot_filled_again_at_once() -> None:
    stage = wanting(follows=False)
    ended(stage, State.FILLED, "0.002")
    assert placed(stage) == 2


def test_a_target_that_stays_after_a_fill_is_wanted_again() -> None:
    stage = wanting()
    ended(stage, State.FILLED, "0.002")
    stage.run(0.5)
    assert placed(stage) == 1
    stage.run(2)
    assert placed(stage) == 2


def test_what_is_wanted_after_a_fill_is_placed_at_once() -> None:
    stage = wanting()
    ended(stage, State.FILLED, "0.002")
    want(stage, "49980.0")
    assert placed(stage) == 2
    ended(stage, State.FILLED, "0.002")
    assert placed(stage) == 2, "each fill has its own rest"


@pytest.mark.parametrize("denied_first", [True, False])
def test_an_amend_that_came_too_late_for_a_filled_order_is_no_reason_to_wait(
    *, denied_first: bool
) -> None:
    stage = wanting(follows=False)
    intent = stage.heard("risk", PlaceOrder)[-1].intent
    stage.tell(OrderChanged(Order(intent, State.WORKING, order_id="O1")))
    want(stage, "49900.0")
    (wish,) = stage.heard("risk", AmendOrder)
    late = AmendDenied(intent.intent_id, wish.terms, "NOT_AMENDABLE")
    if denied_first:
        stage.tell(late)
    ended(stage, State.FILLED, "0.002")
    if not denied_first:
        stage.tell(late)
    assert placed(stage) == 2


def test_what_is_wanted_after_a_refusal_waits_whatever_was_filled_before() -> None:
    stage = wanting()
    ended(stage, State.FILLED, "0.002")
    want(stage, "49980.0")
    ended(stage, State.REJECTED, None, "EOrder:Insufficient funds")
    want(stage, "49970.0")
    assert placed(stage) == 2
    stage.run(3)
    assert placed(stage) == 3
