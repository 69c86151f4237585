"""Crowd: a strategy for simulations that wants many small orders at once, inside the spread.

Whatever is filled is wanted again, so that a second of virtual time sees several orders' whole
lives; a mid that wanders has the rest canceled and placed anew.
"""

from functools import cache, lru_cache
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.risk import TradingState
from zoe.domain.strategy.view import Decision, View, Want

NAME: Final = "crowd"
#: Wants hold for two of these spans and more: within one they are the same, and are made once.
_SPAN_NS: Final = 4_000_000_000
#: In price units: how far from the mid the first of each side stands, and each next one from it.
_FIRST: Final = 60
_APART: Final = 10

_want: Final = quick(Want)


@attrs.frozen
class State:
    """What it remembers: twice the mid that it stands round, in price units."""

    anchor_twice: int | None = None


@attrs.frozen
class Crowd:
    """A strategy with many slots, for simulations of crowded books; implements Strategy.

    Attributes:
        size: Orders a side.
        quantity: Of each, in the pair's units.
        follows: So many price units the mid may go before all of them follow it.
    """

    pair: str
    size: int
    quantity: int = 100_000
    follows: int = 120
    name: str = NAME

    @property
    def slots(self) -> tuple[str, ...]:
        """``bid.0`` to ``ask.N``."""
        return tuple(slot for slot, _, _ in _places(self.size))

    def initial(self) -> State:
        """Nothing wanted yet."""
        return State()

    def decide(self, state: State, view: View) -> Decision:
        """See the module."""
        touch = view.touch
        if view.trading_state is not TradingState.ACTIVE or not touch.live:
            return Decision(state, (), ("WAITS",))
        if touch.bid is None or touch.ask is None:
            return Decision(state, (), ("EMPTY_BOOK",))
        twice = touch.bid + touch.ask
        if state.anchor_twice is None or abs(twice - state.anchor_twice) > 2 * self.follows:
            state = State(twice)
        assert state.anchor_twice is not None
        until_ns = (view.now_ns // _SPAN_NS + 3) * _SPAN_NS
        return Decision(state, _wants(self, state.anchor_twice // 2, until_ns), ("CROWD",))


@lru_cache(maxsize=64)
def _wants(crowd: Crowd, mid: int, until_ns: int) -> tuple[Want, ...]:
    """What a crowd wants round a mid."""
    pair, quantity = crowd.pair, crowd.quantity
    return tuple(
        [
            _want(slot, pair, side, mid + away, quantity, True, until_ns, NAME)
            for slot, side, away in _places(crowd.size)
        ]
    )


@cache
def _places(size: int) -> tuple[tuple[str, Side, int], ...]:
    """The slot, the side and the distance from the mid of each of ``size`` orders a side."""
    return tuple(
        (f"{name}.{n}", side, sign * (_FIRST + n * _APART))
        for name, side, sign in (("bid", Side.BUY, -1), ("ask", Side.SELL, 1))
        for n in range(size)
    )
