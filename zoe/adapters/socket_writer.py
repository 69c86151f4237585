"""The sending half of one WebSocket.

A frame leaves at once, in the thread that has it, where the kernel has room for it: to hand it to another
thread costs more than all else that is done with it. Otherwise it waits for the writing thread, and so
does every frame behind it.
"""

import queue
import select
from collections import deque
from collections.abc import Callable
from socket import socket
from typing import Final

from zoe.adapters.socket_frames import Opcode, masked

LONGEST_QUEUE: Final = 10_000
#: Frames that are made ahead; more than that hardly wait for one commit.
MOST_READY: Final = 64
#: A socket that may be written to has room for as much: a third of its buffer, or more.
AT_ONCE_BYTES: Final = 4_000
_TEXT: Final = Opcode.TEXT


class SocketWriter:
    """Frames of one connection, in the order they are given.

    Args:
        failed: Called with the reason why nothing more can be sent, in whatever thread finds out.
    """

    def __init__(self, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._socket: socket | None = None
        #: Frames that are made already, by what they say.
        self._ready: dict[bytes, bytes] = {}
        self._room = select.poll()
        #: What that says when there is some.
        self._writable: list[tuple[int, int]] = []
        #: Payloads and what they are; None for the rest of a frame that is half out.
        self._waiting: deque[tuple[bytes, Opcode | None]] = deque()
        #: Holds one token, taken by whoever writes: nobody waits for it but the writing thread.
        self._turn: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._turn.put(None)
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def open(self, connection: socket) -> None:
        """The connection is there; nothing is sent before."""
        self._room.register(connection, select.POLLOUT)
        self._writable = [(connection.fileno(), select.POLLOUT)]
        self._socket = connection

    def prepare(self, payload: bytes) -> None:
        """Makes a frame of text that is to be sent in a moment; in a thread that sends."""
        if len(self._ready) >= MOST_READY:
            self._ready.clear()  # of what was never sent
        self._ready[payload] = masked(payload)

    def send(self, payload: bytes, opcode: Opcode = Opcode.TEXT) -> None:
        """Sends a frame, or queues it; a peer that does not read costs the connection."""
        small = len(payload) <= AT_ONCE_BYTES
        if small and not self._waiting and self._sent_at_once(payload, opcode):
            return
        if len(self._waiting) > LONGEST_QUEUE:
            self._failed("the peer does not read")
            return
        self._waiting.append((payload, opcode))
        self._wake.put(None)

    def _sent_at_once(self, payload: bytes, opcode: Opcode) -> bool:
        """Whether there is nothing more to be done about a frame."""
        try:
            self._turn.get_nowait()
        except queue.Empty:
            return False
        try:
            if self._waiting or self._socket is None or self._room.poll(0) != self._writable:
                return False
            ready = self._ready.pop(payload, None) if opcode is _TEXT else None
            return self._send(ready or masked(payload, opcode))
        finally:
            self._turn.put(None)

    def _send(self, frame: bytes) -> bool:
        assert self._socket is not None, "it has room"
        try:
            sent = self._socket.send(frame)
        except (OSError, ValueError):
            self._failed("a send failed")  # half a frame may be out
            return True
        if sent < len(frame):
            self._waiting.append((frame[sent:], None))
            self._wake.put(None)
        return True

    def wake(self) -> None:
        """Makes the writing thread look whether it should end."""
        self._wake.put(None)

    def write(self, seconds: float) -> None:
        """Sends what waits, for the writing thread; waits so long for something to do."""
        try:
            self._wake.get(timeout=seconds)
        except queue.Empty:
            return
        self._turn.get()
        try:
            while self._waiting and self._socket is not None:
                data, opcode = self._waiting.popleft()
                # What is large is masked here: whoever sends it must not wait for that.
                self._socket.sendall(data if opcode is None else masked(data, opcode))
        except (OSError, ValueError):
            self._waiting.clear()
            self._failed("a send failed")  # half a frame may be out
        finally:
            self._turn.put(None)
