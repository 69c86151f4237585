"""Flatten: what closes a position, in what portions, and what is left and why."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.catalog import Instrument
from zoe.domain.exposure import Reference
from zoe.domain.flatten import Left, Step, Wanted, plan
from zoe.domain.order import Side
from zoe.domain.quantity import Price
from zoe.domain.risk import Limits

PAIR = Instrument(
    *("BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1")),
    *(8, Decimal("0.0001"), Decimal("0.001"), 5, Decimal(5)),
)
QUOTE = Reference(Price.of("9999.9"), Price.of("10000"), 0)
LIMITS = Limits(max_order_notional=Decimal(5_000), price_collar_bps=200)


def close(quantity: str, funds: str = "1000000", **known: object) -> tuple[list[Step], list[Left]]:
    wanted = Wanted("BTC/USD", PAIR, Decimal(quantity), QUOTE, Decimal(funds))
    found = plan((attrs.evolve(wanted, **known),), LIMITS)  # type: ignore[arg-type]  # by name
    return list(found.steps), list(found.left)


def test_a_position_is_sold_within_the_collar() -> None:
    # Nine tenths of the way to 9799.902, rounded to the dearer side.
    sale = Step("BTC/USD", Side.SELL, Decimal("0.25"), Price.of("9820.0"))
    assert close("0.25") == ([sale], [])


def test_what_was_sold_too_much_is_bought_back_within_the_collar() -> None:
    bought = Step("BTC/USD", Side.BUY, Decimal("0.25"), Price.of("10180"))
    assert close("-0.25") == ([bought], [])


def test_a_large_position_goes_in_portions_that_risk_lets_through() -> None:
    steps, left = close("2")
    # 4,500 of 5,000: the market moves before the order is judged.
    assert [(step.quantity, step.times) for step in steps] == [
        (Decimal("0.45"), 4),
        (Decimal("0.2"), 1),
    ]
    assert left == []


def test_no_more_is_sold_than_the_account_holds() -> None:
    steps, left = close("0.25", funds="0.1")
    assert [step.quantity for step in steps] == [Decimal("0.1")]
    assert left == [Left("BTC/USD", Decimal("0.15"), "the account holds less")]


def test_no_more_is_bought_back_than_can_be_paid() -> None:
    steps, left = close("-0.25", funds="1018")
    assert [step.quantity for step in steps] == [Decimal("0.1")]
    assert left == [Left("BTC/USD", Decimal("-0.15"), "the account holds less")]


def test_what_is_less_than_an_order_may_be_is_left_and_said() -> None:
    steps, (left,) = close("0.00005")
    assert steps == []
    assert left.small
    assert left.quantity == Decimal("0.00005")


def test_the_dust_beside_an_order_is_left_and_said() -> None:
    steps, (left,) = close("0.25005")
    assert [step.quantity for step in steps] == [Decimal("0.25")]
    assert (left.small, left.quantity == Decimal("0.00005")) == (True, True)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"instrument": None}, "no pair with USD"),
        ({"instrument": attrs.evolve(PAIR, status="cancel_only")}, "BTC/USD is cancel_only"),
        ({"reference": None}, "no live quote"),
        ({"reference": attrs.evolve(QUOTE, bid=None)}, "no live quote"),
        ({"reference": attrs.evolve(QUOTE, age_ns=6_000_000_000)}, "6000 ms old"),
    ],
)
def test_without_a_fresh_price_a_position_stays_and_the_reason_is_said(
    known: dict[str, object], said: str
) -> None:
    steps, (left,) = close("1", **known)  # type: ignore[arg-type]  # by name
    assert steps == []
    assert said in left.reason
    assert not left.small
