"""OrderActor: one order from intent to terminal state.

Receives: PermitGranted, AddSettled, AmendSettled, CancelSettled, OrderFact, OrderSighted, SubmitAmend,
CancelOrder, CancelWithoutStore, Recorded, Hydrated, Noted (of a cancel while the store is down), timers.
Tells: RateLimiter (permits), Journal (rows), Gateway (adds, amends, cancels), Reconciler (doubts),
AmendDenied to whoever wished and to OrderDesk, and OrderDesk every durable change. Blocks on nothing.
A change becomes this order as it is recorded; what leaves for the exchange by it, and what others
learn of it, goes with the record, and the Journal hands it on when the row is durable. Where OrderDesk has
recorded the beginning, the add goes behind that record once the permit has come.
A restart reads the order's own rows: none means it was never sent and never will be; SENDING
means its fate is unknown, and so does an amend that was on its way. A successor asks for a look before anything else.
"""

from typing import Final, assert_never

from zoe.actors import hydration
from zoe.actors.order_amends import PERMIT, SETTLED, OrderAmends
from zoe.actors.order_cancels import OrderCancels
from zoe.actors.order_changes import Change, asks_to_cancel, by_answer, by_fact, in_doubt
from zoe.actors.order_lines import log_change
from zoe.actors.order_noting import NOTE, Noted, OrderNoting
from zoe.actors.order_opening import DEADLINE_NS, PERMIT_SECONDS, Fresh, OrderConfig, opened
from zoe.domain import order_record
from zoe.domain.amend import Progress, progress_of
from zoe.domain.errors import EarlyFact, IllegalCommand, StoreError
from zoe.domain.order import (
    CONCLUDED,
    INFERRED,
    TERMINAL,
    CancelProgress,
    Fact,
    Input,
    Order,
    State,
)
from zoe.domain.order_inputs import command, evolved, waiting
from zoe.domain.order_news import enlarged, news
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import (
    AddSettled,
    AmendSettled,
    CancelSettled,
    OrderSighted,
    PrepareAdd,
    SendAdd,
    Sent,
)
from zoe.messages.journal import HandOn, Hydrated, Parcel, Recorded, quick_record
from zoe.messages.limits import PermitGranted, quick_request
from zoe.messages.orders import (
    CancelOrder,
    CancelWithoutStore,
    DoubtRaised,
    LookWanted,
    OrderChanged,
    OrderFact,
    OrderForgotten,
    SubmitAmend,
    quick_changed,
)
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor, Timer
from zoe.runtime.log import log
from zoe.runtime.offload import Outcome

#: Waiting for an answer this long past the deadline is silence.
ANSWER_MARGIN_NS: Final = 1_000_000_000


#: What a turn brings one after the other.
_InTurn = Fact | AddSettled | CancelOrder
Inbox = (
    OrderSighted | AddSettled | PermitGranted | OrderFact | AmendSettled | SubmitAmend | CancelOrder
    | CancelSettled | CancelWithoutStore | Recorded | Hydrated | Tick | Noted
)  # fmt: skip


class OrderActor(Actor):
    """One order; ``fresh`` is None after a restart."""

    def __init__(self, config: OrderConfig, intent_id: str, fresh: Fresh | None):
        super().__init__()
        self._config = config
        self._intent_id = intent_id
        self._fresh = fresh
        self._order: Order | None = None
        self._version = 0
        #: What is still to be taken of the present turn.
        self._waiting: list[_InTurn] = []
        self._amends = OrderAmends(self)
        self._stream = order_record.stream_of(config.account_id, intent_id)
        self._noting = OrderNoting(self, self._stream, config.notes)
        #: Facts that wait for the order's new terms, or its end.
        self._early: list[Fact] = []
        #: The row of the wish to cancel, until it is durable.
        self._cancel_row: int | None = None
        self._cancels = OrderCancels(self)
        #: Its first row is written, and its bytes wait for the permit.
        self._unsent = False
        #: For the permit first, then for the answer: one at a time.
        self._reminder = Timer()
        #: When no answer is silence (monotonic).
        self._silent_ns = 0

    def idle(self) -> bool:
        return not self._unsent

    def on_start(self) -> None:
        if self._fresh is not None and self.incarnation == 1:
            self._order = waiting(self._fresh.intent)
            if self._fresh.begun is None:
                self._ask_permit(Action.ADD, None)
            else:
                log_change(self._order, self._fresh.begun)
                self._order, self._version, self._unsent = self._fresh.begun, 1, True
            self._reminder = self.after(PERMIT_SECONDS, Tick("permit"))
            return
        self.hold()
        hydration.ask(self, self._stream)

    def handle(self, message: Inbox) -> None:
        match message:
            case OrderSighted():
                self._waiting.extend(enlarged(self._order, message.sighting))
                self._waiting.extend(message.sighting.facts)
            case AddSettled():
                self._reminder.cancel()
                self._waiting.extend(message.facts)
                self._waiting.append(message)
            case PermitGranted():
                self._permitted(message)
            case OrderFact():
                self._waiting.append(message.fact)
            case CancelOrder():
                self._waiting.append(message)
            case AmendSettled():
                self._amend_settled(message)
            case SubmitAmend():
                self._amend(message)
            case Hydrated():
                self._hydrated(message)
            case Recorded():
                if message.ref == self._cancel_row:
                    self._cancel_row = None
            case CancelWithoutStore():
                self._note_cancel(message.why)
            case Noted():
                self._noted(message.outcome)
            case CancelSettled():
                self._cancel_settled(message)
            case Tick("answer"):
                self._waiting.append(AddSettled(Sent.LOST, None, "no answer in time"))
            case Tick("permit"):
                self._ask_again()
            case Tick(name) if name == SETTLED:
                self._amend_settled(AmendSettled(message.ref, Sent.LOST, "no answer in time"))
            case Tick(name) if name == PERMIT:
                self._amends.remind()
            case Tick(name) if name == NOTE:
                self._note_cancel("again")
            case Tick():
                self._send_cancel()
            case _:
                assert_never(message)
        while self._waiting:
            self._take(self._waiting.pop(0))

    def _hydrated(self, answer: Hydrated) -> None:
        if not hydration.is_own(self, answer):
            return
        self.release()
        self._order = order_record.fold((row.kind, row.body) for row in answer.rows)
        self._version = len(answer.rows)
        desk = self.find("orders")
        if self._order is None:
            self.tell(desk, OrderForgotten(self._intent_id))
            self.retire()
            return
        self.tell(desk, OrderChanged(self._order))
        if self._order.state is State.SENDING:
            self._waiting.append(Fact(Input.RESTARTED, reason="desk restarted"))
        elif progress_of(self._order.amend) is Progress.IN_FLIGHT:
            lost = Fact(Input.AMEND_LOST, self._order.order_id, reason="desk restarted")
            self._waiting.append(lost)
        elif in_doubt(self._order):
            self.tell(*self._doubt(self._order))
        elif self.incarnation > 1 and self._order.state not in CONCLUDED:
            self.tell(self.find("reconciler"), LookWanted("order actor restarted"))
        if self._order.cancel is not CancelProgress.NONE:
            self._send_cancel()

    def _take(self, one: _InTurn) -> None:
        match one:
            case Fact():
                self._fact(one)
            case AddSettled():
                assert self._order is not None
                fact = by_answer(self._order, one)
                if fact is not None:
                    self._fact(fact)
            case CancelOrder():
                self._cancel_wanted(one.why)
            case _:
                assert_never(one)

    def _amend_settled(self, settled: AmendSettled) -> None:
        assert self._order is not None
        fact = self._amends.fact(settled, self._order)
        if fact is not None:
            self._fact(fact)

    def _amend(self, wish: SubmitAmend) -> None:
        assert self._order is not None
        self._amends.want(wish, self._order)

    def _fact(self, fact: Fact) -> None:
        assert self._order is not None
        first, *further = news(self._order, fact)
        # What the report says beyond that is news to the order as it is then.
        if further:
            self._waiting[:0] = further
        try:
            change = by_fact(self._order, first, self._waiting)
        except EarlyFact as early:
            self._put_aside(first, str(early))
            return
        if change is not None:
            self._record(change)

    def _put_aside(self, fact: Fact, why: str) -> None:
        """Fills are told before the amend that enlarged the order: a look tells, if not the stream."""
        log.info("order.filled_early", intent_id=self._intent_id, reason=why)
        self._early.append(fact)
        self.tell(self.find("reconciler"), LookWanted("more is filled than was ordered"))

    def _permitted(self, permit: PermitGranted) -> None:
        assert self._order is not None
        if permit.action is Action.AMEND:
            change = self._amends.permitted(permit.expires_ns, self._order, self._version + 1)
            if change is not None:
                self._record(Change(change[0], None, (change[1],)))
        elif permit.action is Action.CANCEL:
            self._send_cancel_now()
        elif self._order.state is not State.WAITING and not self._unsent:
            pass  # withdrawn while it waited: the counter was charged for nothing
        elif (now_ns := self.clock.monotonic_ns()) > permit.expires_ns:
            self._ask_permit(Action.ADD, None)
        else:
            self._silent_ns = now_ns + DEADLINE_NS + ANSWER_MARGIN_NS
            if self._unsent:
                self._unsent = False
                parcel = self.find("gateway"), SendAdd(self._order, self.me)
                self.tell(self.find("journal"), HandOn(self._stream, (parcel,)))
            else:
                self._open()

    def _open(self) -> None:
        assert self._order is not None and self._fresh is not None
        assert self._order.state is State.WAITING, self._order.state
        tag, chance = self._config.desk_tag, self._fresh.chance
        after = opened(self._order.intent, tag, chance, self.clock.wall_ns())
        self._record(Change(after, None, (order_record.opening_row(after, self._fresh.verdict),)))
        self.tell(self.find("gateway"), PrepareAdd(after))

    def _keep_back(self, why: str) -> None:
        """Settles an order that has not left and will not, as not sent."""
        self._unsent = False
        self._reminder.cancel()
        self._waiting.append(AddSettled(Sent.NOT_SENT, None, why))

    def _cancel_wanted(self, why: str) -> None:
        assert self._order is not None
        if self._order.state is State.WAITING:
            self._withdraw(why)
        elif self._unsent:
            self._keep_back("canceled before it left")
        elif self._order.state not in CONCLUDED and self._order.cancel is CancelProgress.NONE:
            after = evolved(self._order, cancel=CancelProgress.REQUESTED)
            self._cancel_row = self._version + 1
            self._record(Change(after, None, (order_record.cancel_row(after, why),)))

    def _withdraw(self, why: str) -> None:
        assert self._order is not None and self._fresh is not None
        try:
            after = command(self._order, Input.WITHDRAW, reason=why)
        except IllegalCommand as refused:
            log.info("order.withdraw_refused", intent_id=self._intent_id, reason=str(refused))
            return
        self._record(Change(after, None, (order_record.opening_row(after, self._fresh.verdict),)))

    def _record(self, change: Change) -> None:
        before, after = self._order, change.after
        assert before is not None
        rows = change.durable(self._stream, self._version)
        self._order = after
        self._version += len(rows)
        log_change(before, after)
        asks = asks_to_cancel(before, after)
        # What leaves for the exchange is ahead of those who only want to know.
        told = self.find("orders"), quick_changed(after, change.fact)
        parcels = (*self._leaving(before, after, asks=asks), told)
        reply_to = self.me if self._cancel_row == self._version else None
        self.tell(self.find("journal"), quick_record(rows, self._version, reply_to, parcels))
        self._heed(before, after, asks=asks)

    def _leaving(self, before: Order, after: Order, *, asks: bool) -> list[Parcel]:
        """What follows outside from a change as soon as it is durable."""
        parcels: list[Parcel] = []
        if before.state is State.WAITING and after.state is State.SENDING:
            parcels.append((self.find("gateway"), SendAdd(after, self.me)))
        if after.amend is not None and before.amend is None:
            parcels.append(self._amends.leaving(after))
        if in_doubt(after) and not in_doubt(before):
            parcels.append(self._doubt(after))
        if asks:
            parcels.append(self._permit(Action.CANCEL, 0))
        return parcels

    def _heed(self, before: Order, after: Order, *, asks: bool) -> None:
        """What follows from a change for the order itself."""
        is_concluded = after.state in CONCLUDED
        if self._early and (after.state in TERMINAL or after.terms != before.terms):
            self._waiting[:0] = self._early
            self._early.clear()
        if after.state is State.WORKING and before.state is not State.WORKING:
            self._amends.lives(after)
        if is_concluded or after.cancel is not CancelProgress.NONE:
            self._amends.ended("the order is ending")
        if asks:
            self._cancels.asked()
        if is_concluded:
            self._cancels.ended()
        elif before.state in INFERRED:
            log.error("order.absent_after_all", intent_id=self._intent_id, order_id=after.order_id)
            if after.is_ours:
                self._waiting.append(CancelOrder(self._intent_id, "it was taken for absent"))

    def _doubt(self, order: Order) -> Parcel:
        log.warning("order.in_doubt", intent_id=self._intent_id, reason=order.reason)
        return self.find("reconciler"), DoubtRaised(order)

    def _ask_again(self) -> None:
        """A limiter that was restarted has forgotten who waits; others know that we do."""
        if self._order is not None and self._order.state is State.WAITING:
            self._ask_permit(Action.ADD, None)
            self._reminder = self.after(PERMIT_SECONDS, Tick("permit"))
        elif self._unsent:
            self._keep_back("no permit in time")
        elif self._order is not None and self._order.state is State.SENDING:
            # Its permit came, and no answer yet: most come before this, and need no timer for that.
            left_ns = max(self._silent_ns - self.clock.monotonic_ns(), 0)
            self._reminder = self.after(left_ns / 1e9, Tick("answer"))

    def _ask_permit(self, action: Action, age_ns: int | None) -> None:
        self.tell(*self._permit(action, age_ns))

    def _permit(self, action: Action, age_ns: int | None) -> Parcel:
        assert self._order is not None
        pair = self._order.intent.pair
        permit = quick_request(self._intent_id, action, pair, age_ns, self.me)
        return self.find("ratelimiter"), permit

    def _send_cancel(self) -> None:
        """Asks leave to cancel, so that the counter knows of it; again where nothing was heard."""
        order = self._order
        if order is None or order.state in CONCLUDED or order.cancel is CancelProgress.NONE:
            return
        self._cancels.asked()
        if self._cancel_row is None:
            self._ask_permit(Action.CANCEL, 0)

    def _send_cancel_now(self) -> None:
        assert self._order is not None
        if self._order.state not in CONCLUDED:
            self._cancels.send(self._order)

    def _note_cancel(self, why: str) -> None:
        order = self._order
        if order is not None and order.state is not State.WAITING and order.state not in CONCLUDED:
            self._noting.cancel(order, why)

    def _noted(self, outcome: Outcome[None]) -> None:
        if isinstance(outcome.error, StoreError):
            log.error("order.cancel_not_noted", intent_id=self._intent_id, error=str(outcome.error))
        elif self._order is not None and self._order.state not in CONCLUDED:
            outcome.value()
            self._noting.send(self._order)
        if self._cancel_row is not None:
            self._noting.again()

    def _cancel_settled(self, settled: CancelSettled) -> None:
        assert self._order is not None
        if settled.outcome is Sent.REFUSED and self._order.state in (State.PENDING, State.WORKING):
            # "Unknown order" means that it is closed: find its fills. Before, it proves nothing.
            log.info("order.cancel_refused", intent_id=self._intent_id, reason=settled.reason)
            self.tell(self.find("reconciler"), LookWanted("cancel refused"))
