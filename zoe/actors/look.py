"""One look of the Reconciler at the exchange's lists: what it asks for in turn, and what it has seen."""

from functools import lru_cache
from typing import Final

import attrs

from zoe.domain.ids import id_number
from zoe.domain.order import Order
from zoe.domain.sighting import Sighting
from zoe.ports.venue import (
    GetBalances,
    GetClosedOrders,
    GetOpenOrders,
    GetOrders,
    GetTrades,
    Operation,
)

PAGE: Final = 50
#: So long before its deadline an order may have been sent and closed: the time it had, and what
#: clocks may be wrong by.
SENT_BEFORE_NS: Final = 10_000_000_000


@attrs.define
class Look:
    """One look under way; times are steady ones, but for ``start_ns``.

    Attributes:
        began_ns: Of the wish, and once it is known, when the first call left.
        from_ns: What has closed since then is listed.
        start_ns: The same on the exchange's clock.
        balances: Whether they are asked for too; no doubt is settled by them.
        listed: Whether all lists are read, and OrderDesk's own is what it waits for.
        seen: Every id of every order that a list of orders has shown.
        open: The exchange's ids of those that are listed as open.
        missing: Ids of orders that are asked for one by one where the lists do not show them.
        asked: Those that were.
    """

    ref: int
    began_ns: int
    from_ns: int
    start_ns: int
    waiting_for: Operation
    balances: bool = False
    listed: bool = False
    seen: set[str | int] = attrs.field(factory=set)
    open: set[str] = attrs.field(factory=set)
    missing: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def saw(self, sightings: tuple[Sighting, ...]) -> None:
        """Takes note of the rows of the list that is waited for."""
        if isinstance(self.waiting_for, GetOpenOrders):
            self.open.update([sighting.order_id for sighting in sightings])
        if not isinstance(self.waiting_for, GetTrades):
            for sighting in sightings:
                self.seen.update(_ids(sighting.order_id, sighting.cl_ord_id))

    def misses(self, order: Order) -> bool:
        """Whether no list has shown it."""
        return self.seen.isdisjoint(_ids(order.order_id, order.cl_ord_id))

    def covers(self, deadline_ns: int) -> bool:
        """Whether its lists go back as far as an order could have been placed and closed."""
        return self.from_ns <= deadline_ns - SENT_BEFORE_NS

    def following(self, rows: int, trades_ns: int | None) -> Operation | None:
        """What is asked for next, after an answer with so many rows; None after the last.

        Args:
            trades_ns: From when on (the exchange's clock) trades are wanted, None where none are:
                it is the dearest list, and the stream tells most fills.
        """
        last = GetBalances() if self.balances else None
        match self.waiting_for:
            case GetOpenOrders():
                return GetClosedOrders(self.start_ns)
            case GetClosedOrders(start, offset) if rows >= PAGE:
                return GetClosedOrders(start, offset + rows)
            case GetClosedOrders() if asked := tuple(i for i in self.missing if i not in self.seen):
                self.asked = asked
                return GetOrders(asked)
            case GetClosedOrders() | GetOrders():
                return last if trades_ns is None else GetTrades(trades_ns)
            case GetTrades(start, offset):
                return GetTrades(start, offset + rows) if rows >= PAGE else last
            case _:
                return None


@attrs.define
class Wish:
    """The wish for another look, of all who wished for one since the last.

    Attributes:
        reason: Of the first who wished; None: nobody does.
        since_ns: When the last of them did.
        balances: Whether one of them wants the balances.
    """

    reason: str | None = None
    since_ns: int = 0
    balances: bool = False

    def add(self, reason: str, now_ns: int, *, balances: bool = False) -> None:
        """Somebody wishes for a look."""
        self.reason, self.since_ns = self.reason or reason, now_ns
        self.balances |= balances

    def grant(self, look: Look) -> None:
        """What was wished for up to now is what this look is for."""
        look.balances |= self.balances
        self.reason, self.balances = None, False


@lru_cache(maxsize=1_024)  # one look after the other shows, and misses, the same orders
def _ids(order_id: str | None, cl_ord_id: str | None) -> tuple[str | int, ...]:
    """What an order can be known by: the exchange's id, and ours as a number."""
    number = None if cl_ord_id is None else id_number(cl_ord_id)
    if number is None:
        return () if order_id is None else (order_id,)
    return (number,) if order_id is None else (order_id, number)
