"""REST results as domain values (facts sheet, sections 1.6 and 4.3)."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from zoe.adapters.kraken import public_calls
from zoe.adapters.kraken.account_calls import TradeVolume
from zoe.adapters.kraken.client_values import fill
from zoe.adapters.kraken.frames import UNREADABLE
from zoe.adapters.kraken.history_calls import Description, OrderRow, TradeRow
from zoe.adapters.kraken.numbers import decimal_of, decimals, exact, seconds_to_ns, step
from zoe.adapters.kraken.reports import Described, describe
from zoe.adapters.kraken.symbols import asset_name, pair_symbol, split_wallet
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import WireError
from zoe.domain.fees import PairFee
from zoe.domain.order import Input, quick_fact
from zoe.domain.quantity import Quantity
from zoe.domain.sighting import Sighting, quick_sighting
from zoe.messages.exchange import BalanceSnapshot, WalletBalance
from zoe.messages.market import CandleSeen


class PairRow(msgspec.Struct):
    """A pair; hidden ones lack a wsname, old rows lack the minimums."""

    altname: str
    base: str
    quote: str
    pair_decimals: int
    lot_decimals: int
    cost_decimals: int = 0
    wsname: str | None = None
    ordermin: Decimal | None = None
    costmin: Decimal = Decimal(0)
    tick_size: Decimal | None = None
    status: str = "online"


class OpenOrders(msgspec.Struct):
    """Every open order."""

    open: dict[str, OrderRow] = {}


class ClosedOrders(msgspec.Struct):
    """A page of closed orders, each as it stands in the text."""

    closed: dict[str, msgspec.Raw] = {}


class TradesHistory(msgspec.Struct):
    """A page of trades."""

    trades: dict[str, TradeRow] = {}


class Token(msgspec.Struct):
    """A token for the private socket."""

    token: str


_PAIR: Final = msgspec.json.Decoder(PairRow)
_BY_STATUS: Final = {
    "pending": Input.ACKNOWLEDGED,
    "open": Input.LIVE,
    "closed": Input.COMPLETED,
    "canceled": Input.CANCELED,
    "expired": Input.EXPIRED,
}
_ORDER: Final = msgspec.json.Decoder(OrderRow)
#: Rows of closed orders that are kept, and what they say: ten pages.
_MOST_ROWS: Final = 500
#: Order types whose first price is the limit; in the others' it is the trigger.
_LIMIT_FIRST: Final = frozenset({"limit", "iceberg"})


def instruments(rows: dict[str, msgspec.Raw]) -> tuple[Instrument, ...]:
    """Every pair that can be traded by what its row says.

    Left out are hidden pairs, which have no wsname and cannot be watched, and rows of a form that
    nobody knows: one new kind of pair must not cost all the others.

    Raises:
        ValueError: There are rows, and none of them is a pair.
    """
    found, readable = [], 0
    for rest_id, row in rows.items():
        try:
            pair = _PAIR.decode(row)
            found += [] if pair.wsname is None else [_instrument(rest_id, pair.wsname, pair)]
            readable += 1
        except (msgspec.MsgspecError, ValueError, ArithmeticError):
            continue
    if rows and not readable:
        raise ValueError(f"none of {len(rows)} rows is a pair")
    return tuple(found)


def _instrument(rest_id: str, wsname: str, row: PairRow) -> Instrument:
    price_precision, qty_precision = decimals(row.pair_decimals), decimals(row.lot_decimals)
    lot = Decimal(1).scaleb(-qty_precision)
    return Instrument(
        pair_symbol(wsname),
        asset_name(row.base),
        asset_name(row.quote),
        row.status,
        price_precision,
        step(row.tick_size or Decimal(1).scaleb(-price_precision)),
        qty_precision,
        lot,
        lot if row.ordermin is None else exact(row.ordermin),
        decimals(row.cost_decimals),
        exact(row.costmin),
        rest_id,
        row.altname,
        wsname,
    )


def orders(
    rows: dict[str, OrderRow], catalog: Catalog | None, *, closed: bool
) -> tuple[Sighting, ...]:
    """One sighting an order, in the order of the answer.

    Args:
        closed: Which list they stand in: it decides where a status is a word nobody listed.
    """
    return tuple(
        _order(order_id, row, _symbol(row, catalog), closed) for order_id, row in rows.items()
    )


def closed_orders(rows: dict[str, msgspec.Raw], catalog: Catalog | None) -> tuple[Sighting, ...]:
    """As ``orders``; lists overlap, and a row that was read lately is not read again.

    Raises:
        ValueError: A row makes no sense.
    """
    found: list[Sighting] = []
    symbols: dict[str, str | None] = {}  # most rows are of few pairs
    for order_id, raw in rows.items():
        text = bytes(raw)
        try:
            row = _closed_row(text)
        except UNREADABLE as problem:
            raise ValueError(f"order {order_id[:40]}: {problem}") from problem
        name = row.descr.pair
        if name not in symbols:
            symbols[name] = _symbol(row, catalog)
        found.append(_closed_order(order_id, text, symbols[name]))
    return tuple(found)


@lru_cache(maxsize=_MOST_ROWS)
def _closed_row(text: bytes) -> OrderRow:
    return _ORDER.decode(text)


@lru_cache(maxsize=_MOST_ROWS)
def _closed_order(order_id: str, text: bytes, symbol: str | None) -> Sighting:
    return _order(order_id, _closed_row(text), symbol, closed=True)


def _symbol(row: OrderRow, catalog: Catalog | None) -> str | None:
    """Of the order's pair, where that is known."""
    known = None if catalog is None else catalog.find(row.descr.pair)
    return None if known is None else known.symbol


def _order(order_id: str, row: OrderRow, symbol: str | None, closed: bool) -> Sighting:
    happened, reason = _BY_STATUS.get(row.status), row.reason
    if happened is None:
        happened, reason = _by_list(row, closed), f"status {row.status[:40]}"
    flags = row.oflags.split(",")
    # Such an order's volumes are in quote currency, and say nothing about the base.
    in_quote = "viqc" in flags
    fact = quick_fact(
        happened,
        order_id,
        filled_quantity=None if in_quote else Quantity(exact(row.vol_exec)),
        reason=reason,
        exchange_ns=seconds_to_ns(row.closetm or row.opentm),
    )
    description = None
    if symbol is not None and not in_quote:
        # REST does not show an order's time in force.
        side, kind, price = row.descr.type, row.descr.ordertype, _limit_price(row.descr)
        told = Described(symbol, side, kind, row.vol, price, "gtc", "post" in flags)
        description = describe(order_id, told)
    return quick_sighting(order_id, row.cl_ord_id, (fact,), description)


def _by_list(row: OrderRow, closed: bool) -> Input:
    if not closed:
        return Input.LIVE
    return Input.COMPLETED if exact(row.vol_exec) >= exact(row.vol) else Input.CANCELED


def _limit_price(description: Description) -> Decimal | None:
    first = description.ordertype in _LIMIT_FIRST
    try:
        return decimal_of(str(description.price if first else description.price2))
    except ValueError:
        return None  # relative to a price that is not ours to know


def trades(rows: dict[str, TradeRow], catalog: Catalog | None) -> tuple[Sighting, ...]:
    """One sighting a match."""
    return tuple(_trade(trade_id, row, catalog) for trade_id, row in rows.items())


def _trade(exec_id: str, row: TradeRow, catalog: Catalog | None) -> Sighting:
    done = fill(exec_id, row, catalog)
    fact = quick_fact(Input.FILL, row.ordertxid, fill=done, exchange_ns=done.exchange_ns)
    return Sighting(row.ordertxid, None, (fact,))


def balances(rows: dict[str, str]) -> BalanceSnapshot:
    """Every wallet, by v2 names."""
    return BalanceSnapshot(
        tuple(WalletBalance(*split_wallet(key), decimal_of(text)) for key, text in rows.items())
    )


def refuse(problem: Exception, result: bytes) -> WireError:
    """The error for a result whose values make no sense."""
    return WireError(f"{type(problem).__name__}: {problem}", result)


def fees(pairs: Iterable[Instrument], told: TradeVolume) -> tuple[PairFee, ...]:
    """What was told of pairs, in bps; a pair without a maker's fee of its own has the taker's."""
    found = []
    for pair in pairs:
        names = (pair.rest_id, pair.altname, pair.symbol)
        name = next((name for name in names if name in told.fees), None)
        if name is not None:
            taker = told.fees[name]
            maker = told.fees_maker.get(name, taker)
            found.append(PairFee(pair.symbol, exact(maker.fee) * 100, exact(taker.fee) * 100))
    return tuple(found)


def candles(symbol: str, minutes: int, result: bytes) -> tuple[CandleSeen, ...]:
    """Candles of a pair, as the stream would tell them."""
    return tuple(
        CandleSeen(
            symbol,
            row.time * 1_000_000_000,
            minutes,
            *(row.open, row.high, row.low, row.close, row.volume, row.count),
            row.vwap if row.count else Decimal(0),
        )
        for row in public_calls.read_candles(result).rows
    )
