"""Other people's books on the same frames; for the environment of their programs, which knows nothing of zoe.

    .venv-foreign/bin/python benchmarks/feed_peers.py FRAMES PRECISIONS

Frames are snapshots, then changes, one a line. Prints microseconds of processor time a frame: of ccxt.pro
(its checksum is off, as it is by default) and of python-kraken-sdk, which checks. Both without a socket.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import ccxt.pro
from kraken.spot import SpotOrderBookClient

ROUNDS = 3


class Deaf:
    """What ccxt tells its news to."""

    subscriptions: dict[str, Any] = {}

    def resolve(self, *_: object) -> None:
        """Nobody waits."""


def ccxt_books() -> Callable[[str], None]:
    """Takes a frame as ccxt does."""
    exchange, deaf = ccxt.pro.kraken(), Deaf()

    def take(line: str) -> None:
        exchange.handle_message(deaf, json.loads(line))

    return take


def sdk_books(precisions: dict[str, list[int]]) -> Callable[[str], None]:
    """Takes a frame as python-kraken-sdk does."""

    class Market:
        def get_asset_pairs(self, pair: str) -> dict[str, Any]:
            price, qty = precisions[pair]
            return {pair: {"pair_decimals": price, "lot_decimals": qty}}

    client = SpotOrderBookClient.__new__(SpotOrderBookClient)
    kept = {"book": {}, "depth": 10, "callback": lambda **_: None, "market": Market()}
    for name, value in kept.items():
        setattr(client, f"_SpotOrderBookClient__{name}", value)

    def take(line: str) -> None:
        # A coroutine that never waits: run by hand, so that no loop is measured.
        try:
            client.on_message(json.loads(line)).send(None)
        except StopIteration:
            return
        raise RuntimeError("a checksum was wrong")

    return take


def cost(make: Callable[[], Callable[[str], None]], lines: list[str]) -> float:
    """Microseconds a frame, at best."""
    best = float("inf")
    for _ in range(ROUNDS):
        take = make()
        began = time.process_time()
        for line in lines:
            take(line)
        best = min(best, time.process_time() - began)
    return best / len(lines) * 1e6


def main() -> None:
    """Prints one JSON line."""
    with open(sys.argv[1], encoding="ascii") as file:
        lines = file.read().splitlines()
    precisions = json.loads(sys.argv[2])
    print(
        json.dumps(
            {
                f"ccxt.pro {ccxt.__version__}, no checksum": cost(ccxt_books, lines),
                "python-kraken-sdk, checksum": cost(lambda: sdk_books(precisions), lines),
            }
        )
    )


if __name__ == "__main__":
    main()
