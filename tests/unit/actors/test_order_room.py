"""An order for which there is room: its first row is written while its permit is asked for."""

from functools import partial

from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import PERMIT_SECONDS, OrderConfig, opened
from zoe.domain import order_record
from zoe.domain.order import Intent, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import AddSettled, PrepareAdd, SendAdd, Sent
from zoe.messages.journal import Record, Row
from zoe.messages.limits import PermitGranted, RequestPermit
from zoe.messages.orders import CancelOrder, DoubtRaised, OrderChanged, SubmitOrder

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
INTENT = Intent(
    *(INTENT_ID, "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.002"), Price.of("49990.0")),
)


def staged() -> Stage:
    return Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)


def recorded(stage: Stage) -> SubmitOrder:
    """Risk has approved it, and its row is on its way."""
    order = opened(INTENT, 4711, 1, stage.runtime.clock.wall_ns())
    stream = order_record.stream_of("a", INTENT_ID)
    row, orders = (
        Row(stream, 1, *order_record.opening_row(order, "{}")),
        stage.runtime.find("orders"),
    )
    known = orders, OrderChanged(order)
    stage.runtime.find("journal").tell(Record((row,), parcels=(known,)))
    return SubmitOrder(INTENT, "{}", stage.runtime.find("asker"), order)


def submitted(*, durable: bool = True) -> Stage:
    stage = staged()
    stage.answering = False  # no store is as quick as that
    stage.tell(recorded(stage))
    if durable:
        stage.answer()
    return stage


def permit(stage: Stage, seconds: float = 1) -> None:
    expires_ns = stage.runtime.clock.monotonic_ns() + round(seconds * 1e9)
    permitted = PermitGranted(INTENT_ID, Action.ADD, expires_ns)
    stage.runtime.find(f"orders/{INTENT_ID}").tell(permitted)
    stage.run(0.05)


def sent(stage: Stage) -> int:
    return len(stage.heard("gateway", SendAdd))


def last(stage: Stage) -> tuple[State, str | None]:
    order = stage.heard("asker", OrderChanged)[-1].order
    return order.state, order.reason


def test_its_permit_is_asked_for_and_its_words_are_found_while_its_row_is_written() -> None:
    stage = submitted(durable=False)
    assert stage.kinds() == ["order.sending"], "written by risk, and by nobody else"
    asked = stage.heard("ratelimiter", RequestPermit)
    assert [(wish.action, wish.reply_to.name) for wish in asked] == [
        (Action.ADD, f"orders/{INTENT_ID}")
    ]
    assert len(stage.heard("gateway", PrepareAdd)) == 1


def test_it_leaves_when_both_are_there_the_row_and_the_permit() -> None:
    stage = submitted()
    assert sent(stage) == 0, "there is no permit"
    permit(stage)
    assert sent(stage) == 1
    permit(stage)
    assert sent(stage) == 1, "a second one sends nothing again"
    other = submitted(durable=False)
    permit(other)
    assert sent(other) == 0, "the row is not durable"
    other.answer()
    assert sent(other) == 1
    assert other.kinds() == ["order.sending"]


def test_a_permit_that_came_too_late_is_asked_for_again() -> None:
    stage = submitted()
    permit(stage, -0.1)
    assert sent(stage) == 0
    assert len(stage.heard("ratelimiter", RequestPermit)) == 2
    permit(stage)
    assert sent(stage) == 1


def test_without_a_permit_in_time_it_is_known_not_to_have_left() -> None:
    stage = submitted()
    stage.run(PERMIT_SECONDS + 0.1)
    assert last(stage) == (State.REJECTED, "no permit in time")
    permit(stage)
    assert sent(stage) == 0
    assert stage.heard("reconciler", DoubtRaised) == []


def test_canceled_before_its_permit_it_never_leaves() -> None:
    stage = submitted()
    stage.tell(CancelOrder(INTENT_ID, "no longer wanted"))
    assert last(stage) == (State.REJECTED, "canceled before it left")
    permit(stage)
    assert sent(stage) == 0


def test_a_successor_of_its_actor_sends_nothing_and_has_it_looked_for() -> None:
    stage = submitted()
    stage.runtime.crash(f"orders/{INTENT_ID}")
    stage.run(1)
    permit(stage)
    assert sent(stage) == 0
    assert last(stage)[0] is State.IN_DOUBT
    assert len(stage.heard("reconciler", DoubtRaised)) == 1


def test_a_desk_that_crashed_before_it_asked_for_the_permit_has_the_order_looked_for() -> None:
    stage = staged()
    wish = recorded(stage)
    stage.runtime.crash("orders")
    stage.tell(wish, 1)
    assert stage.heard("ratelimiter", RequestPermit) == [], "the row says that it may have left"
    permit(stage)
    assert sent(stage) == 0
    doubts = stage.heard("reconciler", DoubtRaised)
    assert [doubt.order.state for doubt in doubts] == [State.IN_DOUBT]
    assert last(stage)[0] is State.IN_DOUBT, "whoever wished for it hears so"


def test_canceled_before_its_permit_was_asked_for_it_never_leaves() -> None:
    stage = staged()
    stage.runtime.find("orders").tell(recorded(stage))
    stage.tell(CancelOrder(INTENT_ID, "no longer wanted"))
    assert last(stage) == (State.REJECTED, "canceled before it left")
    permit(stage)
    assert sent(stage) == 0


def test_an_answer_is_waited_for_from_the_permit_on() -> None:
    stage = submitted()
    stage.run(PERMIT_SECONDS - 0.5)
    permit(stage)
    stage.run(PERMIT_SECONDS)
    assert last(stage)[0] is State.SENDING
    stage.runtime.find(f"orders/{INTENT_ID}").tell(AddSettled(Sent.ACCEPTED, "O1"))
    stage.run(0.05)
    assert last(stage)[0] is State.PENDING
