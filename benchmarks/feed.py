"""What a public frame costs: in one thread, from a socket through the real actors, and in a burst.

    python benchmarks/feed.py [--recording FILE] [--frames N] [--seconds N] [--only PART ...]

Parts: ``recording`` and ``mix`` (one thread, beside bare decoders of the same frames in the same
process), ``peers`` (other people's books on the same frames, in their own environment), ``socket``
(a process that sends as fast as it is read, then 2,000 frames a second), ``burst`` (20 times as
many for a while, pinned, each process on a processor of its own, which is a desk's setting
``desk.pin_cpu``, and free; ages since bytes were read, which is what a desk knows of its quotes, and
since they were sent, which counts what waits in a socket). Figures of one thread are processor time of the best round, so that a
busy machine changes them little; ratios are what counts.
"""

import argparse
import contextlib
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import attrs
import frames as generated
import msgspec
from feed_bare import Loop
from feed_desk import Figures, as_a_desk, kept_on, middle_and_tail, sending, through_sockets
from sender import Plan

from zoe.adapters.kraken import frames, recording
from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.adapters.kraken.recorded_frames import Recording
from zoe.adapters.kraken.shelf import Precision
from zoe.adapters.kraken.venue import CALM_NS

SHARED: Final = Path(__file__).resolve().parents[2] / "shared" / "fixtures"
RECORDING: Final = SHARED / "ws-v2-book-btcusd-depth10.json"
FOREIGN: Final = Path(__file__).resolve().parents[1] / ".venv-foreign" / "bin" / "python"
ROUNDS: Final = 7
SEED: Final = 7
PAIRS: Final = 200
#: So many the exchange has.
WHOLE_MARKET: Final = 1_262
#: Frames of exchange time a second, for the readers' calm.
NORMAL: Final = 2_000
#: Frames that one read brings from a socket that is never empty.
TOGETHER: Final = 250
#: Processors where all is pinned, and what is allowed of a bare loop's age at p99.
SENDER_CPU, DESK_CPU = 0, 1
BURST_TIMES: Final = 3
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
    payloads = list(Recording(path))
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


def _tell(name: str, figures: Figures) -> None:
    p50, p99 = figures.ages_us
    print(
        f"  {name:46} {figures.frames_a_second:9,.0f} frames/s, "
        f"{figures.cpu_percent:5.1f} % of a processor, age of quotes p50 {p50:,.0f} us, "
        f"p99 {p99:,.0f} us, memory grown {figures.grown_mb:.1f} MB, {figures.lost} trades lost"
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
    wide = Plan(SEED, WHOLE_MARKET, 40, rate=NORMAL)
    figures = through_sockets(wide, seconds, scouted=True)
    _tell("1,262 pairs scouted, 40 in focus, 2,000/s", figures)
    figures = through_sockets(wide, seconds, scouted=True, looked_at=2)
    _tell("  the same, a strategist looks at two of them", figures)


def burst(seconds: float) -> None:
    """20 times as many frames: memory stays, quotes stay young, no trade is lost."""
    print(
        f"burst: 40,000 frames/s for {seconds:g} s, {PAIRS} pairs, 40 of them in focus and looked at"
    )
    for name, sender_cpu, cpu in (("pinned", SENDER_CPU, DESK_CPU), ("free", None, None)):
        plan = Plan(SEED, PAIRS, 40, 20 * NORMAL, sender_cpu)
        _beside_bare(f"{name}: 60 % book, 30 % ticker, 10 % trade", plan, seconds, cpu)
        # Harder than the aim's mix: a bare loop reads a book sooner than a ticker, a desk does not.
        _beside_bare(f"{name}: 90 % book, 10 % trade", plan, seconds / 3, cpu, tickers=False)
        whole = attrs.evolve(plan, pairs=WHOLE_MARKET)
        _beside_bare(f"{name}: the mix, of {WHOLE_MARKET:,} pairs", whole, seconds / 3, cpu)


def _beside_bare(
    name: str, plan: Plan, seconds: float, cpu: int | None, *, tickers: bool = True
) -> None:
    """A desk's figures, and how many times a bare loop's its p99 are; the aim is about the mix of 200 pairs."""
    figures = through_sockets(plan, seconds, scouted=tickers, looked_at=plan.focused, cpu=cpu)
    assert not figures.lost, figures
    assert figures.grown_mb < figures.held_mb / 10, figures
    _tell(name, figures)
    ages, sent = _bare_ages(plan, seconds / 6, cpu, tickers=tickers)
    for since, desk, loop in (("read", figures.ages_us, ages), ("sent", figures.sent_us, sent)):
        times = desk[1] / loop[1]
        # What a decision carries, and what the aim is about, is the age since receipt.
        aim = since == "read" and tickers and plan.pairs == PAIRS
        judged = f" ({'held' if times <= BURST_TIMES else 'missed'}: at most {BURST_TIMES})"
        print(
            f"  {f'  since {since}: p99 of quotes, of a bare loop then':46} {desk[1]:,.0f} and {loop[1]:,.0f} us, "
            f"{times:.1f} x that" + judged * aim + f"; p50 {desk[0]:,.0f} and {loop[0]:,.0f}"
        )


def _bare_ages(
    plan: Plan, seconds: float, cpu: int | None, *, tickers: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """How old frames of the same sender are when a bare loop has decoded them, since they were read and since
    they were sent: p50 and p99, in us."""
    symbols = [pair.symbol for pair in generated.market(plan.seed, plan.pairs)]
    wanted = dict.fromkeys(("book", "trade"), symbols[: plan.focused])
    if tickers:
        wanted["ticker"] = symbols
    with contextlib.ExitStack() as stack:
        stack.enter_context(kept_on(cpu))
        loop: Loop | None = None
        # Last to end: whoever sends is told to before the socket closes, or would take that for the end.
        stack.callback(lambda: loop and loop.close())
        mine, url = stack.enter_context(sending(plan))
        mine.send("go")
        loop = Loop(url, wanted)
        assert mine.recv() == "settled"
        until = time.monotonic() + seconds
        read, sent = loop.run(ANY.decode, lambda: time.monotonic() > until)
        return middle_and_tail(read), middle_and_tail(sent)


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
