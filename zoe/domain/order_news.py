"""What a report about an order says beyond what is known: the facts to apply, one after the other.

The stream and a look show the same fill, and only one of them may carry the total. A report that
the order lives also gives its terms: where they are not those that are known, somebody amended it.
"""

import attrs

from zoe.domain.amend import Terms
from zoe.domain.order import TERMINAL, Fact, Input, Order, State
from zoe.domain.quantity import NOTHING
from zoe.domain.sighting import Sighting


def enlarged(order: Order | None, seen: Sighting) -> tuple[Fact, ...]:
    """The amend that a report proves without telling of it: more is filled than we know of.

    Somebody enlarged the order while nobody listened; a list then shows it as it is.
    """
    known = seen.description
    if order is None or known is None:
        return ()
    told = [fact.filled_quantity for fact in seen.facts if fact.filled_quantity is not None]
    filled = max(told, default=NOTHING)
    if filled <= order.terms.quantity or filled <= max(t.quantity for t in order.possible_terms):
        return ()
    terms = Terms(max(known.quantity, filled), known.limit_price)
    return (Fact(Input.AMENDED, seen.order_id, reason="more is filled", terms=terms),)


def news(order: Order, fact: Fact) -> tuple[Fact, ...]:
    """The facts that a report amounts to; each is then for the table to judge."""
    if fact.fill is not None and fact.fill.exec_id in [fill.exec_id for fill in order.fills]:
        # The order has it: what is left says that the order lives.
        fact = attrs.evolve(fact, input=Input.LIVE, fill=None)
    if fact.terms is None:
        return (fact,)
    if order.state in TERMINAL or _says_nothing_of_terms(order, fact):
        return (_living(fact) if fact.input is Input.AMENDED else fact,)
    amended = attrs.evolve(fact, input=Input.AMENDED)
    return (amended,) if order.state is State.WORKING else (_living(fact), amended)


def _living(fact: Fact) -> Fact:
    return attrs.evolve(fact, input=Input.LIVE, terms=None)


def _says_nothing_of_terms(order: Order, fact: Fact) -> bool:
    if fact.input not in (Input.LIVE, Input.AMENDED):
        return True
    is_known = fact.terms == order.terms
    return is_known and (order.amend is None or order.amend.terms != fact.terms)
