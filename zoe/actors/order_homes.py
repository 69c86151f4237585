"""OrderHomes: which orders hear their reports from the Gateway itself; a part of that actor.

An order whose add was answered on this connection, and of which every report since the first went to
its actor. What OrderDesk has been told of an order may still be on its way through it, and must not
be overtaken; with the order's end, its actor's, or the connection's, OrderDesk hands on what comes.
"""

from typing import Final

from zoe.domain.order import Input
from zoe.domain.sighting import Sighting
from zoe.runtime.address import Address

#: Answers whose order's first report is waited for; of older ones it has come before them.
MOST_ANSWERED: Final = 1_000
_ENDS: Final = frozenset({Input.COMPLETED, Input.CANCELED, Input.EXPIRED})


class OrderHomes:
    """Addresses of orders, by the exchange's ids of these."""

    def __init__(self) -> None:
        #: Orders of which nothing was reported yet.
        self._answered: dict[str, Address] = {}
        self._homes: dict[str, Address] = {}

    def answered(self, order_id: str, home: Address) -> None:
        """The exchange has taken an order."""
        self._answered[order_id] = home
        if len(self._answered) > MOST_ANSWERED:
            del self._answered[next(iter(self._answered))]

    def of(self, sighting: Sighting) -> Address | None:
        """Where a report goes; None where that is OrderDesk's to say."""
        order_id, facts = sighting.order_id, sighting.facts
        if facts[0].input is Input.ACKNOWLEDGED and order_id in self._answered:
            self._homes[order_id] = self._answered.pop(order_id)
        home = self._homes.get(order_id)
        if facts[-1].input in _ENDS or (home is not None and not home.is_open):
            self._answered.pop(order_id, None)
            self._homes.pop(order_id, None)
        return home if home is not None and home.is_open else None
