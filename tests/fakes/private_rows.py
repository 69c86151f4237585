"""Rows of the private socket's frames, and frames of them, as the exchange sends them."""

from typing import Any

STAMP = "2026-01-02T03:04:05.000100Z"
NEW = {
    "order_id": "O-1", "cl_ord_id": "c-1", "symbol": "BTC/USD", "order_qty": 0.02,
    "time_in_force": "GTC", "exec_type": "pending_new", "side": "buy", "order_type": "limit",
    "limit_price": 90000.0, "order_status": "pending_new", "timestamp": STAMP,
}  # fmt: skip
ENTRY = {
    "ledger_id": "L-1", "ref_id": "T-1", "timestamp": STAMP, "type": "trade", "asset": "USD",
    "wallet_type": "spot", "wallet_id": "main", "amount": -1.5, "fee": 0.1, "balance": 3.25,
}  # fmt: skip


def frame(channel: str, number: int, *rows: dict[str, Any], kind: str = "update") -> dict[str, Any]:
    return {"channel": channel, "type": kind, "data": list(rows), "sequence": number}
