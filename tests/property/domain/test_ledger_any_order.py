"""Books are a function of the rows they know: not of the order in which those came, nor of how
often, nor of how many came at a time (rules 6 and 10, invariants 1 to 8)."""

import random
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_rows import IN, WEIGHTS, Accounts

from zoe.domain.ledger import Books, Terms
from zoe.domain.ledger_audit import every_lot, state_hash, violations
from zoe.domain.ledger_row import LedgerRow
from zoe.domain.lot_events import LotBooking
from zoe.domain.marks import MarkTable

SEEDS = (1, 2, 3)
EVENTS = 120


@cache
def accounts(seed: int, events: int = EVENTS) -> tuple[Accounts, MarkTable, str]:
    """Rows of a seed, marks, and the hash of the books that know them all."""
    made = Accounts(seed).make(events)
    marks = MarkTable(made.marks())
    books = Books(marks, Terms(declared=made.declared))
    take(books, made.rows)
    assert violations(books) == []
    return made, marks, state_hash(books)


def take(books: Books, rows: Iterable[LedgerRow]) -> None:
    for row in rows:
        books.add(row)
    books.settle()


@given(
    seed=st.sampled_from(SEEDS),
    chance=st.randoms(use_true_random=False),
    batch=st.integers(1, 400),
    lateness=st.sampled_from((0, 3, 40, 10_000)),
    live=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_any_order_any_duplication_and_any_batches_give_the_same_hash(
    seed: int, chance: random.Random, batch: int, lateness: int, live: bool
) -> None:
    made, marks, expected = accounts(seed)
    rows = made.rows + chance.sample(made.rows, 30)
    places = {id(row): place + chance.randint(0, lateness) for place, row in enumerate(made.rows)}
    rows.sort(key=lambda row: (places[id(row)], chance.random()))
    books = Books(marks, Terms(declared=made.declared))
    for start in range(0, len(rows), batch):
        for row in rows[start : start + batch]:
            books.add(row)
        books.settle(rows[start].time_ns if live else None)
        assert violations(books) == []
    books.settle()
    assert state_hash(books) == expected
    assert books.gaps == {}


@given(seed=st.sampled_from(SEEDS), chance=st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_missing_rows_hold_what_follows_and_books_stay_sound(
    seed: int, chance: random.Random
) -> None:
    made, marks, expected = accounts(seed)
    missing = set(chance.sample(range(len(made.rows)), 5))
    books = Books(marks, Terms(declared=made.declared))
    take(books, (row for place, row in enumerate(made.rows) if place not in missing))
    assert violations(books) == []
    take(books, (made.rows[place] for place in missing))
    assert violations(books) == []
    assert state_hash(books) == expected


@pytest.mark.parametrize("seed", range(10, 15))
def test_balances_equal_what_the_exchange_says_last(seed: int) -> None:
    made, marks, _ = accounts(seed)
    books = Books(marks, Terms(declared=made.declared))
    take(books, made.rows)
    assert books.balances == dict(sorted(made.balances.items()))


@pytest.mark.parametrize("seed", range(10, 15))
def test_lots_and_takings_are_what_an_independent_hand_wrote_down(seed: int) -> None:
    made, marks, _ = accounts(seed, 400)
    books = Books(marks, Terms(declared=made.declared))
    take(books, made.rows)
    came: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    went: defaultdict[str, list[tuple[str, int, int | None]]] = defaultdict(list)
    for lot in every_lot(books):
        came[lot.asset].append((lot.quantity, lot.basis))
    for outcome in books.outcomes:
        sums: dict[tuple[str, str], list[int]] = {}
        for use in outcome.uses:
            total = sums.setdefault((use.lot.asset, use.kind), [0, 0])
            total[0] += use.quantity
            total[1] += use.proceeds or 0
        for (asset, kind), (quantity, proceeds) in sums.items():
            went[asset].append((kind, quantity, None if kind == "transfer_out" else proceeds))
    for asset in {moved.asset for moved in made.truth}:
        moves = [moved for moved in made.truth if moved.asset == asset]
        assert came[asset] == [(m.quantity, m.worth) for m in moves if m.direction == IN]
        assert went[asset] == [
            ("sale" if m.why == "trade" else m.why, m.quantity, m.worth)
            for m in moves
            if m.direction != IN
        ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_short_way_of_a_plain_trade_comes_to_what_the_long_way_does(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, marks, expected = accounts(seed)
    short = Books(marks, Terms(declared=made.declared))
    take(short, made.rows)
    monkeypatch.setattr(LotBooking, "_plain_trade", lambda self, group: None)
    long = Books(marks, Terms(declared=made.declared))
    take(long, made.rows)
    assert state_hash(long) == expected
    assert long.flows == short.flows
    for one, other in zip(short.outcomes, long.outcomes, strict=True):
        assert (one.key, one.marks, one.flows) == (other.key, other.marks, other.flows)
        assert [use[1:] for use in one.uses] == [use[1:] for use in other.uses]


def test_the_made_accounts_have_every_kind_of_event() -> None:
    kinds: set[str] = set()
    for seed in range(3):
        kinds |= set(Accounts(seed).make(400).kinds)
    assert kinds == set(WEIGHTS)
