"""Stops that rest: judged by their trigger, up only, and never beside a sale of the same coins."""

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.amend import Terms
from zoe.domain.order import CancelProgress, Intent, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Room
from zoe.domain.repeg import Add, Amend, Cancel, Now, Policy, Step, Target, Wait, Working, decide
from zoe.domain.resting_stop import is_guard, trigger_at
from zoe.domain.strategy.desire import COINS_GUARDED, Other, Sale, held_back, step

S = 1_000_000_000
SOURCE = "strategy/t"
STOP = Target(
    *("X/USD exit.stop", SOURCE, "X/USD", Side.SELL, Price.of("99.5"), Quantity.of("2")),
    valid_until_ns=1_000 * S,
    post_only=False,
    trigger=Price.of("100"),
)
RESTING = Working(
    *("i-1", Side.SELL, Terms(Quantity.of("2"), Price.of("99.5")), Quantity.of("2")),
    *(State.WORKING, CancelProgress.NONE, 0),
    trigger=Price.of("100"),
    guards=True,
)
SALE = Target(
    *("X/USD exit.leave", SOURCE, "X/USD", Side.SELL, Price.of("101"), Quantity.of("2")),
    valid_until_ns=1_000 * S,
    post_only=False,
)
INTENT = Intent(
    *("i-1", SOURCE, "X/USD exit.stop", "X/USD", Side.SELL, OrderType.STOP_LOSS_LIMIT),
    *(Quantity.of("2"), Price.of("99.5")),
    trigger_price=Price.of("100"),
)


def next_step(target: Target | None, order: Working, seconds: int = 1, room: int = 0) -> Step:
    now = Now(seconds * S, 0, Room(room, 40_000, 1_000, 0))
    return decide(target, (order,), now, Policy())


def test_a_limit_takes_its_trigger_along() -> None:
    assert is_guard(INTENT)
    assert trigger_at(INTENT, Terms(Quantity.of("2"), Price.of("104.5"))) == Price.of("105")
    persons = attrs.evolve(INTENT, slot=None)
    assert not is_guard(persons)
    assert trigger_at(persons, Terms(Quantity.of("2"), Price.of("104.5"))) == Price.of("100")


def test_a_stop_outlives_whoever_wanted_it_and_goes_when_it_is_said_to_go() -> None:
    assert next_step(None, RESTING) == Wait("STOP_RESTS")
    assert next_step(STOP, RESTING, seconds=2_000) == Wait("STOP_RESTS")
    assert next_step(STOP, attrs.evolve(RESTING, since_ns=-90_000 * S)) == Wait("IN_PLACE")
    assert isinstance(next_step(None, attrs.evolve(RESTING, guards=False)), Cancel)


@pytest.mark.parametrize(
    ("trigger", "quantity", "terms"),
    [
        ("100", "2", None),
        ("100.02", "2", None),  # as far as the band reaches
        ("100.03", "2", ("2", "99.53")),
        ("101", "3", ("3", "100.5")),
        ("99", "2", None),  # never down
        ("99", "3", ("3", "99.5")),
        ("99", "1.99", ("1.99", "99.5")),
    ],
)
def test_a_stop_moves_up_or_not_at_all_and_holds_what_it_guards(
    trigger: str, quantity: str, terms: tuple[str, str] | None
) -> None:
    wanted = attrs.evolve(STOP, trigger=Price.of(trigger), quantity=Quantity.of(quantity))
    found = next_step(wanted, RESTING)
    if terms is None:
        assert found == Wait("IN_PLACE")
    else:
        assert isinstance(found, Amend)
        assert found.terms == Terms(Quantity.of(terms[0]), Price.of(terms[1]))


def test_a_stop_that_has_begun_to_sell_grows_no_more() -> None:
    begun = attrs.evolve(RESTING, remaining=Quantity.of("1.5"))
    assert next_step(STOP, begun) == Wait("IN_PLACE")
    smaller = next_step(attrs.evolve(STOP, quantity=Quantity.of("1")), begun)
    assert isinstance(smaller, Amend) and smaller.terms.quantity == Quantity.of("1.5")


def test_refused_amends_cancel_no_stop_and_only_a_full_counter_keeps_it_waiting() -> None:
    raised = attrs.evolve(STOP, trigger=Price.of("101"))
    refused = attrs.evolve(RESTING, refusals=9)
    assert isinstance(next_step(raised, refused), Amend)
    assert isinstance(next_step(raised, RESTING, room=35_000), Amend)
    full = next_step(raised, RESTING, room=39_500)
    assert isinstance(full, Wait) and full.reason == "BUDGET"
    assert next_step(raised, attrs.evolve(RESTING, amending=True)) == Wait("AMENDING")


def test_a_slot_that_shall_hold_another_kind_of_order_is_emptied_first() -> None:
    limit = attrs.evolve(RESTING, trigger=None, guards=False)
    assert isinstance(next_step(STOP, limit), Cancel)
    assert isinstance(next_step(attrs.evolve(STOP, trigger=None), RESTING), Cancel)


def test_a_stop_under_our_own_bid_meets_nothing() -> None:
    bid = Other(SOURCE, "X/USD entry", "X/USD", Side.BUY, Price.of("103"))
    context = (Now(S, 0), Policy())
    assert step((SOURCE, STOP.slot), STOP, (), (bid,), context) == Add(STOP)


@pytest.mark.parametrize(
    ("stop", "target", "goes"),
    [
        ({}, None, False),  # it shall go, and is there still
        ({}, attrs.evolve(STOP, quantity=Quantity.of("1")), False),  # shall be smaller
        ({"amending": True}, STOP, False),
        ({"cancel": CancelProgress.REQUESTED}, STOP, False),
        ({"state": State.IN_DOUBT}, STOP, False),
        ({}, STOP, True),
    ],
)
def test_a_sale_waits_until_the_stop_is_as_it_shall_be(
    stop: dict[str, Any], target: Target | None, goes: bool
) -> None:
    beside = Sale(attrs.evolve(RESTING, **stop), target)
    assert held_back(Add(SALE), None, (beside,)) == (Add(SALE) if goes else Wait(COINS_GUARDED))


def test_a_stop_grows_only_when_no_sale_is_left() -> None:
    sale = Sale(attrs.evolve(RESTING, guards=False, trigger=None), SALE)
    larger = Amend("i-1", Terms(Quantity.of("3"), Price.of("99.5")), "")
    raised = Amend("i-1", Terms(Quantity.of("2"), Price.of("100.5")), "")
    assert held_back(Add(STOP), None, (sale,)) == Wait(COINS_GUARDED)
    assert held_back(larger, RESTING, (sale,)) == Wait(COINS_GUARDED)
    assert held_back(raised, RESTING, (sale,)) == raised
    assert held_back(larger, RESTING, ()) == larger


@given(st.lists(st.tuples(st.integers(50, 150), st.integers(1, 9)), max_size=12))
def test_whatever_is_wanted_a_resting_stop_never_moves_down(wishes: list[tuple[int, int]]) -> None:
    order = RESTING
    for at, quantity in wishes:
        wanted = attrs.evolve(STOP, trigger=Price.of(str(at)), quantity=Quantity.of(str(quantity)))
        found = next_step(wanted, order)
        if isinstance(found, Amend):
            trigger = trigger_at(INTENT, found.terms)
            assert trigger is not None and order.trigger is not None
            assert trigger >= order.trigger
            order = attrs.evolve(
                order, terms=found.terms, remaining=found.terms.quantity, trigger=trigger
            )
        assert order.remaining == wanted.quantity
