"""An exchange for tick_to_order.py: a market's frames, a private socket, and the few calls that a desk makes.

A process of its own. It notes when a trigger's frame leaves and when the order that it asks for has
come, both by the clock that all processes of a machine share. Every order is answered at once, and
has ended soon after, so that its slot is free for another.

A trigger is a change of one book, and of two changes that wait anybody wants to be shown the newer one
only. So the next trigger leaves no sooner than the order of the one before has come, or has been given up:
otherwise a stall of either process, longer than the time between two triggers, would ask for two orders
at once that no desk owes. What was held back so is counted.
"""

import contextlib
import json
import os
import selectors
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from heapq import heappop, heappush
from multiprocessing.connection import Connection
from typing import Any, Final
from urllib.parse import parse_qs

import attrs
import frames as generated
from sender import Addressed, Client, Plan, Sender, framed, handshake
from tick_rest import CASH, order_of, result

#: What a trigger's quantity begins at: the trigger's number is what it is more.
BASE: Final = 1_000_000
#: Digits of the trigger pair's quantities.
QUANTITY_PRECISION: Final = generated.PRECISIONS[0][1]
#: An order ends so long after it has come.
LIFE_SECONDS: Final = 0.015
#: A trigger without an order is given up after so long.
PATIENCE_SECONDS: Final = 5
#: Triggers before those that count, numbered from the end of all numbers: the desk must be ready.
PROBE: Final = 900_000
PROBES_IN_A_ROW: Final = 20
PROBE_SECONDS: Final = 0.1
WARM_UP_SECONDS: Final = 60
#: A slot whose order the exchange has ended rests a while.
REST_SECONDS: Final = 2.5
_DUE_SECONDS: Final = 0.001


@attrs.frozen
class Course:
    """A run: so many triggers, so far apart, among so many other frames a second."""

    triggers: int
    gap_seconds: float
    background: int


@attrs.frozen
class Outcome:
    """When each trigger left, and when its order came; monotonic nanoseconds by number.

    Attributes:
        held: Triggers that left later than was planned, since the order before was still on its way.
    """

    sent: dict[int, int]
    received: dict[int, int]
    frames: int
    held: int


class Trigger(generated.Pair):
    """The pair whose frames ask for an order."""

    def ask(self, number: int) -> bytes:
        """The best bid's quantity says which trigger this is."""
        bids = [(self._middle - 1, BASE + number)]
        self._book.update(bids, [])
        return self._frame("update", bids, [])


def number_of(params: dict[str, Any]) -> int:
    """The trigger that an order follows from."""
    return round(float(params["order_qty"]) * 10**QUANTITY_PRECISION) - BASE


def stamp() -> str:
    """The time as the exchange writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Private(Client):
    """A connection to the private side: REST, or a socket once it asks for that."""

    def __init__(self, connection: socket.socket, exchange: "Exchange") -> None:
        self.connection = connection
        self._exchange = exchange
        self._read = b""
        self._socket = False
        self._sequence: dict[str, int] = {}

    def requests(self) -> list[dict[str, Any]]:
        """Answers by itself; nothing is left for others."""
        try:
            data = self.connection.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        received_ns = time.monotonic_ns()
        if not data:
            self._exchange.forget(self)
            return []
        self._read += data
        while self._frames(received_ns) if self._socket else self._call(received_ns):
            pass
        return []

    def _frames(self, received_ns: int) -> bool:
        asked = self._frame()
        if asked is None:
            return False
        if asked.get("method") == "add_order":
            self._exchange.ordered(number_of(asked["params"]), received_ns)
        if asked:
            self._answer(asked)
        return True

    def say(self, *said: dict[str, Any]) -> None:
        """Sends frames, while the connection is there."""
        with contextlib.suppress(OSError):
            self.connection.sendall(b"".join(framed(json.dumps(each).encode()) for each in said))

    def _answer(self, asked: dict[str, Any]) -> None:
        method, params = asked["method"], asked.get("params", {})
        now = stamp()
        answer = {"method": "pong" if method == "ping" else method, "req_id": asked.get("req_id")}
        answer |= {"success": True, "time_in": now, "time_out": now}
        if method == "subscribe":
            channel = params["channel"]
            self._exchange.reports(channel, self)
            self.say(answer | {"result": {"channel": channel}}, self._snapshot(channel))
        elif method == "add_order":
            order_id = self._exchange.next_id()
            ids = {"order_id": order_id, "cl_ord_id": params["cl_ord_id"]}
            self.say(answer | {"result": ids})
            self.placed(order_id, params)
        else:
            self.say(answer | {"result": {}})

    def placed(self, order_id: str, params: dict[str, Any]) -> None:
        """Reports an order's life."""
        told = ("cl_ord_id", "symbol", "side", "order_type", "order_qty", "limit_price")
        order = {name: params[name] for name in told} | {
            "order_id": order_id, "post_only": True, "time_in_force": "GTC",
        }  # fmt: skip
        self.say(self._report(order, "pending_new"))
        self.say(self._report(order, "new"))
        self._exchange.later(LIFE_SECONDS, lambda: self.say(self._report(order, "canceled")))

    def _report(self, order: dict[str, Any], what: str) -> dict[str, Any]:
        status = {"exec_type": what, "order_status": what, "timestamp": stamp(), "cum_qty": 0}
        return self._private("executions", "update", [order | status])

    def _private(self, channel: str, kind: str, rows: list[Any]) -> dict[str, Any]:
        self._sequence[channel] = self._sequence.get(channel, 0) + 1
        numbered = {"sequence": self._sequence[channel]}
        return {"channel": channel, "type": kind, "data": rows} | numbered

    def _snapshot(self, channel: str) -> dict[str, Any]:
        wallet = {"type": "spot", "id": "main", "balance": CASH}
        cash = {"asset": "USD", "balance": CASH, "wallets": [wallet]}
        return self._private(channel, "snapshot", [cash] if channel == "balances" else [])

    def _call(self, received_ns: int) -> bool:
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        size = int(headers.get("content-length", 0))
        if len(body) < size:
            return False
        self._read = body[size:]
        if "sec-websocket-key" in headers:
            self.connection.sendall(handshake(head))
            self._socket = True
            return True
        path = first.split(" ")[1].partition("?")[0].rpartition("/")[2]
        result = self._exchange.result(path, parse_qs(body[:size].decode()), received_ns)
        text = json.dumps({"error": [], "result": result}).encode()
        self.connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(text), text)
        )
        return True


class _Door:
    """The private side's listener, in the shape that Sender looks at."""

    def __init__(self, listener: socket.socket, exchange: "Exchange") -> None:
        self._listener = listener
        self._exchange = exchange

    def requests(self) -> list[dict[str, Any]]:
        """Lets one in."""
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._exchange.admit(Private(connection, self._exchange))
        return []


class Exchange(Sender):
    """The market, and the private side."""

    def __init__(
        self, plan: Plan, listeners: tuple[socket.socket, socket.socket], pipe: Connection
    ):
        super().__init__(attrs.evolve(plan, focused=plan.focused - 1), listeners[0], pipe)
        rng = self._rng
        self._trigger = Trigger(0, rng)
        self._pairs[0] = self._by_symbol[self._trigger.symbol] = self._trigger
        self._selector.register(listeners[1], selectors.EVENT_READ, _Door(listeners[1], self))
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = 0
        self._reported: Private | None = None
        self._received: dict[int, int] = {}
        self._background: list[Addressed] = []

    def admit(self, client: Private) -> None:
        """A connection of the private side."""
        self._selector.register(client.connection, selectors.EVENT_READ, client)

    def forget(self, client: Client) -> None:
        """It has gone."""
        self._selector.unregister(client.connection)
        client.connection.close()

    def reports(self, channel: str, client: Private) -> None:
        """Whoever listens to executions hears of orders that come by REST."""
        if channel == "executions":
            self._reported = client

    def next_id(self) -> str:
        """An order's id."""
        self._numbers += 1
        return f"OTICK-{self._numbers:05}-ORDER0"

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Does something after a while."""
        self._numbers += 1
        heappush(self._later, (time.monotonic() + seconds, self._numbers, action))

    def ordered(self, number: int, received_ns: int) -> None:
        """An order has come."""
        self._received.setdefault(number, received_ns)

    def result(self, call: str, params: dict[str, list[str]], received_ns: int) -> dict[str, Any]:
        """What a REST call answers."""
        if call != "AddOrder":
            return result(call, params, self._pairs)
        order_id, told = self.next_id(), {name: values[0] for name, values in params.items()}
        self.ordered(number_of({"order_qty": told["volume"]}), received_ns)
        if self._reported is not None:
            self._reported.placed(order_id, order_of(told, self._pairs))
        return {"descr": {"order": "buy"}, "txid": [order_id]}

    # Runs

    def run(self) -> None:
        """Until told to end: each word is a course, and is answered by what became of it."""
        while (word := self._wait()) != "end":
            assert isinstance(word, Course)
            self._pipe.send(self._course(word))

    def _wait(self) -> object:
        while not self._pipe.poll():
            self._turn(0.005)
        return self._pipe.recv()

    def _turn(self, seconds: float) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            heappop(self._later)[2]()
        self._answer(seconds)

    def _one(self, client: Client, asked: dict[str, Any]) -> bool:
        if not asked:  # a pong, or a close
            return False
        return super()._one(client, asked)

    def _course(self, course: Course) -> Outcome:
        self._warm_up()
        first: list[Addressed] = []
        if course.background:
            first, self._background = self._made()
        self._write(first)
        self._received.clear()
        sent: dict[int, int] = {}
        held: set[int] = set()
        frames, began, last = 0, time.monotonic(), 0.0
        while len(sent) < course.triggers or self._waits_for(len(sent), last):
            now = time.monotonic()
            due = int((now - began) * course.background) - frames
            if due > 0:
                frames += self._send(self._background, min(due, 64))
            if len(sent) < course.triggers and now >= last + course.gap_seconds:
                if self._waits_for(len(sent), last):
                    held.add(len(sent) + 1)
                else:
                    number, last = len(sent) + 1, now
                    sent[number] = self._pull(number)
            self._turn(_DUE_SECONDS)
        return Outcome(sent, dict(self._received), frames, len(held))

    def _waits_for(self, number: int, left: float) -> bool:
        """Whether a trigger that left at that time may still be answered."""
        if not number or number in self._received:
            return False
        return time.monotonic() < left + PATIENCE_SECONDS

    def _pull(self, number: int) -> int:
        frame = framed(self._trigger.ask(number))
        owner = self._owner["book", self._trigger.symbol]
        at_ns = time.monotonic_ns()
        owner.connection.sendall(frame)
        return at_ns

    def _warm_up(self) -> None:
        """Triggers that do not count, until enough orders have come of them one after the other."""
        until, row = time.monotonic() + WARM_UP_SECONDS, 0
        probe = PROBE
        while row < PROBES_IN_A_ROW:
            assert time.monotonic() < until, "no orders come"
            if ("book", self._trigger.symbol) not in self._owner:
                self._turn(PROBE_SECONDS)
                continue
            probe += 1
            self._pull(probe)
            pulled = time.monotonic()
            while time.monotonic() < pulled + PROBE_SECONDS:
                self._turn(0.005)
            row = row + 1 if probe in self._received else 0
        rested = time.monotonic() + REST_SECONDS
        while time.monotonic() < rested:
            self._turn(0.005)

    def _made(self) -> tuple[list[Addressed], list[Addressed]]:
        """As Sender makes them, of all pairs but the trigger's, of which nothing else is told."""
        everybody, self._pairs = self._pairs, self._pairs[1:]
        try:
            return super()._made()
        finally:
            self._pairs = everybody
            self.sent = 0


def serve(plan: Plan, pipe: Connection, cpu: int | None) -> None:
    """The process: tells its ports, then does as it is told."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    with (
        socket.create_server(("127.0.0.1", 0)) as public,
        socket.create_server(("127.0.0.1", 0)) as private,
    ):
        pipe.send((public.getsockname()[1], private.getsockname()[1]))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, EOFError):
            Exchange(plan, (public, private), pipe).run()
