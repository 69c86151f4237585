"""Orders, their trades and ledger rows; all numbers are units of their pair or asset."""

from typing import Final

import attrs

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.matching import Resting

OPPOSITE: Final = {"buy": "sell", "sell": "buy"}


@attrs.frozen
class Terms:
    """What a client asks for, whichever route it came by.

    Args:
        price: 0 for a market order.
        time_in_force: gtc, gtd, ioc or fok.
        stp_type: cancel-newest, cancel-oldest or cancel-both.
        expires_ns: 0 for never.
    """

    pair: Pair
    side: str
    order_type: str
    qty: int
    price: int = 0
    time_in_force: str = "gtc"
    post_only: bool = False
    stp_type: str = "cancel-newest"
    fee_in_base: bool = False
    cl_ord_id: str | None = None
    userref: int = 0
    expires_ns: int = 0


@attrs.define(eq=False)
class Trade:
    """One match, as one of its parties sees it; cost and fee in units of the pair's cost."""

    exec_id: str
    trade_id: int
    order_id: str
    at_ns: int
    price: int
    qty: int
    cost: int
    fee: int
    maker: bool
    ledgers: list[str] = attrs.Factory(list)


@attrs.frozen
class LedgerRow:
    """One change of one balance: the balance after it is the one before + amount - fee."""

    ledger_id: str
    account: str
    ref_id: str
    at_ns: int
    type: str
    asset: str
    amount: int
    fee: int
    balance: int


@attrs.define(eq=False)
class Order:
    """An order; status is one of pending, open, closed, canceled, expired, as REST says it."""

    order_id: str
    account: str
    terms: Terms
    opened_ns: int
    status: str = "pending"
    filled: int = 0
    value: int = 0
    cost: int = 0
    fee: int = 0
    reason: str | None = None
    closed_ns: int = 0
    amended: bool = False
    #: When it was made or last amended.
    changed_ns: int = attrs.field(
        default=attrs.Factory(lambda order: order.opened_ns, takes_self=True)
    )
    trades: list[Trade] = attrs.Factory(list)
    resting: Resting | None = None
    held: int = 0

    @property
    def left(self) -> int:
        """What is not filled yet."""
        return self.terms.qty - self.filled

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("pending", "open")

    @property
    def average_price(self) -> int:
        """Of its fills, in units of the price, to the nearest; 0 without any."""
        return (2 * self.value + self.filled) // (2 * self.filled) if self.filled else 0

    def take_part(self, trade: Trade) -> None:
        """Counts a trade in."""
        self.trades.append(trade)
        self.filled += trade.qty
        self.value += trade.qty * trade.price
        self.cost += trade.cost
        self.fee += trade.fee

    def end(self, status: str, reason: str | None, at_ns: int) -> None:
        """Is over."""
        self.status, self.reason, self.closed_ns = status, reason, at_ns
