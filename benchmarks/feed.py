"""Frames a second of the public reader, beside the bare decoder in the same process.

``python benchmarks/feed.py [RECORDING]``; without a recording, the one shared beside the checkout.
Both loops decode every frame; the reader also keeps the book in whole units, verifies its checksum
and makes a Quote. The ratio is what that costs, whatever the machine.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from zoe.adapters.kraken import frames, recording
from zoe.adapters.kraken.feed import FeedReader, Precision

SHARED: Final = Path(__file__).resolve().parents[2] / "shared" / "fixtures"
RECORDING: Final = SHARED / "ws-v2-book-btcusd-depth10.json"
ROUNDS: Final = 7
REPEATS: Final = 20


def bare(recorded: tuple[bytes, ...]) -> None:
    """Decodes the frames and their rows, as the reader does, and nothing else."""
    frame_of, rows_of = frames.FRAME.decode, frames.BOOK.decode
    for payload in recorded:
        rows_of(frame_of(payload).data)


def read(recorded: tuple[bytes, ...], guessed: dict[str, Precision]) -> None:
    """Feeds the frames to a new reader; every checksum must be equal."""
    sums = recording.replay(recorded, FeedReader(precisions=guessed))
    assert sums.equal == len(recorded) and not sums.different, sums


def frames_a_second(count: int, run: Callable[[], None]) -> float:
    """The best of some rounds: what the machine can do when nobody disturbs it."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(REPEATS):
            run()
        best = min(best, time.perf_counter() - began)
    return count * REPEATS / best


def main(arguments: list[str]) -> int:
    """Prints both figures and their ratio."""
    path = Path(arguments[0]) if arguments else RECORDING
    if not path.exists():
        print(f"{path} is not here", file=sys.stderr)
        return 2
    recorded = recording.read(path)
    guessed = recording.precisions(recorded)
    decoded = frames_a_second(len(recorded), lambda: bare(recorded))
    booked = frames_a_second(len(recorded), lambda: read(recorded, guessed))
    print(f"bare decoder {decoded:12,.0f} frames/s")
    print(f"feed reader  {booked:12,.0f} frames/s, every checksum verified")
    print(f"ratio        {decoded / booked:12.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
