"""A recording's decisions, made again: the desk's own scout, focus and quoting strategy in virtual time.

Frames come at the times at which they were received, so the same recording gives the same decisions on
every machine: that is what the hash of them stands for. The account is an assumed one: it holds what the
strategy needs, has no orders, and may trade.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

import attrs

from zoe.actors.focus_keeper import Scouted
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.actors.scout import Scout
from zoe.adapters.kraken.recording import channel_of
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.catalog import Catalog
from zoe.domain.focus import FocusConfig
from zoe.domain.risk import TradingState
from zoe.domain.scan import ScanConfig
from zoe.domain.strategy.quote_keeper import QuoteKeeper, State
from zoe.domain.strategy.view import Touch, View
from zoe.messages.frames import FrameReader
from zoe.messages.journal import Hydrate, Hydrated, Record
from zoe.messages.market import FeedAlive, InstrumentsChanged, Quote
from zoe.messages.orders import OrdersReported, ReportOrders
from zoe.messages.system import CatalogChanged, WatchCatalog
from zoe.messages.wire import WireOpen, WireOpened
from zoe.runtime.address import Address
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import EPOCH_NS, VirtualClock, VirtualRuntime

_ACCOUNT: Final = "replayed"
_MARKET: Final = "market"
_SCOUT: Final = "scout"
_STRATEGY: Final = "strategy"
_QUOTED: Final = "strategy.quoted"
#: What is held of every base: room to buy and to sell.
_HELD: Final = Decimal(1)
#: What says when, and not what.
_TIMES: Final = frozenset({"at_ns", "age_ms", "ranking"})


@attrs.frozen
class Wanted:
    """What decides: the sections of a desk's configuration.

    Attributes:
        pairs: In focus, always.
    """

    pairs: tuple[str, ...]
    scan: ScanConfig
    focus: FocusConfig
    keeper: QuoteKeeper


@attrs.define
class Decisions:
    """The decisions in their order, each as a line of JSON, without the moments at which they fell."""

    lines: list[str] = attrs.field(factory=list)

    def add(self, kind: str, body: Mapping[str, Any]) -> None:
        """Adds a decision."""
        self.lines.append(json.dumps([kind, _timeless(body)], sort_keys=True))

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return dict(sorted(Counter(json.loads(line)[0] for line in self.lines).items()))

    @property
    def sha256(self) -> str:
        """The SHA-256 of all decisions, in their order."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in _TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


class Stand:
    """Scout, MarketWatch and a strategy in virtual time, and what they decide.

    Args:
        wire: Serves the wire's address.
    """

    def __init__(
        self,
        runtime: VirtualRuntime,
        venue: KrakenVenue,
        wanted: Wanted,
        wire: Callable[[Envelope], None],
    ) -> None:
        self.decisions = Decisions()
        self._runtime = runtime
        self._keeper, self._state = wanted.keeper, State()
        self._quoted: tuple[Any, ...] | None = None
        self._catalog = Catalog(0, {})
        self._followers: list[Address] = []
        serve = {
            "wire": wire,
            "catalogue": self._catalogue,
            "journal": self._journal,
            "orders": self._orders,
            _STRATEGY: self._strategy,
        }
        for name in ("ledger", "heartbeat"):
            runtime.endpoint(name, lambda envelope: None)
        for name, handle in serve.items():
            runtime.endpoint(name, handle)
        scouted = Scouted(_ACCOUNT, wanted.focus) if wanted.scan.enabled else None
        audience = Audience(listeners=(_STRATEGY,))
        children = [Child(_MARKET, partial(MarketWatch, venue, wanted.pairs, audience, scouted))]
        if wanted.scan.enabled:
            children.append(Child(_SCOUT, partial(Scout, _ACCOUNT, venue, wanted.scan)))
        runtime.root((Group("market", tuple(children)),))

    def _catalogue(self, envelope: Envelope) -> None:
        match envelope.message:
            case InstrumentsChanged(instruments=pairs):
                self._catalog = self._catalog.merge(pairs)
            case WatchCatalog() if envelope.sender is not None:
                self._followers.append(envelope.sender)
        for follower in self._followers:
            self._runtime.post(follower, CatalogChanged(self._catalog), cause=envelope)

    def _journal(self, envelope: Envelope) -> None:
        match envelope.message:
            case Hydrate() as asked:
                self._runtime.post(asked.reply_to, Hydrated(asked.ref, ()), cause=envelope)
            case Record(rows=rows):
                for row in rows:
                    self.decisions.add(row.kind, json.loads(row.body))

    def _orders(self, envelope: Envelope) -> None:
        if isinstance(envelope.message, ReportOrders) and envelope.sender is not None:
            self._runtime.post(envelope.sender, OrdersReported(()), cause=envelope)

    def _strategy(self, envelope: Envelope) -> None:
        quote = envelope.message
        if not isinstance(quote, Quote) or quote.symbol != self._keeper.pair:
            return
        view = self._view(quote, envelope.message_id)
        if view is None:
            return
        decision = self._keeper.decide(self._state, view)
        self._state = decision.state
        wants = [[w.key, w.side.value, w.price, w.quantity] for w in decision.wants]
        told = (wants, decision.reasons)
        if told != self._quoted:
            self._quoted = told
            body = {"pair": quote.symbol, "wants": wants, "reasons": list(decision.reasons)}
            self.decisions.add(_QUOTED, body)

    def _view(self, quote: Quote, cause: int) -> View | None:
        pair = self._catalog.find(quote.symbol)
        if pair is None:
            return None
        now_ns = self._runtime.clock.wall_ns()
        best = (quote.bid, quote.bid_qty, quote.ask, quote.ask_qty)
        age_ms = quote.age_ns(now_ns) // 1_000_000
        touch = Touch(*best, age_ms, quote.live, quote.exchange_ns, quote.received_ns)
        held = ((pair.base, _HELD), (pair.quote, _HELD))
        return View(now_ns, cause, pair, touch, held, TradingState.ACTIVE)


class _Tape:
    """The wire of a replay: every connection opens at once, and recorded frames are its news."""

    def __init__(self, runtime: VirtualRuntime) -> None:
        self._runtime = runtime
        self._readers: dict[str, FrameReader] = {}
        self._lines: dict[str, list[str]] = {_MARKET: [], _SCOUT: []}

    def handle(self, envelope: Envelope) -> None:
        """Takes what the actors send; only that they open something matters."""
        wish = envelope.message
        if not isinstance(wish, WireOpen) or envelope.sender is None:
            return
        name = envelope.sender.name
        if name not in self._readers and wish.reader is not None:
            self._readers[name] = wish.reader()
        self._lines[name].append(wish.connection)
        self._runtime.post(envelope.sender, WireOpened(wish.connection, 1), cause=envelope)

    def hear(self, payload: bytes, at_ns: int) -> None:
        """One frame, to whoever subscribes to its kind; the others learn that the exchange lives."""
        owner = _SCOUT if channel_of(payload) == "ticker" else _MARKET
        for name, reader in self._readers.items():
            if name == owner:
                for news in reader.feed(payload, at_ns):
                    self._tell(name, news, at_ns)
            self._alive(name, at_ns)

    def _tell(self, name: str, news: Any, at_ns: int) -> None:
        if not isinstance(news, FeedAlive):
            self._runtime.post(self._runtime.find(name), news)

    def _alive(self, name: str, at_ns: int) -> None:
        for connection in self._lines[name]:
            self._runtime.post(self._runtime.find(name), FeedAlive(connection, at_ns))


def decide(recorded: Iterable[tuple[int, bytes]], wanted: Wanted) -> Decisions:
    """What a desk would have decided on these frames, each with the time when it was received."""
    runtime: VirtualRuntime | None = None
    tape: _Tape | None = None
    stand: Stand | None = None
    for at_ns, payload in recorded:
        virtual_ns = at_ns - EPOCH_NS
        if runtime is None:
            runtime = VirtualRuntime(0, clock=VirtualClock(virtual_ns))
            tape = _Tape(runtime)
            stand = Stand(runtime, KrakenVenue(None), wanted, tape.handle)
        assert tape is not None
        runtime.run_until(virtual_ns)
        tape.hear(payload, at_ns)
    if runtime is None or stand is None:
        return Decisions()
    runtime.run_for(1)
    return stand.decisions
