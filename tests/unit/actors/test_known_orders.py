"""Orders that rest when a process starts: the limiter is told of them, and how old they are."""

import json
from functools import partial

from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import EXTERNAL, Fact, Input, Intent, Order, OrderType, Route, Side, State
from zoe.domain.order_inputs import amending, apply
from zoe.domain.order_record import amend_row, fact_row, opening_row, stream_of
from zoe.domain.quantity import Price, Quantity
from zoe.messages.journal import StoredRow
from zoe.messages.limits import OrderAged
from zoe.runtime.virtual import EPOCH_NS

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner")
SECOND_NS = 1_000_000_000
#: Since the last row; they are ten seconds apart.
PASSED = 100
LIVE = Fact(Input.LIVE, "O1")
DONE = Fact(Input.CANCELED, "O1")

Written = tuple[str, str]


def sending(source: str = "strategy/q") -> Order:
    intent = Intent(
        *("i-1", source, "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("0.002"), Price.of("49990.0")),
    )
    return Order(intent, State.SENDING, cl_ord_id="c", route=Route.WEBSOCKET, not_after_ns=1)


def of(order: Order, *facts: Fact) -> tuple[Order, list[Written]]:
    rows = [opening_row(order, "{}")]
    for fact in facts:
        order = apply(order, fact)
        rows.append(fact_row(order, fact))
    return order, rows


def seconds_told(rows: list[Written]) -> list[int]:
    """The ages that the limiter hears of an order whose rows these are."""
    stream, last = stream_of("a", "i-1"), len(rows)
    kept = tuple(
        StoredRow(
            *(n, stream, n, kind, EPOCH_NS - (PASSED + 10 * (last - n)) * SECOND_NS),
            json.loads(body),
        )
        for n, (kind, body) in enumerate(rows, 1)
    )
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", 1)), OTHERS, kept)
    aged = stage.heard("ratelimiter", OrderAged)
    assert all((each.ref, each.pair) == ("i-1", "BTC/USD") for each in aged)
    return [each.age_ns // SECOND_NS for each in aged]


def test_an_order_that_works_is_as_old_as_its_row_that_says_so() -> None:
    _, rows = of(sending(), LIVE)
    assert seconds_told(rows) == [PASSED]


def test_what_follows_does_not_make_it_younger() -> None:
    _, rows = of(sending(), LIVE, Fact(Input.LIVE, "O1", filled_quantity=Quantity.of("0.001")))
    assert seconds_told([*rows[:2], ("order.cancel_requested", rows[1][1])]) == [PASSED + 10]


def test_an_order_that_may_be_on_its_way_counts_as_young() -> None:
    _, rows = of(sending())
    assert seconds_told(rows) == [0]


def test_an_amend_on_its_way_makes_it_young_and_one_that_was_made_begins_its_age_anew() -> None:
    before, rows = of(sending(), LIVE)
    terms = Terms(Quantity.of("0.002"), Price.of("49991.0"))
    after = amending(before, Amend(terms, 3, 1))
    rows.append(amend_row(before, after, {}))
    assert seconds_told(rows) == [0]
    made = Fact(Input.AMENDED, "O1", terms=terms)
    rows.append(fact_row(apply(after, made), made))
    assert seconds_told(rows) == [PASSED]


def test_orders_of_others_and_those_that_have_ended_are_nothing_to_the_limiter() -> None:
    _, rows = of(sending(EXTERNAL), LIVE)
    assert seconds_told(rows) == []
    _, rows = of(sending(), LIVE, DONE)
    assert seconds_told(rows) == []
