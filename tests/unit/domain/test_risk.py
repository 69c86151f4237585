"""Risk: each reason to deny, at the value where it begins."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.amend import Terms
from zoe.domain.exposure import Exposures, Reference, Reservation, Resting
from zoe.domain.order import Intent, OrderType, Side
from zoe.domain.positions import Positions, Traded
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import (
    Code,
    Limits,
    Situation,
    TradingState,
    Verdict,
    assess,
    assess_amend,
    deny,
    fresh,
)

LIMITS = Limits(
    max_order_notional=Decimal(1_000),
    max_pair_notional=Decimal(2_000),
    max_position_notional=Decimal(5_000),
    max_open_orders_in_all=5,
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
    by_hand: bool = False,
    held: tuple[Reservation, ...] = (),
    **known: object,
) -> Verdict:
    now = Situation(LIMITS, TradingState.ACTIVE, QUOTE, holding(*held))
    return assess(fresh(intent), attrs.evolve(now, **known), by_hand=by_hand)  # type: ignore[arg-type]  # by name


def holding(*held: Reservation) -> Exposures:
    exposures = Exposures()
    for reservation in held:
        exposures.reserve(reservation)
    return exposures


def held_of(quantity: str | int) -> Positions:
    """What the desk holds of BTC by its fills in BTC/USD."""
    positions = Positions()
    positions.add(Traded("BTC/USD", Side.BUY, Decimal(quantity)))
    return positions


def resting(number: int, notional: int = 100, pair: str = "BTC/USD") -> Reservation:
    return Reservation(f"r-{number}", pair, Side.BUY, Decimal(notional) / 100, Decimal(100))


def worst(intent: Intent, quote: Reference | None = QUOTE) -> Decimal:
    return fresh(intent).worst(quote, LIMITS.reach).notional


def limit(price: str, side: Side = Side.BUY, quantity: str = "1") -> Intent:
    return attrs.evolve(BUY, side=side, limit_price=Price.of(price), quantity=Quantity.of(quantity))


def test_an_order_inside_every_limit_is_approved_with_its_notional() -> None:
    assert judge() == Verdict(Code.APPROVED, (("notional", "1000"),))
    assert judge().approved


def test_nothing_is_approved_while_halted() -> None:
    assert judge(state=TradingState.HALTED).code is Code.TRADING_HALTED


REDUCING = TradingState.REDUCING


@pytest.mark.parametrize(
    ("side", "position", "approved"),
    [
        (Side.SELL, "1", True),
        (Side.SELL, "0.999", False),
        (Side.SELL, "-5", False),
        (Side.BUY, "-1", True),
        (Side.BUY, "-0.999", False),
        (Side.BUY, "5", False),
    ],
)
def test_while_reducing_an_order_may_close_a_position_and_no_more(
    side: Side, position: str, approved: bool
) -> None:
    verdict = judge(limit("99", side), state=REDUCING, positions=held_of(position))
    assert verdict.approved is approved
    assert approved or verdict.code is Code.REDUCING_ONLY


def test_while_reducing_what_is_open_already_counts() -> None:
    held = Reservation("r-1", "BTC/USD", Side.SELL, Decimal(2), Decimal(99))
    sale = limit("99", Side.SELL)
    assert judge(sale, state=REDUCING, positions=held_of(3), held=(held,)).approved
    verdict = judge(sale, state=REDUCING, positions=held_of("2.5"), held=(held,))
    assert verdict.code is Code.REDUCING_ONLY
    assert dict(verdict.values) == {"value": "1", "limit": "0.5", "position": "2.5"}


def test_while_reducing_a_person_may_sell_what_the_desk_did_not_buy() -> None:
    sale, funds = limit("99", Side.SELL), {"BTC": Decimal(1)}
    assert not judge(sale, state=REDUCING, balances=funds).approved
    assert judge(sale, state=REDUCING, balances=funds, by_hand=True).approved
    assert not judge(limit("99"), state=REDUCING, balances=funds, by_hand=True).approved


def test_an_intent_is_approved_once() -> None:
    held = Reservation("i-1", "BTC/USD", Side.BUY, Decimal(1), Decimal(1))
    assert judge(held=(held,)) == deny(Code.DUPLICATE_INTENT, intent_id="i-1")


def test_a_slot_has_one_order_at_a_time() -> None:
    wish = attrs.evolve(limit("99"), source="strategy/q", slot="bid.0")
    held = attrs.evolve(resting(1), slot=("strategy/q", "bid.0"))
    assert judge(wish, held=(held,)).code is Code.SLOT_TAKEN
    assert judge(wish, held=(attrs.evolve(held, slot=("strategy/other", "bid.0")),)).approved


def test_the_same_wish_again_is_refused_where_somebody_says_so() -> None:
    assert judge(repeats="i-0").code is Code.REPEATED_INTENT


def test_without_a_quote_there_is_no_judgement() -> None:
    assert judge(reference=None).code is Code.NO_QUOTE
    assert judge(reference=Reference(Price.of("99"), None, 0)).code is Code.NO_QUOTE
    assert judge(limit("99", Side.SELL), reference=Reference(Price.of("99"), None, 0)).approved


@pytest.mark.parametrize(("age_ms", "code"), [(5_000, Code.APPROVED), (5_001, Code.STALE_QUOTE)])
def test_a_quote_is_fresh_up_to_its_age(age_ms: int, code: Code) -> None:
    # A nanosecond over is over.
    assert judge(reference=attrs.evolve(QUOTE, age_ns=age_ms * 1_000_000)).code is code
    assert judge(reference=attrs.evolve(QUOTE, age_ns=5_000_000_001)).code is Code.STALE_QUOTE


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


def test_a_market_order_counts_at_the_far_edge_of_the_collar() -> None:
    assert worst(MARKET) == 1_020
    assert worst(attrs.evolve(MARKET, side=Side.SELL)) == 990
    assert judge(MARKET).code is Code.ORDER_NOTIONAL
    assert judge(attrs.evolve(MARKET, quantity=Quantity.of("9.8"))).approved


def test_a_trigger_order_without_a_limit_counts_at_the_far_edge_of_the_collar() -> None:
    stop = attrs.evolve(MARKET, order_type=OrderType.STOP_LOSS)
    assert worst(stop) == 1_020


def test_a_sale_counts_at_the_market_where_that_is_dearer_than_its_limit() -> None:
    assert worst(limit("98", Side.SELL, "10")) == 990
    assert worst(limit("105", Side.SELL, "10")) == 1_050


def test_an_order_without_a_price_is_valued_when_a_quote_comes() -> None:
    assert fresh(MARKET).worst(None, LIMITS.reach).price is None


@pytest.mark.parametrize(
    ("side", "position", "approved"),
    [
        (Side.BUY, "46", True),
        (Side.BUY, "46.1", False),
        (Side.BUY, "-200", True),
        (Side.SELL, "-46", True),
        (Side.SELL, "-46.6", False),
    ],
)
def test_a_position_with_every_open_order_filled_stays_below_its_limit(
    side: Side, position: str, approved: bool
) -> None:
    held = Reservation("r-1", "BTC/USD", side, Decimal(3), Decimal(100))
    verdict = judge(limit("100", side), held=(held,), positions=held_of(position))
    assert verdict.approved is approved
    assert approved or verdict.code is Code.POSITION_NOTIONAL


def test_an_assets_position_is_limited_over_all_its_pairs() -> None:
    limits = attrs.evolve(LIMITS, max_asset_position=("ETH 1", "BTC 10"))
    elsewhere = Reservation("r-1", "BTC/EUR", Side.BUY, Decimal(2), Decimal(1))
    assert judge(limit("100"), held=(elsewhere,), limits=limits, positions=held_of(7)).approved
    verdict = judge(limit("100"), held=(elsewhere,), limits=limits, positions=held_of("7.5"))
    assert verdict == deny(Code.ASSET_POSITION, value=Decimal("10.5"), limit=Decimal(10))


def test_a_pairs_open_orders_count_together_and_other_pairs_do_not() -> None:
    assert judge(held=(resting(1, 1_000),)).approved
    assert judge(held=(resting(1, 1_001),)).code is Code.PAIR_NOTIONAL
    assert judge(held=(resting(1, 5_000, "ETH/USD"),)).approved


def test_a_pair_has_no_more_open_orders_than_allowed() -> None:
    assert judge(held=tuple(resting(n) for n in range(2))).approved
    assert judge(held=tuple(resting(n) for n in range(3))).code is Code.OPEN_ORDERS


@pytest.mark.parametrize(("recent", "code"), [(9, Code.APPROVED), (10, Code.ORDER_RATE)])
def test_orders_a_minute_are_limited(recent: int, code: Code) -> None:
    assert judge(recent_orders=recent).code is code


def test_the_first_limit_that_breaks_is_named_with_its_values() -> None:
    verdict = judge(limit("100", quantity="50"), recent_orders=99)
    assert verdict == deny(Code.ORDER_NOTIONAL, value=Decimal(5_000), limit=Decimal(1_000))
    assert not verdict.approved


def test_all_pairs_together_have_no_more_open_orders_than_allowed() -> None:
    pairs = [f"P{n}/USD" for n in range(5)]
    assert judge(held=tuple(resting(n, 1, pair) for n, pair in enumerate(pairs[:4]))).approved
    verdict = judge(held=tuple(resting(n, 1, pair) for n, pair in enumerate(pairs)))
    assert verdict.code is Code.OPEN_ORDERS_IN_ALL


def test_reservations_are_held_and_let_go_by_intent() -> None:
    exposures = holding(resting(1, 300), resting(2, 200), resting(2, 250))
    assert exposures.pair_notional("BTC/USD") == 550
    assert exposures.open_orders("BTC/USD") == 2
    exposures.release("r-1")
    exposures.release("r-1")
    assert exposures.pair_notional("BTC/USD") == 250
    assert "r-1" not in exposures
    assert exposures.pair_notional("ETH/USD") == 0


def amend(quantity: str, price: str = "100", **known: object) -> Verdict:
    """An amend of 5 at 100, one of which is filled, beside other orders worth 1,000."""
    order = Resting(BUY, (Terms(Quantity.of("5"), Price.of("100")),), Decimal(1))
    exposures = holding(order.worst(QUOTE, LIMITS.reach), resting(1, 1_000))
    now = Situation(LIMITS, TradingState.ACTIVE, QUOTE, exposures)
    wanted = Terms(Quantity.of(quantity), Price.of(price))
    return assess_amend(order, wanted, attrs.evolve(now, **known))  # type: ignore[arg-type]  # by name


def test_an_amend_that_increases_passes_like_an_add() -> None:
    assert amend("11").approved
    assert amend("11.1").code is Code.ORDER_NOTIONAL
    limits = attrs.evolve(LIMITS, max_pair_notional=Decimal(1_400))
    assert amend("5.1", limits=limits).code is Code.PAIR_NOTIONAL
    assert amend("5.1", recent_orders=10).code is Code.ORDER_RATE


def test_an_amend_that_increases_nothing_needs_no_room() -> None:
    limits = attrs.evolve(LIMITS, max_pair_notional=Decimal(1))
    assert amend("4", limits=limits, recent_orders=99).approved
    assert amend("5", "90", limits=limits).approved


def test_an_amends_price_stays_in_the_collar() -> None:
    assert amend("1", "102").approved
    assert amend("1", "102.01").code is Code.PRICE_COLLAR


def test_amends_obey_the_trading_state() -> None:
    assert amend("1", state=TradingState.HALTED).code is Code.TRADING_HALTED
    assert amend("4", state=REDUCING).approved
    assert amend("5.1", state=REDUCING).code is Code.REDUCING_ONLY


def test_an_amend_on_its_way_holds_the_larger_of_old_and_new() -> None:
    old, new = Terms(Quantity.of("5"), Price.of("100")), Terms(Quantity.of("2"), Price.of("101"))
    for asks in ((old, new), (new, old)):
        held = Resting(BUY, asks, Decimal(1)).worst(QUOTE, LIMITS.reach)
        assert held.quantity == 4
        assert held.price == 101


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_open_orders", 0, "max_open_orders must be 1 to 10000, not 0"),
        ("max_order_notional", Decimal(0), "max_order_notional must be greater than 0"),
        ("price_collar_bps", 5_001, "price_collar_bps must be 0 to 5000, not 5001"),
        ("max_drawdown_bps", -1, "max_drawdown_bps must be 0 to 10000, not -1"),
        ("max_asset_position", ("BTC",), "takes texts such as"),
        ("max_asset_position", ("BTC -1",), "takes texts such as"),
        ("breaker_state", "OFF", "breaker_state"),
    ],
)
def test_a_limit_out_of_its_range_is_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Limits(**{name: value})  # type: ignore[arg-type]  # by name
