"""Whoever is not told of a change of an order would have learned nothing from it."""

from decimal import Decimal

import attrs
import pytest

from zoe.actors.risk_view import resting
from zoe.domain.amend import Amend, Progress, Terms
from zoe.domain.order import (
    CONCLUDED,
    NEXT,
    Fact,
    Fill,
    Input,
    Intent,
    Order,
    OrderType,
    Side,
    State,
)
from zoe.domain.order_inputs import apply
from zoe.domain.order_interest import alters_lists, alters_risk, begins_age
from zoe.domain.quantity import Price, Quantity

INTENT = Intent(
    *("I", "strategy/s", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("2"), Price.of("100")),
)
LARGER = Terms(Quantity.of("3"), Price.of("101"))
FILL = Fill(
    *("T1", 1, "O1", "BTC/USD", Side.BUY, Quantity.of("1"), Price.of("100")),
    *(Decimal(100), Decimal(0), "USD", "m", 1),
)
COMMANDS = (Input.SEND, Input.DENY, Input.WITHDRAW, Input.AMEND)
ROWS = [row for row in NEXT if row[1] not in COMMANDS]


def change(state: State, happened: Input) -> tuple[Order, Order, Fact]:
    """An order, what becomes of it by a fact, and the fact."""
    before = Order(INTENT, state, order_id="O1")
    if happened in (Input.AMEND_LOST, Input.AMEND_REFUSED, Input.AMEND_ABSENT):
        progress = Progress.IN_DOUBT if happened is Input.AMEND_ABSENT else Progress.IN_FLIGHT
        before = attrs.evolve(before, amend=Amend(LARGER, 1, 1, progress))
    fact = Fact(
        happened,
        "O1",
        fill=FILL if happened is Input.FILL else None,
        terms=LARGER if happened is Input.AMENDED else None,
        filled_quantity=Quantity.of("2") if happened is Input.COMPLETED else None,
    )
    return before, apply(before, fact), fact


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0].value}+{row[1].value}")
def test_who_is_not_told_has_nothing_to_learn(row: tuple[State, Input]) -> None:
    before, after, fact = change(*row)
    if not alters_risk(before, after, fact):
        assert resting(before) == resting(after)
        assert {before.state, after.state}.isdisjoint(CONCLUDED)
    if not alters_lists(before, after, fact):
        assert {before.state, after.state} <= {State.SENDING, State.PENDING}
        assert before.amend is None and after.amend is None and after.fills == before.fills


def test_what_comes_without_a_fact_is_for_all() -> None:
    order = Order(INTENT, State.SENDING)
    for alters in (alters_risk, alters_lists):
        assert alters(order, order, None) and alters(None, order, Fact(Input.LIVE, "O1"))


def test_an_order_that_lives_is_no_news_to_risk_which_held_it_before() -> None:
    before, after, fact = change(State.PENDING, Input.LIVE)
    assert alters_lists(before, after, fact)
    assert not alters_risk(before, after, fact)


def test_the_age_of_an_order_begins_with_the_answer_or_with_what_is_seen_in_its_place() -> None:
    for state, happened, begins in (
        (State.SENDING, Input.ACKNOWLEDGED, False),
        (State.IN_DOUBT, Input.ACKNOWLEDGED, True),
        (State.PENDING, Input.LIVE, False),
        (State.SENDING, Input.LIVE, True),
        (State.WORKING, Input.AMENDED, True),
        (State.WORKING, Input.FILL, False),
    ):
        before, _, fact = change(state, happened)
        assert begins_age(before, fact) is begins
