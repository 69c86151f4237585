"""Orders that were acknowledged and that no list shows: asked for by their ids, then given up."""

import attrs
import pytest
from look_stage import INTENT_ID, LAG_NS, absent, answer, calls, doubtful, look, reconciler
from stage import Stage

from zoe.actors.reconciler import PERIOD_SECONDS
from zoe.actors.unlisted import AGAIN_AFTER_LAGS, ASKED_AFTER_LAGS
from zoe.domain.order import Fact, Input, Order, State
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.gateway import Failure, OrderSighted, PrivateAnswered
from zoe.messages.orders import OrdersReported
from zoe.messages.system import Beat, StreamBroken, StreamOpened
from zoe.ports.venue import GetBalances, GetOpenOrders, GetOrders

LAG_SECONDS = LAG_NS / 1e9
SIGN = Sighting("O1", None, (Fact(Input.LIVE, "O1"),))


def working(stage: Stage) -> Order:
    return attrs.evolve(doubtful(stage), state=State.WORKING, order_id="O1")


def seconds(stage: Stage) -> float:
    return stage.runtime.clock.monotonic_ns() / 1e9


def begins(stage: Stage) -> None:
    """Waits for the next look."""
    for _ in range(10 * PERIOD_SECONDS + 50):
        if isinstance(calls(stage)[-1].operation, GetOpenOrders):
            return
        stage.run(0.1)
    raise AssertionError("no look")


def missed(stage: Stage, order: Order, known: tuple[Sighting, ...] = ()) -> bool:
    """Answers the look that is begun next, which misses the order; whether it asks for it by its id."""
    begins(stage)
    answer(stage, ())
    answer(stage, ())
    asked: bool = calls(stage)[-1].operation == GetOrders(("O1",))
    if asked:
        answer(stage, known)
    concluded(stage, order)
    return asked


def concluded(stage: Stage, *orders: Order) -> None:
    """The lists are read, and OrderDesk answers."""
    if isinstance(calls(stage)[-1].operation, GetBalances):
        answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported(orders), 0.01)


def until_asked(stage: Stage, order: Order) -> float:
    """How long it takes until an order that looks miss has been asked for."""
    since = seconds(stage)
    for _ in range(20):
        if missed(stage, order):
            return seconds(stage) - since
    raise AssertionError("it was never asked for")


def begun() -> tuple[Stage, Order]:
    """A first look has missed an order."""
    stage = reconciler()
    stage.tell(StreamOpened())
    order = working(stage)
    look(stage, (order,))
    return stage, order


def test_twice_unknown_by_its_id_and_only_after_lists_had_their_time_an_order_is_gone() -> None:
    stage, order = begun()
    assert until_asked(stage, order) >= ASKED_AFTER_LAGS * LAG_SECONDS
    assert absent(stage) == []
    assert until_asked(stage, order) >= AGAIN_AFTER_LAGS * LAG_SECONDS
    (told,) = absent(stage)
    assert (told.fact.input, told.fact.order_id) == (Input.VANISHED, "O1")
    assert seconds(stage) < 10 * LAG_SECONDS, "in a stated time"
    begins(stage)
    look(stage, ())
    beat = stage.heard("heartbeat", Beat)[-1]
    assert beat.status == "degraded" and beat.detail.endswith(", 1 order vanished")


def by_a_list(stage: Stage, order: Order) -> None:
    begins(stage)
    answer(stage, (SIGN,))
    answer(stage, ())
    concluded(stage, order)


def by_its_id(stage: Stage, order: Order) -> None:
    while not missed(stage, order, (SIGN,)):
        pass


def by_the_stream(stage: Stage, _: Order) -> None:
    stage.tell(OrderSighted(SIGN))


def the_exchange_was_away(stage: Stage, _: Order) -> None:
    stage.tell(StreamBroken("a test"))
    stage.run(1)
    stage.tell(StreamOpened())


@pytest.mark.parametrize("sign", [by_a_list, by_its_id, by_the_stream, the_exchange_was_away])
def test_whatever_shows_it_meanwhile_begins_all_anew(sign: object) -> None:
    stage, order = begun()
    until_asked(stage, order)
    assert callable(sign)
    sign(stage, order)
    assert until_asked(stage, order) >= ASKED_AFTER_LAGS * LAG_SECONDS
    assert absent(stage) == []
    until_asked(stage, order)
    assert len(absent(stage)) == 1


def test_an_answer_that_is_none_says_nothing_of_an_order() -> None:
    stage, order = begun()
    until_asked(stage, order)
    while not isinstance(calls(stage)[-1].operation, GetOrders):
        begins(stage)
        answer(stage, ())
        answer(stage, ())
        if not isinstance(calls(stage)[-1].operation, GetOrders):
            concluded(stage, order)
    asked = calls(stage)[-1]
    assert asked.operation == GetOrders(("O1",))
    stage.tell(PrivateAnswered(asked.ref, None, Failure.UNKNOWN, "HTTP 502"), 0.01)
    assert absent(stage) == []
    until_asked(stage, order)
    assert [told.fact.input for told in absent(stage)] == [Input.VANISHED]


def test_one_of_several_that_is_found_is_not_given_up_with_the_others() -> None:
    stage = reconciler()
    stage.tell(StreamOpened())
    order = working(stage)
    intent = attrs.evolve(order.intent, intent_id=INTENT_ID[:-1] + "2")
    other = attrs.evolve(order, intent=intent, order_id="O2", cl_ord_id=None)
    look(stage, (order, other))
    found = attrs.evolve(SIGN, order_id="O2", facts=(Fact(Input.LIVE, "O2"),))
    for _ in range(20):
        begins(stage)
        answer(stage, ())
        answer(stage, ())
        if calls(stage)[-1].operation == GetOrders(("O1", "O2")):
            answer(stage, (found,))
        elif isinstance(calls(stage)[-1].operation, GetOrders):
            answer(stage, ())
        concluded(stage, order, other)
        if absent(stage):
            break
    assert [told.fact.order_id for told in absent(stage)] == ["O1"]
