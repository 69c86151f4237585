"""Repricing: what one slot does next."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.order import CancelProgress, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.repeg import Add, Cancel, Target, Wait, Working, decide

TARGET = Target(
    "bid.0", "strategy/keeper", "BTC/USD", Side.BUY, Price.of("100"), Quantity.of("1"), 1_000
)
RESTING = Working(
    "i-1", "bid.0", Side.BUY, Price.of("100"), Quantity.of("1"), State.WORKING,
    CancelProgress.NONE, 10,
)  # fmt: skip


def step(target: Target | None, *working: Working, now_ns: int = 0) -> Add | Cancel | Wait:
    return decide(target, working, now_ns, band=Decimal("0.01"), quantity_band=Decimal("0.1"))


def test_an_empty_slot_gets_what_is_wanted() -> None:
    assert step(TARGET) == Add(TARGET)
    assert step(None) == Wait("NOTHING_WANTED")


def test_a_wish_that_ran_out_is_no_wish() -> None:
    assert step(TARGET, now_ns=999) == Add(TARGET)
    assert step(TARGET, now_ns=1_000) == Wait("NOTHING_WANTED")
    assert step(TARGET, RESTING, now_ns=1_000) == Cancel("i-1", "no longer wanted")


@pytest.mark.parametrize("state", [State.WAITING, State.SENDING, State.PENDING, State.IN_DOUBT])
def test_a_slot_with_an_order_under_way_or_in_doubt_waits(state: State) -> None:
    assert step(TARGET, attrs.evolve(RESTING, state=state)) == Wait("UNSETTLED")
    assert step(None, attrs.evolve(RESTING, state=state)) == Wait("UNSETTLED")


@pytest.mark.parametrize("cancel", [CancelProgress.REQUESTED, CancelProgress.IN_FLIGHT])
def test_a_slot_that_is_being_canceled_waits_for_the_end(cancel: CancelProgress) -> None:
    assert step(TARGET, attrs.evolve(RESTING, cancel=cancel)) == Wait("CANCELING")


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        ({}, True),
        ({"price": Price.of("101")}, True),  # as far as the band reaches
        ({"price": Price.of("99")}, True),
        ({"price": Price.of("101.01")}, False),
        ({"price": Price.of("98.99")}, False),
        ({"price": None}, False),
        ({"remaining": Quantity.of("1.1")}, True),
        ({"remaining": Quantity.of("1.11")}, False),
        ({"remaining": Quantity.of("0.01")}, True),  # partly filled: the rest stays
        ({"side": Side.SELL}, False),
    ],
)
def test_an_order_near_its_target_is_left_alone(changes: dict[str, object], stays: bool) -> None:
    working = attrs.evolve(RESTING, **changes)  # type: ignore[arg-type]  # by test
    expected = Wait("IN_PLACE") if stays else Cancel("i-1", "wanted 1 @ 100")
    assert step(TARGET, working) == expected


def test_of_two_orders_in_a_slot_the_younger_goes() -> None:
    younger = attrs.evolve(RESTING, intent_id="i-2", since_ns=11)
    for both in ((RESTING, younger), (younger, RESTING)):
        assert step(TARGET, *both) == Cancel("i-2", "second order in the slot")
