"""VirtualWire: the wire in virtual time, between the desk's actors and the sandbox's pure core.

Bytes travel with a latency that a seed chooses, in order on each socket; the core decides what is
answered and when. Nothing is lost here unless the core says so (Drop), or an answer comes too late.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import Final, Protocol
from urllib.parse import urlsplit

import attrs

from zoe.domain.quick import quick
from zoe.messages.frames import FrameReader
from zoe.messages.wire import (
    WireClose,
    WireClosed,
    WireFrame,
    WireGather,
    WireLost,
    WireOpen,
    WireOpened,
    WirePrepare,
    WireReply,
    WireRequest,
    WireSend,
)
from zoe.runtime.address import Address
from zoe.runtime.message import Envelope, Message
from zoe.runtime.virtual import EPOCH_NS, VirtualRuntime
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.wire import Delivery, Drop, Frame, HttpRequest, HttpResponse

_frame: Final = quick(WireFrame)
#: How often what is said at one moment on one socket does not come at one moment.
TORN: Final = 0.1
#: One way, unless the caller wants another.
LATENCY_NS: Final = (1_000_000, 30_000_000)
_SPREAD_NS: Final = LATENCY_NS[1] - LATENCY_NS[0]
_SPREAD_BITS: Final = _SPREAD_NS.bit_length()


def one_way_ns(rng: Random) -> int:
    """How long bytes take one way: what ``randrange`` draws, at a third of what it costs."""
    while (drawn := rng.getrandbits(_SPREAD_BITS)) >= _SPREAD_NS:
        pass
    return LATENCY_NS[0] + drawn


@attrs.define(eq=False)
class _Job:
    """A request under way."""

    envelope: Envelope
    request: WireRequest
    settled: bool = False


@attrs.define(eq=False)
class _Socket:
    """One life of one socket; both directions keep their order."""

    envelope: Envelope
    owner: Address
    name: str
    generation: int
    reader: FrameReader | None
    to_exchange_ns: int = 0
    to_desk_ns: int = 0
    open: bool = True


#: What travels together.
_when_and_where: Final = attrgetter("connection", "at_ns")


class Censor(Protocol):
    """Changes what sockets without a reader of their own tell the desk."""

    def held_ms(self, payload: bytes) -> int:
        """How long a frame is held back before it is passed on."""

    def passed(self, payload: bytes) -> bytes | None:
        """The frame as the desk gets it; None where it does not."""


class VirtualWire:
    """Serves the wire's address on a VirtualRuntime.

    Args:
        exchange: Outlives any number of desks.
        latency_ns: Time that bytes take one way.
    """

    def __init__(
        self,
        runtime: VirtualRuntime,
        exchange: Exchange,
        seed: int,
        latency_ns: Callable[[Random], int] = one_way_ns,
    ) -> None:
        self._runtime = runtime
        self._exchange = exchange
        self._rng = Random(seed)
        self._latency_ns = latency_ns
        self._lanes: dict[str, deque[_Job]] = {}
        self._jobs: dict[int, _Job] = {}
        self._sockets: dict[int, _Socket] = {}
        self._by_name: dict[str, tuple[int, _Socket]] = {}
        #: Ids of exchanges and sockets; far from those of any earlier desk.
        self._numbers = runtime.boot << 32
        self._wakeup_ns: int | None = None
        #: Everybody's time, and the desk's own.
        self._now = runtime.clock.true_ns
        self._desks = runtime.clock.wall_ns
        #: None: everything is told as the exchange says it.
        self.censor: Censor | None = None
        self._watch_exchange()

    def handle(self, envelope: Envelope) -> None:
        """See ports.wire.Wire."""
        message = envelope.message
        match message:
            case WireSend():
                self._send(message)
            case WireRequest():
                lane = self._lanes.setdefault(message.lane_name, deque())
                lane.append(_Job(envelope, message))
                if len(lane) == 1:
                    self._start(lane)
            case WireOpen():
                self._open(envelope, message)
            case WireClose():
                self._close(message.connection)
            case WireGather() | WirePrepare():
                pass  # latencies are chosen by the seed, and far longer
            case _:
                raise AssertionError(f"the wire does not take {message}")

    def hang_up(self) -> None:
        """The desk is gone: the exchange sees its sockets close."""
        for number, socket in list(self._sockets.items()):
            socket.open = False
            self._exchange.closed(self._now(), number)
        self._sockets.clear()

    def _later(self, at_wall_ns: int, action: Callable[[], None]) -> None:
        self._runtime.call_at(at_wall_ns - EPOCH_NS, action)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _tell(self, cause: Envelope, news: Message) -> None:
        assert cause.sender is not None, "news need somebody to go to"
        self._runtime.post(cause.sender, news, cause=cause)

    # The exchange's own time

    def _watch_exchange(self) -> None:
        at_ns = self._exchange.next_wakeup()
        if at_ns is not None and (self._wakeup_ns is None or at_ns < self._wakeup_ns):
            self._wakeup_ns = at_ns
            self._later(max(at_ns, self._now()), partial(self._wake, at_ns))

    def _wake(self, at_ns: int) -> None:
        if at_ns != self._wakeup_ns:
            return  # it was woken sooner, and what is due now has a waking of its own
        self._wakeup_ns = None
        self.deliver(self._exchange.wake(self._now()))

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Carries what the exchange says to the desk."""
        for (number, at_ns), together in groupby(deliveries, _when_and_where):
            socket = self._sockets.get(number)
            if socket is not None:
                self._carry(number, socket, at_ns, list(together))
            elif number in self._jobs:
                at_ns = max(at_ns, self._now()) + self._latency_ns(self._rng)
                for delivery in together:
                    answered = partial(self._answered, self._jobs[number], delivery.payload)
                    self._later(at_ns, answered)
        self._watch_exchange()

    def _carry(self, number: int, socket: _Socket, at_ns: int, said: list[Delivery]) -> None:
        """What is said at one moment travels together; now and then each piece by itself."""
        at_ns = max(at_ns, self._now())
        torn = len(said) > 1 and self._rng.random() < TORN
        for piece in [[one] for one in said] if torn else (said,):
            came_ns = max(at_ns + self._latency_ns(self._rng), socket.to_desk_ns)
            socket.to_desk_ns = came_ns
            self._later(came_ns, partial(self._said, number, socket, piece))

    # HTTP

    def _start(self, lane: deque[_Job]) -> None:
        job = lane[0]
        number = self._number()
        self._jobs[number] = job
        self._later(self._now() + self._latency_ns(self._rng), partial(self._request, number, job))
        self._later(
            self._now() + job.request.timeout_seconds * 1_000_000_000,
            partial(self._settle, job, None, "no answer in time"),
        )

    def _request(self, number: int, job: _Job) -> None:
        request = job.request
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers}
        wanted = HttpRequest(number, request.method, parts.path, parts.query, headers, request.body)
        self.deliver(self._exchange.request(self._now(), wanted))

    def _answered(self, job: _Job, payload: HttpResponse | Frame | Drop) -> None:
        if isinstance(payload, HttpResponse):
            self._settle(job, payload, "")
        else:
            self._settle(job, None, "ConnectionError")

    def _settle(self, job: _Job, answer: HttpResponse | None, reason: str) -> None:
        if job.settled:
            return
        job.settled = True
        number = job.request.request_id
        if answer is None:
            self._tell(job.envelope, WireLost(number, reason))
        else:
            reply = WireReply(number, answer.status, answer.body)
            self._tell(job.envelope, reply)
        lane = self._lanes[job.request.lane_name]
        lane.popleft()
        if lane:
            self._start(lane)

    # Sockets

    def _open(self, envelope: Envelope, wish: WireOpen) -> None:
        assert envelope.sender is not None, "frames need somebody to go to"
        self._close(wish.connection)
        number = self._number()
        reader = None if wish.reader is None else wish.reader()
        socket = _Socket(envelope, envelope.sender, wish.connection, number, reader)
        self._sockets[number] = socket
        self._by_name[wish.connection] = (number, socket)
        path = urlsplit(wish.url).path
        self._later(
            self._now() + 2 * self._latency_ns(self._rng),
            partial(self._opened, number, socket, path),
        )

    def _opened(self, number: int, socket: _Socket, path: str) -> None:
        if not socket.open:
            return
        self._tell(socket.envelope, WireOpened(socket.name, socket.generation))
        self.deliver(self._exchange.opened(self._now(), number, path))

    def _send(self, wish: WireSend) -> None:
        number, socket = self._by_name.get(wish.connection, (0, None))
        if socket is None or not socket.open or socket.generation != wish.generation:
            return
        at_ns = self._now() + self._latency_ns(self._rng)
        socket.to_exchange_ns = max(at_ns, socket.to_exchange_ns)
        self._later(socket.to_exchange_ns, partial(self._received, number, socket, wish.payload))

    def _received(self, number: int, socket: _Socket, payload: bytes) -> None:
        if socket.open:
            self.deliver(self._exchange.received(self._now(), number, payload))

    def _said(self, number: int, socket: _Socket, said: list[Delivery]) -> None:
        if not socket.open:
            return
        frames = [frame.payload for one in said if isinstance(frame := one.payload, Frame)]
        if frames:
            self._frames(socket, frames)
        if len(frames) < len(said):
            drop = next(end for one in said if isinstance(end := one.payload, Drop))
            self._shut(number, socket)
            reason = f"closed by the peer: {drop.code} {drop.reason}"
            self._tell(socket.envelope, WireClosed(socket.name, socket.generation, reason))

    def _frames(self, socket: _Socket, frames: list[bytes]) -> None:
        if socket.reader is not None:
            for payload in frames:
                for news in socket.reader.feed(payload, self._desks()):
                    self._runtime.post(socket.owner, news)
        elif self.censor is None:
            self._pass_on(socket, frames)
        else:
            for payload in frames:
                held_ns = self.censor.held_ms(payload) * 1_000_000
                passed_on = partial(self._censored, self.censor, socket, payload)
                self._later(self._now() + held_ns, passed_on)

    def _censored(self, censor: Censor, socket: _Socket, payload: bytes) -> None:
        passed = censor.passed(payload) if socket.open else None
        if passed is not None:
            self._pass_on(socket, [passed])

    def _pass_on(self, socket: _Socket, frames: list[bytes]) -> None:
        more = tuple(frames[1:])
        frame = _frame(socket.name, socket.generation, frames[0], self._desks(), more)
        self._runtime.post(socket.owner, frame)

    def _close(self, name: str) -> None:
        number, socket = self._by_name.pop(name, (0, None))
        if socket is not None and socket.open:
            self._shut(number, socket)

    def _shut(self, number: int, socket: _Socket) -> None:
        socket.open = False
        self._sockets.pop(number, None)
        self._exchange.closed(self._now(), number)
