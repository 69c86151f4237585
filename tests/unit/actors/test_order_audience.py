"""Who hears of an order that leaves: not whoever sent it there, unless that was forgotten since."""

from functools import partial

from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.domain.order import Intent, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import AddSettled, Sent
from zoe.messages.limits import PermitGranted
from zoe.messages.orders import Asked, OrderChanged, OrdersReported, ReportOrders, SubmitOrder

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "door")
INTENT = Intent(
    *("00000000-0000-0000-0000-000000000001", "strategy/q", "bid.0", "BTC/USD", Side.BUY),
    *(OrderType.LIMIT, Quantity.of("0.002"), Price.of("49990.0")),
)


def waiting(asker: str) -> Stage:
    """A desk with an order that waits for its permit."""
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS, ())
    stage.tell(SubmitOrder(INTENT, "{}", stage.runtime.find(asker)))
    return stage


def leave(stage: Stage) -> None:
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    actor = stage.runtime.find(f"orders/{INTENT.intent_id}")
    actor.tell(PermitGranted(INTENT.intent_id, Action.ADD, expires_ns))
    stage.run(0.05)
    actor.tell(AddSettled(Sent.ACCEPTED, "O1"))
    stage.run(0.05)


def states(stage: Stage, to: str) -> list[State]:
    return [news.order.state for news in stage.heard(to, OrderChanged)]


def test_whoever_approved_an_order_and_whoever_wished_for_it_know_that_it_leaves() -> None:
    stage = waiting("repositioner")
    leave(stage)
    assert states(stage, "risk") == []
    assert states(stage, "repositioner") == [State.PENDING]


def test_an_order_of_a_persons_is_news_to_the_repositioner_as_soon_as_it_leaves() -> None:
    stage = waiting("door")
    leave(stage)
    assert states(stage, "door") == [State.SENDING, State.PENDING]
    assert states(stage, "repositioner") == [State.SENDING, State.PENDING]


def test_a_report_does_not_show_what_waits_so_all_hear_of_it_when_it_leaves() -> None:
    stage = waiting("repositioner")
    stage.tell_from("risk", ReportOrders())
    assert stage.heard("risk", OrdersReported) == [
        OrdersReported((), approved=(Asked(INTENT, INTENT.terms),))
    ]
    leave(stage)
    assert states(stage, "risk") == [State.SENDING]
    assert states(stage, "repositioner") == [State.SENDING, State.PENDING]
