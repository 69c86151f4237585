"""What the Edge Factory remembers of one pair, and how a View changes it.

Each View is learnt from once, whatever comes of it: a View that is shown again changes nothing, so
that the same View always gives the same wants. Where the clock goes back, what waits waits as long
as it still had to.
"""

import math
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.arrival import Arrival
from zoe.domain.strategy.edge_params import EdgeParams, Limits
from zoe.domain.strategy.fair_value import FINE, Own, Weighing, combined, own, premiums
from zoe.domain.strategy.own import OwnFill
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import View
from zoe.domain.strategy.volatility import (
    SECOND_NS,
    Bases,
    Volatility,
    basis_bps,
    learn_bases,
)

JUMP_OFF_NS: Final = 10 * SECOND_NS
FILLS_WITHIN_NS: Final = 10 * SECOND_NS
FILLS_OFF_NS: Final = 20 * SECOND_NS
LOSING_OFF_NS: Final = 1_800 * SECOND_NS


@attrs.frozen
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


@attrs.frozen
class EdgeState:
    """Everything that is remembered of a pair.

    Attributes:
        learned: Time and cause of the newest View.
        seen: None where that View's book could not be used.
        fair: The newest fair value there was, in fine units; 0 before the first.
        jump_until_ns: Both sides are off until then.
        losing_until_ns: The bid is off until then.
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


def learnt(
    state: EdgeState, view: View, steps: Steps, rules: tuple[EdgeParams, Limits, Weighing | None]
) -> EdgeState:
    """The state with all that a View shows.

    Args:
        rules: No weighing where the View's book must not be relied on: only fills are noted then.
    """
    params, limits, weighing = rules
    name = (view.now_ns, view.cause)
    if state.learned == name:
        return state
    if view.now_ns < state.learned[0]:
        state = _shifted(state, view.now_ns - state.learned[0])
    mine = None
    if weighing is not None and view.book is not None:
        mine = own(view.book, steps.qty_min, steps.tick, weighing)
    if mine is None or weighing is None:
        state = attrs.evolve(state, learned=name, seen=None)
    else:
        state = _valued(state, view, mine, (params, limits, weighing))
    return _filled(state, view) if view.fills else state


def _valued(
    state: EdgeState, view: View, mine: Own, rules: tuple[EdgeParams, Limits, Weighing]
) -> EdgeState:
    """With fair value, and all that is learnt from it."""
    params, limits, weighing = rules
    now_ns, volatility, bases = view.now_ns, state.volatility, state.bases
    seconds = volatility.seconds_since(now_ns)
    if view.siblings and (seconds or len(bases) < len(view.siblings)):
        bases = learn_bases(bases, premiums(mine, view.siblings, weighing), seconds)
    assert view.book is not None
    sigma = volatility.sigma_bps(params.sigma_floor_bps)
    sources = [(sibling, basis_bps(bases, sibling.symbol)) for sibling in view.siblings]
    estimate = combined(mine, view.book.age_ms, sigma, sources, weighing)
    fair, name = estimate.fair, (now_ns, view.cause)
    seen = Seen(fair, estimate.disagreement_bps, mine.half_spread_bps, estimate.sources)
    if fair is None:
        return attrs.evolve(state, learned=name, bases=bases, seen=seen)
    adverse = state.adverse.after(now_ns, fair, params.t_a_seconds)
    # By hand: evolving takes three times as long, and this is done with every View.
    return EdgeState(
        state.schema,
        name,
        seen,
        fair,
        volatility.after(now_ns, fair, limits.half_lives),
        bases,
        state.arrival.after(now_ns, fair, view.tape.sweeps),
        adverse,
        _jump_until(state, seconds, (now_ns, fair), params),
        _losing_until(state, adverse, now_ns, params),
        state.buys,
        state.sells,
    )


def _jump_until(state: EdgeState, seconds: int, seen: tuple[int, int], params: EdgeParams) -> int:
    """Off for a while after a move within a second that is far out of the ordinary.

    Args:
        seen: Time and fair value.
    """
    volatility, (now_ns, fair) = state.volatility, seen
    if volatility.second is None or not volatility.slow.weight or fair == volatility.fair:
        return state.jump_until_ns
    usual = volatility.slow_bps(params.sigma_floor_bps) * math.sqrt(max(seconds, 1))
    if abs(volatility.move_bps(fair)) > params.jump * usual:
        return now_ns + JUMP_OFF_NS
    return state.jump_until_ns


def _losing_until(state: EdgeState, adverse: Adverse, now_ns: int, params: EdgeParams) -> int:
    """Off for a while once a fill was measured and the last 20 have lost on average."""
    if adverse.measured == state.adverse.measured:
        return state.losing_until_ns
    mean = adverse.mean_realised_milli()
    if mean is not None and mean < -params.e_min_bps * 1_000:
        return now_ns + LOSING_OFF_NS
    return state.losing_until_ns


def _filled(state: EdgeState, view: View) -> EdgeState:
    """With own fills that were not told before."""
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
    """With every time that is waited for moved along with the clock."""

    def side(old: SideState) -> SideState:
        return SideState(old.filled_ns, old.off_until_ns + by_ns)  # filled by the exchange's clock

    pending = tuple(attrs.evolve(p, at_ns=p.at_ns + by_ns) for p in state.adverse.pending)
    return attrs.evolve(
        state,
        adverse=attrs.evolve(state.adverse, pending=pending),
        jump_until_ns=state.jump_until_ns + by_ns,
        losing_until_ns=state.losing_until_ns + by_ns,
        buys=side(state.buys),
        sells=side(state.sells),
    )
