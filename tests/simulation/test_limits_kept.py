"""A desk that is asked to place, amend and cancel as fast as it can is never refused for a limit."""

import json
from collections import Counter
from typing import Any, Final

import pytest

from zoe.actors.strategist import StrategyConfig
from zoe.app.simulation.market import STILL, SYMBOL, SmallMarket
from zoe.app.simulation.world import Setting, World
from zoe.domain.ratelimit import TIERS
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper, State

MINUTES: Final = 10
#: Far enough from the market that nothing is ever filled.
PRICE: Final = 85_000


class Hand:
    """Somebody who always has the next command ready: place, amend twice, cancel, over again."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._price = PRICE + number
        self._asked: int | None = None
        self._order: str | None = None
        self._turn = 0
        self.done: dict[str, int] = {"order.place": 0, "order.amend": 0, "order.cancel": 0}

    def go(self) -> None:
        """Gives the next command as soon as the one before is answered."""
        if self._asked is not None:
            answer = self._world.answers.pop(self._asked, None)
            if answer is None:
                return
            self._heard(answer)
        self._turn += 1
        self._price += 1
        if self._order is None:
            wish = {"pair": SYMBOL, "side": "buy", "quantity": "0.001"}
            self._ask("order.place", {**wish, "limit_price": str(self._price)})
        elif self._turn % 4:
            self._ask("order.amend", {"order": self._order, "limit_price": str(self._price)})
        else:
            self._ask("order.cancel", {"order": self._order})

    def _ask(self, command: str, params: dict[str, Any]) -> None:
        self._command = command
        self._asked = self._world.say(command, params)

    def _heard(self, answer: dict[str, Any]) -> None:
        if answer["exit"] == 0:
            self.done[self._command] += 1
        if self._command == "order.place":
            self._turn = 0
            self._order = (answer["result"] or {}).get("order_id")
        elif self._command == "order.cancel" and answer["exit"] in (0, 4):
            self._order = None


def refusals(world: World) -> Counter[str]:
    """What the exchange refused, of all that it was asked."""
    asked = (json.loads(line) for line in world.memory.lines() if b'"kind":"request"' in line)
    return Counter(request["error"] for request in asked if request["error"] is not None)


@pytest.mark.parametrize("tier", TIERS)
def test_the_exchange_never_has_to_refuse_for_a_rate_or_a_nonce(tier: str) -> None:
    keeper = StrategyConfig("quote_keeper", QuoteKeeper(Params(pair=SYMBOL)), State)
    world = World(10, Setting(keeper, SmallMarket(10, STILL), tier))
    world.start()
    world.ready()
    hands = [Hand(world, 100 * number) for number in range(6)]
    for _ in range(MINUTES * 60 * 4):
        for hand in hands:
            hand.go()
        world.run(0.25)
    done = {name: sum(hand.done[name] for hand in hands) for name in hands[0].done}
    refused = refusals(world)
    assert not [error for error in refused if "Rate limit" in error or "nonce" in error], refused
    # As fast as it can: the pair's counter was used up, and not by a desk that stood still.
    spent = done["order.place"] + 4 * done["order.amend"] + 8 * done["order.cancel"]
    limits = TIERS[tier]
    earned = limits.engine_threshold + MINUTES * 60 * limits.engine_decay_milli // 1_000
    assert spent > 0.8 * earned, (done, earned)
