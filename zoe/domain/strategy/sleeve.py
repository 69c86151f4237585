"""Sleeves: which part of the account's coins is whose.

A strategy's sleeve is what its own fills came to, and what was given to it (``claim`` in the
configuration). For every asset the sleeves and what belongs to nobody sum to the balance, always;
so what is unassigned may be negative, when a person sold a strategy's coins by hand: it then sells
so much less. Quantities are exact; costs are averages and may be rounded at their 40th digit.
"""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final

import attrs

from zoe.domain.order import Fill, Side
from zoe.domain.quantity import EXACT, exact_sum

ZERO: Final = Decimal(0)
_AVERAGES: Final = Context(prec=40)


@attrs.frozen
class Holding:
    """What a strategy has in one pair.

    Attributes:
        quantity: In base; below 0 only if more was sold than was held, which nobody here may.
        cost: What it cost, fees included, in quote.
        since_ns: Since when something was held without a pause.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    since_ns: int | None = None

    def after(self, fill: Fill, base: str) -> "Holding":
        """The holding after one execution."""
        fee_base = fill.fee if fill.fee_asset == base else ZERO
        fee_quote = ZERO if fill.fee_asset == base else fill.fee
        if fill.side is Side.BUY:
            return self.plus(
                EXACT.subtract(fill.quantity.value, fee_base),
                EXACT.add(fill.cost, fee_quote),
                fill.exchange_ns,
            )
        return self.minus(EXACT.add(fill.quantity.value, fee_base))

    def plus(self, quantity: Decimal, cost: Decimal, at_ns: int) -> "Holding":
        """The holding with so much more, bought at this cost."""
        since_ns = at_ns if self.since_ns is None else self.since_ns
        return Holding(EXACT.add(self.quantity, quantity), EXACT.add(self.cost, cost), since_ns)

    def minus(self, quantity: Decimal) -> "Holding":
        """The holding less so much, which leaves at its average cost."""
        left = EXACT.subtract(self.quantity, quantity)
        if left <= 0:
            return Holding(left)
        share = _AVERAGES.divide(_AVERAGES.multiply(self.cost, left), self.quantity)
        return Holding(left, share, self.since_ns)


@attrs.frozen
class Sleeve:
    """All that one strategy holds, as versioned data.

    Attributes:
        holdings: By pair, sorted.
        counted: Executions that are in it, by the intent of each order that is not settled yet.
    """

    schema: int = 1
    holdings: tuple[tuple[str, Holding], ...] = ()
    counted: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of(self, pair: str) -> Holding:
        """What is held in one pair."""
        return dict(self.holdings).get(pair, Holding())

    def after(self, intent_id: str, fill: Fill) -> "Sleeve":
        """The sleeve with an execution of one of its orders; the same for one that is in it."""
        counted = dict(self.counted)
        known = counted.get(intent_id, ())
        if fill.exec_id in known:
            return self
        counted[intent_id] = (*known, fill.exec_id)
        holding = self.of(fill.pair).after(fill, fill.pair.partition("/")[0])
        return attrs.evolve(self._with(fill.pair, holding), counted=tuple(sorted(counted.items())))

    def settled(self, intent_id: str) -> "Sleeve":
        """The sleeve once nothing more is told of an order."""
        counted = tuple(row for row in self.counted if row[0] != intent_id)
        return attrs.evolve(self, counted=counted)

    def given(self, pair: str, quantity: Decimal, cost: Decimal, at_ns: int) -> "Sleeve":
        """The sleeve with coins that it did not buy."""
        return self._with(pair, self.of(pair).plus(quantity, cost, at_ns))

    def total(self, base: str) -> Decimal:
        """What it holds of an asset in all pairs of that base (``BTC`` of ``BTC/USD``)."""
        return exact_sum(h.quantity for pair, h in self.holdings if pair.partition("/")[0] == base)

    def _with(self, pair: str, holding: Holding) -> "Sleeve":
        holdings = dict(self.holdings)
        holdings[pair] = holding
        if not holding.quantity:
            del holdings[pair]
        return attrs.evolve(self, holdings=tuple(sorted(holdings.items())))


def unassigned(base: str, balance: Decimal, sleeves: Iterable[Sleeve]) -> Decimal:
    """What of a balance is in no sleeve: with the sleeves it sums to the balance."""
    return EXACT.subtract(balance, exact_sum(sleeve.total(base) for sleeve in sleeves))


def sellable(sleeve: Sleeve, pair: str, base: str, nobodys: Decimal) -> Decimal:
    """What a strategy may sell in a pair: its own, less what is missing in the account.

    Args:
        nobodys: What is unassigned of the base; below 0 something is missing.
    """
    return max(EXACT.add(sleeve.of(pair).quantity, min(nobodys, ZERO)), ZERO)
