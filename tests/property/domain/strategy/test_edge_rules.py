"""What the Edge Factory promises of its wants, for any View."""

from decimal import Decimal

import attrs
from edge_views import Case, cases, worked_cases
from hypothesis import given
from hypothesis import strategies as st
from rule_examples import RULE

from zoe.domain.order import Side
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_pull import book_fault
from zoe.domain.strategy.edge_quotes import Ground, Quote, Scene, ask, bid, ground
from zoe.domain.strategy.fair_value import FINE, WHOLE, distance_milli
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import Decision, Want


def decide(case: Case) -> Decision:
    return EdgeFactory(case.params).decide(case.state, case.view)


def by_side(decision: Decision) -> dict[Side, Want]:
    return {want.side: want for want in decision.wants}


def scene_of(case: Case) -> Scene | None:
    """What the quotes are made from, None where something speaks against them."""
    decision = decide(case)
    steps = Steps.of(case.view.instrument)
    if not decision.wants and not any(":" in reason for reason in decision.reasons):
        return None
    assert book_fault(case.view, steps, case.params) is None
    return Scene(case.view, decision.state, case.params, steps)


def both(scene: Scene) -> tuple[Ground, Quote, Quote]:
    base = ground(scene)
    below = bid(scene, base)
    return base, below, ask(scene, base, leaving=below.off is not None)


@RULE
@given(worked_cases())
def test_a_want_never_crosses_touches_or_takes(case: Case) -> None:
    book, decision = case.view.book, decide(case)
    assert book is not None
    assert decision.wants or decision.reasons
    for want in decision.wants:
        assert want.post_only
        if want.side is Side.BUY:
            assert 0 < want.price < book.asks[0][0]
        else:
            assert want.price > book.bids[0][0]
    wants = by_side(decision)
    assert len(wants) == len(decision.wants)
    if len(wants) == 2:
        assert wants[Side.BUY].price < wants[Side.SELL].price


@RULE
@given(worked_cases())
def test_prices_are_on_ticks_sizes_on_lots_and_both_over_the_minimums(case: Case) -> None:
    pair = case.view.instrument
    for want in decide(case).wants:
        price = Decimal(want.price).scaleb(-pair.price_precision)
        quantity = Decimal(want.quantity).scaleb(-pair.qty_precision)
        assert pair.check_order(quantity, price) is None


@RULE
@given(worked_cases())
def test_no_more_is_sold_than_the_sleeve_and_no_more_bought_than_the_cash_fees_included(
    case: Case,
) -> None:
    pair, account = case.view.instrument, case.view.account
    wants = by_side(decide(case))
    if Side.SELL in wants:
        assert wants[Side.SELL].quantity <= account.sleeve
    if Side.BUY in wants:
        digits = pair.price_precision + pair.qty_precision
        cost = Decimal(wants[Side.BUY].quantity * wants[Side.BUY].price).scaleb(-digits)
        fee = Decimal(25) if account.maker_fee_bps is None else account.maker_fee_bps
        assert account.cash is not None
        assert cost + cost * fee / 10_000 <= account.cash


@RULE
@given(cases(), st.booleans())
def test_the_indifferent_price_is_between_the_quotes_and_each_keeps_its_edge(
    case: Case, works: bool
) -> None:
    """r = F(1 - q·risk); h - c >= e_min but for an ask that reduces, which stays above its floor."""
    if works:  # at where it was wanted a while ago, when there was less inventory and volatility
        before = by_side(decide(case.with_sigma(0.2).with_account(sleeve=0)))
        case = case.with_view(working=())
        case = _resting(case, before)
    scene = scene_of(case)
    if scene is None:
        return
    base, below, above = both(scene)
    q = base.q_whole if above.is_exit else base.q
    reserve = base.fair * (WHOLE * 1_000 - q * base.made_of.risk)  # in fine units times 10^10
    edge = round(case.params.e_min_bps * 1_000)
    least = base.bid_cost + (-(-edge // 2) if works else edge)
    if below.off is None:
        assert below.price * FINE * WHOLE * 1_000 < reserve
        # Rounded down like the distance itself, half a step of the price's own grid beside it.
        assert distance_milli(base.fair, below.price, Side.BUY) >= least - 1
    if above.off is None:
        assert above.price * FINE * WHOLE * 1_000 > reserve
        away = distance_milli(base.fair, above.price, Side.SELL)
        if q <= 0:
            assert away >= base.ask_cost + (edge // 2 if works else edge) - 1
        else:
            assert away >= (0 if base.is_old else base.fee)


def _resting(case: Case, wants: dict[Side, Want]) -> Case:
    orders = tuple(
        WorkingOrder(w.key, w.side, w.price, w.quantity, age_ms=1_000) for w in wants.values()
    )
    return case.with_view(working=orders)


@RULE
@given(cases(), st.integers(1, 10**6))
def test_more_inventory_never_raises_a_quote_nor_the_bids_size(case: Case, more: int) -> None:
    sleeve = case.view.account.sleeve
    if not sleeve:  # so that its age is the same
        case = case.with_account(sleeve_since_ns=case.view.now_ns)
    added = max(sleeve, 1_000) * more // 10**4 + 1
    few = by_side(decide(case))
    many = by_side(decide(case.with_account(sleeve=sleeve + added)))
    for side in few.keys() & many.keys():
        assert many[side].price <= few[side].price
    if Side.BUY in many:
        assert Side.BUY in few
        assert many[Side.BUY].quantity <= few[Side.BUY].quantity


@RULE
@given(
    cases(),
    st.sampled_from(("sigma", "fee", "a", "a of buys", "a of sells")),
    st.integers(1, 40),
)
def test_more_volatility_fee_or_adverse_selection_never_narrows_the_quotes(
    case: Case, what: str, more: int
) -> None:
    wide = _worse(case, what, more)
    first, second = scene_of(case), scene_of(wide)
    if first is None or second is None:
        return
    _, bid_before, ask_before = both(first)
    _, bid_after, ask_after = both(second)
    quotes = (bid_before, ask_before, bid_after, ask_after)
    if all(quote.off is None for quote in quotes):
        before = bid_before.distance + ask_before.distance
        assert bid_after.distance + ask_after.distance >= before
    if bid_before.off == "NO_EDGE":
        assert bid_after.off is not None


def _worse(case: Case, what: str, more: int) -> Case:
    if what == "sigma":
        sigma = case.state.volatility.sigma_bps(case.params.sigma_floor_bps)
        return case.with_sigma(sigma * (1 + more / 10))
    if what == "fee":
        fee = case.view.account.maker_fee_bps
        return case.with_account(maker_fee_bps=(Decimal(25) if fee is None else fee) + more)
    if what == "a":
        a0 = min(case.params.a0_bps + more, 50)
        return attrs.evolve(case, params=attrs.evolve(case.params, a0_bps=a0))
    adverse = case.state.adverse
    if what == "a of buys":
        adverse = attrs.evolve(adverse, buys_sum=adverse.buys_sum + adverse.buys * more * 1_000)
    else:
        adverse = attrs.evolve(adverse, sells_sum=adverse.sells_sum + adverse.sells * more * 1_000)
    return attrs.evolve(case, state=attrs.evolve(case.state, adverse=adverse))
