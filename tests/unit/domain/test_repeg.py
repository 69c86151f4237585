"""Repricing: what one slot does next, within its pair's budget."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.amend import Terms
from zoe.domain.order import CancelProgress, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Room
from zoe.domain.repeg import (
    Add,
    Amend,
    Cancel,
    Now,
    Policy,
    Step,
    Target,
    Wait,
    Working,
    decide,
)

S = 1_000_000_000
POLICY = Policy(price_band=Decimal("0.01"), quantity_band=Decimal("0.1"))
TARGET = Target(
    *("bid.0", "strategy/keeper", "BTC/USD", Side.BUY, Price.of("100"), Quantity.of("1")),
    valid_until_ns=1_000 * S,
)
RESTING = Working(
    *("i-1", Side.BUY, Terms(Quantity.of("1"), Price.of("100")), Quantity.of("1")),
    *(State.WORKING, CancelProgress.NONE, 0),
)
AWAY = attrs.evolve(RESTING, terms=Terms(Quantity.of("1"), Price.of("98")))
#: On the starter tier, with so many thousandths used of 40 points.
EMPTY, HALF, FULL = (Room(used, 40_000, 1_000, 0) for used in (0, 20_000, 39_500))


def step(
    target: Target | None,
    *working: Working,
    seconds: int = 0,
    room: Room | None = None,
    sharers: int = 1,
) -> Step:
    now = Now(seconds * S, 0, room, sharers)
    return decide(target, working, now, POLICY)


def done(found: Step) -> tuple[str, object]:
    """The kind of a step, and what it does or why."""
    match found:
        case Add():
            return "add", found.target
        case Amend():
            return "amend", found.terms
        case Cancel():
            return "cancel", found.reason.split(";")[0]
        case Wait():
            return "wait", found.reason


def test_an_empty_slot_gets_what_is_wanted() -> None:
    assert step(TARGET) == Add(TARGET)
    assert step(None) == Wait("NOTHING_WANTED")


def test_a_wish_that_ran_out_is_no_wish() -> None:
    assert step(TARGET, seconds=999) == Add(TARGET)
    assert step(TARGET, seconds=1_000) == Wait("NOTHING_WANTED")
    assert step(TARGET, RESTING, seconds=1_000) == Cancel("i-1", "the target has gone stale")
    assert step(None, RESTING) == Cancel("i-1", "no longer wanted")


@pytest.mark.parametrize("state", [State.WAITING, State.SENDING, State.PENDING, State.IN_DOUBT])
def test_a_slot_with_an_order_under_way_or_in_doubt_waits(state: State) -> None:
    assert step(TARGET, attrs.evolve(RESTING, state=state)) == Wait("UNSETTLED")
    assert step(None, attrs.evolve(RESTING, state=state)) == Wait("UNSETTLED")


def test_a_slot_that_is_being_canceled_waits_for_the_end() -> None:
    canceling = attrs.evolve(RESTING, cancel=CancelProgress.REQUESTED)
    assert step(TARGET, canceling) == Wait("CANCELING")


def test_a_slot_whose_amend_is_on_its_way_waits_but_may_be_canceled() -> None:
    amending = attrs.evolve(AWAY, amending=True)
    assert done(step(TARGET, amending)) == ("wait", "AMENDING")
    assert done(step(None, amending)) == ("cancel", "no longer wanted")


@pytest.mark.parametrize(
    ("price", "quantity", "remaining", "terms"),
    [
        ("100", "1", "1", None),
        ("101", "1", "1", None),  # as far as the band reaches
        ("99", "1", "1", None),
        ("101.01", "1", "1", ("1", "100")),
        ("98.99", "1", "1", ("1", "100")),
        ("100", "1.1", "1.1", None),
        ("100", "1.11", "1.11", ("1", "100")),
        ("100", "2", "2", ("1", "100")),
        ("100", "1", "0.01", None),  # partly filled: the rest stays
        ("98", "1", "0.01", ("1", "100")),  # and moves with what is left of it
        ("98", "5", "3", ("3", "100")),  # a rest that is too large becomes what is wanted
    ],
)
def test_an_order_near_its_target_is_left_alone_and_others_are_amended(
    price: str, quantity: str, remaining: str, terms: tuple[str, str] | None
) -> None:
    resting = attrs.evolve(
        RESTING,
        terms=Terms(Quantity.of(quantity), Price.of(price)),
        remaining=Quantity.of(remaining),
    )
    wanted = None if terms is None else Terms(Quantity.of(terms[0]), Price.of(terms[1]))
    expected = ("wait", "IN_PLACE") if wanted is None else ("amend", wanted)
    assert done(step(TARGET, resting)) == expected


def test_what_an_amend_cannot_change_is_placed_anew() -> None:
    for changed in (
        attrs.evolve(RESTING, side=Side.SELL),
        attrs.evolve(RESTING, terms=Terms(Quantity.of("1"), None)),
    ):
        assert isinstance(step(TARGET, changed), Cancel)
    old = step(TARGET, attrs.evolve(RESTING, since_ns=-86_400 * S))
    assert old == Cancel("i-1", "too old: 86400 s")
    refused = attrs.evolve(AWAY, refusals=3)
    assert done(step(TARGET, refused)) == ("cancel", "3 amends refused")


@pytest.mark.parametrize(
    ("room", "age", "sharers", "goes"),
    [
        (None, 0, 1, True),  # whoever grants permits will say when
        (EMPTY, 0, 1, True),
        (HALF, 0, 1, False),
        (HALF, 3, 1, False),  # costs 4, has earned 3
        (HALF, 4, 1, True),  # an amend every 4.0 s is what starter sustains
        (HALF, 4, 2, False),
        (HALF, 5, 2, False),  # costs 3, its half of what has decayed is 2.5
        (HALF, 6, 2, True),
        (FULL, 400, 1, False),
    ],
)
def test_above_half_an_amend_waits_until_its_share_of_the_decay_has_earned_it(
    room: Room | None, age: int, sharers: int, goes: bool
) -> None:
    found = step(TARGET, attrs.evolve(AWAY, since_ns=-age * S), room=room, sharers=sharers)
    assert done(found)[0] == ("amend" if goes else "wait")
    if not goes:
        assert isinstance(found, Wait) and found.reason == "BUDGET"
        assert "of 40 for" in found.figures


def test_an_order_too_far_away_that_cannot_be_amended_yet_is_canceled() -> None:
    far = attrs.evolve(AWAY, terms=Terms(Quantity.of("1"), Price.of("90")))
    assert done(step(TARGET, far, room=EMPTY))[0] == "amend"
    assert done(step(TARGET, far, room=FULL)) == ("cancel", "too far")


def test_each_step_tells_its_figures() -> None:
    found = step(TARGET, attrs.evolve(AWAY, since_ns=-7 * S), room=HALF)
    assert isinstance(found, Amend)
    assert found.reason == (
        "wanted 1 @ 100, has 1 @ 98, 200 bps off; age 7 s, an amend costs 3, "
        "counter 20 of 40 for 1 slots"
    )


def test_of_two_orders_in_a_slot_the_younger_goes() -> None:
    younger = attrs.evolve(RESTING, intent_id="i-2", since_ns=11)
    for both in ((RESTING, younger), (younger, RESTING)):
        assert step(TARGET, *both) == Cancel("i-2", "second order in the slot")


@pytest.mark.parametrize(
    ("used_milli", "seconds", "is_roomy"),
    [(31_000, 0, True), (31_001, 0, False), (33_000, 1, False), (33_000, 2, True)],
)
def test_there_is_room_for_an_add_and_its_cancel_as_soon_as_the_counter_has_decayed(
    used_milli: int, seconds: int, is_roomy: bool
) -> None:
    room = Room(used_milli, 40_000, 1_000, 0)
    assert Now(0, seconds * S, room).is_roomy is is_roomy
    assert not Now(0, seconds * S, room, sharers=5).is_roomy
    assert not Now(0, seconds * S, None).is_roomy
