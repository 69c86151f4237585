"""Burst: what came together on the private stream, a part of the Gateway.

A fill and the end that it brings come at one moment, as do an order's acknowledgement, its life and
the answer to its add: one message and one turn of everybody on the way are enough for all of them.
"""

from collections.abc import Iterable
from typing import Final

from zoe.actors.socket_requests import SocketRequests
from zoe.domain.amend import Terms
from zoe.domain.order import Input
from zoe.domain.sighting import Sighting, quick_sighting
from zoe.messages.exchange import BalanceEntry
from zoe.messages.gateway import OrderSighted, OrdersListed
from zoe.messages.ledger import LedgerRowsSeen
from zoe.ports.venue import Answered
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address

#: Who hands an order its reports.
ORDERS: Final = "orders"


class Burst:
    """What was said of orders and balances, and what was answered when, not yet told."""

    def __init__(self) -> None:
        self.sightings: dict[str, Sighting] = {}
        self.entries: list[BalanceEntry] = []
        self.answers: list[tuple[Answered, int]] = []

    def __bool__(self) -> bool:
        return bool(self.sightings or self.entries or self.answers)

    def takes(self, sighting: Sighting) -> bool:
        """Adds a report to what was said of the same order; False where that must be told first:
        what the order was amended to is no news of before.
        """
        earlier = self.sightings.get(sighting.order_id)
        if earlier is None:
            self.sightings[sighting.order_id] = sighting
            return True
        is_same = earlier.description is sighting.description
        if not is_same and _terms(earlier) != _terms(sighting):
            return False
        self.sightings[sighting.order_id] = quick_sighting(
            sighting.order_id,
            earlier.cl_ord_id or sighting.cl_ord_id,
            (*earlier.facts, *sighting.facts),
            earlier.description,
        )
        return True

    def pass_on(self, gateway: Actor, socket: SocketRequests, sighters: tuple[str, ...]) -> None:
        """Tells all of it, answers first."""
        for answer, received_ns in self.answers:
            first = self._first_of(answer.order_id) if socket.is_add(answer) else None
            socket.answered(answer, received_ns, () if first is None else first.facts)
            if first is not None:
                socket.homes.of(first)
                _tell(gateway, [name for name in sighters if name != ORDERS], first)
        self._tell_sightings(gateway, socket, sighters)
        for news in socket.counts.due(gateway.clock.monotonic_ns()):
            gateway.tell(gateway.find("ratelimiter"), news)
        if self.entries:
            gateway.tell(gateway.find("ledger"), LedgerRowsSeen(tuple(self.entries)))

    def _tell_sightings(
        self, gateway: Actor, socket: SocketRequests, sighters: tuple[str, ...]
    ) -> None:
        """An order that has a home hears of it there; the rest goes to OrderDesk, as one list."""
        rest: list[Sighting] = []
        for sighting in self.sightings.values():
            home = socket.homes.of(sighting)
            if home is not None or len(self.sightings) == 1:
                _tell(gateway, sighters, sighting, home)
            else:
                rest.append(sighting)
                _tell(gateway, [name for name in sighters if name != ORDERS], sighting)
        if rest and ORDERS in sighters:
            gateway.tell(gateway.find(ORDERS), OrdersListed(tuple(rest)))

    def _first_of(self, order_id: str | None) -> Sighting | None:
        """Takes out what was said of an order, where that is the first that the stream says of it.

        It goes with the answer to its add, straight to the order: by OrderDesk it would be there
        after that, and be another change. What is not the first would overtake what is.
        """
        sighting = self.sightings.get(order_id or "")
        if sighting is None or sighting.facts[0].input is not Input.ACKNOWLEDGED:
            return None
        return self.sightings.pop(sighting.order_id)


def _tell(
    gateway: Actor, names: Iterable[str], sighting: Sighting, home: Address | None = None
) -> None:
    """Tells a sighting; a home is told in OrderDesk's place."""
    report = OrderSighted(sighting)
    for name in names:
        to = home if home is not None and name == ORDERS else gateway.find(name)
        gateway.tell(to, report)


def _terms(sighting: Sighting) -> Terms | None:
    return None if sighting.description is None else sighting.description.terms
