"""The Journal on a stage: virtual time, one who asks and one who watches."""

from typing import Any

from journal import FaultyJournal, MemoryJournal, MemoryNotes

from zoe.actors.journal import Journal
from zoe.messages.journal import Hydrate, Record, Row
from zoe.messages.system import Beat
from zoe.ports.journal import JournalRow
from zoe.runtime.message import Envelope, Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import VirtualRuntime

ACCOUNT = "kraken:a"
STREAM = "desk/kraken:a"


class Stage:
    """The Journal in virtual time, with one who asks and one who watches."""

    def __init__(
        self,
        store: FaultyJournal | MemoryJournal,
        *,
        seed: int = 1,
        notes: MemoryNotes | None = None,
        others: tuple[Child, ...] = (),
        latency_ns: int = 1_000_000,
    ) -> None:
        self.latency_ns = latency_ns
        self.runtime = VirtualRuntime(seed, latency_ns=lambda rng: self.latency_ns)
        self.said: list[Message] = []
        self.news: list[Message] = []
        self.beats: list[Beat] = []
        self.version = 0
        self.me = self.runtime.endpoint("asker", lambda e: self.said.append(e.message))
        self.runtime.endpoint("risk", lambda e: self.news.append(e.message))
        self.runtime.endpoint("heartbeat", self._beat)
        child = Child("journal", lambda: Journal(ACCOUNT, store, ("risk",), notes), stop_seconds=8)
        group = Group("store", (child,), intensity=0)
        self.runtime.root((group, *others))

    def _beat(self, envelope: Envelope) -> None:
        assert isinstance(envelope.message, Beat)
        self.beats.append(envelope.message)

    def record(self, rows: int = 1, *, answered: bool = True) -> int:
        """Has rows recorded; returns the number by which they will be answered."""
        first = self.version + 1
        self.version += rows
        wanted = tuple(Row(STREAM, n, "test.row", "{}") for n in range(first, self.version + 1))
        message = Record(wanted, self.version, self.me if answered else None)
        self.runtime.find("journal").tell(message)
        return self.version

    def hydrate(self, ref: int = 0, **what: Any) -> None:
        asked = Hydrate(ref, self.me, **(what or {"stream": STREAM}))
        self.runtime.find("journal").tell(asked)

    def run(self, seconds: float = 60) -> "Stage":
        self.runtime.run_for(seconds)
        return self


def versions(store: MemoryJournal) -> list[int]:
    return [row.version for row in store.rows]


def memory(*rows: JournalRow) -> MemoryJournal:
    store = MemoryJournal(ACCOUNT)
    store.append(rows)
    return store
