"""An exchange in the test's own hands: a small catalogue, a clock of its own, and clients.

The client signs, speaks and keeps books by itself: it shares no code with the exchange.
"""

import hashlib
import hmac
import json
import zlib
from base64 import b64decode, b64encode
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory, Memory
from zoe.sandbox.core.wire import Delivery, Drop, Frame, HttpRequest, HttpResponse

START_NS = 1_767_323_045_000_000_000  # 2026-01-02T03:04:05Z
SECOND_NS = 1_000_000_000
ASSETS = (
    Asset("USD", "ZUSD", "USD", 4),
    Asset("BTC", "XXBT", "XBT", 10, 5),
    Asset("ETH", "XETH", "ETH", 10, 5),
    Asset("DOGE", "XXDG", "XDG", 8, 2),
)
BTC_USD = Pair("BTC/USD", "XXBTZUSD", "XBTUSD", "XBT/USD", "BTC", "USD", 1, 8, 5, 1, 5_000, 50_000)
#: Prices in steps of half a cent: a tick of several units.
ETH_USD = Pair(
    "ETH/USD", "XETHZUSD", "ETHUSD", "ETH/USD", "ETH", "USD", 3, 8, 5, 5, 100_000, 50_000
)
ETH_BTC = Pair("ETH/BTC", "XETHXXBT", "ETHXBT", "ETH/XBT", "ETH", "BTC", 5, 8, 10, 1, 100_000, 0)
PAIRS = (BTC_USD, ETH_USD, ETH_BTC)


class Trial:
    """An exchange and its time; time passes only when a test says so."""

    def __init__(self, memory: Memory | None = None, **config: Any) -> None:
        self.memory = memory or InMemory()
        self.now_ns = START_NS
        self.config = Config(
            **{"assets": ASSETS, "pairs": PAIRS, "tier": "pro", "limits": "none", **config}
        )
        self._begin()
        self.exchanges = 0

    def _begin(self) -> None:
        self.exchange = Exchange(self.config, self.memory, self.now_ns)
        #: Everything delivered to each socket, and what is still on its way.
        self.frames: dict[int, list[dict[str, Any]]] = {}
        self.drops: dict[int, Drop] = {}
        self.answers: dict[int, HttpResponse | Drop] = {}
        self.raw: list[bytes] = []
        self._on_its_way: list[Delivery] = []

    def restart(self, memory: Memory | None = None) -> None:
        """The exchange is gone, and another goes on with its journal."""
        self.memory = memory or self.memory
        self._begin()

    def _take(self, deliveries: list[Delivery]) -> None:
        self._on_its_way += deliveries
        self._on_its_way.sort(key=lambda delivery: delivery.at_ns)
        while self._on_its_way and self._on_its_way[0].at_ns <= self.now_ns:
            delivery = self._on_its_way.pop(0)
            match delivery.payload:
                case Frame(payload):
                    self.raw.append(payload)
                    frame = json.loads(payload, parse_float=Decimal)
                    self.frames.setdefault(delivery.connection, []).append(frame)
                case Drop() as drop if delivery.connection in self.frames:
                    self.drops[delivery.connection] = drop
                case answer:
                    assert not isinstance(answer, Frame)
                    self.answers[delivery.connection] = answer

    def pass_time(self, seconds: str | int) -> None:
        """Everything due meanwhile happens when it is due."""
        end_ns = self.now_ns + int(Decimal(seconds) * SECOND_NS)
        while (due_ns := self.exchange.next_wakeup()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self._take(self.exchange.wake(self.now_ns))
        self.now_ns = end_ns
        self._take(self.exchange.wake(self.now_ns))

    def http(self, request: HttpRequest) -> HttpResponse | Drop | None:
        """The answer, if it has come by now."""
        self._take(self.exchange.request(self.now_ns, request))
        return self.answers.get(request.exchange)

    def number(self) -> int:
        """A number for an exchange or a socket."""
        self.exchanges += 1
        return self.exchanges

    def public(self, name: str, **params: str) -> Any:
        """The result of a public call, or its error texts."""
        request = HttpRequest(self.number(), "GET", f"/0/public/{name}", urlencode(params), {}, b"")
        return result_of(self.http(request))

    def admin(self, name: str, body: Any = None, method: str = "POST", query: str = "") -> Any:
        """The answer of an admin call; lines come as a list."""
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.http(HttpRequest(self.number(), method, f"/sandbox/{name}", query, {}, data))
        assert isinstance(answer, HttpResponse)
        if dict(answer.headers)["content-type"] == "application/x-ndjson":
            return [json.loads(line) for line in answer.body.splitlines()]
        told = json.loads(answer.body)
        assert answer.status == 200, told
        return told

    def client(self, **wanted: Any) -> "Client":
        """A new account's, with these balances and so on."""
        made = self.admin("keys", wanted)
        return Client(self, made["key"], made["secret"])

    def first_client(self) -> "Client":
        """The account's that was made at the first start."""
        return Client(self, *self.exchange.first_key)

    def market(self, bid: str, ask: str, symbol: str = "BTC/USD", qty: str = "1") -> None:
        """Sets the best prices by hand."""
        wanted = {"symbol": symbol, "best_bid": bid, "best_ask": ask, "qty": qty}
        self.admin("market", wanted)

    def open(self, path: str = "/v2") -> "Socket":
        """A new socket."""
        connection = self.number()
        self.frames[connection] = []
        self._take(self.exchange.opened(self.now_ns, connection, path))
        return Socket(self, connection)


def result_of(answer: HttpResponse | Drop | None) -> Any:
    """A result, or the list of errors."""
    assert isinstance(answer, HttpResponse), answer
    told = json.loads(answer.body, parse_float=Decimal)
    return told["error"] or told["result"]


def sign(secret: str, path: str, nonce: str, body: str) -> str:
    """API-Sign by the facts sheet, section 1.2."""
    message = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    return b64encode(hmac.new(b64decode(secret), message, hashlib.sha512).digest()).decode()


class Client:
    """Signs requests with a key."""

    nonces: dict[str, int] = {}

    def __init__(self, trial: Trial, key: str, secret: str) -> None:
        self.trial, self.key, self.secret = trial, key, secret

    def __call__(self, name: str, **params: Any) -> Any:
        """The result of a private call, or its error texts."""
        return result_of(self.ask(name, **params))

    def ask(self, name: str, **params: Any) -> HttpResponse | Drop | None:
        """The answer to a private call, if it has come."""
        nonce = str(self.next_nonce())
        body = urlencode({"nonce": nonce, **params})
        path = f"/0/private/{name}"
        headers = {
            "api-key": self.key,
            "api-sign": sign(self.secret, path, nonce, body),
            "content-type": "application/x-www-form-urlencoded",
        }
        request = HttpRequest(self.trial.number(), "POST", path, "", headers, body.encode())
        return self.trial.http(request)

    def next_nonce(self) -> int:
        """Greater than every one before."""
        self.nonces[self.key] = self.nonces.get(self.key, 0) + 1
        return self.nonces[self.key]

    def limit(self, side: str, qty: str, price: str, **more: Any) -> Any:
        """A limit order for BTC/USD by REST."""
        given = {"type": side, "volume": qty, "price": price, "pair": "XBTUSD", **more}
        return self("AddOrder", **{"ordertype": "limit", **given})

    def socket(self) -> "Socket":
        """A private socket with a token."""
        token = self("GetWebSocketsToken")["token"]
        socket = self.trial.open("/auth/v2")
        socket.token = token
        return socket


class Socket:
    """A socket and everything that came on it."""

    def __init__(self, trial: Trial, connection: int) -> None:
        self.trial, self.connection = trial, connection
        self.token: str | None = None
        self.requests = 0

    @property
    def frames(self) -> list[dict[str, Any]]:
        """Everything that came."""
        return self.trial.frames[self.connection]

    def send(self, payload: bytes) -> None:
        """A frame as it is."""
        trial = self.trial
        trial._take(trial.exchange.received(trial.now_ns, self.connection, payload))

    def ask(self, method: str, **params: Any) -> list[dict[str, Any]]:
        """The answers to a request, as far as they have come."""
        self.requests += 1
        wanted: dict[str, Any] = {"method": method, "req_id": self.requests}
        if self.token is not None:
            params["token"] = self.token
        wanted["params"] = params
        self.send(dumps(wanted))
        return [frame for frame in self.frames if frame.get("req_id") == self.requests]

    def channel(self, name: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The frames of a channel."""
        return [
            frame
            for frame in self.frames
            if frame.get("channel") == name and kind in (None, frame.get("type"))
        ]

    def reports(self, exec_type: str | None = None) -> list[dict[str, Any]]:
        """The reports of the executions channel's updates."""
        rows = [row for frame in self.channel("executions", "update") for row in frame["data"]]
        return [row for row in rows if exec_type in (None, row["exec_type"])]

    def close(self) -> None:
        """Ends it from this side."""
        self.trial.exchange.closed(self.trial.now_ns, self.connection)


def dumps(value: Any) -> bytes:
    """JSON in which decimals are numbers."""
    match value:
        case dict():
            inner = b",".join(json.dumps(k).encode() + b":" + dumps(v) for k, v in value.items())
            return b"{" + inner + b"}"
        case list() | tuple():
            return b"[" + b",".join(map(dumps, value)) + b"]"
        case Decimal():
            return f"{value:f}".encode()
        case _:
            return json.dumps(value).encode()


class Mirror:
    """A client's copy of one book, kept by the rules of the facts sheet, section 2.7."""

    def __init__(self, depth: int, price_decimals: int, qty_decimals: int) -> None:
        self.depth = depth
        self.decimals = (price_decimals, qty_decimals)
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}

    def apply(self, frame: dict[str, Any]) -> bool:
        """Whether the checksum is equal afterwards."""
        row = frame["data"][0]
        if frame["type"] == "snapshot":
            self.bids, self.asks = {}, {}
        for levels, changes in ((self.bids, row["bids"]), (self.asks, row["asks"])):
            for change in changes:
                shown = Decimal(change["price"]) in levels
                levels[Decimal(change["price"])] = Decimal(change["qty"])
                if not change["qty"]:
                    assert shown, "a level is taken away that was not shown"
                    del levels[Decimal(change["price"])]
        for price in sorted(self.bids, reverse=True)[self.depth :]:
            del self.bids[price]
        for price in sorted(self.asks)[self.depth :]:
            del self.asks[price]
        return bool(self.checksum() == row["checksum"])

    def checksum(self) -> int:
        """Of the ten best levels."""
        asks = [(price, self.asks[price]) for price in sorted(self.asks)[:10]]
        bids = [(price, self.bids[price]) for price in sorted(self.bids, reverse=True)[:10]]
        terms = (self._term(price, qty) for price, qty in asks + bids)
        return zlib.crc32("".join(terms).encode())

    def _term(self, price: Decimal, qty: Decimal) -> str:
        pairs = zip((price, qty), self.decimals, strict=True)
        return "".join(f"{x:.{dp}f}".replace(".", "").lstrip("0") for x, dp in pairs)
