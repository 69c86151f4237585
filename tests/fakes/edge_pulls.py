"""A case with one reason to stand aside, or one fault of what is shown, for each there is."""

import math
from collections.abc import Callable
from decimal import Decimal

import attrs
from edge_views import Case

from zoe.domain.risk import TradingState
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.market import BookState, Sibling
from zoe.domain.strategy.own import Budget
from zoe.domain.strategy.volatility import Fading, Volatility


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
