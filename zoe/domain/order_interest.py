"""Whose view of an order a change alters: whoever it says nothing to is not told of it.

An order's life has five changes, and each of them is a turn of everybody who hears of it. What
comes without a fact (an order's beginning, a cancel request, a report on request) may be news to
anybody, and is for all.
"""

from collections.abc import Callable

from zoe.domain import order_record
from zoe.domain.order import CONCLUDED, Fact, Input, Order, State

#: Whether a change is news: the order before it, after it, and the fact that it came with.
Interest = Callable[[Order | None, Order, Fact | None], bool]

#: What begins an order's age anew, as the exchange's counter has it.
_BEGIN_AGE = frozenset({Input.ACKNOWLEDGED, Input.LIVE, Input.AMENDED})
#: Where the answer to the add has told of it, or will.
_ANSWERED = frozenset(
    {
        (State.SENDING, Input.ACKNOWLEDGED),
        (State.PENDING, Input.ACKNOWLEDGED),
        (State.PENDING, Input.LIVE),
    }
)
#: Kinds of the rows that tell of it.
AGE_ROWS = frozenset(map(order_record.kind_of, _BEGIN_AGE))
_ON_ITS_WAY = frozenset({State.SENDING, State.PENDING})


def alters_anything(_before: Order | None, _after: Order, _fact: Fact | None) -> bool:
    """Always: for those who keep every order as it is."""
    return True


def alters_risk(before: Order | None, after: Order, fact: Fact | None) -> bool:
    """Whether it changes what the order may still trade, or what it has traded."""
    if before is None or fact is None or fact.fill is not None or after.state in CONCLUDED:
        return True
    return (
        before.state in CONCLUDED
        or before.intent is not after.intent
        # Most changes leave all of these as they are, and are spared the comparing.
        or (before.filled is not after.filled and before.filled != after.filled)
        or (
            (before.amend is not after.amend or before.amended is not after.amended)
            and before.possible_terms != after.possible_terms
        )
    )


def alters_lists(before: Order | None, after: Order, fact: Fact | None) -> bool:
    """Whether it changes what the exchange's lists should show, or what a look is for."""
    if before is None or fact is None:
        return True
    if before.state not in _ON_ITS_WAY or after.state not in _ON_ITS_WAY:
        return True
    return any(o is not None and (o.amend is not None or o.fills_missing) for o in (before, after))


def alters_doubts(before: Order | None, after: Order, _fact: Fact | None) -> bool:
    """Whether it changes what a look is for: a fate that is not known, or fills that are not."""
    if after.fills_missing or after.amend is not None or after.state is State.IN_DOUBT:
        return True
    return before is not None and (
        before.fills_missing or before.amend is not None or before.state is State.IN_DOUBT
    )


def begins_age(before: Order | None, fact: Fact | None) -> bool:
    """Whether the exchange counts the order's age from here, and no answer to its add tells of it."""
    if fact is None or fact.input not in _BEGIN_AGE or before is None:
        return False
    return (before.state, fact.input) not in _ANSWERED
