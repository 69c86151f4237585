"""The quote keeper: when it keeps still, and where its two quotes stand."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.quote_keeper import ASK, BID, Params, QuoteKeeper, State
from zoe.domain.strategy.view import Decision, Touch, View, Want

BTC = Instrument(
    "BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1"), 8, Decimal("0.00000001"),
    Decimal("0.0001"), 5, Decimal("0.5"),
)  # fmt: skip
TOUCH = Touch(999_990, 5, 1_000_010, 5, 100, True, 1, 1)
VIEW = View(7_000, 1, BTC, TOUCH, (("BTC", Decimal(1)), ("USD", Decimal(9))), TradingState.ACTIVE)
PARAMS = Params(min_base=Decimal("0.5"), max_base=Decimal(3))
KEEPER = QuoteKeeper(PARAMS)


def decide(view: View, keeper: QuoteKeeper = KEEPER, state: State | None = None) -> Decision:
    return keeper.decide(state or keeper.initial(), view)


def seen(**changes: object) -> View:
    return attrs.evolve(VIEW, touch=attrs.evolve(TOUCH, **changes))  # type: ignore[arg-type]  # by test


def test_it_quotes_both_sides_round_the_mid_post_only_and_for_a_while() -> None:
    decision = decide(VIEW)
    why = "2 bps from the mid"
    valid_until_ns = 7_000 + 10_000_000_000
    assert decision.wants == (
        Want(BID, "BTC/USD", Side.BUY, 999_800, 100_000, True, valid_until_ns, why),
        Want(ASK, "BTC/USD", Side.SELL, 1_000_200, 100_000, True, valid_until_ns, why),
    )
    assert decision.reasons == ("QUOTING",)
    assert decision.state == State(anchor_twice=2_000_000)


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (attrs.evolve(VIEW, trading_state=TradingState.HALTED), "HALTED"),
        (attrs.evolve(VIEW, trading_state=TradingState.REDUCING), "REDUCING"),
        (attrs.evolve(VIEW, instrument=attrs.evolve(BTC, status="cancel_only")), "PAIR_NOT_ONLINE"),
        (seen(live=False), "BOOK_NOT_LIVE"),
        (seen(age_ms=3_001), "STALE_QUOTE"),
        (seen(bid=None), "EMPTY_BOOK"),
        (seen(ask=None), "EMPTY_BOOK"),
        (seen(bid=1_000_010), "CROSSED_BOOK"),
        (seen(bid=1_000_020), "CROSSED_BOOK"),
        (attrs.evolve(VIEW, held=None), "BALANCE_UNKNOWN"),
        (
            attrs.evolve(VIEW, instrument=attrs.evolve(BTC, price_increment=Decimal("0.01"))),
            "STEP_FINER_THAN_PRICES",
        ),
    ],
)
def test_it_wants_nothing_where_it_cannot_know(view: View, reason: str) -> None:
    remembered = State(anchor_twice=5)
    assert decide(view, state=remembered) == Decision(remembered, (), (reason,))


def test_an_old_quote_is_used_up_to_its_age() -> None:
    assert decide(seen(age_ms=3_000)).wants


@pytest.mark.parametrize(
    ("held", "sides", "reasons"),
    [
        ("0.501", {Side.BUY, Side.SELL}, ("QUOTING",)),
        ("0.5009", {Side.BUY}, ("INVENTORY_LOW",)),
        ("2.999", {Side.BUY, Side.SELL}, ("QUOTING",)),
        ("2.9991", {Side.SELL}, ("INVENTORY_FULL",)),
        ("0", {Side.BUY}, ("INVENTORY_LOW",)),
    ],
)
def test_it_stays_inside_its_inventory_band(
    held: str, sides: set[Side], reasons: tuple[str, ...]
) -> None:
    decision = decide(attrs.evolve(VIEW, held=(("BTC", Decimal(held)),)))
    assert {want.side for want in decision.wants} == sides
    assert decision.reasons == reasons


def test_it_wants_nothing_that_is_below_the_exchanges_minimum() -> None:
    small = QuoteKeeper(Params(quantity=Decimal("0.00009")))
    assert decide(VIEW, small).reasons == ("BELOW_MINIMUM", "BELOW_MINIMUM")
    cheap = attrs.evolve(VIEW, instrument=attrs.evolve(BTC, cost_min=Decimal(1_000)))
    assert decide(cheap).wants == ()
    # The bid, 0.001 at 99980.0, is as small as it may be.
    smallest = attrs.evolve(BTC, qty_min=Decimal("0.001"), cost_min=Decimal("99.98"))
    assert len(decide(attrs.evolve(VIEW, instrument=smallest)).wants) == 2


def test_it_quotes_round_the_old_mid_until_the_new_one_is_far_enough() -> None:
    first = decide(VIEW).state
    near = decide(seen(bid=999_990 + 200, ask=1_000_010 + 200), state=first)
    assert near.state == first
    far = decide(seen(bid=999_990 + 201, ask=1_000_010 + 201), state=first)
    assert far.state == State(anchor_twice=2_000_402)


def test_a_mid_that_left_the_old_quotes_behind_still_crosses_nothing() -> None:
    keeper = QuoteKeeper(Params(refresh_bps=500))
    state = State(anchor_twice=2_000_000)
    decision = decide(seen(bid=990_000, ask=990_010), keeper, state)
    assert [want.price for want in decision.wants] == [990_009, 1_000_200]


def test_without_a_half_spread_its_own_quotes_do_not_meet() -> None:
    bid, ask = decide(VIEW, QuoteKeeper(Params(half_spread_bps=0))).wants
    assert (bid.price, ask.price) == (1_000_000, 1_000_001)


def test_a_band_may_be_a_single_inventory() -> None:
    assert Params(min_base=Decimal(3), max_base=Decimal(3)).min_base == 3


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"half_spread_bps": -1}, "half_spread_bps"),
        ({"half_spread_bps": 1_001}, "half_spread_bps"),
        ({"quantity": Decimal(0)}, "quantity"),
        ({"min_base": Decimal(4)}, "min_base 4 is above max_base 3"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        attrs.evolve(PARAMS, **changes)  # type: ignore[arg-type]  # on purpose
