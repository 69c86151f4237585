"""Risk: each reason to deny, at the value where it begins."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.order import Intent, OrderType, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import (
    Code,
    Exposures,
    Limits,
    Reference,
    Reservation,
    TradingState,
    Verdict,
    assess,
    deny,
    notional_of,
)

LIMITS = Limits(
    max_order_notional=Decimal(1_000),
    max_pair_notional=Decimal(2_000),
    max_open_orders=3,
    max_orders_per_minute=10,
    price_collar_bps=200,
    max_quote_age_ms=5_000,
)
QUOTE = Reference(Price.of("99"), Price.of("100"), 0)
BUY = Intent(
    "i-1", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT, Quantity.of("10"),
    Price.of("100"),
)  # fmt: skip
MARKET = attrs.evolve(BUY, order_type=OrderType.MARKET, limit_price=None)


def judge(
    intent: Intent = BUY,
    *,
    state: TradingState = TradingState.ACTIVE,
    quote: Reference | None = QUOTE,
    held: tuple[Reservation, ...] = (),
    recent: int = 0,
) -> Verdict:
    exposures = Exposures()
    for reservation in held:
        exposures.reserve(reservation)
    return assess(LIMITS, state, intent, quote, exposures, recent_orders=recent)


def resting(number: int, notional: int = 100, pair: str = "BTC/USD") -> Reservation:
    return Reservation(f"r-{number}", pair, Side.BUY, Decimal(notional))


def limit(price: str, side: Side = Side.BUY, quantity: str = "1") -> Intent:
    return attrs.evolve(BUY, side=side, limit_price=Price.of(price), quantity=Quantity.of(quantity))


def test_an_order_inside_every_limit_is_approved_with_its_notional() -> None:
    assert judge() == Verdict(Code.APPROVED, (("notional", "1000"),))
    assert judge().approved


def test_nothing_is_approved_while_halted() -> None:
    assert judge(state=TradingState.HALTED).code is Code.TRADING_HALTED


def test_while_reducing_only_sales_are_approved() -> None:
    assert judge(state=TradingState.REDUCING).code is Code.REDUCING_ONLY
    assert judge(limit("99", Side.SELL), state=TradingState.REDUCING).approved


def test_an_intent_is_approved_once() -> None:
    held = Reservation("i-1", "BTC/USD", Side.BUY, Decimal(1))
    assert judge(held=(held,)) == deny(Code.DUPLICATE_INTENT, intent_id="i-1")


def test_without_a_quote_there_is_no_judgement() -> None:
    assert judge(quote=None).code is Code.NO_QUOTE
    assert judge(quote=Reference(Price.of("99"), None, 0)).code is Code.NO_QUOTE
    assert judge(limit("99", Side.SELL), quote=Reference(Price.of("99"), None, 0)).approved


@pytest.mark.parametrize(("age_ms", "code"), [(5_000, Code.APPROVED), (5_001, Code.STALE_QUOTE)])
def test_a_quote_is_fresh_up_to_its_age(age_ms: int, code: Code) -> None:
    # A nanosecond over is over.
    assert judge(quote=attrs.evolve(QUOTE, age_ns=age_ms * 1_000_000)).code is code
    assert judge(quote=attrs.evolve(QUOTE, age_ns=5_000_000_001)).code is Code.STALE_QUOTE


@pytest.mark.parametrize(
    ("side", "price", "code"),
    [
        (Side.BUY, "102", Code.APPROVED),  # 2 % above the ask
        (Side.BUY, "102.01", Code.PRICE_COLLAR),
        (Side.BUY, "1", Code.APPROVED),  # far from the market is nobody's loss
        (Side.SELL, "97.02", Code.APPROVED),  # 2 % below the bid
        (Side.SELL, "97.01", Code.PRICE_COLLAR),
        (Side.SELL, "999", Code.APPROVED),
    ],
)
def test_a_limit_may_reach_no_further_than_the_collar(side: Side, price: str, code: Code) -> None:
    assert judge(limit(price, side)).code is code


def test_an_order_may_be_worth_no_more_than_its_limit() -> None:
    assert judge(limit("100", quantity="10")).approved
    assert judge(limit("100", quantity="10.01")).code is Code.ORDER_NOTIONAL


def test_a_market_order_counts_at_the_price_that_it_would_meet() -> None:
    assert notional_of(MARKET, QUOTE) == 1_000
    assert notional_of(attrs.evolve(MARKET, side=Side.SELL), QUOTE) == 990
    assert notional_of(MARKET, None) == 0
    assert judge(MARKET).approved
    dearer = attrs.evolve(QUOTE, ask=Price.of("100.01"))
    assert judge(MARKET, quote=dearer).code is Code.ORDER_NOTIONAL


def test_a_pairs_open_orders_count_together_and_other_pairs_do_not() -> None:
    assert judge(held=(resting(1, 1_000),)).approved
    assert judge(held=(resting(1, 1_001),)).code is Code.PAIR_NOTIONAL
    assert judge(held=(resting(1, 5_000, "ETH/USD"),)).approved


def test_a_pair_has_no_more_open_orders_than_allowed() -> None:
    assert judge(held=tuple(resting(n) for n in range(2))).approved
    assert judge(held=tuple(resting(n) for n in range(3))).code is Code.OPEN_ORDERS


@pytest.mark.parametrize(("recent", "code"), [(9, Code.APPROVED), (10, Code.ORDER_RATE)])
def test_orders_a_minute_are_limited(recent: int, code: Code) -> None:
    assert judge(recent=recent).code is code


def test_the_first_limit_that_breaks_is_named_with_its_values() -> None:
    verdict = judge(limit("100", quantity="50"), recent=99)
    assert verdict == deny(Code.ORDER_NOTIONAL, value=Decimal(5_000), limit=Decimal(1_000))
    assert not verdict.approved


def test_reservations_are_held_and_let_go_by_intent() -> None:
    exposures = Exposures()
    exposures.reserve(resting(1, 300))
    exposures.reserve(resting(2, 200))
    exposures.reserve(resting(2, 250))
    assert exposures.pair_notional("BTC/USD") == 550
    assert exposures.open_orders("BTC/USD") == 2
    exposures.release("r-1")
    exposures.release("r-1")
    assert exposures.pair_notional("BTC/USD") == 250
    assert "r-1" not in exposures
    assert exposures.pair_notional("ETH/USD") == 0
