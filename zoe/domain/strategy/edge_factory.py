"""Edge Factory: quote where the edge survives the fee, and most of the time not at all.

One pair at a time: fair value with its siblings in other quote currencies, what a fill costs, how
often one comes at which distance, and how much the inventory is worth being rid of. Which formula
is where stands in docs/edge-factory.md.
"""

from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.edge_params import EdgeParams, Limits
from zoe.domain.strategy.edge_pull import book_fault, pull
from zoe.domain.strategy.edge_quotes import Ground, Quote, Scene, are_apart, ask, bid, ground
from zoe.domain.strategy.edge_state import EdgeState, learnt
from zoe.domain.strategy.fair_value import MicroPrice, Weighing
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import Decision, Needs, View, Want

#: Bound once: to ask the enum for a member takes as long as to work out a price.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
BID: Final = "bid.0"
ASK: Final = "ask.0"
NAME: Final = "edge_factory"
_VALID_NS: Final = 10_000_000_000
NEEDS: Final = Needs(focus_seconds=600)


def _weighing(factory: "EdgeFactory") -> Weighing:
    params = factory.params
    return Weighing(
        params.kappa, params.lambda_bps, params.tau_bps, params.max_age_ms, factory.micro
    )


def _limits(factory: "EdgeFactory") -> Limits:
    return Limits.of(factory.params)


@attrs.frozen
class EdgeFactory:
    """Implements Engine.

    Attributes:
        micro: A fitted table that replaces kappa, None where nothing was fitted.
    """

    params: EdgeParams = attrs.field(factory=EdgeParams)
    micro: MicroPrice | None = None
    weighing: Weighing = attrs.field(init=False, default=attrs.Factory(_weighing, takes_self=True))
    limits: Limits = attrs.field(init=False, default=attrs.Factory(_limits, takes_self=True))
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
        steps = Steps.of(view.instrument)
        fault = book_fault(view, steps, self.params)
        weighing = self.weighing if fault is None else None
        state = learnt(state, view, steps, (self.params, self.limits, weighing))
        reason = pull(view, state, self.params, fault)
        if reason is not None:
            return Decision(state, (), (reason,))
        wants, reasons = _quoted(Scene(view, state, self.params, self.limits, steps))
        return Decision(state, wants, reasons)


def _quoted(scene: Scene) -> tuple[tuple[Want, ...], tuple[str, ...]]:
    """Wants and reasons of a View that nothing speaks against."""
    base = ground(scene)
    if are_apart(scene.state, base):
        return (), ("SIBLINGS_APART",)
    below = bid(scene, base)
    above = ask(scene, base, leaving=below.off is not None)
    if below.off is None and above.off is None and below.price >= above.price:
        return (), ("SIDES_CROSS",)
    wants: list[Want] = []
    reasons: list[str] = []
    for key, side, quote in ((BID, _BUY, below), (ASK, _SELL, above)):
        if quote.off is not None:
            reasons.append(f"{key[:3]}:{quote.off}")
            continue
        if quote.is_exit:
            reasons.append("EXIT")
        wants.append(_want(scene.view, base, (key, side), quote))
    return tuple(wants), tuple(reasons) or ("QUOTING",)


def _want(view: View, base: Ground, slot: tuple[str, Side], quote: Quote) -> Want:
    key, side = slot
    return Want(
        key=key,
        pair=view.instrument.symbol,
        side=side,
        price=quote.price,
        quantity=quote.quantity,
        post_only=True,
        valid_until_ns=view.now_ns + _VALID_NS,
        reason=_explained(base, quote),
    )


def _explained(base: Ground, quote: Quote) -> str:
    """How it came about: distances in thousandths of a bp, q of a lot, fair value in fine units."""
    base_milli, risk_milli = base.made_of
    return (
        f"h {quote.distance} = cost {quote.cost}, base {base_milli}, risk {risk_milli} a lot, "
        f"q {base.q}; fair {base.fair}"
    )
