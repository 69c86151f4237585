"""Desire: what strategies want against what is working, one step a slot.

Pure, and called by the Repositioner alone. The same targets twice yield nothing twice, since what
was begun is working by then: a slot with an order in flight, in doubt or being canceled waits. So a
restart, a lost answer or a double wake cannot double an order.
A target that would meet an order of our own waits (``OWN_ORDER``: the exchange would cancel one of
both), and a pair has one owner among strategies at a time (``PAIR_OWNED``). Cancels always go.
A resting stop and a sale of the same coins never stand side by side (``COINS_GUARDED``): the sale
waits until the stop is as it is wanted, and the stop grows only when no sale is left.
"""

from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.order import TRIGGERED, CancelProgress, Intent, Order, Side, State
from zoe.domain.quantity import Price
from zoe.domain.quick import quick
from zoe.domain.repeg import Add, Amend, Now, Policy, Step, Target, Wait, Working, decide

#: Source and slot.
Slot = tuple[str, str]
OWN_ORDER: Final = "OWN_ORDER"
PAIR_OWNED: Final = "PAIR_OWNED"
COINS_GUARDED: Final = "COINS_GUARDED"
#: Steps after which an order stands where others must not meet it.
_PLACES: Final = (Add, Amend)
_STRATEGIES: Final = "strategy/"


@attrs.frozen(weakref_slot=False)
class Other:
    """An order of ours, of whoever, that is not concluded.

    Attributes:
        slot: None for a person's.
        price: None for one that takes whatever there is.
    """

    source: str
    slot: str | None
    pair: str
    side: Side
    price: Price | None


_other: Final = quick(Other)


def other(order: Order) -> Other | None:
    """An order as others must avoid it; None for one that waits for a price, and is in no book."""
    intent = order.intent
    if order.amended is None and order.amend is None:
        return wished(intent)
    if intent.order_type in TRIGGERED:
        return None
    price = order.terms.limit_price
    if order.amend is not None:
        prices = [t.limit_price for t in order.possible_terms if t.limit_price is not None]
        # Of an amend on its way, the price that is met first.
        nearest = max if intent.side is Side.BUY else min
        price = nearest(prices) if prices else None
    return _other(intent.source, intent.slot, intent.pair, intent.side, price)


def wished(intent: Intent) -> Other | None:
    """An intended order as others must avoid it; None for one that waits for a price."""
    if intent.order_type in TRIGGERED:
        return None
    return _other(intent.source, intent.slot, intent.pair, intent.side, intent.limit_price)


def step(
    slot: Slot,
    target: Target | None,
    working: tuple[Working, ...],
    others: Iterable[Other],
    context: tuple[Now, Policy],
) -> Step:
    """The next step of one slot.

    Args:
        others: Every order of ours that is not concluded, in any pair; the slot's own may be there.
    """
    wanted = decide(target, working, *context)
    if target is None or not isinstance(wanted, _PLACES):
        return wanted
    price = wanted.target.price if isinstance(wanted, Add) else wanted.terms.limit_price
    (source, name), pair, side = slot, target.pair, target.side
    met: Other | None = None
    for o in others:
        if o.source == source:
            if o.side is side or o.slot == name:
                continue
        elif o.pair == pair and o.source.startswith(_STRATEGIES):
            return Wait(PAIR_OWNED, f"by {o.source}")
        elif o.side is side:
            continue
        if met is None and o.pair == pair and _meets(side, price, o):
            met = o
    if target.trigger is not None:
        return wanted  # it waits for its price, and is in no book
    if met is not None:
        return Wait(OWN_ORDER, f"wanted {target.side.value} @ {price}, ours @ {met.price}")
    return wanted


@attrs.frozen
class Sale:
    """Another slot of the same strategy and pair that sells: its order, and what is wanted of it."""

    order: Working
    target: Target | None


def held_back(wanted: Step, own: Working | None, sales: Iterable[Sale]) -> Step:
    """A step of a slot that sells, or the wait that keeps the same coins from being offered twice."""
    if isinstance(wanted, Add):
        grows, guards = True, wanted.target.trigger is not None
    elif isinstance(wanted, Amend) and own is not None:
        grows, guards = wanted.terms.quantity > own.terms.quantity, own.guards
    else:
        return wanted
    if not grows:
        return wanted
    in_the_way = any(guards or (s.order.guards and not _is_as_wanted(s)) for s in sales)
    return Wait(COINS_GUARDED) if in_the_way else wanted


def _is_as_wanted(stop: Sale) -> bool:
    """Whether a resting stop holds no more than it shall, and nothing is under way about it."""
    order, target = stop.order, stop.target
    is_quiet = order.state is State.WORKING and order.cancel is CancelProgress.NONE
    return (
        is_quiet
        and not order.amending
        and target is not None
        and order.remaining <= target.quantity
    )


def _meets(side: Side, price: Price | None, other: Other) -> bool:
    """Whether an order at a price would trade with one of ours on the other side."""
    if price is None or other.price is None:
        return True
    ours, theirs = price.value, other.price.value
    return ours >= theirs if side is Side.BUY else ours <= theirs
