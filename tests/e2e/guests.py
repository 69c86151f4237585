"""Desks that trade on a sandbox which is not their own, and a way to it that garbles frames."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from desks import Desk, Row, gone_afterwards
from sandboxes import PATIENCE_SECONDS, Sandbox


class Meddler:
    """Passes bytes between a port of the loopback and another, and garbles what comes back."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        #: What is garbled, into what, and how often yet.
        self._spoils: tuple[bytes, bytes, int] = (b"", b"", 0)
        threading.Thread(target=self._accept, daemon=True).start()

    def spoil(self, old: bytes, new: bytes, times: int) -> None:
        """Has ``old`` replaced in so many blocks of bytes to come."""
        assert len(old) == len(new), "or the frame's length is wrong"
        self._spoils = (old, new, times)

    @property
    def left(self) -> int:
        """How many blocks are still to be garbled."""
        return self._spoils[2]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for start, end, change in ((client, server, bytes), (server, client, self._change)):
                    work = (start, end, change)
                    threading.Thread(target=self._pass, args=work, daemon=True).start()

    @staticmethod
    def _pass(start: socket.socket, end: socket.socket, change: Callable[[bytes], bytes]) -> None:
        with suppress(OSError):
            while said := start.recv(65_536):
                end.sendall(change(said))
        for one in (start, end):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _change(self, said: bytes) -> bytes:
        old, new, times = self._spoils
        if times and old in said:
            self._spoils = (old, new, times - 1)
            return said.replace(old, new, 1)
        return said

    def close(self) -> None:
        """Accepts no more."""
        self._listener.close()


@contextmanager
def meddler(host: Sandbox) -> Iterator[Meddler]:
    """A way to a sandbox's sockets that garbles what it is told to."""
    made = Meddler(host.port)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def guest(
    place: Path,
    config: str,
    host: Sandbox,
    sockets: str | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator["GuestDesk"]:
    """A desk on a sandbox; it is gone when the test is over."""
    made = GuestDesk(place, config, host, sockets, more)
    with gone_afterwards(made):
        yield made


class GuestDesk(Desk):
    """A desk on a sandbox that is not its own, with an account there.

    Args:
        sockets: Another way to the sandbox's sockets, as ``ws://HOST:PORT``.
        more: What the account has beside dollars and bitcoins.
    """

    def __init__(
        self,
        place: Path,
        config: str,
        host: Sandbox,
        sockets: str | None = None,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(place, config)
        self.host = host
        wanted = {"balances": {"USD": "1000000", "BTC": "10", **more}, "tier": "pro"}
        account = host.admin("keys", wanted)
        self.account = account["account"]
        where = sockets or host.ready["ws"].removesuffix("/v2")
        self.environ |= {
            "EXCHANGE": "sandbox",
            "KRAKEN_REST_URL": host.ready["rest"],
            "KRAKEN_WS_URL": f"{where}/v2",
            "KRAKEN_WS_AUTH_URL": f"{where}/auth/v2",
            "KRAKEN_API_KEY": account["key"],
            "KRAKEN_API_SECRET": account["secret"],
        }

    def truth(self) -> list[Row]:
        """The account's rows in the exchange's journal, in engine order."""
        return self._lines("journal")

    def accepted(self) -> int:
        """How many of the account's orders the exchange has taken."""
        return sum(row["kind"] == "order_accepted" for row in self.truth())

    def filled(self) -> int:
        """How many executions of the account's orders there are at the exchange."""
        return sum(row["kind"] == "fill" for row in self.truth())

    def sent_twice(self) -> list[str]:
        """Client ids of orders that the desk has sent more than once."""
        sent = [
            row["cl_ord_id"]
            for row in self._lines("requests")
            if row.get("method") == "add_order" or str(row.get("path")).endswith("AddOrder")
        ]
        return sorted({name for name in sent if sent.count(name) > 1})

    def _lines(self, name: str) -> list[Row]:
        url = f"{self.host.ready['admin']}/{name}?account={self.account}"
        text = self.host.http.get(url, timeout=PATIENCE_SECONDS).text
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]
