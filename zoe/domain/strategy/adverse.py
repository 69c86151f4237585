"""Adverse selection: how far fair value runs after our own fills, and what they really earned.

A fill is measured some time after it happened, against fair value when it did: measured against its
price, the spread that we earned would hide what it cost.
"""

from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.fair_value import FINE, WHOLE
from zoe.domain.strategy.own import OwnFill
from zoe.domain.strategy.volatility import SECOND_NS

#: Bound once: to ask the enum for a member takes as long as to work out a price.
_BUY: Final = Side.BUY
#: So many realised edges are looked at.
NEWEST: Final = 20
#: Executions remembered by their ids, so that none counts twice.
_KNOWN: Final = 64


@attrs.frozen
class Pending:
    """A fill that is not measured yet; ``fair`` is fair value when it was told, in fine units."""

    side: Side
    at_ns: int
    fair: int
    price: int
    fee_milli: int


@attrs.frozen
class Adverse:
    """What own fills have shown, by side; distances in thousandths of a bp.

    Attributes:
        realised: The newest realised edges, oldest first.
        measured: How many fills were measured in all.
        known: Ids of the newest executions.
    """

    buys: int = 0
    buys_sum: int = 0
    sells: int = 0
    sells_sum: int = 0
    measured: int = 0
    pending: tuple[Pending, ...] = ()
    realised: tuple[int, ...] = ()
    known: tuple[str, ...] = ()

    def unknown(self, fills: tuple[OwnFill, ...]) -> tuple[OwnFill, ...]:
        """The fills that were not told before."""
        fresh: dict[str, OwnFill] = {}
        for fill in fills:
            if fill.exec_id not in self.known:
                fresh.setdefault(fill.exec_id, fill)
        return tuple(fresh.values())

    def noted(self, fills: tuple[OwnFill, ...], fair: int) -> "Adverse":
        """The memory with new fills added, to be measured later."""
        if not fills:
            return self
        pending = tuple(
            Pending(f.side, f.at_ns, fair, f.price, round(f.fee_bps * 1_000)) for f in fills
        )
        known = (*self.known, *(f.exec_id for f in fills))[-_KNOWN:]
        return attrs.evolve(self, pending=self.pending + pending, known=known)

    def after(self, now_ns: int, fair: int, wait_seconds: float) -> "Adverse":
        """The memory with each fill measured whose time has come."""
        if not self.pending:
            return self
        wait_ns = round(wait_seconds * SECOND_NS)
        due = [p for p in self.pending if p.at_ns + wait_ns <= now_ns]
        if not due:
            return self
        changed = self
        for fill in due:
            changed = changed._measured(fill, fair)
        left = tuple(p for p in self.pending if p.at_ns + wait_ns > now_ns)
        return attrs.evolve(changed, pending=left)

    def _measured(self, fill: Pending, fair: int) -> "Adverse":
        sign = 1 if fill.side is _BUY else -1
        against = sign * (fill.fair - fair) * WHOLE // fill.fair
        paid = fill.price * FINE
        edge = sign * (fair - paid) * WHOLE // paid - fill.fee_milli
        realised = (*self.realised, edge)[-NEWEST:]
        bought = int(fill.side is _BUY)
        return attrs.evolve(
            self,
            buys=self.buys + bought,
            buys_sum=self.buys_sum + bought * against,
            sells=self.sells + 1 - bought,
            sells_sum=self.sells_sum + (1 - bought) * against,
            measured=self.measured + 1,
            realised=realised,
        )

    def cost_milli(self, side: Side, a0_bps: float, n0: int) -> int:
        """a = (n·ā + n0·a0)/(n + n0), where ā is the mean over our fills and never below 0."""
        count = self.buys if side is _BUY else self.sells
        total = self.buys_sum if side is _BUY else self.sells_sum
        return round((max(total, 0) + n0 * a0_bps * 1_000) / (count + n0))

    def mean_realised_milli(self) -> float | None:
        """The mean edge of the last 20 fills, in thousandths of a bp; None while there are
        fewer."""
        return sum(self.realised) / NEWEST if len(self.realised) == NEWEST else None
