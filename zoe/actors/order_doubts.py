"""Orders whose fate is unknown, and what looks say of them.

A part of the Reconciler, which owns it. An order that a list shows is told of by the list; two looks
that miss it, past the deadline and a lag apart, prove that it was never placed.
"""

from zoe.actors.doubted import Doubted
from zoe.actors.look import Look
from zoe.domain.order import Order, State


class OrderDoubts(Doubted):
    """Orders in doubt; a look that is over is held against each."""

    def follow(self, order: Order) -> None:
        """Takes up a doubt, or drops one that is settled."""
        name = order.intent.intent_id
        missed_ns = self._recalled.pop(name, None)
        if order.state is not State.IN_DOUBT:
            self._doubts.pop(name, None)
        elif name not in self._doubts:
            # One that was placed and is in doubt again was not missed in this doubt.
            counts = missed_ns if order.order_id is None else None
            self._take_up(order, name, order.not_after_ns or 0, counts)

    def deadlines_ns(self) -> list[int]:
        """The deadlines of the orders in doubt, each the earliest that it can be."""
        doubts = self._doubts.values()
        return [doubt.earliest_ns for doubt in doubts if doubt.order.not_after_ns is not None]

    def judge(self, look: Look) -> list[str]:
        """The intents that a look has proved to be absent."""
        proved = []
        for name, doubt in list(self._doubts.items()):
            early = look.began_ns < self._due_ns(doubt)
            told = doubt.order.not_after_ns is None or look.covers(doubt.earliest_ns)
            if early or not told or not look.misses(doubt.order):
                continue
            if self._is_proved(doubt, look.began_ns):
                del self._doubts[name]
                proved.append(name)
        return proved
