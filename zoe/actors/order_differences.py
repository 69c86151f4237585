"""Differences of orders and fills, told to whoever lists them: a part of the Reconciler, which owns it."""

from collections.abc import Iterable
from typing import Final

from zoe.actors.look import Look
from zoe.actors.steady_time import SteadyTime
from zoe.domain.difference import Difference
from zoe.domain.order import Order
from zoe.domain.order_drift import Listed, OrderDrift
from zoe.domain.sighting import Sighting
from zoe.messages.ledger import DriftFound
from zoe.messages.orders import OrderChanged
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor

TICK: Final = "late"


class OrderDifferences:
    """Finds differences of orders for the Reconciler, and wakes it once the stream has had its time
    to tell.

    Args:
        list_keeper: The name of whoever lists them; None: nobody does, and nothing is looked for.
    """

    def __init__(
        self, owner: Actor, time: SteadyTime, lag_ns: int, list_keeper: str | None
    ) -> None:
        self._owner = owner
        self._now = time.now_ns
        self._lag_ns = lag_ns
        self._list_keeper = list_keeper
        self._drift = OrderDrift(lag_ns)
        self._awake = False

    def told(self, sighting: Sighting) -> None:
        """The stream tells of an order, as it happens."""
        if self._list_keeper is not None:
            self._tell(self._drift.told(sighting, self._now()))

    def changed(self, news: OrderChanged) -> None:
        """Takes note of an order's change."""
        if self._list_keeper is None:
            return
        self._tell(self._drift.changed(news.order, news.fact, self._now()))
        self._wake_later()

    def looked(self, look: Look, live: Iterable[Order]) -> None:
        """A look is over, and these are the orders that we take for live, or lack fills of."""
        if self._list_keeper is None:
            return
        orders = tuple(live)
        missing = tuple(order for order in orders if look.misses(order))
        unfilled = tuple(order for order in orders if order.fills_missing)
        shown = Listed(look.began_ns, frozenset(look.open), missing, unfilled)
        found = self._drift.looked(shown, self._now())
        keeper = self._owner.find(self._list_keeper)
        self._owner.tell(keeper, DriftFound(tuple(found), self._drift.standing))

    def overdue(self) -> None:
        """Tells what the stream has not told in its time."""
        self._awake = False
        self._tell(self._drift.due(self._now()))
        self._wake_later()

    def _wake_later(self) -> None:
        if self._drift.waits and not self._awake:
            self._awake = True
            self._owner.after(2 * self._lag_ns / 1e9 + 0.1, Tick(TICK))

    def _tell(self, found: list[Difference]) -> None:
        if found and self._list_keeper is not None:
            self._owner.tell(self._owner.find(self._list_keeper), DriftFound(tuple(found)))
