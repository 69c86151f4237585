"""Reconciler: looks at the exchange's own lists, and settles what nobody told us.

Receives: StreamOpened, StreamBroken, OrderSighted (of the stream), LookWanted, DoubtRaised, OrderChanged,
OrdersReported, PrivateAnswered, ExchangeClockMeasured, WatchReconciled, Hydrated. Tells: Gateway (calls),
OrderDesk (every sighting), Ledger (balances), an order's actor (NOT_FOUND), its watchers
Reconciled, Journal (that it looked), Bookkeeper (what differed, and why). Blocks on nothing.
A look is OpenOrders, ClosedOrders since the last look, trades where fills are missing, and all
balances, in this order, so that an order that closes meanwhile is in one of the lists. It serves
every doubt at once; one that failed is begun again after a while, whoever asks before. Two
looks that agree, a lag apart and past the deadline, prove an order absent (orders.md section 5).
While the stream is away, only what is in doubt is looked for. A restart looks again before it says
Reconciled.
"""

from typing import Final, assert_never

import attrs

from zoe.actors import hydration
from zoe.actors.amend_doubts import AmendDoubts
from zoe.actors.look import Look
from zoe.actors.order_differences import TICK, OrderDifferences
from zoe.domain.amend import Progress, progress_of
from zoe.domain.doubt_times import DoubtClock
from zoe.domain.exchange_clock import ExchangeClock
from zoe.domain.order import CONCLUDED, Fact, Input, Order, State
from zoe.domain.order_record import canonical
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.gateway import (
    ExchangeClockMeasured,
    OrderSighted,
    PrivateAnswered,
    PrivateCall,
)
from zoe.messages.journal import Hydrated, Record, Row
from zoe.messages.ledger import BalancesSeen
from zoe.messages.orders import (
    DoubtRaised,
    LookWanted,
    OrderChanged,
    OrderFact,
    OrdersReported,
    ReportOrders,
)
from zoe.messages.system import (
    Beat,
    DoubtSettled,
    Reconciled,
    StreamBroken,
    StreamOpened,
    Tick,
    WatchReconciled,
    WatchStream,
)
from zoe.ports.venue import GetOpenOrders, Operation
from zoe.runtime.actor import Actor, Timer
from zoe.runtime.address import Address
from zoe.runtime.log import log

OVERLAP_NS: Final = 60_000_000_000
PERIOD_SECONDS: Final = 60
#: Not longer: an exchange that is back is to be asked soon, since what is in doubt waits for it.
RETRY_SECONDS: Final = (1, 2, 4)

Inbox = (
    StreamOpened | StreamBroken | OrderSighted | LookWanted | DoubtRaised | OrderChanged | OrdersReported
    | PrivateAnswered | ExchangeClockMeasured | WatchReconciled | Hydrated | Tick
)  # fmt: skip


@attrs.define
class _Doubt:
    """An order whose fate is unknown, and how often a look has missed it."""

    order: Order
    misses: int = 0
    missed_ns: int = 0


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
        self._account_id = account_id
        self._stream = f"reconciler/{account_id}"
        self._lag_ns = lag_ns
        self._named = watchers
        self._watchers: dict[str, Address] = {}
        self._clock = ExchangeClock()
        self._version = 0
        self._looked_until_ns: int | None = None
        self._doubts: dict[str, _Doubt] = {}
        self._doubt_clock = DoubtClock()
        self._amends = AmendDoubts(self._provable_ns, lag_ns)
        self._differences = OrderDifferences(self, lag_ns, list_keeper)
        self._look: Look | None = None
        #: When the newest complete look began.
        self._looked_from_ns = 0
        self._doubt_timer: Timer | None = None
        self._doubt_at_ns = 0
        self._refs = 0
        self._stream_open = False
        self._reconciled = False
        self._looks = 0
        self._failures = 0
        self._wanted: str | None = None
        self._not_before_ns = 0
        #: Orders of which the exchange reported more than the fills that we hold.
        self._incomplete: set[str] = set()

    def on_start(self) -> None:
        for name in self._named:
            self._watchers[name] = self.find(name)
        self.hold()
        hydration.ask(self, self._stream, last=True)
        self.tell(self.find("gateway"), WatchStream())
        self.after(PERIOD_SECONDS, Tick("period"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Hydrated():
                self._hydrated(message)
            case StreamOpened():
                self._stream_open = True
                self._look = None  # one that began before cannot prove that nothing was missed
                self._not_before_ns = 0  # whatever failed before, the exchange answers again
                self._want("private stream opened")
            case StreamBroken():
                self._stream_open = False
                self._reconciled = False
                self._look = None
                self._schedule_doubts()
            case OrderSighted():
                if self._stream_open:  # before, it is a snapshot: what had not been told
                    self._differences.told(message.sighting)
            case LookWanted():
                self._want(message.reason)
            case DoubtRaised():
                if message.order.state is State.IN_DOUBT:
                    self._doubts[message.order.intent.intent_id] = _Doubt(message.order)
                self._amends.follow(message.order)
                self._schedule_doubts()
            case OrderChanged():
                self._differences.changed(message)
                self._follow(message.order)
            case PrivateAnswered():
                self._answered(message)
            case OrdersReported():
                self._conclude(message.orders)
            case ExchangeClockMeasured():
                self._clock = ExchangeClock(
                    message.offset_ns, message.bound_ns, message.measured_ns
                )
            case WatchReconciled():
                self._watch()
            case Tick(name) if name == TICK:
                self._differences.overdue()
            case Tick("period"):
                self.after(PERIOD_SECONDS, Tick("period"))
                self._want("period")
            case Tick("doubt"):
                self._doubt_timer = None
                if self._doubts or self._amends:
                    self._want("doubt")
            case Tick():
                self._begin()
            case _:
                assert_never(message)

    def _hydrated(self, answer: Hydrated) -> None:
        if not hydration.is_own(self, answer):
            return
        self.release()
        if answer.rows:
            newest = answer.rows[-1]
            self._version = newest.version
            self._looked_until_ns = int(newest.body["until_ns"])

    def _want(self, reason: str) -> None:
        if self._wanted is None:
            self._wanted = reason
            log.info("reconciler.look_wanted", reason=reason)
        self._begin()

    def _schedule_doubts(self) -> None:
        """One timer, for the doubt that is due next: its look serves all that are due by then."""
        now_ns = self.clock.wall_ns()
        dues_ns = [self._due_ns(doubt) for doubt in self._doubts.values()]
        waits_ns = [self._wait_ns(at_ns, now_ns) for at_ns in (*dues_ns, *self._amends.due_ns())]
        if not waits_ns:
            return
        at_ns = now_ns + min(waits_ns) + min(waits_ns) * self.rng.randrange(100) // 1_000
        if self._doubt_timer is not None:
            if now_ns < self._doubt_at_ns <= at_ns:
                return
            self._doubt_timer.cancel()
        self._doubt_at_ns = at_ns
        self._doubt_timer = self.after((at_ns - now_ns) / 1e9, Tick("doubt"))

    def _wait_ns(self, due_ns: int, now_ns: int) -> int:
        """How long a doubt waits for its look; one that was just looked at waits for its news."""
        if due_ns > now_ns:
            return due_ns - now_ns
        return self._lag_ns if due_ns <= self._looked_from_ns else 0

    def _due_ns(self, doubt: _Doubt) -> int:
        """Our wall time from which a look can prove something about this order."""
        if doubt.misses:
            return doubt.missed_ns + self._lag_ns
        return self._provable_ns(doubt.order.not_after_ns or 0)

    def _provable_ns(self, deadline_ns: int) -> int:
        """From here on nothing is accepted any more; the second look is a lag later."""
        return deadline_ns + (self._clock.bound_ns or 0)

    # A look

    def _begin(self) -> None:
        if self._look is not None or self._wanted is None:
            return
        if not self._stream_open and not self._open_doubts():
            return  # without the stream only what is in doubt can be settled
        if self.clock.monotonic_ns() < self._not_before_ns:
            return  # the timer of the last failure begins it
        now_ns = self.clock.wall_ns()
        self._refs += 1
        start_ns = now_ns if self._looked_until_ns is None else self._looked_until_ns
        for doubt in self._doubts.values():
            start_ns = min(start_ns, (doubt.order.not_after_ns or now_ns))
        first = GetOpenOrders()
        self._look = Look(self._refs, now_ns, self._clock.now_ns(start_ns) - OVERLAP_NS, first)
        self._wanted = None
        self._amends.began()
        self._call(self._look, first)

    def _call(self, look: Look, operation: Operation) -> None:
        look.waiting_for = operation
        self.tell(self.find("gateway"), PrivateCall(look.ref, operation, self.me))

    def _answered(self, answer: PrivateAnswered) -> None:
        look = self._look
        if look is None or answer.ref != look.ref:
            return
        if answer.failure is not None:
            self._failed(f"{type(look.waiting_for).__name__}: {answer.code}")
            return
        rows = len(answer.result) if isinstance(answer.result, tuple) else 0
        self._pass_on(look, answer.result)
        following = look.following(rows, trades=bool(self._incomplete))
        if following is None:
            # OrderDesk answers behind the sightings that it has just been told.
            self.tell(self.find("orders"), ReportOrders())
        else:
            self._call(look, following)

    def _pass_on(self, look: Look, result: object) -> None:
        if isinstance(result, BalanceSnapshot):
            self.tell(self.find("ledger"), BalancesSeen(result, "look"))
            return
        assert isinstance(result, tuple)
        for sighting in result:
            assert isinstance(sighting, Sighting)
            if isinstance(look.waiting_for, GetOpenOrders):
                self._amends.saw(sighting)
            look.saw(sighting)
            self.tell(self.find("orders"), OrderSighted(sighting))

    def _failed(self, reason: str) -> None:
        step = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        delay = step * (1 + self.rng.random() / 5)
        self._failures += 1
        self._look = None
        self._wanted = reason
        self._not_before_ns = self.clock.monotonic_ns() + int(delay * 1_000_000_000)
        log.warning("reconciler.look_failed", reason=reason, retry_seconds=round(delay, 2))
        self._beat("degraded", reason)
        self.after(delay, Tick("again"))

    def _conclude(self, orders: tuple[Order, ...]) -> None:
        look, self._look = self._look, None
        if look is None:
            return
        self._failures = 0
        self._looks += 1
        self._looked_from_ns = look.began_ns
        live = [o for o in orders if o.state not in CONCLUDED]
        self._take_up(live)
        for name, fact in self._amends.judge(look.began_ns):
            self.tell(self.find(f"orders/{name}"), OrderFact(fact))
        self._differences.looked(look, orders)
        missing = [order for order in live if look.misses(order)]
        for order in missing:
            self._missed(order, look)
        self._schedule_doubts()
        unaccounted = [
            o for o in missing if o.state not in (State.IN_DOUBT, State.SENDING, State.WAITING)
        ]
        if unaccounted:
            self._wanted = "orders in neither list"
            self.after(max(self._lag_ns / 1e9, 1), Tick("again"))
        else:
            self._looked(look)

    def _take_up(self, live: list[Order]) -> None:
        """Doubts that an earlier incarnation was told of."""
        unknown = [o for o in live if o.state is State.IN_DOUBT and _name(o) not in self._doubts]
        self._doubts |= {_name(order): _Doubt(order) for order in unknown}
        for order in live:
            self._time(order)
            self._amends.follow(order)

    def _missed(self, order: Order, look: Look) -> None:
        doubt = self._doubts.get(order.intent.intent_id)
        if doubt is None or look.began_ns < self._due_ns(doubt):
            return
        doubt.misses += 1
        doubt.missed_ns = look.began_ns
        if doubt.misses < 2:
            return
        del self._doubts[order.intent.intent_id]
        fact = Fact(Input.NOT_FOUND, reason="two looks agree that it was never placed")
        self.tell(self.find(f"orders/{order.intent.intent_id}"), OrderFact(fact))

    def _looked(self, look: Look) -> None:
        self._looked_until_ns = look.began_ns
        self._version += 1
        body = {"until_ns": str(look.began_ns), "doubts": self._open_doubts()}
        row = Row(self._stream, self._version, "reconciler.looked", canonical(body))
        self.tell(self.find("journal"), Record((row,)))
        self._beat("ok", f"{self._looks} looks, {self._open_doubts()} doubts")
        if self._stream_open and not self._reconciled:
            self._reconciled = True
            log.info("reconciler.reconciled", looks=self._looks, doubts=self._open_doubts())
            for watcher in self._watchers.values():
                self.tell(watcher, self._news())
        self._begin()

    def _time(self, order: Order) -> None:
        """Takes the time of a doubt, and tells it once it is settled."""
        in_doubt = progress_of(order.amend) is Progress.IN_DOUBT or order.state is State.IN_DOUBT
        name, now_ns = order.intent.intent_id, self.clock.monotonic_ns()
        took_ns = self._doubt_clock.follow(name, doubtful=in_doubt, now_ns=now_ns)
        if took_ns is not None:
            log.info("reconciler.doubt_settled", intent_id=name, took_ms=took_ns // 1_000_000)
            self.tell(self.find("heartbeat"), DoubtSettled(took_ns))

    def _follow(self, order: Order) -> None:
        self._time(order)
        self._amends.follow(order)
        if order.state is not State.IN_DOUBT:
            self._doubts.pop(order.intent.intent_id, None)
        intent_id = order.intent.intent_id
        if not order.fills_missing:
            self._incomplete.discard(intent_id)
        elif intent_id not in self._incomplete:
            self._incomplete.add(intent_id)
            self._want("fills missing")

    def _news(self) -> Reconciled:
        return Reconciled(self._account_id, self._looks, self._open_doubts())

    def _open_doubts(self) -> int:
        return len(self._doubts) + len(self._amends)

    def _watch(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = watcher
        if self._reconciled:
            self.tell(watcher, self._news())

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("reconciler", status, detail))


def _name(order: Order) -> str:
    return order.intent.intent_id
