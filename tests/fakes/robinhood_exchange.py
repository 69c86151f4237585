"""A Robinhood of tests: a real HTTP server that checks signatures for itself, and does what it is told to do wrong.

It shares nothing with the adapter: its rows are written down here as the exchange writes them.
"""

import base64
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

API_KEY = "rh-api-00000000-0000-4000-8000-000000000000"
ACCOUNT = "AB1234567890"
PAGE = 2
GOOD_SECONDS = 30

Row = dict[str, Any]


@attrs.define
class Fault:
    """What goes wrong with the next requests of a method whose path has some text in it.

    Attributes:
        what: ``lost``: done, and the connection ends without an answer; ``html``: not done, a page of a gateway;
            ``limit``: not done, over the limit; ``raw``: ``body`` is the answer.
    """

    method: str
    path: str
    what: str
    count: int = 1
    status: int = 502
    body: bytes = b"<html>Bad Gateway</html>"
    headers: tuple[tuple[str, str], ...] = ()


def pair(symbol: str, **more: Any) -> Row:
    """A row of the pairs' list as version 2 writes it."""
    base, _, quote = symbol.partition("-")
    row: Row = {
        "symbol": symbol,
        "asset_code": base,
        "quote_code": quote,
        "asset_increment": "0.00000001",
        "quote_increment": "0.01",
        "max_order_size": "20.0000000000000000",
        "min_order_amount": "0.1",
        "status": "tradable",
        "is_api_tradable": True,
    }
    return row | more


@attrs.define
class Exchange:
    """The exchange's side of things, and what it was asked."""

    public: Ed25519PublicKey
    url: str = ""
    requests: list[tuple[str, str, str]] = attrs.field(factory=list)
    signatures: list[str] = attrs.field(factory=list)
    faults: list[Fault] = attrs.field(factory=list)
    accounts: list[Row] = attrs.field(factory=list)
    holdings: list[Row] = attrs.field(factory=list)
    pairs: list[Row] = attrs.field(factory=list)
    quotes: dict[str, Row] = attrs.field(factory=dict)
    estimates: dict[str, str] = attrs.field(factory=dict)
    orders: dict[str, Row] = attrs.field(factory=dict)
    #: So many looks at an order that was asked to be canceled still show it open.
    slow_cancels: int = 0

    def plant(self, *faults: Fault) -> None:
        """Faults for what comes."""
        self.faults += faults

    def posts(self) -> list[Row]:
        """The orders that came, as they were sent."""
        return [json.loads(b) for m, p, b in self.requests if m == "POST" and "/cancel/" not in p]

    def fault(self, method: str, path: str) -> Fault | None:
        """What goes wrong now."""
        for fault in self.faults:
            if fault.count and fault.method == method and fault.path in path:
                fault.count -= 1
                return fault
        return None

    def fill(self, order: Row, *executions: tuple[str, str, str], state: str = "filled") -> None:
        """Fills an order: price, quantity and time of each execution."""
        order["executions"] = [
            {"effective_price": price, "quantity": quantity, "timestamp": at}
            for price, quantity, at in executions
        ]
        total = sum(int(quantity.replace(".", "").ljust(1, "0")) for _, quantity, _ in executions)
        digits = len(executions[0][1].partition(".")[2])
        text = str(total).rjust(digits + 1, "0")
        order["filled_asset_quantity"] = f"{text[:-digits]}.{text[-digits:]}"
        order["state"] = state

    def answer(self, method: str, target: str, body: str) -> tuple[int, bytes]:
        """Status and body of a request whose signature is right."""
        parts = urlsplit(target)
        query = parse_qsl(parts.query)
        asked = [value for name, value in query if name == "symbol"]
        name = parts.path.split("/crypto/")[-1]
        version = int(parts.path[6])
        if name == "trading/accounts/":
            return self._rows(self.accounts, target) if version == 2 else _ok(self.accounts[0])
        if name == "trading/holdings/":
            wanted = dict(query).get("asset_code")
            return self._rows(
                [h for h in self.holdings if wanted in (None, h["asset_code"])], target
            )
        if name == "trading/trading_pairs/":
            return self._rows(self.pairs, target)
        if name == "marketdata/best_bid_ask/":
            return _ok({"results": [self.quotes[s] for s in asked if s in self.quotes]})
        if name == ("trading" if version == 2 else "marketdata") + "/estimated_price/":
            side = dict(query)["side"]
            price = json.loads(self.estimates[side])
            row = {"symbol": asked[0], "side": side, "fee_ratio": 0.0095, side: price}
            return _ok({"next": None, "previous": None, "results": [row]})
        if version == 2 and dict(query).get("account_number") != ACCOUNT and "/cancel/" not in name:
            return _refused("account_number", "This field is required.")
        if name == "trading/orders/":
            return self._place(json.loads(body)) if method == "POST" else self._list(target, query)
        return self._one(method, name)

    def _rows(self, rows: list[Row], target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = parse_qsl(parts.query)
        first = int(dict(query).get("cursor", "0"))
        rest = "&".join(f"{n}={v}" for n, v in query if n != "cursor")
        more = first + PAGE < len(rows)
        address = f"{self.url}{parts.path}?{rest}&cursor={first + PAGE}".replace("?&", "?")
        page = {
            "next": address if more else None,
            "previous": None,
            "results": rows[first : first + PAGE],
        }
        return _ok(page)

    def _place(self, told: Row) -> tuple[int, bytes]:
        try:
            uuid.UUID(told["client_order_id"])
        except ValueError:
            return _refused("client_order_id", "Must be a valid UUID.")
        order: Row = {
            **told,
            "id": str(uuid.uuid4()),
            "account_number": ACCOUNT,
            "state": "open",
            "filled_asset_quantity": "0.000000000000000000",
            "executions": [],
            "average_price": None,
            "created_at": "2026-08-20T13:26:18.409035-04:00",
            "updated_at": "2026-08-20T13:26:18.891890-04:00",
            "fee_charged": 0.0,
            "estimated_fee_remaining": 0.0,
        }
        self.orders[order["id"]] = order
        return 201, json.dumps(order).encode()

    def _list(self, target: str, query: list[tuple[str, str]]) -> tuple[int, bytes]:
        wanted = [(name, value) for name, value in query if name in ("state", "id")]
        if "/api/v2/" in target and "id" in dict(wanted):
            return _refused("id", "No such filter.")
        newest = list(self.orders.values())[::-1]
        return self._rows([o for o in newest if all(o[n] == v for n, v in wanted)], target)

    def _one(self, method: str, name: str) -> tuple[int, bytes]:
        _, _, order_id, *verb = name.strip("/").split("/")
        order = self.orders.get(order_id)
        if order is None:
            return 404, b'{"type":"client_error","errors":[{"detail":"Not found.","attr":null}]}'
        if method == "POST" and verb == ["cancel"]:
            if order["state"] != "open":
                return _refused("non_field_errors", "Order cannot be canceled.")
            order["cancel"] = self.slow_cancels
            return _ok(order)
        if order.get("cancel") == 0 and order["state"] == "open":
            order["state"] = "canceled"
        elif order.get("cancel"):
            order["cancel"] -= 1
        return _ok(order)


def _ok(found: Any) -> tuple[int, bytes]:
    return 200, json.dumps(found).encode()


def _refused(attr: str, detail: str) -> tuple[int, bytes]:
    errors = [{"detail": detail, "attr": attr}]
    return 400, json.dumps({"type": "validation_error", "errors": errors}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: An answer leaves in one piece, or its end waits for the client's kernel.
    wbufsize = 64 * 1024
    exchange: Exchange

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is its own."""

    def do_GET(self) -> None:
        """A read."""
        self._do("GET")

    def do_POST(self) -> None:
        """An order, or a cancel."""
        self._do("POST")

    def _do(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        here = self.exchange
        here.requests.append((method, self.path, body))
        here.signatures.append(self.headers["x-signature"])
        if not self._signed(method, body):
            self._say(
                401, b'{"type":"client_error","errors":[{"detail":"Unauthorized.","attr":null}]}'
            )
            return
        fault = here.fault(method, self.path)
        if fault is None:
            self._say(*here.answer(method, self.path, body))
        elif fault.what == "lost":
            here.answer(method, self.path, body)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._say(fault.status, fault.body, *fault.headers)

    def _signed(self, method: str, body: str) -> bool:
        at = self.headers["x-timestamp"]
        text = f"{API_KEY}{at}{self.path}{method}{body}".encode()
        if self.headers["x-api-key"] != API_KEY or abs(time.time() - int(at)) > GOOD_SECONDS:
            return False
        try:
            self.exchange.public.verify(base64.b64decode(self.headers["x-signature"]), text)
        except InvalidSignature:
            return False
        return True

    def _say(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def exchange() -> Iterator[tuple[Exchange, str]]:
    """An exchange with one account, and the seed of its key."""
    private = Ed25519PrivateKey.generate()
    here = Exchange(private.public_key())
    account: Row = {"account_number": ACCOUNT, "status": "active", "buying_power": "1042.55"}
    account |= {"buying_power_currency": "USD", "is_api_tradable": True}
    here.accounts.append(account)
    handler = type("Handler", (_Handler,), {"exchange": here})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        here.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield here, base64.b64encode(private.private_bytes_raw()).decode()
        server.shutdown()
