"""What the exchange counts of an account's actions (facts sheet, sections 3.1 and 3.2).

Counters are ints in thousandths of the exchange's points, so that decay never rounds up.
"""

import enum
from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.limit_words import SECOND_NS, Hold

MILLI: Final = 1_000


class Action(enum.Enum):
    """What the engine counts."""

    __hash__ = object.__hash__  # members are single; Enum's own hash is Python, and slow

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


TIERS: Final[Mapping[str, Tier]] = {
    "starter": Tier("starter", 15, 330, 60, 1_000),
    "intermediate": Tier("intermediate", 20, 500, 125, 2_340),
    "pro": Tier("pro", 20, 1_000, 180, 3_750),
}

#: What takes risk away.
CANCELS: Final = frozenset({Action.CANCEL, Action.BATCH_CANCEL})
#: Whatever the order's age.
_FIXED_MILLI: Final = {Action.ADD: MILLI, Action.AMEND: MILLI, Action.EDIT: MILLI}
#: An order's age has passed so many of these.
AGE_LIMITS_NS: Final = tuple(seconds * SECOND_NS for seconds in (5, 10, 15, 45, 90, 300))
#: Thousandths of a point by how many that are.
CANCEL_MILLI: Final = tuple(points * MILLI for points in (8, 6, 5, 4, 2, 1, 0))
_FREE: Final = (0,) * len(CANCEL_MILLI)
_BY_AGE_MILLI: Final = {
    Action.AMEND: tuple(points * MILLI for points in (3, 2, 1, 0, 0, 0, 0)),
    Action.EDIT: tuple(points * MILLI for points in (6, 5, 4, 2, 1, 0, 0)),
    Action.CANCEL: CANCEL_MILLI,
    Action.BATCH_CANCEL: CANCEL_MILLI,
}


def engine_cost_milli(action: Action, age_ns: int | None, count: int = 1) -> int:
    """Points, in thousandths, that an action adds to its pair's counter.

    Args:
        age_ns: Time since the order was made or last amended; None for an add.
        count: Orders in a batch; a batch of adds is taken as 1 + n/2, the larger of two readings.
    """
    if action is Action.BATCH_ADD:
        return MILLI + count * MILLI // 2
    milli = _FIXED_MILLI.get(action, 0)
    return (milli if age_ns is None else milli + by_age(action, age_ns)) * count


def left_of(milli: int, passed_ns: int, decay_milli: int) -> int:
    """What is left of a count after a time, rounded up, so that it is never too low."""
    return max(milli - max(passed_ns, 0) * decay_milli // SECOND_NS, 0)


@attrs.frozen
class Counter:
    """A counter that decays to zero."""

    value_milli: int = 0
    at_ns: int = 0

    def left(self, now_ns: int, decay_milli: int) -> int:
        """What is left of it at ``now_ns``."""
        return left_of(self.value_milli, now_ns - self.at_ns, decay_milli)


def stage_of(age_ns: int) -> int:
    """How many of AGE_LIMITS_NS an order has passed."""
    return bisect_right(AGE_LIMITS_NS, age_ns)


def by_age(action: Action, age_ns: int) -> int:
    """Thousandths of a point that an order's age adds to the fixed part of an action's cost."""
    return _BY_AGE_MILLI.get(action, _FREE)[stage_of(age_ns)]


def cancel_cost_milli(age_ns: int) -> int:
    """What by_age says of a cancel."""
    return CANCEL_MILLI[stage_of(age_ns)]


@attrs.frozen(weakref_slot=False)
class Wish:
    """An action that would like to happen.

    Attributes:
        age_ns: Time since the order was made or last amended; None for an add.
        ref: Names the order, so that its later cancel is provided for; empty for one that is not.
        count: Orders in a batch.
    """

    pair: str
    action: Action
    age_ns: int | None = None
    ref: str = ""
    count: int = 1

    @property
    def cost_milli(self) -> int:
        """What it adds to its pair's counter."""
        return engine_cost_milli(self.action, self.age_ns, self.count)

    @property
    def is_cancel(self) -> bool:
        """Whether it takes risk away."""
        return self.action in CANCELS


@attrs.frozen(weakref_slot=False)
class Room:
    """What a pair's counter leaves for adds and amends, as it was predicted at one time.

    Attributes:
        used_milli: The counter, the exchange's word and what was granted included.
        ceiling_milli: As far as it may come, every cancel provided for.
        at_ns: Monotonic.
    """

    used_milli: int
    ceiling_milli: int
    decay_milli: int
    at_ns: int

    def used(self, now_ns: int) -> int:
        """The counter at ``now_ns``, in thousandths."""
        return left_of(self.used_milli, now_ns - self.at_ns, self.decay_milli)

    def earned(self, passed_ns: int) -> int:
        """What decays in a time, in thousandths."""
        return passed_ns * self.decay_milli // SECOND_NS


def as_points(milli: int) -> str:
    """Thousandths as people read them."""
    return str(Decimal(milli) / MILLI)


class RestLimiter:
    """Predicts the counter of REST calls of one key.

    Args:
        reserve: Points kept free for calls that cannot wait.
    """

    def __init__(self, tier: Tier, reserve: int = 2) -> None:
        self._max_milli = tier.rest_max * MILLI
        self._decay_milli = tier.rest_decay_milli
        self._reserve_milli = reserve * MILLI
        self._counter = Counter()
        self._hold = Hold()

    def _now(self, now_ns: int) -> int:
        return self._counter.left(now_ns, self._decay_milli)

    def wait_ns(self, points: int, now_ns: int, *, urgent: bool = False) -> int:
        """Nanoseconds until a call of this cost fits; an urgent one may use the reserve."""
        held_ns = self._hold.wait_ns(now_ns)
        ceiling = self._max_milli - (0 if urgent else self._reserve_milli)
        excess = self._now(now_ns + held_ns) + points * MILLI - ceiling
        return held_ns if excess <= 0 else held_ns - (-excess * SECOND_NS // self._decay_milli)

    def spend(self, points: int, now_ns: int) -> None:
        """Counts a call."""
        self._counter = Counter(self._now(now_ns) + points * MILLI, now_ns)

    def throttled(self, now_ns: int, seconds: int | None = None) -> None:
        """The exchange refused a call: the counter is full, whatever we thought."""
        self._counter = Counter(max(self._max_milli, self._now(now_ns)), now_ns)
        self._hold = self._hold.struck(now_ns, seconds)

    def snapshot(self, now_ns: int) -> dict[str, object]:
        """Limit and counter, as text."""
        return {
            "max": as_points(self._max_milli),
            "value": as_points(self._now(now_ns)),
            "paused_ms": self._hold.wait_ns(now_ns) // 1_000_000,
        }
