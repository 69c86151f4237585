"""FeeKeeper: what trading costs in the pairs that strategists look at, at the account's tier.

Receives: FeesWanted, CatalogChanged, PrivateAnswered, timers. Tells: Gateway (one call at a time, within
the desk's budget of private calls), whoever asked FeesKnown. Blocks on nothing. A tier moves with
the volume of 30 days: a pair is asked for again every four hours. A restart asks again for
everything, and whoever wants fees says so again; until then what they know stands.
"""

from collections.abc import Container
from typing import Final, assert_never

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.fees import PairFee
from zoe.messages.gateway import Failure, PrivateAnswered, PrivateCall
from zoe.messages.ledger import FeesKnown, FeesWanted
from zoe.messages.system import CatalogChanged, Tick, WatchCatalog
from zoe.ports.venue import GetFees
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

SECOND_NS: Final = 1_000_000_000
PACE_SECONDS: Final = 10
EACH_NS: Final = 4 * 3_600 * SECOND_NS
#: Between two calls; longer after a failure.
REST_NS: Final = 60 * SECOND_NS
PAUSE_NS: Final = 600 * SECOND_NS
#: An answer that has not come by then is lost with whoever had the call.
PATIENCE_NS: Final = 300 * SECOND_NS
MOST_PAIRS: Final = 50

Inbox = FeesWanted | CatalogChanged | PrivateAnswered | Tick


class FeeKeeper(Actor):
    """Asks for the fees of whatever is wanted, the longest out of date first."""

    def __init__(self) -> None:
        super().__init__()
        self._catalog: Catalog | None = None
        self._watchers: dict[str, tuple[Address, tuple[str, ...]]] = {}
        self._known: dict[str, PairFee] = {}
        #: When each pair was last asked for.
        self._asked_ns: dict[str, int] = {}
        self._asking: tuple[int, tuple[str, ...], int] | None = None
        self._refs = 0
        self._not_before_ns = 0
        self._most = MOST_PAIRS
        self._is_said = False

    def on_start(self) -> None:
        self.tell(self.find("catalogue"), WatchCatalog())
        self.after(PACE_SECONDS, Tick("pace"))

    def handle(self, message: Inbox) -> None:
        match message:
            case FeesWanted():
                self._want(message.symbols)
            case CatalogChanged():
                self._catalog = message.catalog
            case PrivateAnswered():
                self._answered(message)
            case Tick():
                self._ask()
                self.after(PACE_SECONDS, Tick("pace"))
            case _:
                assert_never(message)

    def _want(self, symbols: tuple[str, ...]) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = (watcher, symbols)
        # It may be a new life of whoever asks: what is known is said again.
        self._tell(watcher, symbols, self._known.keys())

    def _ask(self) -> None:
        now_ns = self.clock.monotonic_ns()
        if self._asking is not None and now_ns - self._asking[2] > PATIENCE_NS:
            self._asking = None
        if self._asking is not None or now_ns < self._not_before_ns:
            return
        pairs = self._due(now_ns)[: self._most]
        if not pairs:
            return
        self._refs += 1
        self._not_before_ns = now_ns + REST_NS
        self._asking = (self._refs, tuple(pair.symbol for pair in pairs), now_ns)
        self.tell(self.find("gateway"), PrivateCall(self._refs, GetFees(pairs), self.me))

    def _due(self, now_ns: int) -> tuple[Instrument, ...]:
        wanted = {symbol for _, symbols in self._watchers.values() for symbol in symbols}
        known = {} if self._catalog is None else self._catalog.instruments
        due = [
            symbol
            for symbol in wanted & known.keys()
            if now_ns - self._asked_ns.get(symbol, -EACH_NS) >= EACH_NS
        ]
        due.sort(key=lambda symbol: (self._asked_ns.get(symbol, -1), symbol))
        return tuple(known[symbol] for symbol in due)

    def _answered(self, answer: PrivateAnswered) -> None:
        if self._asking is None or answer.ref != self._asking[0]:
            return  # asked by an earlier incarnation, or given up
        symbols, self._asking = self._asking[1], None
        now_ns = self.clock.monotonic_ns()
        if answer.failure is not None:
            self._failed(answer, symbols, now_ns)
            return
        self._is_said, self._most = False, MOST_PAIRS
        self._asked_ns |= dict.fromkeys(symbols, now_ns)
        found = {fee.symbol: fee for fee in answer.result}
        self._known |= found
        for watcher, wanted in self._watchers.values():
            self._tell(watcher, wanted, found.keys())

    def _failed(self, answer: PrivateAnswered, symbols: tuple[str, ...], now_ns: int) -> None:
        """A refusal may be about one pair: fewer at a time, until it is found and left out."""
        if answer.failure is Failure.REFUSED and len(symbols) > 1:
            self._most = max(len(symbols) // 2, 1)
        else:
            self._not_before_ns = now_ns + PAUSE_NS
            if answer.failure is Failure.REFUSED:
                self._asked_ns |= dict.fromkeys(symbols, now_ns)
        if not self._is_said:
            self._is_said = True
            log.warning("fees.unavailable", reason=answer.code, pairs=len(symbols))

    def _tell(self, to: Address, wanted: tuple[str, ...], news: Container[str]) -> None:
        found = tuple(self._known[symbol] for symbol in wanted if symbol in news)
        if found:
            self.tell(to, FeesKnown(found))
