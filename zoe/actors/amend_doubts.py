"""Amends whose fate is unknown, and what looks say of them.

A part of the Reconciler, which owns it. An open order's terms settle its amend: as wanted, it was
applied; two looks that show it otherwise, past the deadline and a lag apart, prove that it was not.
The first of them is kept in the journal, as with orders.
"""

from collections.abc import Callable, Iterable, Mapping

import attrs

from zoe.domain.amend import Progress, Terms, progress_of
from zoe.domain.order import Fact, Input, Order
from zoe.domain.sighting import Sighting

#: As many looks must agree.
ENOUGH = 2


@attrs.define
class _Doubt:
    order: Order
    misses: int = 0
    missed_ns: int = 0


class AmendDoubts:
    """The doubts, by intent.

    Args:
        provable_ns: From when on a look can prove something, by our deadline of a request.
        lag_ns: How far the exchange's lists may lag behind its engine.
    """

    def __init__(self, provable_ns: Callable[[int], int], lag_ns: int) -> None:
        self._provable_ns = provable_ns
        self._lag_ns = lag_ns
        self._doubts: dict[str, _Doubt] = {}
        #: When an earlier desk's looks showed orders as they were.
        self._recalled: dict[str, int] = {}
        #: What the look that is under way has shown so far, by the exchange's ids.
        self._shown: dict[str, Terms] = {}

    def __len__(self) -> int:
        return len(self._doubts)

    @property
    def missed(self) -> dict[str, int]:
        """Amends that a look has not shown, and when it began (wall time)."""
        doubts = self._doubts.values()
        return {_amend_of(doubt.order): doubt.missed_ns for doubt in doubts if doubt.misses}

    def recall(self, missed: Mapping[str, int]) -> None:
        """Takes over what an earlier desk's looks have not shown."""
        self._recalled = dict(missed)

    def follow(self, order: Order) -> None:
        """Takes up a doubt, or drops one that is settled."""
        name = order.intent.intent_id
        if progress_of(order.amend) is not Progress.IN_DOUBT:
            self._doubts.pop(name, None)
            return
        known = self._doubts.get(name)
        if known is None or known.order.amend != order.amend:
            missed_ns = self._recalled.pop(_amend_of(order), None)
            self._doubts[name] = _Doubt(order) if missed_ns is None else _Doubt(order, 1, missed_ns)

    def due_ns(self) -> Iterable[int]:
        """Our wall times from which a look can say something, one a doubt."""
        return [self._due_ns(doubt) for doubt in self._doubts.values()]

    def _due_ns(self, doubt: _Doubt) -> int:
        if doubt.misses:
            return doubt.missed_ns + self._lag_ns
        assert doubt.order.amend is not None
        return self._provable_ns(doubt.order.amend.not_after_ns)

    def began(self) -> None:
        """A look begins."""
        self._shown = {}

    def saw(self, sighting: Sighting) -> None:
        """An open order of the look."""
        known = sighting.description
        if known is not None:
            self._shown[sighting.order_id] = Terms(known.quantity, known.limit_price)

    def judge(self, began_ns: int) -> list[tuple[str, Fact]]:
        """What the look that began then says: intents, and facts for their orders."""
        said: list[tuple[str, Fact]] = []
        for name, doubt in list(self._doubts.items()):
            order = doubt.order
            shown = self._shown.get(order.order_id or "")
            assert order.amend is not None
            if shown is None or began_ns < self._due_ns(doubt):
                continue  # not open any more: its end is in another list
            if shown != order.amend.terms:
                doubt.misses, doubt.missed_ns = doubt.misses + 1, began_ns
                if doubt.misses < ENOUGH:
                    continue
            del self._doubts[name]
            said += [(name, fact) for fact in _facts(order, shown)]
        return said


def _amend_of(order: Order) -> str:
    assert order.amend is not None
    return f"{order.intent.intent_id}/{order.amend.number}"


def _facts(order: Order, shown: Terms) -> list[Fact]:
    assert order.amend is not None
    reason = "by a look at the open orders"
    amended = Fact(Input.AMENDED, order.order_id, reason=reason, terms=shown)
    if shown == order.amend.terms:
        return [amended]
    absent = Fact(Input.AMEND_ABSENT, order.order_id, reason="two looks agree that it was not done")
    return [absent] if shown == order.terms else [amended, absent]
