"""What the account is worth, and whether it has lost too much: RiskOfficer's part that looks.

A part of the officer, which owns it. What losses are measured from is journalled once a minute at
most, with what was held then, and goes on over restarts.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain import breaker as breakers
from zoe.domain.breaker import STRIKES, Breaker, Equity, Held
from zoe.domain.order_record import canonical
from zoe.domain.risk import Limits
from zoe.messages.journal import Hydrate, Hydrated, Record, Row
from zoe.messages.ledger import BalancesChanged
from zoe.runtime.actor import Actor

WRITE_NS: Final = 60_000_000_000
MARKED: Final = "equity.marked"
#: Later than any time.
_NEVER_NS: Final = 1 << 63
#: The day, the marks, what is held.
_Seen = tuple[int, Mapping[str, Decimal], Held]


class EquityWatch:
    """Balances, marks, and the breaker between them."""

    def __init__(self, officer: Actor, account_id: str, limits: Limits) -> None:
        self._officer = officer
        self._stream = f"equity/{account_id}"
        self._limits = limits
        self._version = 0
        self._written: tuple[Breaker | None, int] = (None, 0)
        #: What the last look saw, if nothing came of it, and until when nothing will (wall time).
        self._idle: tuple[_Seen, int] | None = None
        self._held: Held | None = None
        self.breaker: Breaker | None = None
        self.equity: Equity | None = None

    def start(self, ref: int) -> None:
        """Asks the journal for what losses are measured from."""
        wanted = Hydrate(ref, self._officer.me, stream=self._stream, last=True)
        self._officer.tell(self._officer.find("journal"), wanted)

    def hydrated(self, answer: Hydrated) -> None:
        """As it was."""
        if answer.rows:
            self._version = answer.rows[-1].version
            self.breaker = breakers.from_body(answer.rows[-1].body, self._limits.currency)

    def balances_changed(self, news: BalancesChanged) -> None:
        """The balances, and what of their change is deposits and withdrawals."""
        self._held = Held(dict(news.totals), dict(news.moved))

    def look(self, marks: Mapping[str, Decimal]) -> str | None:
        """Which limit the losses have passed for a while, with values; None where none is."""
        if self._held is None:
            return None
        now_ns = self._officer.clock.wall_ns()
        seen: _Seen = (now_ns // breakers.DAY_NS, marks, self._held)
        idle = self._idle
        if idle is not None and idle[0] == seen and now_ns < idle[1]:
            return None
        why = self._look(marks, self._held, now_ns)
        if self.breaker is not None and not self.breaker.strikes:
            written, at_ns = self._written
            self._idle = (seen, _NEVER_NS if self.breaker == written else at_ns + WRITE_NS)
        return why

    def _look(self, marks: Mapping[str, Decimal], held: Held, now_ns: int) -> str | None:
        self._idle = None
        equity = self.equity = breakers.value(held, marks, self._limits.currency)
        if self.breaker is None:
            self._begin(now_ns, equity)
            return None
        seen = self.breaker.observe(now_ns, equity)
        if seen is None:
            return None
        limits = self._limits
        why = breakers.passed(seen, equity, limits.max_daily_loss_bps, limits.max_drawdown_bps)
        strikes = 0 if why is None else seen.strikes + 1
        self.breaker = seen if strikes == seen.strikes else attrs.evolve(seen, strikes=strikes)
        self._write(now_ns)
        return why if self.breaker.strikes >= STRIKES else None

    def restart(self) -> None:
        """Losses are measured from here on: a person has decided to go on."""
        if self.equity is not None:
            self._begin(self._officer.clock.wall_ns(), self.equity)
        elif self.breaker is not None:
            self.breaker = None  # the next look begins

    def _begin(self, now_ns: int, equity: Equity) -> None:
        self.breaker = breakers.begin(now_ns, equity)
        self._written = (None, 0)
        self._write(now_ns)

    def _write(self, now_ns: int) -> None:
        assert self.breaker is not None
        known, at_ns = self._written
        if known is not None and now_ns - at_ns < WRITE_NS:
            return
        marks = attrs.evolve(self.breaker, strikes=0)
        if marks == known:
            return
        self._written = (marks, now_ns)
        self._version += 1
        body = canonical(breakers.to_body(marks, self._limits.currency))
        row = Row(self._stream, self._version, MARKED, body)
        self._officer.tell(self._officer.find("journal"), Record((row,)))
