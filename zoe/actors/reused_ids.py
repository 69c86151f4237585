"""Ids of the exchange that name two orders, as one does that has lost its memory: a part of the OrderDesk.

What is told of the second is no news of the first, which has ended long ago or goes on by itself. It is
said once, for a person to look at.
"""

from zoe.domain.ids import id_number
from zoe.domain.order import Order
from zoe.domain.sighting import Sighting
from zoe.runtime.log import log


class ReusedIds:
    """Ids of the exchange that were found on a second order; each is logged once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def is_another(self, seen: Sighting, order: Order | None) -> bool:
        """Whether a report is about another order than this one, which has its id."""
        theirs, cl_ord_id = seen.cl_ord_id, None if order is None else order.cl_ord_id
        if theirs is None or cl_ord_id is None or theirs == cl_ord_id:
            return False
        number = id_number(cl_ord_id)
        if number is None or number == id_number(theirs):
            return False
        if seen.order_id not in self._told:
            self._told.add(seen.order_id)
            log.error(
                "order.id_reused", order_id=seen.order_id, cl_ord_id=theirs, known_as=cl_ord_id
            )
        return True
