"""``zoe sandbox``: a Kraken-compatible exchange as a process of its own."""

import contextlib
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from zoe.sandbox import options
from zoe.sandbox.problems import CannotStart

if TYPE_CHECKING:
    import argparse

    from zoe.sandbox.core.exchange import Exchange

CANNOT_START: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Runs a sandbox until it is told to stop; the exit code."""
    wanted = options.parse(arguments)
    try:
        _run(wanted)
    except CannotStart as problem:
        print(f"zoe sandbox: {problem}", file=sys.stderr)
        return CANNOT_START
    except OSError as problem:
        print(f"zoe sandbox: the journal cannot be written: {problem}", file=sys.stderr)
        return CANNOT_START
    return 0


def _run(wanted: "argparse.Namespace") -> None:
    # Imported late: help and usage errors are told at once.
    import asyncio

    from zoe.sandbox import assembly, server

    bound = server.listen(wanted.port)
    make = assembly.maker(wanted)
    ready = partial(_tell_ready, bound.getsockname()[1])
    asyncio.run(server.serve(make, bound, ready, life_line=wanted.life_line))


def _tell_ready(port: int, exchange: "Exchange") -> None:
    import json
    import os

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
