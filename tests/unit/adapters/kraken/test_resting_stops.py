"""Stops that rest, as they are asked of the exchange: trigger and limit move together."""

import json
from decimal import Decimal

import attrs

from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity

STOP = Intent(
    *("i-1", "strategy/t", "BTC/USD exit.stop", "BTC/USD", Side.SELL, OrderType.STOP_LOSS_LIMIT),
    *(Quantity.of("2"), Price.of("28000")),
    trigger_price=Price.of("28100"),
)


def amended(limit: str, intent: Intent = STOP) -> dict[str, object]:
    """What is sent for an amend of a working stop."""
    session = KrakenSession()
    session.opened("token")
    amend = Amend(Terms(Quantity.of("2"), Price.of(limit)), 1, 0)
    order = Order(intent, State.WORKING, cl_ord_id="c-1", order_id="O-1", amend=amend)
    found: dict[str, object] = json.loads(session.amend(order, 3, 0), parse_float=Decimal)["params"]
    return found


def test_an_amend_takes_the_trigger_along_where_the_limit_moves() -> None:
    raised = amended("28050.5")
    assert raised["limit_price"] == Decimal("28050.5")
    assert raised["trigger_price"] == Decimal("28150.5")
    # What has triggered already waits for no price: only its size can change.
    assert "trigger_price" not in amended("28000")


def test_a_persons_stop_is_as_the_person_made_it() -> None:
    assert "trigger_price" not in amended("28050", attrs.evolve(STOP, slot=None))
