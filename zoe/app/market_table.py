"""The whole market as a table: the newest ticker of each pair, and the few rows that are in sight."""

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.public_session import PublicSession
from zoe.domain.catalog import TRADABLE
from zoe.messages.market import InstrumentsChanged, TickerSeen
from zoe.runtime.message import Message

COLUMNS: Final = ("pair", "focus", "rank", "bid", "ask", "spread_bps", "last", "volume", "age_s")
_NOTHING: Final = Decimal(0)
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


#: How a person may sort, by each column and by turnover: the key, and whether the greatest comes first.
SORTS: Final[dict[str, tuple[Callable[[TickerSeen], Any], bool]]] = {
    "turnover": (lambda ticker: ticker.volume * ticker.bid, True),
    "pair": (lambda ticker: ticker.symbol, False),
    "bid": (lambda ticker: ticker.bid, True),
    "ask": (lambda ticker: ticker.ask, True),
    "spread": (_spread, False),
    "last": (lambda ticker: ticker.last or _NOTHING, True),
    "volume": (lambda ticker: ticker.volume, True),
    "age": (lambda ticker: ticker.received_ns, True),
}
#: The key that a person presses for it.
KEYS: Final = {
    "t": "turnover", "p": "pair", "b": "bid", "a": "ask", "s": "spread", "l": "last",
    "v": "volume", "g": "age",
}  # fmt: skip


@attrs.frozen
class Order:
    """By what rows are sorted, and whether the other way round."""

    sort: str = "turnover"
    reverse: bool = False

    def pressed(self, key: str) -> "Order":
        """The order after a key: another column's, or the same column's the other way round."""
        sort = KEYS.get(key.lower())
        if sort is None:
            return self
        return Order(sort, not self.reverse if sort == self.sort else False)

    def __str__(self) -> str:
        return f"{self.sort}, reversed" if self.reverse else self.sort


def first(
    tickers: Collection[TickerSeen], order: Order, count: int, focus: Collection[str] = ()
) -> list[TickerSeen]:
    """As many rows as are in sight, those in focus first; the others are not even sorted."""
    key, greatest = SORTS[order.sort]
    if greatest != order.reverse:
        return heapq.nlargest(count, tickers, key=lambda t: (t.symbol in focus, key(t), t.symbol))
    return heapq.nsmallest(count, tickers, key=lambda t: (t.symbol not in focus, key(t), t.symbol))


@attrs.frozen
class Marks:
    """What the desk makes of pairs: which are in focus, and their places in the scout's ranking."""

    focus: Collection[str] = ()
    ranks: Mapping[str, int] = attrs.field(factory=dict)


def rows(shown: Iterable[TickerSeen], marks: Marks, now_ns: int) -> list[dict[str, Any]]:
    """Tickers as a person reads them."""
    return [
        {
            "pair": ticker.symbol,
            "focus": "*" if ticker.symbol in marks.focus else "",
            "rank": marks.ranks.get(ticker.symbol),
            "bid": f"{ticker.bid:f}",
            "ask": f"{ticker.ask:f}",
            "spread_bps": f"{_spread(ticker):.2f}",
            "last": None if ticker.last is None else f"{ticker.last:f}",
            "volume": f"{ticker.volume:.2f}",
            "age_s": f"{max(now_ns - ticker.received_ns, 0) // 1_000_000_000}",
        }
        for ticker in shown
    ]


def text(shown: Sequence[Mapping[str, Any]]) -> str:
    """Rows under their columns, aligned: the pair to the left, numbers to the right."""
    cells = [[_shown(row[name]) for name in COLUMNS] for row in shown]
    lines = [[name.replace("_", " ") for name in COLUMNS], *cells]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _shown(value: str | int | None) -> str:
    if isinstance(value, int):
        return str(value)
    # A name that the exchange sends must not command a terminal.
    return ascii(value) if value and not value.isprintable() else value or "-"
