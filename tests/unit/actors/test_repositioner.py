"""Slots on a stage: one order each, and none that waits for ever for news that is lost."""

from functools import partial

from stage import Stage

from zoe.actors.repositioner import PATIENCE_NS, RepegConfig, Repositioner
from zoe.domain.order import Order, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.repeg import Target
from zoe.messages.orders import (
    CancelOrder,
    OrderChanged,
    OrderForgotten,
    PlaceOrder,
    SetTarget,
)
from zoe.messages.system import Reconciled

PATIENCE_SECONDS = PATIENCE_NS / 1e9


def wanting(price: str = "49990.0") -> Stage:
    """A slot with a target, whose order has just been asked for."""
    factory = partial(Repositioner, RepegConfig())
    stage = Stage("repositioner", factory, ("orders", "risk", "reconciler"))
    stage.tell(Reconciled("a", 1, 0))
    want(stage, price)
    return stage


def want(stage: Stage, price: str) -> None:
    until_ns = stage.runtime.clock.wall_ns() + 1_000_000_000_000
    target = Target(
        *("bid.0", "strategy/q", "BTC/USD", Side.BUY, Price.of(price), Quantity.of("0.002")),
        until_ns,
    )
    stage.tell(SetTarget("strategy/q", "bid.0", target))


def placed(stage: Stage) -> list[str]:
    return [wish.intent.intent_id for wish in stage.heard("risk", PlaceOrder)]


def withdrawn(stage: Stage) -> list[str]:
    return [wish.order for wish in stage.heard("orders", CancelOrder)]


def works(stage: Stage) -> None:
    """The newest order has come to work."""
    intent = stage.heard("risk", PlaceOrder)[-1].intent
    stage.tell(OrderChanged(Order(intent, State.WORKING, order_id="O1")))


def test_a_slot_whose_order_got_lost_is_used_again() -> None:
    stage = wanting()
    (lost,) = placed(stage)
    stage.run(PATIENCE_SECONDS - 1)
    assert withdrawn(stage) == []
    stage.run(3)
    assert withdrawn(stage) == [lost]
    stage.tell(OrderForgotten(lost))
    stage.run(5)
    assert len(placed(stage)) == 2
    works(stage)
    stage.run(3 * PATIENCE_SECONDS)
    assert withdrawn(stage) == [lost]


def test_a_cancel_that_got_lost_is_asked_for_again() -> None:
    stage = wanting()
    works(stage)
    want(stage, "49000.0")
    (order,) = set(withdrawn(stage))
    stage.run(PATIENCE_SECONDS + 2)
    assert withdrawn(stage) == [order, order]
    assert len(placed(stage)) == 1


def test_an_order_that_works_is_left_alone() -> None:
    stage = wanting()
    works(stage)
    stage.run(3 * PATIENCE_SECONDS)
    assert withdrawn(stage) == []
    assert len(placed(stage)) == 1
