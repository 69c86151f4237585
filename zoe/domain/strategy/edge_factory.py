"""Edge Factory: quote where the edge survives the fee, and most of the time not at all.

One pair at a time: fair value with its siblings in other quote currencies, what a fill costs, how
often one comes at which distance, and how much the inventory is worth being rid of. Which formula
is where stands in docs/edge-factory.md.
"""

from typing import Final

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.quick import quick
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_pull import book_fault, pull
from zoe.domain.strategy.edge_quotes import ASK, BID, ask, bid, scene
from zoe.domain.strategy.edge_state import APART_OFF_NS, EdgeState, learnt
from zoe.domain.strategy.edge_terms import Kept
from zoe.domain.strategy.fair_value import MicroPrice, Weighing
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import Decision, Needs, View, Want

NAME: Final = "edge_factory"
NEEDS: Final = Needs(focus_seconds=600)
_DECISION: Final = quick(Decision)
_APART: Final = ("SIBLINGS_APART",)


def _weighing(factory: "EdgeFactory") -> Weighing:
    params = factory.params
    return Weighing(
        params.kappa, params.lambda_bps, params.tau_bps, params.max_age_ms, factory.micro
    )


@attrs.frozen
class EdgeFactory:
    """Implements Engine.

    Attributes:
        micro: A fitted table that replaces kappa, None where nothing was fitted.
    """

    params: EdgeParams = attrs.field(factory=EdgeParams)
    micro: MicroPrice | None = None
    weighing: Weighing = attrs.field(init=False, default=attrs.Factory(_weighing, takes_self=True))
    #: What was worked out for a pair: whether it is there changes nothing but the time.
    _kept: dict[str, tuple[Instrument, Kept]] = attrs.field(
        init=False, eq=False, repr=False, factory=dict
    )
    name: str = NAME
    slots: tuple[str, ...] = (BID, ASK)
    needs: Needs = NEEDS
    state_type: type[EdgeState] = EdgeState

    def memory(self, pair: str) -> str:
        """Each pair is remembered by itself."""
        return pair

    def initial(self) -> EdgeState:
        """Nothing seen yet."""
        return EdgeState()

    def decide(self, state: EdgeState, view: View) -> Decision:
        """See the module."""
        pair = view.instrument
        known = self._kept.get(pair.symbol)
        if known is None or known[0] is not pair:
            known = (pair, Kept(self.params, self.weighing, Steps.of(pair)))
            self._kept[pair.symbol] = known
        kept = known[1]
        fault = book_fault(view, kept.steps, self.params)
        state = learnt(state, view, kept, is_usable=fault is None)
        money = kept.money(view.account)
        reason = pull(view, state, self.params, fault, money)
        if reason is not None:
            return _DECISION(state, (), (reason,))
        base = scene(view, state, kept, money)
        if base is None:
            until_ns = view.now_ns + APART_OFF_NS
            return _DECISION(attrs.evolve(state, apart_until_ns=until_ns), (), _APART)
        # Around the limit they would be apart and together with every other quote.
        if view.now_ns < state.apart_until_ns:
            return _DECISION(state, (), _APART)
        below = bid(base)
        leaving = isinstance(below, str)
        above = ask(base, leaving=leaving)
        if isinstance(below, Want) and isinstance(above, Want):
            if below.price >= above.price:
                return _DECISION(state, (), ("SIDES_CROSS",))
            return _DECISION(state, (below, above), ("QUOTING",))
        return _DECISION(state, *_half(below, above))


def _half(below: Want | str, above: Want | str) -> tuple[tuple[Want, ...], tuple[str, ...]]:
    """Wants and reasons where one side at least is off."""
    if isinstance(below, Want):
        return (below,), (f"ask:{above}",)
    if isinstance(above, Want):
        return (above,), (f"bid:{below}", "EXIT")
    return (), (f"bid:{below}", f"ask:{above}")
