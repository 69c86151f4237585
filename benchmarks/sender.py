"""A public stream for benchmarks: answers what a desk asks for, then sends a seeded market's frames.

A process of its own, without a WebSocket library: what it costs must not be the desk's.
"""

import base64
import gc
import hashlib
import json
import os
import selectors
import socket
import time
from functools import lru_cache
from itertools import accumulate
from multiprocessing.connection import Connection
from random import Random
from typing import Any, Final

import attrs
import frames as generated

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: Frames that go out in one write where there is no pace.
_CHUNK: Final = 64
#: Made once and sent in turn, without snapshots.
_FRAMES: Final = 40_000
_SNAPSHOT: Final = "snapshot"
#: Of every frame: in its place stands when it was sent.
_STAMP: Final = generated.STAMP.encode()


@attrs.frozen
class Plan:
    """What is sent.

    Attributes:
        focused: The first so many pairs have books and trades, all have tickers.
        rate: Frames a second in all; 0 for as many as are read.
        cpu: The processor that it keeps to; None for any.
    """

    seed: int
    pairs: int
    focused: int
    rate: int
    cpu: int | None = None


def framed(payload: bytes) -> bytes:
    """One unmasked text frame."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def stamped(frames: bytes) -> bytes:
    """Frames that say that they leave now, as the exchange writes it, in whole microseconds."""
    seconds, rest_ns = divmod(time.time_ns(), 1_000_000_000)
    return frames.replace(_STAMP, b"%s.%06dZ" % (_second(seconds), rest_ns // 1_000))


@lru_cache(maxsize=2)
def _second(seconds: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)).encode()


def handshake(request: bytes) -> bytes:
    """The answer to a request for a WebSocket."""
    lines = request.split(b"\r\n")
    (key,) = (line.split(b": ")[1] for line in lines if line.lower().startswith(b"sec-websocket-key"))  # fmt: skip
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Client:
    """One connection of the desk."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.channels: set[str] = set()
        self._read = b""
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4096)
        connection.sendall(handshake(request))

    def requests(self) -> list[dict[str, Any]]:
        """What has been asked since the last look."""
        self._read += self.connection.recv(1 << 20)
        asked = []
        while (frame := self._frame()) is not None:
            asked.append(frame)
        return asked

    def _frame(self) -> dict[str, Any] | None:
        data = self._read
        if len(data) < 2:
            return None
        size, at = data[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4]), 4
        if len(data) < at + 4 + size:
            return None
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        self._read = data[at + 4 + size :]
        plain = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))
        return json.loads(plain) if data[0] & 15 == 1 else {}


#: A frame, and whom it is for.
Addressed = tuple[Client, bytes]


class Sender:
    """All connections of one desk, and the market."""

    def __init__(self, plan: Plan, listener: socket.socket, pipe: Connection) -> None:
        self._plan = plan
        self._pipe = pipe
        self._listener = listener
        self._clients: list[Client] = []
        self._pairs = generated.market(plan.seed, plan.pairs)
        self._by_symbol = {pair.symbol: pair for pair in self._pairs}
        self._asked: dict[str, set[str]] = {"book": set(), "ticker": set(), "trade": set()}
        self._owner: dict[tuple[str, str], Client] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, None)
        self._rng = Random(plan.seed)
        self.sent = 0
        #: Trades sent, by the place of their frame in a round and in rounds before.
        self._trades: list[int] = []
        self._paused = False

    def run(self) -> None:
        """Until told to end."""
        assert self._pipe.recv() == "go"
        quiet = 0.0
        while quiet < 2 or not self._owner:
            quiet = 0.0 if self._answer(0.25) else quiet + 0.25
        self._pipe.send("settled")
        first, made = self._made()
        self._write(first)
        # A collection among so much would be a pause, and then a burst.
        gc.freeze()
        gc.disable()
        began, sent = time.monotonic(), 0
        while True:
            if self._pipe.poll():
                word = self._pipe.recv()
                if word == "end":
                    return
                self._paused = word == "pause"
                self._pipe.send((self.sent, self._traded()))
            self._answer(0)
            if self._paused:
                time.sleep(0.002)
                continue
            due = (time.monotonic() - began) * self._plan.rate - sent if self._plan.rate else _CHUNK
            if due < 1:
                time.sleep(0.002)
                continue
            sent += self._send(made, int(min(due, _CHUNK)))

    def _made(self) -> tuple[list[Addressed], list[Addressed]]:
        """Frames for whoever asked: books as they stand at first, then a round that can be sent again and again.

        Changes cannot be repeated but for a snapshot of their book: each has one in a round, and what comes before
        that follows on the round's end. They stand apart: forty at once would be a burst within the burst.
        """
        drawn = self._drawn()
        places: dict[generated.Pair, list[int]] = {}
        for place, (_, pair) in enumerate(drawn):
            places.setdefault(pair, []).append(place)
        first: list[Addressed] = []
        round_: list[Addressed] = [(next(iter(self._clients)), b"")] * len(drawn)
        for pair, its in places.items():
            begin = next((n for n, place in enumerate(its) if drawn[place][0] == _SNAPSHOT), 0)
            for place in its[begin:]:
                round_[place] = self._addressed(*drawn[place])
            if (owner := self._owner.get(("book", pair.symbol))) is not None:
                first.append((owner, framed(pair.again())))
            for place in its[:begin]:
                round_[place] = self._addressed(*drawn[place])
            self._answer(0)  # a slow machine takes longer than a desk's patience
        self._trades = list(accumulate(channel == "trade" for channel, _ in drawn))
        return first, round_

    def _drawn(self) -> list[tuple[str, generated.Pair]]:
        """A round's channels and pairs, with each book's snapshot at a place of its own."""
        focused, wide = self._pairs[: self._plan.focused], bool(self._asked["ticker"])
        begins = {n * _FRAMES // len(focused): pair for n, pair in enumerate(focused)}
        drawn: list[tuple[str, generated.Pair]] = []
        for number in range(_FRAMES):
            if number in begins:
                drawn.append((_SNAPSHOT, begins[number]))
            kind = self._rng.random()
            if wide and (kind < 0.3 or not focused):
                drawn.append(("ticker", self._rng.choice(self._pairs)))
            else:
                drawn.append(("book" if kind < 0.9 else "trade", self._rng.choice(focused)))
        return drawn

    def _addressed(self, channel: str, pair: generated.Pair) -> Addressed:
        if channel == _SNAPSHOT:
            return self._owner["book", pair.symbol], framed(pair.snapshot())
        made = {"ticker": pair.ticker, "book": pair.change, "trade": pair.trade}[channel]()
        return self._owner[channel, pair.symbol], framed(made)

    def _traded(self) -> int:
        """Trades that are out."""
        rounds, rest = divmod(self.sent, len(self._trades))
        return rounds * self._trades[-1] + (self._trades[rest - 1] if rest else 0)

    def _send(self, made: list[Addressed], count: int) -> int:
        at = self.sent % len(made)
        chunk = made[at : at + count]
        self._write(chunk)
        self.sent += len(chunk)
        return len(chunk)

    @staticmethod
    def _write(addressed: list[Addressed]) -> None:
        by_client: dict[Client, list[bytes]] = {}
        for client, payload in addressed:
            by_client.setdefault(client, []).append(payload)
        for client, payloads in by_client.items():
            client.connection.sendall(stamped(b"".join(payloads)))

    def _answer(self, seconds: float) -> bool:
        """Takes connections and requests; whether there were any but pings."""
        busy = False
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client = Client(connection)
                self._clients.append(client)
                self._selector.register(connection, selectors.EVENT_READ, client)
                busy = True
                continue
            for asked in key.data.requests():
                busy = self._one(key.data, asked) or busy
        return busy

    def _one(self, client: Client, asked: dict[str, Any]) -> bool:
        if asked.get("method") != "subscribe":
            client.connection.sendall(framed(b'{"method":"pong"}'))
            return False
        params = asked["params"]
        channel = params["channel"]
        if channel == "instrument":
            client.connection.sendall(framed(generated.instruments(self._pairs)))
            return True
        said = []
        for symbol in params["symbol"]:
            self._asked[channel].add(symbol)
            self._owner[channel, symbol] = client
            result = {"channel": channel, "symbol": symbol}
            ack = {
                "method": "subscribe",
                "success": True,
                "req_id": asked["req_id"],
                "result": result,
            }
            said.append(framed(json.dumps(ack).encode()))
            if channel == "book":
                said.append(framed(self._by_symbol[symbol].snapshot()))
            elif channel == "ticker":
                said.append(framed(self._by_symbol[symbol].ticker()))
        client.connection.sendall(stamped(b"".join(said)))
        return True


def serve(plan: Plan, pipe: Connection) -> None:
    """The process: tells its port, then does as it is told."""
    if plan.cpu is not None:
        os.sched_setaffinity(0, {plan.cpu})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pipe.send(listener.getsockname()[1])
        try:
            Sender(plan, listener, pipe).run()
        except (BrokenPipeError, ConnectionResetError):
            return  # the desk has gone
