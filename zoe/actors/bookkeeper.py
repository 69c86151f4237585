"""Bookkeeper: the books, as double entry with lots, from the exchange's ledger rows alone.

Receives: LedgerRowSeen and BalancesSeen (from Ledger), DriftFound, Quote, PrivateAnswered. Tells:
Gateway (pages of the ledger, balances), Ledger (the rows of such pages), RiskOfficer
(AssetsDisputed), Heartbeat. Blocks on nothing: the store is called on the lane ``books``, one call at
a time, and what arrives meanwhile is the next booking. Rows of the stream, of REST and of files go
into one inbox, each once. A gap in a wallet's balances, and a balance that is not the exchange's,
have the ledger read by REST, with overlap, page by page. A row that cannot be read is set aside alone,
and asked for again until it can be. The store's word counts: after any error, and where another writer
was quicker, it is read again; while something differs, it is asked whether there was one. What has been
settled for hours is let go of; a row that needs it has the store read again, too. A restart reads
everything again. Nobody waits for the books: if the database refuses a booking, they stand still and
say so, and the desk goes on.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final, assert_never

from zoe.actors.book_calls import Booked, Checked, OpenBooks, Opened, open_books, store_all
from zoe.actors.drift_notes import DriftNotes
from zoe.actors.ledger_reads import DIFFERENT, GAP, RETRY_SECONDS, UNREAD, LedgerReads
from zoe.actors.stream_rows import balances_of, row_of
from zoe.domain.balance_drift import BalanceDrift
from zoe.domain.booking import REST, STREAM, Booking, Delivery
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.difference import Difference
from zoe.domain.errors import StoreConflict, StoreError, StoreUnknown
from zoe.domain.live_marks import LiveMarks
from zoe.domain.lot_drift import LotDrift
from zoe.domain.row_news import RowNews
from zoe.domain.unread_rows import UnreadRow, UnreadRows
from zoe.domain.words import counted
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.messages.gateway import PrivateAnswered
from zoe.messages.ledger import BalancesSeen, DriftFound, LedgerRowSeen, LedgerRowsRead
from zoe.messages.market import Quote
from zoe.messages.risk import AssetsDisputed
from zoe.messages.system import Beat, Tick
from zoe.ports.ledger_store import LedgerStore
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.offload import Outcome

LANE: Final = "books"
LOOK_SECONDS: Final = 30
#: Answers about balances may be as old as this.
MOMENT_NS: Final = 15_000_000_000
MOST_ROWS: Final = 1_000

Inbox = (
    LedgerRowSeen | BalancesSeen | DriftFound | Quote | PrivateAnswered | Tick | Opened | Booked | Checked
)  # fmt: skip


class Bookkeeper(Actor):
    """Keeps the books of one account equal to the exchange's."""

    def __init__(self, store: LedgerStore, lag_ns: int) -> None:
        super().__init__()
        self._store = store
        self._lag_ns = lag_ns
        self._marks = LiveMarks()
        self._keeping: Bookkeeping | None = None
        self._drift: BalanceDrift | None = None
        self._lots: LotDrift | None = None
        self._news = RowNews(lag_ns, 0)
        self._queue: list[Delivery] = []
        self._flying: list[Delivery] = []
        self._notes = DriftNotes()
        self._busy = False
        self._refused = False
        self._failures = 0
        self._unread = UnreadRows()
        #: Rows that cannot be read, of pages that came while the store was.
        self._early: list[UnreadRow] = []
        self._reads = LedgerReads(self, lag_ns, self._unread)
        #: Whether balances have been heard: from then on the exchange can be asked.
        self._told = False

    def idle(self) -> bool:
        return self._refused or (not self._flying and self._notes.durable)

    def on_start(self) -> None:
        self._news.since_ns = self.clock.wall_ns()
        self._open()
        self.after(LOOK_SECONDS, Tick("look"))

    def handle(self, message: Inbox) -> None:
        match message:
            case LedgerRowSeen():
                self._seen(message.entry)
            case BalancesSeen():
                self._compare(message.snapshot)
            case DriftFound():
                self._drift_found(message)
            case Quote():
                self._quoted(message)
            case PrivateAnswered():
                self._answered(message)
            case Opened():
                self._opened(message.outcome)
            case Booked():
                self._booked(message.outcome)
            case Checked():
                self._checked(message.outcome)
            case Tick("look"):
                self.after(LOOK_SECONDS, Tick("look"))
                self._look()
            case Tick("open"):
                self._open()
            case Tick("late"):
                self._overdue()
            case Tick("page"):
                self._reads.page()
            case Tick("read"):
                self._read()
            case Tick("balances"):
                self._reads.ask_balances()
            case Tick():
                raise AssertionError(f"no such tick: {message}")
            case _:
                assert_never(message)

    # The store

    def _open(self, reason: str = "rebuilt") -> None:
        self._busy, self._keeping = True, None
        now_ns = self._marks.now_ns = self.clock.wall_ns()
        call = partial(open_books, self._store, self._marks, now_ns, reason)
        self.offload(call, Opened, lane=LANE)

    def _opened(self, outcome: Outcome[OpenBooks]) -> None:
        self._busy = False
        if outcome.error is not None:
            self._failed(outcome.error)
            return
        self._failures = 0
        found = outcome.value()
        self._keeping = found.keeping
        self._notes.opened(found.drift, self.clock.wall_ns())
        if self._drift is None:
            self._begin(found.keeping)
        self._note(self._unread.settle(found.keeping.books.rows))
        self._queue, self._flying = self._flying + self._queue, []
        early, self._early = self._early, []
        self._set_aside(early)
        if self._unread.ids:
            self._reads.want(UNREAD)
        log.info("books.opened", rows=found.keeping.books.known)
        self._next()
        if self._told:
            self._read()

    def _begin(self, keeping: Bookkeeping) -> None:
        """What an earlier run has left."""
        standing = self._notes.standing
        self._drift = BalanceDrift(self._lag_ns, standing)
        self._lots = LotDrift(self._lag_ns, standing)
        self._unread.begin(standing)
        if keeping.books.rows:
            self._news.since_ns = keeping.whole_until() or 0
        if self._drift.unexplained:
            self._dispute(self._drift.unexplained)

    def _next(self) -> None:
        """Books what has come, where nothing is under way."""
        if self._busy or self._keeping is None or self._refused:
            return
        keeping, batch = self._keeping, self._queue[:MOST_ROWS]
        if keeping.is_closed_to(batch):
            self._open()
            return
        del self._queue[:MOST_ROWS]
        now_ns = self._marks.now_ns = self.clock.wall_ns()
        booking = keeping.take(batch, now_ns, now_ns)
        self._note_what_came(booking, now_ns)
        if booking.is_empty and not self._notes.waiting:
            if self._queue:
                self._next()
            return
        self._busy, self._flying = True, batch
        work = partial(store_all, self._store, booking, self._notes.take())
        self.offload(work, Booked, lane=LANE)

    def _booked(self, outcome: Outcome[None]) -> None:
        self._busy = False
        if outcome.error is not None:
            self._notes.failed()
            self._failed(outcome.error)
            return
        self._notes.stored()
        self._flying, self._failures = [], 0
        if self._keeping is not None and self._keeping.books.gaps:
            self._reads.want(GAP)
        self._next()
        if not self._busy:
            self._beat()

    def _check(self) -> None:
        """Whether somebody has imported what is missing, or declared what is right: no booking may
        come that would meet it, since nobody trades what is disputed."""
        if self._busy or self._keeping is None or self._refused or not self._notes.open:
            return
        self._busy = True
        work = partial(self._store.is_unchanged, self._keeping.books.known)
        self.offload(work, Checked, lane=LANE)

    def _checked(self, outcome: Outcome[bool]) -> None:
        self._busy = False
        if outcome.error is not None:
            self._failed(outcome.error)
        elif not outcome.value():
            self._open()
        else:
            self._next()

    def _failed(self, error: BaseException) -> None:
        match error:
            case StoreError():
                delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
                quicker = isinstance(error, StoreConflict | StoreUnknown)
                delay = 0 if quicker and not self._failures else delay
                self._failures += 1
                self._keeping = None
                log.info("books.read_again", error=str(error), retry_seconds=delay)
                self.after(delay, Tick("open"))
            case AssertionError():
                # Whatever we do, the database will not take it: the desk must not end over it.
                self._refused = True
                log.critical("books.refused", error=str(error))
                self.tell(self.find("heartbeat"), Beat("books", "down", "a booking was refused"))
            case _:
                raise error

    # Rows

    def _seen(self, entry: BalanceEntry) -> None:
        self._note(self._news.told(entry.ledger_id, self.clock.wall_ns()))
        row = row_of(entry)
        if row is None:
            self._reads.want("a row that REST tells better")
        if row is None or self._refused:
            return
        correlation = None if self.envelope is None else self.envelope.correlation_id
        self._queue.append(Delivery(row, STREAM, self.clock.wall_ns(), correlation))
        self._next()

    def _note_what_came(self, booking: Booking, now_ns: int) -> None:
        """Rows that nobody told us of in time, and what the desk did not do itself."""
        assert self._drift is not None
        for delivery in booking.conflicts:
            log.error("books.conflict", ledger_id=delivery.row.ledger_id, source=delivery.source)
        for delivery in booking.deliveries:
            if delivery.source == REST:
                self._drift.missed(delivery.row.asset)
        self._note(self._news.came(booking.deliveries, now_ns))
        self._note(self._unread.settle({d.row.ledger_id for d in booking.deliveries}))
        if self._news.waits:
            self.after(2 * self._lag_ns / 1e9 + 0.1, Tick("late"))

    # Differences

    def _note(self, found: Iterable[Difference]) -> None:
        self._notes.found(found, self.clock.wall_ns())

    def _overdue(self) -> None:
        """The stream had its time to tell what the ledger had told."""
        self._note(self._news.due(self.clock.wall_ns()))
        self._next()

    def _drift_found(self, news: DriftFound) -> None:
        self._note(news.differences)
        if news.standing is not None:
            self._notes.looked(news.standing, self.clock.wall_ns())
            self._beat()
        self._next()

    # The ledger by REST

    def _read(self) -> None:
        if self._keeping is not None and self._drift is not None:
            self._reads.begin(self._keeping, self._drift)

    def _answered(self, answer: PrivateAnswered) -> None:
        if self._reads.has_balances(answer):
            self._compare(answer.result)
            return
        page = self._reads.page_of(answer)
        if page is None:
            return
        rows, unread = page.rows, page.unread
        self.tell(self.find("ledger"), LedgerRowsRead(rows))
        now_ns = self.clock.wall_ns()
        known = {} if self._keeping is None else self._keeping.books.rows
        self._set_aside(unread)
        new = sum(row.ledger_id not in known for row in rows)
        self._queue += [Delivery(row, REST, now_ns) for row in rows if not self._refused]
        self._next()
        wrong = self._drift is not None and bool(self._drift.assets)
        gaps = self._keeping is not None and bool(self._keeping.books.gaps)
        self._reads.page_read(len(rows) + len(unread), new, wrong=wrong, gaps=gaps)

    def _set_aside(self, unread: Iterable[UnreadRow]) -> None:
        """Sets aside what the books do not know; until the store is read nobody knows what they do."""
        if self._keeping is None:
            self._early += unread
            return
        coming = {d.row.ledger_id for d in (*self._flying, *self._queue)}
        unread = [row for row in unread if row.ledger_id not in coming]
        self._note(self._unread.came(unread, self._keeping.books.rows))

    # Balances

    def _compare(self, snapshot: BalanceSnapshot) -> None:
        self._told = True
        read_ns = self._reads.read_ns
        if read_ns is None:
            self._read()  # or when the store has been read
            return
        if self._keeping is None or self._drift is None or self._queue:
            return  # the next look compares
        theirs = balances_of(snapshot)
        now_ns, before = self.clock.wall_ns(), self._drift.unexplained
        ours = self._keeping.recent(now_ns - MOMENT_NS)
        self._note(self._drift.compare(ours, theirs, now_ns, read_ns))
        if self._lots is not None:
            self._note(self._lots.compare(self._keeping.books, now_ns))
        if self._drift.assets:
            self._reads.want(DIFFERENT)
        if self._drift.unexplained != before:
            self._dispute(self._drift.unexplained)
            self._beat()
        self._next()

    def _dispute(self, assets: frozenset[str]) -> None:
        """No order may touch what nobody can explain."""
        self.tell(self.find("risk"), AssetsDisputed(tuple(sorted(assets))))

    def _beat(self) -> None:
        if self._keeping is None:
            return
        books = self._keeping.books
        drift = tuple(sorted(self._notes.open))
        wrong = sorted({*drift, *(f"lots {asset}" for asset in books.stopped)})
        detail = counted(books.known, "row") + (f", wrong: {', '.join(wrong)}" if wrong else "")
        detail += f", {self._reads.trouble}" if self._reads.trouble else ""
        status = "degraded" if wrong or self._reads.trouble else "ok"
        self.tell(self.find("heartbeat"), Beat("books", status, detail, drift))

    # Marks

    def _quoted(self, quote: Quote) -> None:
        bid, ask = quote.bid_price, quote.ask_price
        if quote.live and bid is not None and ask is not None:
            self._marks.traded_at(quote.symbol, (bid + ask) / 2, quote.received_ns)

    def _look(self) -> None:
        """Books trades that waited for their other leg, and values what had no mark."""
        self._beat()
        if self._drift is not None and self._drift.unexplained:
            self._dispute(self._drift.unexplained)  # a restarted RiskOfficer knows of none
        self._marks.now_ns = now_ns = self.clock.wall_ns()
        self._reads.give_up_what_is_silent(now_ns)
        if self._busy or self._keeping is None:
            return
        if self._marks.would_value(self._keeping.books.outcomes):
            self._open("valued")
            return
        self._next()
        if not self._busy and self._reads.idle:
            self._keeping.close_old(now_ns)
        self._check()
