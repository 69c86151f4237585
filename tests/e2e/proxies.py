"""A way to PostgreSQL over TCP that can break: for tests of what is not on this machine."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Final

from zoe.store.connection import Server

_BLOCK: Final = 65_536
_SSL_REQUEST: Final = (8).to_bytes(4) + (80_877_103).to_bytes(4)

Change = Callable[[bytes], bytes]


class Proxy:
    """Passes bytes between a port of the loopback and a server's socket.

    Args:
        tls: Speak TLS to the client.
        change: What becomes of the bytes that the server says.
    """

    def __init__(
        self, server: Server, *, tls: ssl.SSLContext | None = None, change: Change | None = None
    ) -> None:
        assert server.socket is not None
        self._target = server.socket
        self._tls = tls
        self.change: Change = change or (lambda said: said)
        self.deaf = False
        self._open: set[socket.socket] = set()
        self._lost: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        # Kept while nobody listens, or another program may be given the port meanwhile.
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.port = int(self._kept.getsockname()[1])
        self.back()

    def back(self) -> None:
        """Accepts connections, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def away(self) -> None:
        """Breaks every connection and refuses new ones."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def end(self) -> None:
        """Breaks every connection for good."""
        self.away()
        self._kept.close()

    def cut(self) -> None:
        """Breaks every connection."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def lose(self) -> None:
        """Breaks every connection for the clients; the server hears nothing of it."""
        self._lost |= {one for one in self._open if one.family == socket.AF_UNIX}
        for client in self._open - self._lost:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        target = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), target:
            if self._tls is not None:
                assert client.recv(len(_SSL_REQUEST)) == _SSL_REQUEST
                client.sendall(b"S")
                client = self._tls.wrap_socket(client, server_side=True)
            with client:
                target.connect(self._target)
                self._open |= {client, target}
                threading.Thread(target=self._pass, args=(client, target), daemon=True).start()
                self._answer(target, client)
        self._open -= {client, target}

    def _pass(self, client: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := client.recv(_BLOCK):
                target.sendall(said)
        if target not in self._lost:
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)

    def _answer(self, target: socket.socket, client: socket.socket) -> None:
        while said := target.recv(_BLOCK):
            if self.deaf and said.endswith(b"Z\x00\x00\x00\x05I"):  # the commit is done
                client.shutdown(socket.SHUT_RDWR)
                return
            if not self.deaf:
                client.sendall(self.change(said))


@contextlib.contextmanager
def proxy(
    server: Server, *, tls: ssl.SSLContext | None = None, change: Change | None = None
) -> Iterator[Proxy]:
    """A proxy to ``server`` that ends with the test."""
    found = Proxy(server, tls=tls, change=change)
    try:
        yield found
    finally:
        found.end()
