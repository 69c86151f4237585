"""What a strategist remembers between decisions, and of its start; a part of that actor."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.trader_hold import ALARMS
from zoe.domain.strategy.view import View, Want
from zoe.runtime.log import log

#: Decisions to want nothing, one after the other, are written at most so often a pair.
IDLE_NS: Final = 30_000_000_000
#: Quantities that differ by a smaller part are the same: no order would be changed for it.
_SAME: Final = 20


@attrs.define
class Track:
    """What is remembered of one pair between two decisions.

    Attributes:
        told: Wants and reasons as they were last written down; None where nothing was.
        counts: How often it was decided for these reasons together.
    """

    decided_ns: int = 0
    written_ns: int = 0
    told: tuple[tuple[Want, ...], tuple[str, ...]] | None = None
    reasons: tuple[str, ...] = ()
    wants: tuple[Want, ...] = ()
    counts: Counter[tuple[str, ...]] = attrs.field(factory=Counter)

    def is_news(
        self, wants: tuple[Want, ...], reasons: tuple[str, ...], now_ns: int, *, exact: bool
    ) -> bool:
        """Whether a decision is to be written down: what is wanted, or why, is another."""
        if self.told is None:
            return True
        before, why = self.told
        if not wants and not before and ALARMS.isdisjoint(reasons):
            # Reasons for wanting nothing may change at each tick: now and then will do.
            return why != reasons and now_ns - self.written_ns >= IDLE_NS
        if why != reasons or len(before) != len(wants):
            return True
        return not all(_alike(*pair, exact) for pair in zip(before, wants, strict=True))

    def as_told(self, wants: tuple[Want, ...]) -> tuple[Want, ...]:
        """Wants that are no news, with the quantities that were written down."""
        before = self.told[0] if self.told is not None else ()
        pairs = zip(before, wants, strict=True)
        return tuple(
            new if old.quantity == new.quantity else attrs.evolve(new, quantity=old.quantity)
            for old, new in pairs
        )


def _alike(old: Want, new: Want, exact: bool) -> bool:
    """Whether an order for the old want serves the new one; never one that sells more than it."""
    if (old.key, old.side, old.price, old.post_only) != (
        new.key,
        new.side,
        new.price,
        new.post_only,
    ):
        return False
    more = new.quantity - old.quantity
    if exact or (more < 0 and new.side is Side.SELL):
        return not more
    return abs(more) * _SAME <= old.quantity


class Guard:
    """Positions that were open at the start, until each has been decided about on a live quote.

    From then on its stop is watched: the log has a line for each, so that one can see when.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: set[str] = set()

    def begin(self, pairs: Iterable[str]) -> None:
        """The pairs it was in when its state was written."""
        self._waiting = set(pairs)

    def looked(self, view: View) -> None:
        """Takes note of a View that was decided on: a live quote of a held pair means that its stop
        is watched."""
        pair = view.instrument.symbol
        if view.touch.live and pair in self._waiting:
            self._waiting.discard(pair)
            log.info("strategy.guards", strategy=self._name, pair=pair)
