"""One life of one WebSocket: a thread that reads it, and one that writes what could not leave at once.

websocket-client opens the connection; reading is ours, many frames at a time, and so is writing. Frames pass
through the reader that the opener brought, in the reading thread, and what it makes of them goes to the
opener. Where nobody is in haste frames gather for a while between two reads. ``close`` and ``gather`` may be
called from any thread and never wait: only ``abort`` wakes a thread that is reading.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import websocket

from zoe.adapters.socket_frames import FrameStream, NotTheProtocol, Opcode
from zoe.adapters.socket_pace import Pace
from zoe.adapters.socket_writer import SocketWriter
from zoe.messages.wire import WireClosed, WireFrame, WireOpen, WireOpened
from zoe.runtime.clock import Clock
from zoe.runtime.message import Message

CONNECT_SECONDS: Final = 10
#: Reads wake up this often to see whether they should end; also the longest a send may take.
POLL_SECONDS: Final = 2
#: What one read takes is told as one: more would make what came first wait.
READ_BYTES: Final = 64 * 1024
#: Of a read: its quotes, then its trades and what else is not of the whole market.
URGENT_PARTS: Final = 2
#: Where nobody is in haste, so long it lets others go first before the rest of a long read is told.
GIVE_WAY_SECONDS: Final = 0.0005
#: "Normal closure".
_GOODBYE: Final = (1000).to_bytes(2)

Tell = Callable[[Message], object]


class TellAll(Protocol):
    """How what the frames of one read say is told."""

    def __call__(self, messages: Sequence[Message], *, lend: bool) -> object:
        """Tells; ``lend``: nothing more waits to be read."""


class Stop(Protocol):
    """How a thread learns that the process ends."""

    def requested(self) -> bool:
        """Whether to end now."""

    def wait(self, seconds: float) -> bool:
        """Waits; True when asked to end meanwhile."""


class SocketReader:
    """One connection.

    Args:
        tell: Two ways to tell whoever opened it: of the socket itself, caused by its opening; and
            what the frames of one read say, each a root of its own.
    """

    def __init__(self, wish: WireOpen, generation: int, tell: tuple[Tell, TellAll], clock: Clock):
        self.generation = generation
        self._wish = wish
        self._post, self._deliver = tell
        self._clock = clock
        self._frames = None if wish.reader is None else wish.reader()
        self._writer = SocketWriter(self._abort)
        self._pace = Pace()
        self._socket: websocket.WebSocket | None = None
        self._ending = False
        self._silent = False
        self._why = ""

    def send(self, payload: bytes) -> None:
        """Sends a frame, or queues it; a peer that does not read costs the connection."""
        self._writer.send(payload)

    def prepare(self, payload: bytes) -> None:
        """Makes a frame that is to be sent in a moment."""
        self._writer.prepare(payload)

    def gather(self, milliseconds: int) -> None:
        """From here on frames may wait so long for others; 0: each is read at once, as at first."""
        self._pace.gather_ns = milliseconds * 1_000_000

    def close(self) -> None:
        """Ends the connection; nobody is told."""
        self._silent = True
        self._abort("closed by us")

    def _abort(self, reason: str) -> None:
        self._why = self._why or reason
        self._ending = True
        self._writer.wake()
        if self._socket is not None:
            try:
                self._socket.abort()  # type: ignore[no-untyped-call]  # untyped there
            except (OSError, AttributeError):
                return  # gone already, or the reading thread is just letting it go

    def read(self, stop: Stop) -> None:
        """The reading thread."""
        try:
            self._socket = connect(self._wish.url)
        except (websocket.WebSocketException, OSError, ValueError) as problem:
            self._end(0, not_opened(problem))
            return
        if self._socket.sock is not None:
            self._writer.open(self._socket.sock)
        self._tell(WireOpened(self._wish.connection, self.generation))
        try:
            reason = self._pump(self._socket, stop)
        except (websocket.WebSocketException, NotTheProtocol, OSError) as problem:
            reason = self._why or f"{type(problem).__name__}: {problem}"
        self._end(self.generation, reason)

    def _end(self, generation: int, reason: str) -> None:
        self._ending = True
        self._writer.wake()
        if self._socket is not None:
            self._socket.shutdown()  # type: ignore[no-untyped-call]  # untyped there
        self._tell(WireClosed(self._wish.connection, generation, reason))

    def _tell(self, news: Message) -> None:
        if not self._silent:
            self._post(news)

    def _pump(self, connection: websocket.WebSocket, stop: Stop) -> str:
        stream, opened = FrameStream(), connection.sock
        if opened is None:
            return self._why or "closed by us"
        # One buffer for good: a new one for each read costs more than the read.
        buffer = memoryview(bytearray(READ_BYTES))
        while not (self._ending or stop.requested()):
            try:
                size = opened.recv_into(buffer)
            except TimeoutError:
                continue
            if not size:
                return self._why or "closed by the peer without a word"
            read_ns = self._clock.wall_ns()
            heard = stream.feed(bytes(buffer[:size]))
            if heard.messages:
                self._tell_frames(heard.messages, read_ns, stop, lend=size < READ_BYTES)
            ended = self._answer(heard.controls)
            if ended is not None:
                return ended
            rest_ns = self._pace.rest_ns(size, self._clock.monotonic_ns())
            if rest_ns:
                stop.wait(rest_ns / 1e9)
        return self._why or "the process ends"

    def _answer(self, controls: list[tuple[Opcode, bytes]]) -> str | None:
        """Answers control frames; why the connection has ended, if it has."""
        for opcode, payload in controls:
            if opcode is Opcode.PING:
                self._writer.send(payload, Opcode.PONG)
            elif opcode is Opcode.CLOSE:
                self._writer.send(_GOODBYE, Opcode.CLOSE)
                return close_reason(payload)
        return None

    def _tell_frames(self, payloads: list[bytes], read_ns: int, stop: Stop, *, lend: bool) -> None:
        parts: Iterable[Sequence[Message]]
        if self._frames is None:
            wish, (first, *more) = self._wish, payloads
            frames = WireFrame(wish.connection, self.generation, first, read_ns, tuple(more))
            parts = ((frames,),)
        else:
            parts = self._frames.feed_all(payloads, read_ns)
        for number, said in enumerate(parts):
            if said and not self._silent:
                self._deliver(said, lend=lend)
            if number >= URGENT_PARTS and self._pace.gather_ns:
                stop.wait(GIVE_WAY_SECONDS)

    def write(self, stop: Stop) -> None:
        """The writing thread; nothing is queued before the socket is open."""
        while not (self._ending or stop.requested()):
            self._writer.write(POLL_SECONDS)


def connect(url: str) -> websocket.WebSocket:
    """An open socket: no proxy from the environment, no Origin, a timeout on every read."""
    connection = websocket.WebSocket(
        sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        skip_utf8_validation=True,
        enable_multithread=True,
    )
    connection.settimeout(CONNECT_SECONDS)
    connection.connect(  # type: ignore[no-untyped-call]  # untyped there
        # The library heeds what needs no proxy only where a proxy is named; this one is never asked.
        url,
        suppress_origin=True,
        http_proxy_host="none",
        http_no_proxy=["*"],
    )
    connection.settimeout(POLL_SECONDS)
    return connection


def not_opened(problem: Exception) -> str:
    """Why ``connect`` did not. Of an answer of HTTP its number: its headers hold cookies."""
    if isinstance(problem, websocket.WebSocketBadStatusException):
        return f"did not open: HTTP {problem.status_code}"
    return f"did not open: {type(problem).__name__}: {problem}"


def close_reason(data: bytes) -> str:
    """What a close frame says, for example ``closed by the peer: 1008 policy``."""
    if len(data) < 2:
        return "closed by the peer"
    code = int.from_bytes(data[:2])
    return f"closed by the peer: {code} {data[2:].decode(errors='replace')}".rstrip()
