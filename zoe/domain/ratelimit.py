"""Both rate counters of the exchange, predicted (facts sheet, sections 3.1 and 3.2).

Counters are ints in thousandths of the exchange's points, so that decay never rounds up.
"""

import enum
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Final

import attrs

MILLI: Final = 1_000
SECOND_NS: Final = 1_000_000_000


class Action(enum.Enum):
    """What the engine counts."""

    ADD = "add"
    AMEND = "amend"
    EDIT = "edit"
    CANCEL = "cancel"
    BATCH_ADD = "batch_add"
    BATCH_CANCEL = "batch_cancel"


@attrs.frozen
class Tier:
    """Limits of a verification tier; decays in thousandths of a point a second."""

    name: str
    rest_max: int
    rest_decay_milli: int
    engine_threshold: int
    engine_decay_milli: int
    max_open_orders: int


TIERS: Final[Mapping[str, Tier]] = {
    "starter": Tier("starter", 15, 330, 60, 1_000, 60),
    "intermediate": Tier("intermediate", 20, 500, 125, 2_340, 80),
    "pro": Tier("pro", 20, 1_000, 180, 3_750, 225),
}

_FIXED: Final = {Action.ADD: 1, Action.AMEND: 1, Action.EDIT: 1}
#: Points by age: the first column whose limit in seconds is above the order's age.
_AGE_LIMITS: Final = (5, 10, 15, 45, 90, 300)
_BY_AGE: Final = {
    Action.AMEND: (3, 2, 1, 0, 0, 0),
    Action.EDIT: (6, 5, 4, 2, 1, 0),
    Action.CANCEL: (8, 6, 5, 4, 2, 1),
    Action.BATCH_CANCEL: (8, 6, 5, 4, 2, 1),
}


def engine_cost_milli(action: Action, age_ns: int | None, count: int = 1) -> int:
    """Points, in thousandths, that an action adds to its pair's counter.

    Args:
        age_ns: Time since the order was made or last amended; None for an add.
        count: Orders in a batch; a batch of adds is taken as 1 + n/2, the larger of two readings.
    """
    if action is Action.BATCH_ADD:
        return MILLI + count * MILLI // 2
    points = _FIXED.get(action, 0)
    if age_ns is not None and action in _BY_AGE:
        for limit, cost in zip(_AGE_LIMITS, _BY_AGE[action], strict=True):
            if age_ns < limit * SECOND_NS:
                points += cost
                break
    return points * count * MILLI


@attrs.frozen
class Counter:
    """A counter that decays to zero."""

    value_milli: int = 0
    at_ns: int = 0

    def decayed(self, now_ns: int, decay_milli: int) -> "Counter":
        """The counter at ``now_ns``; what is left rounds up, so that it is never too low."""
        passed = max(now_ns - self.at_ns, 0)
        left = self.value_milli - passed * decay_milli // SECOND_NS
        return Counter(max(left, 0), max(now_ns, self.at_ns))

    def plus(self, milli: int) -> "Counter":
        """The counter after an action."""
        return Counter(self.value_milli + milli, self.at_ns)


class Limiter:
    """Predicts the counters, and says how long an action must wait.

    Args:
        reserve: Points of each pair's threshold kept free for cancels.
    """

    def __init__(self, tier: Tier, reserve: int) -> None:
        self._tier = tier
        self._ceiling_milli = (tier.engine_threshold - reserve) * MILLI
        self._engine: dict[str, Counter] = {}

    def _now(self, pair: str, now_ns: int) -> Counter:
        known = self._engine.get(pair, Counter(0, now_ns))
        return known.decayed(now_ns, self._tier.engine_decay_milli)

    def engine_wait_ns(self, pair: str, action: Action, age_ns: int | None, now_ns: int) -> int:
        """Nanoseconds until the action fits; 0 now; cancels always fit."""
        if action in (Action.CANCEL, Action.BATCH_CANCEL):
            return 0
        wanted = self._now(pair, now_ns).value_milli + engine_cost_milli(action, age_ns)
        excess = wanted - self._ceiling_milli
        if excess <= 0:
            return 0
        return -(-excess * SECOND_NS // self._tier.engine_decay_milli)

    def engine_spend(self, pair: str, action: Action, age_ns: int | None, now_ns: int) -> None:
        """Counts an action."""
        counter = self._now(pair, now_ns)
        self._engine[pair] = counter.plus(engine_cost_milli(action, age_ns))

    def engine_reported(self, pair: str, value: Decimal, now_ns: int) -> Decimal:
        """Takes the exchange's own count; returns it minus the prediction.

        The larger of the two is believed.
        """
        predicted = self._now(pair, now_ns)
        reported_milli = int((value * MILLI).to_integral_value(ROUND_CEILING))
        if reported_milli > predicted.value_milli:
            self._engine[pair] = Counter(reported_milli, now_ns)
        return (Decimal(reported_milli) - predicted.value_milli) / MILLI

    def snapshot(self, now_ns: int) -> dict[str, object]:
        """Tier, threshold and each pair's counter, as text."""
        pairs = {
            pair: str(Decimal(self._now(pair, now_ns).value_milli) / MILLI)
            for pair in sorted(self._engine)
        }
        return {
            "tier": self._tier.name,
            "threshold": self._tier.engine_threshold,
            "ceiling": str(Decimal(self._ceiling_milli) / MILLI),
            "pairs": pairs,
        }
