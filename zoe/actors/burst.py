"""Burst: what came together on the private stream, a part of the Gateway.

A fill and the end that it brings come at one moment, as do an order's acknowledgement and its life:
one message and one turn of everybody on the way are enough for both.
"""

import attrs

from zoe.domain.amend import Terms
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry


class Burst:
    """What was said of orders and balances, not yet told."""

    def __init__(self) -> None:
        self.sightings: dict[str, Sighting] = {}
        self.entries: list[BalanceEntry] = []

    def __bool__(self) -> bool:
        return bool(self.sightings or self.entries)

    def takes(self, sighting: Sighting) -> bool:
        """Adds a report to what was said of the same order; False where that must be told first:
        what the order was amended to is no news of before.
        """
        earlier = self.sightings.get(sighting.order_id)
        if earlier is None:
            self.sightings[sighting.order_id] = sighting
            return True
        if _terms(earlier) != _terms(sighting):
            return False
        self.sightings[sighting.order_id] = attrs.evolve(
            earlier,
            cl_ord_id=earlier.cl_ord_id or sighting.cl_ord_id,
            facts=(*earlier.facts, *sighting.facts),
        )
        return True


def _terms(sighting: Sighting) -> Terms | None:
    return None if sighting.description is None else sighting.description.terms
