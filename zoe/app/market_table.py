"""The whole market as a table: the newest ticker of each pair, and the few rows that are in sight."""

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.public_session import PublicSession
from zoe.domain.catalog import TRADABLE
from zoe.messages.market import InstrumentsChanged, TickerSeen
from zoe.runtime.message import Message

COLUMNS: Final = ("pair", "focus", "bid", "ask", "spread_bps", "last", "volume", "age_s")
_MIDDLE: Final = Decimal(2)
_BPS: Final = Decimal(10_000)


class MarketSession(PublicSession):
    """A public session that follows every pair that can be traded, and keeps its newest ticker."""

    def __init__(self) -> None:
        super().__init__()
        self.tickers: dict[str, TickerSeen] = {}
        self.want(public_session.INSTRUMENTS)

    def received(self, payload: bytes, now_ns: int) -> Sequence[Message]:
        """See PublicSession."""
        said = super().received(payload, now_ns)
        for news in said:
            if isinstance(news, TickerSeen):
                self.tickers[news.symbol] = news
            elif isinstance(news, InstrumentsChanged):
                self._follow(news)
        return said

    def _follow(self, news: InstrumentsChanged) -> None:
        symbols = [pair.symbol for pair in news.instruments if pair.status in TRADABLE]
        self.want(public_session.ticker(), symbols)
        for pair in news.instruments:
            if pair.status not in TRADABLE:
                self.tickers.pop(pair.symbol, None)


def _spread(ticker: TickerSeen) -> Decimal:
    total = ticker.bid + ticker.ask
    return (ticker.ask - ticker.bid) * _MIDDLE * _BPS / total if total else Decimal(0)


#: How a person may sort; each gives what is to come first the greatest key.
SORTS: Final[dict[str, Callable[[TickerSeen], Any]]] = {
    "turnover": lambda ticker: ticker.volume * ticker.bid,
    "spread": lambda ticker: -_spread(ticker),
    "age": lambda ticker: -ticker.received_ns,
}


def first(
    tickers: Collection[TickerSeen], sort: str, count: int, focus: Collection[str] = ()
) -> list[TickerSeen]:
    """As many rows as are in sight, those in focus first; the others are not even sorted."""
    if sort == "pair":
        return heapq.nsmallest(count, tickers, key=lambda t: (t.symbol not in focus, t.symbol))
    key = SORTS[sort]
    return heapq.nlargest(count, tickers, key=lambda t: (t.symbol in focus, key(t), t.symbol))


def rows(shown: Iterable[TickerSeen], focus: Collection[str], now_ns: int) -> list[dict[str, Any]]:
    """Tickers as a person reads them."""
    return [
        {
            "pair": ticker.symbol,
            "focus": "*" if ticker.symbol in focus else "",
            "bid": f"{ticker.bid:f}",
            "ask": f"{ticker.ask:f}",
            "spread_bps": f"{_spread(ticker):.2f}",
            "last": None if ticker.last is None else f"{ticker.last:f}",
            "volume": f"{ticker.volume:.2f}",
            "age_s": f"{max(now_ns - ticker.received_ns, 0) // 1_000_000_000}",
        }
        for ticker in shown
    ]
