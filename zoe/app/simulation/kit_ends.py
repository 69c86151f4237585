"""Scripts about desks that end in a wrong moment, and about halts: see kit.py."""

from typing import Final

from zoe.app.simulation.kit_stage import BID, FILLS, Stage
from zoe.domain.order import State

_BUYS: Final = {"quantity": "0.004", "limit_price": "90100"}
_SELLS: Final = {"side": "sell", "quantity": "0.004", "limit_price": BID}
#: So many a snapshot of the stream has.
_NEWEST_TRADES: Final = 50
_MOMENT_SECONDS: Final = 0.000_2


def killed_while_a_stranger_waits(stage: Stage) -> None:
    """Somebody else's order that a look has shown is adopted two seconds later, by whatever desk."""
    world = stage.world
    world.kill()
    wish = {"type": "buy", "ordertype": "limit", "price": "89000", "volume": "0.002"}
    world.hands.call("AddOrder", pair="XBTUSD", **wish)
    world.hands.call("CancelAll")
    for _ in range(2):
        world.start()
        world.ready()
        world.kill()
        world.run(60)
    world.start()
    world.ready()
    world.run(10)


def killed_before_the_fills_are_known(stage: Stage) -> None:
    """The stream is silent, trades cannot be read: a look alone tells that an order is filled."""
    world = stage.world
    stage.fault("AddOrder", "lost_answer")
    stage.fault("executions", "silence", count=100)
    stage.fault("TradesHistory", "http_502", count=100)
    key = stage.place(_BUYS)
    stage.until(key, State.FILLED, seconds=60)
    world.kill()
    # What a stream shows first are the newest trades.
    for _ in range(_NEWEST_TRADES):
        world.hands.call("AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="0.0001")
    world.admin("DELETE", "faults", {})
    stage.fault("TradesHistory", "http_502", count=100)
    # And desks come and go.
    for _ in range(2):
        world.start()
        world.run(10)
        world.kill()
    world.admin("DELETE", "faults", {})
    world.start()
    world.ready()
    world.run(30)


def halted_while_a_flatten_runs(stage: Stage) -> None:
    """The halt is the last word, also where the flatten's order comes to nothing afterwards."""
    world = stage.world
    stage.place(_BUYS)
    world.run(2)
    stage.fault("AddOrder", "not_executed")
    flatten = world.say("flatten", {"why": "kit"})
    world.run(1)
    stage.halt()
    world.until(lambda: flatten in world.answers)
    world.run(2)
    stage.place(_SELLS)
    world.run(2)
    stage.resume()
    world.run(1)


def halted_as_risk_crashes(stage: Stage) -> None:
    """A halt that was answered holds, though the process ends at once."""
    world = stage.world
    for _ in range(6):
        world.runtime.crash("risk")
        stage.halt(every_seconds=_MOMENT_SECONDS)
        world.kill()
        world.start()
        world.ready()
        stage.place(FILLS)
        world.run(1)
        stage.resume()
        world.run(1)


ENDS: Final = (
    *(killed_while_a_stranger_waits, killed_before_the_fills_are_known),
    *(halted_while_a_flatten_runs, halted_as_risk_crashes),
)
