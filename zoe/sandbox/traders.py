"""SyntheticMarket: traders that keep the books alive, seeded, and cheap when nothing else happens.

Each pair has a middle that follows what its assets are worth, quotes in layers around it, and
takers. Most takers want a little at the best price; now and then one sweeps a few basis points of
the book, which is what fills a quote that stands behind others.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from heapq import heapify, heapreplace
from random import Random
from typing import Final

import attrs

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.market import House, HouseOrder
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.habits import Habit
from zoe.sandbox.worths import Worths

#: How often a busy pair moves in a second; the first few are, and those that somebody watches.
BUSY_RATE: Final = 2.5
BUSY_PAIRS: Final = 4
#: What many watched pairs share, and what all others do.
BUSY_RATE_IN_ALL: Final = 40.0
CALM_RATE: Final = 0.2
CALM_RATE_IN_ALL: Final = 3.0
#: How often the market looks who watches.
_LOOK_NS: Final = SECOND_NS
#: Levels a side, where there are few pairs and where there are many; changes a side and event.
_LEVELS: Final = 14
_LEVELS_OF_MANY: Final = 11
_MANY: Final = 100
_CHANGES: Final = 3
#: Pairs that act in one step at most, so that nobody waits long for an answer.
_AT_ONCE: Final = 50
#: A middle has at least this many ticks, or its steps would be leaps.
FEWEST_TICKS: Final = 400
SIDES: Final = ("buy", "sell")


@attrs.define(eq=False)
class Trader:
    """Everybody who trades one pair."""

    pair: Pair
    random: Random
    levels: int
    habit: Habit
    #: Events a second.
    rate: float = 1.0
    #: What a middle of worths alone must be multiplied with.
    factor: float = 1.0
    placed: set[int] = attrs.Factory(set)


class SyntheticMarket:
    """See core.market.MarketModel.

    Args:
        rate: Events a second, shared by all pairs alike; None: the first few are busy.
    """

    #: What all pairs that somebody watches share, and what all others do.
    busy_rate_in_all = BUSY_RATE_IN_ALL
    calm_rate_in_all = CALM_RATE_IN_ALL

    def __init__(
        self, pairs: Sequence[Pair], worths: Worths, seed: int, rate: float | None
    ) -> None:
        self._worths = worths
        levels = _LEVELS if len(pairs) <= _MANY else _LEVELS_OF_MANY
        self._traders: list[Trader] = []
        for pair in pairs:
            habit = self._habit(pair, seed)
            most = min(levels, habit.levels)
            self._traders.append(Trader(pair, Random(f"{seed}/{pair.symbol}"), most, habit))
        self._rate = rate
        self._watched = frozenset[str]()
        self._look_ns = 0
        self._due: list[tuple[int, int]] = []
        #: Another one is another exchange, in which nobody has traded yet.
        self._house: House | None = None

    def _habit(self, pair: Pair, seed: int) -> Habit:
        """How this pair is traded."""
        return Habit()

    def next_ns(self) -> int | None:
        """See core.market.MarketModel."""
        return self._due[0][0] if self._due else None

    def step(self, now_ns: int, house: House) -> None:
        """See core.market.MarketModel."""
        if house is not self._house:
            self._house = house
            self._open(now_ns, house)
            return
        if now_ns >= self._look_ns:
            self._look(now_ns, house)
        for _ in range(_AT_ONCE):
            due_ns, number = self._due[0]
            if due_ns > now_ns:
                return
            trader = self._traders[number]
            self._act(trader, now_ns, house)
            heapreplace(self._due, (now_ns + _pause_ns(trader), number))

    def _look(self, now_ns: int, house: House) -> None:
        """Who is watched is livelier from here on."""
        self._look_ns = now_ns + _LOOK_NS
        watched = house.watched()
        if watched == self._watched or self._rate is not None:
            return
        before, self._watched = self._watched, watched
        self._set_rates()
        for place, (_, number) in enumerate(self._due):
            trader = self._traders[number]
            if trader.pair.symbol in watched - before:
                self._due[place] = (now_ns + _pause_ns(trader), number)
        heapify(self._due)

    def _set_rates(self) -> None:
        count = len(self._traders)
        busy = {trader.pair.symbol for trader in self._traders[:BUSY_PAIRS]} | self._watched
        lively = min(BUSY_RATE, self.busy_rate_in_all / len(busy))
        calm = min(CALM_RATE, self.calm_rate_in_all / count)
        for trader in self._traders:
            rate = lively if trader.pair.symbol in busy else calm
            trader.rate = rate if self._rate is None else self._rate / count

    def _open(self, now_ns: int, house: House) -> None:
        self._due.clear()
        self._set_rates()
        for number, trader in enumerate(self._traders):
            trader.placed.clear()
            middle = self._worth_in_units(trader.pair, now_ns)
            last = house.last(trader.pair.symbol)
            if last is not None or middle < FEWEST_TICKS * trader.pair.tick:
                wanted = last or trader.random.uniform(5, 50) * FEWEST_TICKS * trader.pair.tick
                trader.factor = wanted / middle
            resting = house.orders(trader.pair.symbol)
            self._quote(trader, (now_ns, house), resting, trader.levels)
            self._opened(trader, now_ns, house)
            if last is None:
                side = trader.random.choice(SIDES)
                house.take(trader.pair.symbol, side, trader.pair.qty_min, None)
            self._due.append((now_ns + _pause_ns(trader), number))
        heapify(self._due)

    def _opened(self, trader: Trader, now_ns: int, house: House) -> None:
        """A pair's book has been made, and nobody has traded yet."""

    def _worth_in_units(self, pair: Pair, now_ns: int) -> float:
        price = self._worths.at(pair.base, now_ns) / self._worths.at(pair.quote, now_ns)
        return price * math.pow(10, pair.price_decimals)

    def _act(self, trader: Trader, now_ns: int, house: House) -> None:
        resting = house.orders(trader.pair.symbol)
        self._follow_a_hand(trader, now_ns, resting)
        if trader.random.random() < trader.habit.takers:
            self._take(trader, now_ns, house)
        else:
            self._quote(trader, (now_ns, house), resting, _CHANGES)

    def _middle(self, trader: Trader, now_ns: int) -> float:
        return self._worth_in_units(trader.pair, now_ns) * trader.factor

    def _quote(
        self,
        trader: Trader,
        here: tuple[int, House],
        resting: Mapping[int, HouseOrder],
        changes: int,
    ) -> None:
        (now_ns, house), symbol = here, trader.pair.symbol
        layers = _Layers(trader, self._middle(trader, now_ns))
        kept: dict[str, list[int]] = {side: [] for side in SIDES}
        for number, order in resting.items():
            if layers.fits(order):
                kept[order.side].append(order.price)
            else:
                house.cancel(symbol, number)
        for side in SIDES:
            for price in layers.missing(trader.random, side, kept[side], changes):
                qty = self._size(trader, now_ns, trader.habit.quote_size)
                trader.placed.add(house.place(symbol, side, price, qty))

    def _follow_a_hand(
        self, trader: Trader, now_ns: int, resting: Mapping[int, HouseOrder]
    ) -> None:
        """Somebody else placed orders of the house: the middle is where they put it."""
        strange = [resting[number] for number in resting.keys() - trader.placed]
        trader.placed = set(resting)
        if strange:
            middle = self._middle(trader, now_ns)
            bids = [order.price for order in strange if order.side == "buy"]
            asks = [order.price for order in strange if order.side == "sell"]
            spread = 2 * trader.habit.half_spread * middle
            bid = max(bids) if bids else min(asks) - spread
            ask = min(asks) if asks else max(bids) + spread
            trader.factor *= (bid + ask) / 2 / middle

    def _take(self, trader: Trader, now_ns: int, house: House) -> None:
        random, habit = trader.random, trader.habit
        side = self._side(trader)
        if random.random() >= habit.sweeps:
            house.take(
                trader.pair.symbol, side, self._size(trader, now_ns, trader.habit.taker_size), None
            )
            return
        sign = 1 if side == "buy" else -1
        limit = int(self._middle(trader, now_ns) * (1 + sign * random.uniform(*habit.sweep)))
        most = self._units(trader.pair, habit.sweep_most, now_ns)
        house.take(trader.pair.symbol, side, most, limit)

    def _side(self, trader: Trader) -> str:
        """Which side a taker is on."""
        return trader.random.choice(SIDES)

    def _size(self, trader: Trader, now_ns: int, spread: tuple[float, float]) -> int:
        dollars = trader.random.lognormvariate(*spread)
        return self._units(trader.pair, dollars, now_ns)

    def _units(self, pair: Pair, dollars: float, now_ns: int) -> int:
        worth = self._worths.at(pair.base, now_ns)
        return max(pair.qty_min, int(dollars / worth * math.pow(10, pair.qty_decimals)))


class _Layers:
    """Where the house's orders may stand: from half a spread to as many gaps as there are levels."""

    def __init__(self, trader: Trader, middle: float) -> None:
        tick, habit, levels = trader.pair.tick, trader.habit, trader.levels
        self._tick, self._middle, self._levels = tick, middle, levels
        self._half_spread = max(middle * habit.half_spread, tick / 2)
        self._gap = max(middle * habit.gap, tick)
        # Some slots stay empty, where a tick is as wide as a gap.
        self._slots = levels + levels // 2
        nearest, furthest = (
            self._half_spread * 0.7,
            self._half_spread + self._gap * (self._slots + 1),
        )
        self._spans = {
            "buy": (middle - furthest, middle - nearest),
            "sell": (middle + nearest, middle + furthest),
        }

    def fits(self, order: HouseOrder) -> bool:
        """Whether it is not too near to the middle and not too far from it."""
        lowest, highest = self._spans[order.side]
        return lowest <= order.price <= highest

    def missing(self, random: Random, side: str, kept: list[int], changes: int) -> list[int]:
        """Prices of new orders, the best first; none nearer than half a gap to another."""
        there = sorted(kept)
        prices: list[int] = []
        wanted = min(changes, self._levels - len(kept))
        for level in range(self._slots):
            if len(prices) >= wanted:
                break
            price = self._price(side, level + random.random() / 2)
            place = bisect_left(there, price)
            near = any(
                abs(price - other) < self._gap / 2 for other in there[max(0, place - 1) :][:2]
            )
            if price > 0 and not near:
                prices.append(price)
                there.insert(place, price)
        return prices

    def _price(self, side: str, level: float) -> int:
        distance = self._half_spread + self._gap * level
        if side == "buy":
            return math.floor((self._middle - distance) / self._tick) * self._tick
        return math.ceil((self._middle + distance) / self._tick) * self._tick


def _pause_ns(trader: Trader) -> int:
    return int(trader.random.expovariate(trader.rate) * SECOND_NS)
