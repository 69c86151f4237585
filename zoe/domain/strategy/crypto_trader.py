"""CryptoTrader: scans, enters as a maker, protects, and leaves. One state for all pairs.

``docs/crypto-trader.md`` has every formula with an example. It is asked about one pair at a time and
speaks of that pair's slots alone; limits over all pairs hold since every trade is in the one state
that each decision reads and replaces.
"""

from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.domain.strategy import bar_facts, trader_entry, trader_hold
from zoe.domain.strategy.bar_facts import Facts
from zoe.domain.strategy.trader_look import SLOTS, Look, look
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.trader_state import State
from zoe.domain.strategy.view import Bar, Decision, Needs, View

NAME: Final = "crypto_trader"
#: A pair that is looked at has new bars of five minutes before this.
_READ_NS: Final = 900_000_000_000

#: Bars, what they say, what is wrong with them, and when they were read.
_Read = tuple[tuple[Bar, ...], Facts | None, str | None, int]


@attrs.frozen
class CryptoTrader:
    """The strategy with its parameters, and what risk allows an order to be worth, in quote."""

    params: Params = attrs.field(factory=Params)
    order_quote: Decimal | None = None
    name: str = NAME
    slots: tuple[str, ...] = SLOTS
    needs: Needs = attrs.field(factory=lambda: Needs(bars={"5m": 300}, scouted=True))
    state_type: type[Any] = State
    #: What each pair's newest bars said, and when they were read: once, not at every wake. Only ever
    #: the answer that would be worked out again from the very same bars.
    _read: dict[str, _Read] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    def memory(self, pair: str) -> str:
        """All pairs share one."""
        return ""

    def initial(self) -> State:
        """No trades, no memories."""
        return State()

    def decide(self, state: State, view: View) -> Decision:
        """See the module."""
        seen = self._look(view)
        trade = state.trade(seen.pair)
        if trade is not None:
            after, wants, reasons = trader_hold.hold(state, trade, seen)
        elif trader_hold.is_orphan(seen):
            after, wants, reasons = trader_hold.adopt(state, seen)
        else:
            after, wants, reasons = trader_entry.consider(state, seen)
            if seen.held:
                reasons = (*reasons, "DUST")
        return Decision(after, wants, reasons)

    def _look(self, view: View) -> Look:
        bars = view.closed_bars("5m")
        symbol = view.instrument.symbol
        known = self._read.get(symbol)
        if known is None or known[0] is not bars:
            flaw = bar_facts.flaw(bars)
            facts = None if flaw else bar_facts.facts(bars, self.params.breakout_bars)
            known = (bars, facts, flaw, view.now_ns)
            self._keep(symbol, known)
        return look(view, self.params, known[1], known[2], self.order_quote)

    def _keep(self, symbol: str, read: _Read) -> None:
        """Also lets go of what was read too long ago to be the newest bars of a pair it looks at."""
        from_ns = read[3] - _READ_NS
        for other in [name for name, known in self._read.items() if known[3] < from_ns]:
            del self._read[other]
        self._read[symbol] = read
