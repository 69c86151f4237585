"""What changes nothing for the Edge Factory: scale, mirrors, order, the same View; and what ends it."""

import math
from collections.abc import Callable
from decimal import Decimal

import attrs
from edge_views import NOW_NS, Case, cases, worked_cases
from hypothesis import given
from hypothesis import strategies as st
from rule_examples import RULE

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import record
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_pull import REASONS
from zoe.domain.strategy.edge_state import EdgeState, SideState
from zoe.domain.strategy.fair_value import MicroPrice, Weighing, combined, own
from zoe.domain.strategy.market import Book, BookState, Level, Sibling
from zoe.domain.strategy.own import Budget, OwnFill, WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import Decision, View
from zoe.domain.strategy.volatility import SECOND_NS, Fading, Volatility


def decide(case: Case) -> Decision:
    return EdgeFactory(case.params).decide(case.state, case.view)


def scaled(view: View, factor: int, digits: int) -> View:
    """Prices and ticks times 10^digits, sizes by it: prices grow in units, sizes get more digits."""
    pair, book = view.instrument, view.book
    assert book is not None and factor == 10**digits

    def levels(side: tuple[Level, ...]) -> tuple[Level, ...]:
        return tuple((price * factor, quantity) for price, quantity in side)

    return attrs.evolve(
        view,
        instrument=attrs.evolve(
            pair,
            price_increment=pair.price_increment * factor,
            qty_precision=pair.qty_precision + digits,
            qty_increment=pair.qty_increment.scaleb(-digits),
            qty_min=pair.qty_min.scaleb(-digits),
        ),
        book=attrs.evolve(book, bids=levels(book.bids), asks=levels(book.asks)),
        siblings=tuple(attrs.evolve(s, fair=s.fair * factor) for s in view.siblings),
        working=tuple(attrs.evolve(w, price=w.price * factor) for w in view.working),
        fills=tuple(attrs.evolve(f, price=f.price * factor) for f in view.fills),
    )


def later(view: View, seconds: int) -> View:
    return attrs.evolve(view, now_ns=view.now_ns + seconds * SECOND_NS, cause=view.cause + seconds)


@RULE
@given(worked_cases(), st.integers(1, 6), st.integers(0, 2))
def test_quotes_scale_with_prices_and_nothing_else_changes(
    case: Case, digits: int, fills: int
) -> None:
    factor, factory = 10**digits, EdgeFactory(case.params)
    book = case.view.book
    assert book is not None
    filled = tuple(
        OwnFill(f"E{n}", "bid.0", Side.BUY, book.bids[0][0], 1, NOW_NS, Decimal(25))
        for n in range(fills)
    )
    small = attrs.evolve(case.view, fills=filled)
    large = scaled(small, factor, digits)
    one, grid = case.state, case.state.volatility
    other = attrs.evolve(
        case.state,
        fair=case.state.fair * factor,
        volatility=attrs.evolve(grid, fair=grid.fair * factor),
    )
    for view, twin in ((small, large), (later(small, 31), later(large, 31))):
        first, second = factory.decide(one, view), factory.decide(other, twin)
        assert [(w.price * factor, w.quantity) for w in first.wants] == [
            (w.price, w.quantity) for w in second.wants
        ]
        assert first.reasons == second.reasons
        assert first.state.adverse.buys_sum == second.state.adverse.buys_sum
        one, other = first.state, second.state


@RULE
@given(cases(), st.booleans())
def test_a_mirrored_book_has_a_mirrored_fair_value(case: Case, learnt: bool) -> None:
    book, steps = case.view.book, Steps.of(case.view.instrument)
    assert book is not None
    twice = book.bids[0][0] + book.asks[0][0]
    mirrored = Book(
        bids=tuple((twice - price, quantity) for price, quantity in book.asks),
        asks=tuple((twice - price, quantity) for price, quantity in book.bids),
    )
    rows = [tuple(float(10 * n + m) for m in range(4)) for n in range(1, 6)]
    table = MicroPrice(
        tuple(tuple(-g for g in row) for row in reversed(rows)) + tuple(rows),
        ((500, 500, 500, 10),) * 10,
    )
    weighing = Weighing(kappa=case.params.kappa, micro=table if learnt else None)
    straight = own(book, steps.qty_min, steps.tick, weighing)
    turned = own(mirrored, steps.qty_min, steps.tick, weighing)
    assert (straight is None) == (turned is None)
    if straight is not None and turned is not None:
        assert turned.twice_mid == straight.twice_mid
        assert turned.offset_milli == -straight.offset_milli


@RULE
@given(cases(), st.permutations((0, 1, 2)))
def test_siblings_in_any_order_give_the_same_fair_value(case: Case, order: list[int]) -> None:
    there = case.view.siblings
    shuffled = tuple(there[place] for place in order if place < len(there))
    assert decide(case.with_view(siblings=shuffled)) == decide(case)


@RULE
@given(worked_cases())
def test_an_unchanged_view_gives_unchanged_wants_and_teaches_nothing(case: Case) -> None:
    factory = EdgeFactory(case.params)
    first = factory.decide(case.state, case.view)
    assert factory.decide(case.state, case.view) == first
    assert factory.decide(first.state, case.view) == first


@RULE
@given(cases(), st.integers(1, 499))
def test_what_works_as_it_was_wanted_is_wanted_where_it_is(case: Case, after_ms: int) -> None:
    factory = EdgeFactory(case.params)
    first = factory.decide(case.state, case.view)
    orders = tuple(
        WorkingOrder(w.key, w.side, w.price, w.quantity, age_ms=after_ms) for w in first.wants
    )
    now_ns = case.view.now_ns + after_ms * 1_000_000
    again = attrs.evolve(case.view, now_ns=now_ns, cause=99, working=orders)
    second = factory.decide(first.state, again)
    assert {(w.key, w.price) for w in second.wants} >= {
        (w.key, w.price) for w in first.wants if w.key in {v.key for v in second.wants}
    }


@RULE
@given(cases())
def test_a_decision_made_again_from_its_record_is_the_same(case: Case) -> None:
    factory = EdgeFactory(case.params)
    first = factory.decide(case.state, case.view)
    view = record.read(View, record.text(case.view))
    state = record.read_state(EdgeState, record.text(case.state))
    assert record.again(factory, state, view, first.wants) == first


def pulled(case: Case, way: int) -> Case:
    """A case with one reason to stand aside, or one fault of what is shown."""
    view, state, soon = case.view, case.state, case.view.now_ns + 1
    there = view.book
    assert there is not None
    crossed = attrs.evolve(there, bids=((there.asks[0][0], 1), *there.bids))
    dust = attrs.evolve(
        there, bids=tuple((p, 0) for p, _ in there.bids), asks=tuple((p, 0) for p, _ in there.asks)
    )
    sibling = Sibling("X/Z", state.fair, 1.0, None, 0)
    ways: tuple[Callable[[], Case], ...] = (
        lambda: case.with_view(trading_state=TradingState.HALTED),
        lambda: case.with_view(maintenance=True),
        lambda: case.with_view(instrument=attrs.evolve(view.instrument, status="cancel_only")),
        lambda: case.with_view(instrument=attrs.evolve(view.instrument, status="delisted")),
        lambda: case.with_view(book=None),
        lambda: case.with_view(book=attrs.evolve(there, state=BookState.RESYNCING)),
        lambda: case.with_view(book=attrs.evolve(there, state=BookState.STALE)),
        lambda: case.with_view(book=attrs.evolve(there, age_ms=case.params.max_age_ms + 1)),
        lambda: case.with_view(book=attrs.evolve(there, age_ms=-1)),
        lambda: case.with_view(book=attrs.evolve(there, bids=())),
        lambda: case.with_view(book=attrs.evolve(there, asks=())),
        lambda: case.with_view(book=crossed),
        lambda: case.with_view(book=dust),
        lambda: case.with_view(siblings=(attrs.evolve(sibling, half_spread_bps=math.nan),)),
        lambda: case.with_view(siblings=(attrs.evolve(sibling, sigma_bps=math.inf),)),
        lambda: case.with_view(siblings=(attrs.evolve(sibling, age_ms=-1),)),
        lambda: case.with_view(siblings=(attrs.evolve(sibling, fair=0),)),
        lambda: case.with_account(maker_fee_bps=Decimal("NaN")),
        lambda: case.with_account(cash=Decimal("Infinity")),
        lambda: case.with_account(quote_usd=None),
        lambda: case.with_account(quote_usd=Decimal(0)),
        lambda: case.with_account(sleeve=-1),
        lambda: case.with_account(pair_day_usd=-Decimal(10)),
        lambda: case.with_account(strategy_day_usd=-Decimal(100)),
        lambda: case.with_view(budget=Budget(40_000, 60_000, 20_000)),
        lambda: attrs.evolve(case, state=attrs.evolve(state, jump_until_ns=soon)),
        lambda: attrs.evolve(case, state=_burst(state)),
        lambda: attrs.evolve(case, state=attrs.evolve(state, fair=0, volatility=_from(state, 900))),
        lambda: _apart(case),
    )
    return ways[way % len(ways)]()


def _burst(state: EdgeState) -> EdgeState:
    slow = state.volatility.slow.mean
    fast = Fading(slow * 400 + 1, 1.0)
    return attrs.evolve(state, volatility=attrs.evolve(state.volatility, fast=fast))


def _from(state: EdgeState, bps: int) -> Volatility:
    """Fair value that was elsewhere a second ago."""
    return attrs.evolve(state.volatility, fair=state.volatility.fair * 10_000 // (10_000 + bps))


def _apart(case: Case) -> Case:
    fair = case.state.volatility.fair
    far = tuple(
        Sibling(name, fair * (100 + percent) // 100, 0.1, 0.0, 0)
        for name, percent in (("X/Y", 20), ("X/Z", -20))
    )
    bases = tuple((sibling.symbol, Fading(0.0, 1.0)) for sibling in far)
    state = attrs.evolve(case.state, bases=bases)
    params = attrs.evolve(case.params, tau_bps=0)
    return attrs.evolve(case, state=state, params=params).with_view(siblings=far)


@RULE
@given(worked_cases(), st.integers(0, 28))
def test_any_reason_to_stand_aside_and_any_fault_empties_the_wants(case: Case, way: int) -> None:
    decision = decide(pulled(case, way))
    assert decision.wants == ()
    assert len(decision.reasons) == 1
    assert decision.reasons[0] in REASONS


@RULE
@given(cases(), st.sampled_from(("buys", "sells", "losing", "reducing")))
def test_a_side_that_is_off_wants_nothing_and_the_other_one_still_may(case: Case, off: str) -> None:
    until = SideState(0, case.view.now_ns + 1)
    if off == "reducing":
        case = case.with_view(trading_state=TradingState.REDUCING)
    elif off == "losing":
        state = attrs.evolve(case.state, losing_until_ns=case.view.now_ns + 1)
        case = attrs.evolve(case, state=state)
    else:
        is_buys = off == "buys"
        state = attrs.evolve(
            case.state,
            buys=until if is_buys else case.state.buys,
            sells=case.state.sells if is_buys else until,
        )
        case = attrs.evolve(case, state=state)
    sides = {want.side for want in decide(case).wants}
    assert (Side.SELL if off == "sells" else Side.BUY) not in sides


@RULE
@given(cases(), st.integers(0, 3))
def test_any_fair_value_lies_among_its_sources(case: Case, drop: int) -> None:
    book, steps = case.view.book, Steps.of(case.view.instrument)
    assert book is not None
    mine = own(book, steps.qty_min, steps.tick, Weighing())
    if mine is None:
        return
    sources = [(sibling, 0.0) for sibling in case.view.siblings[drop:]]
    estimate = combined(mine, book.age_ms, 1.0, sources, Weighing())
    fairs = [mine.fair, *(sibling.fair for sibling, _ in sources)]
    if estimate.fair is not None:
        slack = mine.twice_mid * 2  # a thousandth of a bp of the mid, twice
        assert min(fairs) - slack <= estimate.fair <= max(fairs) + slack
