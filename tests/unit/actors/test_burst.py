"""What comes together on the private stream: one report an order, and one change of it."""

from functools import partial

import pytest
from stage import Stage

from zoe.actors.burst import Burst
from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.domain.order import (
    EXTERNAL,
    Fact,
    Fill,
    Input,
    Intent,
    OrderType,
    Side,
    State,
)
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import AddSettled, OrderSighted, Sent
from zoe.messages.limits import OrderAged, PermitGranted
from zoe.messages.orders import OrderChanged, SubmitOrder

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
PENDING = Fact(Input.ACKNOWLEDGED, "O1")
LIVE = Fact(Input.LIVE, "O1")
DONE = Fact(Input.COMPLETED, "O1", filled_quantity=Quantity.of("0.002"))
ENDED = Fact(Input.CANCELED, "O1")


def intent(quantity: str = "0.002", source: str = "strategy/q") -> Intent:
    return Intent(
        *(INTENT_ID, source, "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of(quantity), Price.of("49990.0")),
    )


def fill(exec_id: str, quantity: str) -> Fact:
    done = Fill(
        *(exec_id, 1, "O1", "BTC/USD", Side.BUY, Quantity.of(quantity), Price.of("49990")),
        *(Quantity.of("1").value, Quantity.of("0").value, "USD", "m", 1),
    )
    return Fact(Input.FILL, "O1", fill=done)


def working() -> Stage:
    """An order desk with one order that works at the exchange."""
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    stage.tell(SubmitOrder(intent(), "{}", stage.runtime.find("asker")))
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    order = stage.runtime.find(f"orders/{INTENT_ID}")
    order.tell(PermitGranted(INTENT_ID, Action.ADD, expires_ns))
    stage.run(0.05)
    order.tell(AddSettled(Sent.ACCEPTED, "O1"))
    stage.run(0.05)
    stage.tell(OrderSighted(Sighting("O1", None, (LIVE,))))
    return stage


def news(stage: Stage) -> list[tuple[State, Input | None]]:
    """States that were told, each with the fact that it was told with."""
    return [
        (n.order.state, n.fact.input if n.fact else None)
        for n in stage.heard("asker", OrderChanged)
    ]


def test_reports_of_one_order_become_one_and_those_of_others_stand_beside_it() -> None:
    burst = Burst()
    for sighting in (
        Sighting("O1", "c", (fill("T1", "0.002"),)),
        Sighting("O2", None, (LIVE,)),
        Sighting("O1", None, (DONE,)),
    ):
        assert burst.takes(sighting)
    assert list(burst.sightings.values()) == [
        Sighting("O1", "c", (fill("T1", "0.002"), DONE)),
        Sighting("O2", None, (LIVE,)),
    ]


def test_what_an_order_was_amended_to_is_told_after_what_was_said_of_it_before() -> None:
    burst = Burst()
    assert burst.takes(Sighting("O1", None, (LIVE,), intent("0.002", EXTERNAL)))
    assert not burst.takes(Sighting("O1", None, (LIVE,), intent("0.003", EXTERNAL)))


def test_an_end_that_comes_with_its_fill_is_one_record_and_one_news_of_two_rows() -> None:
    stage = working()
    told, records = len(news(stage)), len(stage.records)
    stage.tell(OrderSighted(Sighting("O1", None, (fill("T1", "0.002"), DONE))))
    assert [len(record.rows) for record in stage.records[records:]] == [2]
    assert stage.kinds()[-2:] == ["order.fill", "order.filled"]
    assert news(stage)[told:] == [(State.FILLED, Input.FILL)]


def test_of_several_fills_each_is_told_and_the_last_with_the_end() -> None:
    stage = working()
    told = len(news(stage))
    facts = (fill("T1", "0.001"), fill("T2", "0.0005"), ENDED)
    stage.tell(OrderSighted(Sighting("O1", None, facts)))
    assert stage.kinds()[-3:] == ["order.fill", "order.fill", "order.canceled"]
    assert news(stage)[told:] == [(State.WORKING, Input.FILL), (State.CANCELED, Input.FILL)]


def sending() -> Stage:
    """An order desk with one order whose add has left."""
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS)
    stage.tell(SubmitOrder(intent(), "{}", stage.runtime.find("asker")))
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    stage.runtime.find(f"orders/{INTENT_ID}").tell(PermitGranted(INTENT_ID, Action.ADD, expires_ns))
    stage.run(0.05)
    return stage


def test_an_acknowledgement_and_a_life_that_come_together_are_one_change() -> None:
    stage = sending()
    cl_ord_id = stage.heard("asker", OrderChanged)[-1].order.cl_ord_id
    stage.tell(OrderSighted(Sighting("O1", cl_ord_id, (PENDING, LIVE))))
    assert stage.kinds() == ["order.sending", "order.acknowledged", "order.working"]
    assert news(stage) == [(State.SENDING, None), (State.WORKING, Input.ACKNOWLEDGED)]


@pytest.mark.parametrize(("answer", "told"), [(Sent.ACCEPTED, 0), (Sent.LOST, 1)])
def test_an_orders_age_begins_with_the_answer_or_with_what_is_seen_in_its_place(
    answer: Sent, told: int
) -> None:
    stage = sending()
    cl_ord_id = stage.heard("asker", OrderChanged)[-1].order.cl_ord_id
    stage.runtime.find(f"orders/{INTENT_ID}").tell(AddSettled(answer))
    stage.run(0.05)
    stage.tell(OrderSighted(Sighting("O1", cl_ord_id, (PENDING, LIVE))))
    assert news(stage)[-1][0] is State.WORKING
    assert len(stage.heard("ratelimiter", OrderAged)) == told


def test_an_answer_and_the_reports_that_it_took_along_are_one_record_and_one_news() -> None:
    stage = sending()
    live = Fact(Input.LIVE, "O1", terms=intent().terms)
    settled = AddSettled(Sent.ACCEPTED, "O1", None, (PENDING, live))
    stage.runtime.find(f"orders/{INTENT_ID}").tell(settled)
    stage.run(0.05)
    assert [len(record.rows) for record in stage.records] == [1, 2]
    assert stage.kinds() == ["order.sending", "order.acknowledged", "order.working"]
    assert news(stage) == [(State.SENDING, None), (State.WORKING, Input.ACKNOWLEDGED)]


def test_a_life_that_shows_other_terms_than_were_sent_is_a_change_of_its_own() -> None:
    stage = sending()
    live = Fact(Input.LIVE, "O1", terms=intent("0.003").terms)
    settled = AddSettled(Sent.ACCEPTED, "O1", None, (PENDING, live))
    stage.runtime.find(f"orders/{INTENT_ID}").tell(settled)
    stage.run(0.05)
    kinds = ["order.sending", "order.acknowledged", "order.working", "order.amended"]
    assert stage.kinds() == kinds
    assert [len(record.rows) for record in stage.records] == [1, 1, 1, 1]
