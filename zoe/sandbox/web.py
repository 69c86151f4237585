"""Web: the ASGI application, between uvicorn's connections and the pump."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from itertools import count
from typing import Any, Final

from zoe.sandbox.core.wire import Drop, Frame, HttpRequest, HttpResponse
from zoe.sandbox.protocols import CONNECTION, HttpConnection, SocketConnection
from zoe.sandbox.pump import Pump

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SOCKET_PATHS: Final = ("/v2", "/auth/v2")
HTTP_PATHS: Final = ("/0/", "/sandbox/")
#: Frames that are taken from one client before others are served.
_IN_A_ROW: Final = 16
#: No request of Kraken's comes near it.
BODY_BYTES: Final = 1 << 20
_PLAIN: Final = (("content-type", "text/plain; charset=utf-8"),)
_NOT_FOUND: Final = HttpResponse(404, _PLAIN, b"Not found\n")
_TOO_LARGE: Final = HttpResponse(413, (*_PLAIN, ("connection", "close")), b"Too large\n")


class HttpLane:
    """One HTTP exchange: the first thing delivered is its outcome, None when the client has gone."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[HttpResponse | Drop | None] = (
            asyncio.get_running_loop().create_future()
        )

    def deliver(self, payload: HttpResponse | Frame | Drop) -> None:
        """See Lane."""
        if not self.outcome.done() and not isinstance(payload, Frame):
            self.outcome.set_result(payload)

    def flush(self) -> None:
        """See Lane."""

    def give_up(self) -> None:
        """The client has gone."""
        if not self.outcome.done():
            self.outcome.set_result(None)


class SocketLane:
    """One socket: frames of one round leave in one write."""

    def __init__(self, connection: SocketConnection) -> None:
        self._connection = connection
        self._frames: list[bytes] = []

    def deliver(self, payload: HttpResponse | Frame | Drop) -> None:
        """See Lane."""
        match payload:
            case Frame():
                self._frames.append(payload.payload)
            case Drop(code=None):
                self.flush()
                self._connection.reset()
            case Drop(code=int() as code, reason=reason):
                self.flush()
                self._connection.close(code, reason)
            case _:
                raise AssertionError("an HTTP answer for a socket")

    def flush(self) -> None:
        """See Lane."""
        if self._frames:
            frames, self._frames = self._frames, []
            self._connection.write(frames)


class Web:
    """The application."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._waiting: set[HttpLane] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    def hang_up(self) -> None:
        """Nobody who waits for an HTTP answer gets one any more."""
        for lane in tuple(self._waiting):
            lane.deliver(Drop(None, "the sandbox ends"))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: SocketConnection = scope["extensions"][CONNECTION]
        await receive()
        if scope["path"] not in SOCKET_PATHS:
            connection.refuse(HTTPStatus.NOT_FOUND)
            return
        if not self._pump.admits():
            connection.refuse(HTTPStatus.TOO_MANY_REQUESTS)
            return
        await send({"type": "websocket.accept"})
        number = self._pump.join(SocketLane(connection))
        try:
            self._pump.opened(number, scope["path"])
            for heard in count(1):
                event = await receive()
                if event["type"] != "websocket.receive":
                    break
                text = event.get("text")
                self._pump.received(number, event["bytes"] if text is None else text.encode())
                if heard % _IN_A_ROW == 0:
                    await asyncio.sleep(0)
        finally:
            self._pump.closed(number)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            await _answer(send, _TOO_LARGE)
        elif not scope["path"].startswith(HTTP_PATHS):
            await _answer(send, _NOT_FOUND)
        else:
            await self._ask(scope, body, send)

    async def _ask(self, scope: Scope, body: bytes, send: Send) -> None:
        connection: HttpConnection = scope["extensions"][CONNECTION]
        lane = HttpLane()
        number = self._pump.join(lane)
        connection.on_lost = lane.give_up
        self._waiting.add(lane)
        try:
            self._pump.request(_request(number, scope, body))
            outcome = await lane.outcome
        finally:
            self._waiting.discard(lane)
            self._pump.leave(number)
        if isinstance(outcome, HttpResponse):
            connection.on_lost = None
            await _answer(send, outcome)
        elif outcome is not None:
            await _reset(connection)


def _request(number: int, scope: Scope, body: bytes) -> HttpRequest:
    return HttpRequest(
        number,
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body,
    )


async def _body(receive: Receive) -> bytes | None:
    """All of it, or None if it is too long. A client that has gone sent nothing."""
    parts: list[bytes] = []
    length = 0
    while True:
        event = await receive()
        part: bytes = event.get("body", b"")
        length += len(part)
        if length > BODY_BYTES:
            return None
        parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, answer: HttpResponse) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    headers.append((b"date", _date(int(time.time()))))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


async def _reset(connection: HttpConnection) -> None:
    """Returns when the connection is gone: uvicorn minds an exchange that is left open."""
    lost = asyncio.Event()
    connection.on_lost = lost.set
    connection.reset()
    await lost.wait()
