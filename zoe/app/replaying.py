"""Recorded frames through the parts that read live ones: decoder, books, and MarketWatch.

The frames come as fast as they can be read, which no exchange does: what MarketWatch cannot keep
up with is conflated, and the newest quote of each pair stays.
"""

import resource
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.shelf import Precision
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.errors import ZoeError
from zoe.messages.market import FrameNotUnderstood, Quote, TradePrints
from zoe.runtime.message import Envelope, Fate
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime

#: Told last: trades are never dropped, so that whoever sees it has seen all.
_END: Final = TradePrints("", ())
_END_SECONDS: Final = 60
_WATCHER: Final = "watcher"


@attrs.frozen
class Pass:
    """One pass over a recording.

    Attributes:
        seconds: From the first frame until MarketWatch has told the last quote.
        symbols: Checksums that were equal, and that were not, of each pair.
        quotes: How many the decoder gave to MarketWatch.
        told: How many of them MarketWatch told; the others were conflated.
    """

    frames: int
    seconds: float
    not_understood: int
    symbols: Mapping[str, tuple[int, int]]
    quotes: int
    told: int

    @property
    def equal(self) -> int:
        """Checksums that were right."""
        return sum(equal for equal, _ in self.symbols.values())

    @property
    def different(self) -> int:
        """Checksums that were wrong."""
        return sum(different for _, different in self.symbols.values())


class _Watcher:
    """Counts what MarketWatch tells, in MarketWatch's thread, and ends the runtime at the last."""

    def __init__(self, runtime: ThreadRuntime) -> None:
        self._runtime = runtime
        self.told = 0

    def handle(self, envelope: Envelope) -> None:
        """Takes what MarketWatch tells."""
        self.told += isinstance(envelope.message, Quote)
        if envelope.message == _END:
            self._runtime.shutdown(0, "replayed")


def whole(recorded: Iterable[bytes], precisions: Mapping[str, Precision]) -> Pass:
    """One pass through decoder, books and MarketWatch.

    Raises:
        ZoeError: MarketWatch crashed, or did not come to the end.
    """
    runtime = ThreadRuntime(seed=0)
    watcher = _Watcher(runtime)
    runtime.endpoint(_WATCHER, watcher.handle)
    for name in ("wire", "catalogue", "heartbeat"):
        runtime.endpoint(name, lambda envelope: None)
    factory = partial(
        MarketWatch, KrakenVenue(None), tuple(precisions), Audience(listeners=(_WATCHER,))
    )
    runtime.root((Group("market", (Child("market", factory),)),))
    market = runtime.find("market")
    reader = FeedReader(precisions=precisions)
    frames = not_understood = quotes = 0
    began = time.perf_counter()
    for payload in recorded:
        frames += 1
        for message in reader.feed(payload, time.time_ns()):
            not_understood += isinstance(message, FrameNotUnderstood)
            quotes += isinstance(message, Quote)
            market.tell(message)
    market.tell(_END)
    code = runtime.wait(_END_SECONDS)
    if code != 0:
        why = f"still reads after {_END_SECONDS} s" if code is None else "crashed"
        raise ZoeError(f"MarketWatch {why}, with {watcher.told} quotes told")
    crashes = [letter.error for letter in runtime.dead_letters() if letter.reason is Fate.POISON]
    if crashes:
        raise ZoeError(f"MarketWatch crashed on {len(crashes)} messages, first with {crashes[0]}")
    seconds = time.perf_counter() - began
    symbols = {name: (v.equal, v.different) for name, v in reader.verified.items()}
    return Pass(frames, seconds, not_understood, symbols, quotes, watcher.told)


def decoded_only(recorded: Iterable[bytes], precisions: Mapping[str, Precision]) -> float:
    """Seconds of one pass through decoder and books alone."""
    reader = FeedReader(precisions=precisions)
    began = time.perf_counter()
    for payload in recorded:
        reader.feed(payload, 0)
    return time.perf_counter() - began


def resident_bytes() -> int:
    """What this process holds in memory, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()


def peak_bytes() -> int:
    """The most it ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
