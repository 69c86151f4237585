"""RiskOfficer: limits, reservations, and the trading state.

Receives: PlaceOrder, SetTradingState, StopTrading, OrderChanged, OrdersReported, OrderForgotten,
Quote, CatalogChanged, Reconciled, stream and store news, LatchSet, LatchWanted, Hydrated.
Tells: OrderDesk (approved intents), the asker (denials), Gateway (the latch), Journal (changes of
the trading state), and whoever asked for a change. Blocks on nothing.
Reserves at approval and releases when the order is concluded. A restart reads the trading state
from the journal and the live orders from OrderDesk; until then its mail waits and the Gateway's
latch stays as it is.
"""

from collections import deque
from typing import Final, assert_never

from zoe.domain import order_record
from zoe.domain.catalog import Catalog
from zoe.domain.order import CONCLUDED, Intent, Order, State
from zoe.domain.order_record import canonical
from zoe.domain.order_wish import PERSON
from zoe.domain.quantity import Price
from zoe.domain.risk import (
    Code,
    Exposures,
    Limits,
    Reference,
    Reservation,
    TradingState,
    Verdict,
    assess,
    deny,
    notional_of,
)
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
from zoe.messages.market import Quote
from zoe.messages.orders import (
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    PlaceOrder,
    ReportOrders,
    SubmitOrder,
)
from zoe.messages.risk import (
    LatchSet,
    SetLatch,
    SetTradingState,
    StopTrading,
    TradingStateChanged,
    WatchTradingState,
)
from zoe.messages.system import (
    AccountLockChanged,
    CatalogChanged,
    DeadManChanged,
    Reconciled,
    StreamBroken,
    StreamOpened,
    WatchCatalog,
    WatchReconciled,
)
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

ORDER_RATE_WINDOW_NS: Final = 60_000_000_000

#: Blocks that also hold back what was approved before them.
_LATCHING: Final = ("forbidden", "stopping", "lock", "dead_man", "store")

Inbox = (
    PlaceOrder | SetTradingState | StopTrading | OrderChanged | OrdersReported | OrderForgotten
    | Quote | CatalogChanged | Reconciled | StreamBroken | StreamOpened | StoreWentDown
    | StoreCameBack | LatchSet | LatchWanted | WatchTradingState | Hydrated | Recorded
    | AccountLockChanged | DeadManChanged
)  # fmt: skip


class RiskOfficer(Actor):
    """Judges each intent, and holds the trading state.

    Args:
        forbidden: Why this run may not trade at all; None where it may.
        dead_man: Whether nothing may be traded before the dead-man's switch is armed.
        watchers: Who is told the trading state, also after a restart.
    """

    def __init__(
        self,
        account_id: str,
        limits: Limits,
        forbidden: str | None = None,
        *,
        dead_man: bool = False,
        watchers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._account_id = account_id
        self._stream = f"desk/{account_id}"
        self._limits = limits
        self._state = TradingState.ACTIVE
        self._version = 0
        self._exposures = Exposures()
        self._quotes: dict[str, Quote] = {}
        self._catalog: Catalog | None = None
        self._blocks: dict[str, str] = {"reconciled": "not reconciled yet"}
        if forbidden is not None:
            self._blocks["forbidden"] = forbidden
        if dead_man:
            self._blocks["dead_man"] = "the dead-man's switch is not armed yet"
        self._recent: deque[int] = deque()
        self._named = watchers
        self._watchers: dict[str, Address] = {}
        self._changes: deque[SetTradingState] = deque()
        self._writing: SetTradingState | None = None
        self._hydrated_once = False

    def idle(self) -> bool:
        return self._writing is None

    def on_start(self) -> None:
        for name in self._named:
            self._watchers[name] = self.find(name)
        self.hold()
        self.tell(self.find("journal"), Hydrate(0, self.me, stream=self._stream))
        self.tell(self.find("orders"), ReportOrders())
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("reconciler"), WatchReconciled())

    def handle(self, message: Inbox) -> None:
        match message:
            case PlaceOrder():
                self._place(message)
            case Quote():
                self._quotes[message.symbol] = message
            case OrderChanged():
                self._follow(message.order)
            case OrdersReported():
                for order in message.orders:
                    self._follow(order)
            case OrderForgotten():
                self._exposures.release(message.intent_id)
            case CatalogChanged():
                self._catalog = message.catalog
            case Reconciled():
                self._unblock("reconciled")
            case StreamBroken():
                self._block("stream", f"private stream down: {message.reason}")
            case StreamOpened():
                self._unblock("stream")
            case StoreWentDown():
                self._block("store", "the store is down")
                self._latch()
            case StoreCameBack():
                self._unblock("store")
                self._latch()
            case StopTrading():
                self._block("stopping", "the desk is stopping")
                self._latch()
            case DeadManChanged(armed=True):
                self._unblock("dead_man")
                self._latch()
            case DeadManChanged():
                self._block("dead_man", message.reason)
                self._latch()
            case AccountLockChanged(held=True):
                self._unblock("lock")
                self._latch()
            case AccountLockChanged():
                self._block("lock", message.reason)
                self._latch()
            case SetTradingState():
                self._change(message)
            case LatchSet():
                self._latched()
            case LatchWanted():
                self._latch()
            case WatchTradingState():
                self._watch()
            case Hydrated():
                self._hydrated(message)
            case Recorded():
                self._recorded(message.ref)
            case _:
                assert_never(message)

    def _hydrated(self, answer: Hydrated) -> None:
        self.release()
        self._hydrated_once = True
        self._version = len(answer.rows)
        if answer.rows and not self._changes:
            self._state = TradingState(answer.rows[-1].body["state"])
        log.info("risk.state", state=self._state.value, why="as it was")
        for watcher in self._watchers.values():
            self.tell(watcher, TradingStateChanged(self._state, "as it was"))
        self._latch()
        self._write()

    # Judging

    def _place(self, wish: PlaceOrder) -> None:
        verdict = self._judge(wish.intent)
        if verdict.approved:
            self._reserve(wish.intent)
            self._recent.append(self.clock.monotonic_ns())
            text = canonical({"code": verdict.code.value, "values": dict(verdict.values)})
            self.tell(self.find("orders"), SubmitOrder(wish.intent, text, wish.reply_to))
            return
        log.info(
            "risk.denied",
            intent_id=wish.intent.intent_id,
            pair=wish.intent.pair,
            code=verdict.code.value,
            values=dict(verdict.values),
        )
        if wish.intent.source == PERSON:
            self._journal_denial(wish.intent, verdict)
        denied = OrderDenied(wish.intent, verdict.code.value, verdict.values)
        self.tell(wish.reply_to, denied)

    def _journal_denial(self, intent: Intent, verdict: Verdict) -> None:
        """Lets a person who asks again under the same key hear the same answer."""
        if verdict.code is Code.DUPLICATE_INTENT:
            return
        values = ", ".join(f"{name} {value}" for name, value in verdict.values)
        order = Order(intent, State.DENIED, reason=f"{verdict.code.value}: {values}")
        kind, body = order_record.opening_row(order, verdict.code.value)
        stream = order_record.stream_of(self._account_id, intent.intent_id)
        self.tell(self.find("journal"), Record((Row(stream, 1, kind, body),)))

    def _judge(self, intent: Intent) -> Verdict:
        for reason in self._blocks.values():
            return deny(Code.NOT_READY, reason=reason)
        instrument = None if self._catalog is None else self._catalog.find(intent.pair)
        if instrument is None:
            return deny(Code.UNKNOWN_PAIR, pair=intent.pair)
        price = None if intent.limit_price is None else intent.limit_price.value
        problem = instrument.check_order(intent.quantity.value, price)
        if problem is not None:
            return deny(Code.INSTRUMENT_RULE, problem=str(problem))
        self._forget_old()
        return assess(
            self._limits,
            self._state,
            intent,
            self._reference(intent.pair),
            self._exposures,
            recent_orders=len(self._recent),
        )

    def _forget_old(self) -> None:
        horizon = self.clock.monotonic_ns() - ORDER_RATE_WINDOW_NS
        while self._recent and self._recent[0] < horizon:
            self._recent.popleft()

    def _reference(self, pair: str) -> Reference | None:
        quote = self._quotes.get(pair)
        if quote is None or not quote.live:
            return None
        age_ns = quote.age_ns(self.clock.wall_ns())
        bid, ask = quote.bid_price, quote.ask_price
        return Reference(
            None if bid is None else Price(bid), None if ask is None else Price(ask), age_ns
        )

    def _reserve(self, intent: Intent) -> None:
        worst = notional_of(intent, self._reference(intent.pair))
        self._exposures.reserve(Reservation(intent.intent_id, intent.pair, intent.side, worst))

    def _follow(self, order: Order) -> None:
        intent = order.intent
        if order.state in CONCLUDED:
            self._exposures.release(intent.intent_id)
        elif intent.intent_id not in self._exposures:
            self._reserve(intent)

    # The trading state

    def _block(self, name: str, reason: str) -> None:
        self._blocks[name] = reason

    def _unblock(self, name: str) -> None:
        self._blocks.pop(name, None)

    def _watch(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = watcher
        self.tell(watcher, TradingStateChanged(self._state, "as it is"))

    def _latch(self) -> None:
        reason = self._latch_reason()
        self.tell(self.find("gateway"), SetLatch(reason is not None, reason or "open"))

    def _latch_reason(self) -> str | None:
        """Why no add may leave at all, not even one that was approved a moment ago."""
        if self._state is TradingState.HALTED:
            return "halted"
        return next((self._blocks[name] for name in _LATCHING if name in self._blocks), None)

    def _change(self, wish: SetTradingState) -> None:
        """A halt is in force at the Gateway before it is written; a resume the other way round."""
        self._changes.append(wish)
        if wish.state is TradingState.HALTED:
            self._state = wish.state
            self._latch()
        elif len(self._changes) == 1:
            self._write()

    def _latched(self) -> None:
        if self._changes and self._changes[0].state is TradingState.HALTED:
            self._write()

    def _write(self) -> None:
        if self._writing is not None or not self._hydrated_once or not self._changes:
            return
        wish = self._writing = self._changes[0]
        body = {"state": wish.state.value, "why": wish.why, "key": wish.key}
        row = Row(self._stream, self._version + 1, "trading_state.changed", canonical(body))
        self.tell(self.find("journal"), Record((row,), self._version + 1, self.me))

    def _recorded(self, version: int) -> None:
        if version <= self._version:
            return  # an earlier incarnation's row, which came with the hydration
        wish = self._changes.popleft()
        self._writing = None
        self._version += 1
        halting = any(later.state is TradingState.HALTED for later in self._changes)
        self._state = TradingState.HALTED if halting else wish.state
        log.info("risk.state", state=wish.state.value, why=wish.why)
        self._latch()
        news = TradingStateChanged(wish.state, wish.why)
        self.tell(wish.reply_to, news)
        for watcher in self._watchers.values():
            if watcher != wish.reply_to:
                self.tell(watcher, news)
        self._write()
