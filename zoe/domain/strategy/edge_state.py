"""What the Edge Factory remembers of one pair, and how a View changes it.

Each View is learnt from once, whatever comes of it: a View that is shown again changes nothing, so
that the same View always gives the same wants. Where the clock goes back, what waits waits as long
as it still had to.
"""

import math
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.arrival import Arrival
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_terms import Kept
from zoe.domain.strategy.fair_value import FINE, Own, combined, own, premiums
from zoe.domain.strategy.own import OwnFill
from zoe.domain.strategy.view import View
from zoe.domain.strategy.volatility import (
    SECOND_NS,
    Bases,
    Volatility,
    learn_bases,
)

JUMP_OFF_NS: Final = 10 * SECOND_NS
FILLS_WITHIN_NS: Final = 10 * SECOND_NS
FILLS_OFF_NS: Final = 20 * SECOND_NS
APART_OFF_NS: Final = 5 * SECOND_NS
LOSING_OFF_NS: Final = 1_800 * SECOND_NS


@attrs.frozen(weakref_slot=False)
class Seen:
    """Fair value at the newest View that had one.

    Attributes:
        fair: In fine units; None where the sources were too far apart to have one.
    """

    fair: int | None
    disagreement_bps: float
    half_spread_bps: float
    sources: int


@attrs.frozen
class SideState:
    """One side: when it was last filled, and until when it is off."""

    filled_ns: int = 0
    off_until_ns: int = 0


@attrs.frozen(weakref_slot=False)
class EdgeState:
    """Everything that is remembered of a pair.

    Attributes:
        learned: Time and cause of the newest View.
        seen: None where that View's book could not be used.
        fair: The newest fair value there was, in fine units; 0 before the first.
        jump_until_ns: Both sides are off until then.
        losing_until_ns: The bid is off until then.
        apart_until_ns: Its sources of fair value were too far apart: both sides are off until then.
    """

    schema: int = 1
    learned: tuple[int, int] = (0, -1)
    seen: Seen | None = None
    fair: int = 0
    volatility: Volatility = attrs.field(factory=Volatility)
    bases: Bases = ()
    arrival: Arrival = attrs.field(factory=Arrival)
    adverse: Adverse = attrs.field(factory=Adverse)
    jump_until_ns: int = 0
    losing_until_ns: int = 0
    buys: SideState = attrs.field(factory=SideState)
    sells: SideState = attrs.field(factory=SideState)
    apart_until_ns: int = 0


_SEEN: Final = quick(Seen)
_BPS: Final = 10_000
_NOTHING: Final[dict[str, float]] = {}
_STATE: Final = quick(EdgeState)


def learnt(state: EdgeState, view: View, kept: Kept, *, is_usable: bool) -> EdgeState:
    """The state with all that a View shows.

    Args:
        is_usable: The View's book may be relied on; where not, only fills are noted.
    """
    now_ns, name = view.now_ns, (view.now_ns, view.cause)
    if state.learned == name:
        return state
    if now_ns < state.learned[0]:
        state = _shifted(state, now_ns - state.learned[0])
    mine, steps = None, kept.steps
    if is_usable and view.book is not None:
        mine = own(view.book, steps.qty_min, steps.tick, kept.weighing)
    if mine is None:
        state = attrs.evolve(state, learned=name, seen=None)
    else:
        state = _valued(state, view, mine, kept)
    return _filled(state, view) if view.fills else state


def fair_of(state: EdgeState, _: View) -> int | None:
    """Fair value at the newest View, in fine units; None where that had none."""
    return None if state.seen is None else state.seen.fair


def _valued(state: EdgeState, view: View, mine: Own, kept: Kept) -> EdgeState:
    """The state with the View's fair value, and all that is learnt from it."""
    now_ns, grid, bases, adverse = view.now_ns, state.volatility, state.bases, state.adverse
    siblings, book, params = view.siblings, view.book, kept.params
    assert book is not None
    second, usual = now_ns // SECOND_NS, _NOTHING
    seconds = 0 if grid.second is None or second < grid.second else second - grid.second
    if siblings:
        if seconds or len(bases) < len(siblings):
            bases = learn_bases(bases, premiums(mine, siblings, kept.weighing), seconds)
        usual = kept.usual(bases)
    sigma = grid.sigma_bps(params.sigma_floor_bps)
    fair, apart, count = combined(mine, (book.age_ms, sigma), siblings, usual, kept.weighing)
    name, seen = (now_ns, view.cause), _SEEN(fair, apart, mine.half_spread_bps, count)
    if fair is None:
        until_ns = now_ns + APART_OFF_NS
        return attrs.evolve(state, learned=name, bases=bases, seen=seen, apart_until_ns=until_ns)
    losing_until_ns = state.losing_until_ns
    if adverse.pending:
        adverse = adverse.after(now_ns, fair, params.t_a_seconds)
        losing_until_ns = _losing_until(state, adverse, now_ns, params)
    return _STATE(
        state.schema,
        name,
        seen,
        fair,
        grid if grid.second == second else grid.after(now_ns, fair, kept.limits.half_lives),
        bases,
        state.arrival.after(now_ns, fair, view.tape.sweeps),
        adverse,
        now_ns + JUMP_OFF_NS if _has_jumped(grid, seconds, fair, params) else state.jump_until_ns,
        losing_until_ns,
        state.buys,
        state.sells,
        state.apart_until_ns,
    )


def _has_jumped(grid: Volatility, seconds: int, fair: int, params: EdgeParams) -> bool:
    """Whether a move within a second is far out of the ordinary."""
    if grid.second is None or not grid.slow.weight:
        return False
    usual, floor = grid.slow_sigma, params.sigma_floor_bps
    usual = params.jump * (max(floor, usual))
    if seconds > 1:
        usual *= math.sqrt(seconds)
    return abs(fair - grid.fair) * _BPS > usual * grid.fair


def _losing_until(state: EdgeState, adverse: Adverse, now_ns: int, params: EdgeParams) -> int:
    """Off for a while once a fill was measured and the last 20 have lost on average."""
    if adverse.measured == state.adverse.measured:
        return state.losing_until_ns
    mean = adverse.mean_realised_milli()
    if mean is not None and mean < -params.e_min_bps * 1_000:
        return now_ns + LOSING_OFF_NS
    return state.losing_until_ns


def _filled(state: EdgeState, view: View) -> EdgeState:
    """The state with own fills that were not told before."""
    fills = state.adverse.unknown(view.fills)
    if not fills:
        return state
    fair = state.fair or fills[0].price * FINE
    buys, sells = state.buys, state.sells
    for fill in fills:
        if fill.side is Side.BUY:
            buys = _hit(buys, fill, view.now_ns)
        else:
            sells = _hit(sells, fill, view.now_ns)
    noted = state.adverse.noted(fills, fair)
    return attrs.evolve(state, adverse=noted, buys=buys, sells=sells)


def _hit(side: SideState, fill: OwnFill, now_ns: int) -> SideState:
    """Two fills on one side within seconds: somebody knows more than we do."""
    again = side.filled_ns and abs(fill.at_ns - side.filled_ns) <= FILLS_WITHIN_NS
    until_ns = now_ns + FILLS_OFF_NS if again else side.off_until_ns
    return SideState(max(fill.at_ns, side.filled_ns), until_ns)


def _shifted(state: EdgeState, by_ns: int) -> EdgeState:
    """The state with every time that is waited for moved along with the clock."""

    def side(old: SideState) -> SideState:
        return SideState(old.filled_ns, old.off_until_ns + by_ns)  # filled by the exchange's clock

    pending = tuple(attrs.evolve(p, at_ns=p.at_ns + by_ns) for p in state.adverse.pending)
    return attrs.evolve(
        state,
        adverse=attrs.evolve(state.adverse, pending=pending),
        jump_until_ns=state.jump_until_ns + by_ns,
        losing_until_ns=state.losing_until_ns + by_ns,
        apart_until_ns=state.apart_until_ns + by_ns,
        buys=side(state.buys),
        sells=side(state.sells),
    )
