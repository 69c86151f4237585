"""Orders that were given up as vanished, and show up after all."""

from functools import partial

import pytest
from stage import Stage

from zoe.actors.order_desk import LINGER_SECONDS, OrderDesk
from zoe.actors.order_opening import OrderConfig
from zoe.actors.strangers import STRANGER_SECONDS
from zoe.domain.ids import client_order_id
from zoe.domain.order import Fact, Input, Intent, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import OrderSighted
from zoe.messages.limits import RequestPermit
from zoe.messages.orders import OrderChanged, OrderFact

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner")
TAG = 4711
INTENT = Intent(
    *("O9", "external", None, "BTC/USD", Side.SELL, OrderType.LIMIT),
    *(Quantity.of("1"), Price.of("60000")),
)
LIVE = Fact(Input.LIVE, "O9")


@pytest.mark.parametrize("lingers", [True, False])
@pytest.mark.parametrize(("client_id", "cancels"), [(None, 0), (client_order_id(1, TAG, 5), 1)])
def test_one_of_ours_is_canceled_at_once_and_one_of_somebody_else_is_left_alone(
    client_id: str | None, cancels: int, *, lingers: bool
) -> None:
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", TAG, None)), OTHERS)
    sighted = OrderSighted(Sighting("O9", client_id, (LIVE,), INTENT))
    stage.tell(sighted)
    stage.run(STRANGER_SECONDS + 1)
    gone = OrderFact(Fact(Input.VANISHED, "O9", reason="a test"))
    stage.runtime.find("orders/O9").tell(gone)
    stage.run(0.1)
    assert stage.kinds()[-1] == "order.vanished"
    assert stage.heard("risk", OrderChanged)[-1].order.state is State.ABSENT
    if not lingers:
        stage.run(3 * LINGER_SECONDS)
    stage.tell(sighted)
    stage.run(STRANGER_SECONDS + 1)
    assert stage.heard("risk", OrderChanged)[-1].order.state is State.WORKING
    assert len(stage.heard("ratelimiter", RequestPermit)) == cancels
