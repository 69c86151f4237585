"""``order amend`` at the door: done once under its key, and answered with what became of it."""

import json
from functools import partial
from typing import Any

import attrs
import pytest
from stage import Stage

from zoe.actors.desk_door import DeskDoor
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import Fact, Input, Intent, Order, OrderType, Side, State
from zoe.domain.order_inputs import amending, apply
from zoe.domain.quantity import Price, Quantity
from zoe.messages.orders import AmendDenied, AmendOrder, FollowOrder, OrderChanged, OrdersReported
from zoe.messages.system import DoorAnswer, DoorRequest

OTHERS = ("risk", "orders", "catalogue", "reconciler", "door_socket")
KEY = "00000000-0000-4000-8000-000000000009"
INTENT = Intent(
    *("i-1", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.01"), Price.of("50000")),
)
ORDER = Order(INTENT, State.WORKING, cl_ord_id="c-1", order_id="O-1")
WANTED = {"order": "O-1", "limit_price": "50100"}
NEW = Terms(Quantity.of("0.01"), Price.of("50100"))
PENDING = amending(ORDER, Amend(NEW, 3, 0))
DONE = Fact(Input.AMENDED, "O-1", terms=NEW)


def door() -> Stage:
    return Stage("door", partial(DeskDoor, "a", dict), OTHERS)


def ask(stage: Stage, params: dict[str, str] | None = None, key: str = KEY) -> None:
    line = {"id": 7, "command": "order.amend", "params": params or WANTED, "key": key}
    stage.tell(DoorRequest(1, json.dumps(line).encode()))


def asked(stage: Stage, order: Order = ORDER, **more: Any) -> None:
    ask(stage, **more)
    stage.tell(OrdersReported((order,)))


def answers(stage: Stage) -> list[tuple[int, str | None]]:
    lines = [json.loads(answer.line) for answer in stage.heard("door_socket", DoorAnswer)]
    return [(line["exit"], line["error"] and line["error"]["code"]) for line in lines]


def test_an_amend_goes_through_risk_and_is_answered_when_the_exchange_has_applied_it() -> None:
    stage = door()
    asked(stage)
    (wish,) = stage.heard("risk", AmendOrder)
    assert (wish.terms, wish.decision) == (NEW, f"command/{KEY}/amend@1")
    assert stage.heard("orders", FollowOrder) == [FollowOrder("i-1")]
    assert stage.kinds() == ["command.given"]
    stage.tell(OrderChanged(ORDER))
    stage.tell(OrderChanged(PENDING))
    assert answers(stage) == []
    stage.tell(OrderChanged(apply(PENDING, DONE), DONE))
    assert answers(stage) == [(0, None)]


@pytest.mark.parametrize(
    ("happened", "code"),
    [
        (Fact(Input.AMEND_REFUSED, "O-1", reason="EOrder:Post only order"), "not_amended"),
        (Fact(Input.CANCELED, "O-1"), "not_amended"),
    ],
)
def test_an_amend_that_the_exchange_refuses_or_that_comes_too_late_is_exit_4(
    happened: Fact, code: str
) -> None:
    stage = door()
    asked(stage)
    stage.tell(OrderChanged(PENDING))
    stage.tell(OrderChanged(apply(PENDING, happened), happened))
    assert answers(stage) == [(4, code)]


def test_risks_no_is_exit_1_and_the_orders_own_is_exit_4() -> None:
    for code, expected in (("ORDER_NOTIONAL", 1), ("NOT_AMENDABLE", 4)):
        stage = door()
        asked(stage)
        stage.tell(AmendDenied("i-1", NEW, code, (("limit", "1"),)))
        assert answers(stage) == [(expected, code)]


def test_asked_again_it_is_answered_from_the_order_and_nothing_is_sent_again() -> None:
    stage = door()
    asked(stage)
    stage.tell(OrderChanged(apply(PENDING, DONE), DONE))
    for order, expected in (
        (apply(PENDING, DONE), (0, None)),
        (ORDER, (4, "not_amended")),
    ):
        asked(stage, order)
        assert answers(stage)[-1] == expected
    ask(stage)
    stage.tell(OrdersReported(()))
    assert answers(stage)[-1] == (4, "unknown_order")
    asked(stage, PENDING)
    stage.tell(OrderChanged(apply(PENDING, DONE), DONE))
    assert answers(stage)[-1] == (0, None)
    assert len(stage.heard("risk", AmendOrder)) == 1


def test_asked_twice_at_once_it_is_made_once_and_answered_twice() -> None:
    stage = door()
    ask(stage)
    ask(stage)
    stage.tell(OrdersReported((ORDER,)))
    stage.tell(OrderChanged(apply(PENDING, DONE), DONE))
    assert answers(stage) == [(0, None)] * 2
    assert len(stage.heard("risk", AmendOrder)) == 1


def test_a_key_that_stands_for_another_amend_is_refused() -> None:
    stage = door()
    asked(stage)
    ask(stage, {"order": "O-1", "limit_price": "50200"})
    assert answers(stage) == [(2, "key_reused")]
    stage.tell(OrderChanged(apply(PENDING, DONE), DONE))
    ask(stage, {"order": "O-1", "limit_price": "50200"})
    assert answers(stage)[1:] == [(0, None), (2, "key_reused")]


@pytest.mark.parametrize(
    "params", [{"order": "O-1"}, {"limit_price": "1"}, {"order": "O-1", "quantity": "-1"}]
)
def test_an_amend_that_makes_no_sense_is_a_usage_error(params: dict[str, str]) -> None:
    stage = door()
    ask(stage, params)
    assert answers(stage) == [(2, "bad_value")]


def test_an_order_that_has_the_terms_already_needs_no_amend() -> None:
    stage = door()
    asked(stage, attrs.evolve(ORDER, amended=NEW))
    assert answers(stage) == [(0, None)]
    assert stage.heard("risk", AmendOrder) == []
