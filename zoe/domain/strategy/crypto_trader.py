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


@attrs.frozen
class CryptoTrader:
    """The strategy with its parameters, and what risk allows an order to be worth, in quote."""

    params: Params = attrs.field(factory=Params)
    order_quote: Decimal | None = None
    name: str = NAME
    slots: tuple[str, ...] = SLOTS
    needs: Needs = attrs.field(factory=lambda: Needs(bars={"5m": 300}, scouted=True))
    state_type: type[Any] = State
    #: What each pair's newest bars said: they are read once, not at every wake. Only ever the
    #: answer that would be worked out again from the very same bars.
    _read: dict[str, tuple[tuple[Bar, ...], Facts | None, str | None]] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )

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
            known = self._read[symbol] = (bars, facts, flaw)
        return look(view, self.params, known[1], known[2], self.order_quote)
