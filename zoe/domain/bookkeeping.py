"""The books and what the store holds of them: what to store after each settling, and whether what
is stored is what the rows say."""

from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.booking import (
    CLOSE,
    GIVE_BACK,
    Booking,
    Delivery,
    Edition,
    JournalEntry,
    LotOpened,
    LotUsed,
    PinnedMark,
    StoredBooks,
)
from zoe.domain.declarations import Entered
from zoe.domain.ledger import Books, Receipt, Settled
from zoe.domain.ledger_entry import Entry, entry_of
from zoe.domain.ledger_row import Kind, LedgerRow, asset_of
from zoe.domain.lot_outcome import Outcome
from zoe.domain.lots import Lot, LotUse
from zoe.domain.marks import Marks
from zoe.domain.wallet_chain import WalletChain
from zoe.domain.watched import Watched, unwatched

FIRST: Final = "first lots"
#: What has been settled for so long may be let go of, so often: a late row or a valuing is about what is
#: younger, but for the rarest.
OPEN_NS: Final = 6 * 3_600 * 1_000_000_000
CLOSE_EACH_NS: Final = 3_600 * 1_000_000_000
_UNDOING: Final = frozenset({GIVE_BACK, CLOSE})


@attrs.define
class _Log:
    """How far an asset's lots are numbered."""

    edition: int
    lot: int = 0
    use: int = 0


class Bookkeeping:
    """The books of one account with the numbers that the store knows them by.

    ``catch_up`` first; then ``take``. What either returns must be stored before the next: where
    it cannot be, or nobody knows, the next one begins with what is stored.
    """

    def __init__(self, stored: StoredBooks, marks: Marks) -> None:
        self._in_force = _in_force(stored)
        self.books = Books(marks, stored.terms)
        self.books.refuse(stored.refused)
        self.books.pin((pin.at_ns, pin.mark) for pin in stored.marks)
        self._pinned = {(pin.mark.asset, pin.at_ns) for pin in stored.marks}
        self._journaled = set(stored.journaled)
        self._position = stored.position
        self._firsts = dict(stored.firsts)
        self._entered = dict(stored.entered)
        self._logs: dict[str, _Log] = {}
        #: Numbers of lots and uses by their identity; the books keep each alive.
        self._numbers: dict[int, int] = {}
        self.books.extend(stored.rows)

    def catch_up(
        self,
        as_of_ns: int | None,
        at_ns: int,
        reason: str = "rebuilt",
        watched: Watched = unwatched,
    ) -> Booking:
        """Books what is stored, and returns what the store lacks or has otherwise.

        Args:
            as_of_ns: As ``Books.settle``.
            at_ns: Our wall time.
            reason: Why an asset gets a new edition, where its stored lots are not what the rows say.
        """
        settled = self.books.settle(as_of_ns, watched)
        editions: list[Edition] = []
        lots: list[LotOpened] = []
        uses: list[LotUsed] = []
        for asset, ours in sorted(self._by_asset().items()):
            known = self._in_force.get(asset, _Stored(0))
            if not known.edition or not known.begins(ours):
                known = _Stored(known.edition + 1)
                first = known.edition == 1
                editions.append(Edition(asset, known.edition, FIRST if first else reason))
            self._logs[asset] = _Log(known.edition, known.last_lot, known.last_use)
            self._adopt(known, ours)
            lots += [self._opened(lot) for lot in ours.lots[len(known.lots) :]]
            uses += [self._used(use) for use in ours.uses[len(known.uses) :]]
        self._in_force.clear()
        rows = self.books.rows
        corrected = [e for name in sorted(self._entered) for e in self._corrections(rows[name])]
        return Booking(
            at_ns,
            entries=(*corrected, *self._entries(settled.booked)),
            marks=self._marks(settled.outcomes),
            editions=tuple(editions),
            lots=tuple(lots),
            uses=tuple(uses),
        )

    def close_old(self, now_ns: int) -> None:
        """Lets go of what has been settled for hours, now and then."""
        outcomes, before_ns = self.books.outcomes, now_ns - OPEN_NS
        if outcomes and outcomes[0].time_ns < before_ns - CLOSE_EACH_NS:
            self.close(before_ns)

    def close(self, before_ns: int) -> int:
        """Lets go of events before a time that are settled and stored (``Books.close``); of how many."""
        books = self.books
        gone = books.close(before_ns)
        if not gone:
            return 0
        self._journaled.difference_update(r.ledger_id for o in gone for r in o.group.rows)
        self._pinned = {pin for pin in self._pinned if pin[1] >= books.open_from_ns}
        kept = {id(lot) for lot in books.open_lots()}
        for outcome in books.outcomes:
            kept.update(map(id, outcome.lots))
            kept.update(map(id, outcome.uses))
            kept.update(id(use.lot) for use in outcome.uses)
        self._numbers = {name: n for name, n in self._numbers.items() if name in kept}
        return len(gone)

    def is_closed_to(self, deliveries: Iterable[Delivery]) -> bool:
        """Whether some of them need what was let go of: the books must be read whole first."""
        return any(self.books.is_closed_to(delivery.row) for delivery in deliveries)

    def take(self, deliveries: Iterable[Delivery], as_of_ns: int | None, at_ns: int) -> Booking:
        """Takes rows, books what can be booked, and returns what is to be stored."""
        found: dict[Receipt, list[Delivery]] = {receipt: [] for receipt in Receipt}
        for delivery in deliveries:
            found[self.books.add(delivery.row)].append(delivery)
        settled = self.books.settle(as_of_ns)
        editions = self._first_editions(settled.outcomes)
        undone = self._undone(settled)
        return Booking(
            at_ns,
            deliveries=tuple(found[Receipt.NEW]),
            refined=tuple(found[Receipt.REFINED]),
            conflicts=tuple(found[Receipt.CONFLICT]),
            entries=self._entries(settled.booked),
            marks=self._marks(settled.outcomes),
            editions=editions,
            undone=undone,
            lots=tuple(self._opened(lot) for o in settled.outcomes for lot in o.lots),
            uses=tuple(self._used(use) for o in settled.outcomes for use in o.uses),
        )

    def recent(self, since_ns: int) -> dict[str, tuple[int, ...]]:
        """By asset, what the books hold, then what they held since a moment, the newest first, where
        it is in one wallet."""
        by_asset: dict[str, list[WalletChain]] = {}
        for wallet, chain in self.books.wallets.items():
            by_asset.setdefault(asset_of(wallet), []).append(chain)
        found = {}
        for asset, chains in by_asset.items():
            balances = {sum(chain.balance for chain in chains): None}
            for row in reversed(chains[0].booked if len(chains) == 1 else ()):
                if row.time_ns < since_ns:
                    break
                balances |= dict.fromkeys((row.balance, row.before))
            found[asset] = tuple(balances)
        return found

    def whole_until(self) -> int | None:
        """Up to which time nothing is missing: the oldest gap, else the newest row; None where all
        may be."""
        books = self.books
        times = [None if last is None else last.time_ns for last in books.before_gaps]
        if times:
            return None if None in times else min(time for time in times if time is not None)
        return max((row.time_ns for row in books.rows.values()), default=None)

    def _entries(self, rows: Iterable[LedgerRow]) -> tuple[JournalEntry, ...]:
        """Entries that the journal lacks. An entry is a function of its row: it is never taken
        back, also where its row is held again. What came first under an id is booked as such, and
        what was accepted instead corrects it."""
        found: list[JournalEntry] = []
        for row in rows:
            if row.ledger_id in self._journaled:
                continue
            first = self._firsts.get(row.ledger_id, row)
            kind = self.books.kind_of(row) if first is row else first.kind
            entry = entry_of(first, kind)
            if entry.postings:
                found.append(self._journal(entry, kind))
            if first is not row:
                key = entry.key if entry.postings else None
                times = first.refid, first.time_ns
                self._entered[entry.key] = Entered(0, key, kind, *times, entry.postings)
                found += self._corrections(row)
        return tuple(found)

    def _corrections(self, row: LedgerRow) -> list[JournalEntry]:
        """What takes back an entry that is not what its row is said to be, and what replaces it."""
        known, kind = self._entered[row.ledger_id], self.books.kind_of(row)
        if known.says(row, kind):
            return []
        number, found = known.number + 1, list[JournalEntry]()
        if known.key is not None:
            back = tuple(attrs.evolve(p, amount=-p.amount) for p in known.postings)
            was = row._replace(refid=known.refid, time_ns=known.time_ns)
            found.append(self._journal(Entry(was, back), known.kind, number, known.key))
        entry = entry_of(row, kind)
        if entry.postings:
            found.append(self._journal(entry, kind, number))
        key = found[-1].key if entry.postings else None
        again = Entered(number, key, kind, row.refid, row.time_ns, entry.postings)
        self._entered[row.ledger_id] = again
        return found

    def _journal(
        self, entry: Entry, kind: Kind, correction: int = 0, reverses: str | None = None
    ) -> JournalEntry:
        self._position += 1
        found = JournalEntry(self._position, entry, kind.value, correction, reverses)
        self._journaled.add(found.key)
        return found

    def _marks(self, outcomes: Iterable[Outcome]) -> tuple[PinnedMark, ...]:
        found = []
        for outcome in outcomes:
            for mark in outcome.marks:
                if (mark.asset, outcome.time_ns) not in self._pinned:
                    self._pinned.add((mark.asset, outcome.time_ns))
                    found.append(PinnedMark(outcome.time_ns, mark))
        return tuple(found)

    # Lots and their numbers

    def _first_editions(self, outcomes: Iterable[Outcome]) -> tuple[Edition, ...]:
        found = []
        for outcome in outcomes:
            for lot in outcome.lots:
                if lot.asset not in self._logs:
                    self._logs[lot.asset] = _Log(1)
                    found.append(Edition(lot.asset, 1, FIRST))
        return tuple(found)

    def _opened(self, lot: Lot) -> LotOpened:
        log = self._logs[lot.asset]
        log.lot += 1
        self._numbers[id(lot)] = log.lot
        return LotOpened(
            *(lot.asset, log.edition, log.lot, lot.lot_id, lot.opened_ns),
            *(lot.quantity, lot.basis, lot.flag),
        )

    def _used(self, use: LotUse) -> LotUsed:
        log = self._logs[use.lot.asset]
        log.use += 1
        self._numbers[id(use)] = log.use
        return LotUsed(
            asset=use.lot.asset,
            edition=log.edition,
            number=log.use,
            lot=self._numbers[id(use.lot)],
            event=use.event,
            time_ns=use.time_ns,
            kind=use.kind,
            quantity=use.quantity,
            basis=use.basis,
            proceeds=use.proceeds,
        )

    def _undone(self, settled: Settled) -> tuple[LotUsed, ...]:
        """The last event first, and of each its uses before its lots."""
        found = []
        for outcome in settled.undone:
            for use in reversed(outcome.uses):
                log = self._logs[use.lot.asset]
                log.use += 1
                lot, number = self._numbers[id(use.lot)], self._numbers.pop(id(use))
                found.append(
                    LotUsed(
                        *(use.lot.asset, log.edition, log.use, lot, use.event, use.time_ns),
                        *(GIVE_BACK, use.quantity, use.basis, None, number),
                    )
                )
            for opened in reversed(outcome.lots):
                log = self._logs[opened.asset]
                log.use += 1
                lot = self._numbers.pop(id(opened))
                found.append(
                    LotUsed(
                        *(opened.asset, log.edition, log.use, lot, outcome.key, opened.opened_ns),
                        *(CLOSE, opened.quantity, opened.basis, None),
                    )
                )
        return tuple(found)

    # What is stored, against what the rows say

    def _by_asset(self) -> "dict[str, _Told]":
        found: dict[str, _Told] = {}
        for asset in self._in_force:
            found[asset] = _Told()
        for outcome in self.books.outcomes:
            for lot in outcome.lots:
                found.setdefault(lot.asset, _Told()).lots.append(lot)
            for use in outcome.uses:
                found.setdefault(use.lot.asset, _Told()).uses.append(use)
        return found

    def _adopt(self, known: "_Stored", ours: "_Told") -> None:
        for lot, opened in zip(ours.lots, known.lots, strict=False):
            self._numbers[id(lot)] = opened.number
        for use, used in zip(ours.uses, known.uses, strict=False):
            self._numbers[id(use)] = used.number


@attrs.define
class _Told:
    """An asset's lots and their uses, in the order of events, as the rows say."""

    lots: list[Lot] = attrs.field(factory=list)
    uses: list[LotUse] = attrs.field(factory=list)


@attrs.define
class _Stored:
    """An asset's lots and uses that are in force, less what was undone."""

    edition: int
    lots: list[LotOpened] = attrs.field(factory=list)
    uses: list[LotUsed] = attrs.field(factory=list)
    last_lot: int = 0
    last_use: int = 0

    def begins(self, ours: _Told) -> bool:
        """Whether what is stored is how ours begins."""
        if len(self.lots) > len(ours.lots) or len(self.uses) > len(ours.uses):
            return False
        places = {id(lot): place for place, lot in enumerate(ours.lots)}
        numbers = {opened.number: place for place, opened in enumerate(self.lots)}
        return all(
            (opened.event, opened.time_ns, opened.quantity, opened.basis, opened.flag)
            == (lot.lot_id, lot.opened_ns, lot.quantity, lot.basis, lot.flag)
            for opened, lot in zip(self.lots, ours.lots, strict=False)
        ) and all(
            (used.event, used.time_ns, used.kind, used.quantity, used.basis, used.proceeds)
            == (use.event, use.time_ns, use.kind, use.quantity, use.basis, use.proceeds)
            and numbers.get(used.lot) == places[id(use.lot)]
            for used, use in zip(self.uses, ours.uses, strict=False)
        )


def _in_force(stored: StoredBooks) -> dict[str, _Stored]:
    found = {edition.asset: _Stored(edition.number) for edition in stored.editions}
    closed = {(use.asset, use.lot) for use in stored.uses if use.kind == CLOSE}
    undone = {(use.asset, use.returns) for use in stored.uses if use.kind == GIVE_BACK}
    for lot in stored.lots:
        asset = found[lot.asset]
        asset.last_lot = lot.number
        if (lot.asset, lot.number) not in closed:
            asset.lots.append(lot)
    for use in stored.uses:
        asset = found[use.asset]
        asset.last_use = use.number
        if use.kind not in _UNDOING and (use.asset, use.number) not in undone:
            asset.uses.append(use)
    return found
