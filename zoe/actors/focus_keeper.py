"""FocusKeeper: which pairs MarketWatch looks at closely; a part of that actor.

Always the configured ones, those of coins that the account holds, and those of working orders; the others by
the scout's ranking, as domain/focus.py decides. Each change is journalled with its reason and the ranking that
it follows from, and logged.
"""

from typing import Final

import attrs

from zoe.actors import hydration
from zoe.domain.catalog import TRADABLE
from zoe.domain.focus import Change, Focus, FocusConfig, follow, held_places, pin
from zoe.domain.order_record import canonical
from zoe.messages.journal import Hydrated, Record, Row
from zoe.messages.ledger import BalancesChanged, WatchBalances
from zoe.messages.market import InstrumentsChanged
from zoe.messages.orders import OrdersReported, ReportOrders
from zoe.messages.scan import Ranked, WatchTickers
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

CHANGED: Final = "focus.changed"

FocusNews = Ranked | OrdersReported | BalancesChanged | InstrumentsChanged | Hydrated


@attrs.frozen
class Scouted:
    """What it takes to let pairs come by their rank."""

    account_id: str
    config: FocusConfig


class FocusKeeper:
    """Decides which pairs are followed in full depth, and tells MarketWatch what comes and what
    goes.

    Args:
        pairs: The configured ones.
    """

    def __init__(self, actor: Actor, scouted: Scouted, pairs: tuple[str, ...]) -> None:
        self._actor = actor
        self._config = scouted.config
        self._stream = f"focus/{scouted.account_id}"
        self._version: int | None = None
        self._focus, _ = pin(Focus(), dict.fromkeys(pairs, "configured"))
        self._pairs = pairs
        self._ranked = Ranked(())
        self._held: tuple[str, ...] = ()
        self._known: dict[str, bool] = {}
        self._wanted: dict[str, tuple[str, ...]] = {}

    def start(self) -> None:
        """Asks for what it needs to know."""
        actor = self._actor
        hydration.ask(actor, self._stream, last=True)
        actor.tell(actor.find("ledger"), WatchBalances())

    def want(self, source: str, symbols: tuple[str, ...]) -> None:
        """Pairs that a strategist looks at are pinned; with the next ranking it is written down."""
        self._wanted[source] = symbols

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._focus

    def is_warm(self, symbol: str) -> bool:
        """Whether strategies may see a pair."""
        return self._focus.is_warm(symbol, self._actor.clock.wall_ns(), self._config)

    def hear(self, news: FocusNews) -> tuple[Change, ...]:
        """Takes note; what comes into focus and what goes."""
        match news:
            case Hydrated():
                if hydration.is_own(self._actor, news):
                    self._version = news.rows[-1].version if news.rows else 0
            case BalancesChanged():
                self._held = tuple(asset for asset, total in news.totals if total > 0)
            case InstrumentsChanged():
                for pair in news.instruments:
                    self._known[pair.symbol] = pair.status in TRADABLE
            case Ranked():
                # What is working must be known before anything may go.
                self._ranked = news
                self._actor.tell(self._actor.find("orders"), ReportOrders())
            case OrdersReported():
                return self._decide(news)
        return ()

    def _decide(self, working: OrdersReported) -> tuple[Change, ...]:
        if self._version is None:
            return ()
        pinned = dict.fromkeys(self._pairs, "configured")
        for order in working.orders:
            pinned.setdefault(order.intent.pair, "working order")
        for source, symbols in self._wanted.items():
            for symbol in symbols:
                pinned.setdefault(symbol, f"wanted by {source}")
        ranking = self._ranked.symbols
        for asset in self._held:
            # Whatever pair of it is watched already will do: another rank is no reason to change.
            near = (*pinned, *self._focus.symbols, *ranking)
            pair = next((s for s in near if s.partition("/")[0] == asset), f"{asset}/USD")
            if self._known.get(pair):
                pinned.setdefault(pair, "held")
        focus, changes = pin(self._focus, pinned)
        now_ns = self._actor.clock.wall_ns()
        places = held_places(focus, ranking, self._ranked.passed)
        focus, by_rank = follow(focus, places, now_ns, self._config)
        changes += by_rank
        if changes:
            self._focus = focus
            self._write(changes)
        return changes

    def _write(self, changes: tuple[Change, ...]) -> None:
        assert self._version is not None
        self._version += 1
        for change in changes:
            if change.promoted:
                log.info("market.promoted", symbol=change.symbol, reason=change.reason)
            else:
                log.info("market.demoted", symbol=change.symbol, reason=change.reason)
        body = {
            "ranking": self._ranked.row,
            "changes": [attrs.asdict(change) for change in changes],
            "focus": list(self._focus.symbols),
        }
        row = Row(self._stream, self._version, CHANGED, canonical(body))
        actor = self._actor
        actor.tell(actor.find("journal"), Record((row,)))
        actor.tell(actor.find("scout"), WatchTickers(self._focus.symbols))
