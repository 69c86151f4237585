"""Candles of one pair at every interval that the exchange knows (facts, 1.5 and 2.6)."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from zoe.sandbox.core.clearing import Print
from zoe.sandbox.core.market import PAST_MINUTES, PastBar
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.core.money import nearest

#: In minutes.
INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
#: Closed ones and the running one.
KEPT: Final = 721
MINUTE_NS: Final = 60 * SECOND_NS


@attrs.define(eq=False)
class Candle:
    """One interval; ``begin`` is counted in minutes since the epoch."""

    begin: int
    open: int
    high: int
    low: int
    close: int
    qty: int = 0
    value: int = 0
    count: int = 0

    @property
    def vwap(self) -> int:
        """The average price; 0 where nothing was traded."""
        return nearest(self.value, self.qty) if self.qty else 0


def past_candle(begin: int, bar: PastBar) -> Candle:
    """A bar of the past, at the typical price of its trades."""
    value = bar.qty * (bar.high + bar.low + bar.close) // 3
    return Candle(begin, bar.open, bar.high, bar.low, bar.close, bar.qty, value, bar.count)


class Candles:
    """The candles of one pair; intervals without a trade are made when they are looked at."""

    def __init__(self) -> None:
        self._kept: dict[int, deque[Candle]] = {one: deque(maxlen=KEPT) for one in INTERVALS}
        #: Of one minute, what no interval has yet.
        self._newest: Candle | None = None

    def add(self, trade: Print) -> None:
        """One more trade."""
        minute, price = trade.at_ns // MINUTE_NS, trade.price
        candle = self._newest
        if candle is None or candle.begin != minute:
            self._spread()
            candle = self._newest = Candle(minute, price, price, price, price)
        elif price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.qty += trade.qty
        candle.value += price * trade.qty
        candle.count += 1

    def _spread(self) -> None:
        """Has every interval know what was traded last."""
        newest, self._newest = self._newest, None
        if newest is not None:
            for interval, kept in self._kept.items():
                _join(kept, newest.begin - newest.begin % interval, newest)

    def recall(self, past: Sequence[Candle]) -> None:
        """Candles of PAST_MINUTES before all others, oldest first; shorter ones have no past."""
        self._spread()
        for interval, kept in self._kept.items():
            if interval >= PAST_MINUTES:
                later = tuple(kept)
                kept.clear()
                for candle in (*past, *later):
                    _join(kept, candle.begin - candle.begin % interval, candle)

    def traded(self, interval: int) -> list[Candle]:
        """The candles that have trades, oldest first."""
        self._spread()
        return list(self._kept[interval])

    def all(self, interval: int, now_ns: int) -> list[Candle]:
        """The latest up to the running one, idle ones too, oldest first."""
        self._spread()
        minute = now_ns // MINUTE_NS
        running = minute - minute % interval
        first = running - (KEPT - 1) * interval
        filled = deque[Candle](self._filled(interval, running), KEPT)
        return [candle for candle in filled if candle.begin >= first]

    def _filled(self, interval: int, running: int) -> Iterator[Candle]:
        before: Candle | None = None
        for candle in self._kept[interval]:
            yield from _idle(before, candle.begin, interval)
            yield candle
            before = candle
        yield from _idle(before, running + interval, interval)


def _join(kept: deque[Candle], begin: int, part: Candle) -> None:
    """A part of the candle that begins there, later than what it has."""
    if not kept or kept[-1].begin != begin:
        kept.append(attrs.evolve(part, begin=begin))
        return
    whole = kept[-1]
    whole.high, whole.low = max(whole.high, part.high), min(whole.low, part.low)
    whole.close = part.close
    whole.qty += part.qty
    whole.value += part.value
    whole.count += part.count


def _idle(before: Candle | None, until: int, interval: int) -> Iterator[Candle]:
    """Candles without trades after one; no more than are kept."""
    if before is None:
        return
    first = max(before.begin + interval, until - KEPT * interval)
    for begin in range(first, until, interval):
        yield Candle(begin, *[before.close] * 4)
