"""The orderly end: no new orders first, then the working ones, then the process."""

from functools import partial

import pytest
from stage import Stage

from zoe.actors.closer import PATIENCE_SECONDS, Closer
from zoe.messages.orders import AwaitNoOrders, CancelOwnOrders, NoOrdersLeft
from zoe.messages.risk import StopTrading, TradingStopped
from zoe.messages.system import CloseDesk, DeadManChanged, ReleaseDeadMan

OTHERS = ("risk", "orders", "dead_man")


def closer(*, cancel: bool = True, seconds: int | None = None, dead_man: bool = False) -> Stage:
    return Stage(
        "closer", partial(Closer, cancel=cancel, seconds=seconds, dead_man=dead_man), OTHERS
    )


def test_it_stops_trading_cancels_and_ends_when_nothing_is_open() -> None:
    stage = closer()
    stage.tell(CloseDesk("SIGTERM"))
    assert len(stage.heard("risk", StopTrading)) == 1
    assert [type(m) for m in stage.said["orders"]] == [CancelOwnOrders]
    # What was approved a moment before goes to OrderDesk ahead of this.
    stage.tell(TradingStopped())
    assert [type(m) for m in stage.said["orders"][1:]] == [CancelOwnOrders, AwaitNoOrders]
    assert stage.heard("orders", AwaitNoOrders) == [AwaitNoOrders(stops=False)]
    assert stage.runtime.code is None
    stage.tell(NoOrdersLeft(), 1)
    assert stage.runtime.code == 0


def test_it_ends_all_the_same_when_orders_stay_open() -> None:
    stage = closer()
    stage.tell(CloseDesk("SIGTERM"), PATIENCE_SECONDS - 1)
    assert stage.runtime.code is None
    stage.run(2)
    assert stage.runtime.code == 0


def test_orders_that_are_kept_are_not_canceled() -> None:
    stage = closer(cancel=False)
    stage.tell(CloseDesk("SIGTERM"), 1)
    assert stage.said["orders"] == []
    stage.tell(TradingStopped(), 1)
    assert stage.said["orders"] == [AwaitNoOrders(resting=False)]
    assert stage.runtime.code is None, "one may be on its way to the exchange"
    stage.tell(NoOrdersLeft(), 1)
    assert stage.runtime.code == 0


@pytest.mark.parametrize("cancel", [True, False])
def test_the_dead_mans_switch_is_released_before_the_end(cancel: bool) -> None:
    stage = closer(cancel=cancel, dead_man=True)
    stage.tell(CloseDesk("SIGTERM"))
    stage.tell(TradingStopped())
    assert stage.said["dead_man"] == []
    stage.tell(NoOrdersLeft())
    assert stage.said["dead_man"] == [ReleaseDeadMan()]
    assert stage.runtime.code is None
    stage.tell(DeadManChanged(False, "released"), 1)
    assert stage.runtime.code == 0


def test_being_asked_twice_is_being_asked_once() -> None:
    stage = closer()
    stage.tell(CloseDesk("SIGTERM"))
    stage.tell(CloseDesk("SIGINT"))
    assert len(stage.heard("orders", CancelOwnOrders)) == 1


def test_a_desk_whose_time_is_over_closes_by_itself() -> None:
    stage = closer(seconds=60)
    stage.run(59)
    assert stage.said["risk"] == []
    stage.run(2)
    assert len(stage.heard("risk", StopTrading)) == 1
