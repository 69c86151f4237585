"""Orders by hand on a whole desk: every kind the exchange has, and amends, from wish to fate."""

from typing import Any

import pytest

from zoe.actors.strategist import StrategyConfig
from zoe.app.simulation.auditor.audit import audit, evidence
from zoe.app.simulation.market import STILL, SYMBOL, SmallMarket
from zoe.app.simulation.world import Setting, World
from zoe.domain.strategy.quote_keeper import Params, QuoteKeeper, State


@pytest.fixture
def world() -> World:
    keeper = QuoteKeeper(Params(pair=SYMBOL))
    strategy = StrategyConfig("quote_keeper", keeper, State)
    world = World(4_711, Setting(strategy, SmallMarket(4_711, STILL)))
    world.start()
    world.ready()
    return world


def place(world: World, side: str, quantity: str = "0.002", **more: Any) -> dict[str, Any]:
    answer = world.ask("order.place", pair=SYMBOL, side=side, quantity=quantity, **more)
    assert answer["exit"] == 0, answer
    found: dict[str, Any] = answer["result"]
    return found


def state(world: World, order: dict[str, Any]) -> str:
    rows = [r for r in world.journal.rows if r.stream.endswith(f"/{order['intent_id']}")]
    return str(rows[-1].body.rpartition('"state":"')[2].partition('"')[0])


def until(world: World, order: dict[str, Any], wanted: str, seconds: int = 30) -> None:
    world.until(lambda: state(world, order) == wanted, seconds)


def audited(world: World) -> list[str]:
    world.ask("halt", why="the end")
    world.run(5)
    rows = world.evidence_rows()
    return audit(evidence(world.memory.lines(), rows))


def test_each_kind_of_order_is_placed_and_lives_as_the_exchange_has_it(world: World) -> None:
    far_stop = place(world, "sell", stop="80000")
    limited = place(world, "sell", stop="80000", limit_price="79500")
    profit = place(world, "sell", take_profit="99000", limit_price="98900")
    met = place(world, "buy", stop="90500")
    expiring = place(world, "buy", limit_price="85000", time_in_force="gtd", expires="+20")
    world.admin("POST", "market", {"symbol": SYMBOL, "best_bid": "90600", "best_ask": "90610"})
    trade = {"price": "90605", "qty": "0.001", "side": "buy"}
    world.admin("POST", "market", {"symbol": SYMBOL, "trade": trade})
    until(world, met, "FILLED")
    until(world, expiring, "EXPIRED", 60)
    for order in (far_stop, limited, profit):
        assert state(world, order) == "WORKING"
        assert order["order_type"] in ("stop-loss", "stop-loss-limit", "take-profit-limit")
        assert world.ask("order.cancel", order=order["order_id"])["exit"] == 0
    assert audited(world) == []


def test_an_amend_by_hand_changes_price_and_quantity_and_keeps_the_order(world: World) -> None:
    order = place(world, "buy", limit_price="85000")
    answer = world.ask("order.amend", order=order["order_id"], limit_price="85100")
    assert (answer["exit"], answer["result"]["limit_price"]) == (0, "85100")
    answer = world.ask("order.amend", order=order["intent_id"], quantity="0.003")
    assert (answer["exit"], answer["result"]["quantity"]) == (0, "0.003")
    assert answer["result"]["order_id"] == order["order_id"]
    assert answer["result"]["limit_price"] == "85100"
    too_large = world.ask("order.amend", order=order["intent_id"], quantity="5")
    assert (too_large["exit"], too_large["error"]["code"]) == (1, "ORDER_NOTIONAL")
    assert audited(world) == []


def test_an_amend_whose_answer_is_lost_is_settled_and_answered(world: World) -> None:
    order = place(world, "buy", limit_price="85000")
    fault = {"where": "AmendOrder", "what": "not_executed", "count": 1}
    for what, expected in (("lost_answer", 0), ("not_executed", 4)):
        world.admin("POST", "faults", {**fault, "what": what})
        price = {"lost_answer": "85100", "not_executed": "85200"}[what]
        answer = world.ask("order.amend", order=order["order_id"], limit_price=price)
        assert answer["exit"] == expected, answer
    assert audited(world) == []


def test_a_halt_while_a_flatten_runs_stays(world: World) -> None:
    place(world, "buy", "0.004")
    fault = {"where": "AddOrder", "what": "slow", "ms": 3_000, "count": 1}
    world.admin("POST", "faults", fault)
    flatten = world.say("flatten", {"why": "enough"})
    world.run(1)
    assert world.ask("halt", why="stop")["exit"] == 0
    world.until(lambda: flatten in world.answers)
    assert world.answers[flatten]["error"]["code"] == "interrupted"
    status = world.ask("status")
    assert status["result"]["trading_state"] == "HALTED"
    denied = world.ask("order.place", pair=SYMBOL, side="buy", quantity="0.002")
    assert denied["error"]["code"] == "TRADING_HALTED"
    assert audited(world) == []
