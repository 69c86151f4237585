"""Bars of one minute, exactly: trades are folded in, in whatever order they come and however late.

A minute is the exchange's own. A bar is *whole* where every trade of its minute was heard.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from typing import Final, Protocol

import attrs

from zoe.domain.quantity import EXACT

MINUTE_NS: Final = 60_000_000_000
#: A minute's trades may come so long after its end and are in its first bar; later ones change it.
GRACE_NS: Final = 2_000_000_000
#: Trades that come later than this after the end of their minute find its bar gone.
LATEST_NS: Final = 120_000_000_000
#: Idle minutes in a row that have bars: after a longer silence something else is wrong.
MOST_IDLE: Final = 60
#: Minutes that are being made at once, whatever times somebody invents: of an exchange whose clock is
#: right there are four, and as many as the trades that a subscription begins with.
MOST_MINUTES: Final = 256
#: Newest trades by which a repeated one is known.
_REMEMBERED: Final = 64
#: An average of prices is no exact number.
_AVERAGE: Final = Context(prec=18)
_NOTHING: Final = Decimal(0)


@attrs.frozen
class Bar:
    """What was traded of a pair in one minute; an idle one has the close before it four times.

    Attributes:
        begin_ns: Where the minute begins.
        vwap: Average price weighted by volume, to 18 digits; 0 for an idle minute.
        trades: How many there were.
    """

    begin_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    vwap: Decimal
    trades: int
    whole: bool


def contradicts_itself(bar: Bar) -> bool:
    """Whether it cannot be what was traded in a minute."""
    inside = all(bar.low <= price <= bar.high for price in (bar.open, bar.close))
    return not (inside and bar.low > 0 and bar.volume >= 0 and bar.trades >= 0)


class Trade(Protocol):
    """As much of a trade as a bar needs; ids of a pair grow with time."""

    @property
    def trade_id(self) -> int:
        """The exchange's number."""

    @property
    def exchange_ns(self) -> int:
        """The exchange's time."""

    @property
    def price(self) -> Decimal:
        """Greater than 0."""

    @property
    def quantity(self) -> Decimal:
        """Greater than 0."""


class _Minute:
    """A bar that is being made."""

    __slots__ = ("close", "cost", "first", "high", "last", "low", "open", "trades", "volume")

    def __init__(self, one: Trade) -> None:
        self.open = self.high = self.low = self.close = one.price
        self.first = self.last = (one.exchange_ns, one.trade_id)
        self.volume = one.quantity
        self.cost = EXACT.multiply(one.price, one.quantity)
        self.trades = 1

    def fold(self, one: Trade) -> None:
        """One more trade, which may be older than those before it."""
        place, price = (one.exchange_ns, one.trade_id), one.price
        if place >= self.last:
            self.last, self.close = place, price
        elif place < self.first:
            self.first, self.open = place, price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.volume = EXACT.add(self.volume, one.quantity)
        self.cost = EXACT.fma(price, one.quantity, self.cost)
        self.trades += 1

    def bar(self, begin_ns: int, *, whole: bool) -> Bar:
        """The bar as it stands."""
        vwap = _AVERAGE.divide(self.cost, self.volume) if self.volume else _NOTHING
        prices = (self.open, self.high, self.low, self.close)
        return Bar(begin_ns, *prices, self.volume, vwap, self.trades, whole)


class Bars:
    """The bars of one pair, as far as one connection has heard its trades.

    Args:
        since_ns: From when on every trade is heard; None where nobody knows.
    """

    def __init__(self, since_ns: int | None = None) -> None:
        self._since_ns = since_ns
        self._minutes: dict[int, _Minute] = {}
        self._changed: set[int] = set()
        self._newest = -1
        self._remembered: deque[int] = deque(maxlen=_REMEMBERED)
        #: Up to where minutes have been told of, and the last price known there.
        self._told_ns: int | None = None
        self._close: Decimal | None = None
        #: Minutes before this have been looked at; before the other, they are forgotten.
        self._ended_ns = 0
        self._kept_ns = 0
        #: Whether a trade has come since for a minute that was looked at.
        self.late = False

    def fold(self, trades: Iterable[Trade]) -> None:
        """More trades; one that was there already changes nothing."""
        for one in trades:
            if one.trade_id > self._newest:
                self._newest = one.trade_id
            elif one.trade_id in self._remembered:
                continue
            self._remembered.append(one.trade_id)
            begin_ns = one.exchange_ns // MINUTE_NS * MINUTE_NS
            minute = self._minutes.get(begin_ns)
            if minute is not None:
                minute.fold(one)
            elif self._has_room(begin_ns):
                self._minutes[begin_ns] = _Minute(one)
            else:
                continue
            self._changed.add(begin_ns)
            if begin_ns < self._ended_ns:
                self.late = True

    def _has_room(self, begin_ns: int) -> bool:
        """Whether there is room for one more minute: the one farthest ahead makes it for earlier ones."""
        if len(self._minutes) < MOST_MINUTES:
            return True
        farthest_ns = max(self._minutes)
        if begin_ns > farthest_ns:
            return False
        del self._minutes[farthest_ns]
        self._changed.discard(farthest_ns)
        return True

    def missed(self, at_ns: int) -> None:
        """A trade was heard and could not be read: no bar until then is whole."""
        if self._since_ns is not None:
            self._since_ns = max(self._since_ns, at_ns)

    def closed(self, now_ns: int) -> list[Bar]:
        """The minutes that have ended since the last call, and those that late trades changed."""
        end_ns = ended_at(now_ns)
        self._ended_ns, self.late = max(self._ended_ns, end_ns), False
        ended = sorted(begin_ns for begin_ns in self._changed if begin_ns < end_ns)
        self._changed.difference_update(ended)
        told = [self._bar(begin_ns) for begin_ns in (*self._idle(end_ns), *ended)]
        self._kept_ns = max(self._kept_ns, end_ns - LATEST_NS)
        for begin_ns in [b for b in self._minutes if b < self._kept_ns]:
            del self._minutes[begin_ns]
        return sorted((bar for bar in told if bar is not None), key=lambda bar: bar.begin_ns)

    def _idle(self, end_ns: int) -> Iterator[int]:
        """The minutes without a trade that have ended, of those in which one would have been heard."""
        if self._since_ns is None:
            return
        first_ns = self._told_ns
        if first_ns is None:
            first_ns = -(-self._since_ns // MINUTE_NS) * MINUTE_NS
        self._told_ns = max(end_ns, first_ns)
        if (end_ns - first_ns) // MINUTE_NS > MOST_IDLE:
            return
        for begin_ns in range(first_ns, end_ns, MINUTE_NS):
            if begin_ns not in self._minutes:
                yield begin_ns

    def _bar(self, begin_ns: int) -> Bar | None:
        minute = self._minutes.get(begin_ns)
        if minute is not None:
            whole = self._since_ns is not None and begin_ns >= max(self._since_ns, self._kept_ns)
            return minute.bar(begin_ns, whole=whole)
        close = self._close_before(begin_ns)
        if close is None:
            return None
        return Bar(begin_ns, close, close, close, close, _NOTHING, _NOTHING, 0, whole=True)

    def _close_before(self, begin_ns: int) -> Decimal | None:
        earlier = max((b for b in self._minutes if b < begin_ns), default=None)
        if earlier is not None:
            self._close = self._minutes[earlier].close
        return self._close


def ended_at(now_ns: int) -> int:
    """Minutes that begin earlier have ended, and a while ago."""
    return (now_ns - GRACE_NS) // MINUTE_NS * MINUTE_NS


def missing(known: Iterable[int], begin_ns: int, end_ns: int) -> tuple[int, ...]:
    """The minutes from ``begin_ns`` until ``end_ns``, exclusive, that are not among those known."""
    there = set(known)
    return tuple(b for b in range(begin_ns, end_ns, MINUTE_NS) if b not in there)
