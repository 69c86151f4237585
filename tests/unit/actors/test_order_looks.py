"""When orders ask for a look: after a crash, but not when a desk starts, which looks by itself."""

from functools import partial

import pytest
from stage import Stage

from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.domain.order import Fact, Input, Intent, OrderType, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.messages.journal import StoredRow
from zoe.messages.limits import PermitGranted
from zoe.messages.orders import LookWanted, OrderFact, SubmitOrder

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
ORDER = f"orders/{INTENT_ID}"


def desk(rows: tuple[StoredRow, ...] = ()) -> Stage:
    return Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS, rows)


def asked(stage: Stage) -> list[str]:
    return [wanted.reason for wanted in stage.heard("reconciler", LookWanted)]


@pytest.fixture
def working() -> Stage:
    """A desk with an order that works."""
    stage = desk()
    intent = Intent(
        *(INTENT_ID, "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("0.002"), Price.of("49990.0")),
    )
    stage.tell(SubmitOrder(intent, "{}", stage.runtime.find("asker")))
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    order = stage.runtime.find(ORDER)
    order.tell(PermitGranted(INTENT_ID, Action.ADD, expires_ns))
    stage.run(0.05)
    order.tell(OrderFact(Fact(Input.LIVE, "O1")))
    stage.run(0.05)
    assert stage.rows[-1].body["state"] == "WORKING"
    assert asked(stage) == []
    return stage


def test_a_desk_that_starts_with_orders_asks_for_no_look(working: Stage) -> None:
    later = desk(tuple(working.rows))
    later.run(1)
    assert asked(later) == []


def test_whoever_crashes_asks_for_a_look(working: Stage) -> None:
    working.runtime.crash(ORDER)
    working.run(1)
    assert asked(working) == ["order actor restarted"]
    working.runtime.crash("orders")
    working.run(1)
    assert asked(working)[1:] == ["order desk restarted"]
