"""What both strategies of many pairs cost a desk: its own processor time while they trade live.

    python benchmarks/engines.py [--seconds N] [--events N] [--modes live off ...]

A sandbox with 40 pairs whose market is lively, and a desk in a process of its own that has all of them in
focus. Edge Factory quotes 20 (ten coins of the long tail in two moneys), CryptoTrader looks at 19. A second
client counts the frames of the same pairs. The first mode is the figure; ``off`` is what the same desk
costs where nobody decides. The exchange takes most of the other processor: on a busy machine fewer frames
come, and the share for 2,000 a second is worked out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import requests
import websocket

ZOE: Final = (sys.executable, "-P", "-m", "zoe.cli.main")
COINS: Final = ("GAAA", "GAAB", "GAAC", "GAAD", "GAAE", "GAAF", "GAAG", "GAAH", "GAAI", "GAAJ")
QUOTED: Final = tuple(f"{coin}/{money}" for coin in COINS for money in ("USD", "EUR"))
#: Coins of which the market knows how they are traded, with the digits of their prices.
KNOWN: Final = {
    "BTC": 1, "ETH": 2, "SOL": 2, "XRP": 5, "DOGE": 7, "ADA": 6, "LTC": 2, "DOT": 4, "LINK": 5, "AVAX": 2,
    "ATOM": 4, "BCH": 2, "XLM": 6, "TRX": 6, "UNI": 3, "AAVE": 2, "ETC": 3, "XMR": 2, "ZEC": 2,
}  # fmt: skip
LOOKED_AT: Final = tuple(f"{coin}/USD" for coin in KNOWN)
PAIRS: Final = (*QUOTED, *LOOKED_AT, "EUR/USD")
BALANCES: Final = {"USD": "1000000", "EUR": "1000000", "BTC": "10"}
HEADER: Final = (
    "market,symbol,type,description,quote_currency,contract_multiplier,minimum_price_variation,"
    "lot_size,market_ticker,minimum_order_size"
)
#: The aim: half of a processor at so many frames.
AIM_FRAMES: Final = 2_000
PATIENCE_SECONDS: Final = 120
#: Bars come one pair a second.
WARM_SECONDS: Final = 45
TICKS: Final = os.sysconf("SC_CLK_TCK")


def config(mode: str) -> str:
    """The desk's file."""
    names = ", ".join(f'"{pair}"' for pair in QUOTED)
    focus = ", ".join(f'"{pair}"' for pair in PAIRS)
    return f"""
[exchange]
tier = "pro"
[desk]
focus = [{focus}]
[scout]
enabled = true
[strategy.quote_keeper]
mode = "off"
[strategy.edge_factory]
mode = "{mode}"
pairs = [{names}]
warm_up_seconds = 5
[strategy.crypto_trader]
mode = "{mode}"
min_turnover_usd = 125000
max_age_seconds = 15
momentum = 0.75
volume_multiple = 1
rho = 0.75
cost_multiple = 0.75
"""


def listed(pair: str) -> str:
    """A pair's line in the exchange's list."""
    base, _, quote = pair.partition("/")
    tick = f"0.{'0' * (KNOWN.get(base, 5) - 1)}1"
    return f"kraken,{base}{quote},crypto,{pair},{quote},1,{tick},0.00000001,{base}{quote},0.00005"


def used_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def exchange(place: Path, events: int) -> Iterator[dict[str, Any]]:
    """A sandbox's ready line, with an account that has money."""
    catalog = place / "pairs.csv"
    catalog.write_text("\n".join((HEADER, *map(listed, PAIRS))))
    options = ("--port", "0", "--seed", "7", "--catalog", str(catalog), "--tier", "pro")
    command = (*ZOE, "sandbox", *options, "--market", f"lively:{events}")
    with (place / "exchange.txt").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=place)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        wanted = {"balances": BALANCES, "tier": "pro"}
        ready |= requests.post(f"{ready['admin']}/keys", json=wanted, timeout=10).json()
        yield ready | {"pid": process.pid}
    finally:
        process.kill()
        process.wait()


@contextmanager
def desk(place: Path, mode: str, there: dict[str, Any]) -> Iterator[tuple[int, Path]]:
    """A desk's process id and its configuration, once it is ready."""
    file = place / f"{mode}.toml"
    file.write_text(config(mode))
    environ = {
        "HOME": str(place), "PATH": os.environ["PATH"], "ZOE_STATE_DIR": str(place / mode),
        "EXCHANGE": "sandbox", "KRAKEN_REST_URL": there["rest"], "KRAKEN_WS_URL": there["ws"],
        "KRAKEN_WS_AUTH_URL": there["ws_auth"], "KRAKEN_API_KEY": there["key"],
        "KRAKEN_API_SECRET": there["secret"],
    }  # fmt: skip
    os.environ |= environ
    log = place / mode / "log" / "zoe.jsonl"
    with (place / f"{mode}.txt").open("wb") as errors:
        process = subprocess.Popen((*ZOE, "run", "--config", str(file)), stderr=errors, cwd=place)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not log.exists() or b'"desk.ready"' not in log.read_bytes():
            assert process.poll() is None and time.monotonic() < until, errors.name
            time.sleep(0.2)
        yield process.pid, file
    finally:
        process.terminate()
        process.wait()


class Counter:
    """Counts the frames of the same pairs and channels."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(url, skip_utf8_validation=True)
        for channel, more in (("book", {"depth": 10}), ("trade", {}), ("ticker", {})):
            wanted = {"channel": channel, "symbol": list(PAIRS), **more}
            self._socket.send(json.dumps({"method": "subscribe", "params": wanted}))
        self.frames = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError, websocket.WebSocketException):
            while True:
                self._socket.recv_frame()
                self.frames += 1


def shown(file: Path, name: str) -> dict[str, Any]:
    """``zoe strategy show``."""
    command = (*ZOE, "strategy", "show", name, "--json", "--config", str(file))
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(mode: str, events: int, seconds: float) -> float:
    """Per cent of a processor at 2,000 frames a second."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with exchange(place, events) as there, desk(place, mode, there) as (pid, file):
            counter = Counter(there["ws"])
            time.sleep(WARM_SECONDS)
            before = [shown(file, each) for each in ("edge_factory", "crypto_trader")]
            began, used, frames = time.monotonic(), used_seconds(pid), counter.frames
            theirs = used_seconds(there["pid"])
            time.sleep(seconds)
            passed, used = time.monotonic() - began, used_seconds(pid) - used
            frames, theirs = counter.frames - frames, used_seconds(there["pid"]) - theirs
            after = [shown(file, each) for each in ("edge_factory", "crypto_trader")]
    a_second = frames / passed
    percent = 100 * used / passed * AIM_FRAMES / a_second
    wakes = [(b["wakes"] - a["wakes"]) / passed for a, b in zip(before, after, strict=True)]
    rows = [(b["decisions"] - a["decisions"]) / passed for a, b in zip(before, after, strict=True)]
    print(
        f"{mode:6} {a_second:7,.0f} frames/s, {100 * used / passed:5.1f} % of a processor, "
        f"{1e6 * used / frames:4.0f} us a frame; at {AIM_FRAMES:,} frames/s {percent:5.1f} %; views a second "
        f"{wakes[0]:.0f} and {wakes[1]:.0f}, decisions written {rows[0]:.1f} and {rows[1]:.1f}; exchange {100 * theirs / passed:.0f} %"
    )
    return percent


def main() -> int:
    """Prints a line a mode; 1 where live costs more than the aim."""
    parser = argparse.ArgumentParser(description="What strategies of many pairs cost a desk.")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--events", type=int, default=5_600, help="a second, of all pairs")
    parser.add_argument(
        "--modes", nargs="+", choices=("live", "shadow", "off"), default=["live", "off"]
    )
    given = parser.parse_args()
    found = {mode: measured(mode, given.events, given.seconds) for mode in given.modes}
    return int(found.get("live", 0) > 50)


if __name__ == "__main__":
    sys.exit(main())
