"""Journal: the one writer of rows.

Receives: Record, HandOn, Hydrate. Tells: whoever asked Recorded and Hydrated; parcels; its watchers
StoreWentDown and StoreCameBack; Heartbeat Beat. Blocks on nothing: commits and reads are waited for on the lane
``journal``, one at a time; what arrives meanwhile is the next group. A Record that nobody waits for waits a
moment for company: an order's row shares the commit of the decision it follows from. Reads wait for
the writes queued before.
A store error keeps the batch and tries the same rows again; a commit whose fate is unknown is
settled by inserting the same rows and comparing. Another writer in our place ends the process.
A store without an answer is down. Cancels noted while it is are journalled when it is back.
An ordered stop waits until all is durable. A restart loses what waited, so the tree escalates a
crash of the Journal instead (app/tree.py).
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from typing import Any, Final, assert_never

import attrs

from zoe.actors.hydration import reading_of
from zoe.actors.journal_work import (
    Asked,
    Behind,
    Collect,
    Commit,
    Forget,
    Open,
    Probe,
    Waiting,
    Work,
    numbered,
)
from zoe.actors.noted_cancels import Noted, body_of, look
from zoe.domain.errors import StoreConflict, StoreError
from zoe.domain.quick import quick
from zoe.messages.journal import (
    HandOn,
    Hydrate,
    Hydrated,
    Parcel,
    Record,
    Recorded,
    Row,
    StoreCameBack,
    StoreWentDown,
)
from zoe.messages.system import Beat, Tick
from zoe.ports.journal import EmergencyNotes, JournalRow, JournalStore
from zoe.runtime.actor import Actor, Timer
from zoe.runtime.log import log
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome

LANE: Final = "journal"
GROUP_ROWS: Final = 2_000
GROUP_REQUESTS: Final = 32
ANCHORS_KEPT: Final = 20_000
#: So long rows that nobody waits for wait for some that somebody does.
COMPANY_SECONDS: Final = 0.002
RETRY_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1, 2)
BEAT_SECONDS: Final = 2
#: A call that takes longer may never be answered: nobody should rely on it.
SILENCE_NS: Final = 2_000_000_000
#: So many that wait are worth a person's look.
BACKLOG: Final = 10_000
EXIT_SECOND_WRITER: Final = 70
CANCEL_NOTED: Final = "order.cancel_noted"


_row_waits: Final = quick(Waiting)


@attrs.frozen
class _Done(Message):
    outcome: Outcome[Any]


Inbox = Record | HandOn | Hydrate | Tick | _Done


class Journal(Actor):
    """Writes rows in groups, in the order they came, each durable before anyone hears of it.

    Args:
        watchers: Who is told when the store goes down and comes back.
        notes: Where cancels are noted meanwhile.
    """

    def __init__(
        self,
        account_id: str,
        store: JournalStore,
        watchers: tuple[str, ...] = (),
        notes: EmergencyNotes | None = None,
    ) -> None:
        super().__init__()
        self._account_id = account_id
        self._store = store
        self._watchers = watchers
        self._notes = notes
        self._queue: deque[Waiting | Asked | Collect | Forget] = deque()
        self._work: Work | None = None
        self._behind: list[Behind] = []
        self._next_seq = 0
        self._anchor_seq: OrderedDict[int, int] = OrderedDict()
        #: Runs while rows that nobody waits for wait for company.
        self._company: Timer | None = None
        self._failures = 0
        self._began_ns = 0
        self._silent = False
        self._over = False

    def on_start(self) -> None:
        if self._notes is not None:
            self._queue.append(Collect())
        self._begin(Open())
        self.after(BEAT_SECONDS, Tick("beat"))

    def idle(self) -> bool:
        waits = isinstance(self._work, Commit) or any(isinstance(w, Waiting) for w in self._queue)
        return self._over or not waits

    def handle(self, message: Inbox) -> None:
        match message:
            case Record():
                self._queue.append(_row_waits(message, self._cause(), self.clock.wall_ns()))
                self._gather()
            case _Done():
                self._done(message.outcome)
            case HandOn():
                self._hand_on(message)
                self._gather()
            case Hydrate():
                self._queue.append(Asked(message, self._cause()))
                self._gather()
            case Tick("beat"):
                self._listen()
                self._beat()
                self._next()
                if self._work is None and not self._over and self._is_quiet():
                    self._begin(Probe())
                self.after(BEAT_SECONDS, Tick("beat"))
            case Tick("company"):
                self._company = None
                self._next(alone=True)
            case Tick():
                self._run()
            case _:
                assert_never(message)

    def _cause(self) -> Envelope:
        envelope = self.envelope
        assert envelope is not None, "mail comes in an envelope"
        return envelope

    # One call at a time

    def _gather(self) -> None:
        """Begins what is next, unless more is in the mailbox already: that shares the commit."""
        if self._work is None and (not self.has_mail() or len(self._queue) >= GROUP_REQUESTS):
            self._next()

    def _next(self, *, alone: bool = False) -> None:
        if self._work is not None or self._over or not self._queue:
            return
        if not (alone or self._is_awaited()):
            self._await_company()
            return
        if self._company is not None:
            # It has come, or is not waited for: the timer would ring when the commit ends.
            self._company.cancel()
            self._company = None
        head = self._queue[0]
        if isinstance(head, Waiting):
            group = self._take_group()
            self._begin(Commit(group, self._number(group)))
        else:
            self._queue.popleft()
            self._begin(head)

    def _is_awaited(self) -> bool:
        """Whether anybody waits for anything in the queue, or it is as long as a group may be."""
        if len(self._queue) >= GROUP_REQUESTS:
            return True
        # The newest first: most often it is what was waited for.
        for item in reversed(self._queue):
            if not isinstance(item, Waiting) or item.record.parcels or item.record.reply_to:
                return True
        return False

    def _await_company(self) -> None:
        if self._company is None:
            self._company = self.after(COMPANY_SECONDS, Tick("company"))

    def _begin(self, work: Work) -> None:
        self._work = work
        self._run()

    def _run(self) -> None:
        assert self._work is not None, "there is something to do"
        self._began_ns = self.clock.monotonic_ns()
        self.offload(self._call(self._work), _Done, lane=LANE)

    def _call(self, work: Work) -> Callable[[], Any]:
        match work:
            case Commit(_, rows, again):
                # A commit that failed for sure left nothing, one whose answer was lost may have
                # left these very rows: settling is right for both.
                work.again = True
                return partial(self._store.settle, rows) if again else self._store.begin(rows)
            case Open() | Probe():
                return self._store.last_seq
            case Asked(request):
                return reading_of(self._store, self._account_id, request)
            case Collect():
                assert self._notes is not None, "there are notes"
                return partial(look, self._store, self._notes, self._emergency_stream)
            case Forget(cancels):
                assert self._notes is not None, "there are notes"
                return partial(self._notes.forget, cancels)
            case _:
                assert_never(work)

    def _done(self, outcome: Outcome[Any]) -> None:
        work = self._work
        assert work is not None, "an outcome belongs to a call"
        match outcome.error:
            case None:
                self._work = None
                if self._failures or self._silent:
                    self._came_back()
                self._finish(work, outcome.result)
                self._next()
            case StoreConflict() as conflict:
                self._second_writer(conflict)
            case StoreError() as failed if isinstance(work, Collect | Forget):
                # The notes stay; the next start, or the next return of the store, looks again.
                log.error("journal.emergency_notes_wait", error=str(failed))
                self._work = None
                self._next()
            case StoreError() as failed:
                self._went_down(failed)
            case bug:
                raise bug

    def _finish(self, work: Work, result: Any) -> None:
        match work:
            case Commit():
                if self._behind:
                    self._tell_behind(work.group)
                for waiting in work.group:
                    # Each answer follows from its own Record, not from that of the group's first.
                    self._tell_recorded(waiting.record, waiting.envelope)
            case Open():
                self._next_seq = result + 1
            case Asked(request, envelope):
                found = Hydrated(request.ref, result)
                self.tell_because_of(envelope, request.reply_to, found)
            case Probe():
                pass
            case Collect():
                self._collected(result)
            case Forget():
                log.info("journal.emergency_notes_journalled", cancels=len(work.cancels))
            case _:
                assert_never(work)

    def _tell_recorded(self, record: Record, envelope: Envelope) -> None:
        for to, message in record.parcels:
            self.tell_because_of(envelope, to, message)
        if record.reply_to is not None:
            self.tell_because_of(envelope, record.reply_to, Recorded(record.ref))

    def _hand_on(self, message: HandOn) -> None:
        # What others have recorded since is no reason to wait.
        under_way = self._work.group if isinstance(self._work, Commit) else ()
        waiting = (item for item in reversed(self._queue) if isinstance(item, Waiting))
        known = chain(waiting, reversed(under_way))
        last = next((one for one in known if one.has_rows_of(message.stream)), None)
        if last is None:
            self._tell_parcels(self._cause(), message.parcels)
        else:
            self._behind.append(Behind(last, message.parcels, self._cause()))

    def _tell_behind(self, group: tuple[Waiting, ...]) -> None:
        behind, self._behind = self._behind, []
        for one in behind:
            if one.last in group:
                self._tell_parcels(one.envelope, one.parcels)
            else:
                self._behind.append(one)

    def _tell_parcels(self, cause: Envelope, parcels: Iterable[Parcel]) -> None:
        for to, message in parcels:
            self.tell_because_of(cause, to, message)

    def _take_group(self) -> tuple[Waiting, ...]:
        # Half of what waits: whoever hears of it goes on while the other half is written.
        queue, rows = self._queue, 0
        group: list[Waiting] = []
        most = max(GROUP_REQUESTS, len(queue) // 2)
        while queue and len(group) < most and rows < GROUP_ROWS:
            first = queue[0]
            if not isinstance(first, Waiting):
                break
            queue.popleft()
            rows += len(first.record.rows)
            group.append(first)
        return tuple(group)

    def _number(self, group: tuple[Waiting, ...]) -> tuple[JournalRow, ...]:
        anchors = self._anchor_seq
        rows = numbered(group, self._account_id, self._next_seq, anchors)
        self._next_seq += len(rows)
        while len(anchors) > ANCHORS_KEPT:
            anchors.popitem(last=False)
        return rows

    # Cancels noted while the store was down

    @property
    def _emergency_stream(self) -> str:
        return f"emergency/{self._account_id}"

    def _collected(self, noted: Noted) -> None:
        if not noted.cancels:
            return
        # Ahead of all that waits, and in this order.
        self._queue.appendleft(Forget(noted.cancels))
        fresh = noted.cancels[noted.start :]
        for version, cancel in reversed(list(enumerate(fresh, noted.version + 1))):
            row = Row(self._emergency_stream, version, CANCEL_NOTED, body_of(cancel))
            record = Record((row,))
            ids = (cancel.message_id, cancel.correlation_id, cancel.causation_id)
            envelope = Envelope(record, *ids, anchor=None, sender=None, sent_ns=0)
            self._queue.appendleft(Waiting(record, envelope, cancel.at_ns))

    # A store that is down, or is not ours alone

    def _went_down(self, error: StoreError) -> None:
        delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        log.error(
            "store.down",
            error=str(error),
            failures=self._failures,
            waiting=self._count(),
            retry_seconds=delay,
        )
        if self._failures == 1:
            self._announce(StoreWentDown())
            self._beat()
        self.after(delay, Tick("again"))

    def _is_quiet(self) -> bool:
        """Whether nothing that the store was asked since the last beat tells how it is."""
        return self.clock.monotonic_ns() - self._began_ns >= BEAT_SECONDS * 1_000_000_000

    def _listen(self) -> None:
        """A store that does not answer is as good as down, long before its connection breaks."""
        waited_ns = self.clock.monotonic_ns() - self._began_ns
        if self._work is None or self._failures or self._silent or waited_ns < SILENCE_NS:
            return
        self._silent = True
        log.error("store.silent", seconds=round(waited_ns / 1e9, 1), waiting=self._count())
        self._announce(StoreWentDown())

    def _came_back(self) -> None:
        log.info("store.back", failures=self._failures, waiting=self._count())
        self._failures, self._silent = 0, False
        if self._notes is not None and Collect() not in self._queue:
            self._queue.append(Collect())
        self._announce(StoreCameBack())
        self._beat()

    def _second_writer(self, conflict: StoreConflict) -> None:
        self._over = True
        log.critical("journal.second_writer", error=str(conflict), lost=self._count())
        self.exit_process(EXIT_SECOND_WRITER, "another writer holds this journal")

    def _announce(self, news: Message) -> None:
        for name in self._watchers:
            self.tell(self.find(name), news)

    def _count(self) -> int:
        """Requests that are not done."""
        flying = len(self._work.group) if isinstance(self._work, Commit) else 0
        return flying + len(self._queue)

    def _beat(self) -> None:
        waiting = self._count()
        busy = "degraded" if waiting > BACKLOG else "ok"
        status = "down" if self._failures or self._silent else busy
        detail = f"seq {max(self._next_seq - 1, 0)}, {waiting} waiting"
        self.tell(self.find("heartbeat"), Beat("store", status, detail))
