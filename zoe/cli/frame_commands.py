"""Commands on captured frames: replay, wire decode."""

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

import attrs

from zoe.adapters.kraken import recorder, recording
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.recorded_frames import Recording
from zoe.adapters.kraken.shelf import Precision
from zoe.app import decoding, logs, market_decisions, replaying
from zoe.app.market_decisions import Wanted
from zoe.app.replaying import Pass
from zoe.cli import configured, show
from zoe.cli.progress import Progress
from zoe.domain.errors import ConfigError
from zoe.domain.strategy.quote_keeper import QuoteKeeper
from zoe.domain.watched import Watched
from zoe.domain.words import counted

BENCH_SECONDS: Final = 3
_MEGABYTE: Final = 1_000_000


def replay(arguments: Namespace) -> int:
    """Feeds a recording through decoder, books and MarketWatch; 1 when something was wrong, or is damaged."""
    if arguments.decide:
        return _decide(arguments)
    _prepare(arguments)
    frames = Recording(_path(arguments.file))
    precisions = recording.precisions(frames)
    before = replaying.resident_bytes()
    with Progress() as watched:
        done = replaying.whole(watched(frames, "frames", len(frames)), precisions)
    figures = _figures(done) | {
        "truncated": _tell_of_end(frames.truncated, damaged=frames.damaged),
        "memory": {
            "peak_bytes": replaying.peak_bytes(),
            "grown_bytes": max(replaying.resident_bytes() - before, 0),
        },
    }
    if arguments.bench:
        figures["bench"] = _bench(tuple(frames), precisions)  # reading them is not measured
    if arguments.json:
        show.document(figures)
    else:
        _show(figures)
    return 1 if done.different or done.not_understood or frames.damaged else 0


def _decide(arguments: Namespace) -> int:
    """What a desk of this configuration decides on the recording, and the hash of all of it."""
    settings = configured.load(arguments)
    logs.silence()
    if arguments.file.exists() and not arguments.file.is_file():
        raise ConfigError(
            f"{arguments.file} is no file: --decide needs one, and its index beside it"
        )
    try:
        count = sum(part.frames for part in recorder.parts(arguments.file))
    except FileNotFoundError as problem:
        raise ConfigError(f"{problem.filename}: when each frame came stands there") from problem
    keeper = QuoteKeeper(settings.quote_keeper.params)
    scan = attrs.evolve(settings.scout, enabled=True)
    pairs = tuple(dict.fromkeys((*settings.desk.focus, keeper.pair)))
    wanted = Wanted(pairs, scan, settings.focus, keeper)
    with Progress() as watched:
        frames = watched(recorder.timed(arguments.file), "frames", count)
        made = market_decisions.decide(frames, wanted)
    told = {"frames": count, "decisions": made.counts, "sha256": made.sha256}
    # The index is written last: behind what it names are frames whose times nobody knows.
    size = arguments.file.stat().st_size
    truncated = _tell_of_end(size != recorder.indexed_bytes(arguments.file))
    if arguments.json:
        show.document(told | {"truncated": truncated})
    else:
        show.facts(told)
    return 0


def _tell_of_end(truncated: bool, *, damaged: bool = False) -> bool:
    if damaged:
        show.note("the recording is damaged: what stands before the damage was read, and no more")
    elif truncated:
        show.note("the recording is cut off: what is whole of it was read, its end is missing")
    return truncated


def _prepare(arguments: Namespace) -> None:
    if arguments.config is not None:
        configured.load(arguments)  # what is named must be right, needed or not
    logs.silence()


def _path(named: Path) -> Path:
    return Path("/dev/stdin") if str(named) == "-" else named


def _figures(done: Pass) -> dict[str, Any]:
    return {
        "frames": done.frames,
        "seconds": round(done.seconds, 6),
        "frames_per_second": _rate(done.frames, done.seconds),
        "not_understood": done.not_understood,
        "checksums": {
            "verified": done.equal + done.different,
            "equal": done.equal,
            "different": done.different,
            "symbols": {
                symbol: {"equal": equal, "different": different}
                for symbol, (equal, different) in done.symbols.items()
            },
        },
        "conflation": {
            "quotes": done.quotes,
            "told": done.told,
            "conflated": done.quotes - done.told,
        },
    }


def _rate(frames: int, seconds: float) -> int:
    return round(frames / max(seconds, 1e-9))


def _bench(frames: tuple[bytes, ...], precisions: Mapping[str, Precision]) -> dict[str, Any]:
    with Progress() as watched:
        return {
            "whole": _spread(frames, lambda: replaying.whole(frames, precisions).seconds, watched),
            "decoder_and_books": _spread(
                frames, lambda: replaying.decoded_only(frames, precisions), watched
            ),
        }


def _spread(
    frames: tuple[bytes, ...], run: Callable[[], float], watched: Watched
) -> dict[str, Any]:
    """Passes for some seconds: how many, and frames a second at best, at worst, at the median."""
    began = time.perf_counter()
    taken = [run()]
    count = max(round(BENCH_SECONDS / (time.perf_counter() - began)), 2)
    taken += (run() for _ in watched(range(1, count), "passes", count - 1))
    rates = [_rate(len(frames), seconds) for seconds in taken]
    return {
        "passes": len(taken),
        "frames_per_second": {
            "best": max(rates),
            "median": round(median(rates)),
            "worst": min(rates),
        },
        "microseconds_per_frame": round(median(taken) / max(len(frames), 1) * 1e6, 2),
    }


def _show(figures: dict[str, Any]) -> None:
    checksums, quotes, memory = (figures[n] for n in ("checksums", "conflation", "memory"))
    facts = {
        "frames": f"{figures['frames']}, {figures['not_understood']} not understood",
        "speed": f"{figures['frames_per_second']:,} frames/s ({figures['seconds']} s)",
        "checksums": f"{checksums['equal']} of {counted(checksums['verified'], 'checksum')} equal",
        "conflation": (
            f"{quotes['quotes']} quotes given to MarketWatch, {quotes['told']} told, "
            f"{quotes['conflated']} replaced by a newer one"
        ),
        "memory": (
            f"{memory['peak_bytes'] / _MEGABYTE:.1f} MB at most, "
            f"{memory['grown_bytes'] / _MEGABYTE:.1f} MB for this"
        ),
    }
    for name, bench in figures.get("bench", {}).items():
        rates = bench["frames_per_second"]
        facts[name.replace("_", " ")] = (
            f"{rates['median']:,} frames/s (best {rates['best']:,}, worst {rates['worst']:,}, "
            f"{bench['passes']} passes), {bench['microseconds_per_frame']} us a frame"
        )
    show.facts(facts)


def decode(arguments: Namespace) -> int:
    """Prints a line for each frame; 1 when one was not understood, a checksum was wrong or the file is damaged."""
    _prepare(arguments)
    recorded = Recording(_path(arguments.file))
    reader = FeedReader(precisions=recording.precisions(recorded))
    wrong = different = 0
    with Progress() as watched:
        numbered = watched(recorded.numbered(), "frames", len(recorded))
        for decoded in decoding.decode(numbered, reader):
            different += decoded.checksum is False
            wrong += decoded.error is not None and decoded.checksum is not False
            print(recording.line_of(decoded))
    equal = sum(verified.equal for verified in reader.verified.values())
    sys.stdout.flush()
    show.note(
        f"{counted(len(recorded), 'frame')}, {wrong} not understood; "
        f"{equal} of {counted(equal + different, 'checksum')} equal"
    )
    _tell_of_end(recorded.truncated, damaged=recorded.damaged)
    return 1 if wrong or different or recorded.damaged else 0
