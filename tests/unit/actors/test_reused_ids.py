"""An exchange that has lost its memory, and gives an order the id of another one."""

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
from zoe.messages.orders import OrderChanged
from zoe.runtime.cell import Cell

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner")
TAG = 4711
INTENT = Intent(
    *("O9", "external", None, "BTC/USD", Side.SELL, OrderType.LIMIT),
    *(Quantity.of("1"), Price.of("60000")),
)


def sighted(client_id: str, *inputs: Input) -> OrderSighted:
    facts = tuple(Fact(happened, "O9") for happened in inputs)
    return OrderSighted(Sighting("O9", client_id, facts, INTENT))


@pytest.mark.parametrize("lingers", [True, False])
def test_what_is_told_of_the_second_order_is_no_news_of_the_first(
    monkeypatch: pytest.MonkeyPatch, *, lingers: bool
) -> None:
    crashed: list[object] = []
    monkeypatch.setattr(Cell, "_crashed", lambda *news: crashed.append(news))
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", TAG, None)), OTHERS)
    first, second = client_order_id(1, TAG, 5), client_order_id(2, TAG, 6)
    stage.tell(sighted(first, Input.LIVE))
    stage.run(STRANGER_SECONDS + 1)
    stage.tell(sighted(first, Input.CANCELED))
    stage.run(0.1 if lingers else 3 * LINGER_SECONDS)
    rows = len(stage.rows)
    for _ in range(3):
        # Of the first it would contradict what is known.
        stage.tell(sighted(second, Input.LIVE, Input.COMPLETED))
        stage.run(STRANGER_SECONDS + 1)
    assert len(stage.rows) == rows
    assert stage.heard("risk", OrderChanged)[-1].order.state is State.CANCELED
    assert crashed == []


def test_the_exchange_may_write_a_client_id_as_it_likes() -> None:
    stage = Stage("orders", partial(OrderDesk, OrderConfig("a", TAG, None)), OTHERS)
    client_id = client_order_id(1, TAG, 5)
    stage.tell(sighted(client_id, Input.LIVE))
    stage.run(STRANGER_SECONDS + 1)
    stage.tell(sighted(client_id.replace("-", "").upper(), Input.CANCELED))
    stage.run(0.1)
    assert stage.heard("risk", OrderChanged)[-1].order.state is State.CANCELED
