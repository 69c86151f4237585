"""Private REST calls about orders, trades and the ledger (facts sheet, section 1.6).

Pages hold 50 rows, newest first, as members of an object: their order in the text says nothing.
``start`` is exclusive, ``end`` inclusive; both may be times or ids.
"""

from decimal import Decimal
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken import api
from zoe.adapters.kraken.api import Call, private
from zoe.adapters.kraken.numbers import ns_to_seconds

PAGE: Final = 50
MOST_ORDERS_BY_ID: Final = 50
MOST_TRADES_BY_ID: Final = 20
MOST_ENTRIES_BY_ID: Final = 20


class Description(msgspec.Struct, frozen=True):
    """An order as it was wished for; ``pair`` is an altname, prices may be relative: ``+5.0%``."""

    pair: str = ""
    type: str = ""
    ordertype: str = ""
    price: object = "0"
    price2: object = "0"
    leverage: str | None = "none"
    order: str = ""
    close: str = ""
    aclass: str | None = None


class OrderRow(msgspec.Struct, frozen=True):
    """An order; ``price`` is the average of its fills, not its limit."""

    status: str
    opentm: Decimal
    vol: Decimal
    vol_exec: Decimal
    cost: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    stopprice: Decimal = Decimal(0)
    limitprice: Decimal = Decimal(0)
    descr: Description = Description()
    refid: str | None = None
    link_id: str | None = None
    userref: int | None = None
    cl_ord_id: str | None = None
    closetm: Decimal | None = None
    starttm: Decimal = Decimal(0)
    expiretm: Decimal = Decimal(0)
    trigger: str | None = None
    margin: bool = False
    misc: str = ""
    amended: bool = False
    oflags: str = ""
    reason: str | None = None
    trades: list[str] = []
    sender_sub_id: str | None = None


class TradeRow(msgspec.Struct, frozen=True):
    """A trade; ``pair`` is a canonical id, ``trade_id`` the market's own number."""

    ordertxid: str
    pair: str
    time: Decimal
    type: str
    price: Decimal
    cost: Decimal
    fee: Decimal
    vol: Decimal
    ordertype: str = ""
    margin: Decimal = Decimal(0)
    leverage: str | None = "0"
    misc: str = ""
    postxid: str | None = None
    trade_id: int | None = None
    maker: bool | None = None
    ledgers: list[str] = []
    posstatus: str | None = None
    cprice: Decimal | None = None
    ccost: Decimal | None = None
    cfee: Decimal | None = None
    cvol: Decimal | None = None
    cmargin: Decimal | None = None
    net: Decimal | None = None
    trades: list[str] | None = None


class LedgerRow(msgspec.Struct, frozen=True):
    """A row of the ledger: balance after = balance before + amount - fee."""

    refid: str
    time: Decimal
    type: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    subtype: str = ""
    aclass: str = "currency"


class AmendRow(msgspec.Struct, frozen=True):
    """One state of an amended order; the first is the original. ``timestamp`` is milliseconds."""

    amend_id: str
    amend_type: str
    order_qty: Decimal
    remaining_qty: Decimal
    timestamp: int
    display_qty: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    reason: str | None = None
    post_only: bool = False


class OrdersPage(msgspec.Struct, frozen=True):
    """A page of closed orders; ``count`` of all that match, where it was asked for."""

    closed: dict[str, OrderRow] = {}
    count: int | None = None


class OpenOrders(msgspec.Struct, frozen=True):
    """Every open order."""

    open: dict[str, OrderRow] = {}


class TradesPage(msgspec.Struct, frozen=True):
    """A page of trades; ``count`` of all that match, where it was asked for."""

    trades: dict[str, TradeRow] = {}
    count: int | None = None


class LedgerPage(msgspec.Struct, frozen=True):
    """A page of the ledger; ``count`` of all that match, where it was asked for."""

    ledger: dict[str, LedgerRow] = {}
    count: int | None = None


class Amends(msgspec.Struct, frozen=True):
    """The states of one order, oldest first."""

    amends: list[AmendRow] = []
    count: int = 0


@attrs.frozen
class Window:
    """Which rows: between two times (UTC nanoseconds) or ids, and how many to skip.

    Attributes:
        start: Exclusive.
        end: Inclusive; frozen while paging, or new rows push old ones onto the next page.
        offset: Rows to skip, from the newest.
        counted: Whether to count all that match, which is slower.
    """

    start: int | str | None = None
    end: int | str | None = None
    offset: int = 0
    counted: bool = False

    def params(self) -> dict[str, api.Given]:
        """As parameters."""
        return {
            "start": _bound(self.start),
            "end": _bound(self.end),
            "ofs": self.offset or None,
            "without_count": None if self.counted else True,
        }


def _bound(bound: int | str | None) -> str | None:
    return ns_to_seconds(bound) if isinstance(bound, int) else bound


EVERYTHING: Final = Window()


def open_orders(
    trades: bool | None = None, userref: int | None = None, cl_ord_id: str | None = None
) -> Call:
    """OpenOrders: all of them, without pages."""
    return private("OpenOrders", trades=trades, userref=userref, cl_ord_id=cl_ord_id)


@attrs.frozen
class OrderFilter:
    """Which orders, and what of them; None is the exchange's default."""

    trades: bool | None = None
    userref: int | None = None
    cl_ord_id: str | None = None
    closetime: str | None = None
    consolidate_taker: bool | None = None


def closed_orders(window: Window = EVERYTHING, wanted: OrderFilter | None = None) -> Call:
    """ClosedOrders, a page."""
    chosen = {} if wanted is None else attrs.asdict(wanted)
    return private("ClosedOrders", **chosen, **window.params())


def query_orders(
    txids: tuple[str, ...],
    trades: bool | None = None,
    userref: int | None = None,
    consolidate_taker: bool | None = None,
) -> Call:
    """QueryOrders, at most 50 of them."""
    assert 0 < len(txids) <= MOST_ORDERS_BY_ID, len(txids)
    return private(
        "QueryOrders",
        txid=txids,
        trades=trades,
        userref=userref,
        consolidate_taker=consolidate_taker,
    )


@attrs.frozen
class TradeFilter:
    """Which trades, and what of them.

    Attributes:
        type: ``all``, ``any position``, ``closed position``, ``closing position``, ``no position``.
        consolidate_taker: False gives one row a match, whose ids equal the stream's exec ids.
        ledgers: Adds ledger ids, slowly.
    """

    type: str | None = None
    trades: bool | None = None
    consolidate_taker: bool | None = False
    ledgers: bool | None = None


def trades_history(window: Window = EVERYTHING, wanted: TradeFilter | None = None) -> Call:
    """TradesHistory, a page."""
    return private("TradesHistory", **attrs.asdict(wanted or TradeFilter()), **window.params())


def query_trades(txids: tuple[str, ...], trades: bool | None = None) -> Call:
    """QueryTrades, at most 20 of them."""
    assert 0 < len(txids) <= MOST_TRADES_BY_ID, len(txids)
    return private("QueryTrades", txid=txids, trades=trades)


@attrs.frozen
class LedgerFilter:
    """Which rows; only ``type=all`` finds spend, receive, earn, reward and conversion."""

    asset: tuple[str, ...] | None = None
    aclass: str | None = None
    type: str | None = None


def ledgers(window: Window = EVERYTHING, wanted: LedgerFilter | None = None) -> Call:
    """Ledgers, a page."""
    return private("Ledgers", **attrs.asdict(wanted or LedgerFilter()), **window.params())


def query_ledgers(ids: tuple[str, ...], trades: bool | None = None) -> Call:
    """QueryLedgers, at most 20 of them."""
    assert 0 < len(ids) <= MOST_ENTRIES_BY_ID, len(ids)
    return private("QueryLedgers", id=ids, trades=trades)


def order_amends(order_id: str) -> Call:
    """OrderAmends."""
    return private("OrderAmends", order_id=order_id)


def read_open_orders(result: bytes) -> dict[str, OrderRow]:
    """Open orders by id."""
    return api.parse_exact(OpenOrders, result).open


def read_closed_orders(result: bytes) -> OrdersPage:
    """A page of closed orders."""
    return api.parse_exact(OrdersPage, result)


def read_orders(result: bytes) -> dict[str, OrderRow]:
    """Orders that were asked for by id."""
    return api.parse_exact(dict[str, OrderRow], result)


def read_trades_history(result: bytes) -> TradesPage:
    """A page of trades."""
    return api.parse_exact(TradesPage, result)


def read_trades(result: bytes) -> dict[str, TradeRow]:
    """Trades that were asked for by id."""
    return api.parse_exact(dict[str, TradeRow], result)


def read_ledgers(result: bytes) -> LedgerPage:
    """A page of the ledger."""
    return api.parse_exact(LedgerPage, result)


def read_ledger_entries(result: bytes) -> dict[str, LedgerRow]:
    """Rows that were asked for by id."""
    return api.parse_exact(dict[str, LedgerRow], result)


def read_amends(result: bytes) -> Amends:
    """The states of an order."""
    return api.parse_exact(Amends, result)
