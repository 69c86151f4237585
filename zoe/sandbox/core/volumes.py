"""What an account traded in thirty days, and the fees that follow (facts, 7.1)."""

from bisect import bisect_right
from collections import deque
from operator import itemgetter
from typing import Final

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.moments import SECOND_NS

CENT: Final = 100
#: Of a row of fees, which volumes it begins with.
_least_dollars: Final = itemgetter(0)
_SPAN_NS: Final = 30 * 86_400 * SECOND_NS


class Volume:
    """A running sum of dollars, in cents."""

    def __init__(self) -> None:
        self._parts: deque[tuple[int, int]] = deque()
        self._sum = 0

    def add(self, at_ns: int, cents: int) -> None:
        """One trade."""
        self._parts.append((at_ns, cents))
        self._sum += cents

    def at(self, now_ns: int) -> int:
        """The volume of the thirty days before; time does not go back."""
        while self._parts and self._parts[0][0] <= now_ns - _SPAN_NS:
            self._sum -= self._parts.popleft()[1]
        return self._sum


def tier_of(pair: Pair, cents: int) -> int:
    """Which row of the pair's fees is for such a volume."""
    return max(bisect_right(pair.fees, cents // CENT, key=_least_dollars) - 1, 0)


def fee_bps(pair: Pair, cents: int, *, maker: bool) -> int:
    """The fee in hundredths of a percent."""
    _, makers, takers = pair.fees[tier_of(pair, cents)]
    return makers if maker else takers
