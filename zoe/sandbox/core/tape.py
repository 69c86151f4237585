"""Public trades and tickers: the trade and ticker channels and the day's figures (facts, 2.5, 2.6)."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import attrs

from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.candles import KEPT as KEPT_CANDLES
from zoe.sandbox.core.candles import MINUTE_NS, Candle, Candles, past_candle
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.clearing import Print
from zoe.sandbox.core.market import PAST_MINUTES, PastBar
from zoe.sandbox.core.moments import SECOND_NS, rfc3339, rfc3339_nanoseconds
from zoe.sandbox.core.money import nearest, number, text
from zoe.sandbox.core.outbox import Outbox, Session
from zoe.sandbox.core.world import World

KEPT: Final = 1_000
SNAPSHOT: Final = 50
_SPREADS: Final = 200
_SNAPSHOT_CANDLES: Final = 50
HOUR_NS: Final = 3_600 * SECOND_NS
_HOURS: Final = 24


@attrs.define(eq=False)
class Hour:
    """What was traded in one hour."""

    number: int
    open: int
    high: int
    low: int
    last: int
    qty: int = 0
    value: int = 0
    count: int = 0

    def add(self, trade: Print) -> None:
        """One more trade."""
        price, qty = trade.price, trade.qty
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.last = price
        self.qty += qty
        self.value += qty * price
        self.count += 1

    def add_past(self, candle: Candle) -> None:
        """One more candle of this hour."""
        self.high, self.low = max(self.high, candle.high), min(self.low, candle.low)
        self.last = candle.close
        self.qty += candle.qty
        self.value += candle.value
        self.count += candle.count


@attrs.frozen
class Figures:
    """Price and volume figures of a span of time; zeros where nothing was traded."""

    open: int = 0
    high: int = 0
    low: int = 0
    qty: int = 0
    vwap: int = 0
    count: int = 0


@attrs.define(eq=False)
class _Kept:
    trades: deque[Print] = attrs.Factory(lambda: deque(maxlen=KEPT))
    hours: deque[Hour] = attrs.Factory(lambda: deque(maxlen=_HOURS + 1))
    fresh: list[Print] = attrs.Factory(list)
    candles: Candles = attrs.Factory(Candles)
    #: Trades that neither hours nor candles have: they are counted when somebody looks.
    uncounted: list[Print] = attrs.Factory(list)
    spreads: deque[tuple[int, int, int]] = attrs.Factory(lambda: deque(maxlen=_SPREADS))
    best: tuple[int | None, int | None] = (None, None)
    #: Candles of the past, the newest first, that nobody has looked at yet.
    past: Iterator[Candle] | None = None

    def add(self, trade: Print) -> None:
        """One more trade."""
        self.trades.append(trade)
        self.fresh.append(trade)
        self.uncounted.append(trade)
        if len(self.uncounted) >= KEPT:
            self.count()

    def count(self) -> None:
        """Has hours and candles know what was traded last."""
        uncounted, self.uncounted = self.uncounted, []
        for trade in uncounted:
            self.candles.add(trade)
            hour, price = trade.at_ns // HOUR_NS, trade.price
            if not self.hours or self.hours[-1].number != hour:
                self.hours.append(Hour(hour, price, price, price, price))
            self.hours[-1].add(trade)


class Tape:
    """Keeps what was traded and tells the subscribers."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world = world
        self._outbox = outbox
        self._kept: dict[str, _Kept] = {}

    def traded(self, pair: Pair, trade: Print) -> None:
        """See engine.Listener."""
        self._of(pair.symbol).add(trade)

    def recall(self, symbol: str, day: Sequence[PastBar], bars: Iterator[PastBar]) -> None:
        """See market.House; to be called before the first trade."""
        minute = self._world.now_ns // MINUTE_NS
        first = minute - minute % PAST_MINUTES
        kept = self._of(symbol)
        kept.past = (past_candle(first - n * PAST_MINUTES, bar) for n, bar in enumerate(bars, 1))
        for back in range(len(day), 0, -1):
            bar = past_candle(0, day[back - 1])
            hour = Hour(minute // 60 - back, bar.open, bar.high, bar.low, bar.close)
            hour.add_past(bar)
            kept.hours.append(hour)

    def tell(self, symbol: str) -> None:
        """Sends what happened since the last time."""
        kept, pair = self._of(symbol), self._world.catalog.pairs[symbol]
        book = self._world.books[symbol]
        before, kept.best = kept.best, (book.bids.best, book.asks.best)
        if not kept.fresh and before == kept.best:
            return
        fresh, kept.fresh = kept.fresh, []
        sessions = tuple(self._outbox.sessions.values())
        triggers = []
        if fresh:
            triggers.append("trades")
            self._tell_trades(pair, sessions, fresh)
            self._tell_candles(pair, sessions)
        if before != kept.best:
            triggers.append("bbo")
            at = self._world.now_ns // SECOND_NS
            kept.spreads.append((at, kept.best[0] or 0, kept.best[1] or 0))
        told = [session for session in sessions if session.tickers.get(symbol) in triggers]
        if told:
            payload = self._ticker_frame(pair, "update")
            for session in told:
                self._outbox.frame(session, "ticker", payload)

    def _tell_trades(self, pair: Pair, sessions: tuple[Session, ...], fresh: list[Print]) -> None:
        told = [session for session in sessions if pair.symbol in session.trades]
        if told:
            payload = self._trades_frame(pair, "update", fresh)
            for session in told:
                self._outbox.frame(session, "trade", payload)

    def _tell_candles(self, pair: Pair, sessions: tuple[Session, ...]) -> None:
        """The running candle, after a trade."""
        for session in sessions:
            for interval in session.candles.get(pair.symbol, ()):
                running = self._counted(pair.symbol).candles.traded(interval)[-1:]
                payload = self._candles_frame(pair, "update", interval, running)
                self._outbox.frame(session, "ohlc", payload)

    def candles_snapshot(self, session: Session, pair: Pair, interval: int) -> None:
        """The latest candles with trades."""
        latest = self.candles(pair.symbol).traded(interval)[-_SNAPSHOT_CANDLES:]
        payload = self._candles_frame(pair, "snapshot", interval, latest)
        self._outbox.frame(session, "ohlc", payload)

    def _candles_frame(self, pair: Pair, kind: str, interval: int, candles: list[Candle]) -> bytes:
        def price(units: int) -> object:
            return number(units, pair.price_decimals)

        rows = [
            {
                "symbol": pair.symbol,
                "open": price(candle.open),
                "high": price(candle.high),
                "low": price(candle.low),
                "close": price(candle.close),
                "trades": candle.count,
                "volume": number(candle.qty, pair.qty_decimals),
                "vwap": price(candle.vwap),
                "interval_begin": rfc3339_nanoseconds(candle.begin * MINUTE_NS),
                "interval": interval,
                "timestamp": rfc3339((candle.begin + interval) * MINUTE_NS),
            }
            for candle in candles
        ]
        at = rfc3339_nanoseconds(self._world.now_ns)
        return encode({"channel": "ohlc", "type": kind, "timestamp": at, "data": rows})

    def candles(self, symbol: str) -> Candles:
        """The candles of one pair; with its past, which is made when somebody first looks."""
        kept = self._counted(symbol)
        if kept.past is not None:
            latest = list(islice(kept.past, KEPT_CANDLES))
            kept.past = None
            kept.candles.recall(latest[::-1])
        return kept.candles

    def trades(self, symbol: str) -> list[Print]:
        """The latest, oldest first."""
        return list(self._of(symbol).trades)

    def spreads(self, symbol: str) -> list[tuple[int, int, int]]:
        """When the best prices changed, in seconds, and what they were; oldest first."""
        return list(self._of(symbol).spreads)

    def trades_snapshot(self, session: Session, pair: Pair) -> None:
        """The latest trades."""
        kept = list(self._of(pair.symbol).trades)[-SNAPSHOT:]
        self._outbox.frame(session, "trade", self._trades_frame(pair, "snapshot", kept))

    def ticker_snapshot(self, session: Session, pair: Pair) -> None:
        """The ticker as it is."""
        self._outbox.frame(session, "ticker", self._ticker_frame(pair, "snapshot"))

    def watched(self) -> frozenset[str]:
        """Pairs whose book or trades somebody listens to."""
        sessions = self._outbox.sessions.values()
        return frozenset(symbol for each in sessions for symbol in (*each.depths, *each.trades))

    def figures(self, symbol: str, *, today: bool) -> Figures:
        """The figures of the last 24 hours, or since midnight UTC."""
        hour = self._world.now_ns // HOUR_NS
        first = hour - hour % _HOURS if today else hour - _HOURS
        hours = [kept for kept in self._counted(symbol).hours if kept.number >= first]
        if not hours:
            return Figures()
        qty = sum(kept.qty for kept in hours)
        vwap = nearest(sum(kept.value for kept in hours), qty)
        high, low = max(kept.high for kept in hours), min(kept.low for kept in hours)
        return Figures(hours[0].open, high, low, qty, vwap, sum(kept.count for kept in hours))

    def last(self, symbol: str) -> Print | None:
        """The last trade since the start."""
        trades = self._of(symbol).trades
        return trades[-1] if trades else None

    def _of(self, symbol: str) -> _Kept:
        kept = self._kept.get(symbol)
        if kept is None:
            kept = self._kept[symbol] = _Kept()
        return kept

    def _counted(self, symbol: str) -> _Kept:
        kept = self._of(symbol)
        kept.count()
        return kept

    def _trades_frame(self, pair: Pair, kind: str, trades: list[Print]) -> bytes:
        rows = ",".join(
            f'{{"symbol":"{pair.symbol}","side":"{trade.side}",'
            f'"price":{text(trade.price, pair.price_decimals)},'
            f'"qty":{text(trade.qty, pair.qty_decimals)},"ord_type":"{trade.order_type}",'
            f'"trade_id":{trade.trade_id},"timestamp":"{rfc3339(trade.at_ns)}"}}'
            for trade in trades
        )
        return f'{{"channel":"trade","type":"{kind}","data":[{rows}]}}'.encode()

    def _ticker_frame(self, pair: Pair, kind: str) -> bytes:
        book, day = self._world.books[pair.symbol], self.figures(pair.symbol, today=False)
        (bid, bid_qty), (ask, ask_qty) = (_best(book.bids.top(1)), _best(book.asks.top(1)))
        last = self._world.last_price.get(pair.symbol, 0)
        change = last - day.open if day.open else 0
        percent = nearest(abs(change) * 10_000, day.open) if day.open else 0
        at, price, qty = rfc3339(self._world.now_ns), pair.price_decimals, pair.qty_decimals
        # Made by hand: it is the frame that is sent most often.
        return (
            f'{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{pair.symbol}",'
            f'"bid":{text(bid, price)},"bid_qty":{text(bid_qty, qty)},'
            f'"ask":{text(ask, price)},"ask_qty":{text(ask_qty, qty)},'
            f'"last":{text(last, price)},"volume":{text(day.qty, qty)},'
            f'"vwap":{text(day.vwap, price)},"low":{text(day.low, price)},'
            f'"high":{text(day.high, price)},"change":{text(change, price)},'
            f'"change_pct":{text(percent if change >= 0 else -percent, 2)},'
            f'"timestamp":"{at}"}}]}}'
        ).encode()


def _best(levels: list[tuple[int, int]]) -> tuple[int, int]:
    return levels[0] if levels else (0, 0)
