"""Orders that nobody here knows yet, and what was seen of them.

A part of the OrderDesk, which owns it. Our own acknowledgement may be under way: they wait a while,
and are then looked up in the journal. A look shows many at once, those that ended lately above all
after a restart: who is met within a moment waits and is looked up together.
"""

from typing import Final

from zoe.actors import hydration
from zoe.domain.sighting import Sighting
from zoe.messages.journal import Hydrate
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor

#: Frames of an unknown order wait this long before anybody adopts it (orders.md section 7).
STRANGER_SECONDS: Final = 2
#: So long after the first of them others may join, and so many: commits wait behind the answer.
GATHERING_SECONDS: Final = 0.1
MOST_TOGETHER: Final = 50
#: The timer that ends the wait.
STRANGER: Final = "stranger"


class Strangers:
    """Orders that nobody knows, while they wait for their rows from the journal.

    Args:
        refs: The numbers of the desk's questions to the journal begin after this one.
    """

    def __init__(self, desk: Actor, refs: int) -> None:
        self._desk = desk
        self._refs = refs
        #: By question: what was seen of each of its orders.
        self._waiting: dict[int, dict[str, list[Sighting]]] = {}
        self._gathers_until_ns = 0

    @property
    def waiting(self) -> bool:
        """Whether any order waits."""
        return any(self._waiting.values())

    def met(self, sighting: Sighting) -> None:
        """A sighting of an order that nobody knows."""
        for group in self._waiting.values():
            if sighting.order_id in group:
                group[sighting.order_id].append(sighting)
                return
        now_ns = self._desk.clock.monotonic_ns()
        if now_ns >= self._gathers_until_ns or len(self._waiting[self._refs]) >= MOST_TOGETHER:
            self._gather(now_ns)
        self._waiting[self._refs][sighting.order_id] = [sighting]

    def _gather(self, now_ns: int) -> None:
        self._refs += 1
        self._waiting[self._refs] = {}
        self._gathers_until_ns = now_ns + round(GATHERING_SECONDS * 1e9)
        self._desk.after(STRANGER_SECONDS + GATHERING_SECONDS, Tick(STRANGER, self._refs))

    def look_up(self, ref: int) -> None:
        """Their time is over: the journal is asked for the rows of the orders of one question."""
        number = hydration.number(self._desk, ref)
        wanted = Hydrate(number, self._desk.me, order_ids=tuple(self._waiting[ref]))
        self._desk.tell(self._desk.find("journal"), wanted)

    def looked_up(self, ref: int) -> dict[str, list[Sighting]]:
        """Whose rows these are, and what was seen of each; none where that was told already."""
        return self._waiting.pop(ref, {})
