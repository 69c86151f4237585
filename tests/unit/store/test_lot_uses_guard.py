"""What the database lets a statement take of lots is what taking one slice after the other would be
let: the guard looks at the whole statement, a model at each slice."""

import random
from functools import cache
from typing import Final

import attrs
import stores
from hypothesis import given, settings
from hypothesis import strategies as st

from zoe.store.connection import Connection, Database

#: Quantity of each lot; a unit of it had cost 10.
LOTS: Final = (2, 1, 3)
SETTING: Final = """
    INSERT INTO asset VALUES ('BTC', 10);
    INSERT INTO lot_edition VALUES ('a', 'BTC', 1, 'first', 0);
    INSERT INTO lot (account_id, asset, edition, number, event, time_ns, qty, basis)
    VALUES ('a', 'BTC', 1, 1, 'T1', 1, 2, 20), ('a', 'BTC', 1, 2, 'T2', 2, 1, 10),
           ('a', 'BTC', 1, 3, 'T3', 3, 3, 30);
"""
TAKE: Final = (
    "INSERT INTO lot_use (account_id, asset, edition, number, lot, event, time_ns, kind, qty, basis,"
    " proceeds) VALUES "
)


@attrs.frozen
class Slice:
    """So much of one lot."""

    lot: int
    quantity: int
    basis: int

    def sql(self, number: int) -> str:
        told = f"'S', 4, 'sale', {self.quantity}, {self.basis}, 0"
        return f"('a', 'BTC', 1, {number}, {self.lot}, {told})"


@cache
def database() -> Database:
    found = stores.fresh_database()
    found.run(lambda connection: connection.run(SETTING))
    return found


def model(slices: list[Slice]) -> bool:
    """Whether each slice may be taken when its turn comes."""
    left = [[quantity, 10 * quantity] for quantity in LOTS]
    for taken in slices:
        if any(quantity for quantity, _ in left[: taken.lot - 1]):
            return False
        lot = left[taken.lot - 1]
        lot[0] -= taken.quantity
        lot[1] -= taken.basis
        if min(lot) < 0 or (lot[0] == 0 and lot[1]):
            return False
    return True


def takes(slices: list[Slice], order: list[int]) -> bool:
    """Whether one statement may take them all, its rows in that order; nothing stays."""
    rows = ", ".join(slices[place].sql(place + 1) for place in order)

    def work(connection: Connection) -> None:
        connection.run("START TRANSACTION")
        try:
            connection.run(TAKE + rows)
        finally:
            connection.run("ROLLBACK")

    try:
        database().run(work)
    except AssertionError as refused:
        assert "23514" in str(refused), refused
        return False
    return True


SLICES: Final = st.lists(
    st.builds(
        lambda lot, quantity, odd: Slice(lot, quantity, 10 * quantity + odd),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from((0, 0, 0, 0, -1, 1)),
    ),
    min_size=1,
    max_size=5,
)


#: Slices that use lots up one after the other, in an order that may not be theirs.
UNITS: Final = [Slice(lot, 1, 10) for lot, count in enumerate(LOTS, 1) for _ in range(count)]
USED_UP: Final = st.integers(2, len(UNITS)).flatmap(lambda n: st.permutations(UNITS[:n]))


@given(
    slices=st.one_of(SLICES, USED_UP),
    in_order=st.booleans(),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_a_statement_takes_what_slice_after_slice_would(
    slices: list[Slice], in_order: bool, chance: random.Random
) -> None:
    if in_order:
        slices = sorted(slices, key=lambda taken: taken.lot)
    order = list(range(len(slices)))
    chance.shuffle(order)
    assert takes(slices, order) == model(slices)


def test_every_slice_of_every_lot_may_be_taken_at_once() -> None:
    assert model(UNITS) and takes(UNITS, list(range(len(UNITS))))
