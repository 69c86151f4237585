"""Orders, their trades and ledger rows; all numbers are units of their pair or asset."""

from typing import Final

import attrs
import msgspec

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.matching import Resting

OPPOSITE: Final = {"buy": "sell", "sell": "buy"}
#: Order types that wait for a price, and those with a limit.
TRIGGERED: Final = ("stop-loss", "take-profit", "stop-loss-limit", "take-profit-limit")
LIMITED: Final = ("limit", "stop-loss-limit", "take-profit-limit")


class Terms(msgspec.Struct, frozen=True):
    """What a client asks for, whichever route it came by.

    Args:
        price: The limit; 0 for an order that takes any price.
        time_in_force: gtc, gtd, ioc or fok.
        stp_type: cancel-newest, cancel-oldest or cancel-both.
        expires_ns: 0 for never.
        trigger: The last price it waits for; 0 for an order that does not wait.
        quote_qty: What it may spend, in units of the pair's cost; 0 where the quantity is given.
        starts_ns: When it is to enter; 0 for at once.
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
    trigger: int = 0
    quote_qty: int = 0
    starts_ns: int = 0

    @property
    def has_limit(self) -> bool:
        """Whether it takes no worse price than ``price``."""
        return self.order_type in LIMITED

    @property
    def rises(self) -> bool:
        """Whether the price it waits for is one to rise to."""
        return self.order_type.startswith("stop-loss") == (self.side == "buy")

    def is_met(self, last: int) -> bool:
        """Whether a last price is what it waits for."""
        return last >= self.trigger if self.rises else last <= self.trigger


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


class LedgerRow(msgspec.Struct, frozen=True):
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
    subtype: str = ""


class Amend(msgspec.Struct, frozen=True):
    """A change of an order by its owner, and what was filled before it."""

    amend_id: str
    at_ns: int
    terms: Terms
    filled: int


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
    #: What it waits for before it enters its book: ``start``, ``price`` or nothing.
    waits: str = ""
    triggered: bool = False
    amends: list[Amend] = attrs.Factory(list)
    original: Terms = attrs.field(default=attrs.Factory(lambda order: order.terms, takes_self=True))

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
        """The average price of its fills, in units of the price, to the nearest; 0 without any."""
        return (2 * self.value + self.filled) // (2 * self.filled) if self.filled else 0

    def terms_at(self, at_ns: int) -> Terms:
        """Its terms as they were then."""
        for amend in reversed(self.amends):
            if amend.at_ns <= at_ns:
                return amend.terms
        return self.original

    def take_part(self, trade: Trade) -> None:
        """Counts a trade in."""
        self.trades.append(trade)
        self.filled += trade.qty
        self.value += trade.qty * trade.price
        self.cost += trade.cost
        self.fee += trade.fee

    def end(self, status: str, reason: str | None, at_ns: int) -> None:
        """Ends the order."""
        self.status, self.reason, self.closed_ns = status, reason, at_ns
