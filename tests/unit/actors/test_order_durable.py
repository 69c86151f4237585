"""An order whose rows are not durable yet: it goes on, and nobody knows, nothing leaves."""

from functools import partial

from stage import Stage

from zoe.actors.order_actor import ANSWER_MARGIN_NS
from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import DEADLINE_NS, OrderConfig
from zoe.domain.order import Fact, Fill, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import AddSettled, OrderSighted, SendAdd, Sent
from zoe.messages.limits import PermitGranted
from zoe.messages.orders import CancelOrder, DoubtRaised, OrderChanged, SubmitOrder
from zoe.runtime.message import Message

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
INTENT = Intent(
    *(INTENT_ID, "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.002"), Price.of("49990.0")),
)
ANSWER_SECONDS = (DEADLINE_NS + ANSWER_MARGIN_NS) / 1e9


def tell_order(stage: Stage, message: Message) -> None:
    stage.runtime.find(f"orders/{INTENT_ID}").tell(message)
    stage.run(0.05)


def permitted(*, durable: bool) -> Stage:
    """An order that has its permit, and its first row on the way or durable."""
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    stage.tell(SubmitOrder(INTENT, "{}", stage.runtime.find("asker")))
    stage.answering = durable
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    tell_order(stage, PermitGranted(INTENT_ID, Action.ADD, expires_ns))
    return stage


def sent(stage: Stage) -> list[Order]:
    return [wish.order for wish in stage.heard("gateway", SendAdd)]


def seen(stage: Stage, *facts: Fact) -> None:
    stage.tell(OrderSighted(Sighting("O1", sent(stage)[0].cl_ord_id, facts)))


def fill(exec_id: str, quantity: str) -> Fact:
    done = Fill(
        *(exec_id, 1, "O1", "BTC/USD", Side.BUY, Quantity.of(quantity), Price.of("49990")),
        *(Quantity.of("1").value, Quantity.of("0").value, "USD", "m", 1),
    )
    return Fact(Input.FILL, "O1", fill=done)


def states(stage: Stage) -> list[State]:
    return [news.order.state for news in stage.heard("asker", OrderChanged)]


def test_facts_go_on_while_a_row_is_written_and_each_is_known_when_its_own_is_durable() -> None:
    stage = permitted(durable=True)
    stage.answering = False
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    seen(stage, Fact(Input.LIVE, "O1"))
    seen(stage, fill("T1", "0.001"))
    assert stage.kinds()[1:] == ["order.acknowledged", "order.working", "order.fill"]
    assert states(stage) == [State.SENDING]
    stage.answer()
    assert states(stage)[1:] == [State.PENDING, State.WORKING, State.WORKING]


def test_a_record_outlives_the_order_actor_that_made_it_and_so_does_what_goes_with_it() -> None:
    stage = permitted(durable=False)
    stage.runtime.crash(f"orders/{INTENT_ID}")
    stage.run(1)
    assert sent(stage) == []
    stage.answer()
    assert len(sent(stage)) == 1
    assert states(stage)[-1] is State.IN_DOUBT
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    assert states(stage)[-1] is State.PENDING


def test_patience_that_ends_before_the_row_is_durable_sends_nothing_by_itself() -> None:
    stage = permitted(durable=False)
    stage.run(ANSWER_SECONDS + 1)
    assert stage.heard("reconciler", DoubtRaised) == []
    stage.answer()
    assert len(stage.heard("reconciler", DoubtRaised)) == 1
    tell_order(stage, AddSettled(Sent.NOT_SENT, None, "too late for its deadline"))
    assert states(stage) == [State.SENDING, State.IN_DOUBT, State.REJECTED]
    assert len(sent(stage)) == 1


def test_an_end_is_told_again_to_whoever_missed_it_and_not_before_it_is_durable() -> None:
    stage = permitted(durable=True)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    stage.answering = False
    seen(stage, Fact(Input.CANCELED, "O1"))
    stage.tell(CancelOrder(INTENT_ID, "no news of it"))
    assert states(stage)[-1] is State.PENDING
    stage.answer()
    stage.tell(CancelOrder(INTENT_ID, "no news of it"))
    assert states(stage)[-2:] == [State.CANCELED, State.CANCELED]
