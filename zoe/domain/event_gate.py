"""Which events can be booked now, and which wait: for a leg that is still to come, for a row behind a
gap of its wallet, or for an earlier event of one of their assets that waits itself.

Lots are taken in the order of events, so that nothing of an asset may pass what waits: what a trade
bought whose other leg is a millisecond late would otherwise seem to be sold without having been held.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from zoe.domain.ledger_row import SECOND_NS, Kind
from zoe.domain.lot_outcome import Group
from zoe.domain.marks import FEE_CREDIT, USD

#: How long a trade with one leg waits for the other before it is taken for dust.
WAIT_NS: Final = 60 * SECOND_NS
_WITHOUT_LOTS: Final = frozenset({USD, FEE_CREDIT})


class EventGate:
    """Events that wait, by key.

    Attributes:
        unready: A leg of theirs is missing or held.
        deferred: They stand behind one of those, or behind each other.
    """

    def __init__(self) -> None:
        self.unready: dict[str, Group] = {}
        self.deferred: dict[str, Group] = {}
        self._young: dict[str, Group] = {}

    def sift(self, touched: list[Group], as_of_ns: int | None) -> tuple[list[Group], int | None]:
        """Events that may be booked, and from when on the booked ones must be taken back.

        Args:
            touched: Whose rows have changed; they are marked so.
        """
        young, self._young = [g for g in self._young.values() if not g.touched], {}
        ready: list[Group] = []
        times: list[int] = []
        moved = False
        for group in (*touched, *young):
            key = group.key
            if group.placed:
                times.append(group.time_ns)
            self.deferred.pop(key, None)
            waited = self.unready.pop(key, None) is not None
            if group.rows:
                group.date()
                is_young = as_of_ns is not None and _is_young(group, as_of_ns)
                if group.pending or is_young:
                    self.unready[key] = group
                    if is_young:
                        self._young[key] = group
                    if not group.touched:
                        continue
                    waited = True
                else:
                    ready.append(group)
                times.append(group.time_ns)
            moved |= waited
        if moved and self.deferred:
            ready += self.deferred.values()
            times += (group.time_ns for group in self.deferred.values())
            self.deferred = {}
        return ready, min(times, default=None)

    def let_through(self, groups: Iterable[Group]) -> Iterator[Group]:
        """The groups, in their order, that stand behind nothing that waits."""
        if not self.unready and not self.deferred:
            yield from groups
            return
        waiting = [*self.unready.values(), *self.deferred.values()]
        waiting.sort(key=lambda group: group.time_ns)
        blocked: set[str] = set()
        at = 0
        for group in groups:
            while at < len(waiting) and waiting[at].time_ns <= group.time_ns:
                blocked |= _assets(waiting[at])
                at += 1
            if blocked and not blocked.isdisjoint(_assets(group)):
                self.deferred[group.key] = group
                blocked |= _assets(group)
            else:
                yield group


def _assets(group: Group) -> set[str]:
    """Whose lots an event may change."""
    without = group.kind in (Kind.MOVE, Kind.SUSPENSE)
    return {row.asset for row in group.rows if row.fee or not without} - _WITHOUT_LOTS


def _is_young(group: Group, as_of_ns: int) -> bool:
    """Whether a trade has one side only and may still get the other."""
    if group.kind is not Kind.TRADE:
        return False
    if max(row.time_ns for row in group.rows) <= as_of_ns - WAIT_NS:
        return False
    return len({net > 0 for net in group.nets().values()}) == 1
