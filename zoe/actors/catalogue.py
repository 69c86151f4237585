"""Catalogue: pairs, names, steps, minimums and states, as an immutable snapshot with a version.

Receives: WatchCatalog, InstrumentsChanged, the wire's replies. Tells: CatalogChanged to its
watchers. Blocks on nothing. A restart reads the pairs again; watchers keep what they have, and
are told anew because they are named in the tree.
"""

from typing import Final, assert_never

from zoe.domain.catalog import MOST_PAIRS, Catalog
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError
from zoe.domain.thinned import Thinned
from zoe.messages.market import InstrumentsChanged
from zoe.messages.system import CatalogChanged, Tick, WatchCatalog
from zoe.messages.wire import WireLost, WireReply
from zoe.ports.venue import GetInstruments, Venue
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

CALL_SECONDS: Final = 10
RETRY_SECONDS: Final = (0.5, 1, 2, 5, 10, 30)

Inbox = WatchCatalog | InstrumentsChanged | WireReply | WireLost | Tick


class Catalogue(Actor):
    """Keeps the catalogue and tells its watchers each new version."""

    def __init__(self, venue: Venue, watchers: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._venue = venue
        self._named = watchers
        self._watchers: dict[str, Address] = {}
        self._catalog: Catalog | None = None
        self._failures = 0
        self._request_id = 0
        #: Pairs for which there was no room.
        self._left_out = Thinned()

    def on_start(self) -> None:
        for name in self._named:
            self._watchers[name] = self.find(name)
        self._fetch()

    def handle(self, message: Inbox) -> None:
        match message:
            case WatchCatalog():
                self._watch()
            case InstrumentsChanged():
                self._merge(message)
            case WireReply():
                self._replied(message)
            case WireLost():
                self._again(message.reason)
            case Tick():
                self._fetch()
            case _:
                assert_never(message)

    def _watch(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = watcher
        if self._catalog is not None:
            self.tell(watcher, CatalogChanged(self._catalog))

    def _fetch(self) -> None:
        self._request_id += 1
        request = self._venue.request(GetInstruments(), None)
        self.tell(self.find("wire"), request.on("public", self._request_id, CALL_SECONDS))

    def _replied(self, reply: WireReply) -> None:
        try:
            pairs = self._venue.result(GetInstruments(), reply.status, reply.body, None)
        except (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError) as problem:
            self._again(str(problem))
            return
        assert isinstance(pairs, tuple)
        self._failures = 0
        version = 1 if self._catalog is None else self._catalog.version + 1
        catalog = Catalog(version - 1, {}).merge(pairs)  # type: ignore[arg-type]  # by request
        self._say_full(len(pairs) - len(catalog.instruments))
        self._publish(catalog)

    def _again(self, reason: str) -> None:
        delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        log.warning("catalogue.unavailable", reason=reason, retry_seconds=delay)
        self.after(delay, Tick("fetch"))

    def _merge(self, news: InstrumentsChanged) -> None:
        if self._catalog is not None:
            merged = self._catalog.merge(news.instruments)
            self._say_full(sum(p.symbol not in merged.instruments for p in news.instruments))
            if merged is not self._catalog:
                self._publish(merged)

    def _say_full(self, count: int) -> None:
        self._left_out.add(count)
        if left_out := self._left_out.due(self.clock.monotonic_ns()):
            log.warning("catalogue.full", pairs=MOST_PAIRS, left_out=left_out)

    def _publish(self, catalog: Catalog) -> None:
        self._catalog = catalog
        pairs = len(catalog.instruments)
        log.info("catalogue.changed", version=catalog.version, pairs=pairs)
        for watcher in self._watchers.values():
            self.tell(watcher, CatalogChanged(catalog))
