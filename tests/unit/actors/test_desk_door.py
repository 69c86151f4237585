"""People's commands: each answered once, the same key always the same way."""

import json
from functools import partial
from typing import Any

import attrs
import pytest
from stage import Stage

from zoe.actors.desk_door import DeskDoor
from zoe.domain.order import Intent, Order, State
from zoe.domain.order_record import opening_row, stream_of
from zoe.domain.risk import TradingState
from zoe.messages.gateway import SendCancelAll
from zoe.messages.journal import Hydrated, StoredRow
from zoe.messages.limits import BudgetReported
from zoe.messages.orders import (
    AwaitNoOrders,
    CancelOrder,
    CancelOwnOrders,
    FollowOrder,
    NoOrdersLeft,
    OrderChanged,
    OrderDenied,
    OrdersReported,
    PlaceOrder,
)
from zoe.messages.risk import RiskReported, SetTradingState, TradingStateChanged
from zoe.messages.system import DeadManChanged, DoorAnswer, DoorRequest, HealthReported, Reconciled

OTHERS = (
    "risk",
    "orders",
    "heartbeat",
    "ratelimiter",
    "catalogue",
    "reconciler",
    "door_socket",
    "gateway",
)
KEY = "00000000-0000-4000-8000-000000000001"
PLACE = {"pair": "BTC/USD", "side": "buy", "quantity": "0.01", "limit_price": "50000"}


def door(rows: tuple[StoredRow, ...] = ()) -> Stage:
    return Stage("door", partial(DeskDoor, "a", lambda: {"mode": "sandbox"}), OTHERS, rows)


def ask(stage: Stage, command: str, params: dict[str, Any] | None = None, **more: Any) -> None:
    line = {"id": 7, "command": command, "params": params or {}} | more
    stage.tell(DoorRequest(1, json.dumps(line).encode()))


def answers(stage: Stage) -> list[dict[str, Any]]:
    return [json.loads(answer.line) for answer in stage.heard("door_socket", DoorAnswer)]


def placed(stage: Stage) -> Intent:
    ask(stage, "order.place", PLACE, key=KEY)
    return stage.heard("risk", PlaceOrder)[-1].intent


def changed(stage: Stage, intent: Intent, state: State, **more: Any) -> None:
    stage.tell(OrderChanged(Order(intent, state, **more)))


def test_an_order_is_answered_when_the_exchange_has_spoken() -> None:
    stage = door()
    intent = placed(stage)
    changed(stage, intent, State.SENDING)
    assert answers(stage) == []
    changed(stage, intent, State.PENDING, order_id="O1")
    (answer,) = answers(stage)
    assert answer["exit"] == 0
    assert answer["result"]["order_id"] == "O1"
    changed(stage, intent, State.WORKING, order_id="O1")
    assert len(answers(stage)) == 1


def test_an_order_that_vanished_is_not_said_to_have_never_been_placed() -> None:
    stage = door()
    changed(stage, placed(stage), State.ABSENT, order_id="O1", reason="because")
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["code"]) == (4, "vanished")


@pytest.mark.parametrize(
    ("state", "code"), [(State.REJECTED, 4), (State.ABSENT, 4), (State.CANCELED, 0)]
)
def test_what_became_of_an_order_is_its_exit_code(state: State, code: int) -> None:
    stage = door()
    changed(stage, placed(stage), state, reason="because")
    assert [answer["exit"] for answer in answers(stage)] == [code]


def test_a_doubt_is_waited_out_and_then_times_out_with_the_same_key_in_hand() -> None:
    stage = door()
    ask(stage, "order.place", PLACE, key=KEY, timeout_seconds=10)
    changed(stage, stage.heard("risk", PlaceOrder)[-1].intent, State.IN_DOUBT)
    stage.run(9)
    assert answers(stage) == []
    stage.run(2)
    assert [answer["exit"] for answer in answers(stage)] == [5]


def test_a_denial_is_exit_1_with_its_code() -> None:
    stage = door()
    stage.tell(OrderDenied(placed(stage), "STALE_QUOTE", (("age_ms", "9"),)))
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["code"]) == (1, "STALE_QUOTE")


def known(intent: Intent, state: State) -> tuple[StoredRow, ...]:
    order = Order(intent, state, order_id="O1", cl_ord_id=None, reason="as it was")
    kind, body = opening_row(order, "{}")
    return (StoredRow(1, stream_of("a", KEY), 1, kind, 0, json.loads(body)),)


@pytest.mark.parametrize(
    ("state", "code"), [(State.WORKING, 0), (State.DENIED, 1), (State.REJECTED, 4)]
)
def test_the_same_key_again_gets_the_same_answer_and_never_a_second_order(
    state: State, code: int
) -> None:
    stage = door(known(placed(door()), state))
    ask(stage, "order.place", PLACE, key=KEY)
    assert [answer["exit"] for answer in answers(stage)] == [code]
    assert stage.heard("risk", PlaceOrder) == []


def test_a_key_asked_twice_at_once_is_one_order_and_two_answers() -> None:
    stage = door()
    intent = placed(stage)
    ask(stage, "order.place", PLACE, key=KEY.upper())
    assert len(stage.heard("risk", PlaceOrder)) == 1
    changed(stage, intent, State.WORKING, order_id="O1")
    assert [answer["exit"] for answer in answers(stage)] == [0, 0]


def test_a_key_that_is_being_placed_with_another_order_is_a_usage_error() -> None:
    stage = door()
    placed(stage)
    ask(stage, "order.place", PLACE | {"quantity": "0.02"}, key=KEY)
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["code"]) == (2, "key_reused")


def test_an_order_that_risk_knows_already_is_followed_not_refused() -> None:
    stage = door()
    intent = placed(stage)
    stage.tell(OrderDenied(intent, "DUPLICATE_INTENT"))
    assert answers(stage) == []
    assert stage.heard("orders", FollowOrder) == [FollowOrder(KEY)]
    changed(stage, intent, State.WORKING, order_id="O1")
    assert [answer["exit"] for answer in answers(stage)] == [0]


def test_a_key_that_belongs_to_another_order_is_a_usage_error() -> None:
    stage = door(known(attrs.evolve(placed(door()), pair="ETH/USD"), State.WORKING))
    ask(stage, "order.place", PLACE, key=KEY)
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["code"]) == (2, "key_reused")


def test_the_command_is_journalled_ahead_of_the_order_it_causes() -> None:
    stage = door()
    intent = placed(stage)
    assert stage.kinds() == ["command.given"]
    assert intent.decision == f"{stage.rows[0].stream}@1"


@pytest.mark.parametrize(
    "params",
    [
        {},
        PLACE | {"quantity": "nan"},
        PLACE | {"quantity": "-1"},
        PLACE | {"quantity": "0"},
        PLACE | {"quantity": "ten"},
        PLACE | {"side": "up"},
        PLACE | {"limit_price": "1e999999999"},
        PLACE | {"time_in_force": "day"},
        {"pair": "BTC/USD", "side": "buy", "notional": "100"},
    ],
)
def test_a_wrong_value_is_a_usage_error_and_reaches_nobody(params: dict[str, str]) -> None:
    stage = door()
    ask(stage, "order.place", params, key=KEY)
    assert [answer["exit"] for answer in answers(stage)] == [2]
    assert stage.heard("risk", PlaceOrder) == []


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"\xff", b'{"id":1}', b'{"id":1,"command":"dance"}', b"{}" * 9]
)
def test_a_line_that_is_no_command_is_answered_and_harms_nothing(line: bytes) -> None:
    stage = door()
    stage.tell(DoorRequest(1, line))
    assert [answer["exit"] for answer in answers(stage)] == [2]
    assert stage.runtime.dead_count == 0


def test_a_cancel_of_a_strategys_order_is_answered_when_it_is_gone() -> None:
    stage = door()
    intent = attrs.evolve(placed(door()), source="strategy/q", slot="bid.0")
    working = Order(intent, State.WORKING, order_id="O1")
    ask(stage, "order.cancel", {"order": "O1"})
    stage.tell(OrdersReported((working,)))
    assert stage.heard("orders", FollowOrder) == [FollowOrder(KEY)]
    assert len(stage.heard("orders", CancelOrder)) == 1
    changed(stage, intent, State.CANCELED, order_id="O1")
    assert [answer["exit"] for answer in answers(stage)] == [0]


def test_a_cancel_of_an_order_nobody_has_is_exit_4() -> None:
    stage = door()
    ask(stage, "order.cancel", {"order": "O1"})
    stage.tell(OrdersReported(()))
    assert [answer["exit"] for answer in answers(stage)] == [4]


def test_a_halt_is_answered_when_every_order_is_gone() -> None:
    stage = door()
    ask(stage, "halt", {"why": "a test"})
    assert stage.heard("risk", SetTradingState)[0].state is TradingState.HALTED
    # At once, since the halt's own row may wait for a store that is down; and once more for what
    # was approved before the latch closed.
    assert len(stage.heard("orders", CancelOwnOrders)) == 1
    assert stage.heard("orders", AwaitNoOrders) == []
    stage.tell(TradingStateChanged(TradingState.HALTED))
    assert len(stage.heard("orders", CancelOwnOrders)) == 2
    assert len(stage.heard("orders", AwaitNoOrders)) == 1
    assert answers(stage) == []
    stage.tell(NoOrdersLeft())
    assert [answer["exit"] for answer in answers(stage)] == [0]


def test_a_halt_is_not_answered_by_the_news_that_the_desk_trades() -> None:
    stage = door()
    ask(stage, "halt", timeout_seconds=3)
    stage.tell(TradingStateChanged(TradingState.ACTIVE))
    assert stage.heard("orders", AwaitNoOrders) == []
    stage.tell(NoOrdersLeft())
    assert answers(stage) == []


def test_a_halt_of_everything_also_uses_the_exchanges_own_cancel_all() -> None:
    stage = door()
    ask(stage, "halt", {"why": "a test", "all": True})
    stage.tell(TradingStateChanged(TradingState.HALTED))
    assert len(stage.heard("gateway", SendCancelAll)) == 1
    assert stage.heard("orders", AwaitNoOrders) == [AwaitNoOrders(external=True)]


def test_a_halt_that_takes_too_long_lists_what_is_open() -> None:
    stage = door()
    ask(stage, "halt", timeout_seconds=3)
    stage.tell(TradingStateChanged(TradingState.HALTED))
    stage.run(3.5)
    open_order = Order(placed(door()), State.WORKING, order_id="O1")
    stage.tell(HealthReported((("store", "down", "seq 5, 1 waiting", 1),)))
    stage.tell(OrdersReported((open_order,)))
    (answer,) = answers(stage)
    assert answer["exit"] == 5
    assert answer["error"]["text"].startswith("1 order still open by what is written: cancels")
    assert [order["order_id"] for order in answer["result"]["open"]] == ["O1"]


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("halt", "down", "the halt is not written yet: the store does not answer; 0 orders still"),
        ("halt", "ok", "the halt is not written yet; 0 orders still open"),
        ("reduce", "down", "the reduce is not written yet: the store does not answer; 0 orders"),
        ("resume", "down", "the resume is not written yet: the store does not answer; ask again"),
        ("flatten", "down", "the store does not answer; ask again with the same key"),
        ("flatten", "ok", "ask again with the same key"),
        ("order.place", "down", "the store does not answer; ask again with the same key"),
        ("order.place", "ok", "ask again with the same key"),
    ],
)
def test_what_is_not_written_in_time_says_so_and_whether_the_store_is_why(
    command: str, status: str, said: str
) -> None:
    stage = door()
    ask(stage, command, PLACE, key=KEY, timeout_seconds=3)
    stage.run(3.5)
    assert answers(stage) == []
    stage.tell(HealthReported((("store", status, "seq 5, 1 waiting", 1),)))
    stage.tell(OrdersReported(()))
    (answer,) = answers(stage)
    assert (answer["exit"], answer["error"]["code"]) == (5, "timed_out")
    assert answer["error"]["text"].startswith(said)


def test_a_halt_that_is_written_says_nothing_of_the_store() -> None:
    stage = door()
    ask(stage, "halt", timeout_seconds=3)
    stage.tell(TradingStateChanged(TradingState.HALTED))
    stage.run(3.5)
    stage.tell(HealthReported((("store", "down", "seq 5, 1 waiting", 1),)))
    stage.tell(OrdersReported(()))
    assert answers(stage)[0]["error"]["text"] == "0 orders still open"


def test_status_is_healthy_only_once_reconciled() -> None:
    stage = door()
    for expected in (1, 0):
        ask(stage, "status")
        stage.tell(HealthReported((("store", "ok", "", 1),)))
        stage.tell(BudgetReported("{}"))
        stage.tell(RiskReported("{}"))
        stage.tell(OrdersReported(()))
        assert answers(stage)[-1]["exit"] == expected
        stage.tell(Reconciled())


def test_a_desk_that_is_not_reconciled_says_what_it_waits_for() -> None:
    stage = door()
    ask(stage, "status")
    held = "2 of our orders in neither list"
    stage.tell(HealthReported((("reconciler", "degraded", held, 1), ("store", "ok", "", 1))))
    stage.tell(BudgetReported("{}"))
    stage.tell(RiskReported("{}"))
    stage.tell(OrdersReported(()))
    assert answers(stage)[0]["error"]["text"] == f"not reconciled yet: {held}"


def test_status_is_not_healthy_while_the_store_or_the_exchange_is_down() -> None:
    stage = door()
    stage.tell(Reconciled())
    for status, expected in (("down", 1), ("degraded", 0), ("ok", 0)):
        ask(stage, "status")
        stage.tell(HealthReported((("actor/risk", "ok", "", 1), ("store", status, "full", 1))))
        stage.tell(BudgetReported("{}"))
        stage.tell(RiskReported("{}"))
        stage.tell(OrdersReported(()))
        answer = answers(stage)[-1]
        assert answer["exit"] == expected
        assert (answer["error"] or {}).get("text") == ("store down: full" if expected else None)
        assert answer["result"]["components"][1]["status"] == status


def test_a_desk_whose_dead_mans_switch_is_not_armed_is_not_well() -> None:
    factory = partial(DeskDoor, "a", dict, dead_man=True)
    stage = Stage("door", factory, OTHERS)
    stage.tell(Reconciled())
    for armed, expected in ((None, 1), (True, 0), (False, 1)):
        if armed is not None:
            stage.tell(DeadManChanged(armed, "a test"))
        ask(stage, "status")
        stage.tell(HealthReported((("store", "ok", "", 1),)))
        stage.tell(BudgetReported("{}"))
        stage.tell(RiskReported("{}"))
        stage.tell(OrdersReported(()))
        assert answers(stage)[-1]["exit"] == expected


def test_status_says_who_did_not_answer() -> None:
    stage = door()
    stage.tell(Reconciled())
    ask(stage, "status")
    stage.run(3)
    (answer,) = answers(stage)
    assert answer["exit"] == 1
    assert "components" in answer["error"]["text"]


def test_status_tells_of_what_nothing_explains() -> None:
    stage = door()
    stage.tell(Reconciled())
    known = (None, {"open": 0, "of": []}, {"open": 1, "of": ["order O2"]})
    for drift, expected in zip((None, (), ("order O2",)), known, strict=True):
        ask(stage, "status")
        stage.tell(HealthReported((("books", "ok", "", 1),), drift=drift))
        stage.tell(BudgetReported("{}"))
        stage.tell(RiskReported("{}"))
        stage.tell(OrdersReported(()))
        assert answers(stage)[-1]["result"]["drift"] == expected


def test_an_answer_to_a_door_that_has_crashed_is_none_to_its_successor() -> None:
    stage = door()
    stage.reading = False
    ask(stage, "order.place", PLACE, key=KEY)
    asked = stage.questions[-1]
    stage.runtime.crash("door")
    stage.runtime.run_for(0.1)
    ask(stage, "halt", {"why": "fire"})
    ask(stage, "order.place", PLACE, key="00000000-0000-4000-8000-000000000002")
    stage.tell(Hydrated(asked.ref, ()))
    assert stage.heard("risk", PlaceOrder) == []
    stage.tell(TradingStateChanged(TradingState.HALTED, ()))
    stage.tell(NoOrdersLeft())
    assert [(answer["id"], answer["exit"]) for answer in answers(stage)] == [(7, 0)]
    assert stage.runtime.find("door").cell.incarnation == 2
