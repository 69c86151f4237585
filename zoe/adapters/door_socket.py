"""The control socket: JSON Lines over a Unix socket that only its owner can open.

One thread of the runtime serves every client; answers reach it through a queue and a pair of
sockets that wakes it, so that whoever answers never waits.
"""

import contextlib
import os
import selectors
import socket
from collections import deque
from pathlib import Path
from typing import Final, Protocol

import attrs

from zoe.domain.errors import ConfigError
from zoe.messages.system import DoorAnswer, DoorClosed, DoorRequest
from zoe.runtime.message import Envelope, Message

LONGEST_LINE: Final = 65_536
MOST_CLIENTS: Final = 64
#: A client that asks and does not read is let go at this many bytes.
MOST_UNREAD: Final = 16_777_216
#: A client with so many requests without an answer is not read from until it has fewer.
MOST_ASKED: Final = 16


class Stop(Protocol):
    """How a reader learns that it should end."""

    def requested(self) -> bool:
        """Whether to end now."""


class Post(Protocol):
    """Tells the door a message."""

    def __call__(self, message: Message) -> object:
        """Posts it; never blocks."""


@attrs.define
class _Client:
    number: int
    connection: socket.socket
    incoming: bytes = b""
    outgoing: bytes = b""
    #: Requests that have no answer yet.
    asked: int = 0


class DoorSocket:
    """Serves the control socket at ``path``.

    Raises:
        ConfigError: The path cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: deque[tuple[int, bytes]] = deque()
        #: Whoever spoke last stands last.
        self._clients: dict[int, _Client] = {}
        self._count = 0
        self._selector = selectors.DefaultSelector()
        self._listener = self._listen()
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._awake, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                listener.bind(str(self._path))
            finally:
                os.umask(before)
        except OSError as problem:
            listener.close()
            # A path that is too long has no number, and so no text of its own.
            why = problem.strerror or problem
            raise ConfigError(f"control socket {self._path}: {why}") from problem
        # A full queue refuses whoever calls with a timeout, at once.
        listener.listen(2 * MOST_CLIENTS)
        listener.setblocking(False)
        return listener

    def handle(self, envelope: Envelope) -> None:
        """Takes a DoorAnswer, in the thread of whoever sends it."""
        message = envelope.message
        assert isinstance(message, DoorAnswer)
        self._answers.append((message.client, message.line + b"\n"))
        self.wake()

    def wake(self) -> None:
        """Makes the serving thread look up; nothing happens once it has ended."""
        # Full of wake-ups already, or closed with everything else.
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def serve(self, stop: Stop, post: Post) -> None:
        """Serves clients until asked to stop; the body of a reader's thread."""
        while not stop.requested():
            for key, events in self._selector.select(timeout=1):
                self._serve_one(key, events, post)
        self._deliver(post)
        self._close_all()

    def _serve_one(self, key: selectors.SelectorKey, events: int, post: Post) -> None:
        if key.fileobj is self._listener:
            self._accept(post)
        elif key.fileobj is self._awake:
            self._deliver(post)
        else:
            client: _Client = key.data
            if events & selectors.EVENT_READ:
                self._read(client, post)
            elif events & selectors.EVENT_WRITE:
                self._write(client, post)

    def _accept(self, post: Post) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # gone before we got to it
        if len(self._clients) >= MOST_CLIENTS and not self._make_room(post):
            connection.close()
            return
        connection.setblocking(False)
        self._count += 1
        client = _Client(self._count, connection)
        self._clients[client.number] = client
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _make_room(self, post: Post) -> bool:
        """Lets go of who has been silent longest: connections that others leak keep no halt out."""
        idle = (c for c in self._clients.values() if not c.asked and not c.outgoing)
        longest = next(idle, None)
        if longest is not None:
            self._drop(longest, post)
        return longest is not None

    def _read(self, client: _Client, post: Post) -> None:
        try:
            data = client.connection.recv(LONGEST_LINE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client, post)
            return
        self._clients[client.number] = self._clients.pop(client.number)
        client.incoming += data
        self._take(client, post)

    def _take(self, client: _Client, post: Post) -> None:
        """Posts the whole lines that have come, as far as the client may ask at all."""
        while client.asked < MOST_ASKED:
            line, end, rest = client.incoming.partition(b"\n")
            if len(line) > LONGEST_LINE:
                self._drop(client, post)
                return
            if not end:
                break
            client.incoming = rest
            client.asked += 1
            post(DoorRequest(client.number, line))
        self._listen_to(client)

    def _listen_to(self, client: _Client) -> None:
        """Waits for what there is to do for a client; for nothing where only an answer is."""
        events = selectors.EVENT_READ if client.asked < MOST_ASKED else 0
        events |= selectors.EVENT_WRITE if client.outgoing else 0
        key = self._selector.get_map().get(client.connection)
        if key is None:
            if events:
                self._selector.register(client.connection, events, client)
        elif not events:
            self._selector.unregister(client.connection)
        elif events != key.events:
            self._selector.modify(client.connection, events, client)

    def _deliver(self, post: Post) -> None:
        # Nothing to read where an earlier look took several wake-ups at once.
        with contextlib.suppress(BlockingIOError):
            self._awake.recv(4096)
        while self._answers:
            number, line = self._answers.popleft()
            client = self._clients.get(number)
            if client is not None:
                client.asked -= 1
                client.outgoing += line
                self._write(client, post)
                if client.number in self._clients:
                    self._take(client, post)

    def _write(self, client: _Client, post: Post) -> None:
        try:
            sent = client.connection.send(client.outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(client, post)
            return
        client.outgoing = client.outgoing[sent:]
        if len(client.outgoing) > MOST_UNREAD:
            self._drop(client, post)
            return
        self._listen_to(client)

    def _drop(self, client: _Client, post: Post) -> None:
        if self._clients.pop(client.number, None) is not None:
            if client.connection in self._selector.get_map():
                self._selector.unregister(client.connection)
            client.connection.close()
            post(DoorClosed(client.number))

    def _close_all(self) -> None:
        for client in self._clients.values():
            client.connection.close()
        self._clients.clear()
        self._listener.close()
        self._path.unlink(missing_ok=True)
        self._awake.close()
        self._waker.close()
        self._selector.close()
