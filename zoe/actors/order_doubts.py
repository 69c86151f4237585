"""Orders whose fate is unknown, and what looks say of them.

A part of the Reconciler, which owns it. An order that a list shows is told of by the list; two looks
that miss it, past the deadline and a lag apart, prove that it was never placed. The first of them
is kept in the journal: a desk that is started again needs the second only.
"""

from collections.abc import Callable, Iterable, Mapping

import attrs

from zoe.actors.look import Look
from zoe.domain.order import Order, State

#: As many looks must agree.
ENOUGH = 2


@attrs.define
class _Doubt:
    order: Order
    misses: int = 0
    missed_ns: int = 0


class OrderDoubts:
    """The doubts, by intent.

    Args:
        provable_ns: From when on a look can prove something, by our deadline of a request.
        lag_ns: How far the exchange's lists may lag behind its engine.
    """

    def __init__(self, provable_ns: Callable[[int], int], lag_ns: int) -> None:
        self._provable_ns = provable_ns
        self._lag_ns = lag_ns
        self._doubts: dict[str, _Doubt] = {}
        #: When an earlier desk's looks missed orders.
        self._recalled: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._doubts)

    @property
    def missed(self) -> dict[str, int]:
        """What has been missed once, and when that look began (wall time)."""
        return {name: doubt.missed_ns for name, doubt in self._doubts.items() if doubt.misses}

    def recall(self, missed: Mapping[str, int]) -> None:
        """Takes over what an earlier desk's looks missed."""
        self._recalled = dict(missed)

    def follow(self, order: Order) -> None:
        """Takes up a doubt, or drops one that is settled."""
        name = order.intent.intent_id
        missed_ns = self._recalled.pop(name, None)
        if order.state is not State.IN_DOUBT:
            self._doubts.pop(name, None)
        elif name not in self._doubts:
            # One that was placed and is in doubt again was not missed in this doubt.
            counts = missed_ns is not None and order.order_id is None
            self._doubts[name] = _Doubt(order, 1, missed_ns or 0) if counts else _Doubt(order)

    def due_ns(self) -> Iterable[int]:
        """Our wall times from which a look can say something, one a doubt."""
        return [self._due_ns(doubt) for doubt in self._doubts.values()]

    def _due_ns(self, doubt: _Doubt) -> int:
        if doubt.misses:
            return doubt.missed_ns + self._lag_ns
        return self._provable_ns(doubt.order.not_after_ns or 0)

    def deadlines_ns(self) -> list[int]:
        """Of the orders in doubt."""
        orders = [doubt.order for doubt in self._doubts.values()]
        return [order.not_after_ns for order in orders if order.not_after_ns is not None]

    def judge(self, look: Look) -> list[str]:
        """The intents that a look has proved to be absent."""
        proved = []
        for name, doubt in list(self._doubts.items()):
            early = look.began_ns < self._due_ns(doubt)
            if early or not look.covers(doubt.order) or not look.misses(doubt.order):
                continue
            doubt.misses, doubt.missed_ns = doubt.misses + 1, look.began_ns
            if doubt.misses >= ENOUGH:
                del self._doubts[name]
                proved.append(name)
        return proved
