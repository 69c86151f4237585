"""How long it takes until an order event is durable, and how many can be each second.

    python benchmarks/journal.py [--state DIR] [--events N]

Through the real Journal actor on threads, beside the same prepared commit done directly with
pg8000 in the same run; only the ratios mean anything on another machine. Exit 1 when an aim is
missed.
"""

import argparse
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Self

import attrs
from loguru import logger

from zoe.actors.journal import Journal
from zoe.messages.journal import Record, Recorded, Row
from zoe.ports.journal import JournalRow
from zoe.runtime.actor import Actor
from zoe.runtime.message import Envelope, Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.journal import PostgresJournal
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

WRITERS: Final = 64
BLOCK: Final = 100
QUICK_DISK_MS: Final = 0.5
BODY: Final = (
    '{"cl_ord_id":"018f6e1c-7c2a-8a31-9b1e-0123456789ab","exec_id":"TABCDE-FGHIJ-KLMNOP",'
    '"fee":"0.0416","fee_asset":"USD","order_id":"OABCDE-FGHIJ-KLMNOP","pair":"BTC/USD",'
    '"price":"50123.4","quantity":"0.00123456","side":"buy","state":"WORKING","trade_id":1234567}'
)


@attrs.frozen
class Aim:
    """A figure, and what it must not pass."""

    text: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def held(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "held" if self.held else "MISSED"
        return f"{verdict:6}  {self.text}: {self.value:,.1f} (aim {sign} {self.limit:,.0f})"


class Writer(Actor):
    """Records an event, waits until it is durable, records the next."""

    def __init__(self, number: int, counts: list[int]) -> None:
        super().__init__()
        self._stream = f"order/bench/{number}"
        self._number = number
        self._counts = counts
        self._version = 0

    def on_start(self) -> None:
        self._record()

    def handle(self, message: Message) -> None:
        assert isinstance(message, Recorded)
        self._counts[self._number] += 1
        self._record()

    def _record(self) -> None:
        self._version += 1
        row = Row(self._stream, self._version, "order.fill", BODY)
        self.tell(self.find("journal"), Record((row,), 0, self.me))


def percentiles(samples: list[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(samples)
    return ordered[len(ordered) // 2] * 1e3, ordered[len(ordered) * 99 // 100] * 1e3


def timed(work: Callable[[], object], count: int) -> list[float]:
    """Seconds of each of ``count`` calls."""
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        samples.append(time.perf_counter() - began)
    return samples


def bare_fdatasync(directory: Path, count: int) -> list[float]:
    """What the disk itself takes to make 8 kB durable in a file that has its length."""
    path = directory / "fdatasync"
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    os.write(file, b"\0" * 8192 * 128)
    os.fsync(file)
    blocks = iter(range(count))

    def write() -> None:
        os.pwrite(file, b"x" * 8192, next(blocks) % 128 * 8192)
        os.fdatasync(file)

    samples = timed(write, count)
    os.close(file)
    path.unlink()
    return samples


class Direct:
    """The same statement, prepared, without any actor."""

    def __init__(self, database: Database) -> None:
        self._store = PostgresJournal(database, "direct")
        self._seq = 0

    def commit(self) -> None:
        self._seq += 1
        ids = (self._seq, 1, None, None)
        row = JournalRow(self._seq, "direct", "order/direct", self._seq, "x", 1, *ids, BODY)
        self._store.append((row,))


class Desk:
    """A runtime with the Journal, and whoever waits for it."""

    def __init__(self, database: Database) -> None:
        self.runtime = ThreadRuntime()
        self._answers: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
        self._me = self.runtime.endpoint("bench", self._answers.put)
        self.runtime.endpoint("heartbeat", lambda envelope: None)
        self._version = 0
        self._database = database
        self._counts = [0] * WRITERS

    def start(self, account: str, *, writers: bool) -> None:
        """Starts the Journal, with the writers where wanted."""
        journal = Child(
            "journal", partial(Journal, account, PostgresJournal(self._database, account))
        )
        crowd = tuple(
            Child(f"writer/{n}", partial(Writer, n, self._counts), dispatcher="writers")
            for n in range(WRITERS if writers else 0)
        )
        self.runtime.root((Group("store", (journal,)), Group("writers", crowd)))

    def commit(self) -> None:
        """Returns once one more event is durable, and known to be."""
        self._version += 1
        row = Row("order/bench", self._version, "order.fill", BODY)
        self.runtime.find("journal").tell(Record((row,), self._version, self._me))
        answer = self._answers.get(timeout=30).message
        assert answer == Recorded(self._version), answer

    def rate(self, seconds: float) -> float:
        """Events a second of all writers together, after a second to warm up."""
        pause = threading.Event()
        pause.wait(1)
        began, before = time.perf_counter(), sum(self._counts)
        pause.wait(seconds)
        return (sum(self._counts) - before) / (time.perf_counter() - began)

    def stop(self) -> None:
        """Stops the actors."""
        self.runtime.shutdown()
        assert self.runtime.wait(10) == 0


class Busy:
    """A thread that computes without end, beside all others."""

    def __init__(self) -> None:
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()

    def _run(self) -> None:
        number = 1
        while not self._over:
            number = number * 31 % 1_000_003


def latency(database: Database, events: int) -> dict[str, list[float]]:
    """Seconds until an event is durable: directly, by the Journal, and beside a busy thread."""
    desk, direct = Desk(database), Direct(database)
    desk.start("bench", writers=False)
    found: dict[str, list[float]] = {"direct": [], "journal": [], "busy": []}
    timed(desk.commit, BLOCK)
    timed(direct.commit, BLOCK)
    for _ in range(events // BLOCK):  # in turns, so that a slow moment of the disk meets all
        found["direct"] += timed(direct.commit, BLOCK)
        found["journal"] += timed(desk.commit, BLOCK)
    with Busy():
        found["busy"] = timed(desk.commit, events)
    desk.stop()
    return found


def throughput(database: Database, seconds: float) -> float:
    """Events a second of 64 writers that wait for each of theirs."""
    desk = Desk(database)
    desk.start("crowd", writers=True)
    rate = desk.rate(seconds)
    desk.stop()
    return rate


def measure(state: Path, events: int) -> list[Aim]:
    """Runs it all, prints the figures, returns what became of the aims."""
    server = EmbeddedServer.start(state)
    try:
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
        migrate(database)
        disk_p50, disk_p99 = percentiles(bare_fdatasync(state, 500))
        print(f"fdatasync  p50 {disk_p50:7.3f} ms  p99 {disk_p99:7.3f} ms")
        p99 = {}
        for name, samples in latency(database, events).items():
            p50, p99[name] = percentiles(samples)
            print(f"{name:9}  p50 {p50:7.3f} ms  p99 {p99[name]:7.3f} ms")
        rate = throughput(database, 5)
    finally:
        server.stop()
    return [
        Aim(
            "one event by the Journal, times the direct commit, p99",
            p99["journal"] / p99["direct"],
            3,
        ),
        Aim(
            "beside one CPU-bound thread, times the direct commit, p99",
            p99["busy"] / p99["direct"],
            15,
        ),
        Aim(
            f"{WRITERS} waiting writers, events a second",
            rate,
            15_000 if disk_p50 <= QUICK_DISK_MS else 3_000,
            at_least=True,
        ),
    ]


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--state", type=Path, help="where the data go (default: a temporary place)")
    parser.add_argument("--events", type=int, default=2_000, help="one at a time (default 2000)")
    arguments = parser.parse_args()
    logger.remove()
    place = arguments.state or Path(tempfile.mkdtemp(prefix="zoe-journal-"))
    try:
        aims = measure(place.resolve(), arguments.events)
    finally:
        if arguments.state is None:
            shutil.rmtree(place)
    print(*aims, sep="\n")
    return 0 if all(aim.held for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
