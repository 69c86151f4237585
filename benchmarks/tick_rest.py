"""What the exchange of tick_to_order.py answers to REST calls."""

from typing import Any, Final

import frames as generated

CASH: Final = 100_000_000
_BEGAN: Final = 1_700_000_000


def result(call: str, params: dict[str, list[str]], pairs: list[generated.Pair]) -> dict[str, Any]:
    """What a call answers that changes nothing."""
    match call:
        case "AssetPairs":
            return {pair.symbol.replace("/", ""): _row(pair) for pair in pairs}
        case "GetWebSocketsToken":
            return {"token": "a-token-of-this-benchmark", "expires": 900}
        case "Balance":
            return {"ZUSD": f"{CASH}.0000"}
        case "BalanceEx":
            return {"ZUSD": {"balance": f"{CASH}.0000", "hold_trade": "0.0000"}}
        case "OpenOrders":
            return {"open": {}}
        case "ClosedOrders":
            return {"closed": {}, "count": 0}
        case "TradesHistory":
            return {"trades": {}, "count": 0}
        case "Ledgers":
            return _ledger(params)
        case _:
            return {}


def order_of(params: dict[str, str], pairs: list[generated.Pair]) -> dict[str, Any]:
    """A REST call's order as the socket would have it."""
    (symbol,) = (
        pair.symbol
        for pair in pairs
        if params["pair"] in (pair.symbol, pair.symbol.replace("/", ""))
    )
    return {
        "symbol": symbol,
        "cl_ord_id": params.get("cl_ord_id"),
        "side": params["type"],
        "order_type": params["ordertype"],
        "order_qty": float(params["volume"]),
        "limit_price": float(params["price"]),
    }


def _row(pair: generated.Pair) -> dict[str, Any]:
    price, quantity = pair.precision
    return {
        "altname": pair.symbol.replace("/", ""),
        "wsname": pair.symbol,
        "aclass_base": "currency",
        "base": pair.symbol.partition("/")[0],
        "aclass_quote": "currency",
        "quote": "ZUSD",
        "lot": "unit",
        "pair_decimals": price,
        "lot_decimals": quantity,
        "cost_decimals": 5,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.25]],
        "fees_maker": [[0, 0.16]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.001",
        "costmin": "0.5",
        "tick_size": f"1e-{price}",
        "status": "online",
    }


def _ledger(params: dict[str, list[str]]) -> dict[str, Any]:
    """The one row that explains the balance."""
    asked = float(params.get("start", ["0"])[0])
    if int(params.get("ofs", ["0"])[0]) or asked > _BEGAN:
        return {"ledger": {}, "count": 0}
    row = {"refid": "RTICK1", "time": _BEGAN, "type": "deposit", "subtype": "", "asset": "ZUSD"}
    row |= {"amount": f"{CASH}.0000", "fee": "0.0000", "balance": f"{CASH}.0000"}
    return {"ledger": {"LTICK1-LEDGER-ROW001": row}, "count": 1}
