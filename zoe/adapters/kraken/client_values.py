"""Rows of REST answers as the values that the blocking client gives to its user."""

from zoe.adapters.kraken.history_calls import LedgerRow, OrderRow, TradeRow
from zoe.adapters.kraken.numbers import decimal_of, exact, seconds_to_ns
from zoe.adapters.kraken.order_form import TRIGGERED
from zoe.adapters.kraken.public_calls import Ticker
from zoe.adapters.kraken.symbols import split_wallet
from zoe.domain.catalog import Catalog
from zoe.domain.errors import ExchangeUnavailable, WireError
from zoe.domain.order import Fill, Side
from zoe.domain.quantity import Price, Quantity, exact_sum
from zoe.messages.exchange import BalanceEntry
from zoe.ports.exchange import BestBidAsk, OrderReport


def best_bid_ask(symbol: str, row: Ticker, received_ns: int) -> BestBidAsk:
    """The best prices; a price of 0 is none."""
    bid, ask = row.bid[0], row.ask[0]
    return BestBidAsk(
        symbol,
        Price(bid) if bid > 0 else None,
        Price(ask) if ask > 0 else None,
        received_ns,
    )


def report(order_id: str, row: OrderRow, catalog: Catalog) -> OrderReport:
    """An order.

    Raises:
        WireError: Its values make no sense.
    """
    known = catalog.find(row.descr.pair)
    try:
        return OrderReport(
            order_id,
            row.cl_ord_id,
            row.descr.pair if known is None else known.symbol,
            Side(row.descr.type),
            row.descr.ordertype,
            row.status,
            Quantity(row.vol),
            Quantity(row.vol_exec),
            _limit(row),
            Price(row.price) if row.price > 0 else None,
            row.cost,
            row.fee,
            seconds_to_ns(row.opentm),
            None if row.closetm is None else seconds_to_ns(row.closetm),
            row.reason,
        )
    except ValueError as problem:
        raise WireError(f"order {order_id}: {problem}", repr(row).encode()) from problem


def _limit(row: OrderRow) -> Price | None:
    """The limit price; None where there is none, or one relative to a price that is not ours."""
    second = row.descr.ordertype in TRIGGERED
    try:
        price = decimal_of(str(row.descr.price2 if second else row.descr.price))
    except ValueError:
        return None
    return Price(price) if price > 0 else None


def fill(trade_id: str, row: TradeRow, catalog: Catalog | None) -> Fill:
    """A fill; its fee is in quote, whatever was really charged: the ledger says that.

    Raises:
        WireError: Its values make no sense.
    """
    known = None if catalog is None else catalog.find(row.pair)
    try:
        return Fill(
            trade_id,
            row.trade_id,
            row.ordertxid,
            row.pair if known is None else known.symbol,
            Side(row.type),
            Quantity(exact(row.vol)),
            Price(exact(row.price)),
            exact(row.cost),
            exact(row.fee),
            "" if known is None else known.quote,
            {True: "m", False: "t", None: ""}[row.maker],
            seconds_to_ns(row.time),
        )
    except ValueError as problem:
        raise WireError(f"trade {trade_id}: {problem}", repr(row).encode()) from problem


def whole_fills(order_id: str, row: OrderRow, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
    """The fills of an order, where they are all that it says it had.

    Raises:
        ExchangeUnavailable: They are not, or not yet.
    """
    if not set(row.trades) <= {fill.exec_id for fill in fills}:
        raise ExchangeUnavailable(f"order {order_id}: fills of it are not told yet")
    told = exact_sum(fill.quantity.value for fill in fills)
    # An order for an amount of quote counts in quote what is filled (facts sheet, 1.7: viqc).
    if "viqc" not in row.oflags.split(",") and told != row.vol_exec:
        raise ExchangeUnavailable(f"order {order_id}: filled {row.vol_exec}, its fills {told}")
    return fills


def entry(ledger_id: str, row: LedgerRow) -> BalanceEntry:
    """A row of the ledger by v2 names.

    Raises:
        WireError: Its values make no sense.
    """
    asset, wallet_type, wallet_id = split_wallet(row.asset)
    try:
        at_ns = seconds_to_ns(row.time)
    except ValueError as problem:
        raise WireError(f"entry {ledger_id}: {problem}", repr(row).encode()) from problem
    return BalanceEntry(
        ledger_id,
        row.refid,
        asset,
        wallet_type,
        wallet_id,
        row.type,
        row.subtype,
        row.amount,
        row.fee,
        row.balance,
        at_ns,
    )
