"""ThreadWire: HTTP with requests and sockets with websocket-client, on the runtime's threads.

``handle`` is called in the sender's thread and only queues. An HTTP request is answered when its
answer has come or its time is up, whichever is first, even where looking up a name hangs. A call
that ran out of time keeps its thread until it ends, and its lane goes on with another thread and
another session.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, assert_never

import attrs
import requests

from zoe.adapters.http_session import HttpAnswer, exchange, new_session, why
from zoe.adapters.socket_reader import SocketReader
from zoe.messages.wire import (
    WireClose,
    WireGather,
    WireLost,
    WireOpen,
    WirePrepare,
    WireReply,
    WireRequest,
    WireSend,
)
from zoe.runtime.address import Address
from zoe.runtime.clock import Clock
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome

#: A call is told late by the runtime's timer; its thread comes back not long after.
SPARE_SECONDS: Final = 1


class Threads(Protocol):
    """What the wire needs of the runtime."""

    clock: Clock

    def submit(
        self, lane: str, call: Callable[[], Any], done: Callable[[Outcome[Any]], None]
    ) -> None:
        """Runs a call on a thread."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Calls an action later."""

    def reader(self, name: str, body: Callable[[Any], None]) -> object:
        """Runs a loop on a thread of its own."""

    def post(self, to: Address, message: Message, *, cause: Envelope | None = None) -> int:
        """Sends a message."""

    def post_all(self, to: Address, messages: Sequence[Message], *, lend: bool) -> None:
        """Sends messages that came together."""


class ThreadWire:
    """Serves the wire's address on a ThreadRuntime.

    All but what an open socket is told is done on one thread of the runtime's, so nothing here
    needs a lock.
    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._lanes: dict[str, _Lane] = {}
        self._sockets: dict[str, SocketReader] = {}
        self._generations: dict[str, int] = {}
        self._pool = _Pool()

    def handle(self, envelope: Envelope) -> None:
        """See ports.wire.Wire."""
        message = envelope.message
        # What comes most often, and is on an order's way, comes first.
        if isinstance(message, WireSend):
            found = self._used(message)
            if found is not None:
                found.send(message.payload)
        elif isinstance(message, WirePrepare):
            found = self._used(message)
            if found is not None:
                found.prepare(message.payload)
        elif isinstance(message, WireGather):
            found = self._used(message)
            if found is not None:
                found.gather(message.milliseconds)
        else:
            assert isinstance(message, WireRequest | WireOpen | WireClose), message
            in_order(self._threads, partial(self._take, envelope, message))

    def _take(self, envelope: Envelope, message: WireRequest | WireOpen | WireClose) -> None:
        match message:
            case WireRequest():
                self._lane(message.lane_name).add(envelope, message)
            case WireOpen():
                self._open(envelope, message)
            case WireClose():
                self._close(message.connection)
            case _:
                assert_never(message)

    def _lane(self, name: str) -> "_Lane":
        found = self._lanes.get(name)
        if found is None:
            found = self._lanes[name] = _Lane(self._threads, self._pool)
        return found

    def _open(self, envelope: Envelope, wish: WireOpen) -> None:
        self._close(wish.connection)
        assert envelope.sender is not None, "a socket's news need somebody to go to"
        post = partial(self._threads.post, envelope.sender, cause=envelope)
        generation = self._generations.get(wish.connection, 0) + 1
        self._generations[wish.connection] = generation
        # What the exchange says by itself has no cause here: each message is a root.
        deliver = partial(self._threads.post_all, envelope.sender)
        opened = SocketReader(wish, generation, (post, deliver), self._threads.clock)
        self._sockets[wish.connection] = opened
        name = f"{wish.connection}/{generation}"
        self._threads.reader(f"socket/{name}", opened.read)
        self._threads.reader(f"socket-writer/{name}", opened.write)

    def _used(self, wish: WireSend | WirePrepare | WireGather) -> SocketReader | None:
        found = self._sockets.get(wish.connection)
        # Whoever sends to a socket that is gone has its WireClosed on the way, or closed it.
        return None if found is None or found.generation != wish.generation else found

    def _close(self, connection: str) -> None:
        found = self._sockets.pop(connection, None)
        if found is not None:
            found.close()


def in_order(threads: Threads, action: Callable[[], None]) -> None:
    """Runs an action on the wire's own thread, after those before it; an error is not hidden."""
    threads.submit("wire", action, Outcome.value)


class _Pool:
    """Names of idle threads, so that a call that ran out of time costs a thread only once."""

    def __init__(self) -> None:
        self._idle: list[str] = []
        self._count = 0

    def take(self) -> str:
        if self._idle:
            return self._idle.pop()
        self._count += 1
        return f"http/{self._count}"

    def give_back(self, thread: str) -> None:
        self._idle.append(thread)


@attrs.define(eq=False)
class _Job:
    envelope: Envelope
    request: WireRequest
    session: requests.Session
    thread: str
    settled: bool = False


class _Lane:
    """Requests that leave one at a time, in order; used on the wire's own thread only."""

    def __init__(self, threads: Threads, pool: _Pool) -> None:
        self._threads = threads
        self._pool = pool
        self._waiting: deque[tuple[Envelope, WireRequest]] = deque()
        self._current: _Job | None = None
        self._session: requests.Session | None = None

    def add(self, envelope: Envelope, request: WireRequest) -> None:
        self._waiting.append((envelope, request))
        self._next()

    def _next(self) -> None:
        if self._current is not None or not self._waiting:
            return
        envelope, request = self._waiting.popleft()
        session, self._session = self._session or new_session(), None
        job = self._current = _Job(envelope, request, session, self._pool.take())
        call = partial(fetch, session, request)
        self._threads.submit(job.thread, call, partial(self._ended, job))
        self._threads.call_later(request.timeout_seconds, partial(self._late, job))

    def _ended(self, job: _Job, outcome: Outcome[HttpAnswer]) -> None:
        in_order(self._threads, partial(self._end, job, outcome))

    def _late(self, job: _Job) -> None:
        in_order(self._threads, partial(self._settle, job, "no answer in time"))

    def _end(self, job: _Job, outcome: Outcome[HttpAnswer]) -> None:
        self._pool.give_back(job.thread)
        if outcome.error is None and not job.settled:
            self._session = job.session
            self._settle(job, outcome.value())
            return
        job.session.close()
        if outcome.error is not None:
            self._settle(job, why(outcome.error))

    def _settle(self, job: _Job, result: HttpAnswer | str) -> None:
        if job.settled:
            return
        job.settled = True
        self._current = None
        number = job.request.request_id
        news: WireReply | WireLost
        if isinstance(result, str):
            news = WireLost(number, result)
        else:
            news = WireReply(number, result.status, result.body)
        assert job.envelope.sender is not None, "a request's answer needs somebody to go to"
        self._threads.post(job.envelope.sender, news, cause=job.envelope)
        self._next()


def fetch(session: requests.Session, request: WireRequest) -> HttpAnswer:
    """Sends one request and reads its answer.

    Raises:
        requests.RequestException: There is no answer; whether it was executed is unknown.
    """
    return exchange(
        session,
        (request.method, request.url),
        request.headers,
        request.body,
        request.timeout_seconds + SPARE_SECONDS,
    )


def once(request: WireRequest) -> WireReply | WireLost:
    """One request outside any actor, waited for; for edges only."""
    with new_session() as session:
        try:
            answer = fetch(session, request)
        except requests.RequestException as problem:
            return WireLost(request.request_id, why(problem))
    return WireReply(request.request_id, answer.status, answer.body)
