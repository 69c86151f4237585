"""How long it takes from a trigger's frame to its order, through the whole desk, risk and store included.

    python benchmarks/tick_to_order.py [--triggers N] [--gap MS] [--rounds N] [--background N ...]
                                       [--only {pinned,free}] [--awake] [--keep]

An exchange in a process of its own sends a book's frames over a loopback socket, each of them a
trigger, among so many frames a second of other pairs, and takes the order that the desk sends for
it: a trigger without its order is missed. Beside it in the same run: a bare loop that reads,
decodes, signs and sends; bare commits, at the triggers' pace too; and nautilus_trader's TradingNode,
where ``bin/check-foreign`` has made its environment. Each takes its turn in each round, and all rounds
count together: one machine's minutes differ by more than what is measured. All is measured free, on
any processor, and pinned, each process on one of its own (a desk's setting: ``desk.pin_cpu``).
``--awake`` keeps the processors from sleeping while any of them is measured
(``desk.cpu_latency_us = 0``), as root.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import attrs
import frames as generated
import msgspec
import websocket
from loguru import logger
from sender import Plan
from tick_desk import Wanted, commits, desk
from tick_exchange import BASE, Course, Outcome, serve
from tick_table import TIMES, Measured, Round, Totals, show, totals

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.socket_frames import FrameStream
from zoe.adapters.socket_reader import connect
from zoe.app import cpu_latency

SEED: Final = 7
PAIRS: Final = 200
FOCUSED: Final = 40
COMMITS: Final = 200
READY_SECONDS: Final = 60
#: The exchange's processor, and the desk's.
EXCHANGE_CPU, DESK_CPU = 0, 1
PEER: Final = Path(__file__).with_name("tick_peer.py")
PEERS_PYTHON: Final = PEER.parent.parent / ".venv-longer/bin/python"


@contextlib.contextmanager
def exchange(cpu: int | None) -> Iterator[tuple[Connection, tuple[int, int]]]:
    """An exchange's process; its pipe and its ports."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    plan = Plan(SEED, PAIRS, FOCUSED, 0)
    process = context.Process(target=serve, args=(plan, theirs, cpu), daemon=True)
    process.start()
    try:
        yield mine, mine.recv()
    finally:
        with contextlib.suppress(OSError):
            mine.send("end")
        process.join(5)
        process.terminate()


def course(pipe: Connection, wanted: Course) -> Outcome:
    """Has a course run."""
    pipe.send(wanted)
    outcome = pipe.recv()
    assert isinstance(outcome, Outcome)
    return outcome


# The bare loop


class _Level(msgspec.Struct):
    price: Decimal
    qty: Decimal


class _Row(msgspec.Struct):
    symbol: str
    checksum: int
    bids: list[_Level]
    asks: list[_Level]


class _Book(msgspec.Struct, tag_field="channel", tag="book"):
    type: str
    data: list[_Row]


_EXACT: Final = msgspec.json.Decoder(_Book | frames.TickerFrame | frames.TradeFrame)


def bare(ports: tuple[int, int], cpu: int | None) -> None:
    """The process: reads, decodes exactly, signs and sends; nothing else."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    pairs = [pair.symbol for pair in generated.market(SEED, PAIRS)]
    out = connect(f"ws://127.0.0.1:{ports[1]}/v2")
    source = connect(f"ws://127.0.0.1:{ports[0]}/v2")
    asked = (("book", pairs[:FOCUSED]), ("trade", pairs[:FOCUSED]), ("ticker", pairs))
    for number, (channel, symbols) in enumerate(asked):
        params = {"channel": channel, "symbol": symbols}
        source.send(json.dumps({"method": "subscribe", "req_id": number, "params": params}))
    try:
        _bare_loop(source, out, pairs[0])
    except (OSError, websocket.WebSocketException):
        return  # the exchange has ended


def _bare_loop(source: websocket.WebSocket, out: websocket.WebSocket, symbol: str) -> None:
    keys, stream, decode = KeyPair("a-key", "c2VjcmV0" * 8), FrameStream(), _EXACT.decode
    source.settimeout(None)
    read = source.sock.recv
    while data := read(1 << 18):
        for payload in stream.feed(data).messages:
            try:
                frame = decode(payload)
            except msgspec.ValidationError:
                continue  # an acknowledgement
            if not isinstance(frame, _Book) or frame.data[0].symbol != symbol:
                continue
            quantity = frame.data[0].bids[0].qty
            if frame.type == "update":
                out.send(_order(keys, symbol, quantity))


def _order(keys: KeyPair, symbol: str, quantity: Decimal) -> bytes:
    params = {
        "order_type": "limit", "side": "buy", "symbol": symbol, "limit_price": 1,
        "order_qty": float(quantity), "cl_ord_id": "bare",
    }  # fmt: skip
    text = json.dumps(params)
    params["sign"] = keys.sign("/0/private/AddOrder", "1", text)
    return json.dumps({"method": "add_order", "params": params, "req_id": 1}).encode()


def measure_bare(wanted: Course, cpus: tuple[int | None, int | None]) -> Totals:
    """The bare loop in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with exchange(cpus[0]) as (pipe, ports):
        process = context.Process(target=bare, args=(ports, cpus[1]), daemon=True)
        process.start()
        try:
            return totals(course(pipe, wanted))
        finally:
            process.terminate()
            process.join(5)


# nautilus_trader


def measure_peer(wanted: Course, cpus: tuple[int | None, int | None]) -> Totals | None:
    """A TradingNode in the desk's place; None where it is not installed."""
    if not PEERS_PYTHON.exists():
        return None
    symbols = [pair.symbol for pair in generated.market(SEED, PAIRS)]
    told = {"pair": symbols[0], "all": symbols, "focus": symbols[:FOCUSED], "base": BASE}
    told |= {"key": "a-key", "secret": "c2VjcmV0" * 8}
    with exchange(cpus[0]) as (pipe, ports):
        words = [str(PEERS_PYTHON), str(PEER), json.dumps(told | {"ports": ports})]
        node = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            if cpus[1] is not None:
                os.sched_setaffinity(node.pid, {cpus[1]})  # its threads are still to come
            return totals(course(pipe, wanted))
        finally:
            node.kill()
            node.wait()


# The desk


def measure_desk(wanted: Course, cpus: tuple[int | None, int | None], place: Path) -> Measured:
    """A desk in a process of its own, on a fresh state."""
    context = multiprocessing.get_context("spawn")
    with exchange(cpus[0]) as (pipe, ports):
        mine, theirs = context.Pipe()
        pairs = [pair.symbol for pair in generated.market(SEED, FOCUSED)]
        told = Wanted(place, ports, pairs[0], tuple(pairs), BASE, cpus[1])
        process = context.Process(target=desk, args=(told, theirs))
        process.start()
        try:
            outcome = course(pipe, wanted)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGTERM)
            if not mine.poll(READY_SECONDS):
                sys.exit(f"the desk does not end: {place}")
            return Measured(outcome, mine.recv())
        finally:
            process.terminate()
            process.join(20)


def measure(arguments: argparse.Namespace, place: Path) -> None:
    """Runs everything and prints the table."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the beginning", flush=True)
    modes = [name for name in TIMES if not arguments.only or name == arguments.only]
    wanted = Course(arguments.triggers // arguments.rounds, arguments.gap / 1e3, 0)
    for background in arguments.background:
        wanted = attrs.evolve(wanted, background=background)
        for name in modes:
            cpus = (EXCHANGE_CPU, DESK_CPU) if name == "pinned" else (None, None)
            rounds = [
                one_round(wanted, cpus, place / f"{name}-{background}-{number}")
                for number in range(arguments.rounds)
            ]
            show(name, wanted, rounds)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def one_round(wanted: Course, cpus: tuple[int | None, int | None], place: Path) -> Round:
    """A turn of each."""
    state = place / "desk"
    state.mkdir(parents=True)
    bare = commits(place / "commits", COMMITS, wanted.gap_seconds)
    loop, peer = measure_bare(wanted, cpus), measure_peer(wanted, cpus)
    return Round(measure_desk(wanted, cpus, state), loop, bare, peer)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--triggers", type=int, default=1_100, help="of each contender (default 1100)"
    )
    parser.add_argument(
        "--rounds", type=int, default=4, help="in which they take their turns (default 4)"
    )
    parser.add_argument("--gap", type=float, default=25, help="ms between them (default 25)")
    parser.add_argument("--background", type=int, nargs="+", default=[0, 1_000, 10_000])
    parser.add_argument("--only", choices=tuple(TIMES), help="one of both")
    parser.add_argument("--awake", action="store_true", help="no processor sleeps meanwhile")
    parser.add_argument(
        "--keep", action="store_true", help="leave the desks' states where they are"
    )
    arguments = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="zoe-tick-"))
    logger.remove()
    place.chmod(0o755)  # as root the database runs as a user of its own
    try:
        with cpu_latency.limited(0 if arguments.awake else cpu_latency.ANY):
            measure(arguments, place)
    finally:
        if not arguments.keep:
            shutil.rmtree(place)
        else:
            print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
