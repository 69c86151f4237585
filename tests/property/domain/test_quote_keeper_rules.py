"""What the quote keeper promises, for any market, pair and memory."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper, State
from zoe.domain.strategy.view import Touch, View

UNITS = st.integers(1, 10**12)


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    price_precision, qty_precision = draw(st.integers(0, 10)), draw(st.integers(0, 8))
    return Instrument(
        "X/Y",
        "X",
        "Y",
        draw(st.sampled_from(("online", "online", "online", "post_only", "maintenance"))),
        price_precision,
        Decimal(draw(st.integers(0, 200))).scaleb(-price_precision) or Decimal("1e-11"),
        qty_precision,
        Decimal(draw(st.integers(1, 100))).scaleb(-qty_precision),
        Decimal(draw(st.integers(0, 1_000))).scaleb(-qty_precision),
        5,
        Decimal(draw(st.integers(0, 1_000))).scaleb(-2),
    )


@st.composite
def views(draw: st.DrawFn) -> View:
    bid = draw(st.none() | UNITS)
    near = st.integers(-3, 10**9).map(lambda gap: max((bid or 0) + gap, 1))
    touch = Touch(
        bid,
        1,
        draw(st.none() | near),
        1,
        draw(st.integers(0, 4_000)),
        draw(st.integers(0, 9)) > 0,
        None,
        0,
    )
    held = st.just(()) | st.integers(0, 500).map(lambda n: (("X", Decimal(n).scaleb(-2)),))
    state = draw(st.sampled_from((*[TradingState.ACTIVE] * 5, TradingState.HALTED)))
    return View(draw(st.integers(0, 10**18)), 1, draw(instruments()), touch, draw(held), state)


@st.composite
def keepers(draw: st.DrawFn) -> QuoteKeeper:
    low = draw(st.integers(0, 400))
    return QuoteKeeper(
        Params(
            "X/Y",
            draw(st.integers(0, 1_000)),
            Decimal(draw(st.integers(1, 10_000))).scaleb(-3),
            Decimal(low).scaleb(-2),
            Decimal(draw(st.integers(low, 400))).scaleb(-2),
            draw(st.integers(0, 500)),
        )
    )


@given(keepers(), views(), st.none() | UNITS)
def test_what_it_wants_keeps_every_promise(
    keeper: QuoteKeeper, view: View, anchor: int | None
) -> None:
    decision = keeper.decide(State(anchor_twice=anchor), view)
    params, pair, touch = keeper.params, view.instrument, view.touch
    assert decision.reasons
    if decision.wants:
        assert view.trading_state is TradingState.ACTIVE
        assert pair.status == "online"
        assert touch.live
        assert touch.age_ms <= params.max_age_ms
        assert touch.bid is not None and touch.ask is not None and touch.bid < touch.ask
    for want in decision.wants:
        assert want.post_only
        assert want.key in keeper.slots
        assert want.valid_until_ns > view.now_ns
        price = Decimal(want.price).scaleb(-pair.price_precision)
        quantity = Decimal(want.quantity).scaleb(-pair.qty_precision)
        assert pair.check_order(quantity, price) is None
        assert quantity <= params.quantity
        held = view.balance("X")
        assert held is not None
        if want.side is Side.BUY:
            assert touch.ask is not None and want.price < touch.ask
            assert held + params.quantity <= params.max_base
        else:
            assert touch.bid is not None and want.price > touch.bid
            assert held - params.quantity >= params.min_base
    prices = {want.side: want.price for want in decision.wants}
    if len(prices) == 2:
        assert prices[Side.BUY] < prices[Side.SELL]
    assert len(prices) == len(decision.wants)


@given(keepers(), views(), st.none() | UNITS)
def test_the_same_view_gives_the_same_decision(
    keeper: QuoteKeeper, view: View, anchor: int | None
) -> None:
    first = keeper.decide(State(anchor_twice=anchor), view)
    assert keeper.decide(State(anchor_twice=anchor), view) == first
    # A second look at the same market moves nothing.
    assert keeper.decide(first.state, view).wants == first.wants
