"""SocketIncoming: what comes over an open socket, for whoever reads it in a thread of their own."""

import contextlib
from typing import Final

import websocket

from zoe.adapters.socket_frames import FrameStream, NotTheProtocol, Opcode
from zoe.adapters.socket_reader import close_reason

READ_BYTES: Final = 64 * 1024


class SocketIncoming:
    """Payloads of messages, as much as one read brings: a message without end ends the connection, and
    nobody waits in the middle of one."""

    def __init__(self, opened: websocket.WebSocket) -> None:
        self.opened = opened
        self._stream = FrameStream()

    def read(self) -> tuple[list[bytes], str | None]:
        """What is whole by now, nothing after the socket's timeout; and why the connection ended, if it did."""
        source = self.opened.sock
        if source is None:
            return [], "closed by us"
        try:
            data = source.recv(READ_BYTES)
            heard = self._stream.feed(data)
        except TimeoutError:
            return [], None
        except (NotTheProtocol, OSError) as problem:
            return [], f"{type(problem).__name__}: {problem}"
        if not data:
            return [], "closed by the peer without a word"
        return heard.messages, self._answer(heard.controls)

    def _answer(self, controls: list[tuple[Opcode, bytes]]) -> str | None:
        """Why the connection ended, if it did."""
        for opcode, payload in controls:
            if opcode is Opcode.PING:
                with contextlib.suppress(websocket.WebSocketException, OSError):
                    self.opened.pong(payload)  # what breaks it, the next read tells
            elif opcode is Opcode.CLOSE:
                return close_reason(payload)
        return None
