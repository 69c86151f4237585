"""Makes the exchange that the options ask for."""

import argparse
import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from zoe.sandbox import catalogs, markets
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.connects import MOST
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory, Memory
from zoe.sandbox.core.wire import HttpRequest, HttpResponse
from zoe.sandbox.journal_file import JournalFile
from zoe.sandbox.problems import CannotStart

_OK: Final = 200


def maker(wanted: argparse.Namespace) -> Callable[[int], Exchange]:
    """Reads every file and takes the journal; what is returned needs nothing but the time.

    Raises:
        CannotStart: A file cannot be read or makes no sense. The exchange's making raises it too.
    """
    listed = catalogs.choose(wanted.catalog, wanted.pairs)
    seed = secrets.randbits(32) if wanted.seed is None else wanted.seed
    config = Config(
        assets=listed.assets,
        pairs=listed.pairs,
        seed=seed,
        tier=wanted.tier,
        limits=wanted.limits,
        connects=None if wanted.limits == "none" else MOST,
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


def _journal(path: Path) -> Memory:
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
    except (ValueError, RecursionError) as problem:
        raise CannotStart(f"faults {path}: {problem}") from problem
    return told if isinstance(told, list) else [told]


def _plant(exchange: Exchange, now_ns: int, fault: Any) -> None:
    body = json.dumps(fault).encode()
    request = HttpRequest(0, "POST", "/sandbox/faults", "", {}, body)
    for delivery in exchange.request(now_ns, request):
        answer = delivery.payload
        if isinstance(answer, HttpResponse) and answer.status != _OK:
            raise CannotStart(f"fault {body.decode()[:200]}: {json.loads(answer.body)['error']}")
