"""Orders that nobody here knows yet, and what was seen of them.

A part of the OrderDesk, which owns it. Our own acknowledgement may be under way: they wait a while,
and are then looked up in the journal.
"""

from typing import Final

import attrs

from zoe.actors import hydration
from zoe.domain.sighting import Sighting
from zoe.messages.journal import Hydrate
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor

#: Frames of an unknown order wait this long before anybody adopts it (orders.md section 7).
STRANGER_SECONDS: Final = 2
#: The timer that ends the wait.
STRANGER: Final = "stranger"


@attrs.define
class _Stranger:
    """What was seen of one, in order."""

    ref: int
    sightings: list[Sighting]


class Strangers:
    """Those who wait.

    Args:
        refs: The numbers of the desk's questions to the journal begin after this one.
    """

    def __init__(self, desk: Actor, refs: int) -> None:
        self._desk = desk
        self._refs = refs
        self._waiting: dict[str, _Stranger] = {}

    def met(self, sighting: Sighting) -> None:
        """A sighting of an order that nobody knows."""
        stranger = self._waiting.get(sighting.order_id)
        if stranger is None:
            self._refs += 1
            stranger = self._waiting[sighting.order_id] = _Stranger(self._refs, [])
            self._desk.after(STRANGER_SECONDS, Tick(STRANGER, self._refs))
        stranger.sightings.append(sighting)

    def look_up(self, ref: int) -> None:
        """It has waited: the journal is asked for its rows."""
        number = hydration.number(self._desk, ref)
        for order_id, stranger in self._waiting.items():
            if stranger.ref == ref:
                wanted = Hydrate(number, self._desk.me, order_id=order_id)
                self._desk.tell(self._desk.find("journal"), wanted)

    def looked_up(self, ref: int) -> tuple[str, list[Sighting]] | None:
        """Whose rows these are, and what was seen of it; it waits no longer."""
        for order_id, stranger in self._waiting.items():
            if stranger.ref == ref:
                del self._waiting[order_id]
                return order_id, stranger.sightings
        return None
