"""uvicorn's protocols, with what ASGI has no words for: resets, and what a client leaves unread."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

#: Where an application finds its connection in the scope's extensions.
CONNECTION: Final = "zoe.connection"
#: How long a client may leave unread what waits for it, and how much may wait at most.
PATIENCE_SECONDS: Final = 10
UNREAD_BYTES: Final = 16 << 20
#: How long a client has for its half of the closing handshake.
CLOSE_SECONDS: Final = 5
POLICY_VIOLATION: Final = 1008
_NO_LINGER: Final = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection so that the client sees a reset, not an end of file."""
    found = transport.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


class HttpConnection(HttpToolsProtocol):
    """An HTTP connection; ``on_lost`` is called when it ends while somebody waits."""

    on_lost: Callable[[], None] | None = None

    def on_message_begin(self) -> None:
        """See HttpToolsProtocol."""
        super().on_message_begin()
        extensions: dict[str, Any] = {CONNECTION: self}
        self.scope["extensions"] = extensions

    def connection_lost(self, exc: Exception | None) -> None:
        """See HttpToolsProtocol."""
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()

    def reset(self) -> None:
        """No answer, and no polite end either."""
        reset(self.transport)


class SocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket whose frames are written at once, so that what is unread can be bounded.

    A client that does not read is closed with 1008.
    """

    _unread_timer: asyncio.TimerHandle | None = None

    def handle_connect(self, event: Request) -> None:
        """See WebSocketsSansIOProtocol; the application has not run yet afterwards."""
        super().handle_connect(event)
        if not self.handshake_complete:
            extensions: dict[str, Any] | None = self.scope["extensions"]
            assert extensions is not None
            extensions[CONNECTION] = self

    def connection_lost(self, exc: Exception | None) -> None:
        """See WebSocketsSansIOProtocol."""
        self._stop_unread_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See asyncio.Protocol: more than a little waits for the client."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(PATIENCE_SECONDS, self._too_slow)

    def resume_writing(self) -> None:
        """See asyncio.Protocol: the client has read nearly all of it."""
        self._stop_unread_timer()
        super().resume_writing()

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _too_slow(self) -> None:
        self._unread_timer = None
        self.close(POLICY_VIOLATION, "slow consumer")

    @property
    def is_over(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.close_sent or self.disconnected or self.transport.is_closing()

    def write(self, payloads: Sequence[bytes]) -> None:
        """Sends text frames, or nothing if it is over."""
        if self.is_over:
            return
        for payload in payloads:
            self.conn.send_text(payload)
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self._too_slow()

    def refuse(self, status: HTTPStatus) -> None:
        """Answers the handshake with an error of HTTP."""
        self.conn.send_response(self.conn.reject(status, f"{status.phrase}\n"))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.handshake_complete = self.close_sent = True
        self.transport.close()

    def close(self, code: int, reason: str) -> None:
        """Starts the closing handshake; the end comes even if the client does not answer."""
        if self.is_over:
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def reset(self) -> None:
        """Ends it without a close frame."""
        reset(self.transport)
