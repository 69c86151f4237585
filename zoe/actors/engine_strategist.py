"""EngineStrategist: one strategy of many pairs, with its memory, its sleeve and its mode.

Receives: quotes, trades and bars of the pairs it looks at, tickers of all, catalogue, balances, trading state,
every change of every order, room of the counters, people's wishes about it. Tells: MarketWatch, BarKeeper and
Scout what it looks at; Journal decisions and states; Repositioner targets. Blocks on nothing.
``off`` looks at nothing, ``shadow`` decides and writes down, ``live`` sets targets too. A decision is a row when
what is wanted, or why, has changed, ahead of the targets that follow from it. A restart reads mode, states and
executions back before it takes any other mail; targets that it no longer renews run out by themselves.
"""

from typing import Any, Final, assert_never

from zoe.actors.strategist_config import EngineConfig
from zoe.actors.strategist_eyes import Eyes
from zoe.actors.strategist_marks import Marks
from zoe.actors.strategist_purse import MARK_EACH, Purse
from zoe.actors.strategist_report import report
from zoe.actors.strategist_rows import MODE, Made, Rows
from zoe.actors.strategist_scan import RANKED, Scanner
from zoe.actors.strategist_targets import Targets
from zoe.actors.strategist_tracks import Guard, Track
from zoe.actors.strategist_views import Views
from zoe.domain.order import CONCLUDED, Side
from zoe.domain.order_record import canonical
from zoe.domain.strategy import record
from zoe.domain.strategy.modes import LIVE, MODES, OFF, Mode, in_force
from zoe.domain.strategy.scan_gates import BITCOIN
from zoe.domain.strategy.trader_hold import ALARMS
from zoe.domain.strategy.view import WARMING, Decision, View
from zoe.domain.words import counted
from zoe.messages.journal import Hydrated, Record, Recorded, StoredRow
from zoe.messages.ledger import BalancesChanged, FeesKnown, FeesWanted, WatchBalances
from zoe.messages.limits import BudgetChanged, WatchBudget
from zoe.messages.market import ExchangeStatus, Quote, TradePrints
from zoe.messages.orders import OrderChanged, OrderForgotten, OrdersReported, ReportOrders
from zoe.messages.risk import TradingStateChanged, WatchTradingState
from zoe.messages.strategy import (
    BarsClosed,
    BarsWanted,
    FocusWanted,
    ReportStrategy,
    SamplesWanted,
    SetStrategyMode,
    StrategyReported,
    TickersSampled,
)
from zoe.messages.system import Beat, CatalogChanged, Tick, WatchCatalog
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

ROUND_SECONDS: Final = 1
#: How often it says again what it looks at, and asks for every order anew.
RENEW_EACH: Final = 30
#: A state that is not written at each change is written so often.
STATE_EACH: Final = 300

Inbox = (
    Quote | TradePrints | BarsClosed | TickersSampled | ExchangeStatus | BalancesChanged | CatalogChanged
    | FeesKnown | TradingStateChanged | OrderChanged | OrderForgotten | OrdersReported | BudgetChanged | Hydrated
    | Recorded | SetStrategyMode | ReportStrategy | Tick
)  # fmt: skip


class EngineStrategist(Actor):
    """Shows an engine the world, pair by pair, and passes on what it wants."""

    def __init__(self, account_id: str, config: EngineConfig) -> None:
        super().__init__()
        self.config = config
        self._source = f"strategy/{config.name}"
        about = {"strategy": config.name, "code": config.code, "params": config.params}
        self._rows = Rows(self, account_id, about)
        self.purse = Purse(self._source)
        bars = dict(config.engine.needs.bars).get("5m", 0)
        self.eyes = Eyes(config.weighing, self.purse.ours, bars)
        self.scanner = None if config.scan is None else Scanner(config.scan)
        self.views = Views(self.eyes, self.purse, self.scanner)
        self.targets = Targets(self, self._source, config.most)
        self._marks = Marks(self._rows, config.horizon_seconds)
        self.mode = Mode(OFF, "not read yet")
        self._commanded = self.mode
        #: Why it must be off; None where it need not.
        self.unmet = config.unmet
        self.tracks: dict[str, Track] = {}
        self._guard = Guard(config.name)
        self.wakes = self.decisions = 0
        self._states: dict[str, Any] = {}
        self._pairs: tuple[str, ...] = ()
        self._rounds = 0
        self._changing: dict[int, SetStrategyMode] = {}

    def on_start(self) -> None:
        self.hold()
        rows, engine = self._rows, self.config.engine
        rows.ask(rows.mode, self._mode_read)
        rows.ask(rows.decisions, lambda _: None)
        rows.ask_scans(self.scanner)
        rows.ask(rows.fairs, lambda _: None)
        for memory in sorted({engine.memory(pair) for pair in (*self.config.pairs, "")}):
            rows.ask_state(memory, lambda found, memory=memory: self._state_read(memory, found))  # type: ignore[misc]  # a default binds it
        rows.ask(rows.marks, self._mark_read)
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("ledger"), WatchBalances())
        self.tell(self.find("risk"), WatchTradingState())
        self._renew()
        self.after(ROUND_SECONDS, Tick("round"))

    def handle(self, message: Inbox) -> None:
        now_ns = self.clock.wall_ns()
        match message:
            case Quote():
                self.eyes.quote(message, now_ns)
                self._notice(message.symbol)
            case TradePrints():
                self.eyes.trades(message, now_ns)
                self._notice(message.symbol)
            case BarsClosed():
                self.eyes.bars(message.symbol, message.bars)
                self._wake(message.symbol)
            case TickersSampled():
                self._sampled(message, now_ns)
            case ExchangeStatus():
                self.views.maintenance = message.system == "maintenance"
            case BalancesChanged() | FeesKnown():
                self.purse.hear(message, now_ns)
            case CatalogChanged():
                self._learn(message, now_ns)
            case TradingStateChanged():
                self.views.trading_state = message.state
                self._wake_all(now_ns, at_once=True)
            case OrderChanged():
                order, intent = message.order, message.order.intent
                pair = self.purse.follow(order, now_ns, message.fact)
                is_end = order.state in CONCLUDED and bool(order.filled)
                if is_end and pair is not None and intent.slot is not None:
                    self.targets.filled(intent.slot)
                self._wake(pair)
            case OrderForgotten():
                self.purse.forget(message.intent_id)
            case OrdersReported():
                self.purse.reported(message.orders, now_ns)
            case BudgetChanged():
                self.views.rooms[message.pair] = message.room
            case Hydrated():
                if self._rows.hydrated(message):
                    self._begin()
            case Recorded():
                self._mode_set(message.ref)
            case SetStrategyMode():
                self._set_mode(message)
            case ReportStrategy():
                self._report(message)
            case Tick():
                self._round(now_ns)
            case _:
                assert_never(message)

    # What was before

    def _mode_read(self, rows: tuple[StoredRow, ...]) -> None:
        self._commanded = in_force(self.config.mode, rows[-1].body if rows else None)

    def _state_read(self, memory: str, rows: tuple[StoredRow, ...]) -> None:
        if rows:
            kind = self.config.engine.state_type
            try:
                self._states[memory] = record.read_state(kind, rows[-1].body["state"])
            except record.StateRefused as problem:
                # What it remembers is never guessed: it stays off until a person has decided.
                log.error("strategy.state_refused", strategy=self.config.name, error=str(problem))
                self.unmet = f"its stored state is not readable: {problem}"

    def _mark_read(self, rows: tuple[StoredRow, ...]) -> None:
        # What is given counts from the first execution on: then all of them are read.
        after = 0 if self.config.claims else self.purse.read_on(rows)
        self._rows.ask_fills(self._source, self._fills_read, after=after)

    def _fills_read(self, rows: tuple[StoredRow, ...]) -> None:
        now_ns = self.clock.wall_ns()
        for pair, quantity in self.config.claims:
            self.purse.claim(pair, quantity, now_ns)
        count = self.purse.stored(rows, now_ns)
        log.info("strategy.sleeve_read", strategy=self.config.name, fills=count)
        if count >= MARK_EACH and not self.config.claims:
            self._rows.write(self._rows.mark_row(self.purse.mark(rows[-1].seq)))

    def _begin(self) -> None:
        """Everything is read back: from here on it takes its mail."""
        self._guard.begin(self.config.trades(self._states.get("")))
        self._change_mode(self._commanded if self.unmet is None else Mode(OFF, self.unmet))
        self.release()

    def _set_mode(self, wish: SetStrategyMode) -> None:
        refusal = ""
        if wish.mode not in MODES:
            refusal = f"a mode is one of {', '.join(MODES)}, not {wish.mode}"
        elif wish.mode != OFF and self.unmet is not None:
            refusal = self.unmet
        elif wish.mode == LIVE and self.config.forbidden is not None:
            refusal = self.config.forbidden
        if refusal:
            self.tell(wish.reply_to, StrategyReported(wish.ref, self.config.name, {}, refusal))
            return
        body = canonical({"mode": wish.mode, "why": wish.why, "configured": self.config.mode})
        row = self._rows.next(self._rows.mode, MODE, body)
        self._changing[row.version] = wish
        self.tell(self.find("journal"), Record((row,), row.version, self.me))

    def _mode_set(self, version: int) -> None:
        wish = self._changing.pop(version, None)
        if wish is None:
            return  # an earlier incarnation's, which came with the hydration
        self._change_mode(Mode(wish.mode, wish.why))
        shown = report(self, details=False)
        self.tell(wish.reply_to, StrategyReported(wish.ref, self.config.name, shown))

    def _change_mode(self, mode: Mode) -> None:
        log.info("strategy.mode", strategy=self.config.name, mode=mode.name, why=mode.why)
        self.mode = mode
        if not self.is_live:
            self.targets.withdraw()
        for track in self.tracks.values():
            track.told = None
        self._renew()

    @property
    def is_live(self) -> bool:
        """Whether targets are set."""
        return self.mode.name == LIVE and self.config.forbidden is None

    # What is looked at

    def _learn(self, news: CatalogChanged, now_ns: int) -> None:
        self.eyes.learn(news.catalog)
        self.purse.learn(news.catalog)
        if self.scanner is not None:
            self._rows.note_listed(self.scanner.learn(news.catalog, now_ns))
        self._renew()

    def _sampled(self, news: TickersSampled, now_ns: int) -> None:
        if self.scanner is None or self.mode.name == OFF:
            return
        self.scanner.sample(news, self.eyes.usd, now_ns)
        self.scanner.learn_bars({pair: self.eyes.closed_bars(pair) for pair in self._pairs})
        self.eyes.tickers = self.scanner.tickers
        if self.scanner.is_due:
            body = self.scanner.body(now_ns)
            self._rows.write(self._rows.next(self._rows.scans, RANKED, body))
            self._renew()

    def _renew(self) -> None:
        """Says what it looks at; a restart of whoever is told forgets it."""
        on = self.mode.name != OFF
        self._pairs = tuple(dict.fromkeys((*self.config.pairs, *self._found()))) if on else ()
        for pair in self.tracks.keys() - set(self._pairs):
            self.tracks[pair].wants = ()  # of what is not looked at nothing is wanted
        if self.eyes.catalog is None:
            return
        wanted = self.eyes.wanted(self._pairs)
        self.eyes.keep(wanted, self.clock.wall_ns())
        self.tell(self.find("market"), FocusWanted(wanted))
        self.tell(self.find("fees"), FeesWanted(self._pairs))
        if dict(self.config.engine.needs.bars):
            self.tell(self.find("bars"), BarsWanted(self._pairs))
        if self.scanner is not None and on:
            self.tell(self.find("scout"), SamplesWanted())
        if on:
            self.tell(self.find("ratelimiter"), WatchBudget())
        self.tell(self.find("orders"), ReportOrders())

    def _found(self) -> tuple[str, ...]:
        """Pairs that a scanner finds, and those it is in: whoever is told its pairs has no others."""
        if self.scanner is None:
            return ()
        trades = self.config.trades(self._states.get(""))
        return (*trades, *self.purse.own_pairs, BITCOIN, *self.scanner.best)

    def _round(self, now_ns: int) -> None:
        self.after(ROUND_SECONDS, Tick("round"))
        self._rounds += 1
        if self._rounds % RENEW_EACH == 0:
            self._renew()
        self._wake_all(now_ns, at_once=False)
        self._marks.each_minute(self.purse.traded_pairs, now_ns)
        if self._rounds % STATE_EACH == 0 and not self.config.eager:
            self._write_states()
        quoting = sum(bool(track.wants) for track in self.tracks.values())
        detail = f"{self.mode.name}, {counted(len(self._pairs), 'pair')}, {quoting} with wants"
        self.tell(self.find("heartbeat"), Beat(self._source, "ok", detail))

    # Decisions

    def _wake_all(self, now_ns: int, *, at_once: bool) -> None:
        for pair in self._pairs:
            track = self.tracks.get(pair)
            if at_once or track is None or now_ns - track.decided_ns >= ROUND_SECONDS * 900_000_000:
                self._wake(pair)

    def _notice(self, pair: str) -> None:
        """The market of a pair has moved: what a scanner has only found waits for the round."""
        if self.scanner is None or pair in self.config.trades(self._states.get("")):
            self._wake(pair)

    def _wake(self, pair: str | None) -> None:
        if pair is None or pair not in self._pairs or self.mode.name == OFF:
            return
        assert self.envelope is not None
        now_ns, monotonic_ns = self.clock.wall_ns(), self.clock.monotonic_ns()
        view = self.views.view(pair, self.envelope.message_id, now_ns, monotonic_ns)
        if view is None:
            return
        self.wakes += 1
        engine, memory = self.config.engine, self.config.engine.memory(pair)
        before = self._states.get(memory)
        if before is None:
            before = engine.initial()
        decision = engine.decide(before, view)
        self._states[memory] = decision.state
        self._marks.looked(view, self.config.fair(decision.state, view))
        self._follow(view, before, decision)

    def _follow(self, view: View, before: Any, decision: Decision) -> None:
        """Writes down what is new, and sets the targets."""
        pair = view.instrument.symbol
        track = self.tracks.setdefault(pair, Track())
        missing = self.config.engine.needs.missing(
            view, self.eyes.focused_seconds(pair, view.now_ns)
        )
        wants, reasons = decision.wants, decision.reasons
        if missing:
            reasons = (WARMING, *(each for each in reasons if each != WARMING))
            wants = tuple(w for w in wants if self.config.eager and w.side is Side.SELL)
        track.decided_ns, track.wants, track.reasons = view.now_ns, wants, reasons
        track.counts[reasons] += 1
        is_new = track.is_news(wants, reasons, view.now_ns, exact=self.config.eager)
        self._write(Made(view, before, decision, reasons), is_new=is_new)
        if is_new:
            track.told, track.written_ns = (wants, reasons), view.now_ns
        else:
            wants = track.as_told(wants)
        if self.is_live:
            self.targets.set(view, self.config.engine.slots, wants, self._rows.link(pair))
            self._guard.looked(view)

    def _write(self, made: Made, *, is_new: bool) -> None:
        pair = made.view.instrument.symbol
        rows = []
        if self.config.eager and made.decision.state != made.before:
            memory = self.config.engine.memory(pair)
            rows.append(self._rows.state_row(memory, made.decision.state))
        if is_new:
            self.decisions += 1
            log.info("strategy.decided", strategy=self.config.name, pair=pair, reasons=made.reasons)
            if alarms := sorted(ALARMS.intersection(made.reasons)):
                log.warning("strategy.unguarded", strategy=self.config.name, pair=pair, why=alarms)
            rows.append(self._rows.decision_row(made))
        if rows:
            self._rows.write(*rows)

    def _write_states(self) -> None:
        rows = [self._rows.state_row(memory, state) for memory, state in self._states.items()]
        if rows and self.mode.name != OFF:
            self._rows.write(*rows)

    @property
    def pairs(self) -> tuple[str, ...]:
        """Pairs that it is asked about at present."""
        return self._pairs

    def _report(self, wish: ReportStrategy) -> None:
        shown = report(self, details=wish.details)
        self.reply(StrategyReported(wish.ref, self.config.name, shown))
