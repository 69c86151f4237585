"""How orders ended: all that must be known of most of them, since looks overlap and show them again."""

from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.order import NEXT, STALE, Fact, Order, State
from zoe.domain.quick import quick
from zoe.domain.sighting import Sighting

#: Ends that are remembered, so that looks that show them again cost nothing.
ENDS_KEPT: Final = 2_000


@attrs.frozen(weakref_slot=False)
class End:
    """What an order had come to when nothing more was expected of it."""

    state: State
    order_id: str
    filled: Decimal
    exec_ids: frozenset[str]

    def covers(self, seen: Sighting) -> bool:
        """Whether a report says nothing that is not known: the order would be left as it is by it."""
        return all(map(self._knows, seen.facts))

    def _knows(self, fact: Fact) -> bool:
        if fact.order_id is not None and fact.order_id != self.order_id:
            return False
        if fact.fill is not None and fact.fill.exec_id not in self.exec_ids:
            return False
        reported, where = fact.filled_quantity, (self.state, fact.input)
        if reported is not None and reported.value > self.filled:
            return False
        return where in STALE or NEXT.get(where) is self.state


_end: Final = quick(End)


def end_of(order: Order) -> End | None:
    """How an order ended; None where it has not, or was never known to the exchange."""
    if order.order_id is None or not order.settled:
        return None
    exec_ids = frozenset([fill.exec_id for fill in order.fills])
    return _end(order.state, order.order_id, order.filled.value, exec_ids)


class Ends:
    """The newest ends of orders, by which reports are known that only repeat one."""

    def __init__(self) -> None:
        self._by_order_id: dict[str, End] = {}

    def add(self, end: End) -> None:
        """Remembers one, and forgets the oldest where there are too many."""
        self._by_order_id[end.order_id] = end
        if len(self._by_order_id) > ENDS_KEPT:
            del self._by_order_id[next(iter(self._by_order_id))]

    def cover(self, seen: Sighting) -> bool:
        """Whether a report only repeats one of them."""
        end = self._by_order_id.get(seen.order_id)
        return end is not None and end.covers(seen)
