"""Orders, trades and ledger rows as REST shows them, as of a moment (facts, 1.6)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.core.moments import MILLISECOND_NS, SECOND_NS, seconds
from zoe.sandbox.core.money import text
from zoe.sandbox.core.orders import Amend, LedgerRow, Order, Terms, Trade

#: Words that only REST has: the balances channel leaves them out (facts, 2.9 and 6.2).
_SUBTYPES: Final = {"trade": "tradespot"}
#: Ways in which a row of the ledger may be told: with a decimal too many, or without its amount.
SPOILS: Final = ("decimals", "missing")
#: No asset has more.
_MOST_DECIMALS: Final = 10
_DONE: Final = frozenset({"closed", "canceled", "expired"})


def status_at(order: Order, at_ns: int) -> str | None:
    """Its status then; None before it was there."""
    if order.opened_ns > at_ns:
        return None
    if at_ns < order.terms.starts_ns:
        return "pending" if order.is_live or order.closed_ns > at_ns else order.status
    return "open" if order.status in _DONE and order.closed_ns > at_ns else order.status


def order_row(order: Order, at_ns: int, *, trades: bool) -> dict[str, object]:
    """An order as it was then."""
    terms, pair, status = order.terms_at(at_ns), order.terms.pair, status_at(order, at_ns)
    seen = [trade for trade in order.trades if trade.at_ns <= at_ns]
    filled, cost, fee, average = _executed(seen)
    first = terms.trigger or terms.price
    second = terms.price if terms.trigger else 0
    in_quote = bool(terms.quote_qty)
    row: dict[str, object] = {
        "refid": None,
        "userref": terms.userref,
        "status": status,
        "opentm": seconds(order.opened_ns),
        "starttm": terms.starts_ns // SECOND_NS,
        "expiretm": terms.expires_ns // SECOND_NS,
        "descr": {
            "pair": pair.altname,
            "type": terms.side,
            "ordertype": terms.order_type,
            "price": text(first, pair.price_decimals) if first else "0",
            "price2": text(second, pair.price_decimals) if second else "0",
            "leverage": "none",
            "order": described(order, terms),
            "close": "",
        },
        "vol": volume(terms),
        "vol_exec": text(cost, pair.cost_decimals) if in_quote else text(filled, pair.qty_decimals),
        "cost": text(cost, pair.cost_decimals),
        "fee": text(fee, pair.cost_decimals),
        "price": text(average, pair.price_decimals),
        "stopprice": text(terms.trigger, pair.price_decimals),
        "limitprice": text(second if order.triggered else 0, pair.price_decimals),
        "misc": _misc(order, status, filled),
        "oflags": _flags(terms),
    }
    if terms.trigger:
        row["trigger"] = "last"
    if terms.cl_ord_id is not None:
        row["cl_ord_id"] = terms.cl_ord_id
    if order.amends and order.amends[0].at_ns <= at_ns:
        row["amended"] = True
    if status in _DONE:
        row["closetm"] = seconds(order.closed_ns)
        row["reason"] = order.reason
    if trades:
        row["trades"] = [trade.exec_id for trade in seen]
    return row


def _executed(trades: Iterable[Trade]) -> tuple[int, int, int, int]:
    """Quantity, cost and fee of trades, and their average price, rounded half up."""
    filled = value = cost = fee = 0
    for trade in trades:
        filled += trade.qty
        value += trade.qty * trade.price
        cost += trade.cost
        fee += trade.fee
    average = (2 * value + filled) // (2 * filled) if filled else 0
    return filled, cost, fee, average


@lru_cache(maxsize=2_000)  # one history after the other shows the same ends
def closed_row(order: Order, *, trades: bool) -> msgspec.Raw:
    """An order that has ended, and so stays as it is."""
    return msgspec.Raw(encode(order_row(order, order.closed_ns, trades=trades)))


def volume(terms: Terms) -> str:
    """In base currency, or in quote currency where the order is for an amount of that."""
    if terms.quote_qty:
        return text(terms.quote_qty, terms.pair.cost_decimals)
    return text(terms.qty, terms.pair.qty_decimals)


def _flags(terms: Terms) -> str:
    words = ["fcib" if terms.fee_in_base else "fciq"]
    words += ["post"] * terms.post_only + ["viqc"] * bool(terms.quote_qty)
    return ",".join(words)


def described(order: Order, as_it_was: Terms | None = None) -> str:
    """``buy 1.25000000 XBTUSD @ limit 37500.0``, ``... @ stop loss 36000.0 -> limit 35990.0``."""
    terms, pair = as_it_was or order.terms, order.terms.pair
    kind = terms.order_type.removesuffix("-limit").replace("-", " ")
    if terms.trigger:
        kind += f" {text(terms.trigger, pair.price_decimals)}"
    if terms.has_limit:
        limit = f"limit {text(terms.price, pair.price_decimals)}"
        kind = f"{kind} -> {limit}" if terms.trigger else limit
    return f"{terms.side} {volume(terms)} {pair.altname} @ {kind}"


def amend_rows(order: Order, at_ns: int) -> list[dict[str, object]]:
    """An order's changes, from what it was at first; ``timestamp`` is in milliseconds."""
    first = Amend("T" + order.order_id[1:], order.opened_ns, order.original, 0)
    rows = []
    for amend in (first, *order.amends):
        if amend.at_ns > at_ns:
            break
        terms, places = amend.terms, amend.terms.pair.price_decimals
        row: dict[str, object] = {
            "amend_id": amend.amend_id,
            "amend_type": "original" if amend is first else "user",
            "order_qty": text(terms.qty, terms.pair.qty_decimals),
            "remaining_qty": text(terms.qty - amend.filled, terms.pair.qty_decimals),
        }
        if terms.has_limit:
            row["limit_price"] = text(terms.price, places)
        if terms.trigger:
            row["trigger_price"] = text(terms.trigger, places)
        if amend is not first:
            row["reason"] = "User requested"
        row["post_only"] = terms.post_only
        row["timestamp"] = amend.at_ns // MILLISECOND_NS
        rows.append(row)
    return rows


def _misc(order: Order, status: str | None, filled: int) -> str:
    partial = status in ("canceled", "expired") and filled
    fired = "stopped" if order.terms.order_type.startswith("stop") else "touched"
    words = (("partial", partial), ("amended", order.amended), (fired, order.triggered))
    return ",".join(word for word, is_so in words if is_so)


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
        "subtype": row.subtype or _SUBTYPES.get(row.type, ""),
        "aclass": "currency",
        "asset": asset.rest_id,
        "amount": text(row.amount, asset.decimals),
        "fee": text(row.fee, asset.decimals),
        "balance": text(row.balance, asset.decimals),
    }


def spoiled(row: dict[str, object], how: str) -> dict[str, object]:
    """A row of the ledger as Kraken never told one: how is one of ``SPOILS``."""
    if how == "missing":
        return {name: value for name, value in row.items() if name != "amount"}
    whole, _, digits = str(row["amount"]).partition(".")
    return row | {"amount": f"{whole}.{digits.ljust(_MOST_DECIMALS, '0')}1"}


def balances(kept: Mapping[str, int], catalog: Catalog) -> dict[str, str]:
    """Amounts by REST's asset ids."""
    return {
        catalog.assets[name].rest_id: text(amount, catalog.assets[name].decimals)
        for name, amount in kept.items()
    }


def printed_price(pair: Pair, price: int) -> str:
    """REST's public calls print four more decimals than the pair has (facts, 1.5)."""
    return text(price * 10_000, pair.price_decimals + 4)
