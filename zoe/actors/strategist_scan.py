"""What a strategist's scanner knows: a grid of all pairs' mids, and its newest pass; a part of that actor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from zoe.domain.catalog import Catalog
from zoe.domain.order_record import canonical
from zoe.domain.scan import Seen
from zoe.domain.strategy import market_mood
from zoe.domain.strategy.market import Scouted
from zoe.domain.strategy.scan_gates import Listing, Scan, WholeMarket, rows, scan
from zoe.domain.strategy.scan_grid import Grid
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.view import Bar
from zoe.messages.strategy import TickersSampled

#: A price that no currency has.
NEVER: Final = Decimal(-1)
#: Every so many samples a pass is written down: once a minute.
WRITE_EACH: Final = 12
RANKED: Final = "scan.ranked"
#: Pairs that were seen for the first time, in a stream of their own.
LISTED: Final = "scan.listed"
#: Of the pairs that a gate stopped, so many of each are written down.
_STOPPED_KEPT: Final = 3


class Scanner:
    """Grid, listings, and the newest pass over all pairs."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._grid = Grid()
        self._since_ns: dict[str, int] = {}
        self._status: dict[str, str] = {}
        #: Of quote currencies, as the listings were made with them.
        self._prices: dict[str, Decimal | None] = {}
        self._listings: dict[str, Listing] = {}
        self._samples = 0
        self._mood = WholeMarket(None, None, None)
        self.newest: Scan | None = None
        #: What Views have shown of the newest pass.
        self._shown: dict[str, Scouted | None] = {}
        self.tickers: dict[str, Seen] = {}

    def remember(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """When pairs were first seen, as earlier lives have written it down."""
        for body in bodies:
            self._since_ns |= dict.fromkeys(body["pairs"], int(body["since_ns"]))

    def learn(self, catalog: Catalog, now_ns: int) -> str | None:
        """Takes in the catalogue; what is to be written of pairs that nobody has seen before.

        Those of the very first catalogue are taken for old: whoever comes later is new.
        """
        since_ns = now_ns if self._since_ns else 0
        new = sorted(catalog.instruments.keys() - self._since_ns.keys())
        self._since_ns |= dict.fromkeys(new, since_ns)
        self._status |= {symbol: pair.status for symbol, pair in catalog.instruments.items()}
        self._prices = {}
        return canonical({"since_ns": str(since_ns), "pairs": new}) if new else None

    def sample(
        self, news: TickersSampled, usd: Callable[[str], Decimal | None], now_ns: int
    ) -> None:
        """One step of the grid, and a pass."""
        self._samples += 1
        self.tickers = {seen.symbol: seen for seen in news.tickers}
        self._grid.sample(news.tickers)
        quotes = {symbol.partition("/")[2] for symbol in self._status}
        prices = {quote: usd(quote) for quote in sorted(quotes)}
        before, self._prices = self._prices, prices
        # A dictionary that a pass was given is not changed.
        self._listings = self._listings | {
            symbol: _listing(symbol, status, prices, self._since_ns[symbol])
            for symbol, status in self._status.items()
            if before.get(quote := symbol.partition("/")[2], NEVER) != prices[quote]
        }
        columns = self._grid.columns(self.tickers, now_ns)
        self.newest = scan(columns, self._listings, now_ns, self._params)
        self._shown.clear()

    def learn_bars(self, bars: Mapping[str, Sequence[Bar]]) -> None:
        """Closed bars of the pairs that are looked at."""
        self._mood = market_mood.from_bars(bars)
        self._shown.clear()

    @property
    def is_due(self) -> bool:
        """Whether the newest pass is to be written down."""
        return self.newest is not None and self._samples % WRITE_EACH == 1

    def body(self, now_ns: int) -> str:
        """The newest pass, as ``candidate_scans`` has it."""
        assert self.newest is not None
        found = rows(self.newest, _STOPPED_KEPT)
        body: dict[str, Any] = {
            "at_ns": str(now_ns),
            "seen": len(self.tickers),
            "ranked": len(self.newest.best),
            "gates": self.newest.counts,
            "candidates": found,
        }
        return canonical(body)

    def scouted(self, symbol: str) -> Scouted | None:
        """What a View shows of a pair."""
        if symbol not in self._shown:
            found = None if self.newest is None else self.newest.scouted(symbol)
            done = None if found is None else market_mood.completed(found, self._mood)
            self._shown[symbol] = done
        return self._shown[symbol]

    @property
    def mood(self) -> WholeMarket:
        """What the bars say of the whole market."""
        return self._mood

    @property
    def best(self) -> tuple[str, ...]:
        """Pairs that passed every gate, best first."""
        return () if self.newest is None else tuple(symbol for symbol, _ in self.newest.best)


def _listing(symbol: str, status: str, prices: dict[str, Decimal | None], since_ns: int) -> Listing:
    usd = prices[symbol.partition("/")[2]]
    return Listing(symbol, status, None if usd is None else float(usd), since_ns)
