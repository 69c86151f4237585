"""Slots on a stage: one order each, and none that waits for ever for news that is lost."""

from functools import partial

import attrs
import pytest
from loguru import logger
from stage import Stage

from zoe.actors.repositioner import PATIENCE_NS, RepegConfig, Repositioner
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import Fact, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Room
from zoe.domain.repeg import Target
from zoe.messages.limits import BudgetChanged, WatchBudget
from zoe.messages.orders import (
    AmendDenied,
    AmendOrder,
    CancelOrder,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    PlaceOrder,
    RenewTargets,
    SetTarget,
)
from zoe.messages.system import Reconciled

PATIENCE_SECONDS = PATIENCE_NS / 1e9


def wanting(price: str = "49990.0") -> Stage:
    """A slot with a target, whose order has just been asked for."""
    factory = partial(Repositioner, RepegConfig())
    stage = Stage("repositioner", factory, ("orders", "risk", "reconciler", "ratelimiter"))
    stage.tell(Reconciled())
    want(stage, price)
    return stage


def want(stage: Stage, price: str, slot: str = "bid.0") -> None:
    until_ns = stage.runtime.clock.wall_ns() + 1_000_000_000_000
    target = Target(
        *(slot, "strategy/q", "BTC/USD", Side.BUY, Price.of(price), Quantity.of("0.002")),
        until_ns,
    )
    stage.tell(SetTarget("strategy/q", slot, target))


def renew(stage: Stage, price: str, seconds: float) -> None:
    until_ns = stage.runtime.clock.wall_ns() + round(seconds * 1e9)
    target = Target(
        *("bid.0", "strategy/q", "BTC/USD", Side.BUY, Price.of(price), Quantity.of("0.002")),
        until_ns,
    )
    stage.tell(RenewTargets((target,)))


def test_a_renewal_holds_a_target_longer_and_changes_nothing_else() -> None:
    stage = wanting()
    works(stage)
    stage.run(2)
    renew(stage, "49990.0", 5)
    stage.run(3)
    renew(stage, "50100.0", 100)  # of before the target was changed
    assert (amends(stage), withdrawn(stage)) == ([], [])
    stage.run(4)
    assert withdrawn(stage) == placed(stage), "the target has gone stale"


def test_a_renewal_brings_back_what_a_restart_forgot_but_not_what_was_withdrawn() -> None:
    stage = wanting()
    stage.runtime.crash("repositioner")
    stage.run(1)
    stage.tell(Reconciled())
    renew(stage, "49990.0", 100)
    assert len(placed(stage)) == 2
    stage.tell(OrderForgotten(placed(stage)[-1]))
    stage.tell(SetTarget("strategy/q", "bid.0", None))
    stage.run(5)
    renew(stage, "49990.0", 100)
    stage.run(5)
    assert len(placed(stage)) == 2


def test_a_clock_that_is_set_back_keeps_no_slot_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = wanting()
    stage.tell(OrderForgotten(placed(stage)[0]))  # so it rests for a moment
    clock = stage.runtime.clock
    real = clock.wall_ns
    monkeypatch.setattr(clock, "wall_ns", lambda: real() - 3_600_000_000_000)
    stage.run(5)
    assert len(placed(stage)) == 2


def placed(stage: Stage) -> list[str]:
    return [wish.intent.intent_id for wish in stage.heard("risk", PlaceOrder)]


def withdrawn(stage: Stage) -> list[str]:
    return [wish.order for wish in stage.heard("orders", CancelOrder)]


def works(stage: Stage) -> None:
    """The newest order has come to work."""
    intent = stage.heard("risk", PlaceOrder)[-1].intent
    stage.tell(OrderChanged(Order(intent, State.WORKING, order_id="O1")))


def test_a_slot_whose_order_got_lost_is_used_again() -> None:
    stage = wanting()
    (lost,) = placed(stage)
    stage.run(PATIENCE_SECONDS - 1)
    assert withdrawn(stage) == []
    stage.run(3)
    assert withdrawn(stage) == [lost]
    stage.tell(OrderForgotten(lost))
    stage.run(5)
    assert len(placed(stage)) == 2
    works(stage)
    stage.run(3 * PATIENCE_SECONDS)
    assert withdrawn(stage) == [lost]


def test_a_clock_that_is_set_back_delays_neither_the_question_for_a_lost_order_nor_an_amend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = wanting()
    want(stage, "49980.0", "bid.1")
    (lost, working) = placed(stage)
    works(stage)
    at_ns = stage.runtime.clock.monotonic_ns()
    stage.tell(BudgetChanged("BTC/USD", Room(30_000, 40_000, 1_000, at_ns)))
    clock = stage.runtime.clock
    real = clock.wall_ns
    monkeypatch.setattr(clock, "wall_ns", lambda: real() - 3_600_000_000_000)
    stage.run(PATIENCE_SECONDS + 3)
    assert withdrawn(stage) == [lost]
    want(stage, "50100.0", "bid.1")
    assert [wish.intent.intent_id for wish in amends(stage)] == [working]


def test_a_cancel_that_got_lost_is_asked_for_again() -> None:
    stage = wanting()
    works(stage)
    stage.tell(SetTarget("strategy/q", "bid.0", None))
    (order,) = set(withdrawn(stage))
    stage.run(PATIENCE_SECONDS + 2)
    assert withdrawn(stage) == [order, order]
    assert len(placed(stage)) == 1


def test_an_order_that_works_is_left_alone() -> None:
    stage = wanting()
    works(stage)
    stage.run(3 * PATIENCE_SECONDS)
    assert withdrawn(stage) == []
    assert len(placed(stage)) == 1


def amends(stage: Stage) -> list[AmendOrder]:
    return stage.heard("risk", AmendOrder)


def moved(stage: Stage, fact: Fact | None = None, price: str = "49990.0") -> Order:
    """News of the slot's order at a price."""
    intent = stage.heard("risk", PlaceOrder)[-1].intent
    terms = Terms(intent.quantity, Price.of(price))
    order = Order(intent, State.WORKING, order_id="O1", amended=terms)
    stage.tell(OrderChanged(order, fact))
    return order


def test_an_order_follows_its_target_by_amends_each_with_its_reason() -> None:
    stage = wanting()
    works(stage)
    want(stage, "50100.0")
    (wish,) = amends(stage)
    assert str(wish.terms) == "0.002 @ 50100"
    assert "wanted 0.002 @ 50100, has 0.002 @ 49990" in wish.why
    moved(stage, Fact(Input.AMENDED, "O1", terms=wish.terms), "50100.0")
    stage.run(5)
    want(stage, "50200.0")
    assert len(amends(stage)) == 2
    assert (withdrawn(stage), len(placed(stage))) == ([], 1)


def test_while_an_amend_is_not_settled_no_other_is_wished_for() -> None:
    stage = wanting()
    works(stage)
    want(stage, "50100.0")
    moved(stage, Fact(Input.LIVE, "O1", filled_quantity=Quantity.of("0.001")))
    want(stage, "50200.0")
    stage.run(PATIENCE_SECONDS - 2)
    assert len(amends(stage)) == 1
    stage.run(5)
    assert len(amends(stage)) == 2


def test_a_refused_amend_lets_the_slot_rest_and_after_some_the_order_is_placed_anew() -> None:
    stage = wanting()
    works(stage)
    want(stage, "50100.0")
    for count in (1, 2, 3):
        assert len(amends(stage)) == count
        stage.run(2)
        if count == 2:
            moved(stage, Fact(Input.AMEND_REFUSED, "O1", reason="EOrder:Post only order"))
        else:
            wish = amends(stage)[-1]
            stage.tell(AmendDenied(wish.intent.intent_id, wish.terms, "STALE_QUOTE"))
        assert len(amends(stage)) == count
        stage.run(3)
    assert len(amends(stage)) == 3
    assert withdrawn(stage) == placed(stage)


def test_a_full_counter_is_waited_for() -> None:
    stage = wanting()
    works(stage)
    at_ns = stage.runtime.clock.monotonic_ns()
    stage.tell(BudgetChanged("BTC/USD", Room(40_000, 40_000, 1_000, at_ns)))
    want(stage, "50100.0")
    stage.run(2)
    assert amends(stage) == []
    stage.run(4)
    assert len(amends(stage)) == 1
    assert len(stage.heard("ratelimiter", WatchBudget)) > 1


def test_an_order_has_room_where_every_slot_of_its_pair_could_add_one() -> None:
    stage = wanting()
    assert [wish.has_room for wish in stage.heard("risk", PlaceOrder)] == [False], "nobody told"
    at_ns = stage.runtime.clock.monotonic_ns()
    stage.tell(BudgetChanged("BTC/USD", Room(0, 30_000, 0, at_ns)))
    for slot in ("bid.1", "bid.2", "bid.3"):
        want(stage, "49980.0", slot)
    assert [wish.has_room for wish in stage.heard("risk", PlaceOrder)[1:]] == [True, True, False]


def by_hand(state: State) -> OrderChanged:
    """A person's ask at 49,990."""
    intent = Intent(
        *("p1", "person", None, "BTC/USD", Side.SELL, OrderType.LIMIT),
        *(Quantity.of("1"), Price.of("49990.0")),
    )
    return OrderChanged(Order(intent, state, order_id="O9"))


def test_a_slot_waits_while_its_order_would_meet_one_of_our_own() -> None:
    factory = partial(Repositioner, RepegConfig())
    stage = Stage("repositioner", factory, ("orders", "risk", "reconciler", "ratelimiter"))
    stage.tell(Reconciled())
    stage.tell(by_hand(State.WORKING))
    want(stage, "49990.0")
    stage.run(5)
    assert placed(stage) == []
    stage.tell(by_hand(State.CANCELED))
    stage.run(2)
    assert len(placed(stage)) == 1


def test_why_a_slot_waits_is_said_once_and_again_when_it_has_acted_meanwhile() -> None:
    said: list[str] = []
    sink = logger.add(lambda message: said.append(message.record["message"]))
    stage = Stage(
        "repositioner",
        partial(Repositioner, RepegConfig()),
        ("orders", "risk", "reconciler", "ratelimiter"),
    )
    stage.tell(Reconciled())
    for times in (1, 2):
        stage.tell(by_hand(State.WORKING))
        want(stage, "49990.0")
        stage.run(5)
        assert said.count("repositioner.waits") == times
        stage.tell(by_hand(State.CANCELED))
        stage.run(1)  # it acts, and is denied before it waits for its order
        stage.tell(OrderDenied(stage.heard("risk", PlaceOrder)[-1].intent, "NO_QUOTE"))
    logger.remove(sink)


def test_where_an_amend_may_have_put_an_order_is_avoided_until_its_fate_is_known() -> None:
    factory = partial(Repositioner, RepegConfig())
    stage = Stage("repositioner", factory, ("orders", "risk", "reconciler", "ratelimiter"))
    stage.tell(Reconciled())
    rests = by_hand(State.WORKING).order
    lower = Amend(Terms(rests.intent.quantity, Price.of("49900.0")), 1, 0)
    for order in (rests, attrs.evolve(rests, amend=lower)):
        stage.tell(OrderChanged(order))
    want(stage, "49950.0")
    stage.run(5)
    assert placed(stage) == []
    stage.tell(OrderChanged(rests, Fact(Input.AMEND_REFUSED, "O9")))
    stage.run(2)
    assert len(placed(stage)) == 1
    stage.tell(OrderChanged(attrs.evolve(rests, amended=lower.terms)))
    want(stage, "49960.0", "bid.1")
    stage.run(2)
    assert len(placed(stage)) == 1


def test_an_order_takes_only_where_its_target_says_so() -> None:
    stage = wanting()
    until_ns = stage.runtime.clock.wall_ns() + 1_000_000_000_000
    target = Target(
        *("exit.stop", "strategy/q", "BTC/USD", Side.SELL, Price.of("60000"), Quantity.of("1")),
        until_ns,
        post_only=False,
    )
    stage.tell(SetTarget("strategy/q", "exit.stop", target))
    resting, taking = [wish.intent for wish in stage.heard("risk", PlaceOrder)]
    assert resting.post_only and not taking.post_only


def stop(stage: Stage, trigger: str = "49500") -> SetTarget:
    until_ns = stage.runtime.clock.wall_ns() + 3_000_000_000
    target = Target(
        *("X exit.stop", "strategy/q", "BTC/USD", Side.SELL, Price.of("49250"), Quantity.of("1")),
        until_ns,
        post_only=False,
        trigger=Price.of(trigger),
    )
    return SetTarget("strategy/q", "X exit.stop", target)


def test_a_stop_waits_for_its_price_and_stays_until_its_slot_is_emptied() -> None:
    factory = partial(Repositioner, RepegConfig())
    stage = Stage("repositioner", factory, ("orders", "risk", "reconciler", "ratelimiter"))
    stage.tell(Reconciled())
    stage.tell(stop(stage))
    (wish,) = stage.heard("risk", PlaceOrder)
    assert wish.intent.order_type is OrderType.STOP_LOSS_LIMIT
    assert wish.intent.trigger_price == Price.of("49500")
    works(stage)
    stage.run(3 * PATIENCE_SECONDS)  # nobody has renewed the wish for a long time
    stage.runtime.crash("repositioner")
    stage.run(1)
    stage.tell(OrdersReported((Order(wish.intent, State.WORKING, order_id="O1"),)))
    stage.tell(Reconciled())
    stage.run(10)
    assert withdrawn(stage) == []
    stage.tell(stop(stage, "49700"))
    (raised,) = amends(stage)
    assert str(raised.terms) == "1 @ 49450"
    stage.tell(AmendDenied(wish.intent.intent_id, raised.terms, "NO_QUOTE", ()))
    stage.tell(SetTarget("strategy/q", "X exit.stop", None))
    assert withdrawn(stage) == [wish.intent.intent_id]


def test_a_sale_waits_until_the_stop_of_its_coins_is_gone() -> None:
    stage = wanting()
    stage.tell(stop(stage))
    works(stage)
    (_, wish) = stage.heard("risk", PlaceOrder)
    until_ns = stage.runtime.clock.wall_ns() + 60_000_000_000
    sale = Target(
        *("X exit.leave", "strategy/q", "BTC/USD", Side.SELL, Price.of("50000"), Quantity.of("1")),
        until_ns,
        post_only=False,
    )
    stage.tell(SetTarget("strategy/q", "X exit.stop", None))
    stage.tell(SetTarget("strategy/q", "X exit.leave", sale))
    stage.run(5)
    assert len(placed(stage)) == 2
    canceled = Order(wish.intent, State.CANCELED, order_id="O1", reason="User requested")
    stage.tell(OrderChanged(canceled, Fact(Input.CANCELED, "O1")))
    stage.run(2)
    assert len(placed(stage)) == 3
