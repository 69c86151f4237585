"""AddOrder through the blocking client beside a bare requests session, over loopback; a catalogue.

``python benchmarks/adapter.py``. The server answers at once with a body of the right form: what is
measured is what the adapter adds to a call (nonce file, signature, form, envelope, rows). The
catalogue is that of a sandbox with a thousand pairs, read beside a bare decoder of the same bytes.
"""

import os
import platform
import socketserver
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import requests

from zoe.adapters.kraken import trading_calls as trading
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.order_form import NewOrder
from zoe.adapters.kraken.rest import CallerSettings, RestCaller
from zoe.adapters.kraken.sign import KeyPair
from zoe.messages.market import InstrumentsChanged
from zoe.sandbox import assembly, options
from zoe.sandbox.core import instruments

CALLS: Final = 2_000
ROUNDS: Final = 15
BODY: Final = (
    b'{"error":[],"result":{"descr":{"order":"buy 1.25000000 XBTUSD @ limit 37500.0"},'
    b'"txid":["OABCDE-FGHIJ-KLMNOP"]}}'
)
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
ORDER: Final = NewOrder(
    pair="XBTUSD",
    side="buy",
    order_type="limit",
    quantity=Decimal("1.25"),
    limit=Decimal("37500.0"),
    cl_ord_id="018bcfe5-687b-8bee-bd23-456789abcdef",
)


class Handler(socketserver.BaseRequestHandler):
    """Answers each request that comes in one piece, or in a head and a body."""

    def handle(self) -> None:
        pending = b""
        while data := self.request.recv(65_536):
            pending += data
            head, blank, body = pending.partition(b"\r\n\r\n")
            wanted = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            if blank and len(body) >= wanted:
                pending = b""
                self.request.sendall(ANSWER)


def medians_us(*calls: Callable[[], object]) -> list[float]:
    """The median of each call, in microseconds; they take turns, so that noise hits all alike."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(CALLS):
        for call, taken in zip(calls, times, strict=True):
            began = time.perf_counter()
            call()
            taken.append(time.perf_counter() - began)
    return [statistics.median(taken) * 1e6 for taken in times]


def snapshot() -> bytes:
    """The frame that tells of a thousand pairs."""
    wanted = options.parse(("--pairs", "all", "--market", "quiet", "--seed", "1"))
    return instruments.snapshot(assembly.maker(wanted)(time.time_ns()).world)


def best_ms(run: Callable[[], object]) -> float:
    """The best of some rounds: what the machine can do when nobody disturbs it."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def catalogue() -> None:
    """Prints how long the snapshot takes."""
    frame = snapshot()
    (loaded,) = [
        said for said in FeedReader().feed(frame, 1) if isinstance(said, InstrumentsChanged)
    ]
    bare = best_ms(lambda: msgspec.json.decode(frame))
    ours = best_ms(lambda: FeedReader().feed(frame, 1))
    print(f"a snapshot of {len(loaded.instruments)} pairs, {len(frame) / 1e3:.0f} kB")
    print(f"bare decoder {bare:8.2f} ms")
    print(f"feed reader  {ours:8.2f} ms")


def main() -> int:
    """Prints both medians and their ratio, then the catalogue."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    print(f"load {load}, {os.cpu_count()} cores, Python {platform.python_version()}")
    calls()
    catalogue()
    return 0


def calls() -> None:
    """Prints both medians and their ratio."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with requests.Session() as session, tempfile.TemporaryDirectory() as place:
            session.trust_env = False
            form = "nonce=1&pair=XBTUSD&type=buy&ordertype=limit&volume=1.25&price=37500"
            caller = RestCaller(
                KeyPair("KEY", "c2VjcmV0"), CallerSettings(rest_url=url, nonces=Path(place))
            )
            bare, ours = medians_us(
                lambda: session.post(f"{url}/0/private/AddOrder", data=form, timeout=5).json(),
                lambda: trading.read_added(caller.write(trading.add_order(ORDER))),
            )
            caller.close()
        server.shutdown()
    print(f"bare session {bare:8.0f} us a call")
    print(f"adapter      {ours:8.0f} us a call")
    print(f"ratio        {ours / bare:8.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
