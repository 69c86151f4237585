"""What is done for orders when the tree has given up: whose, and what is said of each."""

import http.server
import json
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import attrs
import pytest
from loguru import logger

from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app import last_resort
from zoe.domain import order_record
from zoe.domain.order import (
    EXTERNAL,
    Fact,
    Input,
    Intent,
    Order,
    OrderType,
    Route,
    Side,
    State,
)
from zoe.domain.order_inputs import apply, command
from zoe.domain.quantity import Price, Quantity
from zoe.messages.journal import StoredRow
from zoe.runtime.clock import Clock, SystemClock

INTENT = Intent(
    *("i1", "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("1"), Price.of("9")),
)
GUARD = attrs.evolve(
    INTENT,
    intent_id="guard",
    order_type=OrderType.STOP_LOSS_LIMIT,
    trigger_price=Price.of("10"),
)


def sent(intent: Intent) -> tuple[Order, list[StoredRow]]:
    order = attrs.evolve(
        command(Order(intent, State.WAITING), Input.SEND),
        cl_ord_id=f"c-{intent.intent_id}",
        route=Route.WEBSOCKET,
        not_after_ns=9,
    )
    return order, [row(order, order_record.opening_row(order, "{}"), 1)]


def row(order: Order, written: tuple[str, str], version: int) -> StoredRow:
    kind, body = written
    stream = order_record.stream_of("a", order.intent.intent_id)
    return StoredRow(version, stream, version, kind, 1, json.loads(body))


def refused(intent: Intent) -> list[StoredRow]:
    order, rows = sent(intent)
    fact = Fact(Input.REFUSED, reason="EOrder:Insufficient funds")
    after = apply(order, fact)
    return [*rows, row(after, order_record.fact_row(after, fact), 2)]


def test_our_own_orders_that_may_be_alive_are_canceled_and_stops_that_guard_stay() -> None:
    over = refused(attrs.evolve(INTENT, intent_id="over"))
    others = sent(attrs.evolve(INTENT, intent_id="others", source=EXTERNAL))[1]
    rows = [*over, *sent(INTENT)[1], *sent(GUARD)[1], *others]
    (found,) = last_resort.own_orders(rows)
    assert (found.intent.intent_id, found.cl_ord_id) == ("i1", "c-i1")


class Exchange(http.server.BaseHTTPRequestHandler):
    """Takes the cancel of one order, and refuses that of any other."""

    asked: list[dict[str, str]]

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        wanted = {name: values[0] for name, values in parse_qs(body).items()}
        self.asked.append({"path": self.path, **wanted})
        known = "O1" in wanted.values() or "c-i2" in wanted.values()
        told = (
            {"error": [], "result": {"count": 1}} if known else {"error": ["EOrder:Unknown order"]}
        )
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def url() -> Iterator[str]:
    Exchange.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def said() -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    sink = logger.add(
        lambda m: found.append(m.record["extra"]),
        filter=lambda record: record["message"] == "desk.last_resort_cancel",
    )
    yield found
    logger.remove(sink)


def orders() -> list[Order]:
    one, two, three = (
        Order(attrs.evolve(INTENT, intent_id=f"i{n}"), State.WORKING, f"c-i{n}") for n in (1, 2, 3)
    )
    return [attrs.evolve(one, order_id="O1"), two, three]


def test_each_is_asked_for_once_by_what_is_known_of_it_and_what_became_of_it_is_said(
    url: str, said: list[dict[str, Any]]
) -> None:
    venue = KrakenVenue(KeyPair("key", "c2VjcmV0"), url)
    assert last_resort.cancel(orders(), venue, count(1_000), SystemClock()) == 2
    names = [[ask.get("txid"), ask.get("cl_ord_id")] for ask in Exchange.asked]
    assert names == [["O1", None], [None, "c-i2"], [None, "c-i3"]]
    assert [ask["nonce"] for ask in Exchange.asked] == ["1000", "1001", "1002"]
    assert [(each["intent_id"], each["failed"]) for each in said] == [
        ("i1", None),
        ("i2", None),
        ("i3", "EOrder:Unknown order"),
    ]


class Slow(Clock):
    """A clock by which every look takes five seconds."""

    def __init__(self) -> None:
        self._now_ns = 0

    def monotonic_ns(self) -> int:
        self._now_ns += 5_000_000_000
        return self._now_ns

    def wall_ns(self) -> int:
        return self._now_ns


def test_what_there_is_no_time_for_is_said_and_not_asked(
    url: str, said: list[dict[str, Any]]
) -> None:
    venue = KrakenVenue(KeyPair("key", "c2VjcmV0"), url)
    assert last_resort.cancel(orders(), venue, count(1), Slow()) <= 1
    assert len(Exchange.asked) == 1
    assert [each["failed"] for each in said][1:] == ["out of time", "out of time"]
