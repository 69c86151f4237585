"""Scout: the newest ticker of every pair, and a ranking of them.

Receives: the public readers' tickers, CatalogChanged, WatchTickers, SamplesWanted, wire news, timers. Tells:
MarketWatch the ranking, and tickers of the pairs that it asks for; strategists who asked all tickers, at each
sample; Journal the head of the ranking, once a minute. Blocks on
nothing: superseded tickers are not even decoded, and of each pair only the newest waits here.
A restart opens new connections and remembers no past prices.
"""

from typing import Any, Final, assert_never

from zoe.actors import hydration
from zoe.actors.feed_lines import FeedLines, LineKind, log_not_understood
from zoe.domain.catalog import TRADABLE, Catalog
from zoe.domain.order_record import canonical
from zoe.domain.quick import quick
from zoe.domain.scan import (
    STEP_SECONDS,
    Candidate,
    ScanConfig,
    Seen,
    Track,
    is_usable,
    passing,
    rank,
    usd_prices,
)
from zoe.domain.words import counted
from zoe.messages.journal import Hydrated, Record, Row
from zoe.messages.market import (
    BookBroken,
    ExchangeStatus,
    FeedAlive,
    FrameNotUnderstood,
    InstrumentsChanged,
    MinutesClosed,
    Quote,
    SubscriptionAcked,
    SubscriptionRefused,
    Tickers,
    TickerSeen,
    TradePrints,
)
from zoe.messages.scan import Ranked, WatchTickers
from zoe.messages.strategy import SamplesWanted, TickersSampled
from zoe.messages.system import Beat, CatalogChanged, Tick, WatchCatalog
from zoe.messages.wire import WireClosed, WireOpened
from zoe.ports.venue import Venue
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

#: Tickers on one connection.
LINES: Final = LineKind("scout", ("ticker",), 500, gather_ms=50, instruments=False)
RANK_SECONDS: Final = 15
#: Every so many rankings one is written down.
WRITE_EACH: Final = 4
RANKED: Final = "scan.ranked"
_SEEN: Final = quick(Seen)

Inbox = (
    Tickers | TickerSeen | CatalogChanged | WatchTickers | SamplesWanted | Hydrated | FeedAlive
    | SubscriptionAcked | SubscriptionRefused | FrameNotUnderstood | ExchangeStatus | InstrumentsChanged | Quote
    | BookBroken | TradePrints | MinutesClosed | WireOpened | WireClosed | Tick
)  # fmt: skip


class Scout(Actor):
    """Sees every pair that can be traded, and ranks them."""

    def __init__(self, account_id: str, venue: Venue, config: ScanConfig) -> None:
        super().__init__()
        self._config = config
        self._lines = FeedLines(self, venue, LINES)
        self._stream = f"scan/{account_id}"
        self._version: int | None = None
        self._seen: dict[str, Seen] = {}
        self._tracks: dict[str, Track] = {}
        #: Rankings until one is written down again.
        self._unwritten = 0
        self._passed_on: frozenset[str] = frozenset()
        self._watcher: Address | None = None
        self._samplers: dict[str, Address] = {}

    def on_start(self) -> None:
        self._lines.start()
        self.tell(self.find("catalogue"), WatchCatalog())
        hydration.ask(self, self._stream, last=True)
        self.after(STEP_SECONDS, Tick("sample"))
        self.after(RANK_SECONDS, Tick("rank"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Tickers():
                for ticker in message.tickers:
                    self._ticker(ticker)
            case TickerSeen():
                self._ticker(message)
            case CatalogChanged():
                self._follow(message.catalog)
            case WatchTickers():
                assert self.envelope is not None
                self._watcher = self.envelope.sender
                self._passed_on = frozenset(message.symbols)
            case SamplesWanted():
                assert self.envelope is not None and self.envelope.sender is not None
                self._samplers[self.envelope.sender.name] = self.envelope.sender
            case Hydrated():
                if hydration.is_own(self, message):
                    self._version = message.rows[-1].version if message.rows else 0
            case FeedAlive() | SubscriptionAcked():
                self._lines.heard(message)
            case SubscriptionRefused():
                log.error("market.refused", symbol=message.symbol, error=message.error)
                self._lines.heard(message)
            case FrameNotUnderstood():
                log_not_understood(message)
            case WireOpened():
                self._lines.opened(message)
            case WireClosed():
                if self._lines.closed(message) is not None:
                    self._beat("down", message.reason)
            case (
                ExchangeStatus()
                | InstrumentsChanged()
                | Quote()
                | BookBroken()
                | TradePrints()
                | MinutesClosed()
            ):
                pass  # MarketWatch hears of these on its own connections
            case Tick("connect"):
                self._lines.connect(message.ref)
            case Tick("sample"):
                self._sample()
            case Tick("rank"):
                self._rank()
            case Tick():
                self._lines.check()
            case _:
                assert_never(message)

    def _ticker(self, ticker: TickerSeen) -> None:
        symbol = ticker.symbol
        seen = _SEEN(symbol, ticker.bid, ticker.ask, ticker.volume, ticker.received_ns)
        if self._lines.followed(ticker) and is_usable(seen):
            self._seen[symbol] = seen
        if symbol in self._passed_on and self._watcher is not None:
            self.tell(self._watcher, ticker)

    def _follow(self, catalog: Catalog) -> None:
        """All pairs that can be traded; others are forgotten."""
        wanted = {s for s, pair in catalog.instruments.items() if pair.status in TRADABLE}
        self._lines.add(sorted(wanted))
        for symbol in sorted(self._lines.symbols - wanted):
            self._lines.drop(symbol)
            self._seen.pop(symbol, None)
            self._tracks.pop(symbol, None)

    def _sample(self) -> None:
        self.after(STEP_SECONDS, Tick("sample"))
        for symbol, seen in self._seen.items():
            track = self._tracks.get(symbol)
            if track is None:
                track = self._tracks[symbol] = Track()
            track.sample(seen)
        if self._samplers:
            sampled = TickersSampled(tuple(self._seen.values()))
            for sampler in self._samplers.values():
                self.tell(sampler, sampled)

    def _rank(self) -> None:
        self.after(RANK_SECONDS, Tick("rank"))
        now_ns = self.clock.wall_ns()
        usd = usd_prices(self._seen)
        known = [
            track.features(self._seen[symbol], usd.get(symbol.partition("/")[2]), now_ns)
            for symbol, track in self._tracks.items()
        ]
        passed = passing(known, self._config)
        ranked = rank(passed, self._config)
        if self._unwritten <= 0 and self._version is not None and ranked:
            self._write(ranked, len(known), now_ns)
            self._unwritten = WRITE_EACH
        self._unwritten -= 1
        row = f"{self._stream}@{self._version}" if self._version else ""
        symbols = tuple(each.features.symbol for each in ranked)
        told = Ranked(symbols, row, frozenset(pair.symbol for pair in passed))
        self.tell(self.find("market"), told)
        self._beat(
            "ok" if self._lines.all_open else "degraded",
            f"{len(self._seen)} of {len(self._lines.symbols)} pairs seen, {len(ranked)} ranked, "
            f"{counted(self._lines.conflated, 'ticker')} superseded unread",
        )

    def _write(self, ranked: tuple[Candidate, ...], seen: int, now_ns: int) -> None:
        assert self._version is not None
        self._version += 1
        body = {
            "at_ns": str(now_ns),
            "seen": seen,
            "ranked": len(ranked),
            "candidates": [_row(each) for each in ranked[: self._config.kept]],
        }
        row = Row(self._stream, self._version, RANKED, canonical(body))
        self.tell(self.find("journal"), Record((row,)))

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("scout", status, detail))


def _row(each: Candidate) -> dict[str, Any]:
    features = each.features
    return {
        "rank": each.rank,
        "symbol": features.symbol,
        "score": each.score,
        "spread_ppm": features.spread_ppm,
        "turnover_usd": str(features.turnover),
        "volatility_ppm": features.volatility_ppm,
        "momentum_ppm": {str(s): change for s, change in features.momentum_ppm.items()},
        "active": features.active,
        "age_ms": features.age_ns // 1_000_000,
    }
