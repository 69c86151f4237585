"""Serves an exchange on a loopback socket until told to stop."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from zoe.sandbox.clock import RealTime
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.problems import CannotStart
from zoe.sandbox.protocols import HttpConnection, SocketConnection
from zoe.sandbox.pump import Pump
from zoe.sandbox.web import BODY_BYTES, Web

HOST: Final = "127.0.0.1"
#: Longer than any client of ours keeps an unused connection.
KEEP_ALIVE_SECONDS: Final = 120


def listen(port: int) -> socket.socket:
    """A bound socket on loopback; port 0 takes any that is free.

    Raises:
        CannotStart: The port cannot be had.
    """
    # The protocol is named, or asyncio does not turn Nagle off for what is accepted.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(512)
    except OSError as problem:
        bound.close()
        raise CannotStart(f"port {port}: {problem.strerror}") from problem
    return bound


class _OurMistakes(logging.Filter):
    """Bytes that are no text are a client's mistake, and answered; only ours are worth a trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        return not (record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError))


class _Server(uvicorn.Server):
    """uvicorn's server, with our signals and exit code, and without a clock that ticks."""

    def __init__(self, config: uvicorn.Config, web: Web, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._web = web
        self._ready = ready
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Ends it in order."""
        self.should_exit = True
        self._stopped.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn.Server: they are captured already."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server."""
        await super().startup(sockets)
        self._ready()

    async def main_loop(self) -> None:
        """See uvicorn.Server."""
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn.Server."""
        self._web.hang_up()
        await super().shutdown(sockets)


async def serve(
    make: Callable[[int], Exchange],
    bound: socket.socket,
    ready: Callable[[Exchange], None],
    *,
    life_line: bool = False,
) -> None:
    """Returns after SIGTERM, SIGINT, or the end of the life line.

    Args:
        make: Makes the exchange, given the time.
        ready: Called when connections are accepted.
        life_line: Whether the end of standard input is the end of this too.

    Raises:
        OSError: The exchange's memory failed.
    """
    clock = RealTime()
    exchange = make(clock.now_ns())
    pump = Pump(exchange, clock.now_ns)
    web = Web(pump)
    logging.getLogger("uvicorn.error").addFilter(_OurMistakes())
    server = _Server(_config(web), web, lambda: ready(exchange))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    pump.failed.add_done_callback(lambda failed: server.stop())
    if life_line:
        _watch_standard_input(server.stop)
    await server.serve([bound])
    if pump.failed.done():
        pump.failed.result()


def _config(web: Web) -> uvicorn.Config:
    return uvicorn.Config(
        web,
        loop="asyncio",
        http=HttpConnection,
        ws=SocketConnection,
        ws_max_size=BODY_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )


def _watch_standard_input(at_end: Callable[[], None]) -> None:
    """Calls ``at_end`` at its end; one that nobody can write to is at its end."""
    loop, fd = asyncio.get_running_loop(), sys.stdin.fileno()

    def readable() -> None:
        if not os.read(fd, 4096):
            loop.remove_reader(fd)
            at_end()

    try:
        loop.add_reader(fd, readable)
    except OSError:
        loop.call_soon(at_end)
