"""Marks of the present: what an asset is worth as the books of its pairs stand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from zoe.domain.lot_outcome import Alarm, Outcome
from zoe.domain.marks import Mark, Quote, mark_of

#: An event that is older than this is not valued by the present.
MOST_AGE_NS: Final = 600_000_000_000
#: A quote that is older than this says nothing.
STALE_NS: Final = 60_000_000_000


class LiveMarks:
    """Implements ``Marks`` for events of the last minutes.

    Attributes:
        now_ns: Our wall time; whoever owns it sets it.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self._quotes: dict[tuple[str, str], Quote] = {}

    def quoted(self, pair: tuple[str, str], quote: Quote) -> None:
        """Takes the newest quote of a pair: base and quote asset."""
        # A new table: another thread may read the old one.
        self._quotes = {**self._quotes, pair: quote}

    def traded_at(self, symbol: str, mid: Decimal, at_ns: int) -> None:
        """Takes the middle of a pair's best prices; of a name that is no pair's, nothing."""
        base, slash, against = symbol.partition("/")
        if slash:
            self.quoted((base, against), Quote(mid, at_ns, "mid"))

    def mark(self, asset: str, at_ns: int) -> Mark | None:
        """What the asset is worth now, for an event of a moment ago; None for an older one."""
        if abs(self.now_ns - at_ns) > MOST_AGE_NS:
            return None
        return mark_of(asset, self._quotes, self.now_ns, STALE_NS)

    def would_value(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether one of the newest events had no mark and would have one now."""
        for outcome in reversed(outcomes):
            if self.now_ns - outcome.time_ns > MOST_AGE_NS:
                return False
            for alarm, asset in outcome.alarms:
                if alarm is Alarm.UNVALUED and self.mark(asset, outcome.time_ns) is not None:
                    return True
        return False
