"""What changes nothing for the Edge Factory, and what ends it, each rule as a check of one case.

The properties try them on many cases; planted bugs are put before them too.
"""

from decimal import Decimal
from itertools import permutations

import attrs
from edge_pulls import pulled
from edge_rules import decide
from edge_views import NOW_NS, Case

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import record
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_pull import REASONS
from zoe.domain.strategy.edge_state import EdgeState, SideState
from zoe.domain.strategy.fair_value import (
    MicroPrice,
    Weighing,
    combined,
    own,
)
from zoe.domain.strategy.market import Book, Level
from zoe.domain.strategy.own import OwnFill, WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import View
from zoe.domain.strategy.volatility import SECOND_NS


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


def scales(case: Case) -> None:
    digits, fills = 1 + case.number % 6, case.number // 6 % 3
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


def mirrors(case: Case) -> None:
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
    weighing = Weighing(kappa=case.params.kappa, micro=table if case.number % 2 else None)
    straight = own(book, steps.qty_min, steps.tick, weighing)
    turned = own(mirrored, steps.qty_min, steps.tick, weighing)
    assert (straight is None) == (turned is None)
    if straight is not None and turned is not None:
        assert turned.twice_mid == straight.twice_mid
        assert turned.offset_milli == -straight.offset_milli


def order_of_siblings(case: Case) -> None:
    orders = tuple(permutations(case.view.siblings))
    shuffled = orders[case.number % len(orders)]
    assert decide(case.with_view(siblings=shuffled)) == decide(case)


def unchanged(case: Case) -> None:
    factory = EdgeFactory(case.params)
    first = factory.decide(case.state, case.view)
    assert factory.decide(case.state, case.view) == first
    assert factory.decide(first.state, case.view) == first


def stays(case: Case) -> None:
    after_ms = 1 + case.number % 499
    factory = EdgeFactory(case.params)
    # Once more first: volatility has just been learnt, and weighs the sources anew.
    settled = factory.decide(case.state, case.view).state
    first = factory.decide(settled, attrs.evolve(case.view, cause=98))
    orders = tuple(
        WorkingOrder(w.key, w.side, w.price, w.quantity, age_ms=after_ms) for w in first.wants
    )
    now_ns = case.view.now_ns + after_ms * 1_000_000
    again = attrs.evolve(case.view, now_ns=now_ns, cause=99, working=orders)
    second = factory.decide(first.state, again)
    assert {(w.key, w.price) for w in second.wants} >= {
        (w.key, w.price) for w in first.wants if w.key in {v.key for v in second.wants}
    }


def recorded(case: Case) -> None:
    factory = EdgeFactory(case.params)
    first = factory.decide(case.state, case.view)
    view = record.read(View, record.text(case.view))
    state = record.read_state(EdgeState, record.text(case.state))
    assert record.again(factory, state, view, first.wants) == first


def pull_empties(case: Case) -> None:
    decision = decide(pulled(case, case.number))
    assert decision.wants == ()
    assert len(decision.reasons) == 1
    assert decision.reasons[0] in REASONS


def side_off(case: Case) -> None:
    off = ("buys", "sells", "losing", "reducing")[case.number % 4]
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


def among_sources(case: Case) -> None:
    book, steps = case.view.book, Steps.of(case.view.instrument)
    assert book is not None
    mine = own(book, steps.qty_min, steps.tick, Weighing())
    if mine is None:
        return
    sources = case.view.siblings[case.number % 4 :]
    estimate = combined(mine, (book.age_ms, 1.0), sources, {}, Weighing())
    fairs = [mine.fair, *(sibling.fair for sibling in sources)]
    if estimate.fair is not None:
        slack = mine.twice_mid * 2  # a thousandth of a bp of the mid, twice
        assert min(fairs) - slack <= estimate.fair <= max(fairs) + slack
