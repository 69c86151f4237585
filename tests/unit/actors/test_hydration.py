"""Rows that an actor asked for before it crashed: its successor asks for its own."""

import pytest
from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.actors.risk_officer import RiskOfficer
from zoe.domain.order import Intent, OrderType, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.domain.risk import Limits
from zoe.messages.journal import Hydrate, Hydrated
from zoe.messages.limits import PermitGranted, RequestPermit
from zoe.messages.orders import OrderChanged, OrderDenied, PlaceOrder, SubmitOrder
from zoe.runtime.actor import Actor
from zoe.runtime.message import Message

INTENT = Intent(
    *("00000000-0000-0000-0000-000000000001", "person", None, "BTC/USD", Side.BUY),
    *(OrderType.LIMIT, Quantity.of("0.001"), Price.of("49990.0")),
)


def desk() -> Actor:
    return OrderDesk(OrderConfig("a", 1))


def officer() -> Actor:
    return RiskOfficer(OrderConfig("a", 1), Limits())


@pytest.mark.parametrize("name", ("orders", "risk"))
def test_an_answer_to_an_earlier_incarnation_lets_no_mail_through(name: str) -> None:
    others = {"orders", "risk", "asker", "gateway", "catalogue", "reconciler", "ratelimiter"}
    stage = Stage(name, {"orders": desk, "risk": officer}[name], tuple(others - {name}))
    asker = stage.runtime.find("asker")
    asked = len(stage.questions)
    stage.reading = False
    stage.runtime.crash(name)
    stage.run(0.5)
    assert len(stage.questions) == 2 * asked
    for question in stage.questions[:asked]:
        stage.tell(Hydrated(question.ref, ()))
    wishes = {"orders": SubmitOrder(INTENT, "{}", asker), "risk": PlaceOrder(INTENT, asker)}
    stage.tell(wishes[name])
    assert answers(stage) == [], "what was written since then would be unknown"
    for question in stage.questions[asked:]:
        stage.tell(Hydrated(question.ref, ()))
    assert len(answers(stage)) == 1


def test_an_answer_to_a_child_of_before_its_parents_crash_is_none_to_the_child_of_now() -> None:
    stage = Stage("orders", desk, ("ratelimiter", "asker", "gateway", "reconciler", "risk"))
    asker = stage.runtime.find("asker")
    stage.tell(SubmitOrder(INTENT, "{}", asker))
    child = stage.runtime.find(f"orders/{INTENT.intent_id}")
    child.tell(PermitGranted(INTENT.intent_id, Action.ADD, 10**18))
    stage.run(0.05)
    stage.reading = False
    before = crash_of_the_desk(stage)
    now = crash_of_the_desk(stage)
    known, told = tuple(stage.rows), len(stage.heard("risk", OrderChanged))
    child.tell(Hydrated(before.ref, known[:1]))
    stage.run(0.05)
    assert len(stage.heard("risk", OrderChanged)) == told, "rows of then are not the newest"
    child.tell(Hydrated(now.ref, known))
    stage.run(0.05)
    assert len(stage.heard("risk", OrderChanged)) > told


def crash_of_the_desk(stage: Stage) -> Hydrate:
    """What the child of the next one asks, which is not answered."""
    stage.runtime.crash("orders")
    stage.run(0.05)
    stage.tell(Hydrated(stage.questions[-1].ref, tuple(stage.rows)))
    return stage.questions[-1]


def answers(stage: Stage) -> list[Message]:
    permits = stage.said.get("ratelimiter", [])
    denials = stage.said.get("asker", [])
    return [m for m in (*permits, *denials) if isinstance(m, (RequestPermit, OrderDenied))]
