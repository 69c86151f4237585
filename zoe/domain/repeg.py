"""Repricing on a budget: what one slot does next, from its target, its orders and its pair's room.

An amend keeps the order's id and costs the engine's counter less than a cancel and an add, the less
the older the order is. While the pair's counter is low an amend is made at once; above half of what
it may come to, only when the order's own share of the decay has earned its cost, so that a pair
lives at what it can sustain and never waits with a full counter. Cancels always have budget.
A slot with anything on its way, in doubt or being canceled waits: the next order follows only when
the fate, and so the final filled quantity, of the one before is durable.
A guard (``resting_stop``) is judged by its trigger: it moves up or not at all, grows with what it
guards, and goes only when somebody says so: not with its age, and not with whoever wanted it.
"""

from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.amend import Terms
from zoe.domain.bounds import within
from zoe.domain.order import CancelProgress, Side, State
from zoe.domain.quantity import Price, Quantity, plain
from zoe.domain.quick import quick
from zoe.domain.ratelimit import MILLI, Action, Room, cancel_cost_milli, engine_cost_milli

_UNSETTLED: Final = frozenset({State.WAITING, State.SENDING, State.PENDING, State.IN_DOUBT})
_BPS: Final = Decimal(10_000)
_ADD_AND_CANCEL_MILLI: Final = engine_cost_milli(Action.ADD, None) + cancel_cost_milli(0)
_SECOND_NS: Final = 1_000_000_000
#: Waits that neither the pair's counter nor anybody else's order can end.
_QUIET: Final = frozenset(
    {"NOTHING_WANTED", "CANCELING", "UNSETTLED", "STOP_RESTS", "IN_PLACE", "AMENDING"}
)
_EVER_NS: Final = 1 << 63


@attrs.frozen(weakref_slot=False)
class Target:
    """What a strategy wants to have in a slot, until ``valid_until_ns`` (wall time).

    Attributes:
        decision: Journal stream and version of the decision it follows from.
        post_only: False for one that may take: a protective exit.
        trigger: Of a stop that shall rest: it waits for this price, and has ``price`` as its limit.
    """

    slot: str
    source: str
    pair: str
    side: Side
    price: Price
    quantity: Quantity
    valid_until_ns: int
    decision: str | None = None
    post_only: bool = True
    trigger: Price | None = None


def is_renewal(known: Target, later: Target) -> bool:
    """Whether a target is one that is known, but for how long it holds and what it follows from."""
    return (
        (known.pair, known.side, known.price, known.quantity)
        == (later.pair, later.side, later.price, later.quantity)
        and known.post_only is later.post_only
        and known.trigger == later.trigger
    )


@attrs.frozen
class Policy:
    """When an order is moved, and when it goes.

    Attributes:
        price_band: Relative distance in price within which an order is left alone.
        quantity_band: Relative distance in quantity within which an order is left alone.
        max_distance: Relative distance at which an order that cannot be amended yet is canceled.
        max_age_seconds: Age at which an order is placed anew.
        max_refusals: So many amends refused one after the other, and the order is placed anew.
    """

    price_band: Decimal = attrs.field(default=Decimal("0.0002"), validator=within(0, 1))
    quantity_band: Decimal = attrs.field(default=Decimal("0.1"), validator=within(0, 1))
    max_distance: Decimal = attrs.field(default=Decimal("0.02"), validator=within(0, 1))
    max_age_seconds: int = attrs.field(default=86_400, validator=within(1, 31_536_000))
    max_refusals: int = attrs.field(default=3, validator=within(1, 1_000))


@attrs.frozen(weakref_slot=False)
class Working:
    """An order of a slot that is not concluded.

    Attributes:
        terms: Total quantity and limit price as they are.
        since_ns: When it was made or last amended, or later (monotonic).
        amending: Whether an amend was wished for and its fate is not known.
        refusals: Amends of it that were refused, since the last that was not.
        trigger: What it waits for, where it waits for a price.
        guards: Whether it is a stop that stays unless it is said to go.
    """

    intent_id: str
    side: Side
    terms: Terms
    remaining: Quantity
    state: State
    cancel: CancelProgress
    since_ns: int
    amending: bool = False
    refusals: int = 0
    trigger: Price | None = None
    guards: bool = False


@attrs.frozen(weakref_slot=False)
class Now:
    """The time, and what the pair's counter leaves.

    Attributes:
        room: None where nobody has told it yet: whoever grants permits knows it.
        sharers: Slots that live on the pair's counter.
    """

    wall_ns: int
    monotonic_ns: int
    room: Room | None = None
    sharers: int = 1

    @property
    def is_roomy(self) -> bool:
        """Whether each of the slots could add an order at once, the cancel of each provided for."""
        room = self.room
        if room is None:
            return False
        free_milli = room.ceiling_milli - self.sharers * _ADD_AND_CANCEL_MILLI
        # What was counted has only decayed since: most often it leaves as much as it stands.
        return room.used_milli <= free_milli or room.used(self.monotonic_ns) <= free_milli


#: Its constructor for each slot that is looked at.
quick_now: Final = quick(Now)


@attrs.frozen
class Add:
    """Place an order for the target."""

    target: Target


@attrs.frozen
class Amend:
    """Change an order's terms."""

    intent_id: str
    terms: Terms
    reason: str


@attrs.frozen
class Cancel:
    """Cancel an order; an add follows when it is gone."""

    intent_id: str
    reason: str


@attrs.frozen
class Wait:
    """Nothing to do, and why."""

    reason: str
    figures: str = ""


Step = Add | Amend | Cancel | Wait


def decide(target: Target | None, working: tuple[Working, ...], now: Now, policy: Policy) -> Step:
    """The next step of one slot."""
    stale = target is not None and target.valid_until_ns <= now.wall_ns
    if not working:
        return Wait("NOTHING_WANTED") if target is None or stale else Add(target)
    for order in working:
        if order.cancel is not CancelProgress.NONE:
            return Wait("CANCELING")
    for order in working:
        if order.state in _UNSETTLED:
            return Wait("UNSETTLED")
    if len(working) > 1:
        youngest = max(working, key=lambda order: (order.since_ns, order.intent_id))
        return Cancel(youngest.intent_id, "second order in the slot")
    order = working[0]
    if (target is None or stale) and order.guards:
        return Wait("STOP_RESTS")
    if target is None or stale:
        return Cancel(order.intent_id, "the target has gone stale" if stale else "no longer wanted")
    return _move(target, order, now, policy)


def quiet_until(
    step: Step, target: Target | None, working: tuple[Working, ...], now: Now, policy: Policy
) -> int:
    """Until when (monotonic) a step stays as it is while nothing is heard of its slot; a time that
    has passed: for no time."""
    if not isinstance(step, Wait) or step.reason not in _QUIET:
        return 0
    until_ns = _EVER_NS
    if target is not None:
        until_ns = now.monotonic_ns + target.valid_until_ns - now.wall_ns
    oldest_ns = policy.max_age_seconds * _SECOND_NS
    return min([until_ns, *[order.since_ns + oldest_ns for order in working]])


def _move(target: Target, order: Working, now: Now, policy: Policy) -> Step:
    """What becomes of the one order of a slot that has a target."""
    is_other = (order.trigger is None) is not (target.trigger is None)
    if order.side is not target.side or order.terms.limit_price is None or is_other:
        return Cancel(order.intent_id, f"{_wanted(target)}: not to be had by an amend")
    if order.trigger is not None and target.trigger is not None:
        return _guard(target, order, now, policy)
    age_ns = now.monotonic_ns - order.since_ns
    if age_ns >= policy.max_age_seconds * _SECOND_NS and not order.amending:
        return Cancel(order.intent_id, f"too old: {age_ns // _SECOND_NS} s")
    terms = _terms(target, order, order.terms.limit_price, policy)
    if terms == order.terms:
        return Wait("IN_PLACE")
    if order.amending:
        return Wait("AMENDING")
    distance = _distance(target, order.terms.limit_price)
    cost_milli = engine_cost_milli(Action.AMEND, age_ns)
    figures = (
        f"{_wanted(target)}, has {order.remaining} @ {order.terms.limit_price}, "
        f"{plain(round(distance * _BPS, 1))} bps off; age {_seconds(age_ns)} s, "
        f"an amend costs {_points(cost_milli)}, {_used(now)}"
    )
    if order.refusals >= policy.max_refusals:
        return Cancel(order.intent_id, f"{order.refusals} amends refused; {figures}")
    if affordable(now, cost_milli, age_ns):
        return Amend(order.intent_id, terms, figures)
    if distance > policy.max_distance:
        return Cancel(order.intent_id, f"too far; {figures}")
    return Wait("BUDGET", figures)


def _guard(target: Target, order: Working, now: Now, policy: Policy) -> Step:
    """A resting stop under its target: raised, or of another size; all that its counter allows."""
    assert order.trigger is not None and target.trigger is not None
    terms = _guarding(target, order, policy)
    if terms == order.terms:
        return Wait("IN_PLACE")
    if order.amending:
        return Wait("AMENDING")
    figures = (
        f"wanted {target.quantity} at {target.trigger}, has {order.remaining} at {order.trigger}"
    )
    cost_milli = engine_cost_milli(Action.AMEND, now.monotonic_ns - order.since_ns)
    room = now.room
    if room is not None and room.used(now.monotonic_ns) + cost_milli > room.ceiling_milli:
        return Wait("BUDGET", f"{figures}; {_used(now)}")
    return Amend(order.intent_id, terms, figures)


def _guarding(target: Target, order: Working, policy: Policy) -> Terms:
    """Its limit goes where its trigger goes, up only; once some of it is executed it grows no more:
    who wants it may not have heard of that yet."""
    assert order.trigger is not None and target.trigger is not None
    limit = order.terms.limit_price
    assert limit is not None
    up = target.trigger.value - order.trigger.value
    if up > order.trigger.value * policy.price_band:
        limit = Price(limit.value + up)
    filled = order.terms.quantity - order.remaining
    total = filled + target.quantity
    return Terms(min(total, order.terms.quantity) if filled else total, limit)


def _terms(target: Target, order: Working, price: Price, policy: Policy) -> Terms:
    """The order's terms as they shall be; as they are where they are near enough.

    A partly filled order keeps its remaining size: only too large a rest is made smaller.
    """
    over = order.remaining.value - target.quantity.value
    is_large = over > target.quantity.value * policy.quantity_band
    is_near = price is target.price or _distance(target, price) <= policy.price_band
    if is_near and not is_large:
        return order.terms
    filled = order.terms.quantity - order.remaining
    return Terms(
        filled + target.quantity if is_large else order.terms.quantity,
        price if is_near else target.price,
    )


def _wanted(target: Target) -> str:
    return f"wanted {target.quantity} @ {target.price}"


def _distance(target: Target, price: Price) -> Decimal:
    return abs(price.value - target.price.value) / target.price.value


def affordable(now: Now, cost_milli: int, age_ns: int) -> bool:
    """Whether the pair's counter has room for a cost, and an order of this age has earned it."""
    room = now.room
    if room is None:
        return True
    after = room.used(now.monotonic_ns) + cost_milli
    if after > room.ceiling_milli:
        return False
    # Its share of what the counter has lost since the order was last touched.
    earned = room.earned(age_ns) // max(now.sharers, 1)
    return after * 2 <= room.ceiling_milli or earned >= cost_milli


def _used(now: Now) -> str:
    if now.room is None:
        return "counter unknown"
    used = _points(now.room.used(now.monotonic_ns))
    return f"counter {used} of {_points(now.room.ceiling_milli)} for {now.sharers} slots"


def _points(milli: int) -> str:
    return plain(round(Decimal(milli) / MILLI, 1))


def _seconds(nanoseconds: int) -> str:
    return plain(round(Decimal(nanoseconds) / _SECOND_NS, 1))
