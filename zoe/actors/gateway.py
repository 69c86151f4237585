"""Gateway: the private side of the exchange: nonce, token, private socket, halt latch.

Receives: SendAdd, SendCancel, SendCancelAll, SendDeadMan, PrivateCall, SetLatch, and the wire's
replies. Tells: AddSettled and CancelSettled to the order's actor, PrivateAnswered to the caller,
every sighting to OrderDesk, balances to Ledger, StreamOpened and StreamBroken to its watchers, to
RateLimiter what was spent and what the exchange says of its limits. Blocks on nothing.
No add leaves while the latch is closed, the exchange's clock is unknown, or less than a second is
left to the order's deadline; nothing is ever sent twice. Private REST calls leave one at a time,
so that nonces arrive in order; the nonce's high-water mark is durable seconds ahead of its use.
A restart tells that the stream is broken, so that nobody waits for an answer, and opens another with
a new token, the latch closed until RiskOfficer opens it; adds in flight are lost by their own timers.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, assert_never

import attrs

from zoe.actors.call_outcome import outcome
from zoe.domain.catalog import Catalog
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, StoreError, WireError
from zoe.domain.exchange_clock import ExchangeClock
from zoe.domain.ratelimit import limit_hit
from zoe.domain.reconnect import CHANCES, Reconnect
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.messages.gateway import (
    AddSettled,
    CancelSettled,
    ExchangeClockMeasured,
    Failure,
    LatchWanted,
    OrderSighted,
    PrivateAnswered,
    PrivateCall,
    SendAdd,
    SendCancel,
    SendCancelAll,
    SendDeadMan,
    Sent,
)
from zoe.messages.ledger import BalancesSeen, LedgerRowSeen
from zoe.messages.limits import CounterReported, LimitHit, RestHeld, RestSpent
from zoe.messages.market import FrameNotUnderstood
from zoe.messages.orders import LookWanted
from zoe.messages.risk import LatchSet, SetLatch
from zoe.messages.system import (
    Beat,
    CatalogChanged,
    StreamBroken,
    StreamOpened,
    Tick,
    WatchCatalog,
    WatchStream,
)
from zoe.messages.wire import (
    WireClose,
    WireClosed,
    WireFrame,
    WireLost,
    WireOpen,
    WireOpened,
    WireReply,
    WireSend,
)
from zoe.ports.venue import Answered, GetToken, PrivateSession, StreamGap, StreamLive, Venue
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

CONNECTION: Final = "private"
LANE: Final = "private"
CALL_SECONDS: Final = 5
NONCE_AHEAD_NS: Final = 10_000_000_000
LEAST_LEFT_NS: Final = 1_000_000_000
PING_SECONDS: Final = 5
SILENCE_NS: Final = 15_000_000_000


@attrs.frozen
class _Reserved(Message):
    outcome: Outcome[int]


@attrs.frozen
class _InFlight:
    """A request on the socket whose answer has not come."""

    reply_to: Address
    is_add: bool
    sent_ns: int
    pair: str | None = None


Inbox = (
    SendAdd | SendCancel | SendCancelAll | SendDeadMan | WatchStream | PrivateCall | SetLatch | CatalogChanged | Tick | _Reserved
    | RestHeld | WireReply | WireLost | WireOpened | WireClosed | WireFrame
)  # fmt: skip


class Gateway(Actor):
    """Sends private requests, and tells what came of each."""

    def __init__(
        self,
        venue: Venue,
        reserve_nonce: Callable[[int], int],
        watchers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._venue = venue
        self._reserve_nonce = reserve_nonce
        self._watchers = watchers
        self._catalog: Catalog | None = None
        self._latch: str | None = "starting"
        self._exchange = ExchangeClock()
        self._calls: deque[PrivateCall] = deque()
        self._calling: PrivateCall | None = None
        self._nonce = 0
        self._nonce_limit = 0
        self._reserving = False
        #: Until when calls wait for the REST counter: usual ones, and those that cannot wait.
        self._held_ns = (0, 0)
        self._session: PrivateSession | None = None
        self._generation = 0
        self._live = False
        self._token: str | None = None
        self._in_flight: dict[int, _InFlight] = {}
        self._req_id = 0
        self._last_heard_ns = 0
        self._reconnect = Reconnect()

    def on_start(self) -> None:
        if self.incarnation > 1:
            self._announce(StreamBroken("the gateway was restarted"))
        self.tell(self.find("wire"), WireClose(CONNECTION))
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("risk"), LatchWanted())
        self._connect()
        self.after(PING_SECONDS, Tick("ping"))

    def handle(self, message: Inbox) -> None:
        match message:
            case SendAdd():
                self._add(message)
            case SendCancel():
                self._cancel(message)
            case SendCancelAll():
                self._cancel_all()
            case SendDeadMan():
                self._dead_man(message)
            case WatchStream():
                if self._live:
                    self.reply(StreamOpened())
            case PrivateCall():
                self._calls.append(message)
                self._call_next()
            case SetLatch():
                self._set_latch(message)
            case CatalogChanged():
                self._catalog = message.catalog
            case WireReply() | WireLost():
                self._replied(message)
            case WireOpened():
                self._opened(message)
            case WireClosed():
                self._closed(message)
            case WireFrame():
                self._frame(message)
            case _Reserved():
                self._reserved(message.outcome)
            case RestHeld():
                self._hold(message)
            case Tick("connect"):
                self._connect()
            case Tick("reserve"):
                self._call_next()
            case Tick():
                self._ping()
            case _:
                assert_never(message)

    # The socket

    def _connect(self) -> None:
        self._calls.appendleft(PrivateCall(0, GetToken(), self.me))
        self._call_next()

    def _token_came(self, answer: PrivateAnswered) -> None:
        if answer.failure is not None:
            self._failed(f"no token: {answer.code}")
            return
        self._token = answer.result
        opening = WireOpen(CONNECTION, self._venue.private_url, None)
        self.tell(self.find("wire"), opening)

    def _opened(self, opened: WireOpened) -> None:
        assert self._token is not None
        self._generation = opened.generation
        self._session = self._venue.private_session()
        self._last_heard_ns = self.clock.monotonic_ns()
        for payload in self._session.opened(self._token):
            self._send(payload)
        self._send_ping()

    def _closed(self, closed: WireClosed) -> None:
        if self._session is not None and closed.generation != self._generation:
            return
        self._failed(closed.reason)

    def _failed(self, reason: str) -> None:
        now_ns, chance = self.clock.monotonic_ns(), self.rng.randrange(CHANCES)
        delay_ns, self._reconnect = self._reconnect.next(now_ns, chance)
        delay = delay_ns / 1e9
        log.warning("exchange.stream_broken", reason=reason, reconnect_seconds=round(delay, 3))
        self._session = None
        self._token = None
        if self._live:
            self._live = False
            self._announce(StreamBroken(reason))
        for flying in self._in_flight.values():
            self._settle(flying, Sent.LOST, None, reason)
        self._in_flight.clear()
        self._beat("down", reason)
        self.after(delay, Tick("connect"))

    def _frame(self, frame: WireFrame) -> None:
        if self._session is None or frame.generation != self._generation:
            return
        self._last_heard_ns = self.clock.monotonic_ns()
        try:
            said = self._session.received(frame.payload, frame.received_ns)
        except WireError as problem:
            excerpt = frame.payload[:300].decode(errors="replace")
            log.error("exchange.frame_not_understood", error=str(problem), excerpt=excerpt)
            return
        for thing in said:
            self._hear(thing, frame.received_ns)

    def _hear(self, thing: object, received_ns: int) -> None:
        match thing:
            case Sighting():
                self.tell(self.find("orders"), OrderSighted(thing))
            case Answered():
                self._answered(thing, received_ns)
            case BalanceSnapshot():
                self.tell(self.find("ledger"), BalancesSeen(thing, "stream"))
            case BalanceEntry():
                self.tell(self.find("ledger"), LedgerRowSeen(thing))
            case CounterReported():
                self.tell(self.find("ratelimiter"), thing)
            case StreamLive():
                self._live = True
                self._reconnect = self._reconnect.good()
                self._announce(StreamOpened())
                self._beat("ok", "stream live")
            case StreamGap():
                self._drop(thing.reason)
            case FrameNotUnderstood(error, excerpt):
                log.error("exchange.frame_not_understood", error=error, excerpt=excerpt)
                self.tell(self.find("reconciler"), LookWanted("a report was not understood"))
            case _:
                log.debug("exchange.frame", frame=type(thing).__name__)

    def _drop(self, reason: str) -> None:
        """Ends this connection: the next one's snapshots are the truth."""
        self.tell(self.find("wire"), WireClose(CONNECTION))
        self._generation = -1
        self._failed(reason)

    def _ping(self) -> None:
        self.after(PING_SECONDS, Tick("ping"))
        if self._session is None:
            return
        if self.clock.monotonic_ns() - self._last_heard_ns > SILENCE_NS:
            self._drop("nothing heard")
            return
        self._send_ping()
        if self._live:
            self._beat("ok", "stream live")

    def _send_ping(self) -> None:
        assert self._session is not None
        self._send(self._session.ping(self._next_req_id(self.me, is_add=False)))

    def _send(self, payload: bytes) -> None:
        self.tell(self.find("wire"), WireSend(CONNECTION, self._generation, payload))

    def _next_req_id(self, reply_to: Address, *, is_add: bool, pair: str | None = None) -> int:
        self._req_id += 1
        flying = _InFlight(reply_to, is_add, self.clock.wall_ns(), pair)
        self._in_flight[self._req_id] = flying
        return self._req_id

    # Orders

    def _add(self, wish: SendAdd) -> None:
        why_not = self._obstacle(wish)
        if why_not is not None:
            self.tell(wish.reply_to, AddSettled(Sent.NOT_SENT, None, why_not))
            return
        assert self._session is not None and wish.order.not_after_ns is not None
        deadline_ns = self._exchange.now_ns(wish.order.not_after_ns)
        pair = wish.order.intent.pair
        req_id = self._next_req_id(wish.reply_to, is_add=True, pair=pair)
        self._send(self._session.add(wish.order, req_id, deadline_ns))

    def _obstacle(self, wish: SendAdd) -> str | None:
        assert wish.order.not_after_ns is not None
        if self._latch is not None:
            return f"latch closed: {self._latch}"
        if self._session is None or not self._live:
            return "private stream down"
        if not self._exchange.good_enough():
            return "exchange clock unknown"
        if wish.order.not_after_ns - self.clock.wall_ns() < LEAST_LEFT_NS:
            return "too late for its deadline"
        return None

    def _cancel(self, wish: SendCancel) -> None:
        if self._session is None or not self._live:
            self.tell(wish.reply_to, CancelSettled(Sent.NOT_SENT, "private stream down"))
            return
        req_id = self._next_req_id(wish.reply_to, is_add=False, pair=wish.order.intent.pair)
        self._send(self._session.cancel(wish.order, req_id))

    def _dead_man(self, wish: SendDeadMan) -> None:
        if self._session is None or not self._live:
            self.tell(wish.reply_to, CancelSettled(Sent.NOT_SENT, "private stream down"))
            return
        req_id = self._next_req_id(wish.reply_to, is_add=False)
        self._send(self._session.cancel_all_after(wish.timeout_seconds, req_id))

    def _cancel_all(self) -> None:
        if self._session is None or not self._live:
            log.error("gateway.cancel_all_not_sent", reason="private stream down")
            return
        self._send(self._session.cancel_all(self._next_req_id(self.me, is_add=False)))

    def _answered(self, answer: Answered, received_ns: int) -> None:
        flying = self._in_flight.pop(answer.req_id or 0, None)
        if flying is None:
            return
        if answer.exchange_ns is not None:
            self._measure(answer.exchange_ns, flying.sent_ns, received_ns)
        match answer.refusal:
            case None:
                self._settle(flying, Sent.ACCEPTED, answer.order_id, None)
            case ExchangeRejected() as refused:
                self._settle(flying, Sent.REFUSED, None, refused.code)
            case ExchangeThrottled() as throttled:
                self._hit(throttled.code, flying.pair)
                self._settle(flying, Sent.THROTTLED, None, throttled.code)
            case _ as unknown:
                self._settle(flying, Sent.LOST, None, str(unknown))

    def _settle(
        self, flying: _InFlight, outcome: Sent, order_id: str | None, reason: str | None
    ) -> None:
        if flying.reply_to == self.me:
            return
        if flying.is_add:
            self.tell(flying.reply_to, AddSettled(outcome, order_id, reason))
        else:
            self.tell(flying.reply_to, CancelSettled(outcome, reason))

    def _measure(self, exchange_ns: int, sent_ns: int, received_ns: int) -> None:
        monotonic_ns = self.clock.monotonic_ns()
        better = self._exchange.measured(exchange_ns, sent_ns, received_ns, monotonic_ns)
        if better is not self._exchange and better.bound_ns is not None:
            self._exchange = better
            news = ExchangeClockMeasured(better.offset_ns, better.bound_ns, monotonic_ns)
            self.tell(self.find("reconciler"), news)

    def _set_latch(self, wish: SetLatch) -> None:
        self._latch = wish.reason if wish.closed else None
        log.info("gateway.latch", closed=wish.closed, reason=wish.reason)
        self.reply(LatchSet(wish.closed, wish.reason))

    # Private REST, one at a time

    def _call_next(self) -> None:
        if self._calling is not None or not self._calls or self._reserving or self._held():
            return
        nonce = max(self.clock.wall_ns(), self._nonce + 1)
        if nonce >= self._nonce_limit:
            self._reserving = True
            wanted = partial(self._reserve_nonce, nonce + NONCE_AHEAD_NS)
            self.offload(wanted, _Reserved, lane="journal")
            return
        self._nonce = nonce
        self._calling = self._calls.popleft()
        request = self._venue.request(self._calling.operation, nonce)
        self.tell(self.find("wire"), request.on(LANE, nonce, CALL_SECONDS))
        points = self._venue.cost(self._calling.operation)
        if points:
            self.tell(self.find("ratelimiter"), RestSpent(points))

    def _held(self) -> bool:
        """Whether the next call must wait for the REST counter; a token waits for a refusal only."""
        urgent = isinstance(self._calls[0].operation, GetToken)
        return self.clock.monotonic_ns() < self._held_ns[urgent]

    def _hold(self, held: RestHeld) -> None:
        self._held_ns = (held.until_ns, held.until_ns if held.urgent_too else self._held_ns[True])
        self.after(max(held.until_ns - self.clock.monotonic_ns(), 0) / 1e9, Tick("reserve"))

    def _reserved(self, outcome: Outcome[int]) -> None:
        self._reserving = False
        if isinstance(outcome.error, StoreError):
            log.warning("gateway.nonce_not_durable", error=str(outcome.error))
            self.after(0.5, Tick("reserve"))
            return
        limit = outcome.value()
        # Another process with this key may have gone further than our clock: start beyond it.
        self._nonce = max(self._nonce, limit - NONCE_AHEAD_NS - 1)
        self._nonce_limit = limit
        self._call_next()

    def _replied(self, reply: WireReply | WireLost) -> None:
        call = self._calling
        if call is None or reply.request_id != self._nonce:
            return
        self._calling = None
        answer = outcome(self._venue, call, reply, self._catalog)
        if answer.failure is Failure.THROTTLED:
            self._hit(answer.code or "", None)
        if call.reply_to == self.me:
            self._token_came(answer)
        else:
            self.tell(call.reply_to, answer)
        self._call_next()

    def _hit(self, code: str, pair: str | None) -> None:
        """Tells RateLimiter of the exchange's word, if it is about a limit."""
        hit = limit_hit(code, self._exchange.now_ns(self.clock.wall_ns()))
        if hit is not None:
            concerned = pair if hit.engine else None
            self.tell(self.find("ratelimiter"), LimitHit(concerned, hit.pause_seconds))

    def _announce(self, news: Message) -> None:
        for name in self._watchers:
            self.tell(self.find(name), news)

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("exchange_api", status, detail))
