"""Gateway: the private side of the exchange: nonce, token, private socket, halt latch.

Receives: PrepareAdd, SendAdd, SendAmend, SendCancel, SendCancelAll, SendDeadMan, PrivateCall, SetLatch, and the wire's
replies. Tells: AddSettled, AmendSettled and CancelSettled to the order's actor, PrivateAnswered to the caller,
every sighting to OrderDesk and Reconciler, balances to Ledger, StreamOpened and StreamBroken to its watchers, to
RateLimiter what was spent and what the exchange says of its limits. Blocks on nothing.
No add or amend leaves while the latch is closed, the exchange's clock is unknown, or less than a second is
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

from zoe.actors.burst import ORDERS, Burst
from zoe.actors.call_outcome import outcome
from zoe.actors.socket_requests import CONNECTION, SocketRequests
from zoe.domain.catalog import Catalog
from zoe.domain.errors import StoreError, WireError
from zoe.domain.reconnect import CHANCES, Reconnect
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.messages.gateway import (
    Failure,
    LatchWanted,
    PrepareAdd,
    PrivateAnswered,
    PrivateCall,
    SendAdd,
    SendAmend,
    SendCancel,
    SendCancelAll,
    SendDeadMan,
)
from zoe.messages.ledger import BalancesSeen
from zoe.messages.limits import CounterReported, RestHeld, RestSpent
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
)
from zoe.ports.venue import Answered, GetToken, Operation, StreamGap, StreamLive, Venue
from zoe.runtime.actor import Actor, Timer
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

LANE: Final = "private"
CALL_SECONDS: Final = 5
NONCE_AHEAD_NS: Final = 10_000_000_000
PING_SECONDS: Final = 5
SILENCE_NS: Final = 15_000_000_000


@attrs.frozen
class _Reserved(Message):
    outcome: Outcome[int]


Inbox = (
    PrepareAdd | SendAdd | SendAmend | SendCancel | SendCancelAll | SendDeadMan | WatchStream | PrivateCall | SetLatch | CatalogChanged | Tick | _Reserved
    | RestHeld | WireReply | WireLost | WireOpened | WireClosed | WireFrame
)  # fmt: skip


class Gateway(Actor):
    """Sends private requests, and tells what came of each."""

    def __init__(
        self,
        venue: Venue,
        reserve_nonce: Callable[[int], int],
        watchers: tuple[str, ...] = (),
        sighters: tuple[str, ...] = (ORDERS, "reconciler"),
    ) -> None:
        """``sighters``: the names of those who hear of each report about an order."""
        super().__init__()
        self._sighters = sighters
        self._venue = venue
        self._reserve_nonce = reserve_nonce
        self._watchers = watchers
        self._catalog: Catalog | None = None
        self._socket = SocketRequests(self)
        self._calls: deque[PrivateCall] = deque()
        self._calling: PrivateCall | None = None
        self._nonce = 0
        self._nonce_limit = 0
        self._reserving = False
        self._called_ns = 0
        #: Until when calls wait for their counter.
        self._held = RestHeld(0, 0, 0)
        #: When the first of them may leave.
        self._waiting: Timer | None = None
        self._token: str | None = None
        self._last_heard_ns = 0
        self._reconnect = Reconnect()
        self._burst = Burst()

    def on_start(self) -> None:
        if self.incarnation > 1:
            self._announce(StreamBroken("the gateway was restarted", calls_lost=True))
        self.tell(self.find("wire"), WireClose(CONNECTION))
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("risk"), LatchWanted())
        self._connect()
        self.after(PING_SECONDS, Tick("ping"))

    def handle(self, message: Inbox) -> None:
        match message:
            case WireFrame():
                self._frame(message)
            case PrepareAdd():
                self._socket.prepare(message.order)
            case SendAdd():
                self._socket.add(message)
            case SendCancel():
                self._socket.cancel(message)
            case Tick("leave"):
                self._socket.leave()
            case WireReply() | WireLost():
                self._replied(message)
            case PrivateCall():
                self._queue(message)
                self._call_next()
            case SendAmend():
                self._socket.amend(message)
            case SetLatch():
                self._set_latch(message)
            case SendCancelAll():
                self._socket.cancel_all()
            case SendDeadMan():
                self._socket.dead_man(message.reply_to, message.timeout_seconds)
            case WatchStream():
                if self._socket.live:
                    self.reply(StreamOpened())
                    self._socket.tell_clock()
            case CatalogChanged():
                self._catalog = message.catalog
            case WireOpened():
                self._opened(message)
            case WireClosed():
                self._closed(message)
            case _Reserved():
                self._reserved(message.outcome)
            case RestHeld():
                self._held = message
                self._call_next()
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
        self._socket.generation = opened.generation
        self._socket.session = self._venue.private_session()
        self._last_heard_ns = self.clock.monotonic_ns()
        for payload in self._socket.session.opened(self._token):
            self._socket.send(payload)
        self._socket.ping()

    def _closed(self, closed: WireClosed) -> None:
        if self._socket.session is not None and closed.generation != self._socket.generation:
            return
        self._failed(closed.reason)

    def _failed(self, reason: str) -> None:
        now_ns, chance = self.clock.monotonic_ns(), self.rng.randrange(CHANCES)
        delay_ns, self._reconnect = self._reconnect.next(now_ns, chance)
        delay = delay_ns / 1e9
        log.warning("exchange.stream_broken", reason=reason, reconnect_seconds=round(delay, 3))
        self._socket.lose(reason)
        self._token = None
        if self._socket.live:
            self._socket.live = False
            self._announce(StreamBroken(reason))
        self._beat("down", reason)
        self.after(delay, Tick("connect"))

    def _frame(self, frame: WireFrame) -> None:
        if self._socket.session is None or frame.generation != self._socket.generation:
            return
        self._last_heard_ns = self.clock.monotonic_ns()
        for payload in (frame.payload, *frame.more):
            self._hear(payload, frame.received_ns)
            if frame.generation != self._socket.generation:
                break
        self._pass_on()

    def _hear(self, payload: bytes, received_ns: int) -> None:
        assert self._socket.session is not None
        try:
            said = self._socket.session.received(payload, received_ns)
        except WireError as problem:
            excerpt = payload[:300].decode(errors="replace")
            log.error("exchange.frame_not_understood", error=str(problem), excerpt=excerpt)
            return
        for thing in said:
            match thing:  # in the order of how often they come
                case Sighting():
                    if not self._burst.takes(thing):
                        self._pass_on()
                        self._burst.takes(thing)
                case CounterReported():
                    self._socket.counts.hear(thing)
                case BalanceEntry():
                    self._burst.entries.append(thing)
                case Answered():
                    self._burst.answers.append((thing, received_ns))
                case _:
                    self._pass_on()
                    self._hear_rarely(thing)

    def _pass_on(self) -> None:
        """Tells what has come together since it was told last."""
        if self._burst or self._socket.counts:
            told, self._burst = self._burst, Burst()
            told.pass_on(self, self._socket, self._sighters)

    def _hear_rarely(self, thing: object) -> None:
        match thing:
            case BalanceSnapshot():
                self.tell(self.find("ledger"), BalancesSeen(thing, "stream"))
            case StreamLive():
                self._socket.live = True
                self._reconnect = self._reconnect.connected()
                self._announce(StreamOpened())
                self._beat("ok", "stream live")
            case StreamGap():
                self._drop(thing.reason)
            case FrameNotUnderstood(error, excerpt):
                log.error("exchange.frame_not_understood", error=error, excerpt=excerpt)
                self.tell(
                    self.find("reconciler"),
                    LookWanted("a report was not understood", balances=True),
                )
            case _:
                log.debug("exchange.frame", frame=type(thing).__name__)

    def _drop(self, reason: str) -> None:
        """Ends this connection: the next one's snapshots are the truth."""
        self.tell(self.find("wire"), WireClose(CONNECTION))
        self._socket.generation = -1
        self._failed(reason)

    def _ping(self) -> None:
        self.after(PING_SECONDS, Tick("ping"))
        if self._socket.session is None:
            return
        now_ns = self.clock.monotonic_ns()
        if now_ns - self._last_heard_ns > SILENCE_NS:
            self._drop("nothing heard")
            return
        if now_ns - self._socket.measured_ns > PING_SECONDS * 1_000_000_000:
            self._socket.ping()  # no other answer has told the exchange's time
        if self._socket.live:
            self._beat("ok", "stream live")

    # Orders

    def _set_latch(self, wish: SetLatch) -> None:
        self._socket.latch = wish.reason if wish.closed else None
        log.info("gateway.latch", closed=wish.closed, reason=wish.reason)
        self.reply(LatchSet(wish.closed))

    # Private REST, one at a time

    def _queue(self, call: PrivateCall) -> None:
        """A look goes before what can wait, and instead of what an earlier look still wanted."""
        if not call.of_look:
            self._calls.append(call)
            return
        left = [c for c in self._calls if not (c.of_look and c.reply_to == call.reply_to)]
        before = sum(c.of_look or isinstance(c.operation, GetToken) for c in left)
        self._calls = deque((*left[:before], call, *left[before:]))

    def _call_next(self) -> None:
        if self._calling is not None or not self._calls or self._reserving:
            return
        operation = self._calls[0].operation
        points = self._venue.cost(operation)
        wait_ns = self._held_until_ns(operation, points) - self.clock.monotonic_ns()
        if wait_ns > 0:
            self._wait(wait_ns)
            return
        nonce = max(self.clock.wall_ns(), self._nonce + 1)
        if nonce >= self._nonce_limit:
            self._reserving = True
            wanted = partial(self._reserve_nonce, nonce + NONCE_AHEAD_NS)
            self.offload(wanted, _Reserved, lane="journal")
            return
        self._nonce, self._called_ns = nonce, self.clock.wall_ns()
        self._calling = self._calls.popleft()
        request = self._venue.request(operation, nonce)
        self.tell(self.find("wire"), request.on(LANE, nonce, CALL_SECONDS))
        if points:
            self.tell(self.find("ratelimiter"), RestSpent(points))

    def _held_until_ns(self, operation: Operation, points: int) -> int:
        """Until when a call waits for the REST counter; a token waits for a refusal only."""
        held = self._held
        if isinstance(operation, GetToken):
            return held.urgent_ns
        return held.cheap_ns if points <= 1 else held.dear_ns

    def _wait(self, wait_ns: int) -> None:
        """The call that is next is tried again after a while; which one that is may change."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.after(wait_ns / 1e9, Tick("reserve"))

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
        answer = outcome(self._venue, call, self._called_ns, reply, self._catalog)
        if answer.failure is Failure.THROTTLED:
            self._socket.hit(answer.code or "", None)
        if call.reply_to == self.me:
            self._token_came(answer)
        else:
            self.tell(call.reply_to, answer)
        self._call_next()

    def _announce(self, news: Message) -> None:
        for name in self._watchers:
            self.tell(self.find(name), news)

    def _beat(self, status: str, detail: str) -> None:
        self.tell(self.find("heartbeat"), Beat("exchange_api", status, detail))
