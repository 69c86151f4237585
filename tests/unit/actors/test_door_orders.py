"""The Desk door's ``order place``: when an order that rests nowhere is answered."""

import json
from functools import partial
from typing import Any

import pytest
from stage import Stage

from zoe.actors.desk_door import DeskDoor
from zoe.domain.order import Intent, Order, State
from zoe.messages.orders import OrderChanged, PlaceOrder
from zoe.messages.system import DoorAnswer, DoorRequest

OTHERS = ("risk", "orders", "catalogue", "reconciler", "door_socket")
KEY = "00000000-0000-4000-8000-000000000001"
LIMIT = {"pair": "BTC/USD", "side": "buy", "quantity": "0.01", "limit_price": "50000"}
MARKET = {name: value for name, value in LIMIT.items() if name != "limit_price"}
IOC = LIMIT | {"time_in_force": "ioc"}


def placing(params: dict[str, str]) -> tuple[Stage, Intent]:
    stage = Stage("door", partial(DeskDoor, "a", dict), OTHERS)
    line = {"id": 7, "command": "order.place", "params": params, "key": KEY}
    stage.tell(DoorRequest(1, json.dumps(line).encode()))
    return stage, stage.heard("risk", PlaceOrder)[-1].intent


def changed(stage: Stage, intent: Intent, state: State) -> None:
    stage.tell(OrderChanged(Order(intent, state, order_id="O1")))


def answers(stage: Stage) -> list[tuple[int, Any]]:
    found = [json.loads(answer.line) for answer in stage.heard("door_socket", DoorAnswer)]
    return [(answer["exit"], answer["result"]["state"]) for answer in found]


@pytest.mark.parametrize("params", [MARKET, IOC, LIMIT | {"time_in_force": "fok"}])
def test_an_order_that_rests_nowhere_is_answered_with_its_end(params: dict[str, str]) -> None:
    stage, intent = placing(params)
    for state in (State.PENDING, State.WORKING):
        changed(stage, intent, state)
    assert answers(stage) == []
    changed(stage, intent, State.CANCELED)
    assert answers(stage) == [(0, "CANCELED")]
    stage.run(3)
    assert len(answers(stage)) == 1


def test_an_order_whose_end_is_not_heard_of_is_told_as_it_is() -> None:
    stage, intent = placing(IOC)
    changed(stage, intent, State.PENDING)
    stage.run(0.9)
    changed(stage, intent, State.WORKING)
    stage.run(0.9)
    assert answers(stage) == []
    stage.run(0.5)
    assert answers(stage) == [(0, "WORKING")]


def test_an_order_that_waits_for_a_price_is_answered_when_it_waits() -> None:
    stage, intent = placing(MARKET | {"stop": "48000"})
    changed(stage, intent, State.WORKING)
    assert answers(stage) == [(0, "WORKING")]
