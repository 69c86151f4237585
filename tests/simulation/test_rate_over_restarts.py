"""A whole desk whose limit of orders a minute is used up, and which then crashes in part or as a whole."""

from collections.abc import Callable
from typing import Any

import pytest

from zoe.actors.strategist import StrategyConfig
from zoe.app.simulation.market import STILL, SYMBOL, SmallMarket
from zoe.app.simulation.world import Setting, World
from zoe.domain.risk import Limits
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper, State

MOST = 8
#: The dead-man's switch is told to a RiskOfficer that begins again when it is next set.
ARMED_SECONDS = 20


def place(world: World, price: int) -> dict[str, Any]:
    return world.ask(
        "order.place", pair=SYMBOL, side="buy", quantity="0.001", limit_price=str(price)
    )


def codes(world: World, wishes: int) -> list[str | None]:
    """Why each of some wishes was denied; None where it was not."""
    answers = [place(world, 85_000 + number) for number in range(wishes)]
    return [None if answer["exit"] == 0 else answer["error"]["code"] for answer in answers]


def risk_crashes(world: World) -> None:
    world.runtime.crash("risk")
    world.run(ARMED_SECONDS)


def orders_crash_too(world: World) -> None:
    world.runtime.crash("orders")
    world.runtime.crash("risk")
    world.run(ARMED_SECONDS)


def desk_is_killed(world: World) -> None:
    world.kill()
    world.start()
    world.ready()


@pytest.mark.parametrize("ends", (risk_crashes, orders_crash_too, desk_is_killed))
def test_a_desk_that_begins_again_has_no_new_minute(ends: Callable[[World], None]) -> None:
    keeper = StrategyConfig("quote_keeper", QuoteKeeper(Params(pair=SYMBOL)), State)
    limits = Limits(max_orders_per_minute=MOST)
    world = World(4_711, Setting(keeper, SmallMarket(4_711, STILL), limits=limits))
    world.start()
    world.ready()
    assert codes(world, MOST + 1)[-1] == "ORDER_RATE"
    ends(world)
    assert codes(world, 2) == ["ORDER_RATE", "ORDER_RATE"]
    world.run(61)
    assert codes(world, 1) == [None]
