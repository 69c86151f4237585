"""An order for which there is room: its first row is written while its permit is asked for."""

from functools import partial

from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import PERMIT_SECONDS, OrderConfig
from zoe.domain.order import Intent, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import AddSettled, PrepareAdd, SendAdd, Sent
from zoe.messages.journal import Record
from zoe.messages.limits import PermitGranted, RequestPermit
from zoe.messages.orders import CancelOrder, DoubtRaised, OrderChanged, SubmitOrder
from zoe.runtime.message import Envelope

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
INTENT = Intent(
    *(INTENT_ID, "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.002"), Price.of("49990.0")),
)


def submitted(*, durable: bool = True) -> Stage:
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    stage.answering = durable
    stage.tell(SubmitOrder(INTENT, "{}", stage.runtime.find("asker"), has_room=True))
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


def test_its_row_is_written_and_its_words_are_found_while_the_permit_is_asked_for() -> None:
    stage = submitted(durable=False)
    assert stage.kinds() == ["order.sending"]
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


def test_a_desk_that_crashes_before_it_asked_for_the_permit_has_the_order_looked_for() -> None:
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    journal, runtime = stage.runtime.find("journal"), stage.runtime
    keep = journal.handler

    def crash_behind_the_row(envelope: Envelope) -> None:
        keep(envelope)
        if isinstance(envelope.message, Record) and len(stage.records) == 1:
            runtime.crash("orders")

    journal.handler = crash_behind_the_row
    stage.tell(SubmitOrder(INTENT, "{}", runtime.find("asker"), has_room=True), 1)
    assert stage.heard("ratelimiter", RequestPermit) == [], (
        "its word to itself is not a successor's"
    )
    permit(stage)
    assert sent(stage) == 0
    doubts = stage.heard("reconciler", DoubtRaised)
    assert [doubt.order.state for doubt in doubts] == [State.IN_DOUBT]


def test_canceled_before_its_permit_was_asked_for_it_never_leaves() -> None:
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    desk = stage.runtime.find("orders")
    desk.tell(SubmitOrder(INTENT, "{}", stage.runtime.find("asker"), has_room=True))
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
