"""Scripts about orders that the exchange has acknowledged, and then knows no more: see kit.py."""

from typing import Final

from zoe.app.simulation.kit_stage import FILLS_IN_PART, RESTS, Stage
from zoe.domain.order import State

#: Longer than it takes to be sure that an order is gone.
_SURE_SECONDS: Final = 40


def _lose(stage: Stage, key: str) -> None:
    """The exchange loses one of our orders, and says nothing of it."""
    order_id = stage.world.order_id(key)
    if order_id in stage.world.open_orders():
        stage.world.admin("POST", "lose", {"order_id": order_id})


def lost_by_the_exchange(stage: Stage) -> None:
    """One that rested, and one that is partly filled; another one stays."""
    stage.market()
    lost = stage.placed(RESTS), stage.placed(FILLS_IN_PART)
    stage.placed(RESTS)
    for key in lost:
        _lose(stage, key)
    stage.world.want_look()
    stage.until(lost[0], State.ABSENT, seconds=_SURE_SECONDS)
    stage.world.run(1)


def lost_before_it_worked(stage: Stage) -> None:
    """Acknowledged, and nothing was ever reported of it."""
    stage.tells(left_out=frozenset({"pending_new", "new"}))
    key = stage.place(RESTS)
    stage.until(key, State.PENDING, seconds=5)
    _lose(stage, key)
    stage.world.want_look()
    stage.until(key, State.ABSENT, seconds=_SURE_SECONDS)


def lost_with_an_amend_and_a_cancel(stage: Stage) -> None:
    """Neither is ever answered as those are that meet an order."""
    keys = stage.placed(RESTS), stage.placed(RESTS)
    stage.fault("AmendOrder", "not_executed")
    stage.amend(keys[0], limit_price="89510")
    stage.world.run(0.5)
    for key in keys:
        _lose(stage, key)
    stage.world.say("order.cancel", {"order": keys[1]})
    stage.until(keys[1], State.ABSENT, seconds=_SURE_SECONDS)
    stage.until(keys[0], State.ABSENT, seconds=_SURE_SECONDS)


def lost_in_a_maintenance(stage: Stage) -> None:
    """The exchange comes back without one, and the desk is killed before it is sure."""
    key = stage.placed(RESTS)
    stage.world.admin("POST", "status", {"status": "maintenance"})
    _lose(stage, key)
    stage.world.run(20)
    stage.world.admin("POST", "status", {"status": "online"})
    stage.world.run(10)
    stage.world.kill()
    stage.world.start()
    stage.until(key, State.ABSENT, seconds=2 * _SURE_SECONDS)
    stage.world.ready()


LOSSES: Final = (
    *(lost_by_the_exchange, lost_before_it_worked, lost_with_an_amend_and_a_cancel),
    lost_in_a_maintenance,
)
