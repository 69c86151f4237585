"""Both rate counters of the exchange, predicted (facts sheet, sections 3.1 and 3.2).

Counters are ints in thousandths of the exchange's points, so that decay never rounds up.
"""

import enum
from bisect import bisect_right
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
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
    max_open_orders: int


TIERS: Final[Mapping[str, Tier]] = {
    "starter": Tier("starter", 15, 330, 60, 1_000, 60),
    "intermediate": Tier("intermediate", 20, 500, 125, 2_340, 80),
    "pro": Tier("pro", 20, 1_000, 180, 3_750, 225),
}

_FIXED: Final = {Action.ADD: 1, Action.AMEND: 1, Action.EDIT: 1}
#: What takes risk away.
CANCELS: Final = frozenset({Action.CANCEL, Action.BATCH_CANCEL})
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
    points = _FIXED.get(action, 0) * MILLI
    return (points + (0 if age_ns is None else by_age(action, age_ns))) * count


def _left(milli: int, passed_ns: int, decay_milli: int) -> int:
    return max(milli - max(passed_ns, 0) * decay_milli // SECOND_NS, 0)


@attrs.frozen
class Counter:
    """A counter that decays to zero."""

    value_milli: int = 0
    at_ns: int = 0

    def left(self, now_ns: int, decay_milli: int) -> int:
        """What is left of it at ``now_ns``, rounded up, so that it is never too low."""
        return _left(self.value_milli, now_ns - self.at_ns, decay_milli)

    def plus(self, milli: int) -> "Counter":
        """The counter after an action."""
        return Counter(self.value_milli + milli, self.at_ns)


def by_age(action: Action, age_ns: int) -> int:
    """Thousandths of a point that an order's age adds to the fixed part of an action's cost."""
    for limit, cost in zip(_AGE_LIMITS, _BY_AGE.get(action, ()), strict=False):
        if age_ns < limit * SECOND_NS:
            return cost * MILLI
    return 0


_AGE_LIMITS_NS: Final = tuple(limit * SECOND_NS for limit in _AGE_LIMITS)
_CANCEL_MILLI: Final = (*(cost * MILLI for cost in _BY_AGE[Action.CANCEL]), 0)
_DEAREST_AMEND_MILLI: Final = engine_cost_milli(Action.AMEND, 0)


def cancel_cost_milli(age_ns: int) -> int:
    """What by_age says of a cancel; every order's is looked at whenever one is placed."""
    return _CANCEL_MILLI[bisect_right(_AGE_LIMITS_NS, age_ns)]


@attrs.frozen
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


class _Pair:
    """One pair's counter, the orders whose cancels are provided for, and the exchange's words."""

    def __init__(self, decay_milli: int) -> None:
        self._decay_milli = decay_milli
        self._counter = Counter()
        #: When each order was made or last amended, or may have been.
        self._since: dict[str, int] = {}
        #: Orders of which that is known.
        self._seen: set[str] = set()
        #: Orders whose cancel is counted: one that is repeated costs nothing more, since the
        #: exchange counts only the one that finds its order.
        self._canceled: set[str] = set()
        self.hold = Hold()
        self.reported: tuple[Decimal, Decimal] | None = None

    def now(self, now_ns: int) -> int:
        """The counter."""
        return self._counter.left(now_ns, self._decay_milli)

    def owed(self, now_ns: int, without: str = "") -> int:
        """What it would cost to cancel every order at once."""
        # As cancel_cost_milli, which would be a call for every order.
        ages = [now_ns - since for since in self._since.values()]
        owed = sum([_CANCEL_MILLI[bisect_right(_AGE_LIMITS_NS, age)] for age in ages])
        left_out = self._since.get(without)
        return owed if left_out is None else owed - cancel_cost_milli(now_ns - left_out)

    def next_step(self, now_ns: int) -> int | None:
        """When a cancel that is provided for becomes cheaper."""
        steps = [
            since + _AGE_LIMITS_NS[reached]
            for since in self._since.values()
            if (reached := bisect_right(_AGE_LIMITS_NS, now_ns - since)) < len(_AGE_LIMITS_NS)
        ]
        return min(steps, default=None)

    def spend(self, wish: Wish, now_ns: int) -> None:
        """Counts an action."""
        if wish.is_cancel and wish.ref in self._canceled:
            return
        self._counter = Counter(self.now(now_ns) + wish.cost_milli, now_ns)
        if wish.is_cancel:
            self._since.pop(wish.ref, None)
            self._seen.discard(wish.ref)
            self._canceled |= {wish.ref} - {""}
        elif wish.ref:
            self._since[wish.ref] = now_ns
            self._seen.discard(wish.ref)

    def placed(self, ref: str, now_ns: int, *, known: bool) -> None:
        """An order was made or amended, not later than now."""
        if ref not in self._canceled and (ref in self._since or not known):
            self._since[ref] = now_ns
            self._seen.add(ref)

    def age_ns(self, ref: str, now_ns: int) -> int:
        """An order's age, or less."""
        return now_ns - self._since[ref] if ref in self._seen else 0

    def ended(self, ref: str) -> None:
        """An order will need no cancel."""
        self._since.pop(ref, None)
        self._seen.discard(ref)
        self._canceled.discard(ref)

    def believe(self, milli: int, now_ns: int) -> None:
        """Takes a count that is not ours, if it is larger."""
        self._counter = Counter(max(milli, self.now(now_ns)), now_ns)


@attrs.frozen
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
        return _left(self.used_milli, now_ns - self.at_ns, self.decay_milli)

    def earned(self, passed_ns: int) -> int:
        """What decays in a time, in thousandths."""
        return passed_ns * self.decay_milli // SECOND_NS


class Limiter:
    """Predicts the engine's counters, and says how long an action must wait.

    A cancel never waits but for the exchange's word: an add or an amend is let through only if
    every order that was let through before could still be canceled after it, the youngest being the
    dearest.

    Args:
        reserve: Points of each pair's threshold kept free for cancels, at least.
        rest: The other counter, of REST calls.
    """

    def __init__(self, tier: Tier, reserve: int, rest: "RestLimiter | None" = None) -> None:
        self._tier = tier
        self._reserve_milli = reserve * MILLI
        self._pairs: dict[str, _Pair] = {}
        self.rest = RestLimiter(tier) if rest is None else rest

    def _of(self, pair: str) -> _Pair:
        known = self._pairs.get(pair)
        if known is None:
            known = self._pairs[pair] = _Pair(self._tier.engine_decay_milli)
        return known

    def engine_wait_ns(self, wish: Wish, now_ns: int) -> int:
        """Nanoseconds until the action fits; 0 now."""
        pair = self._of(wish.pair)
        at_ns = now_ns + pair.hold.wait_ns(now_ns)
        if wish.is_cancel:
            return at_ns - now_ns
        while (excess := self._excess(pair, wish, at_ns)) > 0:
            decayed_ns = at_ns - (-excess * SECOND_NS // self._tier.engine_decay_milli)
            step_ns = pair.next_step(at_ns)
            at_ns = decayed_ns if step_ns is None else min(decayed_ns, step_ns)
        return at_ns - now_ns

    def _excess(self, pair: _Pair, wish: Wish, at_ns: int) -> int:
        """How far the counter would be above what it may be, all cancels provided for."""
        owed = pair.owed(at_ns, wish.ref) + (_CANCEL_MILLI[0] if wish.ref else 0)
        dearest = engine_cost_milli(wish.action, 0, wish.count)
        return pair.now(at_ns) + wish.cost_milli - self._ceiling(owed, dearest)

    def _ceiling(self, owed: int, dearest: int) -> int:
        threshold = self._tier.engine_threshold * MILLI
        # A reserve that leaves no room for even one action would keep all of them for ever.
        return threshold - max(owed, min(self._reserve_milli, threshold - dearest))

    def engine_room(self, pair: str, now_ns: int) -> Room:
        """What is left for an amend of an order of this pair."""
        known = self._of(pair)
        # The order to be amended is as young as it can be afterwards.
        owed = known.owed(now_ns) + _CANCEL_MILLI[0]
        ceiling = self._ceiling(owed, _DEAREST_AMEND_MILLI)
        held_ns = known.hold.wait_ns(now_ns)
        used = ceiling if held_ns else known.now(now_ns)
        return Room(used, ceiling, self._tier.engine_decay_milli, now_ns)

    def engine_aged(self, wish: Wish, now_ns: int) -> Wish:
        """The wish with its order's age, where that is known better than whoever asks knows it."""
        if not wish.ref or wish.age_ns is None:
            return wish
        age_ns = max(wish.age_ns, self._of(wish.pair).age_ns(wish.ref, now_ns))
        return Wish(wish.pair, wish.action, age_ns, wish.ref, wish.count)

    def engine_placed(self, pair: str, ref: str, now_ns: int, *, known: bool = False) -> None:
        """An order was made or amended just before; ``known``: if its cancel is provided for yet."""
        self._of(pair).placed(ref, now_ns, known=known)

    def engine_spend(self, wish: Wish, now_ns: int) -> None:
        """Counts an action."""
        self._of(wish.pair).spend(wish, now_ns)

    def engine_ended(self, pair: str, ref: str) -> None:
        """An order is concluded: its cancel is not provided for any more."""
        self._of(pair).ended(ref)

    def engine_reported(self, pair: str, value: Decimal, now_ns: int) -> Decimal:
        """Takes the exchange's own count; returns it minus the prediction.

        The larger of the two is believed.
        """
        known = self._of(pair)
        predicted_milli = known.now(now_ns)
        reported_milli = int((value * MILLI).to_integral_value(ROUND_CEILING))
        known.believe(reported_milli, now_ns)
        difference = (Decimal(reported_milli) - predicted_milli) / MILLI
        known.reported = (value, difference)
        return difference

    def engine_throttled(self, pair: str, now_ns: int, seconds: int | None = None) -> None:
        """The exchange refused an action on this pair: its counter is full, whatever we thought."""
        known = self._of(pair)
        known.believe(self._tier.engine_threshold * MILLI, now_ns)
        known.hold = known.hold.struck(now_ns, seconds)

    def snapshot(self, now_ns: int) -> dict[str, object]:
        """Both counters, as text: of each pair what was predicted, and what was last reported."""
        threshold = self._tier.engine_threshold
        return {
            "tier": self._tier.name,
            "threshold": threshold,
            "ceiling": _points(threshold * MILLI - self._reserve_milli),
            "pairs": {name: _points(pair.now(now_ns)) for name, pair in self._sorted()},
            "owed": {name: _points(owed) for name, p in self._sorted() if (owed := p.owed(now_ns))},
            "reported": {
                name: {"value": str(pair.reported[0]), "difference": str(pair.reported[1])}
                for name, pair in self._sorted()
                if pair.reported is not None
            },
            "paused_ms": {
                name: left // 1_000_000
                for name, pair in self._sorted()
                if (left := pair.hold.wait_ns(now_ns))
            },
            "rest": self.rest.snapshot(now_ns),
        }

    def _sorted(self) -> list[tuple[str, _Pair]]:
        return sorted(self._pairs.items())


def _points(milli: int) -> str:
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
            "max": _points(self._max_milli),
            "value": _points(self._now(now_ns)),
            "paused_ms": self._hold.wait_ns(now_ns) // 1_000_000,
        }
