"""The Gateway's requests on the private socket, from the wish to the answer.

A part of the Gateway, which owns it. A cancel leaves at once; amends and adds leave when the mail
that was there has been handled, amends first, so that neither is ever ahead of a cancel. Where no mail
waits that is at once.
"""

from typing import Final

import attrs

from zoe.actors.order_homes import OrderHomes
from zoe.actors.order_opening import DEADLINE_NS
from zoe.actors.pair_counts import PairCounts
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled
from zoe.domain.exchange_clock import ExchangeClock
from zoe.domain.limit_words import limit_hit
from zoe.domain.order import Fact, Intent, Order
from zoe.domain.quick import quick
from zoe.messages.gateway import (
    AddSettled,
    AmendSettled,
    CancelSettled,
    ExchangeClockMeasured,
    SendAdd,
    SendAmend,
    SendCancel,
    Sent,
)
from zoe.messages.limits import LimitHit
from zoe.messages.system import Tick
from zoe.messages.wire import WirePrepare, WireSend
from zoe.ports.venue import Answered, PrivateSession
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

CONNECTION: Final = "private"
LEAST_LEFT_NS: Final = 1_000_000_000
#: As much as a request has at first: more is left only where the clock was set back since.
MOST_LEFT_NS: Final = DEADLINE_NS
#: The Gateway's word to itself that what waits may leave.
LEAVE: Final = "leave"
#: Adds that are worded ahead; more than that hardly wait for one commit.
MOST_WORDED: Final = 64
_DOWN: Final = "private stream down"
_CANCELED: Final = "canceled before it left"


@attrs.frozen(weakref_slot=False)
class _InFlight:
    """A request on the socket whose answer has not come.

    Attributes:
        amend: The number of the amend that it is; None for anything else.
    """

    reply_to: Address
    sent_ns: int
    is_add: bool = False
    amend: int | None = None
    intent: Intent | None = None


#: As the classes themselves.
_in_flight: Final = quick(_InFlight)
_settled: Final = quick(AddSettled)
_wire_send: Final = quick(WireSend)


class SocketRequests:
    """What is asked on the private socket, and what may be asked.

    Attributes:
        latch: Why no add and no amend may leave; None where they may.
        homes: Where reports of orders go that were answered on this connection.
        counts: The engine's counters, and the orders that were taken, for RateLimiter.
        measured_ns: When an answer told the exchange's time last (monotonic).
    """

    def __init__(self, gateway: Actor) -> None:
        self._gateway = gateway
        self.session: PrivateSession | None = None
        self.generation = 0
        self.live = False
        self.latch: str | None = "starting"
        self.exchange = ExchangeClock()
        self.homes = OrderHomes()
        self.counts = PairCounts()
        self.measured_ns = 0
        self._in_flight: dict[int, _InFlight] = {}
        self._amends: list[SendAmend] = []
        self._adds: list[SendAdd] = []
        #: Adds that are to leave, by their intents: each for an order and a deadline, with its number.
        self._worded: dict[str, tuple[Order, int, int, bytes]] = {}
        self._req_id = 0

    # What leaves

    def prepare(self, order: Order) -> None:
        """Words the add of an order that is to leave in a moment, and lets the wire make its frame."""
        if self.session is None or order.not_after_ns is None:
            return
        if len(self._worded) >= MOST_WORDED:
            self._worded.clear()  # of orders that never left
        deadline_ns = self.exchange.now_ns(order.not_after_ns)
        self._req_id += 1
        payload = self.session.add(order, self._req_id, deadline_ns)
        self._worded[order.intent.intent_id] = order, deadline_ns, self._req_id, payload
        frame = WirePrepare(CONNECTION, self.generation, payload)
        self._gateway.tell(self._gateway.find("wire"), frame)

    def add(self, wish: SendAdd) -> None:
        """Sends an add behind the cancels and amends that wait already."""
        if self._leaves_at_once():
            self._send_add(wish)
        else:
            self._adds.append(wish)

    def amend(self, wish: SendAmend) -> None:
        """Sends an amend behind the cancels that wait already."""
        if self._leaves_at_once():
            self._send_amend(wish)
        else:
            self._amends.append(wish)

    def _leaves_at_once(self) -> bool:
        """Whether no mail is there; else what waits leaves when that has been handled."""
        if self._amends or self._adds:
            return False  # asked to already
        if not self._gateway.has_mail():
            return True
        self._gateway.tell(self._gateway.me, Tick(LEAVE))
        return False

    def leave(self) -> None:
        """Sends the amends and adds that have gathered."""
        amends, adds = self._amends, self._adds
        self._amends, self._adds = [], []
        for amend in amends:
            self._send_amend(amend)
        for add in adds:
            self._send_add(add)

    def _send_add(self, wish: SendAdd) -> None:
        flying = self._flying(wish.reply_to, is_add=True, intent=wish.order.intent)
        not_after_ns = wish.order.not_after_ns
        assert not_after_ns is not None
        why_not = self._obstacle(not_after_ns)
        if why_not is not None:
            self._settle(flying, Sent.NOT_SENT, None, why_not)
            return
        assert self.session is not None
        deadline_ns = self.exchange.now_ns(not_after_ns)
        worded = self._worded.pop(wish.order.intent.intent_id, None)
        if worded is not None and worded[0] is wish.order and worded[1] == deadline_ns:
            self._in_flight[worded[2]] = flying
            self.send(worded[3])
        else:
            self.send(self.session.add(wish.order, self._number(flying), deadline_ns))

    def _send_amend(self, wish: SendAmend) -> None:
        amend = wish.order.amend
        assert amend is not None
        flying = self._flying(wish.reply_to, amend=amend.number, intent=wish.order.intent)
        why_not = self._obstacle(amend.not_after_ns)
        if why_not is not None:
            self._settle(flying, Sent.NOT_SENT, None, why_not)
            return
        assert self.session is not None
        deadline_ns = self.exchange.now_ns(amend.not_after_ns)
        self.send(self.session.amend(wish.order, self._number(flying), deadline_ns))

    def _obstacle(self, not_after_ns: int) -> str | None:
        if self.latch is not None:
            return f"latch closed: {self.latch}"
        if self.session is None or not self.live:
            return _DOWN
        clock = self._gateway.clock
        wall_ns = clock.wall_ns()
        if not self.exchange.good_enough(wall_ns, clock.monotonic_ns()):
            return "exchange clock unknown"
        left_ns = not_after_ns - wall_ns
        if left_ns < LEAST_LEFT_NS:
            return "too late for its deadline"
        if left_ns > MOST_LEFT_NS:
            return "the clock was set since its deadline was"
        return None

    def cancel(self, wish: SendCancel) -> None:
        """Sends a cancel; what waits to leave for the same order does not leave any more."""
        if self._keep_back(wish.order):
            self._gateway.tell(wish.reply_to, CancelSettled(Sent.ACCEPTED, "it never left"))
            return
        flying = self._flying(wish.reply_to, intent=wish.order.intent)
        if self.session is None or not self.live:
            self._settle(flying, Sent.NOT_SENT, None, _DOWN)
            return
        self.send(self.session.cancel(wish.order, self._number(flying)))

    def _keep_back(self, order: Order) -> bool:
        """Takes back what waits for an order; whether that was the order itself."""
        ours = order.intent.intent_id
        adds = [wish for wish in self._adds if wish.order.intent.intent_id == ours]
        amends = [wish for wish in self._amends if wish.order.intent.intent_id == ours]
        for add in adds:
            self._adds.remove(add)
            flying = self._flying(add.reply_to, is_add=True)
            self._settle(flying, Sent.NOT_SENT, None, _CANCELED)
        for amend in amends:
            self._amends.remove(amend)
            assert amend.order.amend is not None
            flying = self._flying(amend.reply_to, amend=amend.order.amend.number)
            self._settle(flying, Sent.NOT_SENT, None, _CANCELED)
        return bool(adds)

    def cancel_all(self) -> None:
        """Cancels everything of the account."""
        if self.session is None or not self.live:
            log.error("gateway.cancel_all_not_sent", reason=_DOWN)
            return
        number = self._number(self._flying(self._gateway.me))
        self.send(self.session.cancel_all(number))

    def dead_man(self, reply_to: Address, timeout_seconds: int) -> None:
        """Sets the exchange's cancel-all-after timer."""
        flying = self._flying(reply_to)
        if self.session is None or not self.live:
            self._settle(flying, Sent.NOT_SENT, None, _DOWN)
            return
        self.send(self.session.cancel_all_after(timeout_seconds, self._number(flying)))

    def ping(self) -> None:
        """Asks for a sign of life, which carries the exchange's time."""
        assert self.session is not None
        self.send(self.session.ping(self._number(self._flying(self._gateway.me))))

    def send(self, payload: bytes) -> None:
        """Puts bytes on the socket."""
        frame = _wire_send(CONNECTION, self.generation, payload)
        self._gateway.tell(self._gateway.find("wire"), frame)

    def _flying(
        self,
        reply_to: Address,
        *,
        is_add: bool = False,
        amend: int | None = None,
        intent: Intent | None = None,
    ) -> _InFlight:
        return _in_flight(reply_to, self._gateway.clock.wall_ns(), is_add, amend, intent)

    def _number(self, flying: _InFlight) -> int:
        self._req_id += 1
        self._in_flight[self._req_id] = flying
        return self._req_id

    # What comes back

    def is_add(self, answer: Answered) -> bool:
        """Whether it is the answer to an add of ours."""
        flying = self._in_flight.get(answer.req_id or 0)
        return flying is not None and flying.is_add

    def answered(self, answer: Answered, received_ns: int, before: tuple[Fact, ...] = ()) -> None:
        """An answer; one to a request that nobody made is none.

        Args:
            before: What the order's reports that came with the answer say.
        """
        flying = self._in_flight.pop(answer.req_id or 0, None)
        if flying is None:
            return
        if answer.exchange_ns is not None:
            self._measure(answer.exchange_ns, flying.sent_ns, received_ns)
        match answer.refusal:
            case None:
                self._taken(flying, answer.order_id)
                self._settle(flying, Sent.ACCEPTED, answer.order_id, None, before)
            case ExchangeRejected() as refused:
                self._settle(flying, Sent.REFUSED, None, refused.code)
            case ExchangeThrottled() as throttled:
                self.hit(throttled.code, None if flying.intent is None else flying.intent.pair)
                self._settle(flying, Sent.THROTTLED, None, throttled.code)
            case _ as unknown:
                self._settle(flying, Sent.LOST, None, str(unknown))

    def _taken(self, flying: _InFlight, order_id: str | None) -> None:
        intent = flying.intent
        if flying.is_add and intent is not None and order_id is not None:
            self.homes.answered(order_id, flying.reply_to)
            self.counts.place(intent.pair, intent.intent_id)

    def lose(self, reason: str) -> None:
        """The socket is gone, and every answer that has not come with it."""
        self.session = None
        self._worded.clear()
        self.homes = OrderHomes()
        for flying in self._in_flight.values():
            self._settle(flying, Sent.LOST, None, reason)
        self._in_flight.clear()

    def _settle(
        self,
        flying: _InFlight,
        outcome: Sent,
        order_id: str | None,
        reason: str | None,
        before: tuple[Fact, ...] = (),
    ) -> None:
        to, tell = flying.reply_to, self._gateway.tell
        if to == self._gateway.me:
            return
        if flying.is_add:
            tell(to, _settled(outcome, order_id, reason, before))
        elif flying.amend is not None:
            tell(to, AmendSettled(flying.amend, outcome, reason))
        else:
            tell(to, CancelSettled(outcome, reason))

    def _measure(self, exchange_ns: int, sent_ns: int, received_ns: int) -> None:
        clock = self._gateway.clock
        self.measured_ns = clock.monotonic_ns()
        # As it was when the answer was read, which may be a while ago.
        monotonic_ns = self.measured_ns - (clock.wall_ns() - received_ns)
        better = self.exchange.measured(exchange_ns, sent_ns, received_ns, monotonic_ns)
        if better is not self.exchange and better.bound_ns is not None:
            self.exchange = better
            news = ExchangeClockMeasured(better.offset_ns, better.bound_ns, monotonic_ns)
            self._gateway.tell(self._gateway.find("reconciler"), news)

    def tell_clock(self) -> None:
        """Tells a Reconciler that was started anew what is known of the exchange's clock."""
        clock, known = self._gateway.clock, self.exchange
        if known.bound_ns is None or not known.good_enough(clock.wall_ns(), clock.monotonic_ns()):
            return
        news = ExchangeClockMeasured(known.offset_ns, known.bound_ns, known.measured_ns)
        self._gateway.tell(self._gateway.find("reconciler"), news)

    def hit(self, code: str, pair: str | None) -> None:
        """Tells RateLimiter of the exchange's word, if it is about a limit."""
        hit = limit_hit(code, self.exchange.now_ns(self._gateway.clock.wall_ns()))
        if hit is not None:
            concerned = pair if hit.engine else None
            limiter = self._gateway.find("ratelimiter")
            self._gateway.tell(limiter, LimitHit(concerned, hit.pause_seconds))
