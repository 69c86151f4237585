"""MarketWatch: books and trades of the pairs in focus, by the public stream.

Receives: the public readers' messages, wire news, the scout's rankings, FocusWanted, timers. Tells: each watcher
of a pair its newest Quote and what traded, and nobody more than that, since each that is told takes the time of an
order's next step; RiskOfficer the Quotes that came together; Catalogue changed instruments; MinuteKeeper the
minutes' bars.
Blocks on nothing: frames are decoded, booked and checked in the readers' threads, and only the newest quote
of a pair waits here. A pair whose checksum fails, that gets no book, or whose book stands still while its
trades go on, is subscribed anew by itself; one that is delisted is let go, and its quote taken back. A
quote that does not change is confirmed each second while its connection is heard. A restart opens new connections; watchers are named in the tree.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, assert_never

import attrs

from zoe.actors.feed_lines import FeedLines, Line, LineKind, log_not_understood
from zoe.actors.focus_keeper import FocusKeeper, FocusNews, Scouted
from zoe.domain import freshness
from zoe.domain.catalog import DELISTED
from zoe.domain.thinned import Thinned
from zoe.domain.words import counted
from zoe.messages.journal import Hydrated
from zoe.messages.ledger import BalancesChanged
from zoe.messages.market import (
    BookBroken,
    ExchangeStatus,
    FeedAlive,
    FrameNotUnderstood,
    InstrumentsChanged,
    MinutesClosed,
    Quote,
    Quotes,
    SubscriptionAcked,
    SubscriptionRefused,
    Tickers,
    TickerSeen,
    TradePrints,
    confirmed_at,
    quick_quotes,
)
from zoe.messages.orders import OrdersReported
from zoe.messages.scan import Ranked
from zoe.messages.strategy import FocusWanted
from zoe.messages.system import Beat, Tick
from zoe.messages.wire import WireClosed, WireOpened
from zoe.ports.venue import Venue
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log
from zoe.runtime.message import Message

#: Books on one connection: Kraken names no limit, and cuts a consumer that is slow.
LINES: Final = LineKind("public", ("book", "trade"), 50, gather_ms=25)
#: Of pairs without a book, so many are named to people.
MOST_NAMED: Final = 5
#: A quote that is younger is passed on as it came only.
CONFIRM_NS: Final = 500_000_000
#: How often it says how it is, where that has not changed.
BEAT_NS: Final = 2_000_000_000
#: Quotes of no connection of their own.
ALL: Final = ""

Inbox = (
    Quotes | Quote | Tickers | TickerSeen | TradePrints | MinutesClosed | InstrumentsChanged | BookBroken | SubscriptionAcked
    | SubscriptionRefused | ExchangeStatus | FrameNotUnderstood | FeedAlive
    | FocusWanted | Ranked | OrdersReported | BalancesChanged | Hydrated | WireOpened | WireClosed | Tick
)  # fmt: skip


@attrs.frozen
class Audience:
    """Whom MarketWatch tells, by the actors' names.

    Attributes:
        risk: Every quote, those that came together in one message.
        listeners: Every quote and every trade, of pairs that are warm; none of them is in haste.
        minutes: The minutes' bars.
        of_pair: By pair, who wants every quote of that one while it is warm.
        books: Each second the quotes that are new.
    """

    risk: tuple[str, ...] = ()
    listeners: tuple[str, ...] = ()
    minutes: tuple[str, ...] = ()
    of_pair: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    books: tuple[str, ...] = ()


class MarketWatch(Actor):
    """Keeps the focused pairs' quotes coming.

    Args:
        pairs: WebSocket v2 symbols watched in full depth, always.
        scouted: How other pairs come into focus; None where none do.
    """

    def __init__(
        self,
        venue: Venue,
        pairs: tuple[str, ...],
        audience: Audience,
        scouted: Scouted | None = None,
    ) -> None:
        super().__init__()
        self._lines = FeedLines(self, venue, LINES)
        self._pairs = pairs
        self._audience = audience
        self._focus = None if scouted is None else FocusKeeper(self, scouted, pairs)
        #: Whoever asked for pairs of its own, and the pairs.
        self._wanted: dict[str, tuple[Address, frozenset[str]]] = {}
        self._quotes: dict[str, Quote] = {}
        #: By pair that is warm, who is told each of its quotes, until what is in focus, or wanted, is looked at.
        self._hearers: dict[str, tuple[str, ...]] = {}
        #: Whose quotes have changed since the books were told.
        self._unbooked: set[str] = set()
        self._delisted: set[str] = set()
        #: Broken books of pairs that nobody follows.
        self._strange = Thinned()
        #: Wall time since when something shows that a pair's book should have changed.
        self._proof_ns: dict[str, int] = {}
        #: What was last told of all this, and when.
        self._status = ""
        self._beat_ns = 0

    def on_start(self) -> None:
        self._lines.start()
        self._hurry()
        # Beside frames that may gather none that is waited for: it would wait for theirs.
        hurried = self._audience.of_pair
        self._lines.add(pair for pair in self._pairs if pair in hurried)
        self._lines.add(self._pairs, apart=bool(hurried))
        if self._focus is not None:
            self._focus.start()

    def handle(self, message: Inbox) -> None:
        # What comes most often comes first: each arm that is passed over costs a question.
        match message:
            case Quotes():
                self._take(message.quotes)
            case Quote():
                self._take((message,))
            case FeedAlive() | SubscriptionAcked():
                self._lines.heard(message)
            case TradePrints():
                self._trades(message)
            case TickerSeen():
                self._ticker(message)
            case Tickers():  # nobody asked for any on these connections
                for ticker in message.tickers:
                    self._ticker(ticker)
            case Tick("connect"):
                self._lines.connect(message.ref)
            case Tick():
                self._check()
            case MinutesClosed():
                self._tell_all(self._audience.minutes, message)
            case InstrumentsChanged():
                self._lines.heard(message)
                self.tell(self.find("catalogue"), message)
                self._listed(message)
                if self._focus is not None:
                    self._focus.hear(message)
            case BookBroken():
                self._broken(message)
            case WireOpened():
                self._opened(message)
            case WireClosed():
                self._closed(self._lines.closed(message), message.reason)
            case SubscriptionRefused():
                log.error("market.refused", symbol=message.symbol, error=message.error)
                self._lines.heard(message)
            case FrameNotUnderstood():
                log_not_understood(message)
            case ExchangeStatus():
                log.info("exchange.status", system=message.system)
                for watcher, _ in self._wanted.values():
                    self.tell(watcher, message)
            case FocusWanted():
                self._want(message)
            case Ranked() | OrdersReported() | BalancesChanged() | Hydrated():
                self._refocus(message)
            case _:
                assert_never(message)

    def _opened(self, news: WireOpened) -> None:
        line = self._lines.opened(news)
        for symbol in line.symbols if line is not None else ():
            self._quotes.pop(symbol, None)
            self._proof_ns.pop(symbol, None)

    def _closed(self, line: Line | None, reason: str) -> None:
        if line is not None:
            self._beat("down", reason)

    def _broken(self, news: BookBroken) -> None:
        if self._lines.of(news.symbol) is None:
            self._strange.add()
        else:
            log.warning("market.book_broken", symbol=news.symbol, reason=news.reason)
            self._lines.heard(news)

    def _take(self, quotes: Iterable[Quote]) -> None:
        known: list[Quote] = []
        for quote in quotes:
            if not self._lines.followed(quote):
                continue  # it has just gone out of focus
            symbol = quote.symbol
            self._quotes[symbol] = quote
            self._unbooked.add(symbol)
            self._proof_ns.pop(symbol, None)
            known.append(quote)
        self._pass_on(known)

    def _trades(self, news: TradePrints) -> None:
        self._lines.followed(news)
        quote = self._quotes.get(news.symbol)
        if quote is not None and news.trades and self._may_show(quote, news.received_ns):
            last = news.trades[-1]
            shown = (quote.bid_price, quote.ask_price)
            wrong = freshness.trade_contradicts(shown, last.side, last.price)
            self._hold_against(quote, news.received_ns, wrong)
        self._tell_wanting(news.symbol, news)
        if self._is_warm(news.symbol):
            self._tell_all(self._audience.listeners, news)

    def _want(self, wish: FocusWanted) -> None:
        """Pairs that a strategist looks at; they stay followed as long as the desk runs."""
        assert self.envelope is not None and self.envelope.sender is not None
        watcher, symbols = self.envelope.sender, frozenset(wish.symbols)
        known = self._wanted.get(watcher.name)
        self._wanted[watcher.name] = (watcher, symbols)
        if self._focus is not None:
            self._focus.want(watcher.name, wish.symbols)
        self._hearers.clear()
        self._hurry()
        self._lines.add(symbol for symbol in wish.symbols if symbol not in self._delisted)
        for symbol in sorted(symbols - (known[1] if known else frozenset())):
            if symbol in self._quotes:
                self.tell(watcher, self._quotes[symbol])

    def _hurry(self) -> None:
        """Where a strategist looks at a pair, its order's price may follow from each change."""
        wanted = (symbols for _, symbols in self._wanted.values())
        self._lines.hurry(frozenset(self._audience.of_pair).union(*wanted))

    def _tell_wanting(self, symbol: str, news: Message) -> None:
        for watcher, symbols in self._wanted.values():
            if symbol in symbols:
                self.tell(watcher, news)

    def _ticker(self, ticker: TickerSeen) -> None:
        """Of a pair whose book is watched, from a connection that is not the book's."""
        quote = self._quotes.get(ticker.symbol)
        if quote is not None and self._may_show(quote, ticker.received_ns):
            shown = (quote.bid_price, quote.ask_price)
            wrong = freshness.ticker_contradicts(shown, (ticker.bid, ticker.ask))
            self._hold_against(quote, ticker.received_ns, wrong)

    def _may_show(self, quote: Quote, heard_ns: int) -> bool:
        """Whether other news can show anything: of a book that has just changed they show nothing."""
        return quote.symbol in self._proof_ns or freshness.is_proof(quote.received_ns, heard_ns)

    def _hold_against(self, quote: Quote, heard_ns: int, wrong: bool) -> None:
        if not wrong:
            self._proof_ns.pop(quote.symbol, None)
        elif quote.live and freshness.is_proof(quote.received_ns, heard_ns):
            self._proof_ns.setdefault(quote.symbol, heard_ns)

    def _pass_on(self, quotes: Sequence[Quote]) -> None:
        if quotes:
            # First, so that no order is judged by a quote older than the one that it was decided on. One line
            # of news, from whichever connections: of each pair the newest stays.
            self._tell_all(self._audience.risk, quick_quotes(ALL, tuple(quotes)))
        for quote in quotes:
            names = self._hearers.get(quote.symbol)
            for name in self._hearing(quote.symbol) if names is None else names:
                self.tell(self.find(name), quote)

    def _hearing(self, symbol: str) -> tuple[str, ...]:
        told = self._audience
        names = tuple(name for name, (_, symbols) in self._wanted.items() if symbol in symbols)
        if self._is_warm(symbol):
            names = (*told.listeners, *told.of_pair.get(symbol, ()), *names)
            self._hearers[symbol] = names
        return names

    def _is_warm(self, symbol: str) -> bool:
        return self._focus is None or self._focus.is_warm(symbol)

    def _tell_all(self, names: tuple[str, ...], news: Message) -> None:
        for name in names:
            self.tell(self.find(name), news)

    def _refocus(self, news: FocusNews) -> None:
        assert self._focus is not None, news
        self._hearers.clear()
        for change in self._focus.hear(news):
            if not change.promoted:
                self._let_go(change.symbol)
            elif change.symbol not in self._delisted:
                self._lines.add((change.symbol,), apart=True)

    def _let_go(self, symbol: str) -> None:
        """Follows a pair no more; whoever was told its quote is told that it counts no longer."""
        self._lines.drop(symbol)
        self._proof_ns.pop(symbol, None)
        gone = self._quotes.pop(symbol, None)
        if gone is not None and gone.live:
            self._pass_on((attrs.evolve(gone, live=False),))

    def _listed(self, news: InstrumentsChanged) -> None:
        """Pairs that the exchange lists no more go, and come back when it lists them again."""
        for pair in news.instruments:
            symbol = pair.symbol
            if pair.status == DELISTED:
                self._delisted.add(symbol)
                if self._lines.of(symbol) is not None:
                    log.warning("market.delisted", symbol=symbol)
                    self._let_go(symbol)
            elif symbol in self._delisted:
                self._delisted.discard(symbol)
                if self._is_wanted(symbol):
                    self._lines.add((symbol,))

    def _is_wanted(self, symbol: str) -> bool:
        if symbol in self._pairs or any(symbol in pairs for _, pairs in self._wanted.values()):
            return True
        return self._focus is not None and symbol in self._focus

    def _check(self) -> None:
        if strange := self._strange.due(self.clock.monotonic_ns()):
            log.warning("market.strange_books", count=strange)
        for line in self._lines.check():
            self._beat("down", f"{line.name}: nothing heard")
        heard_ns = min((line.heard_ns for line in self._lines.lines if line.open), default=None)
        if heard_ns is None:
            return
        self._confirm()
        self._revive()
        self._tell_books()
        quoted = {symbol for symbol, quote in self._quotes.items() if quote.live}
        broken = self._lines.symbols - quoted
        status = "degraded" if broken else "ok"
        if status != self._status or self.clock.monotonic_ns() - self._beat_ns >= BEAT_NS:
            self._beat(status, self._detail(len(quoted), broken, heard_ns))

    def _detail(self, quoted: int, broken: frozenset[str], heard_ns: int) -> str:
        age_ms = max(self.clock.wall_ns() - heard_ns, 0) // 1_000_000
        detail = f"{quoted} of {len(self._lines.symbols)} pairs live, heard {age_ms} ms ago"
        detail += f", {counted(self._lines.conflated, 'change')} conflated"
        if self._lines.let_go:
            detail += f", {counted(self._lines.let_go, 'change')} of unknown pairs let go"
        if broken:
            detail += f", without a book: {' '.join(sorted(broken)[:MOST_NAMED])}"
        return detail

    def _revive(self) -> None:
        """Subscribes books anew that stand still though the market goes on."""
        now_ns = self.clock.wall_ns()
        for symbol, proof_ns in tuple(self._proof_ns.items()):
            quote = self._quotes.get(symbol)
            if quote is not None and freshness.stands_still(proof_ns, now_ns):
                del self._proof_ns[symbol]
                log.warning("market.book_broken", symbol=symbol, reason="it stands still")
                self._lines.renew("book", symbol)
                self._take((attrs.evolve(quote, live=False),))

    def _confirm(self) -> None:
        """Quotes that have not changed are as good as the connection, which was heard just now."""
        confirmed: list[Quote] = []
        for symbol, quote in self._quotes.items():
            line = self._lines.of(symbol)
            if line is None or not line.open or symbol in self._proof_ns:
                continue
            if quote.live and quote.age_ns(line.heard_ns) > CONFIRM_NS:
                self._quotes[symbol] = newer = confirmed_at(quote, line.heard_ns)
                confirmed.append(newer)
        self._pass_on(confirmed)

    def _tell_books(self) -> None:
        changed, self._unbooked = self._unbooked & self._quotes.keys(), set()
        for symbol in sorted(changed):
            self._tell_all(self._audience.books, self._quotes[symbol])

    def _beat(self, status: str, detail: str) -> None:
        self._status, self._beat_ns = status, self.clock.monotonic_ns()
        self.tell(self.find("heartbeat"), Beat("feed", status, detail))
