"""SocketTalk: a WebSocket used by one thread, for edges such as the doctor; no actor uses it."""

import time
from collections import deque
from typing import Self

import websocket

from zoe.adapters.socket_incoming import SocketIncoming
from zoe.adapters.socket_reader import connect, not_opened
from zoe.domain.errors import ExchangeUnavailable


class SocketTalk:
    """An open connection.

    Args:
        deadline: Monotonic seconds after which nothing more is waited for.

    Raises:
        ExchangeUnavailable: It did not open.
    """

    def __init__(self, url: str, deadline: float) -> None:
        self._deadline = deadline
        try:
            self._socket = connect(url)
        except (websocket.WebSocketException, OSError, ValueError) as problem:
            raise ExchangeUnavailable(not_opened(problem)) from problem
        self._incoming = SocketIncoming(self._socket)
        self._payloads: deque[bytes] = deque()
        self._ended: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown()  # type: ignore[no-untyped-call]  # untyped there

    def send(self, payload: bytes) -> None:
        """Sends a text frame.

        Raises:
            ExchangeUnavailable: The connection is gone.
        """
        try:
            self._socket.send(payload, websocket.ABNF.OPCODE_TEXT)
        except (websocket.WebSocketException, OSError) as problem:
            raise ExchangeUnavailable(f"connection lost: {type(problem).__name__}") from problem

    def receive(self) -> bytes:
        """The next frame.

        Raises:
            ExchangeUnavailable: None came in time, or the connection is gone.
        """
        while not self._payloads:
            if self._ended is not None:
                raise ExchangeUnavailable(self._ended)
            if time.monotonic() > self._deadline:
                raise ExchangeUnavailable("no answer in time")
            payloads, self._ended = self._incoming.read()
            self._payloads.extend(payloads)
        return self._payloads.popleft()
