"""The runtime beside stock pykka, in one process run, pinned to one processor and free.

    python benchmarks/runtime.py                  both, each in a process of its own
    python benchmarks/runtime.py --mode pinned    one of them, in this process

Only ratios within one run mean anything: every measure takes turns with its stock twin, and the
ratio shown is the median of the turns' ratios; so is a percentile that stands alone. Both do the
least an actor can do with a message, under the same switch interval: ThreadRuntime's, and for hops
Python's own as well. On a virtual machine whose kernel pays dearly for a timer shorter than its
tick, the short interval costs each hop between two threads some 20 us, whoever's actors they are.
The aims are those of the runtime's design; ``MISSED`` says which do not hold here.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import attrs
import pykka
from loguru import logger

from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.message import Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import SWITCH_INTERVAL_SECONDS, ThreadRuntime

PYTHONS_SWITCH_INTERVAL_SECONDS: Final = 0.005
TELLS: Final = 60_000
HOPS: Final = 8_000
STARTED: Final = 500
RESTARTS: Final = 200
CRASHES: Final = 1_000
TURNS: Final = 7
PATIENCE_SECONDS: Final = 120

#: Failures this far apart are each the first, so that no delay is part of what is measured.
ENDLESS: Final = {"intensity": 1_000_000, "period_seconds": 1e-6}


@attrs.frozen
class Note(Message):
    """A number."""

    number: int


@attrs.frozen
class Explode(Message):
    """The recipient crashes."""


class Done:
    """Counts up to a number, then lets a waiter go on; what is counted outlives crashes."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.count = 0
        self._event = threading.Event()

    def one(self) -> None:
        """One more, on one thread."""
        self.count += 1
        if self.count == self.target:
            self._event.set()

    def set(self) -> None:
        """That is all."""
        self._event.set()

    def wait(self) -> None:
        """Waits for the end."""
        assert self._event.wait(PATIENCE_SECONDS), "it never ended"


# Stock pykka


class StockSink(pykka.ThreadingActor):
    """Counts."""

    use_daemon_thread = True

    def __init__(self, done: Done) -> None:
        super().__init__()
        self._done = done

    def on_receive(self, message: Any) -> None:
        """One more."""
        self._done.one()


class StockHopper(pykka.ThreadingActor):
    """Sends what it gets to the other one."""

    use_daemon_thread = True

    def __init__(self, peers: list[pykka.ActorRef[Any]], times: list[int], done: Done) -> None:
        super().__init__()
        self._peers = peers
        self._times = times
        self._done = done

    def on_receive(self, message: Note) -> None:
        """Takes the time, and passes it on."""
        self._times.append(time.perf_counter_ns())
        if message.number:
            self._peers[(message.number + 1) % 2].tell(Note(message.number - 1))
        else:
            self._done.set()


class StockStarter(pykka.ThreadingActor):
    """Says that it lives."""

    use_daemon_thread = True

    def __init__(self, started: "Started") -> None:
        super().__init__()
        self._started = started

    def on_start(self) -> None:
        """Lives."""
        self._started.one()


class Started:
    """Counts from many threads."""

    def __init__(self, target: int) -> None:
        self.done = Done(target)
        self._lock = threading.Lock()

    def one(self) -> None:
        """One more."""
        with self._lock:
            self.done.one()


# Ours


class Sink(Actor):
    """Counts."""

    def __init__(self, done: Done) -> None:
        self._done = done

    def handle(self, message: Message) -> None:
        """One more."""
        self._done.one()


class Hopper(Actor):
    """Sends what it gets to the other one."""

    def __init__(self, peer: str, times: list[int], done: Done) -> None:
        self._peer = peer
        self._times = times
        self._done = done

    def on_start(self) -> None:
        """Knows the other one."""
        self._to = self.find(self._peer)

    def handle(self, message: Note) -> None:
        """Takes the time, and passes it on."""
        self._times.append(time.perf_counter_ns())
        if message.number:
            self.tell(self._to, Note(message.number - 1))
        else:
            self._done.set()


class Starter(Actor):
    """Says that it lives."""

    def __init__(self, started: Started) -> None:
        self._started = started

    def on_start(self) -> None:
        """Lives."""
        self._started.one()


class Parent(Actor):
    """Starts children."""

    def __init__(self, started: Started, dispatcher: str | None) -> None:
        self._started = started
        self._dispatcher = dispatcher

    def handle(self, message: Note) -> None:
        """Starts as many as the number says."""
        for number in range(message.number):
            factory = partial(Starter, self._started)
            self.spawn(Child(str(number), factory, dispatcher=self._dispatcher))


class Mortal(Actor):
    """Takes the time between its crash and what its successor handles."""

    def __init__(self, crashed: list[int], took: list[int], done: Done) -> None:
        self._crashed = crashed
        self._took = took
        self._done = done

    def handle(self, message: Note | Explode) -> None:
        """Crashes, or says how long ago that was."""
        match message:
            case Explode():
                self._crashed.append(time.perf_counter_ns())
                raise RuntimeError("told to")
            case Note():
                self._took.append(time.perf_counter_ns() - self._crashed[-1])
                self._done.one()


# What is measured


@contextmanager
def ours(*tree: Child | Group) -> Iterator[ThreadRuntime]:
    """A runtime with a tree, ended afterwards."""
    runtime = ThreadRuntime(seed=1)
    runtime.root(tree)
    yield runtime
    runtime.shutdown(0)
    assert runtime.wait(PATIENCE_SECONDS) == 0


@contextmanager
def stock() -> Iterator[None]:
    """Stock actors under the same switch interval, each ended afterwards."""
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    yield
    pykka.ActorRegistry.stop_all()


def send(tell: Callable[[Message], object], producers: int, done: Done) -> float:
    """Has producers tell, and gives messages a second, from the first told to the last handled."""

    def produce(count: int) -> None:
        for number in range(count):
            tell(Note(number))

    share = TELLS // producers
    threads = [threading.Thread(target=produce, args=(share,)) for _ in range(producers)]
    began = time.perf_counter()
    if producers == 1:
        produce(share)
    else:
        for thread in threads:
            thread.start()
    done.wait()
    return TELLS / (time.perf_counter() - began)


def stock_tells(producers: int) -> float:
    """Messages a second through one actor."""
    done = Done(TELLS)
    with stock():
        return send(StockSink.start(done).tell, producers, done)


def our_tells(producers: int) -> float:
    """Messages a second through one actor."""
    done = Done(TELLS)
    with ours(Child("sink", partial(Sink, done))) as runtime:
        return send(runtime.find("sink").tell, producers, done)


def stock_hops(interval: float) -> list[float]:
    """Times from one actor to another, in us."""
    times: list[int] = []
    done = Done(1)
    with stock():
        sys.setswitchinterval(interval)
        peers: list[pykka.ActorRef[Any]] = []
        peers.extend(StockHopper.start(peers, times, done) for _ in range(2))
        peers[0].tell(Note(HOPS))
        done.wait()
    return differences(times)


def our_hops(interval: float, dispatcher: str | None = None) -> list[float]:
    """Times from one actor to another, in us."""
    times: list[int] = []
    done = Done(1)
    tree = [
        Child(name, partial(Hopper, peer, times, done), dispatcher=dispatcher)
        for name, peer in (("one", "other"), ("other", "one"))
    ]
    with ours(*tree) as runtime:
        sys.setswitchinterval(interval)
        runtime.find("one").tell(Note(HOPS))
        done.wait()
    return differences(times)


def differences(times: list[int]) -> list[float]:
    """Steps between moments, in us."""
    return [(b - a) / 1e3 for a, b in itertools.pairwise(times)]


def stock_start() -> float:
    """Seconds until as many actors live."""
    started = Started(STARTED)
    with stock():
        began = time.perf_counter()
        for _ in range(STARTED):
            StockStarter.start(started)
        started.done.wait()
        return time.perf_counter() - began


def our_start(dispatcher: str | None) -> float:
    """Seconds until as many children of one actor live."""
    started = Started(STARTED)
    with ours(Child("parent", partial(Parent, started, dispatcher))) as runtime:
        began = time.perf_counter()
        runtime.find("parent").tell(Note(STARTED))
        started.done.wait()
        return time.perf_counter() - began


def restarts() -> list[float]:
    """Times from a crash to the next message handled, in ms; each crash comes alone."""
    crashed: list[int] = []
    took: list[int] = []
    child = Child("mortal", lambda: Mortal(crashed, took, dones[0]))
    dones = [Done(1)]
    with ours(Group("g", (child,), **ENDLESS)) as runtime:  # type: ignore[arg-type]  # int, float
        mortal = runtime.find("mortal")
        for _ in range(RESTARTS):
            dones[0] = Done(1)
            mortal.tell(Explode())
            mortal.tell(Note(0))
            dones[0].wait()
            quiet = Done(1)
            runtime.supervise(quiet.set)  # behind the log lines of this crash
            quiet.wait()
    return [each / 1e6 for each in took]


def lost_over_crashes() -> tuple[int, int]:
    """Messages without a fate, and crashes, with mail all the time."""
    done = Done(CRASHES * 10)
    crashed: list[int] = []
    child = Child("mortal", partial(Mortal, crashed, [], done))
    with ours(Group("g", (child,), **ENDLESS)) as runtime:  # type: ignore[arg-type]  # int, float
        mortal: Address = runtime.find("mortal")
        for _ in range(CRASHES):
            mortal.tell(Explode())
            for number in range(10):
                mortal.tell(Note(number))
        done.wait()
        return CRASHES * 11 - done.count - runtime.dead_count, len(crashed)


# What is shown


class Report:
    """Prints a line for each measure, and remembers the aims that did not hold."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self.missed: list[str] = []

    def line(self, what: str, figures: str, aim: str = "", held: bool = True) -> None:
        """One measure."""
        verdict = "" if not aim else f"aim {aim}: {'holds' if held else 'MISSED'}"
        print(f"{self._mode:7} {what:34} {figures:58} {verdict}", flush=True)
        if not held:
            self.missed.append(what)


Pair = tuple[float, float]


def take_turns(one: Callable[[], float], other: Callable[[], float]) -> tuple[Pair, float]:
    """The medians of both (ours first), and the median of their ratios."""
    pairs = [(one(), other()) for _ in range(TURNS)]
    medians = (statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs))
    return medians, statistics.median(a / b for a, b in pairs)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def tells(report: Report, pinned: bool) -> None:
    """Throughput of one mailbox."""
    for producers, what, least in ((1, "tell", 0.8), (4, "tell, 4 producers", 0.9)):
        (our, their), ratio = take_turns(
            partial(our_tells, producers), partial(stock_tells, producers)
        )
        figures = f"{our / 1e3:6.0f} k/s, stock {their / 1e3:6.0f} k/s, {ratio:.2f}x"
        # The aims are stated for one processor; free figures stand beside them.
        report.line(what, figures, f">= {least}x" if pinned else "", not pinned or ratio >= least)


def hops(report: Report, pinned: bool) -> None:
    """Time from one actor to another."""
    for interval in (SWITCH_INTERVAL_SECONDS, PYTHONS_SWITCH_INTERVAL_SECONDS):
        turns = [(our_hops(interval), stock_hops(interval)) for _ in range(TURNS)]
        for share, most in ((0.5, None), (0.99, 1.3)):
            pairs = [(percentile(our, share), percentile(their, share)) for our, their in turns]
            ratio = statistics.median(our / their for our, their in pairs)
            our, their = (statistics.median(p[i] for p in pairs) for i in (0, 1))
            what = f"hop p{share * 100:.0f}, switching at {interval * 1e3} ms"
            figures = f"{our:6.1f} us, stock {their:6.1f} us, {ratio:.2f}x"
            aim = f"<= {most}x" if most and pinned else ""
            report.line(what, figures, aim, not aim or ratio <= (most or 0))
    shared = our_hops(SWITCH_INTERVAL_SECONDS, "shared")
    p50, p99 = percentile(shared, 0.5), percentile(shared, 0.99)
    report.line("hop on one dispatcher", f"p50 {p50:.1f} us, p99 {p99:.1f} us")


def starts(report: Report, pinned: bool) -> None:
    """Actors started at once."""
    for dispatcher, what in ((None, "each with a thread"), ("shared", "on one dispatcher")):
        (our, their), ratio = take_turns(partial(our_start, dispatcher), stock_start)
        figures = f"{our * 1e3:6.1f} ms, stock {their * 1e3:6.1f} ms, {ratio:.2f}x"
        aim = "<= 1.3x" if pinned else ""
        report.line(f"{STARTED} started, {what}", figures, aim, not pinned or ratio <= 1.3)


def crashes(report: Report, pinned: bool) -> None:
    """What a crash costs."""
    turns = [restarts() for _ in range(TURNS)]
    most = 0.5 if pinned else 5.0
    p50, p99 = (statistics.median(percentile(t, share) for t in turns) for share in (0.5, 0.99))
    # What other processes take shows in the median turn, hardly in the quietest.
    quietest = min(percentile(took, 0.99) for took in turns)
    figures = f"p50 {p50:.3f} ms, p99 {p99:.3f} ms ({quietest:.3f} in the quietest turn)"
    report.line("first restart", figures, f"p99 <= {most} ms", p99 <= most)
    lost, crashed = lost_over_crashes()
    report.line("lost over crashes", f"{lost} lost, {crashed} crashes", "0 lost", lost == 0)


def measure(mode: str) -> list[str]:
    """Everything, in one mode; the aims that did not hold."""
    pinned = mode == "pinned"
    if pinned:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as directory:
        logger.remove()
        logger.add(Path(directory) / "log.jsonl", serialize=True, level="INFO")
        report = Report(mode)
        for part in (tells, hops, starts, crashes):
            part(report, pinned)
        logger.remove()
    return report.missed


def main() -> int:
    """Measures; 1 when an aim did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mode", choices=("pinned", "free"))
    mode = parser.parse_args().mode
    if mode is not None:
        return 1 if measure(mode) else 0
    versions = f"Python {sys.version.split()[0]}, pykka {version('pykka')}"
    print(f"{versions}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    commands = [[sys.executable, __file__, "--mode", each] for each in ("pinned", "free")]
    return max(subprocess.run(command, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
