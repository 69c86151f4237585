"""SocketTalk: a WebSocket used by one thread, for edges such as the doctor; no actor uses it."""

import time
from types import TracebackType
from typing import Self

import websocket

from zoe.adapters.socket_reader import close_reason, connect
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
            raise ExchangeUnavailable(f"did not open: {type(problem).__name__}") from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        while True:
            if time.monotonic() > self._deadline:
                raise ExchangeUnavailable("no answer in time")
            try:
                opcode, data = self._socket.recv_data()
            except websocket.WebSocketTimeoutException:
                continue  # also in mid-frame: the next read goes on where this one stopped
            except (websocket.WebSocketException, OSError) as problem:
                raise ExchangeUnavailable(f"connection lost: {type(problem).__name__}") from problem
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise ExchangeUnavailable(close_reason(data))
            payload: bytes = data
            return payload
