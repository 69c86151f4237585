"""MarketWatch: what the market shows, by the public stream.

Receives: the public reader's messages, WatchMarket, wire news, timers. Tells: each watcher of a
pair its newest Quote and what traded; Catalogue changed instruments. Blocks on nothing: frames
are decoded, booked and checked in the reader's thread, and only the newest quote of a pair waits
here. A pair whose checksum fails, or that gets no book, is subscribed anew by itself. A quote that does not change is
confirmed each second while the connection is heard.
A restart opens a new connection; watchers are named in the tree.
"""

from typing import Final, assert_never

import attrs

from zoe.messages.market import (
    BookBroken,
    ExchangeStatus,
    FeedAlive,
    FrameNotUnderstood,
    InstrumentsChanged,
    Quote,
    SubscriptionAcked,
    SubscriptionRefused,
    TickerSeen,
    TradePrints,
)
from zoe.messages.system import Beat, Tick
from zoe.messages.wire import WireClose, WireClosed, WireOpen, WireOpened, WireSend
from zoe.ports.venue import Venue
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message

CONNECTION: Final = "public"
CHECK_SECONDS: Final = 1
#: A quote that is younger is passed on as it came only.
CONFIRM_NS: Final = 500_000_000
SILENCE_NS: Final = 5_000_000_000
RECONNECT_SECONDS: Final = (0.1, 0.5, 1, 2, 5, 10, 30)

Inbox = (
    Quote | TickerSeen | TradePrints | InstrumentsChanged | BookBroken | SubscriptionAcked
    | SubscriptionRefused | ExchangeStatus | FrameNotUnderstood | FeedAlive
    | WireOpened | WireClosed | Tick
)  # fmt: skip


class MarketWatch(Actor):
    """Keeps the focused pairs' quotes coming.

    Args:
        pairs: WebSocket v2 symbols watched in full depth.
        risk: Names of actors that get every quote.
        strategies: Names of actors that get every quote and every trade.
    """

    def __init__(
        self,
        venue: Venue,
        pairs: tuple[str, ...],
        risk: tuple[str, ...],
        strategies: tuple[str, ...],
    ) -> None:
        super().__init__()
        self._venue = venue
        self._pairs = pairs
        self._quoted = (*risk, *strategies)
        self._traded = strategies
        self._generation = 0
        self._open = False
        self._heard_ns = 0
        self._heard_wall_ns = 0
        self._quotes: dict[str, Quote] = {}
        self._asked_ns: dict[str, int] = {}
        self._failures = 0

    def on_start(self) -> None:
        self.tell(self.find("wire"), WireClose(CONNECTION))
        self._connect()
        self.after(CHECK_SECONDS, Tick("check"))

    def handle(self, message: Inbox) -> None:
        if not isinstance(message, WireClosed | Tick):
            self._heard_ns = self.clock.monotonic_ns()
            self._heard_wall_ns = self.clock.wall_ns()
        match message:
            case Quote():
                self._quote(message)
            case TradePrints():
                self._pass_on(message, self._traded)
            case InstrumentsChanged():
                self.tell(self.find("catalogue"), message)
            case BookBroken():
                self._broken(message)
            case WireOpened():
                self._opened(message)
            case WireClosed():
                self._closed(message)
            case SubscriptionRefused():
                log.error("market.refused", symbol=message.symbol, error=message.error)
            case FrameNotUnderstood():
                log.error(
                    "market.frame_not_understood", error=message.error, excerpt=message.excerpt
                )
            case ExchangeStatus():
                log.info("exchange.status", system=message.system)
            case FeedAlive() | TickerSeen() | SubscriptionAcked():
                pass
            case Tick("connect"):
                self._connect()
            case Tick():
                self._check()
            case _:
                assert_never(message)

    def _connect(self) -> None:
        opening = WireOpen(CONNECTION, self._venue.public_url, self._venue.public_reader())
        self.tell(self.find("wire"), opening)

    def _opened(self, opened: WireOpened) -> None:
        self._generation = opened.generation
        self._open = True
        self._quotes.clear()
        self._asked_ns = dict.fromkeys(self._pairs, self.clock.monotonic_ns())
        for payload in self._venue.public_subscriptions(self._pairs):
            self._send(payload)

    def _closed(self, closed: WireClosed) -> None:
        if self._open and closed.generation != self._generation:
            return
        self._open = False
        delay = RECONNECT_SECONDS[min(self._failures, len(RECONNECT_SECONDS) - 1)]
        delay *= 1 + self.rng.random() / 5
        self._failures += 1
        log.warning("market.stream_broken", reason=closed.reason, reconnect_seconds=round(delay, 3))
        self._beat("down", closed.reason)
        self.after(delay, Tick("connect"))

    def _send(self, payload: bytes) -> None:
        self.tell(self.find("wire"), WireSend(CONNECTION, self._generation, payload))

    def _quote(self, quote: Quote) -> None:
        self._failures = 0
        self._quotes[quote.symbol] = quote
        self._pass_on(quote, self._quoted)

    def _pass_on(self, news: Message, names: tuple[str, ...]) -> None:
        for name in names:
            self.tell(self.find(name), news)

    def _broken(self, news: BookBroken) -> None:
        self._resubscribe(news.symbol, news.reason)

    def _check(self) -> None:
        self.after(CHECK_SECONDS, Tick("check"))
        if not self._open:
            return
        now_ns = self.clock.monotonic_ns()
        if now_ns - self._heard_ns > SILENCE_NS:
            self.tell(self.find("wire"), WireClose(CONNECTION))
            self._closed(WireClosed(CONNECTION, self._generation, "nothing heard"))
            return
        self._send(self._venue.public_ping())
        self._confirm()
        self._revive(now_ns)
        quoted = sum(quote.live for quote in self._quotes.values())
        status = "ok" if quoted == len(self._pairs) else "degraded"
        self._beat(status, f"{quoted} of {len(self._pairs)} pairs live")

    def _revive(self, now_ns: int) -> None:
        """Subscribes pairs anew that have no live book though they were asked for a while ago."""
        for symbol in self._pairs:
            quote = self._quotes.get(symbol)
            alive = quote is not None and quote.live
            if not alive and now_ns - self._asked_ns.get(symbol, now_ns) > SILENCE_NS:
                self._resubscribe(symbol, "no live book")

    def _resubscribe(self, symbol: str, reason: str) -> None:
        log.warning("market.book_broken", symbol=symbol, reason=reason)
        self._asked_ns[symbol] = self.clock.monotonic_ns()
        for payload in self._venue.resubscription(symbol):
            self._send(payload)

    def _confirm(self) -> None:
        """Quotes that have not changed are as good as the connection, which was heard just now."""
        for symbol, quote in self._quotes.items():
            if quote.live and quote.age_ns(self._heard_wall_ns) > CONFIRM_NS:
                confirmed = attrs.evolve(quote, confirmed_ns=self._heard_wall_ns)
                self._quotes[symbol] = confirmed
                self._pass_on(confirmed, self._quoted)

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("feed", status, detail))
