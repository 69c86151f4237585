"""BarKeeper: closed bars of the pairs that strategists look at, by the exchange's own history.

Receives: BarsWanted, CatalogChanged, the wire's replies, timers. Tells: whoever asked BarsClosed. Blocks on
nothing. One request is under way at a time, and one a second at most: public history is limited by
address. History and what closes from here on come by the same request, so who has just come knows what
one who was there knows. A restart asks again for everything; whoever wants bars asks again too.
"""

from collections.abc import Iterable
from typing import Final, assert_never

from zoe.domain.catalog import Catalog
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError
from zoe.messages.market import CandleSeen
from zoe.messages.strategy import BarsClosed, BarsWanted
from zoe.messages.system import CatalogChanged, Tick, WatchCatalog
from zoe.messages.wire import WireLost, WireReply
from zoe.ports.venue import GetBars, Venue
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

MINUTES: Final = 5
INTERVAL_NS: Final = MINUTES * 60_000_000_000
PACE_SECONDS: Final = 1.0
#: After a bar's end, before the exchange is asked for it.
SETTLE_NS: Final = 1_000_000_000
CALL_SECONDS: Final = 10
#: After a refusal the next request waits so long.
PAUSE_SECONDS: Final = 10
#: Pairs whose bars stay although nobody wants them any more, the last that were wanted.
LEFT_KEPT: Final = 20

Inbox = BarsWanted | CatalogChanged | WireReply | WireLost | Tick


class BarKeeper(Actor):
    """Asks for bars of whatever is wanted, the longest out of date first.

    Args:
        kept: So many closed bars of a pair are kept, and told to whoever comes.
    """

    def __init__(self, venue: Venue, kept: int) -> None:
        super().__init__()
        self._venue = venue
        self._kept = kept
        self._catalog: Catalog | None = None
        self._watchers: dict[str, tuple[Address, frozenset[str]]] = {}
        self._bars: dict[str, tuple[CandleSeen, ...]] = {}
        #: Of each pair: when the next bar that is not known has closed.
        self._due_ns: dict[str, int] = {}
        self._asked: tuple[int, str, GetBars] | None = None
        self._request_id = 0

    def on_start(self) -> None:
        self.tell(self.find("catalogue"), WatchCatalog())
        self.after(PACE_SECONDS, Tick("pace"))

    def handle(self, message: Inbox) -> None:
        match message:
            case BarsWanted():
                self._want(message.symbols)
            case CatalogChanged():
                self._catalog = message.catalog
            case WireReply():
                self._replied(message)
            case WireLost():
                if self._asked is not None and message.request_id == self._asked[0]:
                    self._failed(message.reason)
            case Tick():
                self._ask()
            case _:
                assert_never(message)

    def _want(self, symbols: tuple[str, ...]) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        known = self._watchers.get(watcher.name, (watcher, frozenset[str]()))[1]
        self._watchers[watcher.name] = (watcher, frozenset(symbols))
        for symbol in symbols:
            self._due_ns.setdefault(symbol, 0)
            if symbol not in known and symbol in self._bars:
                self.tell(watcher, BarsClosed(symbol, self._bars[symbol]))
        wanted = frozenset[str]().union(*(each for _, each in self._watchers.values()))
        for symbol in [each for each in self._due_ns if each not in wanted]:
            del self._due_ns[symbol]
            self._leave(symbol)

    def _leave(self, symbol: str) -> None:
        """Its bars stay for a while: a pair that comes back soon misses the last ones only."""
        if symbol in self._bars:
            self._bars[symbol] = self._bars.pop(symbol)  # the last of those that have left
        left = [each for each in self._bars if each not in self._due_ns]
        for each in left[:-LEFT_KEPT]:
            del self._bars[each]

    def _ask(self) -> None:
        self.after(PACE_SECONDS, Tick("pace"))
        if self._asked is not None or self._catalog is None or not self._due_ns:
            return
        due_ns, symbol = min((at_ns, symbol) for symbol, at_ns in self._due_ns.items())
        pair = self._catalog.find(symbol)
        now_ns = self.clock.wall_ns()
        if pair is None:
            self._due_ns[symbol] = now_ns + INTERVAL_NS
        elif due_ns + SETTLE_NS <= now_ns:
            self._request_id += 1
            known = self._bars.get(symbol)
            operation = GetBars(pair, MINUTES, known[-1].begin_ns if known else None)
            self._asked = (self._request_id, symbol, operation)
            request = self._venue.request(operation, None)
            self.tell(self.find("wire"), request.on("bars", self._request_id, CALL_SECONDS))

    def _replied(self, reply: WireReply) -> None:
        if self._asked is None or reply.request_id != self._asked[0]:
            return  # asked by an earlier incarnation
        _, symbol, operation = self._asked
        try:
            result = self._venue.result(operation, reply.status, reply.body, None)
        except (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError) as problem:
            self._failed(str(problem))
            return
        self._asked = None
        assert isinstance(result, tuple)
        now_ns = self.clock.wall_ns()
        closed = [
            bar
            for bar in result
            if isinstance(bar, CandleSeen) and bar.begin_ns + INTERVAL_NS <= now_ns
        ]
        self._take(symbol, closed)
        known = self._bars.get(symbol)
        last_ns = known[-1].begin_ns if known else now_ns - INTERVAL_NS
        # Where nothing new has come, the exchange is behind: not at once again.
        self._due_ns[symbol] = max(last_ns + 2 * INTERVAL_NS, now_ns + 5 * SETTLE_NS)

    def _take(self, symbol: str, closed: Iterable[CandleSeen]) -> None:
        known = self._bars.get(symbol, ())
        last_ns = known[-1].begin_ns if known else -1
        fresh = tuple(bar for bar in closed if bar.begin_ns > last_ns)
        if not fresh or symbol not in self._due_ns:
            return
        self._bars[symbol] = (*known, *fresh)[-self._kept :]
        news = BarsClosed(symbol, fresh[-self._kept :])
        for watcher, symbols in self._watchers.values():
            if symbol in symbols:
                self.tell(watcher, news)

    def _failed(self, reason: str) -> None:
        assert self._asked is not None
        symbol = self._asked[1]
        self._asked = None
        self._due_ns[symbol] = self.clock.wall_ns() + PAUSE_SECONDS * 1_000_000_000
        log.warning("bars.unavailable", symbol=symbol, reason=reason)
