"""Why the Edge Factory wants nothing: faults of what it is shown, and reasons to stand aside.

The first that holds is the reason; all of them empty the wants of both sides.
"""

import math
from typing import Final

from zoe.domain.catalog import TRADABLE
from zoe.domain.risk import TradingState
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.edge_terms import Money
from zoe.domain.strategy.market import Book, BookState
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
    fault = _fault_of(view.book, steps, params)
    if fault is not None:
        return fault
    for sibling in view.siblings:
        sigma = sibling.sigma_bps
        # Said the right way round: whatever is compared with what is no number is false.
        if not (
            sibling.fair > 0
            and sibling.age_ms >= 0
            and 0 <= sibling.half_spread_bps < math.inf
            and (sigma is None or 0 <= sigma < math.inf)
        ):
            return "BAD_SIBLING"
    return None


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


def pull(
    view: View, state: EdgeState, params: EdgeParams, fault: str | None, money: Money
) -> str | None:
    """The first reason to want nothing; ``fault`` is the book's."""
    if view.trading_state is _HALTED:
        return "HALTED"
    if view.maintenance:
        return "MAINTENANCE"
    if view.instrument.status not in TRADABLE:
        return "PAIR_NOT_ONLINE"
    if fault is not None or money.fault is not None:
        return fault or money.fault
    seen, volatility, floor = state.seen, state.volatility, params.sigma_floor_bps
    if seen is None:
        return "ZERO_DEPTH"
    if seen.fair is None:
        return "SIBLINGS_APART"
    fast = volatility.fast_sigma
    if fast > floor and fast > params.burst * volatility.slow_bps(floor):
        return "BURST"
    if view.now_ns < state.jump_until_ns:
        return "JUMP"
    if money.is_lost:
        return "LOSS_LIMIT"
    return "BUDGET" if view.budget is not None and view.budget.is_spent else None
