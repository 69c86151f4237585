"""The books: what an account holds and why, from the exchange's ledger rows alone.

Rows may come in any order, late, and more than once. ``Books`` takes them with ``add`` and books
with ``settle`` whatever can be booked. Its state is a function of the rows it knows, not of the
order in which they came: an older row takes later events back and books them anew.

    rows -> wallet chains (order, gaps) -> journal entries -> events -> lots -> valuation
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from operator import attrgetter
from typing import Final

import attrs

from zoe.domain.closed_events import ClosedEvents, how_many
from zoe.domain.event_gate import EventGate
from zoe.domain.event_order import EventOrder
from zoe.domain.ledger_entry import COUNTER, FEES, IN_TRANSIT
from zoe.domain.ledger_row import NO_REFID, Kind, LedgerRow, asset_of, key_end
from zoe.domain.lot_events import LotBooking
from zoe.domain.lot_outcome import Flow, Group, Outcome
from zoe.domain.lots import Lot, LotUse
from zoe.domain.marks import USD, Mark, Marks, NoMarks
from zoe.domain.wallet_chain import WalletChain
from zoe.domain.watched import Watched, unwatched

_time: Final[Callable[[LedgerRow], int]] = attrgetter("time_ns")
_moment: Final[Callable[[Group], tuple[int, str]]] = attrgetter("time_ns", "first_id")


class Receipt(Enum):
    """What became of a row that came."""

    NEW = "new"
    KNOWN = "known"
    REFINED = "refined"  # known, and its time is known more exactly than before
    CONFLICT = "conflict"  # known with other content: the first stays, a person must look


@attrs.frozen
class Ruling:
    """What a person said a row is, where it cannot be told from the row.

    Attributes:
        group: Names the event: rows with one name belong together.
    """

    kind: Kind
    group: str


@attrs.frozen
class Terms:
    """What people declared, by ledger id.

    Attributes:
        declared: Units of USD that were paid for a deposit.
    """

    declared: Mapping[str, int] = attrs.field(factory=dict)
    rulings: Mapping[str, Ruling] = attrs.field(factory=dict)


@attrs.frozen
class Settled:
    """What a settling changed, in the order of events.

    Attributes:
        booked: Rows whose entries are new to the journal (see ``ledger_entry.entry_of``).
        undone: Events whose lots were taken back, the last one first; most come again in
            ``outcomes``.
        outcomes: Events that were booked, or booked anew.
    """

    booked: tuple[LedgerRow, ...] = ()
    undone: tuple[Outcome, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


class Books:
    """The books of one account."""

    def __init__(self, marks: Marks | None = None, terms: Terms | None = None) -> None:
        terms = Terms() if terms is None else terms
        self._rulings = terms.rulings
        self._booking = LotBooking(NoMarks() if marks is None else marks, terms.declared)
        self._chains: dict[str, WalletChain] = {}
        self._groups: dict[str, Group] = {}
        self._outcomes: list[Outcome] = []
        self._touched_wallets: set[str] = set()
        self._touched_groups: list[Group] = []
        self._group_of: dict[str, Group] = {}
        self._accounts: dict[str, dict[str, int]] = {
            account: {} for account in (FEES, *COUNTER.values())
        }
        self._order = EventOrder(self._chains, self._group_of)
        self._gate = EventGate()
        self._closed = ClosedEvents()
        self._flows = dict.fromkeys(Flow, 0)
        self.rows: dict[str, LedgerRow] = {}
        self.conflicts: dict[str, list[LedgerRow]] = {}
        self._refused: dict[str, list[LedgerRow]] = {}

    def refuse(self, rows: Iterable[LedgerRow]) -> None:
        """Contents that a person decided against: they are known, and no conflict any more."""
        for row in rows:
            self._refused.setdefault(row.ledger_id, []).append(row)

    def pin(self, marks: Iterable[tuple[int, Mark]]) -> None:
        """Takes marks that events were valued with before, with the events' times."""
        self._booking.pin(marks)

    def add(self, row: LedgerRow) -> Receipt:
        """Takes a row; ``settle`` books it."""
        known = self.rows.get(row.ledger_id)
        if known is not None:
            return self._again(known, row)
        self.extend((row,))
        return Receipt.NEW

    def extend(self, rows: Iterable[LedgerRow]) -> None:
        """Takes rows, as ``add`` each; a replay brings them by the hundred thousand."""
        known, chains, groups, group_of = self.rows, self._chains, self._groups, self._group_of
        for row in rows:
            ledger_id, refid, _, word, subtype, wallet, _, _, _ = row
            if ledger_id in known:
                self._again(known[ledger_id], row)
                continue
            known[ledger_id] = row
            if wallet not in chains:
                chains[wallet] = WalletChain()
            chains[wallet].add(row)
            # As _join, of rows whose event is there, and that nobody has ruled on.
            group = groups.get(refid + key_end(word, subtype, wallet))
            if group is None or self._rulings or refid in NO_REFID:
                group = self._join(row)
            else:
                group_of[ledger_id] = group
                if not group.touched:
                    self._touch(group)
            group.pending += 1
        self._touched_wallets.update(chains)

    def _again(self, known: LedgerRow, row: LedgerRow) -> Receipt:
        """A row that came before. The later of two times is the more exact one: others are cut."""
        if not known.agrees(row):
            if any(row.agrees(refused) for refused in self._refused.get(row.ledger_id, ())):
                return Receipt.KNOWN
            told = self.conflicts.setdefault(row.ledger_id, [])
            if row not in told:
                told.append(row)
            return Receipt.CONFLICT
        if row.time_ns <= known.time_ns:
            return Receipt.KNOWN
        self._refine(known, row)
        return Receipt.REFINED

    def _refine(self, known: LedgerRow, row: LedgerRow) -> None:
        self._chains[known.wallet].refine(known, row)
        self._touched_wallets.add(row.wallet)
        self.rows[row.ledger_id] = row
        old, new = self._group_of[row.ledger_id], self._join(row)
        self._touch(old)
        if known in old.rows:
            old.rows.remove(known)
            new.rows.append(row)
        else:
            old.pending -= 1
            new.pending += 1

    def _join(self, row: LedgerRow) -> Group:
        """The group that a row belongs to from now on."""
        ruling = self._rulings.get(row.ledger_id) if self._rulings else None
        if ruling is None:
            key, kind = row.group_and_kind
        else:
            key, kind = f"{ruling.group}:ruled:{ruling.kind.value}", ruling.kind
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, kind, self._accounts[COUNTER[kind]])
        self._group_of[row.ledger_id] = group
        self._touch(group)
        return group

    def settle(self, as_of_ns: int | None = None, watched: Watched = unwatched) -> Settled:
        """Books whatever can be booked.

        Args:
            as_of_ns: Trades with one leg younger than ``event_gate.WAIT_NS`` wait for the other; None waits
                for none, as at the end of an export.
        """
        booked: list[LedgerRow] = []
        unbooked: list[LedgerRow] = []
        for wallet in sorted(self._touched_wallets):
            walk = self._chains[wallet].walk()
            booked += walk.booked
            unbooked += walk.unbooked
        self._touched_wallets.clear()
        self._count_out(unbooked)
        self._count_in(booked)
        undone, outcomes = self._project(as_of_ns, watched)
        return Settled(tuple(booked), undone, outcomes)

    def _count_in(self, booked: list[LedgerRow]) -> None:
        """Counts rows in; by time, since legs of one event lie beside each other in memory."""
        fees, groups = self._accounts[FEES], self._group_of
        for row in sorted(booked, key=_time):
            ledger_id, _, _, _, _, wallet, amount, fee, _ = row
            group, asset = groups[ledger_id], asset_of(wallet)
            if not group.touched:
                self._touch(group)
            group.rows.append(row)
            group.pending -= 1
            counter = group.counter
            counter[asset] = counter.get(asset, 0) - amount
            if fee:
                fees[asset] = fees.get(asset, 0) + fee

    def _count_out(self, unbooked: list[LedgerRow]) -> None:
        """Counts rows out again."""
        for row in unbooked:
            group, asset = self._group_of[row.ledger_id], asset_of(row.wallet)
            self._touch(group)
            group.rows.remove(row)
            group.pending += 1
            group.counter[asset] += row.amount
            if row.fee:
                self._accounts[FEES][asset] -= row.fee

    def _touch(self, group: Group) -> None:
        if not group.touched:
            group.touched = True
            self._touched_groups.append(group)

    def _project(
        self, as_of_ns: int | None, watched: Watched
    ) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
        """Takes back the events from the earliest touched one on, and books them in order."""
        touched, self._touched_groups = self._touched_groups, []
        ready, earliest = self._gate.sift(touched, as_of_ns)
        undone = () if earliest is None else self._undo_from(earliest)
        ready += (outcome.group for outcome in undone if not outcome.group.touched)
        for group in touched:
            group.touched = False
        if earliest is None:
            return (), ()
        assert earliest >= self._closed.from_ns, (earliest, self._closed.from_ns)
        ready.sort(key=_moment)
        through = self._gate.let_through(watched(self._order.of(ready), "events", len(ready)))
        return undone, tuple(self._book(group) for group in through)

    def _undo_from(self, time_ns: int) -> tuple[Outcome, ...]:
        undone = []
        while self._outcomes and self._outcomes[-1].time_ns >= time_ns:
            outcome = self._outcomes.pop()
            self._booking.undo(outcome)
            outcome.group.placed = False
            for flow, amount in outcome.flows:
                self._flows[flow] -= amount
            undone.append(outcome)
        return tuple(undone)

    def _book(self, group: Group) -> Outcome:
        outcome = self._booking.book(group)
        group.placed = True
        for flow, amount in outcome.flows:
            self._flows[flow] += amount
        self._outcomes.append(outcome)
        return outcome

    def close(self, before_ns: int) -> list[Outcome]:
        """Lets go of the events before a time that nothing can change but a row that is not known: those
        before the first row that waits, whole. What they came to stays; they are returned."""
        waiting = [group.time_ns for group in self.waiting.values()]
        waiting += (0 if last is None else last.time_ns for last in self.before_gaps)
        count, from_ns = how_many(self._outcomes, min((before_ns, *waiting)))
        gone = self._outcomes[:count]
        if not gone:
            return gone
        del self._outcomes[:count]
        self._closed.close(gone, from_ns)
        for outcome in gone:
            del self._groups[outcome.key]
            for row in outcome.group.rows:
                del self.rows[row.ledger_id], self._group_of[row.ledger_id]
        for chain in self._chains.values():
            chain.close(from_ns)
        self._booking.close(from_ns)
        return gone

    def is_closed_to(self, row: LedgerRow) -> bool:
        """Whether a row that is new, or was let go of, needs what was let go of: then these books cannot
        take it, and those that know all rows can."""
        if not self._closed.from_ns or row.ledger_id in self.rows:
            return False
        ruling = self._rulings.get(row.ledger_id)
        return ruling is not None or self._closed.has(row, row.group_and_kind[0])

    @property
    def open_from_ns(self) -> int:
        """From when on events are known; 0 where all are."""
        return self._closed.from_ns

    @property
    def known(self) -> int:
        """How many rows there are, those let go of included."""
        return len(self.rows) + self._closed.rows

    @property
    def wallets(self) -> dict[str, WalletChain]:
        """Every wallet's chain of rows."""
        return self._chains

    @property
    def balances(self) -> dict[str, int]:
        """What each wallet holds, after the last row booked."""
        return {wallet: chain.balance for wallet, chain in sorted(self._chains.items())}

    @property
    def cash(self) -> int:
        """Units of USD in all wallets, and between them."""
        wallets = sum(n for wallet, n in self.balances.items() if asset_of(wallet) == USD)
        return wallets + self._accounts[IN_TRANSIT].get(USD, 0)

    @property
    def accounts(self) -> dict[tuple[str, str], int]:
        """The balance of every account of the journal that is no wallet, by account and asset."""
        return {
            (account, asset): amount
            for account, sums in sorted(self._accounts.items())
            for asset, amount in sorted(sums.items())
            if amount
        }

    @property
    def flows(self) -> dict[Flow, int]:
        """Why equity is what it is, in units of USD."""
        return dict(self._flows)

    @property
    def outcomes(self) -> list[Outcome]:
        """What every event did, in the order of events."""
        return self._outcomes

    @property
    def groups(self) -> dict[str, Group]:
        """Every event by its key, those too that are not booked."""
        return self._groups

    @property
    def waiting(self) -> dict[str, Group]:
        """Events whose rows are booked in part or whole, and whose lots are not, by key."""
        return self._gate.unready | self._gate.deferred

    @property
    def stopped(self) -> frozenset[str]:
        """Assets whose booking has stopped, since more was sold than the lots held (rule 9)."""
        return frozenset(self._booking.stopped)

    @property
    def held(self) -> dict[str, int]:
        """Units in open lots, by asset."""
        return self._booking.pools.held

    @property
    def gaps(self) -> dict[str, tuple[int, LedgerRow]]:
        """Wallets with rows that do not follow the last balance: that, and the earliest row."""
        found = {wallet: chain.gap for wallet, chain in sorted(self._chains.items())}
        return {wallet: gap for wallet, gap in found.items() if gap is not None}

    @property
    def before_gaps(self) -> list[LedgerRow | None]:
        """The last row before the gap of each wallet that has one, None where the gap is at its
        beginning."""
        return [chain.last for chain in self._chains.values() if chain.held]

    def booked(self) -> list[LedgerRow]:
        """Every row that is booked, wallet by wallet."""
        return [row for _, chain in sorted(self._chains.items()) for row in chain.booked]

    def kind_of(self, row: LedgerRow) -> Kind:
        """What a row is booked as: a person's ruling, or what the row says."""
        return self._group_of[row.ledger_id].kind

    def open_lots(self, asset: str | None = None) -> list[Lot]:
        """Open lots, oldest first, by asset."""
        return self._booking.pools.lots(asset)

    def uses(self) -> list[LotUse]:
        """Every slice of a lot that left, in the order of events."""
        return [use for outcome in self._outcomes for use in outcome.uses]
