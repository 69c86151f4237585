"""One wallet's rows in order: by time, then by the chain of balances.

A row is booked when the balance before it is the balance after the last one. A chain that does not
go on is a gap: what follows is held until the missing row turns up. A row older than the last one
booked rewinds the wallet to it, because wallets come back to the same balance and a gap whose rows
sum to zero cannot be seen. So what is booked depends on which rows are known, not on the order in
which they came.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from operator import attrgetter
from typing import Final

import attrs

from zoe.domain.ledger_row import LedgerRow

_time: Final[Callable[[LedgerRow], int]] = attrgetter("time_ns")
_name: Final[Callable[[LedgerRow], str]] = attrgetter("ledger_id")


@attrs.frozen
class Walk:
    """What a walk along the chain changed."""

    booked: tuple[LedgerRow, ...] = ()
    unbooked: tuple[LedgerRow, ...] = ()


NOTHING = Walk()


class WalletChain:
    """The rows of one wallet: those booked, in their order, and those held behind a gap."""

    def __init__(self) -> None:
        self.booked: list[LedgerRow] = []
        self.held: list[LedgerRow] = []
        #: The last of those booked that have been let go of.
        self._closed: LedgerRow | None = None
        self._new: list[LedgerRow] = []
        self._from_ns: int | None = None

    @property
    def balance(self) -> int:
        """After the last row booked; a wallet begins empty."""
        last = self.last
        return 0 if last is None else last.balance

    @property
    def last(self) -> LedgerRow | None:
        """The last row booked."""
        return self.booked[-1] if self.booked else self._closed

    def close(self, from_ns: int) -> None:
        """Lets go of the rows booked before a time; the next one follows the last of them."""
        count = bisect_left(self.booked, from_ns, key=_time)
        if count:
            self._closed = self.booked[count - 1]
            del self.booked[:count]

    @property
    def gap(self) -> tuple[int, LedgerRow] | None:
        """The balance that the chain stopped at, and the earliest row that does not follow it."""
        return (self.balance, self.held[0]) if self.held else None

    def add(self, row: LedgerRow) -> None:
        """Takes a row that is not known yet; ``walk`` books it."""
        self._new.append(row)

    def refine(self, old: LedgerRow, new: LedgerRow) -> None:
        """Takes a row's more exact time; ``walk`` books anew what came at the old one or later."""
        for rows in (self._new, self.held, self.booked):
            if old in rows:
                rows[rows.index(old)] = new
        self._from_ns = min(old.time_ns, self._from_ns or old.time_ns)

    def at(self, time_ns: int) -> list[LedgerRow]:
        """Rows booked at exactly this time, in their order."""
        first = bisect_left(self.booked, time_ns, key=_time)
        return self.booked[first : bisect_right(self.booked, time_ns, lo=first, key=_time)]

    def walk(self) -> Walk:
        """Books what can be booked."""
        new, self._new = self._new, []
        if len(new) == 1 and not self.held and self._from_ns is None and self._follows(new[0]):
            self.booked.append(new[0])
            return Walk((new[0],))
        starts = [row.time_ns for row in new]
        if self._from_ns is not None:
            starts.append(self._from_ns)
            self._from_ns = None
        if not starts:
            return NOTHING
        popped = self._rewind(min(starts)) if self.booked else []
        self.held += popped
        self.held += new
        self.held.sort(key=_time)
        kept = len(self.booked)
        self._go_on()
        now = self.booked[kept:]
        if not popped:
            return Walk(tuple(now))
        was, again = {row.ledger_id for row in popped}, {row.ledger_id for row in now}
        return Walk(
            tuple(row for row in now if row.ledger_id not in was),
            tuple(row for row in popped if row.ledger_id not in again),
        )

    def _follows(self, row: LedgerRow) -> bool:
        last = self.last
        if last is None:
            return not row.before
        return row.time_ns > last.time_ns and row.before == last.balance

    def _rewind(self, time_ns: int) -> list[LedgerRow]:
        """Takes off what was booked at this time or later."""
        keep = len(self.booked)
        while keep and self.booked[keep - 1].time_ns >= time_ns:
            keep -= 1
        popped = self.booked[keep:]
        del self.booked[keep:]
        return popped

    def _go_on(self) -> None:
        """Books from the held rows while the chain goes on."""
        held, booked, balance = self.held, self.booked, self.balance
        at, count = 0, len(held)
        while at < count:
            row, end = held[at], at + 1
            _, _, time_ns, _, _, _, amount, fee, after = row
            while end < count and held[end].time_ns == time_ns:
                end += 1
            if end > at + 1:
                held[at:end] = sorted(held[at:end], key=_name)
                run = trail(held[at:end], balance)
                if not run:
                    break
                booked += run
                balance = run[-1].balance
            elif after - amount + fee == balance:
                booked.append(row)
                balance = after
            else:
                break
            at = end
        del held[:at]


def trail(rows: list[LedgerRow], start: int) -> list[LedgerRow]:
    """Rows of one time in the order of their balances, from ``start`` on; empty if there is none.

    Each row leads from the balance before it to the one after it, and a trail uses every row once
    (Hierholzer). Where several are possible, the smaller ledger ids come first.

    Args:
        rows: Sorted by ledger id.
    """
    leads: dict[int, list[LedgerRow]] = {}
    for row in reversed(rows):
        leads.setdefault(row.before, []).append(row)
    path: list[LedgerRow] = []
    stack: list[tuple[int, LedgerRow | None]] = [(start, None)]
    while stack:
        balance, by = stack[-1]
        onward = leads.get(balance)
        if onward:
            row = onward.pop()
            stack.append((row.balance, row))
        else:
            stack.pop()
            if by is not None:
                path.append(by)
    path.reverse()
    if len(path) != len(rows):
        return []
    balance = start
    for row in path:
        if row.before != balance:
            return []
        balance = row.balance
    return path
