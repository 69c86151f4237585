"""Fills that nobody told of, and a process that ends before it has read them."""

import msgspec
import pytest

from zoe.app.simulation.auditor.audit import audit, evidence
from zoe.app.simulation.market import SYMBOL
from zoe.app.simulation.scenario import still_setting
from zoe.app.simulation.world import Answer, World

#: So many a snapshot of the stream has.
NEWEST_TRADES = 50


def rows_of(world: World, kind: str) -> list[Answer]:
    return [msgspec.json.decode(row.body) for row in world.journal.rows if row.kind == kind]


def started_again(world: World) -> None:
    world.start()
    world.ready()


@pytest.fixture
def world() -> World:
    world = World(2_112, still_setting(2_112))
    started_again(world)
    return world


def is_short(world: World) -> bool:
    """Whether the journal knows that an order is filled, and not by what."""
    return any(body.get("fills_missing") for body in rows_of(world, "order.filled"))


def test_an_order_that_a_look_found_filled_gets_its_fills_whoever_ends_before(world: World) -> None:
    """The stream is away and says nothing, trades cannot be read: the look alone tells the end."""
    world.admin("POST", "faults", {"where": "AddOrder", "what": "lost_answer"})
    silent = {"where": "executions", "what": "silence", "count": 100}
    world.admin("POST", "faults", silent)
    no_trades = {"where": "TradesHistory", "what": "http_502", "count": 100}
    world.admin("POST", "faults", no_trades)
    wish = {"pair": SYMBOL, "side": "buy", "quantity": "0.002", "limit_price": "90100"}
    world.say("order.place", wish)
    world.until(lambda: is_short(world), 60)
    assert rows_of(world, "order.fill") == []
    world.kill()
    (order_id,) = {body["order_id"] for body in rows_of(world, "order.filled")}
    # What a stream shows first are the newest trades; and desks come and go, whose looks lie ever
    # less far back.
    for _ in range(NEWEST_TRADES):
        world.hands.call("AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="0.0001")
    world.admin("DELETE", "faults", {})
    world.admin("POST", "faults", no_trades)
    for _ in range(2):
        world.start()
        world.run(70)
        world.kill()
    assert [f for f in rows_of(world, "order.fill") if f["order_id"] == order_id] == []
    world.admin("DELETE", "faults", {})
    started_again(world)
    world.run(30)
    (fill,) = [f for f in rows_of(world, "order.fill") if f["order_id"] == order_id]
    assert fill["quantity"] == "0.002"
    assert world.ask("halt", why="the end")["exit"] == 0
    world.run(5)
    rows = world.evidence_rows()
    assert audit(evidence(world.memory.lines(), rows, (), world.hands.counts)) == []


def test_an_order_by_hand_that_a_look_has_shown_is_adopted_whoever_ends_before(
    world: World,
) -> None:
    world.kill()
    wish = {"type": "buy", "ordertype": "limit", "price": "89000", "volume": "0.002"}
    (order_id,) = world.hands.call("AddOrder", pair="XBTUSD", **wish)["result"]["txid"]
    world.hands.call("CancelAll")
    for _ in range(2):
        started_again(world)
        world.kill()  # the order waits: its acknowledgement might have been under way
        world.run(60)
    started_again(world)
    world.run(10)
    known = [body.get("order_id") for body in rows_of(world, "order.adopted")]
    assert order_id in known
