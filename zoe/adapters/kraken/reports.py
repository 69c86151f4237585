"""Reports about orders and balances, private stream and REST, as sightings and ledger rows.

Frames after an order's first are deltas that may lack symbol, side and our id (facts sheet,
section 2.8): ``Merger`` keeps what is known of each order and fills it in.
"""

from collections import OrderedDict
from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken.numbers import exact, nanoseconds
from zoe.domain.amend import Terms
from zoe.domain.order import (
    EXTERNAL,
    Fact,
    Fill,
    Input,
    Intent,
    OrderType,
    Side,
    TimeInForce,
    quick_fact,
    quick_fill,
    quick_intent,
)
from zoe.domain.order_record import SIDES
from zoe.domain.quantity import Price, Quantity
from zoe.domain.quick import quick
from zoe.domain.sighting import Sighting, quick_sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot, WalletBalance

#: Orders whose descriptions are kept; the oldest are forgotten first.
MOST_ORDERS: Final = 20_000


class Fee(msgspec.Struct):
    """What was charged, in which asset."""

    asset: str
    qty: Decimal


class Report(msgspec.Struct):
    """One report of the executions channel; everything but the id may be missing."""

    order_id: str
    exec_type: str
    order_status: str
    timestamp: str
    cl_ord_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    order_type: str | None = None
    order_qty: Decimal | None = None
    limit_price: Decimal | None = None
    time_in_force: str | None = None
    post_only: bool | None = None
    cum_qty: Decimal | None = None
    exec_id: str | None = None
    trade_id: int | None = None
    last_qty: Decimal | None = None
    last_price: Decimal | None = None
    cost: Decimal | None = None
    fees: list[Fee] = []
    liquidity_ind: str | None = None
    ratecount: Decimal | None = None
    reason: str | None = None


class Wallet(msgspec.Struct):
    """One wallet of an asset."""

    type: str
    id: str
    balance: Decimal


class BalanceRow(msgspec.Struct):
    """One asset of a balances snapshot."""

    asset: str
    balance: Decimal
    wallets: list[Wallet] = []


class LedgerRow(msgspec.Struct):
    """One update of the balances channel: a row of the ledger."""

    ledger_id: str
    ref_id: str
    timestamp: str
    type: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    subtype: str = ""
    wallet_type: str = "spot"
    wallet_id: str = "main"


#: Row by row, so that one that cannot be read takes no other with it.
ROWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
REPORT: Final = msgspec.json.Decoder(Report)
BALANCE: Final = msgspec.json.Decoder(BalanceRow)
LEDGER_ROW: Final = msgspec.json.Decoder(LedgerRow)

_entry: Final = quick(BalanceEntry)
_BY_STATUS: Final = {
    "pending_new": Input.ACKNOWLEDGED,
    "new": Input.LIVE,
    "triggered": Input.LIVE,
    "partially_filled": Input.LIVE,
    "filled": Input.COMPLETED,
    "canceled": Input.CANCELED,
    "expired": Input.EXPIRED,
}
#: Where the status is a word that nobody listed, the kind of report says as much.
_BY_EXEC_TYPE: Final = {
    "pending_new": Input.ACKNOWLEDGED,
    "new": Input.LIVE,
    "amended": Input.LIVE,
    "restated": Input.LIVE,
    "iceberg_refill": Input.LIVE,
    "status": Input.LIVE,
    "filled": Input.COMPLETED,
    "canceled": Input.CANCELED,
    "expired": Input.EXPIRED,
}
_ORDER_TYPES: Final = {kind.value: kind for kind in OrderType}
_TIMES_IN_FORCE: Final = {kind.value: kind for kind in TimeInForce}
#: What describes an order and may be missing from a delta.
_KEPT: Final = (
    "cl_ord_id",
    "symbol",
    "side",
    "order_type",
    "order_qty",
    "limit_price",
    "time_in_force",
    "post_only",
)
_said_of: Final = attrgetter(*_KEPT)
_NOTHING: Final = (None,) * len(_KEPT)


class Merger:
    """What is known of each order on one connection."""

    def __init__(self) -> None:
        #: Its first report, with all that later ones said of it, and what that describes.
        self._known: OrderedDict[str, tuple[Report, Intent | None]] = OrderedDict()

    def sighting(self, report: Report) -> Sighting:
        """What a report says, with what earlier ones said of the same order.

        Which pair it is about the report says afterwards, where that is known.

        Raises:
            ValueError: It contradicts its own form.
        """
        known, description = self._merged(report)
        report.symbol = known.symbol
        if report.exec_type == "trade":
            fact = _traded(report, known)
        else:
            # Whatever kind of report it is: an amend shows by the terms.
            fact = _fact(report, None if description is None else description.terms)
        return quick_sighting(report.order_id, known.cl_ord_id, (fact,), description)

    def _merged(self, report: Report) -> tuple[Report, Intent | None]:
        """What is known of the order with this report, and what all of that describes."""
        order_id = report.order_id
        kept = self._known.get(order_id)
        if kept is not None:
            self._known.move_to_end(order_id)
            if not _learn(kept[0], report) and kept[1] is not None:
                return kept
        known, description = report if kept is None else kept[0], None
        try:
            description = _description(known)
        finally:
            self._known[order_id] = (known, description)
            if len(self._known) > MOST_ORDERS:
                self._known.popitem(last=False)
        return known, description


def _learn(known: Report, report: Report) -> bool:
    """Adds what a report says of an order to what is known of it; whether that is anything new."""
    said = _said_of(report)
    if said == _NOTHING:
        return False
    is_new = False
    for name, told, before in zip(_KEPT, said, _said_of(known), strict=True):
        if told is not None:
            setattr(known, name, told)  # with its own digits, though they say the same
            is_new = is_new or told != before
    return is_new


def _filled(report: Report) -> Quantity | None:
    return None if report.cum_qty is None else Quantity(exact(report.cum_qty))


def _traded(report: Report, known: Report) -> Fact:
    at_ns = nanoseconds(report.timestamp)
    fill = _fill(report, known, at_ns)
    return quick_fact(
        Input.FILL, report.order_id, fill, filled_quantity=_filled(report), exchange_ns=at_ns
    )


def _fact(report: Report, terms: Terms | None) -> Fact:
    happened = _BY_STATUS.get(report.order_status) or _BY_EXEC_TYPE.get(report.exec_type)
    if happened is None:
        raise ValueError(f"order status {report.order_status[:40]!r} is unknown")
    return quick_fact(
        happened,
        report.order_id,
        filled_quantity=_filled(report),
        reason=report.reason,
        exchange_ns=nanoseconds(report.timestamp),
        terms=terms if happened is Input.LIVE else None,
    )


def _fill(report: Report, known: Report, at_ns: int) -> Fill:
    if report.exec_id is None or report.last_qty is None or report.last_price is None:
        raise ValueError("a trade without exec_id, last_qty or last_price")
    if known.symbol is None or known.side is None:
        raise ValueError("a trade without symbol or side")
    quantity, price = Quantity(exact(report.last_qty)), Price(exact(report.last_price))
    cost = quantity.value * price.value if report.cost is None else exact(report.cost)
    fee, asset = _fee(report, known.symbol)
    return quick_fill(
        report.exec_id,
        report.trade_id,
        report.order_id,
        known.symbol,
        SIDES.get(known.side) or Side(known.side),
        quantity,
        price,
        cost,
        fee,
        asset,
        report.liquidity_ind or "",
        at_ns,
    )


def _fee(report: Report, symbol: str) -> tuple[Decimal, str]:
    """The fee in its first asset; the ledger, not this, says what was really charged."""
    asset = report.fees[0].asset if report.fees else symbol.partition("/")[2]
    return sum((exact(f.qty) for f in report.fees if f.asset == asset), Decimal(0)), asset


def _description(report: Report) -> Intent | None:
    if report.symbol is None or report.side is None or report.order_qty is None:
        return None
    told = Described(
        report.symbol,
        report.side,
        report.order_type or "",
        report.order_qty,
        report.limit_price,
        report.time_in_force or "gtc",
        bool(report.post_only),
    )
    return describe(report.order_id, told)


@attrs.frozen
class Described:
    """An order in the exchange's words."""

    symbol: str
    side: str
    order_type: str
    quantity: Decimal
    limit_price: Decimal | None
    time_in_force: str
    post_only: bool


def describe(order_id: str, told: Described) -> Intent | None:
    """An order in the desk's terms; None where it has no quantity, or no price and needs one.

    Words for types and times in force that nobody listed become OTHER and GTC: somebody else's
    order is shown and reconciled, never sent.
    """
    quantity, price = told.quantity, told.limit_price
    order_type = _ORDER_TYPES.get(told.order_type, OrderType.OTHER)
    limit = None if price is None or exact(price) <= 0 else Price(price)
    if order_type is OrderType.MARKET:
        limit = None
    if exact(quantity) <= 0 or (order_type is OrderType.LIMIT and limit is None):
        return None
    return quick_intent(
        order_id,
        EXTERNAL,
        None,
        told.symbol,
        SIDES.get(told.side) or Side(told.side),
        order_type,
        Quantity(quantity),
        limit,
        _TIMES_IN_FORCE.get(told.time_in_force.lower(), TimeInForce.GTC),
        told.post_only and order_type is OrderType.LIMIT,
    )


def balance_snapshot(rows: Sequence[BalanceRow]) -> BalanceSnapshot:
    """Every wallet; an asset without wallets is in the main one."""
    found = []
    for row in rows:
        wallets = row.wallets or [Wallet("spot", "main", row.balance)]
        found += [WalletBalance(row.asset, w.type, w.id, exact(w.balance)) for w in wallets]
    return BalanceSnapshot(tuple(found))


def balance_entry(row: LedgerRow) -> BalanceEntry:
    """One row of the ledger."""
    return _entry(
        row.ledger_id,
        row.ref_id,
        row.asset,
        row.wallet_type,
        row.wallet_id,
        row.type,
        row.subtype,
        exact(row.amount),
        exact(row.fee),
        exact(row.balance),
        nanoseconds(row.timestamp),
    )
