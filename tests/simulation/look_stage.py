"""A Reconciler on a stage, whose looks are answered by hand."""

from collections.abc import Callable
from functools import partial

from stage import Stage

from zoe.actors.reconciler import Reconciler
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.gateway import (
    PrivateAnswered,
    PrivateCall,
)
from zoe.messages.orders import (
    DoubtRaised,
    OrderFact,
    OrdersReported,
)
from zoe.messages.system import StreamOpened
from zoe.ports.venue import GetBalances, GetClosedOrders, GetOpenOrders

LAG_NS = 3_000_000_000
INTENT_ID = "00000000-0000-0000-0000-000000000001"
CLIENT_ID = "01234567-89ab-8def-8123-456789abcdef"
OTHERS = ("gateway", "orders", "ledger", "books", "watcher", "heartbeat", f"orders/{INTENT_ID}")
LOOK = [GetOpenOrders, GetClosedOrders, GetBalances]


def reconciler(lag_ns: int = LAG_NS) -> Stage:
    factory = partial(Reconciler, "a", lag_ns, ("watcher",), "books")
    return Stage("reconciler", factory, OTHERS)


def calls(stage: Stage) -> list[PrivateCall]:
    return stage.heard("gateway", PrivateCall)


def answer(stage: Stage, result: object) -> None:
    stage.tell(PrivateAnswered(calls(stage)[-1].ref, result), 0.01)


def look(stage: Stage, orders: tuple[Order, ...], seen: tuple[Sighting, ...] = ()) -> None:
    """Answers a whole look that is under way."""
    answer(stage, seen)
    answer(stage, ())
    if isinstance(calls(stage)[-1].operation, GetBalances):
        answer(stage, BalanceSnapshot(()))
    stage.tell(OrdersReported(orders), 0.01)


def doubtful(stage: Stage) -> Order:
    intent = Intent(
        *(INTENT_ID, "strategy/q", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
        *(Quantity.of("1"), Price.of("1")),
    )
    not_after_ns = stage.runtime.clock.wall_ns() + 5_000_000_000
    return Order(intent, State.IN_DOUBT, CLIENT_ID, not_after_ns=not_after_ns)


def looks(stage: Stage) -> int:
    """How many were begun."""
    return sum(isinstance(call.operation, GetOpenOrders) for call in calls(stage))


def until_look(stage: Stage, count: int, seconds: int = 30) -> None:
    for _ in range(seconds * 10):
        if looks(stage) >= count:
            return
        stage.run(0.1)
    raise AssertionError(f"{looks(stage)} looks, not {count}")


def settle(stage: Stage, then: Callable[[], None]) -> Order:
    stage.tell(StreamOpened())
    look(stage, ())
    order = doubtful(stage)
    stage.tell(DoubtRaised(order))
    then()
    return order


def absent(stage: Stage) -> list[OrderFact]:
    return stage.heard(f"orders/{INTENT_ID}", OrderFact)
