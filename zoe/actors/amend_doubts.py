"""Amends whose fate is unknown, and what looks say of them.

A part of the Reconciler, which owns it. An open order's terms settle its amend: as wanted, it was
applied; two looks that show it otherwise, past the deadline and a lag apart, prove that it was not.
"""

from collections.abc import Callable

from zoe.actors.doubted import Doubted
from zoe.actors.steady_time import SteadyTime
from zoe.domain.amend import Progress, Terms, progress_of
from zoe.domain.order import Fact, Input, Order
from zoe.domain.sighting import Sighting


class AmendDoubts(Doubted):
    """Amends in doubt, and the open orders that the present look has shown."""

    def __init__(
        self, time: SteadyTime, provable_ns: Callable[[int, int], int], lag_ns: int
    ) -> None:
        super().__init__(time, provable_ns, lag_ns)
        #: What the look that is under way has shown so far, by the exchange's ids.
        self._shown: dict[str, Terms] = {}

    def follow(self, order: Order) -> None:
        """Takes up a doubt, or drops one that is settled."""
        name, amend = order.intent.intent_id, order.amend
        if amend is None or progress_of(amend) is not Progress.IN_DOUBT:
            self._doubts.pop(name, None)
            return
        known = self._doubts.get(name)
        if known is None or known.order.amend != amend:
            numbered = f"{name}/{amend.number}"
            missed_ns = self._recalled.pop(numbered, None)
            self._take_up(order, numbered, amend.not_after_ns, missed_ns)

    def began(self) -> None:
        """A look begins: what the one before has shown is forgotten."""
        self._shown = {}

    def saw(self, sighting: Sighting) -> None:
        """Takes note of an open order that the look has shown."""
        known = sighting.description
        if known is not None:
            self._shown[sighting.order_id] = Terms(known.quantity, known.limit_price)

    def judge(self, began_ns: int) -> list[tuple[str, Fact]]:
        """What a look that is over proves: pairs of an intent and a fact for its order."""
        said: list[tuple[str, Fact]] = []
        for name, doubt in list(self._doubts.items()):
            order = doubt.order
            shown = self._shown.get(order.order_id or "")
            assert order.amend is not None
            if shown is None or began_ns < self._due_ns(doubt):
                continue  # not open any more: its end is in another list
            if shown != order.amend.terms and not self._is_proved(doubt, began_ns):
                continue
            del self._doubts[name]
            said += [(name, fact) for fact in _facts(order, shown)]
        return said


def _facts(order: Order, shown: Terms) -> list[Fact]:
    assert order.amend is not None
    reason = "by a look at the open orders"
    amended = Fact(Input.AMENDED, order.order_id, reason=reason, terms=shown)
    if shown == order.amend.terms:
        return [amended]
    absent = Fact(Input.AMEND_ABSENT, order.order_id, reason="two looks agree that it was not done")
    return [absent] if shown == order.terms else [amended, absent]
