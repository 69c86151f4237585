"""The exchange's ledger, read by REST: a part of the Bookkeeper, which owns it.

A reading goes back a while behind what the books have without a gap, page by page; rows that are set
aside, and that no page had, are asked for by their ids at its end, and alone where nothing else is
missing. One at a time: what is wanted meanwhile is read after it. One that failed, or that brought
nothing though something is wrong, is repeated after a while that grows. Pages come newest first, and
each is booked at once: what a reading still had to bring when it failed may leave no gap, so the next
one goes back as far; and where a desk ended within one, balances differ, and readings reach further
and further back.
"""

from typing import Final

import attrs

from zoe.domain.balance_drift import BalanceDrift
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.unread_rows import LedgerPage, UnreadRows
from zoe.messages.gateway import PrivateAnswered, PrivateCall
from zoe.messages.system import Tick
from zoe.ports.venue import GetBalances, GetLedgerRows, GetLedgers
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

PAGE: Final = 50
#: Pages that are read one after the other; a long history goes on at the pace of the rate counter.
QUICK_PAGES: Final = 3
PAGE_SECONDS: Final = 6
OVERLAP_NS: Final = 60_000_000_000
#: A reading that explained nothing has the next one go back so many times as far, so often: to before
#: any account began. Later ones ask for what is new only, or the rate counter had no rest.
REACH_GROWS: Final = 8
MOST_REACHES: Final = 8
RETRY_SECONDS: Final = (1, 2, 5, 10, 30, 60)
#: So many readings that failed in a row are told: the books fall behind.
TOLD_FAILURES: Final = 3
#: Whoever should have answered was restarted.
SILENCE_NS: Final = 120_000_000_000
GAP: Final = "gap"
DIFFERENT: Final = "balances differ"
UNREAD: Final = "a row cannot be read"
#: Rows that are asked for by their ids at a time (facts sheet, section 1.6).
MOST_IDS: Final = 20


@attrs.define
class Reading:
    """One reading of the ledger.

    Attributes:
        start_ns: Exclusive; 0 for all there is.
        whole: Whether pages are read, and not only rows that are set aside.
        new: How many rows nobody had told of.
        met: Rows of its pages that could not be read.
        left: Ids of rows that are still to be asked for; None while there are pages.
    """

    ref: int
    began_ns: int
    start_ns: int
    whole: bool = True
    pages: int = 0
    new: int = 0
    asked_ns: int = 0
    met: set[str] = attrs.field(factory=set)
    left: list[str] | None = None


class LedgerReads:
    """Reads the exchange's ledger page by page, at its start, when asked to, and now and then.

    Args:
        lag_ns: How far the exchange's lists may lag behind its engine.
        aside: The rows that are set aside.

    Attributes:
        read_ns: When the newest whole reading began; None where there was none.
        trouble: Why the last readings failed, where several did in a row; empty where not.
    """

    def __init__(self, owner: Actor, lag_ns: int, aside: UnreadRows) -> None:
        self._owner = owner
        self._lag_ns = lag_ns
        self._aside = aside
        self._reading: Reading | None = None
        self._wanted: str | None = "start"
        self._refs = 0
        self._asked_balances = 0
        #: Readings that failed, and that brought nothing though something is wrong, in a row.
        self._failed = self._fruitless = 0
        #: From where on one that did not end would have read.
        self._unfinished_ns: int | None = None
        self.read_ns: int | None = None
        self.trouble = ""

    @property
    def idle(self) -> bool:
        """Whether no pages are read, nor to be read."""
        return self._reading is None and self._wanted in (None, UNREAD)

    def want(self, reason: str) -> None:
        """Has the ledger read soon."""
        if self._wanted is None:
            self._soon()
        if self._wanted in (None, UNREAD):  # which needs no pages, as the others do
            self._wanted = reason

    def _soon(self) -> None:
        tries = max(self._failed, self._fruitless)
        delay = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
        self._owner.after(max(delay, self._lag_ns / 1e9), Tick("read"))

    def begin(self, keeping: Bookkeeping, drift: BalanceDrift) -> None:
        """Reads what is wanted, unless it has come by itself."""
        reason = self._wanted
        if self._reading is not None or reason is None:
            return
        self._wanted = None
        stands = {GAP: keeping.books.gaps, DIFFERENT: drift.assets, UNREAD: self._aside.ids}
        if reason in stands and not any(stands.values()):
            return  # the rows have come, those too that were found to be missing since
        log.info("books.reading", reason=reason)
        self._refs += 1
        began_ns = self._owner.clock.wall_ns()
        self._reading = Reading(self._refs, began_ns, self._start_ns(keeping, drift))
        whole = reason != UNREAD or keeping.books.gaps or drift.assets
        if not whole and self._unfinished_ns is None:
            # Nothing else is missing: pages would only bring what has been let go of.
            self._reading.whole, self._reading.left = False, sorted(self._aside.ids)
        self.page()

    def _start_ns(self, keeping: Bookkeeping, drift: BalanceDrift) -> int:
        whole_ns, reach_ns = keeping.whole_until(), OVERLAP_NS
        unexplained = drift.assets and not keeping.books.gaps and not self._aside.ids
        if unexplained and self._fruitless <= MOST_REACHES:
            reach_ns *= REACH_GROWS**self._fruitless
        start_ns = 0 if whole_ns is None else max(0, whole_ns - reach_ns)
        return start_ns if self._unfinished_ns is None else min(start_ns, self._unfinished_ns)

    def page(self) -> None:
        """Asks for the next page."""
        reading = self._reading
        if reading is None:
            return
        reading.asked_ns = self._owner.clock.wall_ns()
        if reading.left is None:
            pages = GetLedgers(reading.start_ns or None, reading.began_ns, reading.pages * PAGE)
            self._call(reading.ref, pages)
        else:
            ids, reading.left = tuple(reading.left[:MOST_IDS]), reading.left[MOST_IDS:]
            self._call(reading.ref, GetLedgerRows(ids))

    def page_of(self, answer: PrivateAnswered) -> LedgerPage | None:
        """The page that was asked for; None where this is none, or it did not come."""
        reading = self._reading
        if reading is None or answer.ref != reading.ref:
            return None
        if answer.failure is None:
            page: LedgerPage = answer.result
            reading.met.update(row.ledger_id for row in page.unread)
            return page
        if reading.left is not None:
            log.info("books.rows_not_told", code=answer.code)
            return LedgerPage(())  # the pages have come, and the next reading asks again
        self._leave(reading)
        self._failed += 1
        log.info("books.read_failed", code=answer.code)
        if self._failed >= TOLD_FAILURES:
            self.trouble = f"the exchange's ledger cannot be read: {answer.code}"
        if self._failed == TOLD_FAILURES:
            log.warning("books.unread", code=answer.code)
        self._wanted = self._wanted or "a reading failed"
        self._soon()
        return None

    def page_read(self, rows: int, new: int, *, wrong: bool, gaps: bool) -> None:
        """Takes note of a page that is in the books by now; asks for what is left, or ends the
        reading.

        Args:
            rows: How many it had.
            new: How many of them nobody had told of.
            wrong: Whether the balances differ from the exchange's.
            gaps: Whether rows are missing.
        """
        reading = self._reading
        assert reading is not None
        reading.new += new
        reading.pages += 1
        if reading.left is None and rows < PAGE:
            reading.left = sorted(self._aside.ids - reading.met)
        if reading.left != []:
            # The next page is asked for by its offset: what is new lies beyond the frozen end.
            self._owner.after(0 if reading.pages < QUICK_PAGES else PAGE_SECONDS, Tick("page"))
            return
        self._reading = None
        if reading.whole:
            self.read_ns, self._unfinished_ns = reading.began_ns, None
            self._failed, self.trouble = 0, ""
        aside = bool(self._aside.ids)
        self._fruitless = self._fruitless + 1 if (wrong or gaps or aside) and not reading.new else 0
        self._wanted = self._wanted or (GAP if gaps else UNREAD if aside else None)
        if self._wanted is not None:
            self._soon()  # what was wanted meanwhile
        self._owner.after(1, Tick("balances"))

    def ask_balances(self) -> None:
        """Asks for all balances, which are compared with the books."""
        self._refs += 1
        self._asked_balances = self._refs
        self._call(self._refs, GetBalances())

    def has_balances(self, answer: PrivateAnswered) -> bool:
        """Whether these are the balances that were asked for."""
        return answer.ref == self._asked_balances and answer.failure is None

    def give_up_what_is_silent(self, now_ns: int) -> None:
        """Reads again where nobody has answered for a while."""
        reading = self._reading
        if reading is not None and now_ns - reading.asked_ns > SILENCE_NS:
            self._leave(reading)
            self._wanted = "no answer"
            self._soon()

    def _leave(self, reading: Reading) -> None:
        """Gives a reading up; the next one goes back as far."""
        self._reading, self._unfinished_ns = None, reading.start_ns

    def _call(self, ref: int, operation: GetLedgers | GetLedgerRows | GetBalances) -> None:
        call = PrivateCall(ref, operation, self._owner.me)
        self._owner.tell(self._owner.find("gateway"), call)
