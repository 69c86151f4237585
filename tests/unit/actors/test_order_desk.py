"""Orders on a stage: durable before sent, known before told, adopted when they are strange."""

from functools import partial

import pytest
from journal import MemoryNotes
from stage import Stage

from zoe.actors.order_actor import ANSWER_MARGIN_NS
from zoe.actors.order_desk import (
    EXIT_ANOTHER_DESK,
    LINGER_SECONDS,
    STORE_PATIENCE_SECONDS,
    OrderDesk,
)
from zoe.actors.order_opening import DEADLINE_NS, PERMIT_SECONDS, OrderConfig
from zoe.actors.strangers import STRANGER_SECONDS
from zoe.domain.ids import client_order_id
from zoe.domain.order import Fact, Fill, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import AddSettled, OrderSighted, SendAdd, SendCancel, Sent
from zoe.messages.journal import Recorded, StoredRow, StoreWentDown
from zoe.messages.limits import PermitGranted, RequestPermit
from zoe.messages.orders import (
    AwaitNoOrders,
    CancelOrder,
    CancelOwnOrders,
    DoubtRaised,
    FollowOrder,
    NoOrdersLeft,
    OrderChanged,
    OrderFact,
    OrderForgotten,
    SubmitOrder,
)

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
TAG = 4711
INTENT_ID = "00000000-0000-0000-0000-000000000001"
ANSWER_SECONDS = (DEADLINE_NS + ANSWER_MARGIN_NS) / 1e9


def desk(rows: tuple[StoredRow, ...] = (), notes: MemoryNotes | None = None) -> Stage:
    return Stage("orders", partial(OrderDesk, OrderConfig("a", TAG, notes)), OTHERS, rows)


def intent(source: str = "strategy/q") -> Intent:
    return Intent(
        *(INTENT_ID, source, "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("0.002"), Price.of("49990.0")),
    )


def tell_order(stage: Stage, message: object) -> None:
    stage.runtime.find(f"orders/{INTENT_ID}").tell(message)  # type: ignore[arg-type]  # a message
    stage.run(0.05)


def submit(stage: Stage) -> None:
    stage.tell(SubmitOrder(intent(), "{}", stage.runtime.find("asker")))


def permit(stage: Stage, action: Action = Action.ADD) -> None:
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    tell_order(stage, PermitGranted(INTENT_ID, action, expires_ns))


def sent(stage: Stage) -> Order:
    """Submits, permits, and returns the order as the gateway got it."""
    submit(stage)
    permit(stage)
    return stage.heard("gateway", SendAdd)[-1].order


def seen(stage: Stage, *facts: Fact, order_id: str = "O1", cl_ord_id: str | None = None) -> None:
    stage.tell(OrderSighted(Sighting(order_id, cl_ord_id, facts)))


def fill(exec_id: str, quantity: str) -> Fact:
    done = Fill(
        *(exec_id, 1, "O1", "BTC/USD", Side.BUY, Quantity.of(quantity), Price.of("49990")),
        *(Quantity.of("1").value, Quantity.of("0").value, "USD", "m", 1),
    )
    return Fact(Input.FILL, "O1", fill=done)


def states(stage: Stage, to: str = "asker") -> list[State]:
    return [news.order.state for news in stage.heard(to, OrderChanged)]


def test_nothing_is_sent_before_its_row_is_durable() -> None:
    stage = desk()
    submit(stage)
    stage.answering = False
    permit(stage)
    assert stage.kinds() == ["order.sending"]
    assert stage.heard("gateway", SendAdd) == []
    assert states(stage) == []
    stage.answer()
    (add,) = stage.heard("gateway", SendAdd)
    assert add.order.state is State.SENDING
    assert add.order.cl_ord_id is not None


def test_an_order_without_a_permit_is_never_sent() -> None:
    stage = desk()
    submit(stage)
    stage.run(60)
    assert stage.heard("ratelimiter", RequestPermit)[0].action is Action.ADD
    assert stage.records == []


def test_a_permit_that_has_expired_is_asked_for_again() -> None:
    stage = desk()
    submit(stage)
    tell_order(stage, PermitGranted(INTENT_ID, Action.ADD, 0))
    assert len(stage.heard("ratelimiter", RequestPermit)) == 2
    assert stage.heard("gateway", SendAdd) == []


def test_a_permit_that_never_comes_is_asked_for_again_until_there_is_one() -> None:
    stage = desk()
    submit(stage)
    stage.run(2 * PERMIT_SECONDS)
    asked = stage.heard("ratelimiter", RequestPermit)
    assert [(a.ref, a.action) for a in asked] == [(INTENT_ID, Action.ADD)] * 3
    permit(stage)
    stage.run(2 * PERMIT_SECONDS)
    assert len(stage.heard("ratelimiter", RequestPermit)) == 3
    assert len(stage.heard("gateway", SendAdd)) == 1


def test_an_answer_of_the_journal_to_an_earlier_incarnation_changes_nothing() -> None:
    stage = desk()
    sent(stage)
    tell_order(stage, Recorded(1))
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1", None))
    assert [n.order.state for n in stage.heard("asker", OrderChanged)] == [
        *(State.SENDING, State.PENDING)
    ]


def test_an_order_nobody_has_is_said_to_whoever_asks_for_it_and_frees_what_was_reserved() -> None:
    stage = desk()
    stage.tell(CancelOrder(INTENT_ID, "no news of it"))
    for name in ("repositioner", "risk"):
        assert stage.heard(name, OrderForgotten) == [OrderForgotten(INTENT_ID)]
    stage.tell_from("asker", FollowOrder(INTENT_ID))
    assert stage.heard("asker", OrderForgotten) == [OrderForgotten(INTENT_ID)]
    assert len(stage.heard("risk", OrderForgotten)) == 2
    submit(stage)
    stage.tell_from("asker", FollowOrder(INTENT_ID))
    assert len(stage.heard("asker", OrderForgotten)) == 1


def test_the_same_intent_twice_is_one_order() -> None:
    stage = desk()
    sent(stage)
    submit(stage)
    permit(stage)
    assert len(stage.heard("gateway", SendAdd)) == 1


def test_a_life_from_sent_to_filled_is_told_in_order() -> None:
    stage = desk()
    order = sent(stage)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    seen(stage, Fact(Input.LIVE, "O1"), cl_ord_id=order.cl_ord_id)
    seen(stage, fill("T1", "0.001"))
    seen(stage, fill("T2", "0.001"))
    seen(stage, Fact(Input.COMPLETED, "O1", filled_quantity=Quantity.of("0.002")))
    told = [State.SENDING, State.PENDING, State.WORKING, State.WORKING, State.WORKING]
    assert states(stage) == [*told, State.FILLED]
    assert states(stage, "repositioner") == states(stage)
    # What an order on its way may still come to is no news to those who hold it at its worst.
    assert states(stage, "risk") == [*told[3:], State.FILLED]
    assert states(stage, "reconciler") == [s for s in states(stage) if s is not State.PENDING]


def test_no_answer_in_time_is_a_doubt_and_nothing_is_sent_again() -> None:
    stage = desk()
    sent(stage)
    stage.run(ANSWER_SECONDS + 1)
    assert states(stage)[-1] is State.IN_DOUBT
    assert len(stage.heard("reconciler", DoubtRaised)) == 1
    stage.run(600)
    assert len(stage.heard("gateway", SendAdd)) == 1


def test_silence_counts_from_the_permit_on() -> None:
    stage = desk()
    submit(stage)
    stage.run(PERMIT_SECONDS - 1)
    permit(stage)
    stage.run(ANSWER_SECONDS - 1)
    assert states(stage) == [State.SENDING]
    stage.run(1.5)
    assert states(stage) == [State.SENDING, State.IN_DOUBT]


def test_an_order_being_sent_at_a_crash_is_in_doubt_afterwards() -> None:
    before = desk()
    sent(before)
    after = desk(tuple(before.rows))
    after.run(1)
    (doubt,) = after.heard("reconciler", DoubtRaised)
    assert doubt.order.state is State.IN_DOUBT
    assert after.heard("gateway", SendAdd) == []


def test_an_order_that_waited_for_its_permit_at_a_crash_is_forgotten() -> None:
    stage = desk()
    submit(stage)
    stage.runtime.crash("orders")
    stage.run(1)
    submit(stage)
    permit(stage)
    assert len(stage.heard("gateway", SendAdd)) == 1


def test_an_order_actor_that_crashed_before_anything_was_durable_tells_everybody() -> None:
    stage = desk()
    submit(stage)
    stage.runtime.crash(f"orders/{INTENT_ID}")
    stage.run(1)
    assert stage.heard("asker", OrderForgotten) == [OrderForgotten(INTENT_ID)]
    permit(stage)
    assert stage.heard("gateway", SendAdd) == []


@pytest.mark.parametrize("canceled", [False, True])
def test_an_order_taken_for_absent_that_shows_up_is_canceled_at_once(*, canceled: bool) -> None:
    stage = desk()
    order = sent(stage)
    if canceled:
        stage.tell(CancelOrder(INTENT_ID, "a test"))
        permit(stage, Action.CANCEL)
    tell_order(stage, AddSettled(Sent.LOST))
    tell_order(stage, OrderFact(Fact(Input.NOT_FOUND)))
    stage.run(2)
    assert states(stage)[-1] is State.ABSENT
    asked = len(stage.heard("ratelimiter", RequestPermit))
    seen(stage, Fact(Input.LIVE, "O1"), cl_ord_id=order.cl_ord_id)
    assert states(stage)[-1] is State.WORKING
    assert len(stage.heard("ratelimiter", RequestPermit)) == asked + 1
    permit(stage, Action.CANCEL)
    assert stage.heard("gateway", SendCancel)[-1].order.state is State.WORKING


def test_waiting_for_no_orders_ends_when_the_last_is_durably_gone() -> None:
    stage = desk()
    sent(stage)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    stage.tell(CancelOwnOrders("a test"))
    stage.tell_from("risk", AwaitNoOrders(), 1)
    assert stage.heard("risk", NoOrdersLeft) == []
    seen(stage, Fact(Input.CANCELED, "O1"))
    assert len(stage.heard("risk", NoOrdersLeft)) == 1


def test_an_order_whose_fills_are_not_all_known_is_not_settled() -> None:
    stage = desk()
    sent(stage)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    stage.tell_from("risk", AwaitNoOrders(), 1)
    seen(stage, Fact(Input.COMPLETED, "O1", filled_quantity=Quantity.of("0.002")))
    assert stage.heard("risk", NoOrdersLeft) == []
    seen(stage, fill("T1", "0.002"))
    assert len(stage.heard("risk", NoOrdersLeft)) == 1


def external(stage: Stage, cl_ord_id: str | None) -> None:
    described = Intent(
        *("O9", "external", None, "BTC/USD", Side.SELL, OrderType.LIMIT),
        *(Quantity.of("1"), Price.of("60000")),
    )
    seen_live = Fact(Input.LIVE, "O9")
    stage.tell(OrderSighted(Sighting("O9", cl_ord_id, (seen_live,), described)))


@pytest.mark.parametrize("cl_ord_id", [None, "by-hand-1"])
def test_a_strange_order_is_adopted_after_a_while_and_never_canceled_with_ours(
    cl_ord_id: str | None,
) -> None:
    stage = desk()
    external(stage, cl_ord_id)
    stage.run(STRANGER_SECONDS - 0.5)
    assert stage.records == []
    stage.run(1)
    assert stage.kinds()[0] == "order.adopted"
    assert states(stage, "repositioner")[-1] is State.WORKING
    stage.tell(CancelOwnOrders("a test"), 5)
    assert stage.heard("ratelimiter", RequestPermit) == []


def test_our_own_order_without_rows_is_adopted_as_ours_and_a_halt_reaches_it() -> None:
    stage = desk()
    external(stage, client_order_id(1, TAG, 5))
    stage.run(STRANGER_SECONDS + 1)
    stage.tell(CancelOwnOrders("a test"), 5)
    assert [permit.action for permit in stage.heard("ratelimiter", RequestPermit)] == [
        Action.CANCEL
    ]


def down(stage: Stage) -> None:
    """The store goes down: nothing is durable any more."""
    stage.answering = False
    stage.tell(StoreWentDown())


def working(notes: MemoryNotes) -> Stage:
    stage = desk(notes=notes)
    sent(stage)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    return stage


def test_a_cancel_while_the_store_is_down_is_noted_before_it_leaves() -> None:
    notes = MemoryNotes()
    stage = working(notes)
    down(stage)
    notes.broken = True
    stage.tell(CancelOrder("O1", "a test"), 1)
    assert stage.heard("gateway", SendCancel) == []
    notes.broken = False
    stage.run(10)
    assert len(stage.heard("gateway", SendCancel)) >= 1
    assert [note.order_id for note in notes.cancels][:1] == ["O1"]


def test_a_noted_cancel_is_repeated_until_the_exchange_says_it_is_gone() -> None:
    notes = MemoryNotes()
    stage = working(notes)
    down(stage)
    stage.tell(CancelOrder("O1", "a test"), 10)
    count = len(notes.cancels)
    assert count >= 2
    seen(stage, Fact(Input.CANCELED, "O1"))
    stage.run(30)
    assert len(notes.cancels) == count


def test_a_store_that_stays_down_costs_the_resting_orders() -> None:
    notes = MemoryNotes()
    stage = working(notes)
    down(stage)
    stage.run(STORE_PATIENCE_SECONDS - 5)
    assert notes.cancels == []
    stage.run(10)
    assert len(stage.heard("gateway", SendCancel)) >= 1


def test_orders_of_others_are_waited_for_only_by_whoever_says_so() -> None:
    stage = desk()
    external(stage, None)
    stage.run(STRANGER_SECONDS + 1)
    for everything, expected in ((False, 1), (True, 1)):
        stage.tell_from("risk", AwaitNoOrders(everything), 1)
        assert len(stage.heard("risk", NoOrdersLeft)) == expected
    stage.tell(OrderSighted(Sighting("O9", None, (Fact(Input.CANCELED, "O9"),))))
    assert len(stage.heard("risk", NoOrdersLeft)) == 2


def test_an_order_with_another_desks_tag_ends_the_desk() -> None:
    stage = desk()
    external(stage, client_order_id(1, TAG + 1, 5))
    stage.run(STRANGER_SECONDS + 1)
    assert stage.runtime.code == EXIT_ANOTHER_DESK


def test_looks_that_show_a_concluded_order_again_cost_nothing() -> None:
    stage = desk()
    sent(stage)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    seen(stage, Fact(Input.CANCELED, "O1"))
    stage.run(3 * LINGER_SECONDS)
    rows = len(stage.rows)
    seen(stage, Fact(Input.CANCELED, "O1"))
    stage.run(10)
    assert len(stage.rows) == rows
    assert len(states(stage)) == 3


def test_a_late_fill_of_an_order_that_was_let_go_is_kept() -> None:
    stage = desk()
    sent(stage)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    seen(stage, Fact(Input.CANCELED, "O1"))
    stage.run(3 * LINGER_SECONDS)
    seen(stage, fill("T1", "0.001"))
    stage.run(STRANGER_SECONDS + 1)
    assert stage.kinds()[-1] == "order.fill"
