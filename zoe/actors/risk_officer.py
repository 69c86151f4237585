"""RiskOfficer: limits, reservations, positions, the breaker, and the trading state.

Receives: PlaceOrder, AmendOrder, AmendDenied (of what it approved), SetTradingState, StopTrading,
OrderChanged, OrdersReported, OrderForgotten, Quotes, BalancesChanged, CatalogChanged, Reconciled, stream and store news, LatchSet,
LatchWanted, PlanFlatten, ReportRisk, AssetsDisputed, Hydrated, Recorded, Tick.
Tells: OrderDesk (approved wishes, cancels of what does not reduce), the asker (denials), Gateway
(the latch), Journal (changes of the trading state, what losses are measured from, first rows of orders
for which there is room), and whoever asked. Blocks on nothing.
Reserves at approval and releases when the order is concluded. A restart reads the trading state,
what our own fills came to and what losses are measured from in the journal; until then its mail waits
and the Gateway's latch stays as it is. OrderDesk tells the live orders, and what was approved before and
has not left, and then the journal what was approved in the last minute; until then nothing is approved.
"""

from typing import Final, assert_never

from zoe.actors import hydration
from zoe.actors.equity_watch import EquityWatch
from zoe.actors.order_opening import OrderConfig, begin
from zoe.actors.pace_keeper import PaceKeeper
from zoe.actors.risk_view import RiskView
from zoe.actors.trading_state import StateKeeper
from zoe.domain import order_record
from zoe.domain.amend import Terms
from zoe.domain.catalog import Catalog
from zoe.domain.ids import uuid_text
from zoe.domain.order import Fact, Intent, Order, State
from zoe.domain.order_record import canonical
from zoe.domain.order_wish import PERSON
from zoe.domain.risk import (
    Code,
    Limits,
    Situation,
    TradingState,
    Verdict,
    assess,
    assess_amend,
    deny,
    fresh,
)
from zoe.domain.risk_report import breaker_facts
from zoe.domain.words import because
from zoe.messages.gateway import LatchWanted
from zoe.messages.journal import (
    Hydrate,
    Hydrated,
    Record,
    Recorded,
    Row,
    StoreCameBack,
    StoreWentDown,
)
from zoe.messages.ledger import BalancesChanged, WatchBalances
from zoe.messages.market import Quotes
from zoe.messages.orders import (
    AmendDenied,
    AmendOrder,
    CancelOrder,
    CancelOwnOrders,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    PlaceOrder,
    ReportOrders,
    SubmitAmend,
    quick_submit,
)
from zoe.messages.risk import (
    AssetsDisputed,
    FlattenPlanned,
    LatchSet,
    PlanFlatten,
    ReportRisk,
    RiskReported,
    SetTradingState,
    StopTrading,
    WatchTradingState,
)
from zoe.messages.system import (
    AccountLockChanged,
    CatalogChanged,
    DeadManChanged,
    Reconciled,
    StreamBroken,
    StreamOpened,
    Tick,
    WatchCatalog,
    WatchReconciled,
)
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

LOOK_SECONDS: Final = 1
#: What the journal is asked for.
STATE, POSITIONS, EQUITY, PACE = 0, 1, 2, 3

Inbox = (
    PlaceOrder | AmendOrder | AmendDenied | SetTradingState | StopTrading | OrderChanged | OrdersReported
    | OrderForgotten | Quotes | BalancesChanged | CatalogChanged | Reconciled | StreamBroken
    | StreamOpened | StoreWentDown | StoreCameBack | LatchSet | LatchWanted | WatchTradingState
    | PlanFlatten | ReportRisk | AssetsDisputed | Hydrated | Recorded | AccountLockChanged | DeadManChanged | Tick
)  # fmt: skip


class RiskOfficer(Actor):
    """Judges each wish, and holds the trading state.

    Args:
        forbidden: Why this run may not trade at all; None where it may.
        dead_man: Whether nothing may be traded before the dead-man's switch is armed.
        watchers: Who is told the trading state, also after a restart.
    """

    def __init__(
        self,
        config: OrderConfig,
        limits: Limits,
        forbidden: str | None = None,
        *,
        dead_man: bool = False,
        watchers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._config = config
        self._limits = limits
        self._keeper = StateKeeper(self, config.account_id, watchers)
        self._equity = EquityWatch(self, config.account_id, limits)
        self._view = RiskView(limits)
        #: Assets whose balances nothing explains: no order touches them.
        self._disputed: frozenset[str] = frozenset()
        if forbidden is not None:
            self._keeper.blocks["forbidden"] = forbidden
        if dead_man:
            self._keeper.blocks["dead_man"] = "the dead-man's switch is not armed yet"
        self._pace = PaceKeeper(self, limits.duplicate_window_ms)
        self._unread = {STATE, POSITIONS, EQUITY}
        #: Why the breaker ended trading; until a person resumes.
        self._tripped: str | None = None

    def idle(self) -> bool:
        return self._keeper.idle

    def on_start(self) -> None:
        self.hold()
        self._keeper.start(hydration.number(self, STATE))
        journal = self.find("journal")
        positions = hydration.number(self, POSITIONS)
        self.tell(journal, Hydrate(positions, self.me, traded_by=self._config.account_id))
        self._equity.start(hydration.number(self, EQUITY))
        self.tell(self.find("orders"), ReportOrders())
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("reconciler"), WatchReconciled())
        self.tell(self.find("ledger"), WatchBalances())
        self.after(LOOK_SECONDS, Tick("look"))

    def handle(self, message: Inbox) -> None:
        keeper = self._keeper
        # What comes most often comes first: each arm that is passed over costs a question.
        match message:
            case OrderChanged():
                self._follow(message.order, message.fact)
            case Quotes():
                for quote in message.quotes:
                    self._view.quote(quote)
            case PlaceOrder():
                self._place(message)
            case Tick():
                self._look()
            case AmendOrder():
                self._amend(message)
            case AmendDenied():
                self._view.narrow(message.intent_id, message.terms, self.clock.wall_ns())
            case OrdersReported():
                self._reported(message)
            case OrderForgotten():
                self._view.release(message.intent_id)
            case BalancesChanged():
                self._equity.balances_changed(message)
                self._view.balances = dict(message.totals)
            case CatalogChanged():
                self._catalogue(message.catalog)
            case (
                Reconciled() | StreamBroken() | StreamOpened() | StoreWentDown() | StoreCameBack()
                | StopTrading() | DeadManChanged() | AccountLockChanged()
            ):  # fmt: skip
                keeper.heed(message)
            case SetTradingState():
                keeper.change(message)
            case LatchSet():
                keeper.latched(message)
            case LatchWanted():
                keeper.latch()
            case WatchTradingState():
                assert self.envelope is not None and self.envelope.sender is not None
                keeper.watch(self.envelope.sender)
            case PlanFlatten():
                plan = self._view.plan(message, self.clock.wall_ns())
                self.reply(FlattenPlanned(message.ref, plan))
            case ReportRisk():
                self._report()
            case AssetsDisputed():
                self._disputed = frozenset(message.assets)
            case Hydrated():
                self._hydrated(message)
            case Recorded():
                self._recorded(message.ref)
            case _:
                assert_never(message)

    def _hydrated(self, answer: Hydrated) -> None:
        question = hydration.question(self, answer)
        if question is None:
            return
        if question == STATE:
            self._keeper.hydrated(answer)
        elif question == POSITIONS:
            self._view.traded(answer.rows)
        elif question == EQUITY:
            self._equity.hydrated(answer)
        else:
            self._pace.hydrated(answer.rows)
            self._keeper.orders_known()
            return
        self._unread.discard(question)
        if not self._unread:
            self.release()

    def _catalogue(self, catalog: Catalog) -> None:
        """The first one tells whether the limits name what there is."""
        is_first, self._view.catalog = self._view.catalog is None, catalog
        blind = self._limits.is_blind(catalog)
        if is_first or not blind:
            self._keeper.losses_unlimited(self._limits.currency if blind else None)
        if is_first:
            for asset in self._limits.unknown_assets(catalog):
                log.error("risk.limit_of_nothing", limit="max_asset_position", asset=asset)

    # Judging

    def _place(self, wish: PlaceOrder) -> None:
        intent = wish.intent
        order = fresh(intent)
        verdict = self._barred(intent, intent.terms)
        if verdict is None:
            by_hand = intent.source == PERSON
            verdict = assess(order, self._situation(intent), by_hand=by_hand)
        if verdict.worst is not None:
            self._view.reserve(order, verdict.worst)
            self._pace.approved(intent)
            said = _verdict_text(verdict)
            begun = begin(self, intent, said, self._config) if wish.has_room else None
            self.tell(self.find("orders"), quick_submit(intent, said, wish.reply_to, begun))
            return
        self._say_denied(intent, verdict)
        if intent.source == PERSON:
            self._journal_denial(intent, verdict)
        denied = OrderDenied(intent, verdict.code.value, verdict.values)
        self.tell(wish.reply_to, denied)

    def _amend(self, wish: AmendOrder) -> None:
        intent_id = wish.intent.intent_id
        order, wanted = self._view.resting(intent_id), wish.terms
        verdict = self._barred(wish.intent, wanted)
        if verdict is None and order is None:
            verdict = deny(Code.UNKNOWN_ORDER, intent_id=intent_id)
        elif verdict is None and order is not None:
            verdict = assess_amend(order, wanted, self._situation(wish.intent))
        assert verdict is not None
        if verdict.approved and order is not None:
            self._view.widen(order, wanted, self.clock.wall_ns())
            self._pace.approved(wish.intent)
            self.tell(self.find("orders"), SubmitAmend(wish, _verdict_text(verdict)))
            return
        self._say_denied(wish.intent, verdict)
        denied = AmendDenied(intent_id, wish.terms, verdict.code.value, verdict.values)
        self.tell(wish.reply_to, denied)

    def _say_denied(self, intent: Intent, verdict: Verdict) -> None:
        log.info(
            "risk.denied",
            intent_id=intent.intent_id,
            pair=intent.pair,
            code=verdict.code.value,
            values=dict(verdict.values),
        )

    def _journal_denial(self, intent: Intent, verdict: Verdict) -> None:
        """Lets a person who asks again under the same key hear the same answer."""
        if verdict.code is Code.DUPLICATE_INTENT:
            return
        reason = because(verdict.code.value, verdict.values)
        order = Order(intent, State.DENIED, reason=reason)
        kind, body = order_record.opening_row(order, verdict.code.value)
        stream = order_record.stream_of(self._config.account_id, intent.intent_id)
        self.tell(self.find("journal"), Record((Row(stream, 1, kind, body),)))

    def _barred(self, intent: Intent, terms: Terms) -> Verdict | None:
        """What holds whatever the limits are; None where nothing does."""
        for reason in self._keeper.blocks.values():
            return deny(Code.NOT_READY, reason=reason)
        if self._keeper.is_flattening and intent.source != PERSON:
            # A strategy's exit would hold the very coins that are being sold.
            return deny(Code.REDUCING_ONLY, reason=self._keeper.why)
        instrument = self._view.find(intent.pair)
        if instrument is None:
            return deny(Code.UNKNOWN_PAIR, pair=intent.pair)
        disputed = self._disputed and self._disputed & {instrument.base, instrument.quote}
        if disputed:
            return deny(Code.NOT_READY, reason=f"unexplained balance of {min(disputed)}")
        quantity, limit = terms.quantity.value, terms.limit_price
        problem = instrument.check_order(quantity, None if limit is None else limit.value)
        if problem is None and intent.trigger_price is not None:
            problem = instrument.check_order(quantity, intent.trigger_price.value)
        return None if problem is None else deny(Code.INSTRUMENT_RULE, problem=problem)

    def _situation(self, intent: Intent) -> Situation:
        recent, repeats = self._pace.count(), self._pace.repeated(intent)
        state, wall_ns = self._keeper.state, self.clock.wall_ns()
        return self._view.situation(intent.pair, state, wall_ns, recent, repeats)

    def _reported(self, report: OrdersReported) -> None:
        for order in report.orders:
            self._follow(order, None)
        for asked in report.approved:
            self._view.recover(asked, self.clock.wall_ns())
        if not self._keeper.knows_orders:
            self._pace.reported(report, hydration.number(self, PACE))

    def _follow(self, order: Order, fact: Fact | None) -> None:
        self._view.follow(order, None if fact is None else fact.fill, self.clock.wall_ns())

    # The trading state

    def _recorded(self, version: int) -> None:
        wish = self._keeper.recorded(version)
        if wish is None:
            return
        canceled: tuple[str, ...] = ()
        if wish.state is TradingState.REDUCING:
            canceled = self._cancel_what_does_not_reduce()
        elif wish.state is TradingState.ACTIVE:
            self._tripped = None
            self._equity.restart()
        self._keeper.tell(wish, canceled)

    def _cancel_what_does_not_reduce(self) -> tuple[str, ...]:
        canceled = self._view.increasing()
        for intent_id in canceled:
            self.tell(self.find("orders"), CancelOrder(intent_id, "only what reduces stays"))
        return canceled

    def _look(self) -> None:
        """Ends trading when too much is lost; a person alone lets it go on."""
        self.after(LOOK_SECONDS, Tick("look"))
        if not self._keeper.knows_orders:
            self.tell(self.find("orders"), ReportOrders())  # a crash may have cost the question
        why = self._equity.look(self._view.marks(self.clock.wall_ns()))
        if why is None or self._keeper.state is not TradingState.ACTIVE or self._tripped:
            return
        self._tripped = why
        log.critical("risk.breaker_tripped", reason=why, state=self._limits.breaker_state)
        state = TradingState(self._limits.breaker_state)
        key = uuid_text(self.rng.getrandbits(128))
        self._keeper.change(SetTradingState(state, f"breaker: {why}", key, None))
        if state is TradingState.HALTED:
            self.tell(self.find("orders"), CancelOwnOrders(f"breaker: {why}"))

    def _report(self) -> None:
        equity = self._equity
        report = self._view.report(self._pace.count(), self.clock.wall_ns())
        why = self._keeper.why
        tripped = self._tripped or (why if why.startswith("breaker: ") else None)
        if self._keeper.state is TradingState.ACTIVE:
            tripped = None
        facts = breaker_facts(self._limits, equity.breaker, equity.equity, tripped)
        self.reply(RiskReported(canonical({**report, "breaker": facts, "trading_state_why": why})))


def _verdict_text(verdict: Verdict) -> str:
    return canonical({"code": verdict.code, "values": dict(verdict.values)})
