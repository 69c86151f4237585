"""Orders and fills that differ: what the stream told late or never, what others did, what lists show."""

import attrs
import pytest

from zoe.domain.amend import Amend, Terms
from zoe.domain.difference import (
    EXTERNAL,
    LAG,
    MISSED,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
)
from zoe.domain.order import EXTERNAL as SOMEBODY_ELSE
from zoe.domain.order import (
    CancelProgress,
    Fact,
    Fill,
    Input,
    Intent,
    Order,
    OrderType,
    Side,
    State,
)
from zoe.domain.order_drift import Listed, OrderDrift
from zoe.domain.order_inputs import amending, apply
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting

SECOND_NS = 1_000_000_000
LAG_NS = 3 * SECOND_NS
LATER_NS = 60 * SECOND_NS


def order(source: str = "strategy/q", state: State = State.WORKING) -> Order:
    intent = Intent(
        *("I1", source, None, "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("1"), Price.of("50000")),
    )
    return Order(intent, state, "c", order_id=None if state is State.IN_DOUBT else "O1")


def fill(quantity: str = "1") -> Fact:
    traded = Fill(
        *("T1", 1, "O1", "BTC/USD", Side.BUY, Quantity.of(quantity), Price.of("50000")),
        *(Price.of("50000").value, Price.of("1").value, "USD", "t", 1),
    )
    return Fact(Input.FILL, "O1", traded, Quantity.of(quantity))


def change(drift: OrderDrift, before: Order, fact: Fact, now_ns: int = 1) -> list[Difference]:
    return drift.changed(apply(before, fact), fact, now_ns)


def brief(found: list[Difference]) -> list[tuple[str, str, str]]:
    return [(step.subject, step.status, step.cause) for step in found]


def knowing(known: Order, now_ns: int = 0) -> OrderDrift:
    drift = OrderDrift(LAG_NS)
    assert drift.changed(known, None, now_ns) == []
    return drift


def test_what_the_stream_has_told_differs_from_nothing() -> None:
    drift, fact = knowing(order()), fill()
    assert drift.told(Sighting("O1", "c", (fact,)), 1) == []
    assert change(drift, order(), fact) == []
    assert drift.due(LATER_NS) == []


def test_a_fill_that_the_stream_never_tells_was_missed() -> None:
    drift = knowing(order())
    assert change(drift, order(), fill("0.5")) == []
    assert drift.due(2 * LAG_NS) == [], "the stream may lag"
    (missed,) = drift.due(2 * LAG_NS + 1)
    assert missed.subject == "fill T1"
    assert (missed.status, missed.cause) == (SETTLED, MISSED)
    assert missed.theirs == "buy 0.5 BTC/USD at 50000"


def test_a_fill_that_the_stream_tells_later_was_late_and_how_late_is_said() -> None:
    drift, fact = knowing(order()), fill("0.5")
    change(drift, order(), fact)
    (late,) = drift.told(Sighting("O1", "c", (fact,)), 2 * SECOND_NS + 1)
    assert (late.cause, late.repair) == (LAG, "the stream told it 2.0 s later")
    assert drift.due(LATER_NS) == []


def test_an_end_that_only_a_list_shows_was_missed() -> None:
    asked = attrs.evolve(order(), cancel=CancelProgress.REQUESTED)
    drift = knowing(asked)
    assert change(drift, asked, Fact(Input.CANCELED, "O1")) == []
    (missed,) = drift.due(LATER_NS)
    assert (missed.subject, missed.ours, missed.theirs) == ("order O1", "WORKING", "CANCELED")


def test_an_order_of_somebody_else_is_listed_with_its_trades() -> None:
    drift = OrderDrift(LAG_NS)
    theirs = order(SOMEBODY_ELSE)
    (adopted,) = drift.changed(theirs, None, 1)
    assert adopted.theirs == "buy 1 BTC/USD limit 50000"
    assert (adopted.cause, adopted.repair) == (EXTERNAL, "adopted")
    assert brief(change(drift, theirs, fill())) == [("fill T1", SETTLED, EXTERNAL)]
    assert drift.due(LATER_NS) == []


def test_a_cancel_that_nobody_here_asked_for_is_somebody_elses() -> None:
    drift, gone = knowing(order()), Fact(Input.CANCELED, "O1", reason="User requested")
    drift.told(Sighting("O1", "c", (gone,)), 1)
    (found,) = change(drift, order(), gone)
    assert (found.cause, found.ours, found.theirs) == (EXTERNAL, "WORKING", "CANCELED")
    assert found.repair == "canceled elsewhere (User requested): taken over"


def test_a_cancel_while_an_amend_of_ours_is_under_way_is_somebody_elses_unless_that_ends_it() -> (
    None
):
    partly = apply(order(), fill("0.5"))
    for quantity, causes in (("2", [EXTERNAL]), ("0.5", [])):
        terms = Terms(Quantity.of(quantity), Price.of("50000"))
        under_way = amending(partly, Amend(terms, 1, 99))
        found = change(knowing(under_way), under_way, Fact(Input.CANCELED, "O1"))
        assert [step.cause for step in found] == causes


def test_a_cancel_of_ours_is_no_difference() -> None:
    asked = attrs.evolve(order(), cancel=CancelProgress.REQUESTED)
    drift, gone = knowing(asked), Fact(Input.CANCELED, "O1")
    drift.told(Sighting("O1", "c", (gone,)), 1)
    assert change(drift, asked, gone) == []


def test_terms_that_somebody_else_amended_are_listed_and_ours_are_not() -> None:
    terms = Terms(Quantity.of("2"), Price.of("49000"))
    amended = Fact(Input.AMENDED, "O1", terms=terms)
    (found,) = change(knowing(order()), order(), amended)
    assert (found.cause, found.ours, found.theirs) == (EXTERNAL, "1 @ 50000", "2 @ 49000")
    ours = amending(order(), Amend(terms, 1, 99))
    assert change(knowing(ours), ours, amended) == []


def test_a_doubt_says_how_it_was_settled_and_how_long_it_took() -> None:
    doubtful, spent_ns = order(state=State.IN_DOUBT), 2 * SECOND_NS
    (late,) = change(knowing(doubtful), doubtful, Fact(Input.ACKNOWLEDGED, "O1"), spent_ns)
    assert (late.cause, late.repair) == (LAG, "the answer came after 2.0 s")
    (absent,) = change(knowing(doubtful), doubtful, Fact(Input.NOT_FOUND), spent_ns)
    assert (absent.cause, absent.theirs) == (MISSED, "in no list")
    drift = knowing(doubtful)
    assert change(drift, doubtful, Fact(Input.LIVE, "O1"), spent_ns) == []
    (found,) = drift.due(LATER_NS)
    assert (found.cause, found.repair) == (MISSED, "found by a look after 2.0 s")


@pytest.mark.parametrize("source", ["strategy/q", "external"])
def test_an_order_that_vanished_is_listed_as_what_nothing_explains(source: str) -> None:
    drift = OrderDrift(LAG_NS)
    drift.changed(order(source), None, 0)
    (gone,) = change(drift, order(source), Fact(Input.VANISHED, "O1"))
    assert (gone.subject, gone.status, gone.cause) == ("order O1", "settled", "unknown")
    assert (gone.ours, gone.theirs) == ("WORKING", "an unknown order")


def look(
    began_ns: int, missing: tuple[Order, ...] = (), still: frozenset[str] = frozenset()
) -> Listed:
    return Listed(began_ns, still, missing, ())


def test_an_order_of_ours_that_no_list_shows_waits_for_lag_and_then_alarms() -> None:
    drift, ours = knowing(order()), (order(),)
    assert drift.looked(look(LAG_NS, ours), LAG_NS) == [], "the list may be older than the order"
    first_ns = 5 * LAG_NS
    assert brief(drift.looked(look(first_ns, ours), first_ns)) == [("order O1", WAITING, LAG)]
    soon_ns = first_ns + LAG_NS
    assert drift.looked(look(soon_ns, ours), soon_ns) == []
    over_ns = first_ns + 2 * LAG_NS
    assert brief(drift.looked(look(over_ns, ours), over_ns)) == [("order O1", OPEN, UNKNOWN)]
    assert drift.looked(look(over_ns + 1, ours), over_ns + 1) == [], "told once"
    assert drift.standing == {"order O1"}
    assert brief(drift.looked(look(LATER_NS), LATER_NS)) == [("order O1", SETTLED, LAG)]
    assert drift.standing == frozenset()


def test_what_a_predecessor_may_have_told_of_stands_until_a_list_shows_otherwise() -> None:
    drift, ours = knowing(order()), (order(),)
    assert drift.looked(look(LAG_NS, ours), LAG_NS) == []
    assert drift.standing == {"order O1"}, "a restart has settled nothing"
    assert drift.looked(look(LAG_NS + 1), LAG_NS + 1) == []
    assert drift.standing == frozenset()


def test_an_order_that_ended_and_is_listed_as_open_long_after_differs() -> None:
    drift, gone = knowing(order()), Fact(Input.CANCELED, "O1")
    drift.told(Sighting("O1", "c", (gone,)), 1)
    change(drift, order(), gone)
    still = frozenset({"O1"})
    assert drift.looked(look(LAG_NS, still=still), LAG_NS) == [], "lists lag"
    (found,) = drift.looked(look(LATER_NS, still=still), LATER_NS)
    assert (found.status, found.ours, found.theirs) == (WAITING, "CANCELED", "open")


def test_fills_that_the_exchange_counts_and_never_tells_differ() -> None:
    counted = attrs.evolve(order(), reported_filled=Quantity.of("0.5"))
    drift = knowing(counted)
    first = Listed(LAG_NS, frozenset(), (), (counted,))
    assert drift.looked(first, LAG_NS) == [], "they may be under way"
    (found,) = drift.looked(attrs.evolve(first, began_ns=LATER_NS), LATER_NS)
    assert (found.subject, found.ours, found.theirs) == ("fills of order O1", "0", "0.5")
