"""LivelyMarket: synthetic traders with an edge to find and to lose, for strategies to be judged.

Three kinds of pairs: narrow and deep majors, middling ones, and a long tail of thin ones whose
spreads are wide and whose takers seldom come. What the assets are worth has bursts, trends and news
(see weather). A pair follows its worth with a lag and errs by itself, so that its siblings in other
quote currencies know better for a while; people who trade elsewhere too close what is left beyond
their costs, and some takers know which side is wrong. A history of five-minute bars precedes the
opening.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Final

import attrs

from zoe.sandbox import habits
from zoe.sandbox import pairs as known
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.market import House
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.habits import Habit
from zoe.sandbox.past import Past
from zoe.sandbox.traders import FEWEST_TICKS, SIDES, SyntheticMarket, Trader
from zoe.sandbox.weather import Weather

#: What all pairs that somebody watches share: each of a hundred moves every second, and so is quoted
#: by whoever wants fresh books.
BUSY_RATE_IN_ALL: Final = 100.0
#: What all others share: each of a thousand moves every five seconds.
CALM_RATE_IN_ALL: Final = 200.0


def opening_worths(pairs: Sequence[Pair], seed: int) -> dict[str, float]:
    """What assets are worth at first: enough of it that no pair's ticks are leaps."""
    worths = {name: float(row[2]) for name, row in known.ASSETS.items()}
    least: dict[str, float] = {}
    for pair in pairs:
        if pair.base not in worths:
            ticks = FEWEST_TICKS * pair.tick / math.pow(10, pair.price_decimals)
            needed = ticks * worths.get(pair.quote, 1.0)
            least[pair.base] = max(least.get(pair.base, 0.0), needed)
    for base, needed in least.items():
        random = Random(f"{seed}/{base}/opening")
        worths[base] = max(needed * random.uniform(2, 25), random.uniform(0.02, 5))
    return worths


@attrs.define(eq=False)
class _Follower:
    """A pair's own idea of its middle: how far the logarithm errs, and of which moment."""

    random: Random
    off: float = 0.0
    worth: float = 0.0
    at_ns: int = 0

    def at(self, worth: float, habit: Habit, now_ns: int) -> float:
        """The middle, given what the pair is worth by now."""
        if not self.worth:
            self.worth, self.at_ns = worth, now_ns
        seconds = (now_ns - self.at_ns) / SECOND_NS
        if seconds > 0:
            # What the worth has done meanwhile is not known here yet.
            self.off -= math.log(worth / self.worth)
            kept = math.exp(-seconds / habit.lag_seconds)
            spread = habit.noise * math.sqrt(habit.lag_seconds / 2 * (1 - kept * kept))
            self.off = self.off * kept + self.random.gauss(0, spread)
            self.worth, self.at_ns = worth, now_ns
        return worth * math.exp(self.off)


class LivelyMarket(SyntheticMarket):
    """See core.market.MarketModel, and the module."""

    busy_rate_in_all = BUSY_RATE_IN_ALL
    calm_rate_in_all = CALM_RATE_IN_ALL

    def __init__(
        self, pairs: Sequence[Pair], weather: Weather, seed: int, rate: float | None
    ) -> None:
        super().__init__(pairs, weather, seed, rate)
        self._past = Past(seed, weather)
        self._followers = {
            pair.symbol: _Follower(Random(f"{seed}/{pair.symbol}/lag")) for pair in pairs
        }

    def _habit(self, pair: Pair, seed: int) -> Habit:
        return habits.lively(pair, seed)

    def _opened(self, trader: Trader, now_ns: int, house: House) -> None:
        middle = self._middle(trader, now_ns)
        what = (trader.pair, trader.habit, middle)
        house.recall(trader.pair.symbol, self._past.day(*what), self._past.bars(*what))

    def _worth(self, trader: Trader, now_ns: int) -> float:
        return super()._middle(trader, now_ns)

    def _middle(self, trader: Trader, now_ns: int) -> float:
        follower = self._followers[trader.pair.symbol]
        return follower.at(self._worth(trader, now_ns), trader.habit, now_ns)

    def _act(self, trader: Trader, now_ns: int, house: House) -> None:
        factor = trader.factor
        self._close_the_gap(trader, now_ns, house)
        super()._act(trader, now_ns, house)
        if trader.factor != factor:  # a hand has moved it: that is what it is worth
            self._followers[trader.pair.symbol].worth = self._worth(trader, now_ns)

    def _close_the_gap(self, trader: Trader, now_ns: int, house: House) -> None:
        """Somebody who trades elsewhere too takes what is beyond their costs."""
        self._middle(trader, now_ns)
        follower, habit = self._followers[trader.pair.symbol], trader.habit
        if abs(follower.off) <= habit.arbitrage:
            return
        side, sign = ("buy", 1) if follower.off < 0 else ("sell", -1)
        follower.off = -sign * habit.arbitrage / 2
        limit = int(self._middle(trader, now_ns) * (1 + sign * habit.half_spread / 2))
        most = self._units(trader.pair, habit.sweep_most, now_ns)
        house.take(trader.pair.symbol, side, most, limit)

    def _side(self, trader: Trader) -> str:
        off = self._followers[trader.pair.symbol].off
        if off and trader.random.random() < trader.habit.informed:
            return "buy" if off < 0 else "sell"
        return trader.random.choice(SIDES)
