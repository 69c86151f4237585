"""Reconciler: looks at the exchange's own lists, and settles what nobody told us.

Receives: StreamOpened, StreamBroken, OrderSighted (of the stream), LookWanted, DoubtRaised, OrderChanged,
OrdersReported, PrivateAnswered, ExchangeClockMeasured, WatchReconciled, Hydrated. Tells: Gateway (calls),
OrderDesk (every sighting), Ledger (balances), an order's actor (NOT_FOUND, VANISHED), its watchers
Reconciled, Journal (that it looked), Bookkeeper (what differed, and why). Blocks on nothing.
A look is OpenOrders, ClosedOrders since the last look, trades where fills are missing, and now and
then all balances, in this order, so that an order that closes meanwhile is in one of the lists. It
serves every doubt at once, and everybody who asked before it left; one that failed is begun again
after a while, whoever asks before. Two looks that agree, a lag apart and past the deadline, prove
an order absent (orders.md section 5). While the stream is away, only what is in doubt is looked
for. A restart goes on with the doubts, and looks again before it says Reconciled.
"""

from typing import Final, assert_never

from zoe.actors import hydration
from zoe.actors.doubt_timer import DoubtTimer
from zoe.actors.doubts import Doubts
from zoe.actors.lists_read import ListsRead
from zoe.actors.look import Look, Wish
from zoe.actors.order_differences import TICK, OrderDifferences
from zoe.actors.private_stream import PrivateStream
from zoe.actors.unlisted import Unlisted
from zoe.domain.looked import BEGAN, LOOKED, looked_of
from zoe.domain.order import CONCLUDED, Order
from zoe.domain.words import counted
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.gateway import (
    ExchangeClockMeasured,
    OrderSighted,
    OrdersListed,
    PrivateAnswered,
    PrivateCall,
)
from zoe.messages.journal import Hydrated, Record, Row
from zoe.messages.ledger import BalancesSeen
from zoe.messages.orders import (
    DoubtRaised,
    LookWanted,
    OrderChanged,
    OrdersReported,
    ReportOrders,
)
from zoe.messages.system import (
    Beat,
    Reconciled,
    StreamBroken,
    StreamOpened,
    Tick,
    WatchReconciled,
    WatchStream,
)
from zoe.ports.venue import GetBalances, GetOpenOrders, Operation
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

PERIOD_SECONDS: Final = 60
#: Not longer: an exchange that is back is to be asked soon, since what is in doubt waits for it.
RETRY_SECONDS: Final = (1, 2, 4)

Inbox = (
    StreamOpened | StreamBroken | OrderSighted | LookWanted | DoubtRaised | OrderChanged | OrdersReported
    | PrivateAnswered | ExchangeClockMeasured | WatchReconciled | Hydrated | Tick
)  # fmt: skip


class Reconciler(Actor):
    """Compares our view of the account with the exchange's."""

    def __init__(
        self,
        account_id: str,
        lag_ns: int,
        watchers: tuple[str, ...] = (),
        list_keeper: str | None = None,
    ) -> None:
        """``list_keeper``: the name of whoever lists what is found to differ."""
        super().__init__()
        self._stream = f"reconciler/{account_id}"
        self._lag_ns = lag_ns
        self._named = watchers
        self._watchers: dict[str, Address] = {}
        self._version = 0
        self._read = ListsRead(self, lag_ns)
        self._time = self._read.time
        self._doubts = Doubts(self, self._read, lag_ns)
        self._unlisted = Unlisted(self, lag_ns)
        self._differences = OrderDifferences(self, self._time, lag_ns, list_keeper)
        self._look: Look | None = None
        self._private = PrivateStream(self)
        self._doubt_timer = DoubtTimer(self, self._time, self._private, lag_ns)
        self._refs = 0
        self._reconciled = False
        self._looks = self._failures = 0
        self._wish = Wish()
        self._not_before_ns = 0

    def on_start(self) -> None:
        self._time.begin()
        self._private.away()
        for name in self._named:
            self._watchers[name] = self.find(name)
        # An answer to an earlier incarnation is none to this one.
        self._refs = self.incarnation << 32
        self.hold()
        hydration.ask(self, self._stream, last=True)
        self.tell(self.find("gateway"), WatchStream())
        self.after(PERIOD_SECONDS, Tick("period"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Hydrated():
                self._hydrated(message)
            case StreamOpened():
                self._private.opened(self._time.now_ns())
                self._not_before_ns = 0  # whatever failed before, the exchange answers again
                self._drop_look()
                self._want("private stream opened", balances=True)
            case StreamBroken():
                self._private.away()
                self._reconciled = False
                self._unlisted.forget()
                self._drop_look(lost=message.calls_lost)
                self._schedule_doubts()
            case OrderSighted():
                self._unlisted.saw(message.sighting.order_id)
                if self._private.is_open:  # before, it is a snapshot: what had not been told
                    self._differences.told(message.sighting)
            case LookWanted():
                self._want(message.reason, balances=message.balances)
            case DoubtRaised():
                self._doubts.follow(message.order)
                self._schedule_doubts()
            case OrderChanged():
                self._differences.changed(message)
                self._follow(message.order)
            case PrivateAnswered():
                self._answered(message)
            case OrdersReported():
                self._conclude(message.orders, strangers=message.strangers)
            case ExchangeClockMeasured():
                self._measured(message)
            case WatchReconciled():
                self._watch()
            case Tick(name) if name == TICK:
                self._differences.overdue()
            case Tick("period"):
                self.after(PERIOD_SECONDS, Tick("period"))
                self._time.note()
                self._want("period", balances=True)
            case Tick("doubt"):
                self._doubt_timer.ended()
                self._schedule_doubts()
            case Tick():
                self._begin()
            case _:
                assert_never(message)

    def _hydrated(self, answer: Hydrated) -> None:
        if not hydration.is_own(self, answer):
            return
        self.release()
        if answer.rows:
            self._version, was = answer.rows[-1].version, looked_of(answer.rows[-1].body)
            self._read.go_on(was)
            self._doubts.recall(was.missed)
        else:
            self._read.first()
            self._note(BEGAN)

    def _measured(self, news: ExchangeClockMeasured) -> None:
        set_by_ns = self._read.measured(news)
        if set_by_ns:
            self._doubts.clock_set(set_by_ns)
            if self._look is not None:
                self._look.from_ns += set_by_ns
        self._schedule_doubts()

    def _want(self, reason: str, *, balances: bool = False) -> None:
        if self._wish.reason is None:
            log.info("reconciler.look_wanted", reason=reason)
        self._wish.add(reason, self._time.now_ns(), balances=balances)
        self._begin()

    def _schedule_doubts(self) -> None:
        look_ns = None if self._look is None else self._look.began_ns
        if self._doubt_timer.is_due(self._doubts.dues_ns(), look_ns):
            self._want("doubt")

    # A look

    def _begin(self) -> None:
        if self._look is not None or self._wish.reason is None:
            return
        if not self._private.is_open and (self._private.awaited_ns() or not self._doubts):
            return  # without the stream only what is in doubt can be settled
        if self.clock.monotonic_ns() < self._not_before_ns:
            return  # the timer of the last failure begins it
        self._refs += 1
        span_ns = self._read.span_ns(self._doubts.deadlines_ns())
        first, missing = GetOpenOrders(), self._unlisted.due()
        self._look = Look(self._refs, self._time.now_ns(), *span_ns, first, missing=missing)
        self._wish.grant(self._look)
        self._doubts.began()
        self._call(self._look, first)

    def _drop_look(self, *, lost: bool = False) -> None:
        """A look of before another stream reconciles nothing; some doubt may be waiting for it."""
        look = self._look
        if look is not None:
            waited_for = any(due_ns <= look.began_ns for due_ns in self._doubts.dues_ns())
            self._look = look if waited_for and not lost else None

    def _call(self, look: Look, operation: Operation) -> None:
        look.waiting_for = operation
        call = PrivateCall(look.ref, operation, self.me, of_look=True)
        self.tell(self.find("gateway"), call)

    def _answered(self, answer: PrivateAnswered) -> None:
        look = self._look
        if look is None or answer.ref != look.ref:
            return
        if answer.failure is not None:
            self._failed(look, f"{type(look.waiting_for).__name__}: {answer.code}")
            return
        if isinstance(look.waiting_for, GetOpenOrders) and answer.sent_ns:
            sent_ns = answer.sent_ns - self._time.ahead_ns()
            # After it was wished for and before now, however the clock was set meanwhile.
            look.began_ns = min(max(sent_ns, look.began_ns), self._time.now_ns())
            if self._wish.since_ns <= look.began_ns:
                self._wish.grant(look)
        self._pass_on(look, answer.result)
        following = self._following(look, answer)
        if following is None:
            look.listed = True
            # OrderDesk answers behind the sightings that it has just been told.
            self.tell(self.find("orders"), ReportOrders())
        else:
            self._call(look, following)

    def _following(self, look: Look, answer: PrivateAnswered) -> Operation | None:
        rows = len(answer.result) if isinstance(answer.result, tuple) else 0
        following = look.following(rows, self._read.trades_from_ns())
        if isinstance(following, GetBalances) and self._doubts:
            self._wish.balances = True
            return None  # they can wait for another look, and doubts wait for this one
        return following

    def _pass_on(self, look: Look, result: object) -> None:
        if isinstance(result, BalanceSnapshot):
            self.tell(self.find("ledger"), BalancesSeen(result, "look"))
            return
        assert isinstance(result, tuple)
        if isinstance(look.waiting_for, GetOpenOrders):
            for sighting in result:
                self._doubts.saw(sighting)
        look.saw(result)
        if result:
            self.tell(self.find("orders"), OrdersListed(result))

    def _failed(self, look: Look, reason: str) -> None:
        step = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        delay = step * (1 + self.rng.random() / 5)
        self._failures += 1
        self._wish.add(reason, self._time.now_ns(), balances=look.balances)
        self._look = None
        self._not_before_ns = self.clock.monotonic_ns() + int(delay * 1_000_000_000)
        log.warning("reconciler.look_failed", reason=reason, retry_seconds=round(delay, 2))
        self._beat("degraded", reason)
        self.after(delay, Tick("again"))

    def _conclude(self, orders: tuple[Order, ...], *, strangers: bool) -> None:
        look = self._look
        if look is None or not look.listed:
            return  # of a look that was given up
        for order in orders:
            self._follow(order)  # an earlier incarnation, or process, may have been told
        self._look = None
        self._failures, self._looks = 0, self._looks + 1
        self._doubt_timer.looked_from_ns = look.began_ns
        self._read.read(look)
        live = [o for o in orders if o.state not in CONCLUDED]
        self._doubts.judge(look)
        self._differences.looked(look, orders)
        unaccounted = self._unlisted.looked(look, live)
        # Strangers are in no row yet: a process that ends now must leave them to the next one.
        if not (unaccounted or strangers):
            self._read.accounted(min((look.began_ns, *self._doubts.deadlines_ns())))
        self._note(LOOKED)
        self._schedule_doubts()
        if unaccounted:
            self._beat("degraded", f"{unaccounted} of our orders in neither list")
            self._wish.add("orders in neither list", self._time.now_ns())
            self.after(max(self._lag_ns / 1e9, 1), Tick("again"))
        else:
            self._reconcile(look)

    def _note(self, kind: str) -> None:
        """Journals how far was looked, and what was missed once."""
        self._version += 1
        looked = self._read.as_looked(len(self._doubts), self._doubts.missed)
        row = Row(self._stream, self._version, kind, looked.body())
        self.tell(self.find("journal"), Record((row,)))

    def _reconcile(self, look: Look) -> None:
        """Everything is accounted for, unless the stream has missed something since it was sent."""
        status, gone = self._unlisted.status
        self._beat(
            status, f"{counted(self._looks, 'look')}, {counted(len(self._doubts), 'doubt')}{gone}"
        )
        stream = self._private
        if stream.is_open and not self._reconciled and look.began_ns >= stream.opened_ns:
            self._reconciled = True
            log.info("reconciler.reconciled", looks=self._looks, doubts=len(self._doubts))
            for watcher in self._watchers.values():
                self.tell(watcher, Reconciled())
        self._begin()

    def _follow(self, order: Order) -> None:
        self._doubts.follow(order)
        if self._read.is_newly_short(order, self._look):
            self._want("fills missing")

    def _watch(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = watcher
        if self._reconciled:
            self.tell(watcher, Reconciled())

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("reconciler", status, detail))
