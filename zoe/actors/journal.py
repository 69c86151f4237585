"""Journal: the one writer of rows.

Receives: Record, Hydrate. Tells: Recorded and Hydrated to whoever asked; StoreWentDown and
StoreCameBack to its watchers.
Blocks on nothing: commits and reads run on the lane ``journal``, one at a time; what arrives
meanwhile is the next group. Reads are answered behind the writes that were queued before them.
A store error keeps the batch and tries the same rows again; a commit whose fate is unknown is
settled by inserting the same rows and comparing. Another writer in our place ends the process.
A restart loses what waited, so the tree escalates a crash of the Journal instead (app/tree.py).
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from typing import Final, assert_never

import attrs

from zoe.domain.errors import StoreConflict, StoreError, StoreUnknown
from zoe.messages.journal import (
    Hydrate,
    Hydrated,
    Record,
    Recorded,
    Row,
    StoreCameBack,
    StoredRow,
    StoreWentDown,
)
from zoe.messages.system import Beat, Tick
from zoe.ports.journal import JournalRow, JournalStore
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome

LANE: Final = "journal"
GROUP_ROWS: Final = 2_000
ANCHORS_KEPT: Final = 100_000
RETRY_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1, 2)
EXIT_SECOND_WRITER: Final = 70


@attrs.frozen
class _Opened(Message):
    outcome: Outcome[int]


@attrs.frozen
class _Committed(Message):
    outcome: Outcome[None]


@attrs.frozen
class _Read(Message):
    request: Hydrate
    outcome: Outcome[tuple[StoredRow, ...]]


@attrs.frozen
class _Waiting:
    """A Record with the ids of the envelope it came in."""

    record: Record
    message_id: int
    correlation_id: int
    causation_id: int | None
    anchor: int | None


Inbox = Record | Hydrate | Tick | _Opened | _Committed | _Read


class Journal(Actor):
    """Writes rows in groups, in the order they came, each durable before anyone hears of it."""

    def __init__(
        self, account_id: str, store: JournalStore, watchers: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self._account_id = account_id
        self._store = store
        self._watchers = watchers
        self._queue: deque[_Waiting | Hydrate] = deque()
        self._flying: tuple[tuple[_Waiting, ...], tuple[JournalRow, ...]] | None = None
        self._reading = False
        self._next_seq: int | None = None
        self._anchor_seq: OrderedDict[int, int] = OrderedDict()
        self._failures = 0

    def on_start(self) -> None:
        self._open()
        self.after(2, Tick("beat"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Record():
                self._queue.append(self._waiting(message))
                self._next()
            case Hydrate():
                self._queue.append(message)
                self._next()
            case _Opened():
                self._opened(message.outcome)
            case _Committed():
                self._committed(message.outcome)
            case _Read():
                self._read(message)
            case Tick("beat"):
                self._beat()
                self.after(2, Tick("beat"))
            case Tick("open"):
                self._open()
            case Tick():
                self._retry()
            case _:
                assert_never(message)

    def _waiting(self, record: Record) -> _Waiting:
        envelope: Envelope | None = self.envelope
        assert envelope is not None
        ids = (envelope.message_id, envelope.correlation_id, envelope.causation_id)
        return _Waiting(record, *ids, envelope.anchor)

    def _open(self) -> None:
        self.offload(self._store.last_seq, _Opened, lane=LANE)

    def _opened(self, outcome: Outcome[int]) -> None:
        if isinstance(outcome.error, StoreError):
            self._went_down(outcome.error, Tick("open"))
            return
        self._next_seq = outcome.value() + 1
        self._came_back()
        self._next()

    def _next(self) -> None:
        if self._next_seq is None or self._flying is not None or self._reading:
            return
        if not self._queue:
            return
        if isinstance(self._queue[0], Hydrate):
            self._start_read(self._queue[0])
        else:
            self._start_commit(self._take_group())

    def _take_group(self) -> tuple[_Waiting, ...]:
        group: list[_Waiting] = []
        rows = 0
        while self._queue and rows < GROUP_ROWS:
            head = self._queue[0]
            if isinstance(head, Hydrate):
                break
            rows += len(head.record.rows)
            group.append(head)
            self._queue.popleft()
        return tuple(group)

    def _start_commit(self, group: tuple[_Waiting, ...]) -> None:
        rows = tuple(row for waiting in group for row in self._number(waiting))
        self._flying = (group, rows)
        self.offload(partial(self._store.append, rows), _Committed, lane=LANE)

    def _number(self, waiting: _Waiting) -> list[JournalRow]:
        assert self._next_seq is not None
        anchor = None if waiting.anchor is None else self._anchor_seq.get(waiting.anchor)
        numbered = []
        for row in waiting.record.rows:
            numbered.append(self._journal_row(row, self._next_seq, waiting, anchor))
            self._next_seq += 1
        self._anchor_seq[waiting.message_id] = self._next_seq - 1
        while len(self._anchor_seq) > ANCHORS_KEPT:
            self._anchor_seq.popitem(last=False)
        return numbered

    def _journal_row(
        self, row: Row, seq: int, waiting: _Waiting, anchor_seq: int | None
    ) -> JournalRow:
        return JournalRow(
            seq=seq,
            account_id=self._account_id,
            stream=row.stream,
            version=row.version,
            kind=row.kind,
            at_ns=self.clock.wall_ns(),
            message_id=waiting.message_id,
            correlation_id=waiting.correlation_id,
            causation_id=waiting.causation_id,
            anchor_seq=anchor_seq,
            body=row.body,
        )

    def _committed(self, outcome: Outcome[None]) -> None:
        assert self._flying is not None
        group, rows = self._flying
        match outcome.error:
            case None:
                self._flying = None
                self._came_back()
                for waiting in group:
                    if waiting.record.reply_to is not None:
                        self.tell(waiting.record.reply_to, Recorded(waiting.record.ref))
                self._next()
            case StoreConflict() as conflict:
                log.critical("journal.second_writer", error=str(conflict), rows=len(rows))
                self.exit_process(EXIT_SECOND_WRITER, "another writer holds this journal")
            case StoreUnknown() as unknown:
                self._went_down(unknown, Tick("settle"))
            case StoreError() as failed:
                self._went_down(failed, Tick("append"))
            case _ as bug:
                raise bug

    def _retry(self) -> None:
        # Always by settling: a commit that failed for sure left nothing, one whose answer was
        # lost may have left these very rows, and settling is right for both.
        if self._flying is not None:
            _, rows = self._flying
            self.offload(partial(self._store.settle, rows), _Committed, lane=LANE)
        else:
            self._next()

    def _start_read(self, request: Hydrate) -> None:
        self._reading = True
        self.offload(self._reader(request), partial(_Read, request), lane=LANE)

    def _reader(self, request: Hydrate) -> Callable[[], tuple[StoredRow, ...]]:
        store = self._store
        if request.open_orders_of is not None:
            return partial(store.open_orders, request.open_orders_of)
        if request.order_id is not None:
            return partial(store.order_rows, self._account_id, request.order_id)
        assert request.stream is not None
        return partial(store.stream, request.stream, last=request.last)

    def _read(self, answer: _Read) -> None:
        self._reading = False
        if isinstance(answer.outcome.error, StoreError):
            self._went_down(answer.outcome.error, Tick("read"))
            return
        rows = answer.outcome.value()
        self._queue.popleft()
        self._came_back()
        self.tell(answer.request.reply_to, Hydrated(answer.request.ref, rows))
        self._next()

    def _went_down(self, error: StoreError, again: Tick) -> None:
        delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        log.error("store.down", error=str(error), failures=self._failures, retry_seconds=delay)
        if self._failures == 1:
            self._announce(StoreWentDown(str(error)))
            self._beat()
        self.after(delay, again)

    def _came_back(self) -> None:
        if self._failures:
            log.info("store.back", failures=self._failures)
            self._failures = 0
            self._announce(StoreCameBack())
            self._beat()

    def _announce(self, news: Message) -> None:
        for name in self._watchers:
            self.tell(self.find(name), news)

    def _beat(self) -> None:
        status = "down" if self._failures else "ok"
        detail = f"seq {(self._next_seq or 1) - 1}, {len(self._queue)} waiting"
        self.tell(self.find("heartbeat"), Beat("store", status, detail))
