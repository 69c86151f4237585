"""Orders that wait for a last price."""

from heapq import heappop, heappush

from zoe.sandbox.core.orders import Order


class Triggers:
    """The waiting orders of one pair. An entry is void once its order waits no more, or for another
    price."""

    def __init__(self) -> None:
        self._rising: list[tuple[int, int, Order]] = []
        self._falling: list[tuple[int, int, Order]] = []
        self._number = 0
        self._low: int | None = None
        self._high = 0

    def add(self, order: Order) -> None:
        """Waits for its trigger from here on."""
        self._number += 1
        price = order.terms.trigger
        if order.terms.rises:
            heappush(self._rising, (price, self._number, order))
        else:
            heappush(self._falling, (-price, self._number, order))

    def saw(self, price: int) -> None:
        """Takes note of a trade's price."""
        self._high = max(self._high, price)
        self._low = price if self._low is None else min(self._low, price)

    def due(self) -> list[Order]:
        """Takes out the orders whose triggers the prices since the last call have met, in the order
        they came."""
        if self._low is None:
            return []
        met: list[tuple[int, Order]] = []
        for heap, reached in ((self._rising, self._high), (self._falling, -self._low)):
            while heap and heap[0][0] <= reached:
                key, number, order = heappop(heap)
                if order.is_live and order.waits == "price" and order.terms.trigger == abs(key):
                    met.append((number, order))
        self._low, self._high = None, 0
        unique = {order.order_id: order for _, order in sorted(met, key=lambda one: one[0])}
        return list(unique.values())
