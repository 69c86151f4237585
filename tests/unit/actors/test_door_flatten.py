"""Reduce and flatten by hand: what is canceled, what is placed, and that nothing is done twice."""

import json
from decimal import Decimal
from functools import partial
from typing import Any

import attrs
import pytest
from stage import Stage

from zoe.actors.desk_door import DeskDoor
from zoe.domain.flatten import Left, Plan, Step
from zoe.domain.order import Intent, Order, OrderType, Side, State, TimeInForce
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import TradingState
from zoe.messages.journal import Hydrated, StoredRow
from zoe.messages.orders import (
    AwaitNoOrders,
    CancelOwnOrders,
    FollowOrder,
    NoOrdersLeft,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    PlaceOrder,
)
from zoe.messages.risk import FlattenPlanned, PlanFlatten, SetTradingState, TradingStateChanged
from zoe.messages.system import DoorAnswer, DoorClosed, DoorRequest

OTHERS = (
    *("risk", "orders", "heartbeat", "ratelimiter", "catalogue", "reconciler"),
    *("door_socket", "gateway"),
)
KEY = "0190a0a0-0000-8000-8000-00000000000a"
STREAM = f"flatten/a/{KEY}"
SALE = Step("BTC/USD", Side.SELL, Decimal("0.5"), Price.of("49000"))
DUST = Left("ETH/USD", Decimal("0.00001"), "less than an order may be", small=True)


def door(rows: tuple[StoredRow, ...] = ()) -> Stage:
    return Stage("door", partial(DeskDoor, "a", dict), OTHERS, rows)


def ask(stage: Stage, command: str, **params: Any) -> None:
    line = {"id": 7, "command": command, "params": params, "key": KEY}
    stage.tell(DoorRequest(1, json.dumps(line).encode()))


def answers(stage: Stage) -> list[dict[str, Any]]:
    return [json.loads(answer.line) for answer in stage.heard("door_socket", DoorAnswer)]


def plan(stage: Stage, *steps: Step, left: tuple[Left, ...] = ()) -> None:
    wanted = stage.heard("risk", PlanFlatten)[-1]
    stage.tell(FlattenPlanned(wanted.ref, Plan(steps, left)))


def flattening(**params: Any) -> Stage:
    """A flatten whose working orders are gone: it has asked for a plan."""
    stage = door()
    ask(stage, "flatten", **params)
    stage.tell(TradingStateChanged(TradingState.REDUCING))
    stage.tell(NoOrdersLeft())
    return stage


def placed(stage: Stage) -> list[Intent]:
    return [wish.intent for wish in stage.heard("risk", PlaceOrder)]


def conclude(stage: Stage, state: State, filled: str = "0") -> None:
    order = Order(placed(stage)[-1], state, reported_filled=Quantity.of(filled))
    stage.tell(OrderChanged(order))


def test_a_flatten_lets_only_what_reduces_through_then_cancels_then_plans() -> None:
    stage = door()
    ask(stage, "flatten", why="enough")
    assert [wish.state for wish in stage.heard("risk", SetTradingState)] == [TradingState.REDUCING]
    assert stage.heard("orders", CancelOwnOrders) == []
    stage.tell(TradingStateChanged(TradingState.REDUCING))
    assert len(stage.heard("orders", CancelOwnOrders)) == 1
    assert stage.heard("orders", AwaitNoOrders) == [AwaitNoOrders()]
    assert stage.heard("risk", PlanFlatten) == []
    stage.tell(NoOrdersLeft())
    assert [wish.everything for wish in stage.heard("risk", PlanFlatten)] == [False]


def test_one_order_at_a_time_each_journalled_before_it_and_planned_anew_after_it() -> None:
    stage = flattening()
    plan(stage, SALE, SALE)
    (intent,) = placed(stage)
    assert (intent.side, intent.time_in_force) == (Side.SELL, TimeInForce.IOC)
    assert intent.decision == f"{STREAM}@2"
    assert stage.kinds() == ["flatten.begun", "flatten.step"]
    conclude(stage, State.WORKING)
    assert len(placed(stage)) == 1
    conclude(stage, State.FILLED, "0.5")
    plan(stage, SALE)
    conclude(stage, State.CANCELED, "0.2")
    plan(stage, left=(DUST,))
    (answer,) = answers(stage)
    assert answer["exit"] == 0
    filled = [order["filled_quantity"] for order in answer["result"]["orders"]]
    assert filled == ["0.5", "0.2"]
    assert answer["result"]["left"][0]["name"] == "ETH/USD"
    assert answer["result"]["state"] == "REDUCING"
    assert stage.kinds()[-1] == "flatten.ended"


def test_a_pair_whose_orders_come_to_nothing_is_left_and_said() -> None:
    stage = flattening()
    plan(stage, SALE)
    conclude(stage, State.EXPIRED)
    plan(stage, SALE)
    stage.tell(OrderDenied(placed(stage)[-1], "STALE_QUOTE", (("age_ms", "9000"),)))
    plan(stage, SALE)
    stage.tell(OrderForgotten(placed(stage)[-1].intent_id))
    plan(stage, SALE)
    assert len(placed(stage)) == 3
    (answer,) = answers(stage)
    assert answer["exit"] == 1
    assert answer["error"]["code"] == "not_flat"
    assert answer["result"]["left"] == [
        {"name": "BTC/USD", "quantity": "0.5", "reason": "it was never sent"}
    ]


def test_a_position_that_cannot_be_closed_is_exit_1() -> None:
    stage = flattening()
    plan(stage, left=(attrs.evolve(DUST, small=False),))
    assert [answer["exit"] for answer in answers(stage)] == [1]


def test_a_dry_run_changes_nothing() -> None:
    stage = door()
    ask(stage, "flatten", dry_run=True, all=True)
    (wish,) = stage.heard("risk", PlanFlatten)
    assert wish.everything
    assert wish.as_if_canceled  # a flatten cancels first, and then looks
    plan(stage, SALE, left=(DUST,))
    (answer,) = answers(stage)
    assert answer["exit"] == 0
    assert answer["result"]["orders"] == [
        {"pair": "BTC/USD", "side": "sell", "quantity": "0.5", "limit_price": "49000", "times": 1}
    ]
    assert stage.records == []
    assert stage.heard("risk", SetTradingState) == []


def test_asked_again_after_its_end_it_answers_as_it_did() -> None:
    stage = flattening()
    plan(stage, SALE)
    conclude(stage, State.FILLED, "0.5")
    plan(stage)
    ask(stage, "flatten")
    first, second = answers(stage)
    assert (second["exit"], second["result"]) == (first["exit"], first["result"])
    assert len(placed(stage)) == 1


def test_asked_again_under_way_it_goes_on_with_what_is_still_held() -> None:
    stage = flattening()
    plan(stage, SALE)
    stage.tell(DoorClosed(1))
    ask(stage, "flatten")
    stage.tell(TradingStateChanged(TradingState.REDUCING))
    assert len(placed(stage)) == 1
    stage.tell(NoOrdersLeft())
    plan(stage)
    assert [answer["exit"] for answer in answers(stage)] == [0]
    assert stage.kinds() == ["flatten.begun", "flatten.step", "flatten.ended"]


def test_a_desk_that_was_halted_is_halted_again_in_the_end() -> None:
    stage = door((StoredRow(1, "desk/a", 1, "trading_state.changed", 0, {"state": "HALTED"}),))
    ask(stage, "flatten")
    stage.tell(TradingStateChanged(TradingState.REDUCING))
    stage.tell(NoOrdersLeft())
    plan(stage)
    states = [wish.state for wish in stage.heard("risk", SetTradingState)]
    assert states == [TradingState.REDUCING, TradingState.HALTED]
    assert answers(stage)[0]["result"]["state"] == "HALTED"


def test_a_reduce_is_answered_when_what_does_not_reduce_is_gone() -> None:
    stage = door()
    ask(stage, "reduce", why="a test")
    assert stage.heard("risk", SetTradingState)[0].state is TradingState.REDUCING
    stage.tell(TradingStateChanged(TradingState.REDUCING, ("i-1", "i-2")))
    assert stage.heard("orders", FollowOrder) == [FollowOrder("i-1"), FollowOrder("i-2")]
    intent = Intent(
        *("i-1", "strategy/q", None, "BTC/USD", Side.BUY),
        *(OrderType.LIMIT, Quantity.of("1"), Price.of("1")),
    )
    stage.tell(OrderChanged(Order(intent, State.WORKING)))
    stage.tell(OrderChanged(Order(intent, State.CANCELED)))
    assert answers(stage) == []
    stage.tell(OrderForgotten("i-2"))
    (answer,) = answers(stage)
    assert answer["exit"] == 0
    assert answer["result"] == {"state": "REDUCING", "canceled": ["i-1", "i-2"]}


def test_a_reduce_that_takes_too_long_lists_what_it_waits_for_and_no_other_order() -> None:
    stage = door()
    line = {"id": 7, "command": "reduce", "params": {}, "timeout_seconds": 3}
    stage.tell(DoorRequest(1, json.dumps(line).encode()))
    stage.tell(TradingStateChanged(TradingState.REDUCING, ("i-1",)))
    stage.run(3.5)
    terms = (OrderType.LIMIT, Quantity.of("1"), Price.of("1"))
    orders = tuple(
        Order(Intent(name, "person", None, "BTC/USD", Side.SELL, *terms), State.WORKING)
        for name in ("i-1", "i-2")
    )
    stage.tell(OrdersReported(orders))
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["text"]) == (5, "1 order still open")
    assert [order["intent_id"] for order in answer["result"]["open"]] == ["i-1"]


def test_a_reduce_with_nothing_to_cancel_is_answered_at_once() -> None:
    stage = door()
    ask(stage, "reduce")
    stage.tell(TradingStateChanged(TradingState.REDUCING))
    assert [answer["exit"] for answer in answers(stage)] == [0]


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.ACTIVE])
def test_another_state_ends_it_after_the_order_under_way_and_stays(state: TradingState) -> None:
    stage = flattening()
    plan(stage, SALE, SALE)
    stage.tell(TradingStateChanged(state))
    assert answers(stage) == []
    conclude(stage, State.CANCELED, "0.2")
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["code"]) == (1, "interrupted")
    assert answer["result"]["state"] == state.value
    assert [order["filled_quantity"] for order in answer["result"]["orders"]] == ["0.2"]
    assert stage.kinds()[-1] == "flatten.ended"
    assert len(stage.heard("risk", PlanFlatten)) == len(stage.heard("risk", SetTradingState)) == 1


def test_another_state_ends_at_once_what_waits_for_no_order() -> None:
    stage = flattening()
    stage.tell(TradingStateChanged(TradingState.HALTED))
    plan(stage, SALE)
    assert [answer["exit"] for answer in answers(stage)] == [1]
    assert placed(stage) == []


@pytest.mark.parametrize("command", ["halt", "resume"])
def test_a_halt_or_a_resume_given_after_it_is_the_last_word(command: str) -> None:
    stage = door()
    stage.reading = False
    ask(stage, "flatten")
    line = {"id": 8, "command": command, "params": {}}
    stage.tell(DoorRequest(1, json.dumps(line).encode()))
    stage.tell(Hydrated(stage.questions[-1].ref, ()))
    (answer,) = answers(stage)
    assert (answer["id"], answer["exit"], answer["error"]["code"]) == (7, 1, "interrupted")
    wanted = {"halt": TradingState.HALTED, "resume": TradingState.ACTIVE}[command]
    assert [wish.state for wish in stage.heard("risk", SetTradingState)] == [wanted]


def test_its_last_wish_holds_only_where_the_state_is_still_its_own() -> None:
    stage = flattening()
    plan(stage)
    first, last = stage.heard("risk", SetTradingState)
    assert last.instead_of == first.why


def test_a_halt_of_a_moment_before_it_is_in_force_again_in_the_end() -> None:
    stage = door()
    ask(stage, "flatten")
    stage.tell(TradingStateChanged(TradingState.HALTED))
    stage.tell(TradingStateChanged(TradingState.REDUCING))
    stage.tell(NoOrdersLeft())
    plan(stage)
    assert stage.heard("risk", SetTradingState)[-1].state is TradingState.HALTED
