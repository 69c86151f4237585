"""A desk in virtual time, its market recorded; the recording, replayed, gives the same decisions."""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from zoe.adapters.kraken import recorder
from zoe.adapters.kraken.recorder import RecordFile
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.app import market_decisions
from zoe.app.market_decisions import Decisions, Stand, Wanted
from zoe.app.virtual_wire import VirtualWire
from zoe.domain.focus import FocusConfig
from zoe.domain.scan import ScanConfig
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper
from zoe.messages.frames import FrameReader
from zoe.runtime.message import Message
from zoe.runtime.virtual import EPOCH_NS, VirtualRuntime
from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.market import House
from zoe.sandbox.core.memory import InMemory

MS = 1_000_000
BASES = ("BTC", "ETH", "SOL", "ADA", "DOT", "XRP")
ASSETS = (Asset("USD", "ZUSD", "USD", 4), *(Asset(b, b, b, 10) for b in BASES))
PAIRS = tuple(
    Pair(f"{b}/USD", f"{b}USD", f"{b}USD", f"{b}/USD", b, "USD", 1, 8, 5, 1, 5_000, 50_000)
    for b in BASES
)
WANTED = Wanted(
    ("BTC/USD",),
    ScanConfig(enabled=True, min_turnover_usd=0, max_spread_bps=500, horizon_seconds=60),
    FocusConfig(budget=2, slack=0, min_stay_seconds=20, warm_up_seconds=20),
    QuoteKeeper(Params(pair="BTC/USD", min_base=Decimal(0), max_base=Decimal(25))),
)


class Market:
    """Implements the sandbox's MarketModel: pairs that are lively by turns."""

    def __init__(self) -> None:
        self._rng = random.Random(7)
        self._at_ns: int | None = None
        self._mids = dict.fromkeys(BASES, 900_000)
        self._steps = 0

    def next_ns(self) -> int | None:
        """See MarketModel."""
        return self._at_ns

    def step(self, now_ns: int, house: House) -> None:
        """See MarketModel."""
        # Between the moments at which the scout looks: the replay's fall a little later than the desk's,
        # whose connections took a while to open.
        self._at_ns = now_ns + (500 if self._steps else 250) * MS
        self._steps += 1
        lively = self._steps // 60 % len(BASES)
        for number, base in enumerate(BASES):
            symbol, stride = f"{base}/USD", 900 if number == lively else 30
            mid = self._mids[base] = self._mids[base] + self._rng.randint(-stride, stride)
            for order in tuple(house.orders(symbol)):
                house.cancel(symbol, order)
            for distance in (250, 400):
                house.place(symbol, "buy", mid - distance, 50_000_000)
                house.place(symbol, "sell", mid + distance, 50_000_000)
            if self._rng.random() < (0.9 if number == lively else 0.2):
                house.take(symbol, self._rng.choice(("buy", "sell")), 1_000_000, None)


class Recorded:
    """A reader whose frames are kept as they came."""

    def __init__(self, reader: FrameReader, keep: Callable[[bytes, int], None]) -> None:
        self._reader = reader
        self._keep = keep

    def feed(self, payload: bytes, received_ns: int) -> Any:
        """See FrameReader."""
        self._keep(payload, received_ns)
        return self._reader.feed(payload, received_ns)

    def feed_all(self, payloads: Iterable[bytes], received_ns: int) -> list[Sequence[Message]]:
        """See FrameReader."""
        return [self.feed(payload, received_ns) for payload in payloads]


@attrs.frozen
class RecordingVenue(KrakenVenue):
    """A venue whose public frames are recorded."""

    keep: Callable[[bytes, int], None] = attrs.field(kw_only=True)

    def public_reader(self, connection: str) -> Callable[[], FrameReader]:
        """See Venue."""
        make = super().public_reader(connection)
        return lambda: Recorded(make(), self.keep)


def lived(path: Path, seconds: int) -> Decisions:
    """The decisions of a desk on a sandbox, whose market is recorded."""
    file = RecordFile(path)
    runtime = VirtualRuntime(3)
    config = Config(ASSETS, PAIRS, seed=3, tier="pro", market=Market(), limits="none")
    exchange = Exchange(config, InMemory(), EPOCH_NS)
    wire = VirtualWire(runtime, exchange, 3, latency_ns=lambda rng: 5 * MS)
    stand = Stand(runtime, RecordingVenue(None, keep=file.add), WANTED, wire.handle)
    runtime.run_for(seconds)
    file.close()
    return stand.decisions


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Decisions]:
    path = tmp_path_factory.mktemp("market") / "market.gz"
    return path, lived(path, 240)


def test_a_recording_of_a_desks_market_gives_the_desks_decisions(
    told: tuple[Path, Decisions],
) -> None:
    path, live = told
    assert live.counts["scan.ranked"] >= 3
    assert live.counts["strategy.quoted"] > 50
    changes = [c for line in live.lines if "focus.changed" in line for c in json.loads(line)[1]["changes"]]  # fmt: skip
    assert {change["promoted"] for change in changes} == {True, False}
    replayed = market_decisions.decide(recorder.timed(path), WANTED)
    assert replayed.lines == live.lines
    assert replayed.sha256 == live.sha256


def test_another_configuration_decides_otherwise(told: tuple[Path, Decisions]) -> None:
    path, live = told
    other = attrs.evolve(WANTED, scan=attrs.evolve(WANTED.scan, weight_momentum=0))
    assert market_decisions.decide(recorder.timed(path), other).sha256 != live.sha256


def test_a_frame_that_is_changed_changes_what_is_decided(told: tuple[Path, Decisions]) -> None:
    path, live = told
    frames = list(recorder.timed(path))
    changed = next(
        n for n, (_, payload) in enumerate(frames)
        if n > 500 and b'"book","type":"update"' in payload and b"BTC/USD" in payload
    )  # fmt: skip
    at, payload = frames[changed]
    frames[changed] = (at, payload.replace(b'"checksum":', b'"checksum":1'))
    assert market_decisions.decide(frames, WANTED).sha256 != live.sha256


def test_nothing_decides_nothing() -> None:
    assert market_decisions.decide([], WANTED).lines == []
