"""Orders and market frames a second of the sandbox: its core alone, its web layer alone, the whole.

``python benchmarks/sandbox.py [--seconds 4]``. The core alone runs in this process, on a journal file;
the web layer alone is the same server around an exchange that says the same bytes without thinking;
the whole is ``zoe sandbox`` as its user starts it, over loopback. Everything runs on the machine as
it is: the load is printed, and for servers also what they do a second of their own processor time,
which another process's load does not change much.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, cast

import attrs
import requests
import websocket

from zoe.sandbox import assembly, options, server
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.wire import Delivery, Frame, HttpRequest, HttpResponse

PAIRS: Final = 1_000
#: More events a second than any sandbox gets done.
FLOOD: Final = "synthetic:40000"
IN_FLIGHT: Final = 32
KEPT_OPEN: Final = 64
BOOK: Final = {"symbol": "BTC/USD", "best_bid": "50000", "best_ask": "50001", "qty": "100000"}
QUIET: Final = ("--pairs", "BTC/USD", "--market", "quiet", "--seed", "1")
MARKET: Final = ("--pairs", "all", "--market", FLOOD, "--seed", "1")
_FRAME: Final = b'{"channel":"'
_ANSWER: Final = b'"method":"add_order"'
_CHUNK: Final = 1 << 20


@attrs.frozen
class Rate:
    """What was done, in how many seconds, and in how many of the server's processor."""

    done: int
    seconds: float
    cpu_seconds: float
    bytes: int = 0

    def __str__(self) -> str:
        a_core = self.done / self.cpu_seconds if self.cpu_seconds else 0
        return f"{self.done / self.seconds:10,.0f}/s {a_core:10,.0f} a second of its processor"


def order(number: int, token: str) -> bytes:
    """Half of them rest, half trade at once."""
    params: dict[str, object] = {
        "order_type": "limit",
        "side": "buy",
        "order_qty": 0.001,
        "symbol": "BTC/USD",
        "limit_price": 50001.0 if number % 2 else 40000.0 + number % KEPT_OPEN,
        "cl_ord_id": f"{number:032x}",
        "token": token,
    }
    return json.dumps({"method": "add_order", "req_id": number, "params": params}).encode()


def cancel_all(token: str) -> bytes:
    """What keeps the book from growing."""
    return json.dumps({"method": "cancel_all", "params": {"token": token}}).encode()


def subscriptions(symbols: list[str]) -> list[bytes]:
    """To the books, the best prices and the trades of all."""
    wanted: tuple[dict[str, object], ...] = (
        {"channel": "book", "depth": 10},
        {"channel": "ticker", "event_trigger": "bbo"},
        {"channel": "trade", "snapshot": False},
    )
    return [
        json.dumps({"method": "subscribe", "params": {"symbol": symbols, **each}}).encode()
        for each in wanted
    ]


# The core alone


def made(*arguments: str) -> Exchange:
    """An exchange in this process."""
    return assembly.maker(options.parse(arguments))(time.time_ns())


def told(deliveries: list[Delivery]) -> Any:
    """The JSON of an HTTP answer."""
    answer = deliveries[0].payload
    assert isinstance(answer, HttpResponse), answer
    return json.loads(answer.body)


def admin(exchange: Exchange, name: str, wanted: object) -> Any:
    """An admin call to an exchange in this process."""
    body = json.dumps(wanted).encode()
    request = HttpRequest(0, "POST", f"/sandbox/{name}", "", {}, body)
    return told(exchange.request(time.time_ns(), request))


def core_orders(seconds: float, place: Path) -> Rate:
    """Orders through the core, each in its own input, on a journal file."""
    exchange = made(*QUIET, "--journal", str(place / "core.jsonl"))
    admin(exchange, "market", BOOK)
    key = admin(exchange, "keys", {"limits": "none", "balances": {"USD": "1000000000"}})
    accounts, token = exchange.world.accounts, "a token"
    accounts.give_token(token, accounts.keys[key["key"]], time.time_ns())
    exchange.opened(time.time_ns(), 1, "/auth/v2")
    for channel in ("executions", "balances"):
        wanted = {"method": "subscribe", "params": {"channel": channel, "token": token}}
        exchange.received(time.time_ns(), 1, json.dumps(wanted).encode())
    number, size, began = 0, 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        number += 1
        said = exchange.received(time.time_ns(), 1, order(number, token))
        size += sum(len(one.payload.payload) for one in said if isinstance(one.payload, Frame))
        if number % KEPT_OPEN == 0:
            exchange.received(time.time_ns(), 1, cancel_all(token))
    return Rate(number, taken, taken, size)


def core_frames(seconds: float) -> Rate:
    """Frames of a market that is never at rest, for one who listens to all of it."""
    exchange = made(*MARKET)
    exchange.opened(time.time_ns(), 1, "/v2")
    for wanted in subscriptions(list(exchange.world.catalog.pairs)[:PAIRS]):
        exchange.received(time.time_ns(), 1, wanted)
    frames, size, began = 0, 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        said = exchange.wake(time.time_ns())
        frames += len(said)
        size += sum(len(one.payload.payload) for one in said if isinstance(one.payload, Frame))
    return Rate(frames, taken, taken, size)


# The web layer alone


class Canned:
    """An exchange that does not think: the same bytes to everybody, as often as there is time."""

    first_key = ("", "")

    def __init__(self, now_ns: int, frames: int, size: int, *, floods: bool) -> None:
        frame = _FRAME + b"x" * (size - len(_FRAME) - len(_ANSWER)) + _ANSWER
        self._frame, self._frames = Frame(frame), frames
        self._floods, self._listeners = floods, set[int]()
        self._now_ns = now_ns

    def request(self, now_ns: int, request: HttpRequest) -> list[Delivery]:
        """See Exchange."""
        return [Delivery(now_ns, request.exchange, HttpResponse(200, (), b"{}"))]

    def admits(self, now_ns: int) -> bool:
        """See Exchange."""
        return True

    def opened(self, now_ns: int, connection: int, path: str) -> list[Delivery]:
        """See Exchange."""
        self._now_ns = now_ns
        self._listeners.add(connection)
        return []

    def received(self, now_ns: int, connection: int, payload: bytes) -> list[Delivery]:
        """See Exchange."""
        return self._said(now_ns, connection)

    def closed(self, now_ns: int, connection: int) -> None:
        """See Exchange."""
        self._listeners.discard(connection)

    def next_wakeup(self) -> int | None:
        """See Exchange."""
        return self._now_ns if self._floods and self._listeners else None

    def wake(self, now_ns: int) -> list[Delivery]:
        """See Exchange."""
        self._now_ns = now_ns
        return [one for listener in self._listeners for one in self._said(now_ns, listener)]

    def _said(self, now_ns: int, connection: int) -> list[Delivery]:
        return [Delivery(now_ns, connection, self._frame) for _ in range(self._frames)]


def serve_canned(frames: int, size: int, *, floods: bool) -> None:
    """The server's process."""
    import asyncio

    bound = server.listen(0)
    host = f"127.0.0.1:{bound.getsockname()[1]}"
    ready = {"ws": f"ws://{host}/v2", "ws_auth": f"ws://{host}/auth/v2", "pid": os.getpid()}

    def make(now_ns: int) -> Exchange:
        return cast(Exchange, Canned(now_ns, frames, size, floods=floods))

    asyncio.run(server.serve(make, bound, lambda _: print(json.dumps(ready), flush=True)))


# Over loopback


@contextmanager
def running(*command: str) -> Iterator[dict[str, Any]]:
    """A server's ready line, while it runs."""
    with subprocess.Popen((sys.executable, "-P", *command), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Line:
    """A client that counts what comes without understanding it."""

    def __init__(self, url: str) -> None:
        self.ws = websocket.create_connection(url, timeout=30, skip_utf8_validation=True)
        self._rest = b""
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.ws.sock is not None
        self.ws.sock.close()

    def count(self, what: bytes) -> int:
        """How often it is in what came since."""
        assert self.ws.sock is not None
        data = self._rest + self.ws.sock.recv(_CHUNK)
        self.bytes += len(data) - len(self._rest)
        # One that is in two pieces is counted with the second.
        self._rest = data[-len(what) + 1 :]
        return data.count(what)

    def measure(self, seconds: float, pid: int, step: Callable[[], int]) -> Rate:
        """What ``step`` gets done, after a moment in which the server comes up to speed."""
        until = time.perf_counter() + min(1.0, seconds / 4)
        while time.perf_counter() < until:
            step()
        used, size, began, done = cpu_seconds(pid), self.bytes, time.perf_counter(), 0
        while (taken := time.perf_counter() - began) < seconds:
            done += step()
        return Rate(done, taken, cpu_seconds(pid) - used, self.bytes - size)


class Orders:
    """A client with some orders in flight, or one at a time."""

    def __init__(self, line: Line, token: str, in_flight: int) -> None:
        self._line, self._token, self._most = line, token, in_flight
        self._sent = self._answered = 0

    def step(self) -> int:
        """Sends as many as may be in flight; how many were answered meanwhile."""
        while self._sent - self._answered < self._most:
            self._sent += 1
            self._line.ws.send(order(self._sent, self._token))
            if self._sent % KEPT_OPEN == 0 and self._token:
                self._line.ws.send(cancel_all(self._token))
        answered = self._line.count(_ANSWER)
        self._answered += answered
        return answered


def token_of(ready: dict[str, Any]) -> str:
    """A token of a new key without limits; the nonce is its first."""
    import hashlib
    import hmac
    from base64 import b64decode, b64encode

    wanted = {"limits": "none", "balances": {"USD": "1000000000"}}
    session = requests.Session()
    session.trust_env = False
    session.post(f"{ready['admin']}/market", json=BOOK, timeout=10).raise_for_status()
    key = session.post(f"{ready['admin']}/keys", json=wanted, timeout=10).json()
    path, body = "/0/private/GetWebSocketsToken", "nonce=1"
    message = path.encode() + hashlib.sha256(b"1" + body.encode()).digest()
    sign = b64encode(hmac.new(b64decode(key["secret"]), message, hashlib.sha512).digest())
    headers = {"API-Key": key["key"], "API-Sign": sign.decode()}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    answer = session.post(ready["rest"] + path, data=body, headers=headers, timeout=10)
    return str(answer.json()["result"]["token"])


def orders_over(ready: dict[str, Any], token: str, seconds: float, in_flight: int) -> Rate:
    """Orders to a server, from a client that also hears its own reports."""
    with Line(ready["ws_auth"]) as line:
        for channel in ("executions", "balances") if token else ():
            params = {"channel": channel, "token": token}
            line.ws.send(json.dumps({"method": "subscribe", "params": params}))
        return line.measure(seconds, ready["pid"], Orders(line, token, in_flight).step)


def frames_over(ready: dict[str, Any], seconds: float) -> Rate:
    """Frames from a server, to a client that listens to everything."""
    with Line(ready["ws"]) as line:
        for wanted in subscriptions(symbols_of(ready)) if "rest" in ready else ():
            line.ws.send(wanted)
        return line.measure(seconds, ready["pid"], partial(line.count, _FRAME))


def symbols_of(ready: dict[str, Any]) -> list[str]:
    """The pairs of a sandbox, as sockets call them."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{ready['rest']}/0/public/AssetPairs", timeout=30)
    names = {"XBT": "BTC", "XDG": "DOGE"}
    legs = [row["wsname"].split("/") for row in answer.json()["result"].values()]
    return ["/".join(names.get(leg, leg) for leg in pair) for pair in legs][:PAIRS]


def main(arguments: list[str]) -> int:
    """Prints everything."""
    parser = argparse.ArgumentParser(description="the sandbox's speed")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--canned", nargs=3, type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    if wanted.canned:
        frames, size, floods = wanted.canned
        serve_canned(frames, size, floods=bool(floods))
        return 0
    seconds = wanted.seconds
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    print(f"load {load}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as place:
        _orders(seconds, Path(place))
    _frames(seconds)
    return 0


def _canned(frames: int, size: int, *, floods: bool) -> tuple[str, ...]:
    return (__file__, "--canned", str(frames), str(size), str(int(floods)))


def _orders(seconds: float, place: Path) -> None:
    core = core_orders(seconds, place)
    print(f"orders, core alone        {core}")
    with running(*_canned(1, core.bytes // core.done, floods=False)) as ready:
        print(f"orders, web alone         {orders_over(ready, '', seconds, IN_FLIGHT)}")
    command = ("-m", "zoe.sandbox.main", *QUIET, "--journal", str(place / "whole.jsonl"))
    with running(*command) as ready:
        token = token_of(ready)
        print(f"orders, whole             {orders_over(ready, token, seconds, IN_FLIGHT)}")
        print(f"orders, one at a time     {orders_over(ready, token, seconds, 1)}")


def _frames(seconds: float) -> None:
    core = core_frames(seconds)
    print(f"frames, core alone        {core}")
    with running(*_canned(50, core.bytes // core.done, floods=True)) as ready:
        print(f"frames, web alone         {frames_over(ready, seconds)}")
    with running("-m", "zoe.sandbox.main", *MARKET) as ready:
        print(f"frames, whole             {frames_over(ready, seconds)}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
