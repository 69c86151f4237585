"""A RiskOfficer on a stage with one pair, and what it is told."""

from decimal import Decimal
from functools import partial
from typing import Any

import attrs
from stage import Stage

from zoe.actors.order_opening import OrderConfig
from zoe.actors.risk_officer import RiskOfficer
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import Limits, TradingState
from zoe.messages.journal import StoredRow
from zoe.messages.ledger import BalancesChanged
from zoe.messages.market import Quote, Quotes
from zoe.messages.orders import OrderChanged, OrderDenied, OrdersReported, PlaceOrder, SubmitOrder
from zoe.messages.risk import SetTradingState, TradingStateChanged
from zoe.messages.system import CatalogChanged, Reconciled

OTHERS = ("gateway", "orders", "asker", "catalogue", "reconciler", "ledger")
PAIR = Instrument(
    *("BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1")),
    *(8, Decimal("0.00000001"), Decimal("0.00005"), 5, Decimal("0.5")),
)
LIMITS = Limits(max_order_notional=Decimal(10_000), max_position_notional=Decimal(20_001))

NONE_OPEN = OrdersReported(())


def officer(
    limits: Limits = LIMITS,
    rows: tuple[StoredRow, ...] = (),
    reported: OrdersReported | None = NONE_OPEN,
) -> Stage:
    stage = Stage("risk", partial(RiskOfficer, OrderConfig("a", 4711), limits), OTHERS, rows)
    stage.tell(Reconciled())
    if reported is not None:
        stage.tell(reported)
    stage.tell(CatalogChanged(Catalog(1, {PAIR.symbol: PAIR})))
    quote(stage, 50_000)
    return stage


def quote(stage: Stage, price: int) -> None:
    now_ns = stage.runtime.clock.wall_ns()
    stage.tell(
        Quotes("", (Quote("BTC/USD", 1, 8, price * 10, 10, price * 10 + 1, 10, None, now_ns),)),
        0.01,
    )


def intent(number: int, quantity: str = "0.1", side: Side = Side.BUY, **known: Any) -> Intent:
    found = Intent(
        *(f"00000000-0000-0000-0000-{number:012d}", "strategy/q", None, "BTC/USD", side),
        *(OrderType.LIMIT, Quantity.of(quantity), Price.of("50000")),
    )
    return attrs.evolve(found, **known)


def place(stage: Stage, wish: Intent) -> None:
    stage.tell(PlaceOrder(wish, stage.runtime.find("asker")), 0.01)


def approved(stage: Stage) -> list[Intent]:
    return [wish.intent for wish in stage.heard("orders", SubmitOrder)]


def codes(stage: Stage) -> list[str]:
    return [denied.code for denied in stage.heard("asker", OrderDenied)]


def filled(stage: Stage, wish: Intent, quantity: str, state: State = State.CANCELED) -> None:
    stage.tell(OrderChanged(Order(wish, state, reported_filled=Quantity.of(quantity))), 0.01)


def change(stage: Stage, state: TradingState) -> list[TradingStateChanged]:
    stage.tell(SetTradingState(state, "a test", "key", stage.runtime.find("asker")))
    return stage.heard("asker", TradingStateChanged)


def held(stage: Stage, bitcoin: int, dollars: int, **moved: int) -> None:
    """The balances, and what of them was deposited so far, by asset."""
    totals = (("BTC", Decimal(bitcoin)), ("USD", Decimal(dollars)))
    moves = tuple((asset, Decimal(amount)) for asset, amount in moved.items())
    stage.tell(BalancesChanged(totals, moves))
