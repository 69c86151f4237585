"""ThreadWire: HTTP with requests and sockets with websocket-client, on the runtime's threads.

``handle`` is called in the sender's thread and only queues. An HTTP request is answered when its
answer has come or its time is up, whichever is first: requests' own timeout is per read, so a
dripping server could hold a call for ever. A call that ran out of time keeps its thread until it
ends, and its lane goes on with another thread and another session.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, assert_never

import attrs
import requests
from requests.adapters import HTTPAdapter

from zoe.adapters.socket_reader import SocketReader
from zoe.messages.wire import (
    WireClose,
    WireLost,
    WireOpen,
    WireReply,
    WireRequest,
    WireSend,
)
from zoe.runtime.address import Address
from zoe.runtime.clock import Clock
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome


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


class ThreadWire:
    """Serves the wire's address on a ThreadRuntime."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._lanes: dict[str, _Lane] = {}
        self._sockets: dict[str, SocketReader] = {}
        self._generations: dict[str, int] = {}
        self._lock = threading.Lock()
        self._pool = _Pool()

    def handle(self, envelope: Envelope) -> None:
        """Takes WireRequest, WireOpen, WireSend or WireClose; never blocks."""
        message = envelope.message
        assert isinstance(message, WireRequest | WireOpen | WireSend | WireClose), message
        match message:
            case WireRequest():
                self._lane(message.lane_name).add(envelope, message)
            case WireOpen():
                self._open(envelope, message)
            case WireSend():
                self._send(message)
            case WireClose():
                self._close(message.connection)
            case _:
                assert_never(message)

    def _lane(self, name: str) -> "_Lane":
        with self._lock:
            found = self._lanes.get(name)
            if found is None:
                found = self._lanes[name] = _Lane(self._threads, self._pool)
            return found

    def _open(self, envelope: Envelope, wish: WireOpen) -> None:
        self._close(wish.connection)
        assert envelope.sender is not None, "a socket's news need somebody to go to"
        post = partial(self._threads.post, envelope.sender, cause=envelope)
        with self._lock:
            generation = self._generations.get(wish.connection, 0) + 1
            self._generations[wish.connection] = generation
            opened = SocketReader(wish, generation, post, self._threads.clock)
            self._sockets[wish.connection] = opened
        name = f"{wish.connection}/{generation}"
        self._threads.reader(f"socket/{name}", opened.read)
        self._threads.reader(f"socket-writer/{name}", opened.write)

    def _send(self, wish: WireSend) -> None:
        found = self._sockets.get(wish.connection)
        # Whoever sends to a socket that is gone has its WireClosed on the way, or closed it.
        if found is not None and found.generation == wish.generation:
            found.send(wish.payload)

    def _close(self, connection: str) -> None:
        with self._lock:
            found = self._sockets.pop(connection, None)
        if found is not None:
            found.close()


class _Pool:
    """Names of idle threads, so that a call that ran out of time costs a thread only once."""

    def __init__(self) -> None:
        self._idle: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._count = 0

    def take(self) -> str:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            with self._lock:
                self._count += 1
                return f"http/{self._count}"

    def give_back(self, thread: str) -> None:
        self._idle.put(thread)


@attrs.define(eq=False)
class _Job:
    envelope: Envelope
    request: WireRequest
    sent_ns: int = 0
    settled: bool = False


class _Lane:
    """Requests that leave one at a time, in order."""

    def __init__(self, threads: Threads, pool: _Pool) -> None:
        self._threads = threads
        self._pool = pool
        self._waiting: deque[_Job] = deque()
        self._busy = False
        self._session: requests.Session | None = None
        self._lock = threading.Lock()

    def add(self, envelope: Envelope, request: WireRequest) -> None:
        with self._lock:
            self._waiting.append(_Job(envelope, request))
        self._next()

    def _next(self) -> None:
        with self._lock:
            if self._busy or not self._waiting:
                return
            self._busy = True
            job = self._waiting.popleft()
            session, self._session = self._session or new_session(), None
        job.sent_ns = self._threads.clock.wall_ns()
        thread = self._pool.take()
        done = partial(self._ended, job, session, thread)
        self._threads.submit(thread, partial(exchange, session, job.request), done)
        self._threads.call_later(job.request.timeout_seconds, partial(self._late, job))

    def _late(self, job: _Job) -> None:
        self._settle(job, WireLost(job.request.request_id, "no answer in time"))

    def _ended(
        self,
        job: _Job,
        session: requests.Session,
        thread: str,
        outcome: Outcome[tuple[int, bytes]],
    ) -> None:
        self._pool.give_back(thread)
        if outcome.error is not None:
            session.close()
            # Not the error's own text: it may quote what was sent.
            reason = type(outcome.error).__name__
            self._settle(job, WireLost(job.request.request_id, reason))
            return
        status, body = outcome.value()
        received_ns = self._threads.clock.wall_ns()
        reply = WireReply(job.request.request_id, status, body, job.sent_ns, received_ns)
        if not self._settle(job, reply, session):
            session.close()

    def _settle(
        self, job: _Job, news: WireReply | WireLost, session: requests.Session | None = None
    ) -> bool:
        with self._lock:
            if job.settled:
                return False
            job.settled = True
            self._session = session
            self._busy = False
        assert job.envelope.sender is not None, "a request's answer needs somebody to go to"
        self._threads.post(job.envelope.sender, news, cause=job.envelope)
        self._next()
        return True


def new_session() -> requests.Session:
    """A session that takes nothing from the environment and never repeats a request."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session


def exchange(session: requests.Session, request: WireRequest) -> tuple[int, bytes]:
    """Sends one request and reads its answer: status and body.

    Raises:
        requests.RequestException: There is no answer; whether it was executed is unknown.
    """
    answer = session.request(
        request.method,
        request.url,
        headers=dict(request.headers),
        data=request.body or None,
        timeout=request.timeout_seconds,
        allow_redirects=False,
    )
    return answer.status_code, answer.content
