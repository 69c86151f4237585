"""Desire: wants against working orders, one step a slot."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.amend import Terms
from zoe.domain.order import CancelProgress, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.repeg import Add, Cancel, Now, Policy, Step, Target, Wait, Working
from zoe.domain.strategy.desire import OWN_ORDER, PAIR_OWNED, Other, Slot, step

EDGE = "strategy/edge_factory"
TRADER = "strategy/crypto_trader"
CONTEXT = (Now(1_000, 1_000), Policy())


def target(slot: str, side: Side, price: int, source: str = EDGE, pair: str = "X/USD") -> Target:
    return Target(slot, source, pair, side, Price(Decimal(price)), Quantity(Decimal(1)), 10**12)


def working(wanted: Target, state: State = State.WORKING) -> Working:
    terms = Terms(wanted.quantity, wanted.price)
    name = f"i-{wanted.slot}"
    return Working(name, wanted.side, terms, wanted.quantity, state, CancelProgress.NONE, 0)


def other(wanted: Target, price: Price | None = None) -> Other:
    return Other(wanted.source, wanted.slot, wanted.pair, wanted.side, price or wanted.price)


BID = target("bid.0", Side.BUY, 100)
ASK = target("ask.0", Side.SELL, 101)


def test_an_empty_slot_is_filled() -> None:
    assert step((EDGE, "bid.0"), BID, (), (), CONTEXT) == Add(BID)


def test_the_same_want_twice_yields_nothing_twice() -> None:
    for state in (State.WAITING, State.SENDING, State.PENDING, State.IN_DOUBT, State.WORKING):
        found = step((EDGE, "bid.0"), BID, (working(BID, state),), (other(BID),), CONTEXT)
        assert isinstance(found, Wait)


def test_a_want_that_would_meet_an_order_of_our_own_waits() -> None:
    person = Other("person", None, "X/USD", Side.SELL, Price(Decimal(100)))
    found = step((EDGE, "bid.0"), BID, (), (person,), CONTEXT)
    assert isinstance(found, Wait) and found.reason == OWN_ORDER
    elsewhere = attrs.evolve(person, pair="X/EUR")
    above = attrs.evolve(person, price=Price(Decimal("100.01")))
    assert step((EDGE, "bid.0"), BID, (), (elsewhere, above), CONTEXT) == Add(BID)


def test_an_order_that_takes_whatever_there_is_meets_any_price() -> None:
    person = Other("person", None, "X/USD", Side.SELL, None)
    found = step((EDGE, "bid.0"), BID, (), (person,), CONTEXT)
    assert isinstance(found, Wait) and found.reason == OWN_ORDER


def test_an_order_may_not_be_moved_into_one_of_our_own_either() -> None:
    resting = working(target("bid.0", Side.BUY, 90))
    found = step((EDGE, "bid.0"), BID, (resting,), (other(ASK, Price(Decimal(95))),), CONTEXT)
    assert isinstance(found, Wait) and found.reason == OWN_ORDER


def test_a_pair_has_one_owner_among_strategies() -> None:
    stranger = other(target("entry", Side.BUY, 90, TRADER))
    found = step((EDGE, "bid.0"), BID, (), (stranger,), CONTEXT)
    assert isinstance(found, Wait) and found.reason == PAIR_OWNED
    person = attrs.evolve(stranger, source="person", slot=None)
    assert step((EDGE, "bid.0"), BID, (), (person,), CONTEXT) == Add(BID)


def test_a_cancel_goes_whoever_owns_the_pair() -> None:
    stranger = other(target("entry", Side.SELL, 90, TRADER))
    found = step((EDGE, "bid.0"), None, (working(BID),), (stranger,), CONTEXT)
    assert isinstance(found, Cancel)


SLOTS = st.sampled_from(("ask.0", "ask.1", "bid.0", "bid.1"))


def one_of_each(
    targets: Mapping[Slot, Target], there: Mapping[Slot, Working], known: Iterable[Other]
) -> dict[Slot, Step]:
    """A step of each slot, one after the other: what one adds, the next ones see."""
    others, taken = list(known), dict[Slot, Step]()
    for slot in sorted(targets):
        orders = (there[slot],) if slot in there else ()
        taken[slot] = step(slot, targets[slot], orders, others, CONTEXT)
        if isinstance(taken[slot], Add):
            others.append(other(targets[slot]))
    return taken


@given(
    st.dictionaries(
        st.tuples(st.sampled_from((EDGE, TRADER)), SLOTS),
        st.tuples(st.sampled_from(Side), st.integers(95, 105)),
        min_size=1,
    )
)
def test_what_is_added_never_meets_what_is_there_nor_itself_nor_a_second_owner(
    wished: dict[Slot, tuple[Side, int]],
) -> None:
    targets = {
        (source, slot): target(slot, side, price, source)
        for (source, slot), (side, price) in wished.items()
    }
    first = one_of_each(targets, {}, ())
    added = {slot: s.target for slot, s in first.items() if isinstance(s, Add)}
    assert added
    assert len({source for source, _ in added}) == 1
    buys = [t.price for t in added.values() if t.side is Side.BUY]
    sells = [t.price for t in added.values() if t.side is Side.SELL]
    assert not buys or not sells or max(buys) < min(sells)
    # Asked again while the answers are on their way, and once they rest: nothing is doubled.
    for state in (State.SENDING, State.IN_DOUBT, State.WORKING):
        there = {slot: working(t, state) for slot, t in added.items()}
        others = [other(t) for t in added.values()]
        again = one_of_each(targets, there, others)
        assert not [s for s in again.values() if not isinstance(s, Wait)]
