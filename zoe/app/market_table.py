"""The whole market as a table: the newest ticker of each pair, and the few rows that are in sight."""

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.public_session import PublicSession
from zoe.domain.catalog import MOST_PAIRS, TRADABLE
from zoe.messages.market import InstrumentsChanged, TickerSeen
from zoe.runtime.message import Message

COLUMNS: Final = ("pair", "focus", "rank", "bid", "ask", "spread_bps", "last", "volume", "age_s")
#: Those that a narrow terminal does without, the first of them first: a cut number would be another.
_SPARED: Final = ("rank", "focus", "volume", "last", "spread_bps", "age_s", "ask", "bid")
_BETWEEN: Final = "  "
_NOTHING: Final = Decimal(0)
_MIDDLE: Final = Decimal(2)
_BPS: Final = Decimal(10_000)


class MarketSession(PublicSession):
    """A public session that follows every pair that can be traded, and keeps its newest ticker."""

    def __init__(self) -> None:
        super().__init__()
        self.tickers: dict[str, TickerSeen] = {}
        self.heard_ns = 0
        self.want(public_session.INSTRUMENTS)

    def received(self, payload: bytes, now_ns: int) -> Sequence[Message]:
        """See PublicSession."""
        self.heard_ns = now_ns
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


@attrs.frozen
class Marks:
    """What the desk makes of pairs: which are in focus, and their places in the scout's ranking.

    Attributes:
        known: Whether there is a desk of ours on this exchange.
    """

    focus: Collection[str] = ()
    ranks: Mapping[str, int] = attrs.field(factory=dict)
    known: bool = True


def _spread(ticker: TickerSeen) -> Decimal:
    total = ticker.bid + ticker.ask
    return (ticker.ask - ticker.bid) * _MIDDLE * _BPS / total if total else Decimal(0)


#: How a person may sort, by each column and by turnover: the key, and whether the greatest comes first.
SORTS: Final[dict[str, tuple[Callable[[TickerSeen, Marks], Any], bool]]] = {
    "turnover": (lambda ticker, marks: ticker.volume * ticker.bid, True),
    "pair": (lambda ticker, marks: ticker.symbol, False),
    "rank": (lambda ticker, marks: marks.ranks.get(ticker.symbol, MOST_PAIRS), False),
    "bid": (lambda ticker, marks: ticker.bid, True),
    "ask": (lambda ticker, marks: ticker.ask, True),
    "spread": (lambda ticker, marks: _spread(ticker), False),
    "last": (lambda ticker, marks: ticker.last or _NOTHING, True),
    "volume": (lambda ticker, marks: ticker.volume, True),
    "age": (lambda ticker, marks: ticker.received_ns, True),
}
#: The key that a person presses for it.
KEYS: Final = {
    "t": "turnover", "p": "pair", "r": "rank", "b": "bid", "a": "ask", "s": "spread", "l": "last",
    "v": "volume", "g": "age",
}  # fmt: skip


@attrs.frozen
class Order:
    """The column that rows are sorted by, and whether in reverse."""

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


@attrs.frozen
class Window:
    """Which rows are in sight.

    Attributes:
        first: How many are above it.
        height: How many there is room for.
        count: How many there are.
    """

    first: int = 0
    height: int = 1
    count: int = 0

    def fitted(self, height: int, count: int) -> "Window":
        """The window at the same place, cut to a terminal or a market of another size."""
        return Window(max(min(self.first, count - height), 0), height, count)

    def pressed(self, key: str) -> "Window":
        """The window after a key that moves it, or any other."""
        to = {
            "up": self.first - 1,
            "down": self.first + 1,
            "page up": self.first - self.height,
            "page down": self.first + self.height,
            "home": 0,
            "end": self.count,
        }.get(key, self.first)
        return attrs.evolve(self, first=to).fitted(self.height, self.count)

    def __str__(self) -> str:
        last = min(self.first + self.height, self.count)
        return f"{min(self.first + 1, last)} to {last} of {self.count} pairs"


def first(
    tickers: Collection[TickerSeen], order: Order, count: int, marks: Marks
) -> list[TickerSeen]:
    """So many rows, those in focus first; the others are not even sorted."""
    key, greatest = SORTS[order.sort]
    focus = marks.focus
    if greatest != order.reverse:
        return heapq.nlargest(
            count, tickers, key=lambda t: (t.symbol in focus, key(t, marks), t.symbol)
        )
    return heapq.nsmallest(
        count, tickers, key=lambda t: (t.symbol not in focus, key(t, marks), t.symbol)
    )


def rows(shown: Iterable[TickerSeen], marks: Marks, now_ns: int) -> list[dict[str, Any]]:
    """Tickers as a person reads them."""
    return [
        {
            "pair": ticker.symbol,
            "focus": ("*" if ticker.symbol in marks.focus else "") if marks.known else None,
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


def text(rows: Sequence[Mapping[str, Any]], width: int, sort: str = "turnover") -> str:
    """Rows under their columns, aligned: the pair to the left, numbers to the right.

    Args:
        width: Of the terminal. A column that has no room is left out whole.
        sort: What they are sorted by, of SORTS: its column goes last of all.
    """
    columns = {
        name: [name.replace("_", " "), *(shown(row[name]) for row in rows)] for name in COLUMNS
    }
    widths = {name: max(map(len, cells)) for name, cells in columns.items()}
    for name in sorted(_SPARED, key=lambda name: name.startswith(sort)):
        if sum(widths.values()) + len(_BETWEEN) * (len(widths) - 1) > width:
            del widths[name]
    aligned = [
        [cell.rjust(widths[name]) if name != "pair" else cell.ljust(widths[name]) for cell in cells]
        for name, cells in columns.items()
        if name in widths
    ]
    return "\n".join(map(_BETWEEN.join, zip(*aligned, strict=True)))


def shown(value: str | int | None) -> str:
    """A cell as a terminal may be told it."""
    if isinstance(value, int):
        return str(value)
    # A name that the exchange sends must not command a terminal.
    return ascii(value) if value and not value.isprintable() else value or "-"
