"""Amends under any order of events: at most one, none forgotten, and the order ends as it is there.

A small exchange of its own applies what reaches it, and tells what it did; answers are lost, late,
or say no. Whatever the order of things, the order's view comes to the exchange's.
"""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain import amend
from zoe.domain.amend import Amend, Progress, Terms, Turn
from zoe.domain.errors import IllegalCommand, UnexpectedFact
from zoe.domain.order import Fact, Input, Intent, Order, OrderType, Side, State
from zoe.domain.order_inputs import amending, apply
from zoe.domain.order_news import news
from zoe.domain.quantity import NOTHING, Price, Quantity

INTENT = Intent(
    *("i-1", "strategy/q", "bid.0", "X/Y", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("4"), Price.of("100")),
)
WORKING = Order(INTENT, State.WORKING, cl_ord_id="c", order_id="O-1")
TERMS = st.builds(
    Terms,
    st.sampled_from([Quantity(Decimal(n)) for n in (1, 2, 4, 8)]),
    st.sampled_from([Price(Decimal(n)) for n in (99, 100, 101)]),
)


def told(order: Order, fact: Fact) -> Order:
    """The order after a report, step by step as its actor takes it."""
    waiting = [fact]
    while waiting:
        first, *further = news(order, waiting.pop(0))
        order = apply(order, first)
        waiting = further + waiting
    return order


def live(terms: Terms) -> Fact:
    return Fact(Input.LIVE, "O-1", terms=terms)


@given(st.lists(st.tuples(st.sampled_from(Turn), TERMS), max_size=20))
def test_there_is_never_more_than_one_amend_and_none_is_wanted_while_one_is_open(
    turns: list[tuple[Turn, Terms]],
) -> None:
    pending: Amend | None = None
    for number, (turn, terms) in enumerate(turns):
        before = pending
        if turn is Turn.WANTED:
            try:
                pending = amend.wanted(pending, Amend(terms, number, 0))
            except IllegalCommand:
                assert before is not None
            else:
                assert before is None and pending.progress is Progress.IN_FLIGHT
            continue
        try:
            pending = amend.after(pending, turn)
        except UnexpectedFact:
            assert turn is Turn.APPLIED and before is None
        assert pending is None or (before is not None and pending.number == before.number)


@given(st.data())
def test_whatever_becomes_of_amends_the_order_ends_with_the_terms_that_it_has_there(
    data: st.DataObject,
) -> None:
    order, there, stream, due = WORKING, WORKING.terms, [live(WORKING.terms)], False
    for number in range(data.draw(st.integers(0, 12))):
        what = data.draw(st.sampled_from(("amend", "elsewhere", "report", "lost", "answer")))
        if what == "amend" and order.amend is None:
            wish = Amend(data.draw(TERMS), number, 0)
            try:
                order = amending(order, wish)
            except IllegalCommand:
                assert wish.terms == order.terms
                continue
            due = data.draw(st.booleans())  # whether it reaches the exchange at all
            if due:
                there = wish.terms
                stream.append(live(there))
        elif what == "elsewhere":
            there = data.draw(TERMS)
            stream.append(live(there))
        elif what == "report" and stream:
            order = told(order, stream.pop(0))
        elif what == "lost" and order.amend is not None:
            order = told(order, Fact(Input.AMEND_LOST, "O-1"))
        elif what == "answer" and order.amend is not None and not due:
            order = told(order, Fact(Input.AMEND_REFUSED, "O-1"))
        assert len(order.possible_terms) == (1 if order.amend is None else 2)
    for fact in stream:
        order = told(order, fact)
    if order.amend is not None:
        order = told(order, Fact(Input.AMEND_LOST, "O-1"))
        order = told(order, live(there))
        order = told(order, Fact(Input.AMEND_ABSENT, "O-1"))
    assert (order.terms, order.amend, order.state) == (there, None, State.WORKING)


@given(
    TERMS,
    st.sampled_from((Input.COMPLETED, Input.CANCELED, Input.EXPIRED)),
    st.sampled_from((Input.AMENDED, Input.AMEND_REFUSED, Input.AMEND_LOST, Input.AMEND_ABSENT)),
)
def test_an_order_that_ends_with_an_amend_in_flight_settles_it_and_late_answers_change_nothing(
    terms: Terms, ending: Input, late: Input
) -> None:
    if terms == WORKING.terms:
        return
    ended = told(amending(WORKING, Amend(terms, 1, 0)), Fact(ending, "O-1"))
    assert ended.amend is None and ended.state.value == {"completed": "FILLED"}.get(
        ending.value, ending.name
    )
    answer = Fact(late, "O-1", terms=terms if late is Input.AMENDED else None)
    assert told(ended, answer) is ended


@pytest.mark.parametrize("state", [State.SENDING, State.PENDING, State.IN_DOUBT, State.ABSENT])
def test_an_order_first_seen_with_other_terms_works_and_was_amended_elsewhere(state: State) -> None:
    other = Terms(Quantity.of("5"), Price.of("101"))
    seen = told(attrs.evolve(WORKING, state=state), live(other))
    assert (seen.state, seen.terms, seen.amend) == (State.WORKING, other, None)


def test_an_amend_below_what_is_filled_leaves_what_is_filled() -> None:
    part = told(WORKING, Fact(Input.LIVE, "O-1", filled_quantity=Quantity.of("3")))
    below = Terms(Quantity.of("1"), Price.of("100"))
    small = amending(part, Amend(below, 1, 0))
    answered = told(small, Fact(Input.AMENDED, "O-1", terms=below))
    assert (answered.terms.quantity, answered.remaining) == (Quantity.of("3"), NOTHING)
    ended = told(answered, Fact(Input.CANCELED, "O-1", filled_quantity=Quantity.of("3")))
    assert (ended.state, ended.filled) == (State.CANCELED, Quantity.of("3"))


def test_a_larger_amend_in_flight_allows_for_its_fills_before_its_answer() -> None:
    larger = amending(WORKING, Amend(Terms(Quantity.of("8"), Price.of("100")), 1, 0))
    filled = told(larger, Fact(Input.LIVE, "O-1", filled_quantity=Quantity.of("6")))
    assert filled.filled == Quantity.of("6")
    refused = told(larger, Fact(Input.AMEND_REFUSED, "O-1"))
    with pytest.raises(UnexpectedFact, match="filled 6 of 4"):
        told(refused, Fact(Input.LIVE, "O-1", filled_quantity=Quantity.of("6")))


def test_an_amend_that_changes_nothing_or_comes_while_canceling_is_refused() -> None:
    with pytest.raises(IllegalCommand, match="which it is already"):
        amending(WORKING, Amend(WORKING.terms, 1, 0))
    for state in State:
        if state is not State.WORKING:
            with pytest.raises(IllegalCommand):
                other = Terms(Quantity.of("1"), None)
                amending(attrs.evolve(WORKING, state=state), Amend(other, 1, 0))
