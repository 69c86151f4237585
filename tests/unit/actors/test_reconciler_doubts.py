"""What is in doubt: how looks settle it, with and without the stream, and over restarts."""

import attrs
import pytest
from look_stage import (
    CLIENT_ID,
    LAG_NS,
    LOOK,
    absent,
    answer,
    calls,
    doubtful,
    look,
    looks,
    reconciler,
    settle,
    until_look,
)

from zoe.actors.reconciler import PERIOD_SECONDS
from zoe.domain.order import Fact, Input, Order, State
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import (
    ExchangeClockMeasured,
    PrivateAnswered,
)
from zoe.messages.orders import (
    DoubtRaised,
    LookWanted,
    OrderChanged,
    OrdersReported,
)
from zoe.messages.system import DoubtSettled, Reconciled, StreamBroken, StreamOpened


def test_two_looks_a_lag_apart_and_past_the_deadline_prove_an_order_absent() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    began_s = stage.runtime.clock.monotonic_ns() / 1e9
    until_look(stage, 2)
    assert stage.runtime.clock.monotonic_ns() / 1e9 - began_s >= 5, "it may still be accepted"
    look(stage, (order,))
    assert absent(stage) == []
    first_s = stage.runtime.clock.monotonic_ns() / 1e9
    until_look(stage, 3)
    assert stage.runtime.clock.monotonic_ns() / 1e9 - first_s >= LAG_NS / 1e9 - 0.2
    assert stage.runtime.clock.monotonic_ns() / 1e9 - began_s >= 5 + LAG_NS / 1e9
    look(stage, (order,))
    assert [fact.fact.input for fact in absent(stage)] == [Input.NOT_FOUND]


def test_what_is_in_doubt_is_settled_without_the_stream_but_nothing_is_reconciled() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(StreamBroken("a test")))
    until_look(stage, 2)
    look(stage, (order,))
    until_look(stage, 3)
    look(stage, (order,))
    assert len(absent(stage)) == 1
    assert len(stage.heard("watcher", Reconciled)) == 1, "of before the stream broke"
    stage.run(PERIOD_SECONDS + 1)
    assert looks(stage) == 3, "nothing is in doubt, and the stream is away"


def test_a_look_of_before_the_stream_opened_settles_doubts_but_reconciles_nothing() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(StreamBroken("a test")))
    until_look(stage, 2)
    stage.tell(StreamOpened())
    assert looks(stage) == 2, "a doubt waits for the one that is under way"
    look(stage, (order,))
    assert len(stage.heard("watcher", Reconciled)) == 1, "of before the stream broke"
    assert looks(stage) == 3
    look(stage, (order,))
    assert len(stage.heard("watcher", Reconciled)) == 2
    until_look(stage, 4)
    look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_look_that_no_doubt_waits_for_is_begun_again_when_the_stream_opens() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    stage.tell(StreamBroken("a test"))
    began = calls(stage)[-1].ref
    stage.tell(StreamOpened())
    assert calls(stage)[-1].ref != began
    stage.tell(PrivateAnswered(began, ()), 0.01)
    look(stage, ())
    assert looks(stage) == 2
    assert len(stage.heard("watcher", Reconciled)) == 1


def test_a_report_of_orders_that_a_look_asked_for_that_was_given_up_concludes_no_other() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_look(stage, 2)
    stage.tell(OrdersReported((order,)), 0.01)
    stage.tell(OrdersReported((order,)), 1.5 * LAG_NS / 1e9)
    stage.tell(OrdersReported((order,)), 0.01)
    assert absent(stage) == [], "no list has been read"
    assert looks(stage) == 2


def test_a_look_proves_by_the_time_when_it_left_and_not_by_that_of_the_wish() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(LookWanted("too early to prove anything"), 6))
    left_ns = stage.runtime.clock.wall_ns()
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, (), sent_ns=left_ns), 0.01)
    answer(stage, ())
    stage.tell(OrdersReported((order,)), 0.01)
    began_ns = stage.runtime.clock.monotonic_ns()
    until_look(stage, 3)
    look(stage, (order,))
    assert len(absent(stage)) == 1
    assert (stage.runtime.clock.monotonic_ns() - began_ns) / 1e9 < LAG_NS / 1e9 + 0.5


def test_balances_wait_for_a_look_that_no_doubt_waits_for() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(LookWanted("a test", balances=True)))
    look(stage, (order,))
    for number in (3, 4):
        until_look(stage, number)
        look(stage, (order,))
    kinds = [type(call.operation) for call in calls(stage)]
    assert kinds == [*LOOK, *3 * LOOK[:2]]
    stage.tell(OrderChanged(attrs.evolve(order, state=State.ABSENT)))
    stage.tell(LookWanted("a test"))
    look(stage, ())
    assert [type(call.operation) for call in calls(stage)][-3:] == LOOK


def test_a_stream_that_breaks_is_waited_for_a_moment_before_looks_go_on_without_it() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    order = doubtful(stage)
    stage.run(10)
    stage.tell(StreamBroken("a test"))
    stage.tell(DoubtRaised(order), 0.3)
    assert looks(stage) == 1
    until_look(stage, 2, 1)


def test_a_stream_that_has_not_opened_yet_is_waited_for_a_moment_too() -> None:
    stage = reconciler()
    overdue = attrs.evolve(doubtful(stage), not_after_ns=stage.runtime.clock.wall_ns() - LAG_NS)
    stage.tell(DoubtRaised(overdue), 0.3)
    assert looks(stage) == 0
    until_look(stage, 1, 1)


def test_a_doubt_that_is_told_of_again_has_not_to_be_missed_again() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_look(stage, 2)
    look(stage, (order,))
    stage.tell(DoubtRaised(order))
    until_look(stage, 3)
    look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_look_for_another_reason_does_not_cost_a_doubt_its_own() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(StreamOpened()))
    look(stage, (order,))  # too early to prove anything
    assert absent(stage) == []
    until_look(stage, 3)
    look(stage, (order,))
    until_look(stage, 4)
    look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_look_that_proves_too_early_is_followed_by_another_before_the_next_round() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_look(stage, 2)
    now_ns = stage.runtime.clock.monotonic_ns()
    stage.tell(ExchangeClockMeasured(0, 900_000_000, now_ns), 0.001)  # known less well than before
    for number in (3, 4, 5):
        look(stage, (order,))
        if not absent(stage):
            until_look(stage, number)
    assert len(absent(stage)) == 1
    assert stage.runtime.clock.monotonic_ns() / 1e9 < PERIOD_SECONDS / 2


HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize("set_by_ns", [-HOUR_NS, HOUR_NS])
@pytest.mark.parametrize("when", ["before the doubt", "after"])
def test_a_clock_that_is_set_settles_a_doubt_neither_sooner_nor_later(
    monkeypatch: pytest.MonkeyPatch, when: str, set_by_ns: int
) -> None:
    stage = reconciler()
    clock = stage.runtime.clock
    real = clock.wall_ns
    stage.tell(ExchangeClockMeasured(0, 1_000_000, clock.monotonic_ns()))

    def set_clock() -> None:
        monkeypatch.setattr(clock, "wall_ns", lambda: real() + set_by_ns)
        stage.tell(ExchangeClockMeasured(-set_by_ns, 1_000_000, clock.monotonic_ns()))

    if when == "before the doubt":
        set_clock()
    order = settle(stage, lambda: None)
    began_s = clock.monotonic_ns() / 1e9
    if when == "after":
        set_clock()
    until_look(stage, 2)
    look(stage, (order,))
    until_look(stage, 3)
    look(stage, (order,))
    assert len(absent(stage)) == 1
    took_s = clock.monotonic_ns() / 1e9 - began_s
    assert 5 + LAG_NS / 1e9 <= took_s <= PERIOD_SECONDS / 2


def test_a_doubt_that_was_due_before_the_newest_look_is_looked_for_a_lag_after_it() -> None:
    stage = reconciler()
    order = doubtful(stage)
    stage.run(10)
    stage.tell(StreamOpened())
    look(stage, ())
    stage.tell(DoubtRaised(order))
    until_look(stage, 2, LAG_NS // 1_000_000_000 + 1)


def test_doubts_that_are_due_together_share_their_looks() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    for number in range(5):
        intent = attrs.evolve(order.intent, intent_id=f"0000000{number}")
        stage.tell(DoubtRaised(attrs.evolve(order, intent=intent, cl_ord_id=None)), 0.001)
    until_look(stage, 2)
    look(stage, ())
    stage.run(2)
    assert looks(stage) == 2


def test_an_order_that_a_look_finds_by_our_own_id_is_not_absent() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    found = (Sighting("O1", CLIENT_ID.replace("-", "").upper(), (Fact(Input.LIVE, "O1"),)),)
    for number in (2, 3):
        until_look(stage, number, 120)
        look(stage, (order,), found)
    stage.run(60)
    assert absent(stage) == []


def test_a_doubt_that_an_earlier_incarnation_was_told_of_is_taken_up() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    order = doubtful(stage)
    look(stage, (order,))
    for number in (2, 3):
        until_look(stage, number)
        look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_doubt_that_is_settled_elsewhere_needs_no_look() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    settled = Order(order.intent, State.REJECTED, CLIENT_ID)
    stage.tell(OrderChanged(settled))
    stage.run(30)
    assert len(calls(stage)) == len(LOOK)


def test_how_long_a_doubt_lasted_is_told_once_it_is_settled() -> None:
    stage = reconciler()
    order = doubtful(stage)
    stage.tell(OrderChanged(order), 4)
    stage.tell(OrderChanged(attrs.evolve(order, reason="still")), 2)
    assert stage.heard("heartbeat", DoubtSettled) == []
    for _ in range(2):
        stage.tell(OrderChanged(attrs.evolve(order, state=State.WORKING)))
    (settled,) = stage.heard("heartbeat", DoubtSettled)
    assert round(settled.took_ns / 1e9) == 6


def test_a_desk_that_is_started_again_needs_only_the_second_look() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_look(stage, 2)
    look(stage, (order,))
    stage.runtime.crash("reconciler")
    stage.run(LAG_NS / 1e9)
    stage.tell(StreamOpened())
    stage.tell(DoubtRaised(order))
    look(stage, (order,))
    assert looks(stage) == 3
    assert len(absent(stage)) == 1


def test_what_was_placed_and_is_in_doubt_again_has_to_be_missed_twice() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_look(stage, 2)
    look(stage, (order,))
    stage.runtime.crash("reconciler")
    stage.run(LAG_NS / 1e9)
    stage.tell(StreamOpened())
    placed = attrs.evolve(order, order_id="O1")
    stage.tell(DoubtRaised(placed))
    look(stage, (placed,))
    assert absent(stage) == []


def test_lists_that_do_not_go_back_far_enough_prove_nothing() -> None:
    stage = reconciler()
    order = doubtful(stage)
    stage.run(60)
    stage.tell(StreamOpened())
    look(stage, ())
    stage.run(30)
    stage.tell(LookWanted("a test"))
    look(stage, (order,))
    until_look(stage, 3)
    look(stage, (order,))
    assert absent(stage) == [], "the look before did not know of it"
    until_look(stage, 4)
    look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_look_whose_calls_were_lost_with_the_gateway_is_begun_again() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_look(stage, 2)
    stage.tell(StreamBroken("the gateway was restarted", calls_lost=True))
    until_look(stage, 3, 2)
    look(stage, (order,))
    until_look(stage, 4)
    look(stage, (order,))
    assert len(absent(stage)) == 1


def test_an_answer_to_an_earlier_incarnation_is_none_to_this_one() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    earlier = calls(stage)[-1].ref
    stage.runtime.crash("reconciler")
    stage.run(0.1)
    stage.tell(StreamOpened())
    assert looks(stage) == 2
    stage.tell(PrivateAnswered(earlier, ()), 0.01)
    assert len(calls(stage)) == 2, "the first list of this look is waited for"
    look(stage, ())
    assert len(stage.heard("watcher", Reconciled)) == 1


@pytest.mark.parametrize("lag_ns", [0, LAG_NS // 10, LAG_NS, 3 * LAG_NS])
def test_whatever_the_lag_two_looks_are_enough(lag_ns: int) -> None:
    stage = reconciler(lag_ns)
    stage.tell(StreamOpened())
    look(stage, ())
    stage.run(30)
    order = doubtful(stage)
    stage.tell(DoubtRaised(order))
    for number in (2, 3):
        until_look(stage, number, 60)
        look(stage, (order,))
    assert len(absent(stage)) == 1
