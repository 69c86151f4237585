"""Why the Edge Factory wants nothing: faults of what it is shown, and reasons to stand aside.

The first that holds is the reason; all of them empty the wants of both sides.
"""

import math
from decimal import Decimal
from typing import Final

from zoe.domain.catalog import TRADABLE
from zoe.domain.risk import TradingState
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.market import Book, BookState, Sibling
from zoe.domain.strategy.own import Account
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import View

#: Bound once: to ask the enum for a member takes as long as to work out a price.
_HALTED: Final = TradingState.HALTED
_LIVE: Final = BookState.LIVE
#: What can be a reason, in the order in which they are looked at.
FAULTS: Final = (
    "NO_BOOK", "BOOK_NOT_LIVE", "STALE_BOOK", "EMPTY_BOOK", "CROSSED_BOOK", "BAD_BOOK",
    "STEP_FINER_THAN_PRICES",
)  # fmt: skip
REASONS: Final = (
    "HALTED", "MAINTENANCE", "PAIR_NOT_ONLINE", *FAULTS, "BAD_SIBLING", "BAD_ACCOUNT",
    "NO_USD_PRICE", "ZERO_DEPTH", "SIBLINGS_APART", "BURST", "JUMP", "LOSS_LIMIT", "BUDGET",
    "SIDES_CROSS",
)  # fmt: skip


def book_fault(view: View, steps: Steps, params: EdgeParams) -> str | None:
    """What is wrong with a View's book or siblings: then nothing is learnt from them either."""
    if view.book is None:
        return "NO_BOOK"
    return _fault_of(view.book, steps, params) or (
        "BAD_SIBLING" if any(map(_is_bad, view.siblings)) else None
    )


def _fault_of(book: Book, steps: Steps, params: EdgeParams) -> str | None:
    if book.state is not _LIVE:
        return "BOOK_NOT_LIVE"
    if not 0 <= book.age_ms <= params.max_age_ms:
        return "STALE_BOOK" if book.age_ms > 0 else "BAD_BOOK"
    if not book.bids or not book.asks:
        return "EMPTY_BOOK"
    if book.bids[0][0] >= book.asks[0][0]:
        return "CROSSED_BOOK"
    if book.bids[-1][0] <= 0:
        return "BAD_BOOK"
    if steps.tick < 1 or steps.lot < 1:
        return "STEP_FINER_THAN_PRICES"
    return None


def _is_bad(sibling: Sibling) -> bool:
    """Whether a sibling's figures make no sense."""
    sigma = 0.0 if sibling.sigma_bps is None else sibling.sigma_bps
    return not (
        sibling.fair > 0
        and sibling.age_ms >= 0
        and math.isfinite(sibling.half_spread_bps)
        and sibling.half_spread_bps >= 0
        and math.isfinite(sigma)
        and sigma >= 0
    )


def _account_fault(account: Account) -> str | None:
    optional = (account.cash, account.quote_usd, account.equity_usd, account.maker_fee_bps)
    figures = (account.pair_day_usd, account.strategy_day_usd, *optional)
    if not all(figure is None or figure.is_finite() for figure in figures):
        return "BAD_ACCOUNT"
    if account.sleeve < 0 or (account.maker_fee_bps or 0) < 0:
        return "BAD_ACCOUNT"
    if account.quote_usd is None:
        return "NO_USD_PRICE"
    return None if account.quote_usd > 0 else "BAD_ACCOUNT"


def world_fault(view: View) -> str | None:
    """Whether nothing may be quoted at all: by the desk, the exchange or the pair."""
    if view.trading_state is _HALTED:
        return "HALTED"
    if view.maintenance:
        return "MAINTENANCE"
    return None if view.instrument.status in TRADABLE else "PAIR_NOT_ONLINE"


def pull(view: View, state: EdgeState, params: EdgeParams, fault: str | None) -> str | None:
    """The first reason to want nothing; ``fault`` is the book's."""
    return (
        world_fault(view)
        or fault
        or _account_fault(view.account)
        or _market(view, state, params)
        or _ours(view, params)
    )


def _market(view: View, state: EdgeState, params: EdgeParams) -> str | None:
    if state.seen is None:
        return "ZERO_DEPTH"
    if state.seen.fair is None:
        return "SIBLINGS_APART"
    floor, volatility = params.sigma_floor_bps, state.volatility
    if volatility.fast_bps(floor) > params.burst * volatility.slow_bps(floor):
        return "BURST"
    return "JUMP" if view.now_ns < state.jump_until_ns else None


def _ours(view: View, params: EdgeParams) -> str | None:
    account = view.account
    if float(account.pair_day_usd) <= -params.loss_pair_usd:
        return "LOSS_LIMIT"
    lost_percent = _percent(-account.strategy_day_usd, account.equity_usd)
    if lost_percent is not None and lost_percent >= params.loss_strategy_percent:
        return "LOSS_LIMIT"
    return "BUDGET" if view.budget is not None and view.budget.is_spent else None


def _percent(part: Decimal, whole: Decimal | None) -> float | None:
    """None where nothing was lost, or nobody knows of what."""
    if part <= 0 or whole is None:
        return None
    return float(part) * 100 / float(whole) if whole > 0 else 100.0
