"""How near the resting orders stay to their targets, on amends and on cancel + add.

    python benchmarks/repricing.py [--seconds 7200] [--tier pro] [--json]

The whole desk in virtual time against the sandbox's core under both rate limits, on each tier: a
strategy wants a bid and an ask round a mid that wanders all the time, so that there is always
something to do and the counter decides. Once with the Repositioner as it is, once with one that
only cancels and adds, paced by the same rule within the same room. Distances are read off the
exchange's own records and weighed with time; a time without an order counts apart. Everything
follows from the seed: the figures are the same each time and everywhere. A simulated day is
--seconds 86400 and takes a quarter of an hour of one core for all tiers; two hours of each are done
in little more than one minute, and say the same, since the counters are at their steady level after one.
"""

import argparse
import json
import random
import sys
from collections import Counter
from decimal import Decimal
from typing import Any, Final

import attrs
from loguru import logger

from zoe.actors.strategist import StrategyConfig
from zoe.app.simulation.market import SYMBOL, SmallMarket
from zoe.app.simulation.world import Setting, World
from zoe.domain import repeg
from zoe.domain.order import Side
from zoe.domain.ratelimit import TIERS, Action, engine_cost_milli
from zoe.domain.repeg import Amend, Cancel, Now, Policy, Step, Target, Wait, Working
from zoe.domain.strategy import desire
from zoe.domain.strategy.view import Decision, View, Want
from zoe.sandbox.core.market import House

SEED: Final = 7
WARM_UP_SECONDS: Final = 60
STEP_NS: Final = 1_000_000_000
#: In tenths of a dollar: how far a second may move the mid of 90,000, and where the market's own
#: level and the strategy's quotes stand beside it: so far that nothing is ever filled.
STRIDE: Final = 300
LEVEL: Final = 250
AWAY: Final = 9_000
_BPS: Final = Decimal(10_000)


class Restless(SmallMarket):
    """A mid that moves every second, further than any band; nobody takes anything."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._chance = random.Random(seed)
        self._next_ns: int | None = None
        self._middle = 900_000

    def next_ns(self) -> int | None:
        """See MarketModel."""
        return self._next_ns

    def step(self, now_ns: int, house: House) -> None:
        """See MarketModel."""
        self._next_ns = now_ns + STEP_NS
        self._middle += self._chance.randint(-STRIDE, STRIDE)
        for number in tuple(house.orders(SYMBOL)):
            house.cancel(SYMBOL, number)
        house.place(SYMBOL, "buy", self._middle - LEVEL, 50_000_000)
        house.place(SYMBOL, "sell", self._middle + LEVEL, 50_000_000)


@attrs.frozen
class Nothing:
    """What the chaser remembers."""


@attrs.frozen
class Chaser:
    """Wants a bid and an ask at a fixed distance from the mid, and notes what it wanted."""

    noted: list[tuple[int, int, int]]
    pair: str = SYMBOL
    name: str = "chaser"
    slots: tuple[str, ...] = ("bid.0", "ask.0")

    def initial(self) -> Nothing:
        """Nothing."""
        return Nothing()

    def decide(self, state: Nothing, view: View) -> Decision:
        """Both sides of the mid, as it is."""
        touch = view.touch
        if not touch.live or touch.bid is None or touch.ask is None:
            return Decision(state, (), ("WAITS",))
        mid = (touch.bid + touch.ask) // 2
        prices = {Side.BUY: mid - AWAY, Side.SELL: mid + AWAY}
        self.noted.append((view.now_ns, mid - AWAY, mid + AWAY))
        until_ns = view.now_ns + 10_000_000_000
        wants = tuple(
            Want(slot, SYMBOL, side, price, 100_000, True, until_ns, "beside the mid")
            for slot, (side, price) in zip(self.slots, prices.items(), strict=True)
        )
        return Decision(state, wants, ("QUOTING",))


def cancel_and_add(
    target: Target | None, working: tuple[Working, ...], now: Now, policy: Policy
) -> Step:
    """As zoe decides, but for amends: each is a cancel, and an add when the order is gone."""
    step = repeg.decide(target, working, attrs.evolve(now, room=None), policy)
    if not isinstance(step, Amend):
        return step
    age_ns = max(now.wall_ns - working[0].since_ns, 0)
    cost = engine_cost_milli(Action.CANCEL, age_ns) + engine_cost_milli(Action.ADD, None)
    if repeg.affordable(now, cost, age_ns):
        return Cancel(step.intent_id, step.reason)
    return Wait("BUDGET", step.reason)


def measure(tier: str, seconds: int, decide: Any) -> dict[str, Any]:
    """One run: figures of both sides together."""
    noted: list[tuple[int, int, int]] = []
    strategy = StrategyConfig("chaser", Chaser(noted), Nothing)
    world = World(SEED, Setting(strategy, Restless(SEED), tier))
    vars(desire)["decide"] = decide
    try:
        world.start()
        world.runtime.log.listener = None  # what caused what is not asked, and a day of it is large
        world.ready()
        world.run(WARM_UP_SECONDS + seconds)
    finally:
        vars(desire)["decide"] = repeg.decide
    records = [json.loads(line) for line in world.memory.lines()]
    begin_ns = noted[0][0] + WARM_UP_SECONDS * 1_000_000_000
    sides = [_side(records, noted, side, begin_ns) for side in ("buy", "sell")]
    errors = Counter(r["error"] for r in records if r["kind"] == "request" and r["error"])
    kinds = Counter(r["kind"] for r in records)
    resting = sum(side[1] for side in sides)
    return {
        "bps": round(float(sum(side[0] for side in sides) / max(resting, 1)), 3),
        "absent_percent": round(100 - 50 * sum(side[1] / max(side[2], 1) for side in sides), 2),
        "adds": kinds["order_accepted"],
        "amends": kinds["order_amended"],
        "refused_for_limits": sum(n for text, n in errors.items() if "limit" in text.lower()),
        "other_refusals": {t: n for t, n in errors.items() if "limit" not in t.lower()},
    }


def _side(
    records: list[dict[str, Any]], noted: list[tuple[int, int, int]], side: str, begin_ns: int
) -> tuple[Decimal, int, int]:
    """Distance in basis points times nanoseconds, nanoseconds with an order, and all of them."""
    ours = {r["order_id"] for r in records if r["kind"] == "order_accepted" and r["side"] == side}
    moves: list[tuple[int, str, Decimal | None]] = [
        (at_ns, "target", Decimal(buy if side == "buy" else sell) / 10)
        for at_ns, buy, sell in noted
    ]
    for record in records:
        if record.get("order_id") in ours:
            if record["kind"] in ("order_accepted", "order_amended"):
                moves.append((record["ns"], "order", Decimal(record["price"])))
            elif record["kind"] in ("order_canceled", "order_expired", "fill"):
                moves.append((record["ns"], "order", None))
    now: dict[str, Decimal | None] = {"target": None, "order": None}
    area, resting, whole, last_ns = Decimal(0), 0, 0, begin_ns
    for at_ns, what, price in sorted(moves, key=lambda move: move[0]):
        passed = max(at_ns - max(last_ns, begin_ns), 0)
        target, order = now["target"], now["order"]
        if passed and target is not None:
            whole += passed
            if order is not None:
                resting += passed
                area += passed * abs(order - target) / target * _BPS
        now[what], last_ns = price, at_ns
    return area, resting, whole


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=7_200, help="virtual, on each tier")
    parser.add_argument("--tier", choices=list(TIERS), help="only this one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logger.remove()
    found: dict[str, Any] = {"seconds": arguments.seconds, "tiers": {}}
    for tier in (arguments.tier,) if arguments.tier else TIERS:
        ways = {"amend": repeg.decide, "cancel_add": cancel_and_add}
        row = {name: measure(tier, arguments.seconds, way) for name, way in ways.items()}
        row["ratio"] = round(row["amend"]["bps"] / row["cancel_add"]["bps"], 3)
        found["tiers"][tier] = row
        if not arguments.json:
            print(f"{tier}: {_told(row)}", flush=True)
    if arguments.json:
        json.dump(found, sys.stdout, indent=2)
        print()


def _told(row: dict[str, Any]) -> str:
    each = "; ".join(
        f"{name} {row[name]['bps']} bps from target, {row[name]['absent_percent']} % of the time "
        f"without an order, {row[name]['adds']} adds, {row[name]['amends']} amends, "
        f"{row[name]['refused_for_limits']} refused for limits"
        for name in ("amend", "cancel_add")
    )
    return f"{each}; ratio {row['ratio']}"


if __name__ == "__main__":
    main()
