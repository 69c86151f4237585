"""A sandbox as its user runs it: a process, spoken to with requests and websocket-client."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import requests
import websocket

COMMAND: Final = (sys.executable, "-P", "-m", "zoe.sandbox.main")
#: A busy disk holds everybody up for a minute now and then.
PATIENCE_SECONDS: Final = 120


class Sandbox:
    """A process, and the addresses and key of its ready line."""

    def __init__(
        self,
        place: Path,
        *options: str,
        stdin: int = subprocess.DEVNULL,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.place = place
        self.errors = place / "errors.txt"
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                (*command, *options),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=place,
                env={"PATH": os.environ["PATH"]},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"exit {self.process.wait()}: {self.said()}"
        self.ready: dict[str, Any] = json.loads(line)
        self.http = requests.Session()
        self.http.trust_env = False
        self._nonce = time.time_ns()

    def said(self) -> str:
        """What it has printed to standard error."""
        return self.errors.read_text()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.ready["rest"].rpartition(":")[2])

    def kill(self) -> None:
        """As kill -9, and the end of its connections."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Exit code and seconds after a signal."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS), time.monotonic() - begun

    def public(self, name: str, **params: str) -> Any:
        """The result of a public call."""
        url = f"{self.ready['rest']}/0/public/{name}"
        return result_of(self.http.get(url, params=params, timeout=PATIENCE_SECONDS))

    def private(self, name: str, timeout: float = PATIENCE_SECONDS, **params: Any) -> Any:
        """The result of a private call with the first key."""
        return result_of(self.post(name, timeout, **params))

    def post(
        self, name: str, timeout: float = PATIENCE_SECONDS, **params: str
    ) -> requests.Response:
        """The answer to a private call with the first key."""
        return self._signed(self.ready, name, timeout, params)

    def private_of(self, access: Mapping[str, str], name: str) -> Any:
        """The result of a private call with another key."""
        return result_of(self._signed(access, name, PATIENCE_SECONDS, {}))

    def _signed(
        self, access: Mapping[str, str], name: str, timeout: float, params: Mapping[str, str]
    ) -> requests.Response:
        self._nonce += 1
        body = urlencode({"nonce": str(self._nonce), **params})
        path = f"/0/private/{name}"
        message = path.encode() + hashlib.sha256(f"{self._nonce}{body}".encode()).digest()
        secret = b64decode(access["secret"])
        sign = b64encode(hmac.new(secret, message, hashlib.sha512).digest()).decode()
        headers = {
            "API-Key": access["key"],
            "API-Sign": sign,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.http.post(
            self.ready["rest"] + path,
            data=body,
            headers=headers,
            timeout=(PATIENCE_SECONDS, timeout),
        )

    def admin(self, name: str, wanted: Any = None, method: str = "POST") -> Any:
        """The answer of an admin call; lines come as a list."""
        answer = self.http.request(
            method, f"{self.ready['admin']}/{name}", json=wanted, timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == 200, answer.text
        if answer.headers["content-type"] == "application/x-ndjson":
            return [json.loads(line) for line in answer.text.splitlines()]
        return answer.json()

    def journal(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The ground truth."""
        rows: list[dict[str, Any]] = self.admin("journal", method="GET")
        return [row for row in rows if kind in (None, row["kind"])]

    def market(self, bid: str, ask: str, qty: str = "1") -> None:
        """Sets the best prices of BTC/USD by hand."""
        wanted = {"symbol": "BTC/USD", "best_bid": bid, "best_ask": ask, "qty": qty}
        self.admin("market", wanted)

    def socket(self, which: str = "ws") -> "Socket":
        """A connected socket; a private one has a token."""
        token = self.private("GetWebSocketsToken")["token"] if which == "ws_auth" else None
        return Socket(self.ready[which], token)

    def cpu_seconds(self) -> float:
        """What it has used of the processor since it started."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def pss_mb(self) -> float:
        """Its share of memory."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        (line,) = (line for line in rollup.splitlines() if line.startswith("Pss:"))
        return int(line.split()[1]) / 1024


class Socket:
    """A client's socket: frames are read until the one that is waited for comes."""

    def __init__(self, url: str, token: str | None) -> None:
        self.token = token
        self.ws = websocket.create_connection(
            url, timeout=PATIENCE_SECONDS, skip_utf8_validation=True
        )
        self.frames: list[dict[str, Any]] = []
        self.requests = 0

    def receive(self) -> dict[str, Any]:
        """The next frame."""
        text = self.ws.recv()
        frame: dict[str, Any] = json.loads(text, parse_float=Decimal)
        self.frames.append(frame)
        return frame

    def until(
        self, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """The first frame that is wanted, of those that are yet to come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            frame = self.receive()
            if wanted(frame):
                return frame
        raise AssertionError(f"not in time; the last frames: {self.frames[-3:]}")

    def send(self, method: str, **params: Any) -> int:
        """Sends a request; its number."""
        self.requests += 1
        wanted: dict[str, Any] = {"method": method, "req_id": self.requests}
        if method != "ping":
            token = {} if self.token is None else {"token": self.token}
            wanted["params"] = {**params, **token}
        self.ws.send(json.dumps(wanted))
        return self.requests

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a request."""
        number = self.send(method, **params)
        return self.until(lambda frame: frame.get("req_id") == number)

    def subscribe(self, channel: str, **params: Any) -> dict[str, Any]:
        """The snapshot that a subscription begins with."""
        self.send("subscribe", channel=channel, **params)
        return self.until(
            lambda frame: frame.get("channel") == channel and frame["type"] == "snapshot"
        )

    def add(self, side: str, qty: float, price: float, **more: Any) -> dict[str, Any]:
        """The answer to a limit order for BTC/USD."""
        order = {"order_type": "limit", "side": side, "order_qty": qty, "limit_price": price}
        return self.ask("add_order", symbol="BTC/USD", **order, **more)

    def report(self, exec_type: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The next report of this kind."""
        frame = self.until(
            lambda frame: (
                frame.get("channel") == "executions"
                and any(row["exec_type"] == exec_type for row in frame["data"])
            ),
            seconds,
        )
        row: dict[str, Any] = frame["data"][0]
        return row


def result_of(answer: requests.Response) -> Any:
    """A result, or the list of errors."""
    told = json.loads(answer.text, parse_float=Decimal)
    return told["error"] or told["result"]


@contextmanager
def running(
    place: Path,
    *options: str,
    stdin: int = subprocess.DEVNULL,
    command: Sequence[str] = COMMAND,
) -> Iterator[Sandbox]:
    """A sandbox that is gone afterwards."""
    sandbox = Sandbox(place, *options, stdin=stdin, command=command)
    try:
        yield sandbox
    finally:
        sandbox.kill()
