"""The engine's counters of all pairs, predicted, and how long an action must wait for its pair's."""

from collections import defaultdict
from decimal import ROUND_CEILING, Decimal
from functools import partial
from typing import Final

from zoe.domain.limit_words import SECOND_NS, Hold
from zoe.domain.quick import quick
from zoe.domain.ratelimit import (
    AGE_LIMITS_NS,
    CANCEL_MILLI,
    MILLI,
    Action,
    RestLimiter,
    Room,
    Tier,
    Wish,
    as_points,
    cancel_cost_milli,
    engine_cost_milli,
    left_of,
    stage_of,
)

_ROOM: Final = quick(Room)
#: Later than any time.
_NEVER_NS: Final = 1 << 63


class _Pair:
    """One pair's counter, the orders whose cancels are provided for, and the exchange's words."""

    def __init__(self, decay_milli: int) -> None:
        self._decay_milli = decay_milli
        #: The counter as it was at a time.
        self._milli = 0
        self._at_ns = 0
        #: When each order was made or last amended, or may have been.
        self._since: dict[str, int] = {}
        #: Orders of which that is known.
        self._seen: set[str] = set()
        #: The same of orders whose cancel is counted: one that is repeated costs nothing more,
        #: since the exchange counts only the one that finds its order.
        self._canceled: dict[str, int] = {}
        #: What all cancels come to, from one time until one of them becomes cheaper.
        self._owed_milli = 0
        self._owed_from_ns = 0
        self._owed_until_ns = _NEVER_NS
        self.hold = Hold()
        #: The exchange's last count, and by how many thousandths it was above the prediction.
        self.reported: tuple[Decimal, int] | None = None

    def now(self, now_ns: int) -> int:
        """The counter."""
        return left_of(self._milli, now_ns - self._at_ns, self._decay_milli)

    def owed(self, now_ns: int, without: str = "") -> int:
        """What it would cost to cancel every order at once."""
        if not self._owed_from_ns <= now_ns < self._owed_until_ns:
            self._add_up(now_ns)
        left_out = self._since.get(without)
        if left_out is None:
            return self._owed_milli
        return self._owed_milli - cancel_cost_milli(now_ns - left_out)

    def _add_up(self, now_ns: int) -> None:
        stages = [(since, stage_of(now_ns - since)) for since in self._since.values()]
        steps = [since + AGE_LIMITS_NS[at] for since, at in stages if at < len(AGE_LIMITS_NS)]
        self._owed_milli = sum([CANCEL_MILLI[at] for _, at in stages])
        self._owed_from_ns = now_ns
        self._owed_until_ns = min(steps, default=_NEVER_NS)

    def cheaper_ns(self, now_ns: int) -> int:
        """When a cancel that is provided for may become cheaper, at the earliest."""
        self.owed(now_ns)
        return self._owed_until_ns

    def _provide(self, ref: str, since_ns: int) -> None:
        self._forgo(ref)
        self._since[ref] = since_ns
        stage = stage_of(self._owed_from_ns - since_ns)
        self._owed_milli += CANCEL_MILLI[stage]
        if stage < len(AGE_LIMITS_NS):
            self._owed_until_ns = min(self._owed_until_ns, since_ns + AGE_LIMITS_NS[stage])

    def _forgo(self, ref: str) -> int | None:
        since_ns = self._since.pop(ref, None)
        if since_ns is not None:
            self._owed_milli -= cancel_cost_milli(self._owed_from_ns - since_ns)
        return since_ns

    def is_canceled(self, ref: str) -> bool:
        """Whether its cancel is counted."""
        return ref in self._canceled

    def spend(self, wish: Wish, now_ns: int) -> None:
        """Counts an action."""
        ref, is_cancel = wish.ref, wish.is_cancel
        if is_cancel and ref in self._canceled:
            return
        self.set(self.now(now_ns) + wish.cost_milli, now_ns)
        if not ref:
            return
        if is_cancel:
            since_ns = self._forgo(ref)
            self._canceled[ref] = now_ns - (wish.age_ns or 0) if since_ns is None else since_ns
        else:
            self._provide(ref, now_ns)
            self._seen.discard(ref)

    def placed(self, ref: str, now_ns: int, *, known: bool) -> None:
        """An order was made or amended, not later than now."""
        if ref not in self._canceled and (ref in self._since or not known):
            self._provide(ref, now_ns)
            self._seen.add(ref)

    def age_ns(self, ref: str, now_ns: int) -> int:
        """An order's age, or less."""
        since_ns = self._since.get(ref)
        return now_ns - since_ns if since_ns is not None and ref in self._seen else 0

    def ended(self, ref: str) -> None:
        """An order will need no cancel."""
        self._forgo(ref)
        self._seen.discard(ref)
        self._canceled.pop(ref, None)

    def set(self, milli: int, now_ns: int) -> None:
        """The counter from here on."""
        self._milli, self._at_ns = milli, now_ns

    def refused(self, threshold_milli: int, now_ns: int) -> None:
        """The counter is full, and no fuller: any of the cancels that were counted may be the one
        that was refused."""
        self.set(threshold_milli, now_ns)
        for ref, since_ns in self._canceled.items():
            self._provide(ref, since_ns)
        self._canceled.clear()


class Limiter:
    """Predicts the engine's counters, and says how long an action must wait.

    A cancel waits for nothing but the exchange's word: an add or an amend is let through only if
    every order that was let through before could still be canceled after it, the youngest being the
    dearest. Where the exchange has refused lately there was less room than was predicted, so its
    cancels wait for the counter too: all at once they would be refused again.

    Args:
        reserve: Points of each pair's threshold kept free for cancels, at least.
        rest: The other counter, of REST calls.
    """

    def __init__(self, tier: Tier, reserve: int, rest: RestLimiter | None = None) -> None:
        self._tier = tier
        self._threshold_milli = tier.engine_threshold * MILLI
        self._reserve_milli = reserve * MILLI
        self._pairs = defaultdict[str, _Pair](partial(_Pair, tier.engine_decay_milli))
        self.rest = RestLimiter(tier) if rest is None else rest

    def engine_wait_ns(self, wish: Wish, now_ns: int) -> int:
        """Nanoseconds until the action fits; 0 now."""
        pair = self._pairs[wish.pair]
        at_ns = now_ns + pair.hold.wait_ns(now_ns)
        if wish.is_cancel:
            if pair.hold.is_remembered(at_ns) and not pair.is_canceled(wish.ref):
                at_ns = self._cancel_fits_ns(pair, wish, now_ns, at_ns)
            return at_ns - now_ns
        while (excess := self._excess(pair, wish, at_ns)) > 0:
            at_ns = min(self._decayed_ns(excess, at_ns), pair.cheaper_ns(at_ns))
        return at_ns - now_ns

    def _cancel_fits_ns(self, pair: _Pair, wish: Wish, now_ns: int, at_ns: int) -> int:
        since_ns = now_ns - (wish.age_ns or 0)
        while True:
            cost_milli = engine_cost_milli(wish.action, at_ns - since_ns, wish.count)
            excess = pair.now(at_ns) + cost_milli - self._threshold_milli
            if excess <= 0:
                return at_ns
            steps = [step for ns in AGE_LIMITS_NS if (step := since_ns + ns) > at_ns]
            at_ns = min([self._decayed_ns(excess, at_ns), *steps])

    def _decayed_ns(self, milli: int, at_ns: int) -> int:
        return at_ns - (-milli * SECOND_NS // self._tier.engine_decay_milli)

    def _excess(self, pair: _Pair, wish: Wish, at_ns: int) -> int:
        """How far the counter would be above what it may be, all cancels provided for."""
        owed = pair.owed(at_ns, wish.ref) + (CANCEL_MILLI[0] if wish.ref else 0)
        ceiling = self._ceiling(owed, wish.action, wish.count)
        return pair.now(at_ns) + wish.cost_milli - ceiling

    def _ceiling(self, owed: int, action: Action, count: int = 1) -> int:
        threshold = self._threshold_milli
        if owed < self._reserve_milli:
            # A reserve that leaves no room for even one action would keep all of them for ever.
            most = threshold - engine_cost_milli(action, 0, count)
            owed = max(owed, min(self._reserve_milli, most))
        return threshold - owed

    def engine_room(self, pair: str, now_ns: int) -> Room:
        """What is left for an amend of an order of this pair."""
        known = self._pairs[pair]
        # The order to be amended is as young as it can be afterwards.
        owed = known.owed(now_ns) + CANCEL_MILLI[0]
        ceiling = self._ceiling(owed, Action.AMEND)
        held_ns = known.hold.wait_ns(now_ns)
        used = ceiling if held_ns else known.now(now_ns)
        return _ROOM(used, ceiling, self._tier.engine_decay_milli, now_ns)

    def engine_aged(self, wish: Wish, now_ns: int) -> Wish:
        """The wish with its order's age, where that is known better than whoever asks knows it."""
        if not wish.ref or wish.age_ns is None:
            return wish
        age_ns = max(wish.age_ns, self._pairs[wish.pair].age_ns(wish.ref, now_ns))
        return Wish(wish.pair, wish.action, age_ns, wish.ref, wish.count)

    def engine_placed(self, pair: str, ref: str, now_ns: int, *, known: bool = False) -> None:
        """An order was made or amended just before; ``known``: if its cancel is provided for yet."""
        self._pairs[pair].placed(ref, now_ns, known=known)

    def engine_spend(self, wish: Wish, now_ns: int) -> None:
        """Counts an action."""
        self._pairs[wish.pair].spend(wish, now_ns)

    def engine_ended(self, pair: str, ref: str) -> None:
        """An order is concluded: its cancel is not provided for any more."""
        self._pairs[pair].ended(ref)

    def engine_reported(self, pair: str, value: Decimal, now_ns: int) -> int:
        """Takes the exchange's own count; returns by how many thousandths it is above the prediction.

        The larger of the two is believed.
        """
        known = self._pairs[pair]
        reported_milli = int((value * MILLI).to_integral_value(ROUND_CEILING))
        difference = reported_milli - known.now(now_ns)
        if difference > 0:
            known.set(reported_milli, now_ns)
        known.reported = (value, difference)
        return difference

    def engine_throttled(self, pair: str, now_ns: int, seconds: int | None = None) -> None:
        """The exchange refused an action on this pair: its counter is full, whatever we thought."""
        known = self._pairs[pair]
        known.refused(self._threshold_milli, now_ns)
        known.hold = known.hold.struck(now_ns, seconds)

    def snapshot(self, now_ns: int) -> dict[str, object]:
        """Both counters, as text: of each pair what was predicted, and what was last reported."""
        return {
            "tier": self._tier.name,
            "threshold": self._tier.engine_threshold,
            "ceiling": as_points(self._threshold_milli - self._reserve_milli),
            "pairs": {name: as_points(pair.now(now_ns)) for name, pair in self._sorted()},
            "owed": {
                name: as_points(owed) for name, p in self._sorted() if (owed := p.owed(now_ns))
            },
            "reported": {
                name: {"value": str(pair.reported[0]), "difference": as_points(pair.reported[1])}
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
