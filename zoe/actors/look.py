"""One look of the Reconciler at the exchange's lists: what it asks for in turn, and what it has seen."""

from typing import Final

import attrs

from zoe.domain.ids import id_number
from zoe.domain.order import Order
from zoe.domain.sighting import Sighting
from zoe.ports.venue import GetBalances, GetClosedOrders, GetOpenOrders, GetTrades, Operation

PAGE: Final = 50


@attrs.define
class Look:
    """One look under way.

    Attributes:
        seen: Every id of every order that a list of orders has shown.
        open: The exchange's ids of those that are listed as open.
    """

    ref: int
    began_ns: int
    start_ns: int
    waiting_for: Operation
    seen: set[str | int] = attrs.field(factory=set)
    open: set[str] = attrs.field(factory=set)

    def saw(self, sighting: Sighting) -> None:
        """Takes note of a row of the list that is waited for."""
        if isinstance(self.waiting_for, GetOpenOrders):
            self.open.add(sighting.order_id)
        if not isinstance(self.waiting_for, GetTrades):
            self.seen |= _ids(sighting.order_id, sighting.cl_ord_id)

    def misses(self, order: Order) -> bool:
        """Whether no list has shown it."""
        return self.seen.isdisjoint(_ids(order.order_id, order.cl_ord_id))

    def following(self, rows: int, *, trades: bool) -> Operation | None:
        """What is asked for next, after an answer with so many rows; None after the last.

        Args:
            trades: Whether trades are wanted: the dearest list, and the stream tells most fills.
        """
        match self.waiting_for:
            case GetOpenOrders():
                return GetClosedOrders(self.start_ns)
            case GetClosedOrders(start, offset) if rows >= PAGE:
                return GetClosedOrders(start, offset + rows)
            case GetClosedOrders():
                return GetTrades(self.start_ns) if trades else GetBalances()
            case GetTrades(start, offset):
                return GetTrades(start, offset + rows) if rows >= PAGE else GetBalances()
            case _:
                return None


def _ids(order_id: str | None, cl_ord_id: str | None) -> set[str | int]:
    """What an order can be known by: the exchange's id, and ours as a number."""
    number = None if cl_ord_id is None else id_number(cl_ord_id)
    return {name for name in (order_id, number) if name is not None}
