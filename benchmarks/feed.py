"""What a public frame costs: in one thread, from a socket through the real actors, and in a burst.

    python benchmarks/feed.py [--recording FILE] [--frames N] [--seconds N] [--only PART ...]

Parts: ``recording`` and ``mix`` (one thread, beside bare decoders of the same frames in the same
process), ``peers`` (other people's books on the same frames, in their own environment), ``socket``
(a process that sends as fast as it is read, then 2,000 frames a second), ``burst`` (20 times as
many for a while). Figures of one thread are processor time of the best round, so that a busy
machine changes them little; ratios are what counts.
"""

import argparse
import gc
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import frames as generated
import msgspec
from feed_bare import Loop
from sender import Plan, serve

from zoe.actors.focus_keeper import Scouted
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.actors.scout import Scout
from zoe.adapters.kraken import frames, recording
from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.adapters.kraken.shelf import Precision
from zoe.adapters.kraken.venue import CALM_NS, KrakenVenue
from zoe.adapters.wire import ThreadWire
from zoe.app import huge_pages
from zoe.app.tree import ORDERS
from zoe.domain.catalog import Catalog
from zoe.domain.focus import FocusConfig
from zoe.domain.scan import ScanConfig
from zoe.messages.journal import Hydrate, Hydrated
from zoe.messages.market import InstrumentsChanged, Quote, TradePrints
from zoe.messages.orders import OrdersReported
from zoe.messages.scan import Ranked
from zoe.messages.system import CatalogChanged
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Child
from zoe.runtime.threads import ThreadRuntime

SHARED: Final = Path(__file__).resolve().parents[2] / "shared" / "fixtures"
RECORDING: Final = SHARED / "ws-v2-book-btcusd-depth10.json"
FOREIGN: Final = Path(__file__).resolve().parents[1] / ".venv-foreign" / "bin" / "python"
ROUNDS: Final = 7
SEED: Final = 7
PAIRS: Final = 200
#: Frames of exchange time a second, for the readers' calm.
NORMAL: Final = 2_000
KEPT_AGES: Final = 100_000
#: Frames that one read brings from a socket that is never empty.
TOGETHER: Final = 250
#: Whatever is under way must have come by then.
DRAIN_SECONDS: Final = 30
#: As a desk's readers tell, with ten levels of each side; and what that adds to the best prices.
DESK: Final = Telling("public/0", CALM_NS, levels=True)
FLAT: Final = Telling("public/0", CALM_NS)


class _Decimals(msgspec.Struct):
    price: Decimal
    qty: Decimal


class _Row(msgspec.Struct):
    symbol: str
    checksum: int
    bids: list[_Decimals]
    asks: list[_Decimals]
    timestamp: str | None = None


class _Book(msgspec.Struct, tag_field="channel", tag="book"):
    type: str
    data: list[_Row]


#: The bare loop: every number an exact decimal, and nothing done with it.
EXACT: Final = msgspec.json.Decoder(_Book | frames.TickerFrame | frames.TradeFrame)
#: The same of a stream that also answers.
ANY: Final = msgspec.json.Decoder(float_hook=Decimal)


def cost(run: Callable[[], object], count: int) -> float:
    """Microseconds of processor time a frame, at best."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best / count * 1e6


def as_a_desk() -> None:
    """Memory as a desk has it from when it is ready: out of the collector's sight, in huge pages."""
    gc.freeze()
    huge_pages.collapse()


def bare(decode: Callable[[bytes], object], payloads: Iterable[bytes]) -> None:
    """Decodes and forgets."""
    for payload in payloads:
        decode(payload)


def read(payloads: list[bytes], known: dict[str, Precision], telling: Telling) -> FeedReader:
    """Feeds the frames at their pace to a new reader."""
    reader = FeedReader(generated.DEPTH, known, telling)
    step_ns = 1_000_000_000 // NORMAL
    at_ns = 1
    for payload in payloads:
        reader.feed(payload, at_ns)
        at_ns += step_ns
    return reader


def read_together(
    payloads: list[bytes], known: dict[str, Precision], telling: Telling = DESK
) -> FeedReader:
    """Feeds the frames as full reads of a socket bring them, to a desk's reader."""
    reader = FeedReader(generated.DEPTH, known, telling)
    for first in range(0, len(payloads), TOGETHER):
        at_ns = 1 + first * 1_000_000_000 // NORMAL
        for _ in reader.feed_all(payloads[first : first + TOGETHER], at_ns):
            pass  # each part is made when it is asked for
    return reader


def show(name: str, microseconds: float, reference: float | None = None) -> None:
    """One line of the table."""
    ratio = "" if reference is None else f"{microseconds / reference:6.2f} x bare"
    print(f"  {name:46} {microseconds:7.2f} us {1e6 / microseconds:11,.0f} frames/s  {ratio}")


def recorded(path: Path) -> None:
    """The recorded book, as it is kept and as the wire has it."""
    if not path.exists():
        print(f"recording: {path} is not here", file=sys.stderr)
        return
    payloads = list(recording.read(path))
    known = recording.precisions(payloads)
    wire = [json.dumps(json.loads(each), separators=(",", ":")).encode() for each in payloads]
    many = wire * 20
    print(f"recording: {len(payloads)} book frames of BTC/USD")
    reference = cost(lambda: bare(EXACT.decode, many), len(many))
    show("bare decoder, exact decimals", reference)
    show(
        "reader: book, checksum, every quote",
        cost(lambda: read(many, known, Telling()), len(many)),
        reference,
    )
    calm = read(many, known, DESK)
    assert all(v.equal == len(many) for v in calm.verified.values()), calm.verified
    show("reader of a desk", cost(lambda: read(many, known, DESK), len(many)), reference)


def mix(count: int) -> None:
    """60 % book, 30 % ticker, 10 % trade over 200 pairs."""
    pairs = generated.market(SEED, PAIRS)
    first = [pair.snapshot() for pair in pairs]
    payloads = list(generated.mixed(SEED, pairs, count))
    known = {pair.symbol: pair.precision for pair in pairs}
    as_a_desk()
    print(f"mix: {count:,} frames of {PAIRS} pairs")
    reference = cost(lambda: bare(EXACT.decode, payloads), count)
    show("bare decoder, exact decimals", reference)
    everything = first + payloads
    for name, telling in (
        ("reader: book, checksum, all told", Telling()),
        ("reader of a desk", DESK),
    ):
        reader = read(everything, known, telling)
        assert not sum(v.different for v in reader.verified.values())
        total = cost(partial(read, everything, known, telling), len(everything))
        show(f"{name}", total, reference)
    for name, telling in (("", DESK), (", best prices alone", FLAT)):
        reader = read_together(everything, known, telling)
        assert not sum(v.different for v in reader.verified.values())
        total = cost(partial(read_together, everything, known, telling), len(everything))
        show(f"reader of a desk, {TOGETHER} frames a read{name}", total, reference)
    for kind in ("book", "ticker", "trade"):
        mark = b'{"channel":"%s"' % kind.encode()
        only = [payload for payload in payloads if payload.startswith(mark)]
        each = cost(partial(bare, EXACT.decode, only), len(only))
        show(f"  {kind}: bare", each)
        show(f"  {kind}: desk", cost(partial(read, first + only, known, DESK), len(only)), each)


def peers(count: int) -> None:
    """Other people's books, in their own environment, on the book frames of 20 pairs."""
    if not FOREIGN.exists():
        print("peers: bin/foreign makes their environment", file=sys.stderr)
        return
    pairs = generated.market(SEED, 20)
    rng = Random(SEED)
    payloads = [pair.snapshot() for pair in pairs]
    payloads += [rng.choice(pairs).change() for _ in range(count)]
    known = {pair.symbol: pair.precision for pair in pairs}
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(b"\n".join(payloads))
        file.flush()
        command = (str(FOREIGN), str(Path(__file__).with_name("feed_peers.py")), file.name)
        said = subprocess.run((*command, json.dumps(known)), capture_output=True, text=True)  # noqa: PLW1510  # its error is shown
    if said.returncode:
        print(said.stderr, file=sys.stderr)
        return
    print(f"peers: {count:,} book frames of {len(pairs)} pairs, no socket")
    everything = cost(partial(read, payloads, known, Telling()), len(payloads))
    show("zoe: exact, checksum, every quote told", everything)
    ours = cost(partial(read, payloads, known, DESK), len(payloads))
    show("zoe: exact, checksum, frame by frame to a desk", ours)
    ours = cost(partial(read_together, payloads, known), len(payloads))
    show(f"zoe: exact, checksum, {TOGETHER} frames a read", ours)
    for name, microseconds in json.loads(said.stdout).items():
        show(f"{name} ({microseconds / ours:.1f} x ours)", microseconds)


class Watcher:
    """Counts what a strategy would be told, and how old it is."""

    def __init__(self) -> None:
        self.quotes = self.trades = 0
        #: Of the newest quotes; its size is fixed, so that what grows is the desk's.
        self.ages_ns = array("q", bytes(8 * KEPT_AGES))
        self.sums: dict[str, int] = {}

    def handle(self, envelope: Envelope) -> None:
        """Takes what MarketWatch tells, in its thread."""
        news = envelope.message
        if isinstance(news, Quote):
            self.ages_ns[self.quotes % KEPT_AGES] = time.time_ns() - news.received_ns
            self.quotes += 1
        elif isinstance(news, TradePrints):
            self.trades += 1
            self.sums[news.symbol] = news.count

    def newest(self, count: int) -> list[int]:
        """Ages of so many newest quotes, or of all that are kept, sorted."""
        first = max(self.quotes - min(count, KEPT_AGES), 0)
        return sorted(self.ages_ns[n % KEPT_AGES] for n in range(first, self.quotes)) or [0]


class Desk:
    """MarketWatch and the scout on real threads and sockets; the rest of the desk is deaf.

    Each has the kind of thread that it has in a desk. Pairs that a strategist looks at are
    configured, where there are others beside them these come by their rank.
    """

    def __init__(
        self, url: str, plan: Plan, pairs: list[generated.Pair], *, scouted: bool, looked_at: int
    ) -> None:
        self.runtime = ThreadRuntime(seed=1)
        self.watcher = Watcher()
        runtime, venue = self.runtime, KrakenVenue(None, public_url=url, levels=True)
        runtime.endpoint("wire", ThreadWire(runtime).handle)
        runtime.endpoint("strategy", self.watcher.handle)
        for name in ("catalogue", "heartbeat", "ledger"):
            runtime.endpoint(name, lambda envelope: None)
        runtime.endpoint("journal", _nothing_stored)
        runtime.endpoint("orders", self._no_orders)
        symbols = tuple(pair.symbol for pair in pairs[: plan.focused])
        audience = Audience(listeners=("strategy",), of_pair=dict.fromkeys(symbols[:looked_at], ()))
        given = symbols[: looked_at or plan.focused]
        by_rank = Scouted("a", FocusConfig(budget=plan.focused, warm_up_seconds=0))
        focus = None if given == symbols else by_rank
        market = partial(MarketWatch, venue, given, audience, focus)
        children = [Child("market", market, dispatcher=ORDERS)]
        if scouted:
            config = ScanConfig(enabled=True, min_turnover_usd=0)
            children.append(Child("scout", lambda: Scout("a", venue, config)))
        runtime.root(tuple(children))
        if scouted:
            runtime.find("scout").tell(CatalogChanged(_catalog(pairs)))
        if focus is not None:
            runtime.find("market").tell(Ranked(symbols))

    def _no_orders(self, envelope: Envelope) -> None:
        self.runtime.find("market").tell(OrdersReported(()))

    def end(self) -> None:
        """Stops the threads."""
        self.runtime.shutdown(0, "measured")
        self.runtime.wait(10)


def _nothing_stored(envelope: Envelope) -> None:
    if isinstance(envelope.message, Hydrate):
        envelope.message.reply_to.tell(Hydrated(envelope.message.ref, ()))


def _catalog(pairs: list[generated.Pair]) -> Catalog:
    (news,) = (
        said
        for said in FeedReader().feed(generated.instruments(pairs), 0)
        if isinstance(said, InstrumentsChanged)
    )
    return Catalog(1, {pair.symbol: pair for pair in news.instruments})


def through_sockets(
    plan: Plan, seconds: float, *, scouted: bool = False, looked_at: int = 0
) -> dict[str, Any]:
    """One desk against one sender, for some seconds after everything was sent once.

    Args:
        looked_at: So many of the pairs in focus a strategist looks at.
    """
    process, mine, port = _sender(plan)
    pairs = generated.market(plan.seed, plan.pairs)
    url = f"ws://127.0.0.1:{port}/v2"
    desk = Desk(url, plan, pairs, scouted=scouted, looked_at=looked_at)
    try:
        mine.send("go")
        settle = mine.recv()  # everything was subscribed, and snapshots are out
        del settle
        time.sleep(1)
        as_a_desk()
        before = _state(desk, mine)
        time.sleep(seconds)
        after = _state(desk, mine)
        lost = _lost(desk, mine)
    finally:
        mine.send("end")
        desk.end()
        process.join(5)
    passed = after["at"] - before["at"]
    ages = desk.watcher.newest(int(after["quotes"] - before["quotes"]))
    return {
        "frames_a_second": (after["sent"] - before["sent"]) / passed,
        "cpu_percent": (after["cpu"] - before["cpu"]) / passed * 100,
        "age_p50_us": ages[len(ages) // 2] / 1e3,
        "age_p99_us": ages[len(ages) * 99 // 100] / 1e3,
        "grown_mb": (after["peak"] - before["peak"]) / 1e6,
        "held_mb": before["peak"] / 1e6,
        "quotes": after["quotes"] - before["quotes"],
        "lost": lost,
        "threads": threading.active_count(),
    }


def _lost(desk: Desk, pipe: Any) -> int:
    """Trades that were sent, and are in no sum that the strategy was told, when all has come."""
    pipe.send("pause")
    _, traded = pipe.recv()
    until = time.monotonic() + DRAIN_SECONDS
    while (heard := sum(desk.watcher.sums.values())) < traded and time.monotonic() < until:
        time.sleep(0.05)
    return traded - heard


def _state(desk: Desk, pipe: Any) -> dict[str, float]:
    pipe.send("count")
    sent, _ = pipe.recv()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "at": time.monotonic(),
        "sent": sent,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
        "quotes": desk.watcher.quotes,
    }


def _tell(name: str, figures: dict[str, Any]) -> None:
    print(
        f"  {name:46} {figures['frames_a_second']:9,.0f} frames/s, "
        f"{figures['cpu_percent']:5.1f} % of a processor, age of quotes p50 "
        f"{figures['age_p50_us']:,.0f} us, p99 {figures['age_p99_us']:,.0f} us, "
        f"memory grown {figures['grown_mb']:.1f} MB, {figures['lost']} trades lost"
    )


def sockets(seconds: float) -> None:
    """From a loopback socket through the real actors."""
    print("socket: a sender in a process of its own; the desk's own processor time")
    full = Plan(SEED, PAIRS, 40, rate=0)
    _tell("40 pairs in focus, as fast as it reads", through_sockets(full, seconds))
    slow = Plan(SEED, PAIRS, 40, rate=NORMAL)
    _tell("40 pairs in focus, 2,000 frames/s", through_sockets(slow, seconds))
    figures = through_sockets(slow, seconds, looked_at=40)
    _tell("  the same, a strategist looks at each pair", figures)
    wide = Plan(SEED, 1_262, 40, rate=NORMAL)
    figures = through_sockets(wide, seconds, scouted=True)
    _tell("1,262 pairs scouted, 40 in focus, 2,000/s", figures)
    figures = through_sockets(wide, seconds, scouted=True, looked_at=2)
    _tell("  the same, a strategist looks at two of them", figures)


def burst(seconds: float) -> None:
    """20 times as many frames: memory stays, quotes stay young, no trade is lost."""
    print(f"burst: 40,000 frames/s for {seconds:g} s")
    plan = Plan(SEED, PAIRS, 40, rate=20 * NORMAL)
    figures = through_sockets(plan, seconds, looked_at=40)
    _tell("40 pairs in focus, a strategist looks at each", figures)
    ages = _bare_ages(plan, seconds / 6)
    print(
        f"  {'a bare loop, read to decoded, a second later':46} age of frames p50 "
        f"{ages[len(ages) // 2] / 1e3:,.0f} us, p99 {ages[len(ages) * 99 // 100] / 1e3:,.0f} us"
    )
    assert not figures["lost"], figures
    assert figures["grown_mb"] < figures["held_mb"] / 10, figures


def _bare_ages(plan: Plan, seconds: float) -> list[int]:
    """How old frames of the same sender are when a bare loop has decoded them, in ns, sorted."""
    process, mine, port = _sender(plan)
    symbols = [pair.symbol for pair in generated.market(plan.seed, plan.focused)]
    mine.send("go")
    loop = Loop(f"ws://127.0.0.1:{port}/v2", symbols)
    try:
        assert mine.recv() == "settled"
        until = time.monotonic() + seconds
        return loop.run(ANY.decode, lambda: time.monotonic() > until)
    finally:
        mine.send("end")
        loop.close()
        process.join(5)


def _sender(plan: Plan) -> tuple[Any, Any, int]:
    """A process that sends, what it is told by, and its port."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(plan, theirs), daemon=True)
    process.start()
    return process, mine, mine.recv()


def main(arguments: list[str]) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What a public frame costs.")
    parser.add_argument("--recording", type=Path, default=RECORDING)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10)
    parts = ("recording", "mix", "peers", "socket", "burst")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    given = parser.parse_args(arguments)
    if "recording" in given.only:
        recorded(given.recording)
    if "mix" in given.only:
        mix(given.frames)
    if "peers" in given.only:
        peers(min(given.frames, 10_000))
    if "socket" in given.only:
        sockets(given.seconds)
    if "burst" in given.only:
        burst(6 * given.seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
