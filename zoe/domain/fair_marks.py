"""Fair values that a strategy wrote down, and which of them belongs to an execution."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

SECOND_NS: Final = 1_000_000_000
#: A fair value stands for a moment that is no further away than this.
NEAR_NS: Final = 90 * SECOND_NS
#: How long after an execution its adverse selection is measured, where its strategy does not say.
HORIZON_NS: Final = 30 * SECOND_NS


@attrs.frozen
class FairMark:
    """A fair value of a pair at one moment.

    Attributes:
        exec_id: The execution that it was written down for; empty for none.
        is_later: It is the one a horizon after the execution.
    """

    pair: str
    at_ns: int
    fair: Decimal
    exec_id: str = ""
    is_later: bool = False


class FairMarks:
    """All marks of one strategy."""

    def __init__(self, marks: Iterable[FairMark]) -> None:
        self._own: dict[tuple[str, bool], Decimal] = {}
        self._series: dict[str, list[tuple[int, Decimal]]] = {}
        for mark in marks:
            if mark.exec_id:
                self._own.setdefault((mark.exec_id, mark.is_later), mark.fair)
            self._series.setdefault(mark.pair, []).append((mark.at_ns, mark.fair))
        for series in self._series.values():
            series.sort(key=_moment)

    def at(self, pair: str, exec_id: str, at_ns: int) -> Decimal | None:
        """Fair value at an execution: its own mark, else the newest before it."""
        own = self._own.get((exec_id, False))
        if own is not None:
            return own
        series = self._series.get(pair, [])
        place = bisect_right(series, at_ns, key=_moment) - 1
        if place < 0 or at_ns - series[place][0] > NEAR_NS:
            return None
        return series[place][1]

    def after(self, pair: str, exec_id: str, at_ns: int) -> Decimal | None:
        """Fair value a horizon after an execution: its own mark, else the first one after that."""
        own = self._own.get((exec_id, True))
        if own is not None:
            return own
        series, then_ns = self._series.get(pair, []), at_ns + HORIZON_NS
        place = bisect_left(series, then_ns, key=_moment)
        if place == len(series) or series[place][0] - then_ns > NEAR_NS:
            return None
        return series[place][1]

    def newest(self, pair: str) -> Decimal | None:
        """The newest fair value of a pair."""
        series = self._series.get(pair)
        return series[-1][1] if series else None


def _moment(mark: tuple[int, Decimal]) -> int:
    return mark[0]
