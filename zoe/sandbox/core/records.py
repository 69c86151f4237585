"""The fields of the journal's records; numbers are texts in plain notation."""

from zoe.sandbox.core.money import text
from zoe.sandbox.core.orders import LedgerRow, Order, Terms, Trade


def names(order: Order) -> dict[str, object]:
    """Whose order it is, and its ids."""
    return {
        "account": order.account,
        "order_id": order.order_id,
        "cl_ord_id": order.terms.cl_ord_id,
    }


def numbers(terms: Terms) -> dict[str, object]:
    """What an amend may change."""
    told: dict[str, object] = {
        "qty": text(terms.qty, terms.pair.qty_decimals),
        "price": text(terms.price, terms.pair.price_decimals),
    }
    if terms.trigger:
        told["trigger"] = text(terms.trigger, terms.pair.price_decimals)
    return told


def description(terms: Terms) -> dict[str, object]:
    """Everything that was asked for."""
    rare: dict[str, object] = {}
    if terms.quote_qty:
        rare["quote_qty"] = text(terms.quote_qty, terms.pair.cost_decimals)
    if terms.starts_ns:
        rare["starts_ns"] = terms.starts_ns
    return {
        "symbol": terms.pair.symbol,
        "side": terms.side,
        "order_type": terms.order_type,
        **numbers(terms),
        "time_in_force": terms.time_in_force,
        "post_only": terms.post_only,
        "stp_type": terms.stp_type,
        "fee_in_base": terms.fee_in_base,
        "userref": terms.userref,
        "expires_ns": terms.expires_ns,
        **rare,
    }


def fill(terms: Terms, trade: Trade) -> dict[str, object]:
    """One match; cost and fee in quote currency."""
    pair = terms.pair
    return {
        "exec_id": trade.exec_id,
        "trade_id": trade.trade_id,
        "symbol": pair.symbol,
        "side": terms.side,
        "qty": text(trade.qty, pair.qty_decimals),
        "price": text(trade.price, pair.price_decimals),
        "cost": text(trade.cost, pair.cost_decimals),
        "fee": text(trade.fee, pair.cost_decimals),
        "liquidity": "m" if trade.maker else "t",
    }


def ledger(row: LedgerRow, decimals: int) -> dict[str, object]:
    """One change of one balance."""
    return {
        **({"subtype": row.subtype} if row.subtype else {}),
        "account": row.account,
        "id": row.ledger_id,
        "ref_id": row.ref_id,
        "type": row.type,
        "asset": row.asset,
        "amount": text(row.amount, decimals),
        "fee": text(row.fee, decimals),
        "balance": text(row.balance, decimals),
    }
