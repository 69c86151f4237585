"""No trigger is missed: each is followed by its order, however much other pairs have to say."""

import json
from decimal import Decimal
from random import Random
from typing import Final

import attrs
from loguru import logger

from zoe.actors.strategist import StrategyConfig
from zoe.app.simulation.clocks import StampedJournal
from zoe.app.simulation.market import SmallMarket
from zoe.app.simulation.world import Setting, World, _account
from zoe.app.tree import Parts
from zoe.domain.limiter import Limiter
from zoe.domain.order import Side
from zoe.domain.ratelimit import Tier
from zoe.domain.strategy.view import Decision, View, Want
from zoe.runtime.virtual import EPOCH_NS
from zoe.sandbox import catalogs
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.market import House
from zoe.sandbox.core.memory import InMemory

PAIR: Final = "BTC/USD"
OTHERS: Final = ("ETH/USD", "SOL/USD", "XRP/USD", "ADA/USD")
TRIGGERS: Final = 40
#: The best bid before the first trigger, in price units; each trigger raises it by one.
FLOOR: Final = 600_000
#: Steps of the market, in virtual time, and how many of them lie between two triggers.
STEP_NS: Final = 2_000_000
EACH: Final = 50
#: So that the desk is ready before the first.
QUIET_STEPS: Final = 1_000
BASE: Final = 1_000_000
#: The exchange's counter is not what is looked at.
WIDE: Final = Tier("wide", 1_000, 1_000_000, 100_000, 10_000_000)


class Triggers:
    """Implements MarketModel: others' books change at every step, the trigger's pair now and then."""

    def __init__(self) -> None:
        self._rng = Random(1)
        self._at_ns: int | None = None
        self._steps = 0
        self.background = 0
        self.told = 0

    def next_ns(self) -> int | None:
        """See MarketModel."""
        return self._at_ns

    def step(self, now_ns: int, house: House) -> None:
        """See MarketModel."""
        self._at_ns = now_ns + STEP_NS
        if not self._steps:
            for symbol in (PAIR, *OTHERS):
                house.place(symbol, "buy", FLOOR, BASE)
                house.place(symbol, "sell", FLOOR + 1_000, BASE)
        self._steps += 1
        due, rest = divmod(self._steps - QUIET_STEPS, EACH)
        if not rest and 0 <= due < TRIGGERS:
            self.told += 1
            house.place(PAIR, "buy", FLOOR + self.told, BASE)
        symbol = self._rng.choice(OTHERS)
        house.place(symbol, "buy", FLOOR + self._rng.randrange(500), BASE)
        self.background += 1


@attrs.frozen
class Pulse:
    """The newest trigger."""

    number: int = 0


class AtTriggers:
    """Wants an order at each trigger, of a size that says which."""

    name = "at_triggers"
    slots = ("bid.0", "bid.1", "bid.2", "bid.3")
    pair = PAIR

    def initial(self) -> Pulse:
        """Nothing is wanted."""
        return Pulse()

    def decide(self, state: Pulse, view: View) -> Decision:
        """An order that rests far below, until the next trigger."""
        number = 0 if view.touch.bid is None else view.touch.bid - FLOOR
        if number <= 0 or not view.touch.live:
            return Decision(state, (), ("no trigger",))
        slot, until_ns = self.slots[number % len(self.slots)], view.now_ns + 10_000_000_000
        price, quantity = FLOOR - 100_000, BASE + number
        want = Want(slot, PAIR, Side.BUY, price, quantity, True, until_ns, "a trigger")
        return Decision(Pulse(number), (want,), ("a trigger",))


class TriggerWorld(World):
    """A desk with this strategy, and an exchange with this market."""

    def __init__(self, seed: int) -> None:
        strategy = AtTriggers()
        super().__init__(
            seed, Setting(StrategyConfig(strategy.name, strategy, Pulse), SmallMarket(seed))
        )
        self.triggers = Triggers()
        listed = catalogs.choose(None, "all")
        pairs = tuple(pair for pair in listed.pairs if pair.symbol in (PAIR, *OTHERS))
        config = Config(listed.assets, pairs, seed=seed, tier="pro", limits="none", market=self.triggers)  # fmt: skip
        self.memory = InMemory()
        self.exchange = Exchange(config, self.memory, EPOCH_NS)
        self.account, self.venue = _account(self.exchange)
        self.journal = StampedJournal(self.account, self.wall_ns)

    def _parts(self) -> Parts:
        return attrs.evolve(super()._parts(), pairs=(PAIR, *OTHERS), limiter=Limiter(WIDE, 20))

    def ordered(self) -> list[int]:
        """The triggers whose orders the exchange has accepted, in its own order."""
        records = [json.loads(line) for line in self.memory.lines()]
        quantities = [Decimal(r["qty"]) for r in records if r["kind"] == "order_accepted"]
        return [int(quantity.scaleb(8)) - BASE for quantity in quantities]


def test_every_trigger_among_other_pairs_frames_is_followed_by_its_order_once() -> None:
    logger.disable("zoe")
    try:
        world = TriggerWorld(3)
        world.start()
        world.ready()
        world.until(lambda: world.triggers.told == TRIGGERS)
        world.run(1)
    finally:
        logger.enable("zoe")
    assert world.triggers.background > TRIGGERS * EACH
    assert world.ordered() == list(range(1, TRIGGERS + 1))
