"""Looks: in an order that misses nothing, repeated on failure, and two that agree for a doubt."""

from collections.abc import Callable
from functools import partial

import attrs
from stage import Stage

from zoe.actors.look import PAGE
from zoe.actors.reconciler import PERIOD_SECONDS, Reconciler
from zoe.domain.order import Fact, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.gateway import (
    ExchangeClockMeasured,
    Failure,
    OrderSighted,
    PrivateAnswered,
    PrivateCall,
)
from zoe.messages.ledger import BalancesSeen, DriftFound
from zoe.messages.orders import (
    DoubtRaised,
    LookWanted,
    OrderChanged,
    OrderFact,
    OrdersReported,
    ReportOrders,
)
from zoe.messages.system import DoubtSettled, Reconciled, StreamBroken, StreamOpened
from zoe.ports.venue import GetBalances, GetClosedOrders, GetOpenOrders, GetTrades

LAG_NS = 3_000_000_000
INTENT_ID = "00000000-0000-0000-0000-000000000001"
CLIENT_ID = "01234567-89ab-8def-8123-456789abcdef"
OTHERS = ("gateway", "orders", "ledger", "books", "watcher", "heartbeat", f"orders/{INTENT_ID}")
LOOK = [GetOpenOrders, GetClosedOrders, GetBalances]


def reconciler() -> Stage:
    factory = partial(Reconciler, "a", LAG_NS, ("watcher",), "books")
    return Stage("reconciler", factory, OTHERS)


def calls(stage: Stage) -> list[PrivateCall]:
    return stage.heard("gateway", PrivateCall)


def answer(stage: Stage, result: object) -> None:
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, result), 0.01)


def look(stage: Stage, orders: tuple[Order, ...], seen: tuple[Sighting, ...] = ()) -> None:
    """Answers a whole look that is under way."""
    answer(stage, seen)
    answer(stage, ())
    answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported(orders), 0.01)


def doubtful(stage: Stage) -> Order:
    intent = Intent(
        *(INTENT_ID, "strategy/q", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("1"), Price.of("1")),
    )
    not_after_ns = stage.runtime.clock.wall_ns() + 5_000_000_000
    return Order(intent, State.IN_DOUBT, CLIENT_ID, not_after_ns=not_after_ns)


def until_call(stage: Stage, count: int, seconds: int = 30) -> None:
    for _ in range(seconds * 10):
        if len(calls(stage)) >= count:
            return
        stage.run(0.1)
    raise AssertionError(f"{len(calls(stage))} calls, not {count}")


def test_it_looks_when_the_stream_opens_and_then_says_reconciled() -> None:
    stage = reconciler()
    assert calls(stage) == []
    stage.tell(StreamOpened())
    look(stage, ())
    assert [type(call.operation) for call in calls(stage)] == LOOK
    assert stage.heard("watcher", Reconciled) == [Reconciled("a", 1, 0)]
    assert stage.kinds() == ["reconciler.looked"]


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
    assert len(stage.heard("orders", OrderSighted)) == PAGE + 1


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
    stage.tell(LookWanted("a test"))
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
    until_call(stage, 2)


def test_a_failed_look_is_begun_again_from_the_first_list() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    answer(stage, ())
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, None, Failure.THROTTLED, "EAPI:Rate limit"))
    until_call(stage, 3)
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


def settle(stage: Stage, then: Callable[[], None]) -> Order:
    stage.tell(StreamOpened())
    look(stage, ())
    order = doubtful(stage)
    stage.tell(DoubtRaised(order))
    then()
    return order


def absent(stage: Stage) -> list[OrderFact]:
    return stage.heard(f"orders/{INTENT_ID}", OrderFact)


def test_two_looks_a_lag_apart_and_past_the_deadline_prove_an_order_absent() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    began_s = stage.runtime.clock.monotonic_ns() / 1e9
    until_call(stage, len(LOOK) + 1)
    assert stage.runtime.clock.monotonic_ns() / 1e9 - began_s >= 5, "it may still be accepted"
    look(stage, (order,))
    assert absent(stage) == []
    first_s = stage.runtime.clock.monotonic_ns() / 1e9
    until_call(stage, 2 * len(LOOK) + 1)
    assert stage.runtime.clock.monotonic_ns() / 1e9 - first_s >= LAG_NS / 1e9 - 0.2
    assert stage.runtime.clock.monotonic_ns() / 1e9 - began_s >= 5 + LAG_NS / 1e9
    look(stage, (order,))
    assert [fact.fact.input for fact in absent(stage)] == [Input.NOT_FOUND]


def test_what_is_in_doubt_is_settled_without_the_stream_but_nothing_is_reconciled() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(StreamBroken("a test")))
    until_call(stage, len(LOOK) + 1)
    look(stage, (order,))
    until_call(stage, 2 * len(LOOK) + 1)
    look(stage, (order,))
    assert len(absent(stage)) == 1
    assert len(stage.heard("watcher", Reconciled)) == 1, "of before the stream broke"
    stage.run(PERIOD_SECONDS + 1)
    assert len(calls(stage)) == 3 * len(LOOK), "nothing is in doubt, and the stream is away"


def test_a_look_of_before_the_stream_opened_reconciles_nothing() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(StreamBroken("a test")))
    until_call(stage, len(LOOK) + 1)
    began = calls(stage)[-1].ref
    stage.tell(StreamOpened())
    assert calls(stage)[-1].ref != began, "another look"
    stage.tell(PrivateAnswered(began, ()), 0.01)
    look(stage, (order,))
    assert len(calls(stage)) == 2 * len(LOOK) + 1
    assert len(stage.heard("watcher", Reconciled)) == 2


def test_a_look_for_another_reason_does_not_cost_a_doubt_its_own() -> None:
    stage = reconciler()
    order = settle(stage, lambda: stage.tell(StreamOpened()))
    look(stage, (order,))  # too early to prove anything
    assert absent(stage) == []
    until_call(stage, 2 * len(LOOK) + 1)
    look(stage, (order,))
    until_call(stage, 3 * len(LOOK) + 1)
    look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_look_that_proves_too_early_is_followed_by_another_before_the_next_round() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    until_call(stage, len(LOOK) + 1)
    now_ns = stage.runtime.clock.monotonic_ns()
    stage.tell(ExchangeClockMeasured(0, 900_000_000, now_ns), 0.001)  # known less well than before
    for looks in (2, 3, 4):
        look(stage, (order,))
        if not absent(stage):
            until_call(stage, looks * len(LOOK) + 1)
    assert len(absent(stage)) == 1
    assert stage.runtime.clock.monotonic_ns() / 1e9 < PERIOD_SECONDS / 2


def test_doubts_that_are_due_together_share_their_looks() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    for number in range(5):
        intent = attrs.evolve(order.intent, intent_id=f"0000000{number}")
        stage.tell(DoubtRaised(attrs.evolve(order, intent=intent, cl_ord_id=None)), 0.001)
    began = len(calls(stage))
    until_call(stage, began + 1)
    look(stage, ())
    stage.run(2)
    assert len(calls(stage)) == began + len(LOOK)


def test_an_order_that_a_look_finds_by_our_own_id_is_not_absent() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    found = (Sighting("O1", CLIENT_ID.replace("-", "").upper(), (Fact(Input.LIVE, "O1"),)),)
    for number in (1, 2):
        until_call(stage, number * len(LOOK) + 1, 120)
        look(stage, (order,), found)
    stage.run(60)
    assert absent(stage) == []


def test_a_doubt_that_an_earlier_incarnation_was_told_of_is_taken_up() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    order = doubtful(stage)
    look(stage, (order,))
    for number in (1, 2):
        until_call(stage, number * len(LOOK) + 1)
        look(stage, (order,))
    assert len(absent(stage)) == 1


def test_a_doubt_that_is_settled_elsewhere_needs_no_look() -> None:
    stage = reconciler()
    order = settle(stage, lambda: None)
    settled = Order(order.intent, State.REJECTED, CLIENT_ID)
    stage.tell(OrderChanged(settled))
    stage.run(30)
    assert len(calls(stage)) == len(LOOK)


def test_balances_of_a_look_are_passed_on_as_such() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    look(stage, ())
    assert [seen.source for seen in stage.heard("ledger", BalancesSeen)] == ["look"]
    assert len(stage.heard("orders", ReportOrders)) == 1


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
    for looks in range(2, 6):
        look(stage, (order,))
        until_call(stage, looks * len(LOOK) + 1)
    assert listed(stage) == [("order O1", "waiting", "lag"), ("order O1", "open", "unknown")]
    look(stage, (order,), (Sighting("O1", None, (Fact(Input.LIVE, "O1"),)),))
    assert listed(stage)[-1] == ("order O1", "settled", "lag")
    assert stage.heard("books", DriftFound)[-1].standing == frozenset()
