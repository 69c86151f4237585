"""Looks: in an order that misses nothing, repeated on failure, and two that agree for a doubt."""

import attrs
import pytest
from look_stage import LAG_NS, LOOK, answer, calls, doubtful, look, looks, reconciler, until_look
from stage import Stage

from zoe.actors.look import PAGE
from zoe.actors.reconciler import PERIOD_SECONDS
from zoe.domain.order import Fact, Input, State
from zoe.domain.quantity import Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.gateway import (
    ExchangeClockMeasured,
    Failure,
    OrderSighted,
    OrdersListed,
    PrivateAnswered,
)
from zoe.messages.ledger import BalancesSeen, DriftFound
from zoe.messages.orders import (
    LookWanted,
    OrderChanged,
    OrdersReported,
    ReportOrders,
)
from zoe.messages.system import Beat, Reconciled, StreamBroken, StreamOpened
from zoe.ports.venue import GetBalances, GetClosedOrders, GetOpenOrders, GetTrades


def test_it_looks_when_the_stream_opens_and_then_says_reconciled() -> None:
    stage = reconciler()
    assert calls(stage) == []
    stage.tell(StreamOpened())
    look(stage, ())
    assert [type(call.operation) for call in calls(stage)] == LOOK
    assert stage.heard("watcher", Reconciled) == [Reconciled()]
    assert stage.kinds() == ["reconciler.began", "reconciler.looked"]


def test_pages_are_read_to_the_end() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    answer(stage, ())
    page = tuple(Sighting(f"O{n}", None, ()) for n in range(PAGE))
    answer(stage, page)
    following = calls(stage)[-1].operation
    assert isinstance(following, GetClosedOrders)
    assert following.offset == PAGE
    answer(stage, page[:1])
    assert isinstance(calls(stage)[-1].operation, GetBalances)
    assert [len(listed.sightings) for listed in stage.heard("orders", OrdersListed)] == [PAGE, 1]


def test_trades_are_read_only_while_fills_are_missing() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    order = doubtful(stage)
    partly = attrs.evolve(order, state=State.WORKING, reported_filled=Quantity.of("0.5"))
    stage.tell(OrderChanged(partly))
    answer(stage, ())
    answer(stage, ())
    assert isinstance(calls(stage)[-1].operation, GetTrades)
    answer(stage, ())
    answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported(()), 0.01)
    stage.tell(OrderChanged(attrs.evolve(partly, reported_filled=Quantity.of("0"))))
    stage.tell(LookWanted("a test", balances=True))
    answer(stage, ())
    answer(stage, ())
    assert isinstance(calls(stage)[-1].operation, GetBalances)


def test_nobody_hurries_a_look_that_has_just_failed() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, None, Failure.THROTTLED, "EAPI:Rate limit"))
    for _ in range(5):
        stage.tell(LookWanted("a test"))
    assert len(calls(stage)) == 1
    until_look(stage, 2)


def test_a_failed_look_is_begun_again_from_the_first_list() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    answer(stage, ())
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, None, Failure.THROTTLED, "EAPI:Rate limit"))
    until_look(stage, 2)
    assert isinstance(calls(stage)[-1].operation, GetOpenOrders)
    look(stage, ())
    assert len(stage.heard("watcher", Reconciled)) == 1


def test_a_stream_that_breaks_is_looked_at_again_before_anything_is_reconciled() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    stage.tell(StreamBroken("a test"))
    stage.run(2 * PERIOD_SECONDS)
    assert len(calls(stage)) == len(LOOK)
    stage.tell(StreamOpened())
    assert len(stage.heard("watcher", Reconciled)) == 1
    look(stage, ())
    assert len(stage.heard("watcher", Reconciled)) == 2


def test_a_look_serves_everybody_who_asked_before_it_left() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    stage.tell(LookWanted("while it waits for its turn"), 1)
    left_ns = stage.runtime.clock.wall_ns()
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, (), sent_ns=left_ns), 0.01)
    answer(stage, ())
    answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported(()), 0.01)
    assert looks(stage) == 1
    stage.tell(LookWanted("a test"))
    left_ns = stage.runtime.clock.wall_ns() - 1
    stage.tell(LookWanted("after it has left"))
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, (), sent_ns=left_ns), 0.01)
    answer(stage, ())
    stage.tell(OrdersReported(()), 0.01)
    assert looks(stage) == 3


def test_balances_of_a_look_are_passed_on_as_such() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    assert [seen.source for seen in stage.heard("ledger", BalancesSeen)] == ["look"]
    assert len(stage.heard("orders", ReportOrders)) == 1


def listed(stage: Stage) -> list[tuple[str, str, str]]:
    told = stage.heard("books", DriftFound)
    return [(step.subject, step.status, step.cause) for news in told for step in news.differences]


def test_an_end_that_the_stream_has_told_is_not_listed_and_one_that_a_look_found_is() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    order = attrs.evolve(doubtful(stage), state=State.WORKING, order_id="O1")
    end = Fact(Input.COMPLETED, "O1")
    for name, told in (("O1", True), ("O2", False)):
        intent = attrs.evolve(order.intent, intent_id=name)
        known = attrs.evolve(order, intent=intent, order_id=name)
        stage.tell(OrderChanged(known))
        if told:
            stage.tell(OrderSighted(Sighting(name, None, (attrs.evolve(end, order_id=name),))))
        stage.tell(OrderChanged(attrs.evolve(known, state=State.FILLED), end))
    assert listed(stage) == []
    stage.run(3 * LAG_NS / 1e9)
    assert listed(stage) == [("order O2", "settled", "missed_message")]


def test_what_the_snapshot_of_a_new_stream_shows_had_not_been_told() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    order = attrs.evolve(doubtful(stage), state=State.WORKING, order_id="O1")
    end = Fact(Input.COMPLETED, "O1")
    stage.tell(OrderChanged(order))
    stage.tell(StreamBroken("a gap"))
    stage.tell(OrderSighted(Sighting("O1", None, (end,))))
    stage.tell(StreamOpened())
    stage.tell(OrderChanged(attrs.evolve(order, state=State.FILLED), end))
    stage.run(3 * LAG_NS / 1e9)
    assert listed(stage) == [("order O1", "settled", "missed_message")]


def test_an_order_of_ours_that_no_list_shows_is_listed_when_lag_cannot_explain_it() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    order = attrs.evolve(doubtful(stage), state=State.WORKING, order_id="O1")
    stage.tell(OrderChanged(order))
    stage.run(5 * LAG_NS / 1e9)
    stage.tell(LookWanted("a test"))
    for number in range(3, 7):
        look(stage, (order,))
        until_look(stage, number)
    assert listed(stage) == [("order O1", "waiting", "lag"), ("order O1", "open", "unknown")]
    look(stage, (order,), (Sighting("O1", None, (Fact(Input.LIVE, "O1"),)),))
    assert listed(stage)[-1] == ("order O1", "settled", "lag")
    assert stage.heard("books", DriftFound)[-1].standing == frozenset()


def test_orders_that_no_list_shows_are_what_its_health_tells() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    order = attrs.evolve(doubtful(stage), state=State.WORKING, order_id="O1")
    look(stage, (order,))
    beat = stage.heard("heartbeat", Beat)[-1]
    assert (beat.status, beat.detail) == ("degraded", "1 of our orders in neither list")
    assert stage.heard("watcher", Reconciled) == []


def test_trades_are_read_from_where_the_look_began_that_found_them_missing() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    before_ns = stage.runtime.clock.wall_ns()
    stage.tell(StreamBroken("for long"), 600)
    stage.tell(StreamOpened())
    answer(stage, ())
    order = attrs.evolve(doubtful(stage), state=State.FILLED, order_id="O1")
    filled = attrs.evolve(order, reported_filled=Quantity.of("1"))
    answer(stage, ())
    answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported(()), 0.01)
    stage.tell(OrderChanged(filled))
    for restarts in (False, True):
        if restarts:
            stage.runtime.crash("reconciler")
            stage.run(0.1)
            stage.tell(StreamOpened())
            stage.tell(OrderChanged(filled))
        answer(stage, ())
        answer(stage, ())
        wanted = calls(stage)[-1].operation
        assert isinstance(wanted, GetTrades)
        assert wanted.start_ns < before_ns


def closed_from_ns(stage: Stage) -> int:
    """From when on the look that is under way reads what has ended."""
    answer(stage, ())
    closed = calls(stage)[-1].operation
    assert isinstance(closed, GetClosedOrders)
    assert closed.start_ns is not None
    return closed.start_ns


def test_a_process_that_never_came_to_look_leaves_its_time_to_the_next() -> None:
    stage = reconciler()
    began_ns = stage.runtime.clock.wall_ns()
    stage.run(600)
    stage.runtime.crash("reconciler")
    stage.run(0.1)
    stage.tell(StreamOpened())
    assert closed_from_ns(stage) < began_ns


@pytest.mark.parametrize("strangers", [True, False])
def test_what_a_look_showed_of_strangers_is_read_again_by_the_next(*, strangers: bool) -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    before_ns = stage.runtime.clock.wall_ns()
    stage.run(PERIOD_SECONDS)
    for _ in range(2):
        answer(stage, ())
    answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported((), strangers))
    assert len(stage.heard("watcher", Reconciled)) == 1
    stage.runtime.crash("reconciler")
    stage.run(0.1)
    stage.tell(StreamOpened())
    assert (closed_from_ns(stage) < before_ns) is strangers


def test_fills_that_an_order_lacks_after_a_restart_are_read_from_where_the_look_before_began() -> (
    None
):
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    before_ns = stage.runtime.clock.wall_ns()
    stage.run(PERIOD_SECONDS)
    look(stage, ())  # it showed the end of an order, and the process ended
    stage.runtime.crash("reconciler")
    stage.run(PERIOD_SECONDS)
    stage.tell(StreamOpened())
    order = attrs.evolve(doubtful(stage), state=State.FILLED, order_id="O1")
    look(stage, (attrs.evolve(order, reported_filled=Quantity.of("1")),))
    answer(stage, ())
    answer(stage, ())
    wanted = calls(stage)[-1].operation
    assert isinstance(wanted, GetTrades)
    assert wanted.start_ns is not None and wanted.start_ns < before_ns


def test_a_clock_that_is_set_back_hides_nothing_from_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = reconciler()
    clock, hour_ns = stage.runtime.clock, 3_600_000_000_000
    now_ns = clock.monotonic_ns()
    stage.tell(ExchangeClockMeasured(0, 1_000_000, now_ns))
    stage.tell(StreamOpened())
    look(stage, ())
    looked_ns = stage.runtime.clock.wall_ns()
    real = clock.wall_ns
    monkeypatch.setattr(clock, "wall_ns", lambda: real() - hour_ns)
    stage.tell(ExchangeClockMeasured(hour_ns, 1_000_000, now_ns))
    stage.tell(LookWanted("a test"))
    answer(stage, ())
    closed = calls(stage)[-1].operation
    assert isinstance(closed, GetClosedOrders)
    assert looked_ns - 20_000_000_000 < closed.start_ns < looked_ns
