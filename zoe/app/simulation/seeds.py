"""Many seeds, in this process or in several: a line each, and a last line with the totals.

A worker is a process of its own that prints its lines; one that dies is named with the seed it was
at, and the rest of its seeds goes on in another.
"""

import gc
import json
import selectors
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final

import attrs

from zoe.app.simulation import tables
from zoe.app.simulation.doubts import percentile
from zoe.app.simulation.scenario import Story, tell

Line = dict[str, Any]
WORKER: Final = "--as-worker"
_FOR_TOTALS: Final = ("used", "doubts", "tier")


@attrs.define
class Totals:
    """The sums over all seeds."""

    seeds: int = 0
    orders: int = 0
    fills: int = 0
    crashes: int = 0
    messages: int = 0
    violations: int = 0
    used: tables.Used = attrs.field(factory=set)
    #: By tier, and by what kept a doubt from being settled, if not the desk: whole milliseconds,
    #: and those of them in which the exchange could be asked.
    doubts: dict[str, list[tuple[int, int]]] = attrs.field(factory=dict)

    def add(self, line: Line) -> Line:
        """Counts a seed's line; what of it is shown."""
        self.seeds += 1
        for name in ("orders", "fills", "crashes", "messages"):
            setattr(self, name, getattr(self, name) + line[name])
        self.violations += line["verdict"] != "ok"
        self.used |= {(table, state, happened) for table, state, happened in line["used"]}
        for reason, milliseconds, away_ms in line["doubts"]:
            name = ", ".join(filter(None, (line["tier"], reason)))
            self.doubts.setdefault(name, []).append((milliseconds, milliseconds - away_ms))
        return {name: value for name, value in line.items() if name not in _FOR_TOTALS}

    def line(self, seconds: float) -> Line:
        """The last line."""
        return {
            "seeds": self.seeds,
            "orders": self.orders,
            "fills": self.fills,
            "crashes": self.crashes,
            "messages": self.messages,
            "violations": self.violations,
            "lifecycles_per_second": round(self.orders / max(seconds, 0.001), 1),
            "seconds": round(seconds, 1),
            "doubts": {name: _times(found) for name, found in sorted(self.doubts.items())},
            "rows_used": tables.count(self.used),
            "rows_total": tables.total(),
            "rows_unused": tables.unused(self.used),
        }


def _times(found: list[tuple[int, int]]) -> Line:
    whole, asked = ([times[place] for times in found] for place in (0, 1))
    ranks: Line = {"count": len(found)}
    ranks |= {f"p{percent}_ms": percentile(whole, percent) for percent in (50, 99)}
    ranks["max_ms"] = max(whole, default=0)
    # Of a doubt that outlasts a maintenance, this much is the desk's own.
    return ranks | ({"p99_ms_without_maintenance": percentile(asked, 99)} if asked != whole else {})


def line_of(story: Story) -> Line:
    """What is printed of a seed; ``used`` is for the totals only."""
    return {
        "seed": story.seed,
        "orders": story.orders,
        "fills": story.fills,
        "faults": dict(sorted(story.faults.items())),
        "crashes": story.crashes,
        "virtual_seconds": story.virtual_seconds,
        "messages": story.messages,
        "hash": story.hash,
        "verdict": story.verdict,
        "violations": story.violations,
        "tier": story.tier,
        "doubts": [(doubt.name, doubt.milliseconds, doubt.away_ms) for doubt in story.doubts],
        "used": sorted(tables.used(story.rows)),
    }


def run(seeds: range, profile: str, workers: int) -> Iterator[Line]:
    """A line a seed, in the order in which they are done."""
    return _here(seeds, profile) if workers <= 1 else _elsewhere(seeds, profile, workers)


@contextmanager
def without_pauses() -> Iterator[None]:
    """Cyclic garbage is collected between stories only: within one it is small, and its search is
    a tenth of all that a story costs."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _here(seeds: range, profile: str) -> Iterator[Line]:
    with without_pauses():
        for seed in seeds:
            yield line_of(tell(seed, profile))
            gc.collect()


def work(seeds: range, profile: str, out: IO[str]) -> None:
    """A worker's whole life: a line a seed."""
    for line in _here(seeds, profile):
        out.write(json.dumps(line) + "\n")
        out.flush()


class _Worker:
    """One process with the seeds that it has still to run."""

    def __init__(self, seeds: Sequence[int], profile: str) -> None:
        self.left = list(seeds)
        self._profile = profile
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[str]":
        wanted = f"{self.left[0]}:{self.left[-1] + 1}"
        options = ("--seeds", wanted, "--faults", self._profile, WORKER)
        command = (sys.executable, "-P", "-m", "zoe.cli.main", "simulate", *options)
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )

    def next_line(self) -> Line | None:
        """The next line, or that of a seed that killed the process; None when all are done."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        if text:
            self.left.pop(0)
            line: Line = json.loads(text)
            return line
        code = self.process.wait()
        self.process.stdout.close()
        if not self.left:
            return None
        return _died(self.left.pop(0), code)

    def goes_on(self) -> bool:
        """Starts another process for what a dead one left; False when nothing is left."""
        if self.process.poll() is None:
            return True
        if not self.left:
            return False
        self.process = self._start()
        return True


def _died(seed: int, code: int) -> Line:
    story = Story(seed, violations=[f"the worker died of it with {code}"])
    return line_of(story)


def _elsewhere(seeds: range, profile: str, count: int) -> Iterator[Line]:
    share = -(-len(seeds) // count)
    parts = [seeds[start : start + share] for start in range(0, len(seeds), share)]
    with selectors.DefaultSelector() as watched:
        for part in parts:
            worker = _Worker(part, profile)
            assert worker.process.stdout is not None
            watched.register(worker.process.stdout, selectors.EVENT_READ, worker)
        while watched.get_map():
            for key, _ in watched.select():
                yield from _advance(watched, key)


def _advance(watched: selectors.DefaultSelector, key: selectors.SelectorKey) -> Iterator[Line]:
    worker: _Worker = key.data
    before = worker.process.stdout
    line = worker.next_line()
    if line is not None:
        yield line
    if before is not None and before.closed:
        watched.unregister(key.fileobj)
        if worker.goes_on():
            assert worker.process.stdout is not None
            watched.register(worker.process.stdout, selectors.EVENT_READ, worker)
