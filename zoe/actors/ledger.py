"""Ledger: what the account holds, from the exchange's own words.

Receives: BalancesSeen, LedgerRowsSeen, LedgerRowsRead, WatchBalances, Recorded, Hydrated. Tells:
Journal (rows), its watchers, Bookkeeper (all that it is told of by the stream), and after a crash
Reconciler (that it should look). Blocks on nothing. A ledger row is booked once, by its id. A snapshot
of the stream that differs from what is known is recorded and replaces it; one of a look may be older
than rows that have come since, so it does only if the look before saw the same difference and nothing
was booked between the two. What a snapshot changes is taken for deposits and withdrawals until the
exchange's ledger, as the Bookkeeper reads it, tells what of it were trades.
Durable first, then ours, then known.
A restart reads its own stream from the newest snapshot on.
"""

from collections import OrderedDict, deque
from decimal import Decimal
from typing import Any, Final, NamedTuple, assert_never

from zoe.actors import hydration
from zoe.domain.amounts import added, amounts_of, less, plain_amounts
from zoe.domain.exposure import ZERO
from zoe.domain.order_record import canonical
from zoe.domain.quantity import plain
from zoe.domain.unexplained import MOVES, Unexplained
from zoe.messages.exchange import BalanceEntry
from zoe.messages.journal import Hydrated, Record, Recorded, StoredRow, quick_row
from zoe.messages.ledger import (
    BalancesChanged,
    BalancesSeen,
    LedgerRowSeen,
    LedgerRowsRead,
    LedgerRowsSeen,
    WatchBalances,
)
from zoe.messages.orders import LookWanted
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

SNAPSHOT: Final = "balance.snapshot"
CHANGED: Final = "balance.changed"
#: What of an earlier difference has turned out to be trades.
EXPLAINED: Final = "balance.explained"
#: After so many rows the stream's next snapshot is recorded though it says nothing new, so that a
#: start need not read more.
ROWS_BETWEEN_SNAPSHOTS: Final = 1_000
#: Ids of rows that are remembered, so that one that comes again is booked once. The stream repeats
#: its newest rows at most, and a start knows those since the newest snapshot only.
BOOKED_KEPT: Final = 20_000
#: Of rows that come faster than they are written, each so many are told of.
ROWS_BETWEEN_NEWS: Final = 16
#: The source of snapshots that may be older than what the stream has said since.
LOOK: Final = "look"

Wallet = tuple[str, str, str]
Wallets = dict[Wallet, Decimal]
Inbox = BalancesSeen | LedgerRowsSeen | LedgerRowsRead | WatchBalances | Hydrated | Recorded
#: What waits for its turn.
_Waiting = BalancesSeen | LedgerRowSeen | LedgerRowsRead


class _Change(NamedTuple):
    """A row to come. Those that come at once are compared with each other: quickly so as tuples."""

    kind: str
    body: dict[str, Any]


class Ledger(Actor):
    """Keeps the balance of each wallet."""

    def __init__(
        self, account_id: str, watchers: tuple[str, ...] = (), books: str | None = None
    ) -> None:
        """``books``: the name of whoever keeps the books, and hears all that this actor does."""
        super().__init__()
        self._stream = f"ledger/{account_id}"
        self._named = watchers
        self._books = books
        self._watchers: dict[str, Address] = {}
        self._wallets: Wallets = {}
        self._booked: OrderedDict[str, None] = OrderedDict()
        self._unexplained = Unexplained(0)
        #: By asset, what came in less what went out otherwise than by trades, since the first snapshot.
        self._moved: dict[str, Decimal] = {}
        self._version = 0
        self._since_snapshot = 0
        self._queue: deque[_Waiting] = deque()
        #: Changes on their way to being durable, in order.
        self._changing: tuple[_Change, ...] = ()
        #: What the last look saw that differed, and how much had been booked then.
        self._differed: tuple[Wallets, int] | None = None

    def idle(self) -> bool:
        return not self._changing and not self._queue

    def on_start(self) -> None:
        for name in self._named:
            self._watchers[name] = self.find(name)
        self.hold()
        hydration.ask(self, self._stream, since=SNAPSHOT)
        if self.incarnation > 1:
            # The entry that it crashed on, and those it had queued, are told by nobody else.
            self.tell(self.find("reconciler"), LookWanted("ledger restarted", balances=True))

    def handle(self, message: Inbox) -> None:
        match message:
            case Hydrated():
                if hydration.is_own(self, message):
                    self._hydrated(message.rows)
            case BalancesSeen():
                self._seen(message)
                self._next()
            case LedgerRowsSeen():
                for entry in message.entries:
                    self._seen(LedgerRowSeen(entry))
                self._next()
            case LedgerRowsRead():
                self._queue.append(message)
                self._next()
            case Recorded():
                self._recorded(message.ref)
            case WatchBalances():
                self._watch()
            case _:
                assert_never(message)

    def _hydrated(self, rows: tuple[StoredRow, ...]) -> None:
        self.release()
        self._unexplained = self._left_unexplained(rows)
        for row in rows:
            self._book(row.kind, row.body)
        self._since_snapshot = len(rows)
        if rows:
            self._version = rows[-1].version
            self._announce()

    def _left_unexplained(self, rows: tuple[StoredRow, ...]) -> Unexplained:
        """What the newest snapshot has changed and no row after it explains."""
        now_ns = self.clock.wall_ns()
        left = rows[0].body.get("unexplained") if rows else None
        if left is not None and all(row.kind != EXPLAINED for row in rows):
            return Unexplained.from_body(left, now_ns)
        times = [row.body.get("exchange_ns", row.at_ns) for row in rows]
        # Of the trades of one order, which have one time, some may be known and others not.
        return Unexplained(max(times, default=now_ns) - 1)

    def _seen(self, seen: BalancesSeen | LedgerRowSeen) -> None:
        if self._books is not None:
            self.tell(self.find(self._books), seen)
        self._queue.append(seen)

    def _next(self) -> None:
        """Records what waits: all rows up to the next snapshot, which is compared with what is then."""
        changes: list[_Change] = []
        while not self._changing and self._queue:
            if changes and not isinstance(self._queue[0], LedgerRowSeen):
                break
            change = self._change(self._queue.popleft())
            if change is not None and change not in changes:
                changes.append(change)
        if not changes and not self._changing:
            changes = self._explained()
        if changes:
            self._changing = tuple(changes)
            following = enumerate(changes, self._version + 1)
            rows = [quick_row(self._stream, n, c.kind, canonical(c.body)) for n, c in following]
            self.tell(self.find("journal"), Record(tuple(rows), rows[-1].version, self.me))

    def _change(self, seen: _Waiting) -> _Change | None:
        match seen:
            case LedgerRowSeen():
                return self._entry(seen.entry)
            case BalancesSeen():
                return self._snapshot(seen)
            case LedgerRowsRead():
                self._unexplained.read(seen.rows, self._booked)
                return None
            case _:
                assert_never(seen)

    def _explained(self) -> list[_Change]:
        found = self._unexplained.explained()
        if found is None:
            return []
        trades = plain_amounts(found.trades)
        newest = {"exchange_ns": found.newest_ns, "ledger_ids": list(found.newest)}
        return [_Change(EXPLAINED, {"trades": trades, **newest})]

    def _entry(self, entry: BalanceEntry) -> _Change | None:
        if entry.ledger_id in self._booked:
            return None
        body = {
            "ledger_id": entry.ledger_id,
            "ref_id": entry.ref_id,
            "asset": entry.asset,
            "wallet_type": entry.wallet_type,
            "wallet_id": entry.wallet_id,
            "type": entry.type,
            "subtype": entry.subtype,
            "amount": plain(entry.amount),
            "fee": plain(entry.fee),
            "balance": plain(entry.balance),
            "exchange_ns": entry.timestamp_ns,
        }
        return _Change(CHANGED, body)

    def _snapshot(self, seen: BalancesSeen) -> _Change | None:
        rows = {
            (row.asset, row.wallet_type, row.wallet_id): row.balance for row in seen.snapshot.rows
        }
        known = {wallet: amount for wallet, amount in self._wallets.items() if amount}
        theirs = {wallet: amount for wallet, amount in rows.items() if amount}
        if theirs == known and (
            seen.source == LOOK or self._since_snapshot < ROWS_BETWEEN_SNAPSHOTS
        ):
            self._differed = None
            return None
        if seen.source == LOOK and self._version and self._differed != (theirs, self._version):
            self._differed = (theirs, self._version)
            return None
        self._differed = None
        if self._version and theirs != known:
            differing = {wallet[0] for wallet, _ in theirs.items() ^ known.items()}
            log.warning("ledger.differed", source=seen.source, assets=sorted(differing))
        balances = [
            {"asset": w[0], "wallet_type": w[1], "wallet_id": w[2], "balance": plain(amount)}
            for w, amount in sorted(rows.items())
        ]
        body: dict[str, Any] = {"source": seen.source, "balances": balances, "moved": {}}
        if self._version:
            changes = less(_by_asset(theirs), _by_asset(known))
            self._unexplained.differ(changes, self.clock.wall_ns())
            body["moved"] = plain_amounts(added(self._moved, changes))
            body["unexplained"] = self._unexplained.to_body()
        return _Change(SNAPSHOT, body)

    def _recorded(self, version: int) -> None:
        if version <= self._version:
            return  # an earlier incarnation's row, which came with the hydration
        changes, self._changing = self._changing, ()
        assert changes
        before = self._version
        for change in changes:
            self._version += 1
            self._book(change.kind, change.body)
        self._next()
        # A trade has two rows: half of it is not worth everybody's turn, but a flood of rows is.
        if self.idle() or before // ROWS_BETWEEN_NEWS != self._version // ROWS_BETWEEN_NEWS:
            self._announce()

    def _book(self, kind: str, body: Any) -> None:
        self._since_snapshot += 1
        if kind == CHANGED:
            self._book_row(body)
        elif kind == EXPLAINED:
            for ledger_id in body["ledger_ids"]:
                self._booked[ledger_id] = None
                self._unexplained.booked(ledger_id, body["exchange_ns"])
            self._moved = less(self._moved, amounts_of(body["trades"]))
        else:
            self._since_snapshot = 0
            self._moved = amounts_of(body.get("moved", {}))  # older rows have none
            self._wallets = {
                (b["asset"], b["wallet_type"], b["wallet_id"]): Decimal(b["balance"])
                for b in body["balances"]
            }

    def _book_row(self, body: Any) -> None:
        self._booked[body["ledger_id"]] = None
        self._unexplained.booked(body["ledger_id"], body["exchange_ns"])
        if len(self._booked) > BOOKED_KEPT:
            self._booked.popitem(last=False)
        wallet = (body["asset"], body["wallet_type"], body["wallet_id"])
        self._wallets[wallet] = Decimal(body["balance"])
        if body["type"] in MOVES:
            change = Decimal(body["amount"]) - Decimal(body["fee"])
            self._moved = added(self._moved, {body["asset"]: change})

    def _watch(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        watcher = self.envelope.sender
        self._watchers[watcher.name] = watcher
        if self._version:
            self.tell(watcher, self._totals())

    def _announce(self) -> None:
        for watcher in self._watchers.values():
            self.tell(watcher, self._totals())

    def _totals(self) -> BalancesChanged:
        moved = tuple(sorted(self._moved.items()))
        return BalancesChanged(tuple(sorted(_by_asset(self._wallets).items())), moved)


def _by_asset(wallets: Wallets) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for (asset, _, _), amount in wallets.items():
        totals[asset] = totals.get(asset, ZERO) + amount
    return totals
