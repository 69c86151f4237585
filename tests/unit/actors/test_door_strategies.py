"""The door's commands about strategies: one answer of all, refusals as they are said."""

import json
from functools import partial
from typing import Any

from stage import Stage

from zoe.actors.desk_door import DeskDoor
from zoe.messages.strategy import ReportStrategy, SetStrategyMode, StrategyReported
from zoe.messages.system import DoorAnswer, DoorRequest

NAMES = ("edge_factory", "crypto_trader")
OTHERS = (
    *("risk", "orders", "heartbeat", "ratelimiter", "catalogue", "reconciler", "door_socket"),
    *("gateway", "strategy/edge_factory", "strategy/crypto_trader"),
)


def door(names: tuple[str, ...] = NAMES) -> Stage:
    return Stage("door", partial(DeskDoor, "a", dict, strategies=names), OTHERS)


def ask(stage: Stage, command: str, **params: str) -> None:
    line = {"id": 7, "command": command, "params": params, "timeout_seconds": 5}
    stage.tell(DoorRequest(1, json.dumps(line).encode()))


def answer(stage: Stage) -> dict[str, Any] | None:
    said = stage.heard("door_socket", DoorAnswer)
    return json.loads(said[-1].line) if said else None


def test_a_list_waits_for_every_strategy_and_keeps_their_order() -> None:
    stage = door()
    ask(stage, "strategy.list")
    (wish,) = stage.heard("strategy/crypto_trader", ReportStrategy)
    stage.tell(StrategyReported(wish.ref, "crypto_trader", {"name": "crypto_trader"}))
    assert answer(stage) is None
    stage.tell(StrategyReported(wish.ref, "edge_factory", {"name": "edge_factory"}))
    said = answer(stage)
    assert said is not None
    assert [row["name"] for row in said["result"]["strategies"]] == list(NAMES)


def test_a_strategy_that_does_not_answer_is_waited_for_no_longer_than_was_asked() -> None:
    stage = door()
    ask(stage, "strategy.list")
    stage.run(6)
    said = answer(stage)
    assert said is not None
    assert said["exit"] == 5


def test_a_mode_is_asked_of_the_strategy_and_its_refusal_is_exit_1() -> None:
    stage = door()
    ask(stage, "strategy.mode", name="edge_factory", mode="live", why="now")
    (wish,) = stage.heard("strategy/edge_factory", SetStrategyMode)
    assert (wish.mode, wish.why) == ("live", "now")
    stage.tell(StrategyReported(wish.ref, "edge_factory", {}, "real money: start with --live"))
    said = answer(stage)
    assert said is not None
    assert (said["exit"], said["error"]["text"]) == (1, "real money: start with --live")


def test_an_unknown_name_is_a_usage_error_with_the_nearest() -> None:
    stage = door()
    ask(stage, "strategy.show", name="crypto_tradr")
    said = answer(stage)
    assert said is not None
    assert (said["exit"], "did you mean crypto_trader?" in said["error"]["text"]) == (2, True)


def test_a_desk_without_strategies_has_an_empty_list() -> None:
    stage = door(())
    ask(stage, "strategy.list")
    said = answer(stage)
    assert said is not None
    assert said["result"] == {"strategies": []}
