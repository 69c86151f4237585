"""Books that let go of what is settled book what books that know everything do, whatever comes late; what
they hold does not grow with the account's age."""

import random

from hypothesis import event, given, settings
from hypothesis import strategies as st
from ledger_rows import Accounts
from ledger_store import MemoryLedger

from zoe.domain.booking import STREAM, Delivery, StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import LedgerRow
from zoe.domain.marks import MarkTable

HOUR_NS = 3_600 * 10**9
START_NS = 1_700_000_000 * 10**9


class Keeper:
    """Keeps books as the desk does: stored after each step, read whole where they are closed to a row."""

    def __init__(self, marks: MarkTable) -> None:
        self.store, self._marks = MemoryLedger(), marks
        self.readings = self.closed = 0
        self.keeping = self.read()

    def read(self) -> Bookkeeping:
        self.readings += 1
        self.keeping = Bookkeeping(self.store.load(), self._marks)
        self.store.book([self.keeping.catch_up(None, 1)])
        return self.keeping

    def take(self, rows: list[LedgerRow], as_of_ns: int | None) -> None:
        told = [Delivery(row, STREAM, 1) for row in rows]
        if self.keeping.is_closed_to(told):
            self.read()
        self.store.book([self.keeping.take(told, as_of_ns, 1)])

    def close(self, before_ns: int) -> None:
        self.closed += self.keeping.close(before_ns)

    def whole(self) -> Books:
        """Books of all that is stored; what is stored must be what the rows say."""
        again = Bookkeeping(self.store.load(), self._marks)
        assert again.catch_up(None, 1).is_empty
        assert violations(again.books) == []
        return again.books


def expected(rows: list[LedgerRow], marks: MarkTable) -> str:
    keeping = Bookkeeping(StoredBooks(), marks)
    keeping.take([Delivery(row, STREAM, 1) for row in rows], None, 1)
    return state_hash(keeping.books)


def totals(books: Books) -> tuple[object, ...]:
    open_lots = [(lot.lot_id, lot.left, lot.basis_left) for lot in books.open_lots()]
    return (
        *(books.balances, books.accounts, books.flows, books.held, books.cash, books.stopped),
        *(open_lots, books.gaps, sorted(books.waiting), books.known),
    )


@given(
    seed=st.integers(1, 6),
    luck=st.integers(0, 1 << 32),
    batch=st.integers(1, 40),
    lateness=st.sampled_from((0, 3, 40)),
    hours=st.sampled_from((0, 1, 30)),
    live=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_whatever_comes_late_or_again_closed_books_end_as_those_that_know_everything(
    seed: int, luck: int, batch: int, lateness: int, hours: int, live: bool
) -> None:
    made, chance = Accounts(seed).make(120), random.Random(luck)
    marks = MarkTable(made.marks())
    rows = made.rows + chance.sample(made.rows, 10)
    places = {id(row): place + chance.randint(0, lateness) for place, row in enumerate(made.rows)}
    rows.sort(key=lambda row: (places[id(row)], chance.random()))
    keeper = Keeper(marks)
    for start in range(0, len(rows), batch):
        told = rows[start : start + batch]
        now_ns = max(row.time_ns for row in told)
        keeper.take(told, now_ns if live else None)
        if chance.random() < 0.5:
            keeper.close(now_ns - hours * HOUR_NS)
    event(f"closed {keeper.closed > 0}, read {min(keeper.readings, 3)}")
    keeper.take([], None)
    whole = keeper.whole()
    assert state_hash(whole) == expected(made.rows, marks)
    assert totals(keeper.keeping.books) == totals(whole)


def trade(number: int, at_ns: int, balances: dict[str, int]) -> list[LedgerRow]:
    """A coin bought for a dollar, or the same coin sold for two."""
    sign = -1 if number % 2 else 1
    found = []
    for wallet, amount in (("USD", -sign * 10**10 * (1 + number % 2)), ("BTC", sign * 10**6)):
        balance = balances[wallet] = balances[wallet] + amount
        names = (f"L{number}{wallet}", f"T{number}", at_ns, "trade", "", wallet)
        found.append(LedgerRow(*names, amount, 0, balance))
    return found


def of_a_coin(name: str, kind: str, hour: int, amount: int, balance: int) -> LedgerRow:
    return LedgerRow(name, "W", START_NS + hour * HOUR_NS, kind, "", "ETH", amount, 0, balance)


def traded(hours: int) -> tuple[Keeper, dict[str, int]]:
    """Books of an account with a trade an hour."""
    keeper, balances = Keeper(MarkTable(())), {"USD": 10**14, "BTC": 0}
    keeper.take([LedgerRow("L0", "D", START_NS, "deposit", "", "USD", 10**14, 0, 10**14)], None)
    for hour in range(1, hours):
        keeper.take(trade(hour - 1, START_NS + hour * HOUR_NS, balances), None)
    return keeper, balances


def test_what_books_hold_is_what_a_few_hours_bring_however_long_they_are_kept() -> None:
    keeper, balances = Keeper(MarkTable(())), {"USD": 10**14, "BTC": 0}
    deposit = LedgerRow("L0", "D", START_NS, "deposit", "", "USD", 10**14, 0, 10**14)
    keeper.take([deposit], None)
    held = []
    for number in range(1_000):
        at_ns = START_NS + (number + 1) * HOUR_NS // 10
        keeper.take(trade(number, at_ns, balances), at_ns)
        keeper.close(at_ns - 2 * HOUR_NS)
        keeping = keeper.keeping
        held.append((len(keeping.books.rows), len(keeping._journaled), len(keeping._numbers)))
    rows, journaled, numbers = map(max, zip(*held[-100:], strict=True))
    assert (rows <= 44, journaled <= 44, numbers <= 66) == (True, True, True)
    assert keeper.readings == 1
    assert keeper.keeping.books.known == 2_001
    assert keeper.keeping.books.balances == balances
    assert totals(keeper.keeping.books) == totals(keeper.whole())


def test_a_row_that_the_books_are_closed_to_has_them_read_whole_and_is_booked() -> None:
    keeper, balances = traded(40)
    old, leg = keeper.keeping.books.wallets["BTC"].booked[:2]
    keeper.close(START_NS + 30 * HOUR_NS)
    assert len(keeper.keeping.books.rows) < 30
    keeper.take([old], None)
    assert keeper.readings == 2, "nobody knows whether an old row is known"
    keeper.close(START_NS + 30 * HOUR_NS)
    late = leg._replace(ledger_id="L-late", time_ns=START_NS + 45 * HOUR_NS, amount=0)
    keeper.take([late._replace(balance=balances["BTC"])], None)
    assert keeper.readings == 3, "a leg of an event that was let go of"
    assert totals(keeper.keeping.books) == totals(keeper.whole())


def test_rows_that_nobody_missed_are_booked_where_they_belong() -> None:
    keeper, _ = traded(40)
    keeper.close(START_NS + 30 * HOUR_NS)
    there_and_back = [of_a_coin("L5", "deposit", 5, 7, 7), of_a_coin("L6", "withdrawal", 6, -7, 0)]
    keeper.take(there_and_back, None)
    assert keeper.readings == 2
    assert totals(keeper.keeping.books) == totals(keeper.whole())


def test_an_event_that_goes_on_for_a_day_is_let_go_of_when_all_of_it_is_old() -> None:
    keeper, _ = traded(40)
    keeper.take([of_a_coin("L1", "deposit", 1, 9, 9)._replace(refid="D2")], None)
    keeper.take(
        [of_a_coin("L2", "withdrawal", 2, -9, 0), of_a_coin("L26", "withdrawal", 26, 9, 9)], None
    )
    keeper.close(START_NS + 20 * HOUR_NS)
    assert 0 < keeper.keeping.books.open_from_ns <= START_NS + 2 * HOUR_NS
    keeper.close(START_NS + 30 * HOUR_NS)
    assert keeper.keeping.books.open_from_ns > START_NS + 26 * HOUR_NS
    assert totals(keeper.keeping.books) == totals(keeper.whole())
