"""Whole lives of a pair: whatever comes in whatever order, wants keep their promises."""

import math
import random
from decimal import Decimal

import attrs
import edge_rules
from edge_views import Case, cases
from hypothesis import given
from rule_examples import RULE

from zoe.domain.order import Side
from zoe.domain.strategy import record
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.market import Book, Sibling, Sweep
from zoe.domain.strategy.own import OwnFill, WorkingOrder
from zoe.domain.strategy.view import View
from zoe.domain.strategy.volatility import SECOND_NS

STEPS = 8


def moved(book: Book, ticks: int) -> Book:
    """Every level the same way; what would fall below nothing is gone."""
    bids = tuple((price + ticks, quantity) for price, quantity in book.bids if price + ticks > 0)
    asks = tuple((price + ticks, quantity) for price, quantity in book.asks if price + ticks > 0)
    return Book(bids, asks, age_ms=book.age_ms)


def following(view: View, chance: random.Random, number: int) -> View:
    """What may come next: time, even backwards, a book elsewhere, fills, sweeps, and garbage."""
    book = view.book or Book((), ())
    steps = chance.choice((0, 0, 1, 1, 2, 11, 31, -3, 100_000, -100_000)) * SECOND_NS
    top = book.bids[0][0] if book.bids else 1_000
    book = moved(book, chance.choice((0, 0, 1, -1, top // 5_000, -top // 700, top // 20)))
    side = chance.choice(tuple(Side))
    fill = OwnFill(f"E{number % 5}", "bid.0", side, top, 1, view.now_ns, Decimal(25))
    sibling = Sibling("X/Q", max(view.now_ns % 7, 1) * top * 10**7, 5.0, None, 10)
    garbage = chance.choice((math.nan, math.inf, -1.0))
    return attrs.evolve(
        view,
        now_ns=max(view.now_ns + steps + chance.randrange(SECOND_NS), 1),
        cause=number,
        book=chance.choice((book, book, book, book, None, attrs.evolve(book, asks=()))),
        fills=(fill, fill) if chance.random() < 0.4 else (),
        tape=attrs.evolve(
            view.tape,
            sweeps=tuple(Sweep(side, max(top + n, 1), 1, view.now_ns) for n in range(-2, 3)),
        ),
        siblings=chance.choice(
            (
                view.siblings,
                (),
                (*view.siblings, sibling),
                (attrs.evolve(sibling, half_spread_bps=garbage),),
            )
        ),
        account=attrs.evolve(view.account, sleeve=chance.choice((0, view.account.sleeve, 10**6))),
    )


@RULE
@given(cases())
def test_whatever_comes_in_whatever_order_wants_keep_their_promises(case: Case) -> None:
    factory, chance = EdgeFactory(case.params), random.Random(case.number)
    view, state = case.view, factory.initial()
    for number in range(STEPS):
        decision = factory.decide(state, view)
        assert decision.wants or decision.reasons
        shown = Case(view, state, case.params)
        if decision.wants:
            edge_rules.never_takes(shown)
            edge_rules.on_steps_over_minimums(shown)
            edge_rules.within_sleeve_and_cash(shown)
        state = record.read_state(EdgeState, record.text(decision.state))
        assert state == decision.state
        orders = tuple(
            WorkingOrder(w.key, w.side, w.price, w.quantity, age_ms=1_000) for w in decision.wants
        )
        view = following(attrs.evolve(view, working=orders), chance, number + 1)
