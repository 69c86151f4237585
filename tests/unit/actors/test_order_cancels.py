"""An order's cancel on a stage: durable, permitted, sent, and repeated until the order is gone."""

from functools import partial

from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import PERMIT_SECONDS, OrderConfig
from zoe.domain.order import Fact, Input, Intent, OrderType, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import AddSettled, OrderSighted, SendCancel, Sent
from zoe.messages.limits import PermitGranted, RequestPermit
from zoe.messages.orders import CancelOrder, SubmitOrder
from zoe.runtime.message import Message

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
INTENT = Intent(
    *(INTENT_ID, "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.002"), Price.of("49990.0")),
)


def tell_order(stage: Stage, message: Message) -> None:
    stage.runtime.find(f"orders/{INTENT_ID}").tell(message)
    stage.run(0.05)


def permit(stage: Stage, action: Action) -> None:
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    tell_order(stage, PermitGranted(INTENT_ID, action, expires_ns))


def acknowledged() -> Stage:
    """An order that the exchange has taken."""
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    stage.tell(SubmitOrder(INTENT, "{}", stage.runtime.find("asker")))
    permit(stage, Action.ADD)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    return stage


def asked_for(stage: Stage) -> list[Action]:
    return [wish.action for wish in stage.heard("ratelimiter", RequestPermit)][1:]


def test_a_cancel_is_repeated_until_the_order_is_gone() -> None:
    stage = acknowledged()
    stage.tell(CancelOrder("O1", "a test"))
    for _ in range(4):
        permit(stage, Action.CANCEL)
        stage.run(6)
    assert len(stage.heard("gateway", SendCancel)) >= 4
    stage.tell(OrderSighted(Sighting("O1", None, (Fact(Input.CANCELED, "O1"),))))
    before = len(stage.heard("gateway", SendCancel))
    permit(stage, Action.CANCEL)
    stage.run(60)
    assert len(stage.heard("gateway", SendCancel)) == before


def test_leave_to_cancel_is_asked_for_again_where_nothing_was_heard() -> None:
    stage = acknowledged()
    stage.tell(CancelOrder("O1", "a test"))
    stage.run(2 * PERMIT_SECONDS)  # a limiter that has crashed has forgotten who waits
    assert asked_for(stage) == [Action.CANCEL] * 3
    assert stage.heard("gateway", SendCancel) == []
    permit(stage, Action.CANCEL)
    assert len(stage.heard("gateway", SendCancel)) == 1


def test_leave_to_cancel_is_not_asked_for_before_the_wish_is_durable() -> None:
    stage = acknowledged()
    stage.answering = False
    stage.tell(CancelOrder("O1", "a test"))
    stage.run(3 * PERMIT_SECONDS)
    assert asked_for(stage) == []
    stage.answer()
    assert asked_for(stage) == [Action.CANCEL]
