"""What a strategist sees of the market: newest quotes, tapes, bars and siblings; a part of that actor.

Built from delivered messages only. Everything is kept by pair; what a View shows is made when it is asked for.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from operator import is_not
from typing import Final

import attrs

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.scan import Seen
from zoe.domain.strategy import fair_value
from zoe.domain.strategy.fair_value import Leg, Own, Weighing
from zoe.domain.strategy.market import Book, BookState, Level, Sibling, Sweep, Tape, without_own
from zoe.domain.strategy.routes import Route, routes
from zoe.domain.strategy.view import Bar, Touch, quick_touch
from zoe.messages.market import CandleSeen, Quote, TradePrints

FIVE_MINUTES_NS: Final = 300_000_000_000
#: A book of which nothing was heard for so long has not been followed without a gap.
GAP_NS: Final = 30_000_000_000
_BOOK: Final = quick(Book)
_SIBLING: Final = quick(Sibling)


@attrs.define
class _Seen:
    """What is known of one pair."""

    quote: Quote | None = None
    #: Since when its book is live without a gap; None while it is not.
    live_since_ns: int | None = None
    heard_ns: int = 0
    bars: tuple[Bar, ...] = ()
    #: What was traded since the last View, and in the last five minutes. Of a sibling there is no View.
    signed: int = 0
    prints: int = 0
    low: int | None = None
    high: int | None = None
    sweeps: deque[tuple[int, Sweep]] = attrs.field(factory=deque)
    recent: deque[tuple[int, int]] = attrs.field(factory=deque)
    recent_sum: int = 0
    told: tuple[int, Decimal] | None = None
    own: tuple[Quote, tuple[Level, ...], Own | None] | None = None

    def forget_before(self, from_ns: int) -> None:
        """Trades of earlier are in no View to come."""
        while self.recent and self.recent[0][0] < from_ns:
            self.recent_sum -= self.recent.popleft()[1]
        while self.sweeps and self.sweeps[0][0] < from_ns:
            self.sweeps.popleft()


class Eyes:
    """The market as far as it was told.

    Args:
        weighing: How a fair value is made of a book, for siblings; None where none are shown.
        ours: Price and quantity of our own orders in a pair; a bid's quantity is negative.
        bars: So many closed bars of a pair are kept.
    """

    def __init__(
        self, weighing: Weighing | None, ours: Callable[[str], tuple[Level, ...]], bars: int
    ) -> None:
        self._weighing = weighing
        self._ours = ours
        self._bars_kept = bars
        self._pairs: dict[str, _Seen] = {}
        self.catalog: Catalog | None = None
        self._routes: dict[str, tuple[Route, ...]] = {}
        #: The newest conversion of a sibling, with the estimates that it was made of.
        self._converted: dict[tuple[str, str], tuple[tuple[Own, ...], Sibling]] = {}
        self.tickers: Mapping[str, Seen] = {}

    def of(self, symbol: str) -> Instrument | None:
        """The pair as the catalogue has it."""
        return None if self.catalog is None else self.catalog.instruments.get(symbol)

    def learn(self, catalog: Catalog) -> None:
        """A new catalogue: other pairs may be siblings now, and a pair may be counted otherwise."""
        before = {} if self.catalog is None else self.catalog.instruments
        self.catalog = catalog
        self._routes.clear()
        self._converted.clear()
        for symbol in tuple(self._pairs):
            old, new = before.get(symbol), catalog.instruments.get(symbol)
            if old is not None and new is not None and _precision(old) != _precision(new):
                del self._pairs[symbol]

    def wanted(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Pairs, their siblings, and the pairs by which those are converted."""
        found = dict.fromkeys(symbols)
        for symbol in tuple(found):
            for route in self._routes_of(symbol):
                found |= dict.fromkeys((route.sibling, *(rate for rate, _ in route.rates)))
        return tuple(found)

    def keep(self, symbols: Iterable[str], now_ns: int) -> None:
        """Forgets the others, but for those that were heard of just before: they may come back."""
        for symbol in self._pairs.keys() - set(symbols):
            if now_ns - self._pairs[symbol].heard_ns > GAP_NS:
                del self._pairs[symbol]

    def quote(self, quote: Quote, now_ns: int) -> None:
        """The newest quote of a pair."""
        seen = self._pairs.setdefault(quote.symbol, _Seen())
        gone = now_ns - seen.heard_ns > GAP_NS
        if not quote.live:
            seen.live_since_ns = None
        elif seen.live_since_ns is None or gone:
            seen.live_since_ns = now_ns
        seen.quote, seen.heard_ns = quote, now_ns

    def focused_seconds(self, symbol: str, now_ns: int) -> int:
        """So long the pair's book has been followed without a gap."""
        seen = self._pairs.get(symbol)
        if seen is None or seen.live_since_ns is None or now_ns - seen.heard_ns > GAP_NS:
            return 0
        return (now_ns - seen.live_since_ns) // 1_000_000_000

    def trades(self, news: TradePrints, now_ns: int) -> None:
        """What was traded; what only the sums tell of counts for the volume."""
        pair, seen = self.of(news.symbol), self._pairs.setdefault(news.symbol, _Seen())
        if pair is None:
            return
        sweep: Sweep | None = None
        for trade in news.trades:
            side = Side(trade.side)
            price = _units(trade.price, pair.price_precision)
            quantity = _units(trade.quantity, pair.qty_precision)
            seen.signed += quantity if side is Side.BUY else -quantity
            seen.prints += 1
            seen.low = price if seen.low is None else min(seen.low, price)
            seen.high = price if seen.high is None else max(seen.high, price)
            if sweep is not None and (sweep.side, sweep.at_ns) == (side, trade.exchange_ns):
                further = max if side is Side.BUY else min
                reached = further(sweep.price, price)
                sweep = Sweep(side, reached, sweep.quantity + quantity, sweep.at_ns)
                seen.sweeps[-1] = (now_ns, sweep)
            else:
                sweep = Sweep(side, price, quantity, trade.exchange_ns)
                seen.sweeps.append((now_ns, sweep))
        self._count(seen, news, pair, now_ns)

    @staticmethod
    def _count(seen: _Seen, news: TradePrints, pair: Instrument, now_ns: int) -> None:
        before, seen.told = seen.told, (news.count, news.volume)
        told = sum((trade.quantity for trade in news.trades), Decimal(0))
        if before is not None and news.count >= before[0]:
            told = news.volume - before[1]
        quantity = _units(told, pair.qty_precision)
        seen.recent.append((now_ns, quantity))
        seen.recent_sum += quantity
        seen.forget_before(now_ns - FIVE_MINUTES_NS)

    def bars(self, symbol: str, candles: Iterable[CandleSeen]) -> None:
        """Closed candles; those that are known change nothing."""
        pair, seen = self.of(symbol), self._pairs.setdefault(symbol, _Seen())
        if pair is None:
            return
        last_ns = seen.bars[-1].close_ns if seen.bars else 0
        made = (_bar(candle, pair) for candle in candles)
        fresh = tuple(bar for bar in made if bar.close_ns > last_ns)
        if fresh and self._bars_kept:
            seen.bars = (*seen.bars, *fresh)[-self._bars_kept :]

    def closed_bars(self, symbol: str) -> tuple[Bar, ...]:
        """Closed bars of five minutes, oldest first; the same object until one more has closed."""
        seen = self._pairs.get(symbol)
        return () if seen is None else seen.bars

    def bars_shown(self, symbol: str) -> tuple[tuple[str, tuple[Bar, ...]], ...]:
        """Closed bars as a View has them; none for a pair of which none were told."""
        bars = self.closed_bars(symbol)
        return (("5m", bars),) if bars else ()

    def touch(self, symbol: str, now_ns: int) -> Touch | None:
        """The best prices; None before the first quote, and for one that is counted otherwise."""
        pair, seen = self.of(symbol), self._pairs.get(symbol)
        quote = None if seen is None else seen.quote
        if pair is None or quote is None:
            return None
        if (quote.price_precision, quote.qty_precision) != _precision(pair):
            return None
        age_ms = quote.age_ns(now_ns) // 1_000_000
        best = (quote.bid, quote.bid_qty, quote.ask, quote.ask_qty)
        return quick_touch(*best, age_ms, quote.live, quote.exchange_ns, quote.received_ns)

    def book(self, symbol: str, now_ns: int) -> Book | None:
        """The levels without our own orders; None before the first quote."""
        seen = self._pairs.get(symbol)
        quote = None if seen is None else seen.quote
        if quote is None:
            return None
        bids, asks = _others(quote, self._ours(symbol))
        state = BookState.LIVE if quote.live else BookState.RESYNCING
        return _BOOK(bids, asks, state, quote.age_ns(now_ns) // 1_000_000, quote.received_ns)

    def tape(self, symbol: str, now_ns: int) -> Tape:
        """What was traded since it was last asked for."""
        seen = self._pairs.setdefault(symbol, _Seen())
        seen.forget_before(now_ns - FIVE_MINUTES_NS)
        shown = Tape(
            *(seen.signed, seen.prints, seen.low, seen.high),
            tuple([sweep for _, sweep in seen.sweeps]),
            volume_5m=seen.recent_sum,
        )
        seen.signed, seen.prints, seen.low, seen.high = 0, 0, None, None
        seen.sweeps.clear()
        return shown

    def siblings(self, symbol: str, now_ns: int) -> tuple[Sibling, ...]:
        """The same base in other quote currencies, as far as all prices on the way are known."""
        pair = self.of(symbol)
        if pair is None or self._weighing is None:
            return ()
        found = (self._sibling(pair, route, now_ns) for route in self._routes_of(symbol))
        return tuple(sibling for sibling in found if sibling is not None)

    def _sibling(self, pair: Instrument, route: Route, now_ns: int) -> Sibling | None:
        theirs = self._leg(route.sibling, now_ns)
        if theirs is None:
            return None
        rates: list[Leg] = []
        for symbol, inverted in route.rates:
            rate = self._leg(symbol, now_ns, inverted=inverted)
            if rate is None:
                return None
            rates.append(rate)
        owns = (theirs.own, *(rate.own for rate in rates))
        known = self._converted.get((pair.symbol, route.sibling))
        if known is None or any(map(is_not, known[0], owns)):
            made = fair_value.converted(route.sibling, theirs, rates, None, pair.price_precision)
            known = self._converted[pair.symbol, route.sibling] = (owns, made)
        # Prices that stand grow older all the same.
        age_ms = max(theirs.age_ms, max(rate.age_ms for rate in rates))
        made = known[1]
        return _SIBLING(made.symbol, made.fair, made.half_spread_bps, made.sigma_bps, age_ms)

    def _leg(self, symbol: str, now_ns: int, *, inverted: bool = False) -> Leg | None:
        pair, seen = self.of(symbol), self._pairs.get(symbol)
        quote = None if seen is None else seen.quote
        if pair is None or seen is None or quote is None or not quote.live:
            return None
        ours = self._ours(symbol)
        if seen.own is None or seen.own[0] is not quote or seen.own[1] != ours:
            assert self._weighing is not None
            book = Book(*_others(quote, ours))
            least = _units(pair.qty_min, pair.qty_precision)
            tick = max(_units(pair.price_increment, pair.price_precision), 1)
            seen.own = (quote, ours, fair_value.own(book, least, tick, self._weighing))
        own = seen.own[2]
        if own is None:
            return None
        return Leg(own, pair.price_precision, quote.age_ns(now_ns) // 1_000_000, inverted)

    def _routes_of(self, symbol: str) -> tuple[Route, ...]:
        if self._weighing is None or self.catalog is None:
            return ()
        known = self._routes.get(symbol)
        if known is None:
            known = self._routes[symbol] = routes(symbol, self.catalog)
        return known

    def mid(self, symbol: str) -> Decimal | None:
        """The middle of a live pair in quote currency, or that of its newest ticker."""
        seen = self._pairs.get(symbol)
        quote = None if seen is None else seen.quote
        if quote is not None and quote.live and quote.bid is not None and quote.ask is not None:
            return Decimal(quote.bid + quote.ask).scaleb(-quote.price_precision) / 2
        ticker = self.tickers.get(symbol)
        return None if ticker is None else (ticker.bid + ticker.ask) / 2

    def usd(self, asset: str) -> Decimal | None:
        """What one unit of an asset costs in USD, as far as a pair says so."""
        if asset == "USD":
            return Decimal(1)
        direct = self.mid(f"{asset}/USD")
        if direct is not None:
            return direct
        inverse = self.mid(f"USD/{asset}")
        return 1 / inverse if inverse else None


def _others(quote: Quote, ours: tuple[Level, ...]) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Bids and asks without our own orders; the touch alone where no levels were told."""
    bids, asks = tuple(quote.bids), tuple(quote.asks)
    if not bids and quote.bid is not None:
        bids = ((quote.bid, quote.bid_qty),)
    if not asks and quote.ask is not None:
        asks = ((quote.ask, quote.ask_qty),)
    if not ours:
        return bids, asks
    our_bids = tuple((price, -quantity) for price, quantity in ours if quantity < 0)
    our_asks = tuple(level for level in ours if level[1] > 0)
    return without_own(bids, our_bids), without_own(asks, our_asks)


def _precision(pair: Instrument) -> tuple[int, int]:
    return pair.price_precision, pair.qty_precision


def _bar(candle: CandleSeen, pair: Instrument) -> Bar:
    prices = (candle.open, candle.high, candle.low, candle.close)
    first, high, low, last = (_units(price, pair.price_precision) for price in prices)
    close_ns = candle.begin_ns + candle.interval_minutes * 60_000_000_000
    return Bar(close_ns, first, high, low, last, _units(candle.volume, pair.qty_precision))


def _units(value: Decimal, precision: int) -> int:
    """In units of 10^-precision; digits beyond, which no order has, are rounded."""
    return int(value.scaleb(precision).to_integral_value(ROUND_HALF_EVEN))
