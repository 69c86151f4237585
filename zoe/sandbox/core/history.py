"""Orders, trades and ledger rows as REST shows them, as of a moment (facts, 1.6)."""

from collections.abc import Iterable, Mapping
from typing import Final

from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.core.moments import SECOND_NS, seconds
from zoe.sandbox.core.money import text
from zoe.sandbox.core.orders import LedgerRow, Order, Trade

_NEVER: Final = 0
_DONE: Final = frozenset({"closed", "canceled", "expired"})


def status_at(order: Order, at_ns: int) -> str | None:
    """Its status then; None before it was there."""
    if order.opened_ns > at_ns:
        return None
    return "open" if order.status in _DONE and order.closed_ns > at_ns else order.status


def order_row(order: Order, at_ns: int, *, trades: bool) -> dict[str, object]:
    """An order as it was then."""
    terms, pair, status = order.terms, order.terms.pair, status_at(order, at_ns)
    seen = [trade for trade in order.trades if trade.at_ns <= at_ns]
    filled = sum(trade.qty for trade in seen)
    value = sum(trade.qty * trade.price for trade in seen)
    average = (2 * value + filled) // (2 * filled) if filled else 0
    none = text(0, pair.price_decimals)
    row: dict[str, object] = {
        "refid": None,
        "userref": terms.userref,
        "status": status,
        "opentm": seconds(order.opened_ns),
        "starttm": _NEVER,
        "expiretm": terms.expires_ns // SECOND_NS,
        "descr": {
            "pair": pair.altname,
            "type": terms.side,
            "ordertype": terms.order_type,
            "price": text(terms.price, pair.price_decimals) if terms.price else "0",
            "price2": "0",
            "leverage": "none",
            "order": described(order),
            "close": "",
        },
        "vol": text(terms.qty, pair.qty_decimals),
        "vol_exec": text(filled, pair.qty_decimals),
        "cost": text(sum(trade.cost for trade in seen), pair.cost_decimals),
        "fee": text(sum(trade.fee for trade in seen), pair.cost_decimals),
        "price": text(average, pair.price_decimals),
        "stopprice": none,
        "limitprice": none,
        "misc": _misc(order, status, filled),
        "oflags": ("fcib" if terms.fee_in_base else "fciq") + (",post" if terms.post_only else ""),
    }
    if terms.cl_ord_id is not None:
        row["cl_ord_id"] = terms.cl_ord_id
    if order.amended:
        row["amended"] = True
    if status in _DONE:
        row["closetm"] = seconds(order.closed_ns)
        row["reason"] = order.reason
    if trades:
        row["trades"] = [trade.exec_id for trade in seen]
    return row


def described(order: Order) -> str:
    """``buy 1.25000000 XBTUSD @ limit 37500.0``."""
    terms, pair = order.terms, order.terms.pair
    kind = "market"
    if terms.order_type == "limit":
        kind = f"limit {text(terms.price, pair.price_decimals)}"
    return f"{terms.side} {text(terms.qty, pair.qty_decimals)} {pair.altname} @ {kind}"


def _misc(order: Order, status: str | None, filled: int) -> str:
    partial = status in ("canceled", "expired") and filled
    return ",".join(
        word for word, is_so in (("partial", partial), ("amended", order.amended)) if is_so
    )


def trade_row(trade: Trade, order: Order, *, ledgers: bool) -> dict[str, object]:
    """One match."""
    pair, none = order.terms.pair, text(0, order.terms.pair.cost_decimals)
    row: dict[str, object] = {
        "ordertxid": trade.order_id,
        "postxid": "T" + order.order_id[1:],
        "pair": pair.rest_id,
        "time": seconds(trade.at_ns),
        "type": order.terms.side,
        "ordertype": order.terms.order_type,
        "price": text(trade.price, pair.price_decimals),
        "cost": text(trade.cost, pair.cost_decimals),
        "fee": text(trade.fee, pair.cost_decimals),
        "vol": text(trade.qty, pair.qty_decimals),
        "margin": none,
        "leverage": "0",
        "misc": "",
        "trade_id": trade.trade_id,
        "maker": trade.maker,
    }
    if ledgers:
        row["ledgers"] = list(trade.ledgers)
    return row


def consolidated(rows: Iterable[tuple[Trade, Order]]) -> list[tuple[Trade, Order]]:
    """Matches of one taker at one moment as one trade at their average price; the first's id."""
    merged: dict[tuple[str, int], tuple[Trade, Order]] = {}
    for trade, order in rows:
        key = (trade.order_id, trade.trade_id if trade.maker else -trade.at_ns)
        known = merged.get(key)
        merged[key] = (trade if known is None else _sum(known[0], trade), order)
    return list(merged.values())


def _sum(one: Trade, other: Trade) -> Trade:
    first, second = sorted((one, other), key=lambda trade: trade.trade_id)
    qty = one.qty + other.qty
    value = one.qty * one.price + other.qty * other.price
    names = (first.exec_id, first.trade_id, first.order_id, first.at_ns)
    figures = ((2 * value + qty) // (2 * qty), qty, one.cost + other.cost, one.fee + other.fee)
    return Trade(*names, *figures, False, first.ledgers + second.ledgers)


def ledger_row(row: LedgerRow, catalog: Catalog) -> dict[str, object]:
    """One change of one balance."""
    asset = catalog.assets[row.asset]
    return {
        "refid": row.ref_id,
        "time": seconds(row.at_ns),
        "type": row.type,
        "subtype": "",
        "aclass": "currency",
        "asset": asset.rest_id,
        "amount": text(row.amount, asset.decimals),
        "fee": text(row.fee, asset.decimals),
        "balance": text(row.balance, asset.decimals),
    }


def balances(kept: Mapping[str, int], catalog: Catalog) -> dict[str, str]:
    """Amounts by REST's asset ids."""
    return {
        catalog.assets[name].rest_id: text(amount, catalog.assets[name].decimals)
        for name, amount in kept.items()
    }


def printed_price(pair: Pair, price: int) -> str:
    """REST's public calls print four more decimals than the pair has (facts, 1.5)."""
    return text(price * 10_000, pair.price_decimals + 4)
