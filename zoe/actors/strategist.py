"""Strategist: one strategy's memory.

Receives: Quote of its pair, BalancesChanged, CatalogChanged, TradingStateChanged, ReportStrategy,
SetStrategyMode, Hydrated. Tells: Journal (decisions), Repositioner (targets). Blocks on nothing.
A decision is journalled when what it wants or why has changed, ahead of the targets that follow
from it, so that every order can be walked back to the quote that caused it. Targets that are the
same are renewed once a second. A restart goes on from the state in its newest decision.
"""

import json
from collections import Counter
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, assert_never

import attrs
import cattrs

from zoe.actors import hydration
from zoe.actors.strategist_report import by_reason, want_report, why_undecided
from zoe.actors.strategist_rows import DECISION, shown_quote, shown_want
from zoe.actors.strategist_targets import renewal_of, target_of
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order_record import canonical
from zoe.domain.quantity import plain
from zoe.domain.quick import quick
from zoe.domain.repeg import Target
from zoe.domain.risk import TradingState
from zoe.domain.strategy.modes import LIVE
from zoe.domain.strategy.view import Decision, Strategy, View, Want, quick_touch, quick_view
from zoe.messages.journal import Hydrated, quick_record, quick_row
from zoe.messages.ledger import BalancesChanged, WatchBalances
from zoe.messages.market import Quote
from zoe.messages.orders import RenewTargets, quick_target_set
from zoe.messages.risk import TradingStateChanged, WatchTradingState
from zoe.messages.strategy import ReportStrategy, SetStrategyMode, StrategyReported
from zoe.messages.system import CatalogChanged, Tick, WatchCatalog
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

RENEW_SECONDS: Final = 1

#: What makes a want another one: not how long it holds, which each renewal tells.
_what: Final = attrgetter("key", "pair", "side", "price", "quantity", "post_only")


@attrs.frozen
class StrategyConfig:
    """A strategy under the name that its orders carry.

    Attributes:
        mode: As it is configured: it is where the strategy runs, and nothing else changes it.
    """

    name: str
    strategy: Strategy
    state_type: type[Any]
    mode: str = LIVE


@attrs.frozen(weakref_slot=False)
class _Set:
    """What is set as a target, and the pair as it was counted then."""

    what: Any
    target: Target
    pair: Instrument


_as_set: Final = quick(_Set)

Inbox = (
    Quote | BalancesChanged | CatalogChanged | TradingStateChanged | Hydrated | Tick
    | ReportStrategy | SetStrategyMode
)  # fmt: skip


class Strategist(Actor):
    """Shows a strategy the world and passes on what it wants."""

    def __init__(self, account_id: str, config: StrategyConfig) -> None:
        super().__init__()
        self._config = config
        self._source = f"strategy/{config.name}"
        self._stream = f"strategy/{account_id}/{config.name}"
        self._state = config.strategy.initial()
        self._version = 0
        self._quote: Quote | None = None
        self._held: tuple[tuple[str, Decimal], ...] | None = None
        self._shown: tuple[object, dict[str, str] | None] = (None, None)
        self._catalog: Catalog | None = None
        self._trading = TradingState.HALTED
        #: What was last wanted, what of it counts, and why; nothing before the first decision.
        self._wants: tuple[Want, ...] | None = None
        self._whats: tuple[tuple[Any, ...], ...] = ()
        self._reasons: tuple[str, ...] | None = None
        #: How often each was the reason of a new decision.
        self._counts: Counter[tuple[str, ...]] = Counter()
        #: The newest renewal, with the wants that it was made of and the pair as it was counted.
        self._renewed: tuple[RenewTargets, tuple[Want, ...], Instrument] | None = None
        #: What each slot was last told to want; None where nothing is, or nobody was told.
        self._set: dict[str, _Set | None] = dict.fromkeys(config.strategy.slots)
        #: Slots in their order; and those that may not be empty, as far as others know.
        self._order = {slot: place for place, slot in enumerate(config.strategy.slots)}
        self._filled = set(config.strategy.slots)

    def on_start(self) -> None:
        self.hold()
        hydration.ask(self, self._stream, last=True)
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("ledger"), WatchBalances())
        self.tell(self.find("risk"), WatchTradingState())
        self.after(RENEW_SECONDS, Tick("renew"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Quote():
                known, self._quote = self._quote, message
                # One that is as old as it was shows nothing but its age, for which the next tick looks.
                if known is None or not message.is_as_it_was(known):
                    self._wake()
            case BalancesChanged():
                self._held = message.totals
            case CatalogChanged():
                self._catalog = message.catalog
            case TradingStateChanged():
                self._trading = message.state
            case Hydrated():
                self._hydrated(message)
            case Tick():
                self._wake(renews=True)
                self.after(RENEW_SECONDS, Tick("renew"))
            case ReportStrategy():
                report = self._report(details=message.details)
                self.reply(StrategyReported(message.ref, self._config.name, report))
            case SetStrategyMode():
                name = self._config.name
                no = f"the mode of {name} is the configuration's: strategy.{name}.mode"
                self.tell(message.reply_to, StrategyReported(message.ref, name, {}, no))
            case _:
                assert_never(message)

    def _hydrated(self, answer: Hydrated) -> None:
        if not hydration.is_own(self, answer):
            return
        self.release()
        if answer.rows:
            newest = answer.rows[-1]
            self._version = newest.version
            state = json.loads(newest.body["state_after"])
            self._state = cattrs.structure(state, self._config.state_type)

    def _wake(self, *, renews: bool = False) -> None:
        view = self._view()
        if view is None:
            return
        decision = self._config.strategy.decide(self._state, view)
        self._state = decision.state
        if self._is_new(decision):
            self._renewed = None
            self._journal(view, decision)
        elif not renews:
            return  # everybody knows
        self._set_targets(view, decision, renews=renews)

    def _is_new(self, decision: Decision) -> bool:
        """Whether what is wanted, or why, differs from what was last told."""
        wants, reasons = decision.wants, decision.reasons
        if wants is self._wants and reasons == self._reasons:
            return False  # of a strategy that keeps what it made
        whats = tuple(map(_what, wants))
        is_new = whats != self._whats or reasons != self._reasons
        self._wants, self._whats, self._reasons = wants, whats, reasons
        return is_new

    def _view(self) -> View | None:
        quote, catalog, handled = self._quote, self._catalog, self.envelope
        if quote is None or catalog is None:
            return None
        instrument = catalog.instruments.get(quote.symbol)
        if instrument is None:
            return None
        if (
            instrument.price_precision != quote.price_precision
            or instrument.qty_precision != quote.qty_precision
        ):
            # The pair is counted otherwise by now, and its new book is on its way.
            quote = attrs.evolve(quote, bid=None, ask=None, live=False)
        assert handled is not None
        now_ns = self.clock.wall_ns()
        touch = quick_touch(
            quote.bid,
            quote.bid_qty,
            quote.ask,
            quote.ask_qty,
            quote.age_ns(now_ns) // 1_000_000,
            quote.live,
            quote.exchange_ns,
            quote.received_ns,
        )
        return quick_view(now_ns, handled.message_id, instrument, touch, self._held, self._trading)

    def _journal(self, view: View, decision: Decision) -> None:
        log.info("strategy.decided", strategy=self._config.name, reasons=decision.reasons)
        self._version += 1
        self._counts[decision.reasons] += 1
        body = {
            "held": self._shown_held(),
            "quote": shown_quote(view),
            "reasons": decision.reasons,
            "state_after": canonical(decision.state),
            "strategy": self._config.name,
            "trading_state": view.trading_state,
            "wants": [shown_want(want, view) for want in decision.wants],
        }
        text = canonical(body, is_sorted=True)
        row = quick_row(self._stream, self._version, DECISION, text)
        self.tell_in_passing(self.find("journal"), quick_record((row,)))

    def _shown_held(self) -> dict[str, str] | None:
        """The balances as a row shows them; they change less often than a decision."""
        if self._shown[0] is not self._held:
            held = self._held
            self._shown = held, None if held is None else {a: plain(q) for a, q in sorted(held)}
        return self._shown[1]

    def _set_targets(self, view: View, decision: Decision, *, renews: bool) -> None:
        known = self._renewed
        if known is not None and known[1] is decision.wants and known[2] is view.instrument:
            self.tell(self.find("repositioner"), known[0])
            return
        left, self._filled = self._filled, set()
        renewed: list[Target] = []
        for want, what in zip(decision.wants, self._whats, strict=True):
            slot = want.key
            told = self._set[slot]
            left.discard(slot)
            self._filled.add(slot)
            if told is None or told.what != what:
                target = self._target(want, view)
                self._set[slot] = _as_set(what, target, view.instrument)
                self.tell(self.find("repositioner"), quick_target_set(self._source, slot, target))
            elif renews:
                renewed.append(self._renewal(want, told, view))
        # What is not wanted needs no renewal: whoever forgot it wants it no more.
        for slot in sorted(left, key=self._order.__getitem__) if left else ():
            self._set[slot] = None
            self.tell(self.find("repositioner"), quick_target_set(self._source, slot, None))
        if renewed:
            renewal = RenewTargets(tuple(renewed))
            if len(renewed) == len(decision.wants):
                self._renewed = renewal, decision.wants, view.instrument
            self.tell(self.find("repositioner"), renewal)

    def _target(self, want: Want, view: View) -> Target:
        decision = f"{self._stream}@{self._version}"
        return target_of(want, want.key, view.instrument, self._source, decision)

    def _renewal(self, want: Want, known: _Set, view: View) -> Target:
        if view.instrument is not known.pair:
            return self._target(want, view)
        return renewal_of(known.target, want.valid_until_ns, f"{self._stream}@{self._version}")

    def _report(self, *, details: bool) -> dict[str, Any]:
        shown = {
            "name": self._config.name,
            "mode": LIVE,
            "why": "it runs",
            "configured": self._config.mode,
            "pairs": 1,
            "decisions": self._counts.total(),
            "wants": len(self._wants or ()),
            "reasons": by_reason((self._counts,)),
        }
        return shown | {"details": [self._pair_report()]} if details else shown

    def _pair_report(self) -> dict[str, Any]:
        symbol = self._config.strategy.pair
        pair = None if self._catalog is None else self._catalog.instruments.get(symbol)
        held = dict(self._held or ()).get(symbol.partition("/")[0])
        return {
            "pair": symbol,
            "held": None if held is None else plain(held),
            "wants": [want_report(want, pair) for want in self._wants or ()],
            "reasons": why_undecided(known=pair is not None)
            if self._reasons is None
            else list(self._reasons),
        }
