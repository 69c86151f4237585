"""A public stream of Kraken's on a bare socket, played by a test: it answers as it should, or as the test says.

It shares no code with the adapter: frames, books and checksums are made here, the plain way.
"""

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterable
from typing import Any, Final
from zlib import crc32

import attrs

HEARTBEAT_SECONDS: Final = 0.3
STAMP: Final = "2026-01-02T03:04:05.678901Z"
DEPTH: Final = 10
_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE = 0x81, 8
#: Price and quantity in units of the last decimal.
Level = tuple[int, int]


class TrueBook:
    """What a book should be: a table of prices for each side, cut to the depth."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.sides: dict[str, dict[int, int]] = {"bids": {}, "asks": {}}

    def frame(
        self, kind: str, bids: Iterable[Level] = (), asks: Iterable[Level] = (), **other: Any
    ) -> dict[str, Any]:
        """A frame of changes that are applied, with the true checksum; ``other`` overwrites fields."""
        changes = {"bids": list(bids), "asks": list(asks)}
        for side, levels in changes.items():
            self._apply(side, levels)
        row: dict[str, Any] = {side: _shown(found) for side, found in changes.items()}
        row |= {"symbol": self.symbol, "checksum": self.checksum(), "timestamp": STAMP} | other
        return {"channel": "book", "type": kind, "data": [row]}

    def snapshot(self) -> dict[str, Any]:
        """A frame of all there is."""
        sides = {side: _shown(self.best(side)) for side in self.sides}
        row = {"symbol": self.symbol, **sides, "checksum": self.checksum(), "timestamp": STAMP}
        return {"channel": "book", "type": "snapshot", "data": [row]}

    def best(self, side: str) -> list[Level]:
        """A side, best first."""
        return sorted(self.sides[side].items(), reverse=side == "bids")

    def checksum(self) -> int:
        """As the exchange describes it: digits of prices and quantities, asks before bids."""
        levels = (level for side in ("asks", "bids") for level in self.best(side)[:10])
        return crc32("".join(f"{price}{qty}" for price, qty in levels).encode())

    def _apply(self, side: str, levels: Iterable[Level]) -> None:
        table = self.sides[side]
        for price, qty in levels:
            if qty > 0:
                table[price] = qty
            elif qty == 0:
                table.pop(price, None)
        self.sides[side] = dict(self.best(side)[:DEPTH])


def _shown(levels: Iterable[Level]) -> list[dict[str, float]]:
    return [{"price": price / 10, "qty": qty / 10} for price, qty in levels]


def written(frame: dict[str, Any]) -> bytes:
    """As the exchange writes it: without spaces."""
    return json.dumps(frame, separators=(",", ":")).encode()


def pair(symbol: str, status: str = "online") -> dict[str, Any]:
    """A row of the instrument channel: one decimal for prices and quantities."""
    base, quote = symbol.split("/")
    return {
        "symbol": symbol, "base": base, "quote": quote, "status": status, "qty_precision": 1,
        "qty_increment": 0.1, "price_precision": 1, "cost_precision": 5, "cost_min": 0.5,
        "price_increment": 0.1, "qty_min": 0.1,
    }  # fmt: skip


def on_wire(payload: bytes) -> bytes:
    """A text frame of a server."""
    size = len(payload)
    if size < 126:
        return bytes([_TEXT, size]) + payload
    if size < 1 << 16:
        return bytes([_TEXT, 126]) + struct.pack(">H", size) + payload
    return bytes([_TEXT, 127]) + struct.pack(">Q", size) + payload


@attrs.define(eq=False)
class Life:
    """One connection."""

    number: int
    socket: socket.socket
    topics: set[tuple[str, str]] = attrs.field(factory=set)
    writes: threading.Lock = attrs.field(factory=threading.Lock)

    def says(self, data: bytes) -> None:
        """Bytes as they are; a connection that is gone hears nothing."""
        with contextlib.suppress(OSError), self.writes:
            self.socket.sendall(data)

    def dribbles(self, data: bytes, count: int) -> None:
        """The first so many bytes one by one, the others at once, and no heartbeat in between."""
        with contextlib.suppress(OSError), self.writes:
            for byte in data[:count]:
                self.socket.sendall(bytes([byte]))
            self.socket.sendall(data[count:])


class HostileExchange:
    """See the module's docstring.

    Attributes:
        asked: Every request: connection, method, channel and symbol.
        withheld: So many snapshots of each pair are not sent.
        wrong: What the checksums in snapshots of a pair are off by.
        silent: Nothing at all is said.
    """

    def __init__(self, *symbols: str) -> None:
        self.books = {symbol: TrueBook(symbol) for symbol in symbols}
        for book in self.books.values():
            book.frame("snapshot", [(1000, 5), (999, 5)], [(1002, 5), (1003, 5)])
        self.asked: list[tuple[int, str, str, str]] = []
        self.withheld: dict[str, int] = {}
        self.wrong: dict[str, int] = {}
        self.silent = False
        self.lives: list[Life] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/v2"
        for body in (self._accept, self._beat):
            threading.Thread(target=body, daemon=True).start()

    def end(self) -> None:
        """Closes everything."""
        self._over.set()
        self._listener.close()
        for life in self.lives:
            with contextlib.suppress(OSError):
                life.socket.shutdown(socket.SHUT_RDWR)

    def times(self, method: str, channel: str, symbol: str) -> int:
        """How often something was asked for."""
        return sum(asked[1:] == (method, channel, symbol) for asked in self.asked)

    def changes(
        self, symbol: str, bids: Iterable[Level] = (), asks: Iterable[Level] = (), **other: Any
    ) -> None:
        """A change of a book, to whoever is subscribed."""
        self.says(symbol, written(self.books[symbol].frame("update", bids, asks, **other)))

    def says(self, symbol: str, *payloads: bytes, channel: str = "book") -> None:
        """Frames to whoever is subscribed to a pair, all of them in one write."""
        data = b"".join(map(on_wire, payloads))
        for life in self.lives:
            if (channel, symbol) in life.topics and not self.silent:
                life.says(data)

    def lists(self, *rows: dict[str, Any]) -> None:
        """News of instruments."""
        frame = {"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": rows}}
        self.says("", written(frame), channel="instrument")

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            for life in self.lives:
                if life.topics and not self.silent:
                    life.says(on_wire(b'{"channel":"heartbeat"}'))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                life = Life(len(self.lives), accepted)
                self.lives.append(life)
                threading.Thread(target=self._serve, args=(life,), daemon=True).start()

    def _serve(self, life: Life) -> None:
        with contextlib.suppress(OSError), life.socket.makefile("rb") as incoming:
            key = ""
            while (line := incoming.readline().decode().strip()) != "":
                name, _, value = line.partition(":")
                key = value.strip() if name.lower() == "sec-websocket-key" else key
            proof = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
            answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
            answer += f"\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"
            status = written({"channel": "status", "data": [{"system": "online"}]})
            life.says(answer.encode() + on_wire(status))  # the first frame comes with the answer
            while (payload := _heard(incoming)) is not None:
                self._answer(life, json.loads(payload))
        life.topics.clear()

    def _answer(self, life: Life, request: dict[str, Any]) -> None:
        method, params = request["method"], request.get("params", {})
        channel, symbols = params.get("channel", ""), params.get("symbol") or [""]
        for symbol in symbols:
            self.asked.append((life.number, method, channel, symbol))
            if self.silent:
                continue
            if method == "subscribe":
                life.topics.add((channel, symbol))
                life.says(b"".join(map(on_wire, self._subscribed(request, channel, symbol))))
            elif method == "unsubscribe":
                life.topics.discard((channel, symbol))
            else:
                life.says(on_wire(written({"method": "pong"})))

    def _subscribed(self, request: dict[str, Any], channel: str, symbol: str) -> Iterable[bytes]:
        result = {"channel": channel} | ({"symbol": symbol} if symbol else {})
        answer = {"method": "subscribe", "result": result, "success": True}
        yield written(answer | {"req_id": request.get("req_id")})
        if channel == "instrument":
            rows = [pair(name) for name in self.books]
            frame = {"channel": channel, "type": "snapshot", "data": {"assets": [], "pairs": rows}}
            yield written(frame)
        elif channel == "book" and self.withheld.get(symbol, 0):
            self.withheld[symbol] -= 1
        elif channel == "book":
            snapshot = self.books[symbol].snapshot()
            snapshot["data"][0]["checksum"] ^= self.wrong.get(symbol, 0)
            yield written(snapshot)


def _heard(incoming: Any) -> bytes | None:
    """The payload of a client's next frame, None where it says goodbye or is gone."""
    head = incoming.read(2)
    if len(head) < 2 or head[0] & 15 == _CLOSE:
        return None
    size = head[1] & 127
    if size == 126:
        (size,) = struct.unpack(">H", incoming.read(2))
    elif size == 127:
        (size,) = struct.unpack(">Q", incoming.read(8))
    mask, payload = incoming.read(4), incoming.read(size)
    return bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
