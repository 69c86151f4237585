"""What one event does to the lots: the net-movement rule and its company (convention K1).

Rows of one refid are one event. Of each asset it moves ``amount - fee`` in all; what is less than
zero was disposed of, what is more was acquired, and both sides are worth the same.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from zoe.domain.ledger_row import Kind
from zoe.domain.lot_outcome import Alarm, Flow, Group, Outcome, plain_outcome
from zoe.domain.lots import (
    FEE,
    REVERSED_INCOME,
    SALE,
    TRANSFER_OUT,
    Lot,
    LotPools,
    LotUse,
)
from zoe.domain.marks import FEE_CREDIT, ROUTES, USD, Mark, Marks, MarkTable


class LotBooking:
    """Books events, one after the other in their order; the last one can be undone."""

    def __init__(self, marks: Marks, declared: Mapping[str, int]) -> None:
        """``declared``: units of USD that were paid for a deposit, by its ledger id."""
        self.pools = LotPools()
        self.stopped: set[str] = set()
        self.declared = declared
        self._marks = marks
        #: A table says the same for ever; any other source must not change its mind later.
        self._lasting = isinstance(marks, MarkTable)
        self._pinned: dict[tuple[str, int], Mark] = {}

    def book(self, group: Group) -> Outcome:
        """What the event does to the lots."""
        if group.kind is _TRADE:
            plain = self._plain_trade(group)
            if plain is not None:
                return plain
        return _Event(self, group).outcome()

    def _plain_trade(self, group: Group) -> Outcome | None:
        """A trade of one asset for another, as nine in ten events are; None for anything else.

        ``_Event`` comes to the same, by a longer way.
        """
        nets = group.nets()
        if len(nets) != 2 or (self.stopped and not self.stopped.isdisjoint(nets)):
            return None
        (given, lost), (got, gained) = nets.items()
        if lost > 0:
            given, lost, got, gained = got, gained, given, lost
        if lost > 0 or gained < 0 or (given != USD and self.pools.held_of(given) < -lost):
            return None
        worth = -lost if given == USD else gained if got == USD else None
        marks: tuple[Mark, ...] = ()
        if worth is None:
            first = given if _rank(given) < _rank(got) else got
            mark = self.mark(first, group.time_ns)
            if mark is None:
                return None
            worth, marks = abs(mark.value(nets[first])), (mark,)
        return self._exchanged(group, (given, -lost, got, gained), worth, marks)

    def _exchanged(
        self, group: Group, legs: tuple[str, int, str, int], worth: int, marks: tuple[Mark, ...]
    ) -> Outcome:
        given, lost, got, gained = legs
        uses: tuple[LotUse, ...] = ()
        lots: tuple[Lot, ...] = ()
        flows: tuple[tuple[Flow, int], ...] = ()
        if given != USD:
            uses = tuple(self.pools.take(given, lost, worth, group, SALE))
            gain = worth
            for use in uses:
                gain -= use.basis
            if gain:
                flows = ((_SALE_GAIN, gain),)
        if got != USD:
            lot = Lot(f"{group.key}/{got}", got, group.time_ns, gained, worth, gained, worth)
            self.pools.open(lot)
            lots = (lot,)
        return plain_outcome((group, group.time_ns, lots, uses, flows, marks, (), ()))

    def undo(self, outcome: Outcome) -> None:
        """Takes back the last event that was booked."""
        for lot in reversed(outcome.lots):
            self.pools.close(lot)
        self.pools.give_back(reversed(outcome.uses))
        self.stopped.difference_update(outcome.stopped)

    def mark(self, asset: str, at_ns: int) -> Mark | None:
        """The mark of a time; what was once found stays."""
        if self._lasting and not self._pinned:
            return self._marks.mark(asset, at_ns)
        found = self._pinned.get((asset, at_ns))
        if found is None:
            found = self._marks.mark(asset, at_ns)
            if found is not None and not self._lasting:
                self._pinned[asset, at_ns] = found
        return found

    def close(self, from_ns: int) -> None:
        """Lets go of the marks of earlier events, which are not valued again."""
        self._pinned = {when: mark for when, mark in self._pinned.items() if when[1] >= from_ns}

    def pin(self, marks: Iterable[tuple[int, Mark]]) -> None:
        """Takes marks that events were valued with before, with the events' times."""
        for at_ns, mark in marks:
            self._pinned[mark.asset, at_ns] = mark


#: To ask an enum for a member takes longer than a sum.
_TRADE: Final = Kind.TRADE
_SALE_GAIN: Final = Flow.SALE_GAIN
_RANKS: Final = {asset: rank for rank, asset in enumerate(ROUTES)}


def _rank(asset: str) -> tuple[int, str]:
    """Which leg of a trade says what it is worth."""
    return _RANKS.get(asset, len(ROUTES)), asset


def _shared(worth: int, weights: list[int]) -> list[int]:
    """``worth`` in parts by weight; the last part takes what rounding left."""
    if len(weights) == 1:
        return [worth]
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    parts = [worth * weight // whole for weight in weights]
    parts[-1] += worth - sum(parts)
    return parts


class _Event:
    """One event while it is booked."""

    __slots__ = (
        *("_alarms", "_booking", "_flows", "_group", "_key", "_lots", "_marks"),
        *("_stopped", "_time_ns", "_uses"),
    )

    def __init__(self, booking: LotBooking, group: Group) -> None:
        self._booking = booking
        self._group = group
        self._key = group.key
        self._time_ns = group.time_ns
        self._lots: list[Lot] = []
        self._uses: list[LotUse] = []
        self._flows: dict[Flow, int] = {}
        self._marks: list[Mark] = []
        self._alarms: list[tuple[Alarm, str]] = []
        self._stopped: list[str] = []

    def outcome(self) -> Outcome:
        match self._group.kind:
            case Kind.TRADE:
                self._trade()
            case Kind.DEPOSIT:
                self._deposit()
            case Kind.WITHDRAWAL:
                self._each_amount_and_fee(self._withdrawn)
            case Kind.INCOME:
                self._income()
            case Kind.MOVE:
                self._each_amount_and_fee(lambda asset, amount: None)
            case Kind.ROLLOVER:
                self._each_amount_and_fee(lambda asset, amount: self._fee(asset, -amount))
            case Kind.SUSPENSE:
                self._each_amount_and_fee(self._suspended)
        return Outcome(
            self._group,
            self._time_ns,
            *(tuple(self._lots), tuple(self._uses), tuple(self._flows.items())),
            *(tuple(self._marks), tuple(self._alarms), tuple(self._stopped)),
        )

    def _trade(self) -> None:
        nets = self._group.nets()
        out = sorted(asset for asset, net in nets.items() if net < 0)
        into = sorted(asset for asset, net in nets.items() if net > 0)
        if len(out) == len(into) == 1:
            worth = self._anchored(nets, out, into)
            self._dispose(out[0], -nets[out[0]], worth)
            self._acquire(into[0], nets[into[0]], worth)
        elif out and into:
            self._exchange(nets, out, into)
        else:
            self._one_leg(nets)

    def _anchored(self, nets: dict[str, int], out: list[str], into: list[str]) -> int:
        """What each side of a trade is worth: what the side of its first valued leg is."""
        for asset in sorted(nets, key=_rank):
            side = out if asset in out else into
            if asset == USD or self._mark(asset) is not None:
                return sum(self._worth(leg, abs(nets[leg])) for leg in side)
        self._alarm(Alarm.UNVALUED, min(nets, key=_rank))
        return 0

    def _exchange(self, nets: dict[str, int], out: list[str], into: list[str]) -> None:
        """A trade with several legs on a side, which share its worth as the market values them."""
        worth = self._anchored(nets, out, into)
        for side, book in ((out, self._dispose), (into, self._acquire)):
            quantities = [abs(nets[asset]) for asset in side]
            weights = [
                self._worth(asset, quantity)
                for asset, quantity in zip(side, quantities, strict=True)
            ]
            shares = _shared(worth, weights)
            for asset, quantity, share in zip(side, quantities, shares, strict=True):
                book(asset, quantity, share)

    def _one_leg(self, nets: dict[str, int]) -> None:
        """Dust: something left or came against nothing that the ledger can count."""
        for asset, net in sorted(nets.items()):
            self._alarm(Alarm.ONE_LEG, asset)
            if asset == USD:
                self._flow(Flow.CASH_DIFFERENCE, net)
            elif net < 0:
                self._dispose(asset, -net, 0)
            else:
                self._acquire(asset, net, 0)

    def _dispose(self, asset: str, quantity: int, worth: int) -> None:
        """Disposes of a trade's leg; USD is cash and has no lots."""
        if asset == USD:
            return
        basis = self._take(asset, SALE, quantity, worth)
        if basis is None:
            self._flow(Flow.UNBOOKED, worth)
        else:
            self._flow(Flow.SALE_GAIN, worth - basis)

    def _acquire(self, asset: str, quantity: int, worth: int) -> None:
        if asset == USD:
            return
        if not self._open(asset, quantity, worth):
            self._flow(Flow.UNBOOKED, -worth)

    def _deposit(self) -> None:
        for asset, amount, fee in self._sums():
            net = amount - fee
            if asset == USD:
                self._flow(Flow.EXTERNAL_CASH, amount)
                self._flow(Flow.CASH_FEES, fee)
            elif net > 0:
                self._arrive(asset, net)
            elif net < 0:
                self._leave(asset, -net)

    def _arrive(self, asset: str, quantity: int) -> None:
        """A lot with the declared basis, else what the market says, and flagged."""
        booking = self._booking
        declared = [
            booking.declared[row.ledger_id]
            for row in self._group.rows
            if row.ledger_id in booking.declared and row.asset == asset
        ]
        basis = sum(declared) if declared else self._worth(asset, quantity)
        unvalued = not declared and self._unvalued(asset)
        if self._open(asset, quantity, basis, assumed=not declared, unvalued=unvalued):
            self._flow(Flow.DEPOSIT_BASIS, basis)

    def _leave(self, asset: str, quantity: int) -> None:
        """Leaves at its basis, without gain."""
        basis = self._take(asset, TRANSFER_OUT, quantity, None)
        if basis is not None:
            self._flow(Flow.TRANSFERRED_BASIS, basis)

    def _withdrawn(self, asset: str, amount: int) -> None:
        if asset == USD:
            self._flow(Flow.EXTERNAL_CASH, amount)
        elif amount < 0:
            self._leave(asset, -amount)
        elif amount > 0:
            self._arrive(asset, amount)

    def _income(self) -> None:
        for asset, net in sorted(self._group.nets().items()):
            if asset == USD:
                self._flow(Flow.INCOME, net)
                continue
            worth = self._worth(asset, abs(net))
            if net > 0:
                unvalued = self._unvalued(asset)
                if self._open(asset, net, worth, unvalued=unvalued):
                    self._flow(Flow.INCOME, worth)
            else:
                basis = self._take(asset, REVERSED_INCOME, -net, worth)
                if basis is not None:
                    self._flow(Flow.INCOME, -worth)
                    self._flow(Flow.SALE_GAIN, worth - basis)

    def _suspended(self, asset: str, amount: int) -> None:
        self._alarm(Alarm.SUSPENSE, asset)
        if asset == USD:
            self._flow(Flow.SUSPENSE_CASH, amount)

    def _each_amount_and_fee(self, amounts: Callable[[str, int], None]) -> None:
        """First every amount, then every fee, asset by asset."""
        sums = self._sums()
        for asset, amount, _fee in sums:
            amounts(asset, amount)
        for asset, _amount, fee in sums:
            self._fee(asset, fee)

    def _fee(self, asset: str, fee: int) -> None:
        """A fee that is no part of a trade: disposed of at the market's price, and an expense."""
        if asset == USD:
            self._flow(Flow.CASH_FEES, fee)
        elif fee > 0:
            worth = self._worth(asset, fee)
            basis = self._take(asset, FEE, fee, worth)
            if basis is not None:
                self._flow(Flow.FEE_GAIN, worth - basis)
                self._flow(Flow.FEE_EXPENSE, worth)
        elif fee < 0:
            worth = self._worth(asset, -fee)
            if self._open(asset, -fee, worth, unvalued=self._unvalued(asset)):
                self._flow(Flow.INCOME, worth)

    def _sums(self) -> list[tuple[str, int, int]]:
        """Amount and fee of each asset, in the order of their names; what cancels is left out."""
        amounts: dict[str, int] = {}
        fees: dict[str, int] = {}
        for row in self._group.rows:
            asset = row.asset
            amounts[asset] = amounts.get(asset, 0) + row.amount
            fees[asset] = fees.get(asset, 0) + row.fee
        amounts.pop(FEE_CREDIT, None)
        return [
            (asset, amount, fees[asset])
            for asset, amount in sorted(amounts.items())
            if amount or fees[asset]
        ]

    def _take(self, asset: str, kind: str, quantity: int, worth: int | None) -> int | None:
        """The basis of what was taken; more than the lots hold stops the booking of the asset."""
        booking = self._booking
        if asset in booking.stopped:
            self._alarm(Alarm.STOPPED, asset)
            return None
        if booking.pools.held_of(asset) < quantity:
            booking.stopped.add(asset)
            self._stopped.append(asset)
            self._alarm(Alarm.OVERSOLD, asset)
            return None
        uses = booking.pools.take(asset, quantity, worth, self._group, kind)
        self._uses += uses
        return sum(use.basis for use in uses)

    def _open(
        self,
        asset: str,
        quantity: int,
        basis: int,
        *,
        assumed: bool = False,
        unvalued: bool = False,
    ) -> bool:
        if asset in self._booking.stopped:
            self._alarm(Alarm.STOPPED, asset)
            return False
        lot_id = f"{self._key}/{asset}"
        if self._lots and any(lot.lot_id == lot_id for lot in self._lots):
            lot_id += f"#{len(self._lots)}"
        whole = quantity, basis
        lot = Lot(lot_id, asset, self._time_ns, *whole, *whole, assumed, unvalued)
        self._booking.pools.open(lot)
        self._lots.append(lot)
        return True

    def _worth(self, asset: str, quantity: int) -> int:
        if asset == USD:
            return quantity
        mark = self._mark(asset)
        if mark is None:
            self._alarm(Alarm.UNVALUED, asset)
            return 0
        if mark not in self._marks:
            self._marks.append(mark)
        return mark.value(quantity)

    def _unvalued(self, asset: str) -> bool:
        return bool(self._alarms) and (Alarm.UNVALUED, asset) in self._alarms

    def _mark(self, asset: str) -> Mark | None:
        return self._booking.mark(asset, self._time_ns)

    def _flow(self, flow: Flow, amount: int) -> None:
        if amount:
            self._flows[flow] = self._flows.get(flow, 0) + amount

    def _alarm(self, alarm: Alarm, asset: str) -> None:
        if (alarm, asset) not in self._alarms:
            self._alarms.append((alarm, asset))
