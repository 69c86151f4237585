"""The rules of how fast orders are asked for hold over restarts of RiskOfficer, and of the desk."""

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_stage import LIMITS, PAIR, approved, codes, intent, officer, quote
from stage import Stage

from zoe.domain import order_record
from zoe.domain.amend import Terms
from zoe.domain.catalog import Catalog
from zoe.domain.order import Intent, Order, State
from zoe.domain.quantity import Price, Quantity
from zoe.messages.journal import StoredRow
from zoe.messages.orders import (
    AmendOrder,
    Asked,
    OrderChanged,
    OrdersReported,
    PlaceOrder,
    SubmitAmend,
)
from zoe.messages.system import CatalogChanged, Reconciled

MOST = 3
FAST = attrs.evolve(LIMITS, max_orders_per_minute=MOST)
MINUTE_NS = 60_000_000_000


def wish(stage: Stage, number: int, *, has_room: bool = True) -> None:
    """An order that gets its row at once where there is room; otherwise it waits in the OrderDesk."""
    quote(stage, 50_000)
    asker = stage.runtime.find("asker")
    stage.tell(PlaceOrder(intent(number, "0.001"), asker, has_room=has_room), 0.01)


def crash(stage: Stage, report: OrdersReported) -> None:
    """RiskOfficer begins again, and everybody tells it what they know."""
    stage.runtime.crash("risk")
    stage.run(0.5)
    tell_all(stage, report)


def tell_all(stage: Stage, report: OrdersReported) -> None:
    for news in (Reconciled(), report, CatalogChanged(Catalog(1, {PAIR.symbol: PAIR}))):
        stage.tell(news)


def waiting(stage: Stage) -> OrdersReported:
    """What the OrderDesk would tell: what was approved and has no row."""
    streams = {row.stream for row in stage.rows}
    without = [
        i for i in approved(stage) if order_record.stream_of("a", i.intent_id) not in streams
    ]
    return OrdersReported((), approved=tuple(Asked(i, i.terms) for i in without))


def row_of(wanted: Intent, at_ns: int, number: int = 1) -> StoredRow:
    """The first row of an order that is on its way."""
    sent = Order(wanted, State.SENDING, cl_ord_id=f"c{number}", not_after_ns=1)
    kind, body = order_record.opening_row(sent, "{}")
    stream = order_record.stream_of("a", wanted.intent_id)
    return StoredRow(number, stream, 1, kind, at_ns, json.loads(body))


STEP = st.one_of(
    st.just("crash"), st.booleans(), st.sampled_from([0.5, 10.0, 29.0, 31.0, 59.0, 61.0])
)


@given(st.lists(STEP, max_size=25))
def test_no_minute_has_more_than_the_limit_however_often_risk_crashes(
    steps: list[str | bool | float],
) -> None:
    stage, at_ns = officer(FAST), list[int]()
    for number, step in enumerate(steps, 1):
        if isinstance(step, bool):
            wish(stage, number, has_room=step)
            new = len(approved(stage)) - len(at_ns)
            at_ns += [stage.runtime.clock.monotonic_ns()] * new
        elif isinstance(step, float):
            stage.run(step)
        else:
            crash(stage, waiting(stage))
    assert all(b - a > MINUTE_NS - 10**8 for a, b in zip(at_ns, at_ns[MOST:], strict=False))


@pytest.mark.parametrize("has_room", (True, False))
def test_a_crash_gives_nobody_a_new_rate(has_room: bool) -> None:
    stage = officer(FAST)
    for number in range(1, 4):
        wish(stage, number, has_room=has_room)
    crash(stage, waiting(stage))
    wish(stage, 4)
    assert codes(stage) == ["ORDER_RATE"]
    stage.run(61)
    wish(stage, 5)
    assert len(approved(stage)) == 4


def test_what_got_its_row_between_the_two_answers_counts_once() -> None:
    stage = officer(FAST)
    for number in (1, 2):
        wish(stage, number)
    crash(stage, OrdersReported((), approved=tuple(Asked(i, i.terms) for i in approved(stage))))
    for number in (3, 4):
        wish(stage, number)
    assert len(approved(stage)) == 3
    assert codes(stage) == ["ORDER_RATE"]


def test_another_desk_goes_on_with_the_minute_of_the_one_before() -> None:
    now_ns = officer().runtime.clock.wall_ns()
    seconds = (-61, -40, -30, 20)  # the clock of the machine was set back since the last one
    rows = tuple(
        row_of(intent(n, "0.001"), now_ns + s * 10**9, n) for n, s in enumerate(seconds, 1)
    )
    stage = officer(FAST, rows)
    wish(stage, 5)
    assert codes(stage) == ["ORDER_RATE"]
    stage.run(25)
    wish(stage, 6)
    assert len(approved(stage)) == 1


def test_amends_count_over_a_crash_whether_or_not_they_have_left() -> None:
    stage = officer(FAST)
    wish(stage, 1)
    order = Order(intent(1, "0.001"), State.WORKING)
    stage.tell(OrderChanged(order))
    terms = [Terms(Quantity.of("0.001"), Price.of(price)) for price in ("49000", "48000")]
    for wanted in terms:
        quote(stage, 50_000)
        stage.tell(AmendOrder(order.intent, wanted, "a test", None, stage.runtime.find("asker")))
    assert len(stage.heard("orders", SubmitAmend)) == 2
    first = stage.rows[-1]
    left = attrs.evolve(first, seq=2, version=2, kind=order_record.AMENDING)
    stage.rows.append(left)
    crash(stage, OrdersReported((order,), approved=(Asked(order.intent, terms[1]),)))
    wish(stage, 2)
    assert codes(stage) == ["ORDER_RATE"]


def test_the_same_wish_is_refused_over_a_crash_as_well() -> None:
    stage = officer(attrs.evolve(LIMITS, duplicate_window_ms=30_000))
    wish(stage, 1)
    crash(stage, OrdersReported(()))
    wish(stage, 2)
    assert codes(stage) == ["REPEATED_INTENT"]
    stage.run(31)
    wish(stage, 3)
    assert len(approved(stage)) == 2


def test_nothing_is_approved_before_the_journal_has_told_the_last_minute() -> None:
    stage = officer(FAST)
    stage.runtime.crash("risk")
    stage.run(0.5)
    stage.reading = False
    tell_all(stage, OrdersReported(()))
    wish(stage, 1)
    assert codes(stage) == ["NOT_READY"]
