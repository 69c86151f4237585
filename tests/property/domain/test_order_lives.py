"""Orders under any sequence of facts: quantities, terminal states, and rows that fold back."""

import contextlib
import json
from decimal import Decimal

import attrs
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain import order_record
from zoe.domain.amend import Amend, Terms
from zoe.domain.errors import IllegalCommand, UnexpectedFact
from zoe.domain.order import (
    COMMANDS,
    CONCLUDED,
    EXTERNAL,
    LIMITED,
    TERMINAL,
    TRIGGERED,
    CancelProgress,
    Fact,
    Fill,
    Input,
    Intent,
    Order,
    OrderType,
    Route,
    Side,
    State,
    TimeInForce,
)
from zoe.domain.order_end import end_of
from zoe.domain.order_inputs import amending, apply, command
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting

TEXT = st.text(max_size=12)
AMOUNTS = st.integers(1, 10**20).map(lambda n: Decimal(n).scaleb(-8))
QUANTITIES = AMOUNTS.map(Quantity)
PRICES = AMOUNTS.map(Price)
ORDER_ID = "OABCDE-FGHIJ-KLMNOP"


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    order_type = draw(st.sampled_from(OrderType))
    limited = order_type is OrderType.LIMIT
    trigger = draw(PRICES) if order_type in TRIGGERED and draw(st.booleans()) else None
    optional = limited or (order_type is not OrderType.MARKET and draw(st.booleans()))
    if trigger is not None:
        optional = order_type in LIMITED
    time_in_force = draw(st.sampled_from(TimeInForce))
    is_gtd = time_in_force is TimeInForce.GTD
    return Intent(
        intent_id=draw(st.uuids().map(str)),
        source=draw(st.sampled_from(("person", "strategy/keeper", EXTERNAL))),
        slot=draw(st.none() | TEXT),
        pair=draw(st.sampled_from(("BTC/USD", "DOGE/EUR"))),
        side=draw(st.sampled_from(Side)),
        order_type=order_type,
        quantity=draw(QUANTITIES),
        limit_price=draw(PRICES) if optional else None,
        time_in_force=time_in_force,
        post_only=limited and draw(st.booleans()),
        decision=draw(st.none() | TEXT),
        trigger_price=trigger,
        reduce_only=draw(st.booleans()),
        expires_ns=draw(st.integers(0, 2**62)) if is_gtd and draw(st.booleans()) else None,
    )


@st.composite
def fills(draw: st.DrawFn, intent: Intent) -> Fill:
    """A part of the order: the same exec id now and then, and never too much of them all."""
    number = draw(st.integers(1, 5))
    return Fill(
        exec_id=f"T{number}",
        trade_id=draw(st.none() | st.integers(0)),
        order_id=ORDER_ID,
        pair=intent.pair,
        side=intent.side,
        quantity=Quantity(intent.quantity.value / 5),
        price=draw(PRICES),
        cost=draw(AMOUNTS),
        fee=draw(st.decimals(-5, 5, places=8)),
        fee_asset=draw(st.sampled_from(("USD", "BTC", ""))),
        liquidity=draw(st.sampled_from(("m", "t", ""))),
        exchange_ns=draw(st.integers(0, 2**62)),
    )


@st.composite
def facts(draw: st.DrawFn, intent: Intent) -> Fact:
    happened = draw(st.sampled_from(sorted(set(Input) - COMMANDS, key=lambda i: i.value)))
    share = draw(st.none() | st.integers(0, 5))
    return Fact(
        happened,
        order_id=ORDER_ID if happened is Input.FILL else draw(st.none() | st.just(ORDER_ID)),
        fill=draw(fills(intent)) if happened is Input.FILL else None,
        filled_quantity=None if share is None else Quantity(intent.quantity.value * share / 5),
        reason=draw(st.none() | TEXT),
        exchange_ns=draw(st.none() | st.integers(0, 2**62)),
        terms=draw(terms(intent)) if happened is Input.AMENDED else None,
    )


@st.composite
def terms(draw: st.DrawFn, intent: Intent) -> Terms:
    """Few that differ, so that they meet again."""
    quantity = Quantity(intent.quantity.value * draw(st.integers(1, 7)) / 5)
    price = intent.limit_price
    if price is not None and draw(st.booleans()):
        price = Price(price.value * 2)
    return Terms(quantity, price)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Order, list[Fact]]:
    """An order as its first row describes it, and what may happen to it."""
    intent = draw(intents())
    state = draw(st.sampled_from((State.SENDING, State.PENDING, State.DENIED, State.CANCELED)))
    adopted = state is State.PENDING
    opened = Order(
        intent,
        state,
        cl_ord_id=draw(st.none() | st.uuids().map(str)),
        route=None if adopted else draw(st.none() | st.sampled_from(Route)),
        not_after_ns=draw(st.none() | st.integers(0, 2**62)),
        order_id=ORDER_ID if adopted else None,
        reason=draw(st.none() | TEXT),
    )
    return opened, draw(st.lists(facts(intent), max_size=12))


def applied(order: Order, fact: Fact) -> Order:
    """The order after the fact, or as it was where the fact contradicts it."""
    try:
        return apply(order, fact)
    except UnexpectedFact:
        return order


@given(lives())
def test_any_sequence_of_facts_keeps_what_is_promised(life: tuple[Order, list[Fact]]) -> None:
    order, happened = life
    seen: dict[str, Quantity] = {}
    reported = [Decimal(0)]
    for fact in happened:
        before, as_it_was = order, attrs.evolve(order)
        order = applied(order, fact)
        assert before == as_it_was
        if order is before:
            continue
        if fact.fill is not None:
            seen.setdefault(fact.fill.exec_id, fact.fill.quantity)
        if fact.filled_quantity is not None:
            reported.append(fact.filled_quantity.value)
        total = sum((quantity.value for quantity in seen.values()), Decimal(0))
        assert order.filled.value == max(total, *reported)
        assert order.filled >= before.filled
        assert {f.exec_id: f.quantity for f in order.fills} == seen
        assert len(order.fills) == len(seen)
        assert order.fills_missing is (total < max(reported))
        assert before.state not in TERMINAL or order.state is before.state
        assert order.state not in TERMINAL or order.cancel is CancelProgress.NONE


@given(lives())
def test_a_fact_told_twice_changes_nothing_the_second_time(
    life: tuple[Order, list[Fact]],
) -> None:
    order, happened = life
    for fact in happened:
        order = applied(order, fact)
        # Seen and refused is a doubt, and one more refusal settles it.
        if (order.state, fact.input) != (State.IN_DOUBT, Input.REFUSED):
            assert applied(order, fact) is order


ENDINGS = (Input.CANCELED, Input.EXPIRED, Input.COMPLETED)


def whole_life(intent: Intent, parts: int, ending: Input) -> list[Fact]:
    """What the exchange tells of an order that ends, with as many fills."""
    share = Quantity(intent.quantity.value / 5)
    done = Quantity(share.value * parts)
    told = [Fact(Input.ACKNOWLEDGED, ORDER_ID), Fact(Input.LIVE, ORDER_ID)]
    for number in range(parts):
        fill = Fill(
            f"T{number}", number, ORDER_ID, intent.pair, intent.side, share,
            Price(Decimal(1)), share.value, Decimal(0), "USD", "m", number,
        )  # fmt: skip
        told.append(Fact(Input.FILL, ORDER_ID, fill=fill))
    return [*told, Fact(ending, ORDER_ID, filled_quantity=done, reason="the end")]


@given(
    intents(),
    st.integers(0, 4),
    st.sampled_from(ENDINGS),
    st.lists(st.sampled_from((Input.LOST, Input.RESTARTED)), max_size=3),
    st.data(),
)
def test_order_of_arrival_and_repetition_do_not_change_how_an_order_ends(
    intent: Intent, parts: int, ending: Input, lost: list[Input], data: st.DataObject
) -> None:
    told = whole_life(intent, parts, ending)
    order = Order(intent, State.SENDING, cl_ord_id="c-1")
    straight = order
    for fact in told:
        straight = apply(straight, fact)
    extra = data.draw(st.lists(st.sampled_from(told), max_size=5))
    mixed = data.draw(st.permutations([*told, *extra, *(Fact(why) for why in lost)]))
    for fact in mixed:
        order = apply(order, fact)
    assert straight.state in TERMINAL
    assert (order.state, order.order_id, order.filled, order.reason, order.fills_missing) == (
        straight.state,
        ORDER_ID,
        straight.filled,
        "the end",
        False,
    )
    assert set(order.fills) == set(straight.fills)


@given(lives(), st.data())
def test_the_rows_of_an_order_fold_back_to_it(
    life: tuple[Order, list[Fact]], data: st.DataObject
) -> None:
    order, happened = life
    rows = [order_record.opening_row(order, "APPROVED")]
    for fact in happened:
        if order.state not in CONCLUDED and data.draw(st.booleans()):
            order = attrs.evolve(order, cancel=CancelProgress.REQUESTED)
            rows.append(order_record.cancel_row(order, "wanted"))
        wish = Amend(data.draw(terms(order.intent)), len(rows), data.draw(st.integers(0, 2**62)))
        with contextlib.suppress(IllegalCommand):
            changed = amending(order, wish)
            rows.append(order_record.amend_row(order, changed, {"reason": "nearer"}))
            order = changed
        after = applied(order, fact)
        if after is not order:
            order = after
            rows.append(order_record.fact_row(order, fact))
    bodies = [(kind, json.loads(body)) for kind, body in rows]
    assert order_record.fold(bodies) == order
    assert [body["state"] for _, body in bodies][-1] == order.state.value
    assert all(order_record.canonical(json.loads(body)) == body for _, body in rows)


@st.composite
def ended(draw: st.DrawFn) -> tuple[Order, list[Fact]]:
    """An order that comes to its end, with what else may happen to it then."""
    intent = draw(intents())
    told = whole_life(intent, draw(st.integers(0, 3)), draw(st.sampled_from(ENDINGS)))
    late = draw(st.lists(facts(intent), max_size=3))
    return Order(intent, State.SENDING, cl_ord_id="c-1"), [*told, *late]


@given(lives() | ended(), st.data())
def test_an_end_is_what_its_rows_say_and_is_repeated_by_what_leaves_the_order_as_it_is(
    life: tuple[Order, list[Fact]], data: st.DataObject
) -> None:
    order, happened = life
    rows = [order_record.opening_row(order, "APPROVED")]
    for fact in happened:
        after = applied(order, fact)
        if after is not order:
            order = after
            rows.append(order_record.fact_row(order, fact))
    end = end_of(order)
    read = order_record.end_in([(kind, json.loads(body)) for kind, body in rows])
    # Of one that its first row ended nothing but that row tells: it is folded.
    assert read == (end if len(rows) > 1 else None)
    if end is None:
        assert order.order_id is None or not order.settled
        return
    told = data.draw(st.sampled_from(happened) | facts(order.intent))
    other = Fact(Input.LIVE, "O-another")
    assert not end.covers(Sighting(ORDER_ID, None, (told, other)))
    try:
        is_left = apply(order, told) is order
    except UnexpectedFact:
        is_left = False
    assert end.covers(Sighting(ORDER_ID, None, (told,))) is is_left


@given(lives())
def test_a_command_on_an_order_that_left_waiting_is_refused(
    life: tuple[Order, list[Fact]],
) -> None:
    order, happened = life
    for fact in happened:
        order = applied(order, fact)
    for wanted in COMMANDS:
        try:
            command(order, wanted)
        except IllegalCommand:
            continue
        if wanted is Input.AMEND and order.state is State.WORKING:
            continue
        raise AssertionError(f"{wanted} was not refused while {order.state}")
