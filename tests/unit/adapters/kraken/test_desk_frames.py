"""A desk's orders as frames: what waits for a price says which, and until when."""

import json

from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.order import Intent, Order, OrderType, Side, State, TimeInForce
from zoe.domain.quantity import Price, Quantity


def test_an_order_that_waits_for_a_price_says_which_and_until_when() -> None:
    stop = Intent(
        *("i-1", "person", None, "BTC/USD", Side.SELL, OrderType.STOP_LOSS_LIMIT),
        *(Quantity.of("0.01"), Price.of("28440"), TimeInForce.GTD),
        trigger_price=Price.of("28500"),
        expires_ns=1_767_323_045_000_000_000,
        reduce_only=True,
    )
    order = Order(stop, State.SENDING, cl_ord_id="c-1")
    params = json.loads(KrakenSession().add(order, 1, 0))["params"]
    assert (params["order_type"], params["triggers"]) == ("stop-loss-limit", {"price": 28500})
    assert (params["time_in_force"], params["limit_price"]) == ("gtd", 28440)
    assert params["expire_time"].startswith("2026-01-02T03:04:05")
    # Risk's own affair: the exchange has it for margin orders only.
    assert "reduce_only" not in params
