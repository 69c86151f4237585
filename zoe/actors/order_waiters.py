"""Who waits until orders have ended: a part of the OrderDesk."""

from collections.abc import Mapping

from zoe.domain.order import Order, State
from zoe.domain.resting_stop import is_guard
from zoe.messages.orders import AwaitNoOrders, NoOrdersLeft
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address

#: By intent; None is an order that has not left.
Orders = Mapping[str, Order | None]


class OrderWaiters:
    """Tells each who waits as soon as none of the orders is left that it waits for."""

    def __init__(self, desk: Actor) -> None:
        self._desk = desk
        self._waiting: list[tuple[Address, AwaitNoOrders]] = []

    def add(self, waiter: Address, wish: AwaitNoOrders, orders: Orders) -> None:
        """One more, who may hear at once."""
        self._waiting.append((waiter, wish))
        self.look(orders)

    def look(self, orders: Orders) -> None:
        """Lets those go who need not wait any more."""
        waiting, self._waiting = self._waiting, []
        for waiter, wish in waiting:
            if _any_left(wish, orders):
                self._waiting.append((waiter, wish))
            else:
                self._desk.tell(waiter, NoOrdersLeft())


def _any_left(wish: AwaitNoOrders, orders: Orders) -> bool:
    if not wish.resting:
        return any(o is None or o.state is State.SENDING for o in orders.values())
    return any(
        order is None or (not order.settled and (wish.external or order.is_ours))
        for order in orders.values()
        if wish.stops or order is None or not is_guard(order.intent)
    )
