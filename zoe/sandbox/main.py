"""``zoe sandbox``: a Kraken-compatible exchange as a process of its own."""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zoe.sandbox.problems import CannotStart

if TYPE_CHECKING:
    from zoe.sandbox.core.exchange import Exchange
    from zoe.sandbox.core.memory import Memory

CANNOT_START: Final = 2
HTTP_OK: Final = 200
_EXAMPLE: Final = "example: zoe sandbox --port 8080 --seed 7 --tier pro --journal sandbox.jsonl"


def main(arguments: Sequence[str]) -> int:
    """Runs a sandbox until it is told to stop; the exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        _run(wanted)
    except CannotStart as problem:
        print(f"zoe sandbox: {problem}", file=sys.stderr)
        return CANNOT_START
    except OSError as problem:
        print(f"zoe sandbox: the journal cannot be written: {problem}", file=sys.stderr)
        return CANNOT_START
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zoe sandbox",
        description="A Kraken-compatible exchange on this machine. It prints one JSON line when "
        "it accepts connections, and runs until SIGTERM or SIGINT.",
        epilog=_EXAMPLE,
    )
    add = parser.add_argument
    add("--port", type=_port, default=0, help="on 127.0.0.1; 0 takes any that is free (default)")
    add("--seed", type=int, help="of everything that is left to chance; default: another each time")
    add("--tier", choices=("starter", "intermediate", "pro"), default="starter")
    add("--catalog", type=Path, metavar="FILE", help="a WS v2 instrument snapshot, or a pairs CSV")
    add("--pairs", metavar="LIST", help="BTC/USD,ETH/USD or all; default: the well-known ones")
    add(
        "--market",
        default="synthetic",
        metavar="HOW",
        help="synthetic (default), synthetic:N for N events a second, quiet, or replay:FILE",
    )
    add("--lag-ms", type=_span, default=(0, 0), metavar="A:B", help="how far REST's views lag")
    add("--faults", type=Path, metavar="FILE", help="faults to begin with: JSON, as POSTed")
    add("--journal", type=Path, metavar="FILE", help="kept here, and gone on with")
    add("--life-line", action="store_true", help=argparse.SUPPRESS)
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _span(text: str) -> tuple[int, int]:
    low, _, high = text.partition(":")
    span = int(low), int(high or low)
    if not 0 <= span[0] <= span[1]:
        raise ValueError(text)
    return span


def _run(wanted: argparse.Namespace) -> None:
    # Imported late: help and usage errors are told at once.
    from zoe.sandbox import server

    bound = server.listen(wanted.port)
    make = _maker(wanted)
    port: int = bound.getsockname()[1]
    asyncio.run(server.serve(make, bound, partial(_tell_ready, port), life_line=wanted.life_line))


def _maker(wanted: argparse.Namespace) -> "Callable[[int], Exchange]":
    from zoe.sandbox import catalogs, markets
    from zoe.sandbox.core.config import Config
    from zoe.sandbox.core.exchange import Exchange
    from zoe.sandbox.core.memory import InMemory

    listed = catalogs.choose(wanted.catalog, wanted.pairs)
    seed = secrets.randbits(32) if wanted.seed is None else wanted.seed
    config = Config(
        assets=listed.assets,
        pairs=listed.pairs,
        seed=seed,
        tier=wanted.tier,
        market=markets.market(wanted.market, listed.pairs, seed),
        lag_ms=wanted.lag_ms,
    )
    faults = _faults(wanted.faults)
    memory: Memory = InMemory() if wanted.journal is None else _journal(wanted.journal)

    def make(now_ns: int) -> Exchange:
        try:
            exchange = Exchange(config, memory, now_ns)
        except ValueError as problem:
            raise CannotStart(str(problem)) from problem
        for fault in faults:
            _plant(exchange, now_ns, fault)
        return exchange

    return make


def _journal(path: Path) -> "Memory":
    from zoe.sandbox.journal_file import JournalFile

    journal = JournalFile(path)
    if journal.torn:
        text = f"cut {journal.torn} bytes of an incomplete last line off {path}"
        print(f"zoe sandbox: {text}", file=sys.stderr)
    return journal


def _faults(path: Path | None) -> list[Any]:
    """One fault, an array of them, or one a line."""
    if path is None:
        return []
    try:
        text = path.read_text()
        try:
            told = json.loads(text)
        except ValueError:
            told = [json.loads(line) for line in text.splitlines() if line.strip()]
    except OSError as problem:
        raise CannotStart(f"faults {path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise CannotStart(f"faults {path}: {problem}") from problem
    return told if isinstance(told, list) else [told]


def _plant(exchange: "Exchange", now_ns: int, fault: Any) -> None:
    from zoe.sandbox.core.wire import HttpRequest, HttpResponse

    body = json.dumps(fault).encode()
    request = HttpRequest(0, "POST", "/sandbox/faults", "", {}, body)
    for delivery in exchange.request(now_ns, request):
        answer = delivery.payload
        if isinstance(answer, HttpResponse) and answer.status != HTTP_OK:
            raise CannotStart(f"fault {body.decode()[:200]}: {json.loads(answer.body)['error']}")


def _tell_ready(port: int, exchange: "Exchange") -> None:
    key, secret = exchange.first_key
    host = f"127.0.0.1:{port}"
    line = {
        "ready": True,
        "rest": f"http://{host}",
        "ws": f"ws://{host}/v2",
        "ws_auth": f"ws://{host}/auth/v2",
        "admin": f"http://{host}/sandbox",
        "key": key,
        "secret": secret,
        "pid": os.getpid(),
    }
    # Nobody may be listening: that is no reason not to serve.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(line, separators=(",", ":")), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
