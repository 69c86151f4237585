"""Amends in doubt: what looks at the open orders say of them, and when that is a proof."""

import attrs
import pytest

from zoe.actors.amend_doubts import AmendDoubts
from zoe.actors.steady_time import SteadyTime
from zoe.domain.amend import Amend, Progress, Terms
from zoe.domain.order import Fact, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting

S = 1_000_000_000
LAG_NS = 3 * S
INTENT = Intent(
    *("i-1", "person", None, "X/Y", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("4"), Price.of("100")),
)
OLD = Terms(INTENT.quantity, INTENT.limit_price)
NEW = Terms(Quantity.of("4"), Price.of("101"))
OTHER = Terms(Quantity.of("4"), Price.of("99"))
DOUBT = Order(INTENT, State.WORKING, order_id="O-1", amend=Amend(NEW, 2, 10 * S, Progress.IN_DOUBT))


class Standing(SteadyTime):
    """Time that stands still."""

    def __init__(self) -> None:
        """It has no owner."""

    def now_ns(self) -> int:
        return 0

    def between_ns(self, stamp_ns: int) -> tuple[int, int]:
        return stamp_ns, stamp_ns


def provable_ns(deadline_ns: int, latest_ns: int) -> int:
    return deadline_ns + LAG_NS


def doubts() -> AmendDoubts:
    found = AmendDoubts(Standing(), provable_ns, LAG_NS)
    found.follow(DOUBT)
    return found


def look(found: AmendDoubts, began_s: int, shown: Terms | None) -> list[Input]:
    """What a look says that begins then and shows the order so, or not at all."""
    found.began()
    if shown is not None:
        described = attrs.evolve(INTENT, quantity=shown.quantity, limit_price=shown.limit_price)
        lives = Fact(Input.LIVE, "O-1")
        found.saw(Sighting("O-1", None, (lives,), described))
    return [fact.input for name, fact in found.judge(began_s * S) if name == "i-1"]


def test_one_look_past_the_deadline_and_the_lag_that_shows_it_applied_is_enough() -> None:
    found = doubts()
    assert list(found.due_ns()) == [13 * S]
    assert look(found, 12, NEW) == []
    assert look(found, 13, NEW) == [Input.AMENDED]
    assert len(found) == 0


def test_two_looks_a_lag_apart_that_show_the_old_terms_prove_that_it_was_not() -> None:
    found = doubts()
    assert look(found, 13, OLD) == []
    assert list(found.due_ns()) == [16 * S]
    assert look(found, 15, OLD) == []
    assert look(found, 16, OLD) == [Input.AMEND_ABSENT]
    assert len(found) == 0


def test_terms_of_somebody_else_are_told_and_ours_is_none() -> None:
    found = doubts()
    assert look(found, 13, OTHER) == []
    assert look(found, 16, OTHER) == [Input.AMENDED, Input.AMEND_ABSENT]


def test_an_order_that_is_not_open_any_more_proves_nothing_by_that() -> None:
    found = doubts()
    for began_s in (13, 16, 19):
        assert look(found, began_s, None) == []
    assert len(found) == 1
    found.follow(attrs.evolve(DOUBT, state=State.FILLED, amend=None))
    assert len(found) == 0


@pytest.mark.parametrize("progress", [Progress.IN_FLIGHT, None])
def test_only_an_amend_in_doubt_is_doubted_and_a_new_one_begins_anew(
    progress: Progress | None,
) -> None:
    found = doubts()
    assert look(found, 13, OLD) == []
    amend = None if progress is None else Amend(NEW, 3, 20 * S, progress)
    found.follow(attrs.evolve(DOUBT, amend=amend))
    assert len(found) == 0
    found.follow(attrs.evolve(DOUBT, amend=Amend(NEW, 4, 30 * S, Progress.IN_DOUBT)))
    assert look(found, 33, OLD) == [] and len(found) == 1


def test_what_an_earlier_desks_look_has_not_shown_counts_for_that_amend_only() -> None:
    first = doubts()
    look(first, 13, OLD)
    later = AmendDoubts(Standing(), provable_ns, LAG_NS)
    later.recall(first.missed)
    later.follow(DOUBT)
    assert look(later, 16, OLD) == [Input.AMEND_ABSENT]
    another = AmendDoubts(Standing(), provable_ns, LAG_NS)
    another.recall(first.missed)
    assert DOUBT.amend is not None
    another.follow(attrs.evolve(DOUBT, amend=attrs.evolve(DOUBT.amend, number=3)))
    assert look(another, 16, OLD) == []
