"""What a report about an order says beyond what is known: the facts to apply, one after the other.

The stream and a look show the same fill, and only one of them may carry the total. A report that
the order lives also gives its terms: where they are not those that are known, somebody amended it.
"""

import attrs

from zoe.domain.amend import Terms
from zoe.domain.errors import UnexpectedFact
from zoe.domain.order import TERMINAL, Fact, Input, Order, State
from zoe.domain.order_inputs import apply
from zoe.domain.quantity import NOTHING
from zoe.domain.sighting import Sighting


def enlarged(order: Order | None, seen: Sighting) -> tuple[Fact, ...]:
    """The amend that a report proves without telling of it: more is filled than we know of.

    Somebody enlarged the order while nobody listened; a list then shows it as it is.
    """
    known = seen.description
    if order is None or known is None:
        return ()
    filled = max((f.filled_quantity for f in seen.facts if f.filled_quantity), default=NOTHING)
    if filled <= max(terms.quantity for terms in order.possible_terms):
        return ()
    terms = Terms(max(known.quantity, filled), known.limit_price)
    return (Fact(Input.AMENDED, seen.order_id, reason="more is filled", terms=terms),)


def repeats(order: Order, *seen: Sighting) -> bool:
    """Whether reports say nothing of an order that is not known of it."""
    try:
        return all(apply(order, fact) is order for sighting in seen for fact in sighting.facts)
    except UnexpectedFact:
        return False


def news(order: Order, fact: Fact) -> tuple[Fact, ...]:
    """The facts that a report amounts to; each is then for the table to judge."""
    fact = _without_known_fill(order, fact)
    terms = fact.terms
    if terms is None:
        return (fact,)
    if order.state in TERMINAL or _says_nothing_of_terms(order, fact):
        said = Input.LIVE if fact.input is Input.AMENDED else fact.input
        return (_without_terms(fact, said),)
    amended = attrs.evolve(fact, input=Input.AMENDED)
    if order.state is State.WORKING:
        return (amended,)
    return _without_terms(fact, Input.LIVE), amended


def _without_terms(fact: Fact, said: Input) -> Fact:
    """A fact as the table judges it; attrs.evolve takes three times as long, and most facts pass here."""
    return Fact(said, fact.order_id, fact.fill, fact.filled_quantity, fact.reason, fact.exchange_ns)


def _says_nothing_of_terms(order: Order, fact: Fact) -> bool:
    if fact.input not in (Input.LIVE, Input.AMENDED):
        return True
    ours = order.amend is not None and order.amend.terms == fact.terms
    return fact.terms == order.terms and not ours


def _without_known_fill(order: Order, fact: Fact) -> Fact:
    """The fact without a fill that the order has: what is left says that the order lives."""
    if fact.fill is None or all(f.exec_id != fact.fill.exec_id for f in order.fills):
        return fact
    return attrs.evolve(fact, input=Input.LIVE, fill=None)
