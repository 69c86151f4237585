"""How fast orders are approved, also over restarts: a part of the RiskOfficer.

What was approved in the last minute is in the journal, once it is on its way to the exchange, and with the
OrderDesk until then. The OrderDesk is asked first: whatever it does not tell any more is durable, and is
read behind it. A row is younger than the approval that it came of, so nothing is forgotten too early.
"""

from typing import Final

from zoe.domain.order import Intent
from zoe.domain.order_pace import WINDOW_NS, OrderPace
from zoe.domain.order_record import SENDING, fold
from zoe.messages.journal import Hydrate, StoredRow
from zoe.messages.orders import OrdersReported
from zoe.runtime.actor import Actor

#: What is exactly a minute old counts still.
_READ_NS: Final = WINDOW_NS + 1


class PaceKeeper:
    """Counts what was approved, and remembers it.

    Args:
        duplicate_window_ms: So long the same wish counts as asked again; 0: no wish does.
    """

    def __init__(self, officer: Actor, duplicate_window_ms: int) -> None:
        self._officer = officer
        self._pace = OrderPace(duplicate_window_ms)
        #: Orders that were approved and had no row when they were told, and those of such amends.
        self._orders: tuple[Intent, ...] = ()
        self._amended: tuple[Intent, ...] = ()
        self._is_asked = False

    def approved(self, intent: Intent) -> None:
        """An order, or an amend of it, has just been approved."""
        self._pace.add(self._officer.clock.monotonic_ns(), intent)

    def count(self) -> int:
        """How many were approved in the last minute."""
        return self._pace.count(self._officer.clock.monotonic_ns())

    def repeated(self, intent: Intent) -> str | None:
        """The id of an intent just like it that was approved a moment ago; None without one."""
        return self._pace.repeated(intent, self._officer.clock.monotonic_ns())

    def reported(self, report: OrdersReported, ref: int) -> None:
        """Asks the journal, once, for what was approved and has a row."""
        if self._is_asked:
            return
        self._is_asked = True
        live = {order.intent.intent_id for order in report.orders}
        waiting = [asked.intent for asked in report.approved]
        self._orders = tuple(i for i in waiting if i.intent_id not in live)
        self._amended = tuple(i for i in waiting if i.intent_id in live)
        since_ns = self._officer.clock.wall_ns() - _READ_NS
        wanted = Hydrate(ref, self._officer.me, asked_since=since_ns)
        self._officer.tell(self._officer.find("journal"), wanted)

    def hydrated(self, rows: tuple[StoredRow, ...]) -> None:
        """All that was approved before the restart counts."""
        clock = self._officer.clock
        now_ns, wall_ns = clock.monotonic_ns(), clock.wall_ns()
        known = [(now_ns - max(wall_ns - row.at_ns, 0), _intent(row)) for row in rows]
        for at_ns, intent in sorted(known, key=lambda one: one[0]):
            self._pace.add(at_ns, intent)
        sent = {i.intent_id for row, (_, i) in zip(rows, known, strict=True) if row.kind == SENDING}
        # An amend may have got its row meanwhile: it counts twice then rather than not at all.
        for intent in (*(i for i in self._orders if i.intent_id not in sent), *self._amended):
            self._pace.add(now_ns, intent)


def _intent(row: StoredRow) -> Intent:
    order = fold([(SENDING, row.body)])
    assert order is not None
    return order.intent
