"""krakenex: the oldest client, which posts forms and looks at nothing."""

import json
import time
from functools import partial
from typing import Any

import krakenex  # type: ignore[import-not-found]  # lives in the foreign environment only
from steps import Steps

PAIR = "XXBTZUSD"


def main() -> None:
    """Public and private queries."""
    steps = Steps()
    client = krakenex.API(steps.given["key"], steps.given["secret"])
    client.uri = steps.given["rest"]
    last_ms = 0

    def private(method: str, **data: str) -> Any:
        # Its nonce is the time in milliseconds: two queries within one would share it.
        nonlocal last_ms
        while int(time.time() * 1000) <= last_ms:
            pass
        answer = client.query_private(method, data)
        last_ms = int(time.time() * 1000)
        return answer

    for name in ("Time", "SystemStatus", "Assets", "AssetPairs"):
        steps.do(name, partial(client.query_public, name))
    book = steps.do("Depth", lambda: client.query_public("Depth", {"pair": PAIR, "count": "5"}))
    bid = book["result"][PAIR]["bids"][0][0]
    low = f"{float(bid) * 0.8:.1f}"
    order = {"pair": PAIR, "type": "buy", "ordertype": "limit", "volume": "0.01", "price": low}
    placed = steps.do("AddOrder", lambda: private("AddOrder", **order))
    txid = placed["result"]["txid"][0]
    steps.do("validate", lambda: private("AddOrder", **order, validate="true"))
    steps.do("QueryOrders", lambda: private("QueryOrders", txid=txid))
    steps.do("OpenOrders", lambda: private("OpenOrders"))
    steps.do("AmendOrder", lambda: private("AmendOrder", txid=txid, order_qty="0.02"))
    steps.do("CancelOrder", lambda: private("CancelOrder", txid=txid))
    market = {"pair": PAIR, "type": "buy", "ordertype": "market", "volume": "0.01"}
    steps.do("market", lambda: private("AddOrder", **market))
    for name in ("Balance", "BalanceEx", "ClosedOrders", "TradesHistory", "Ledgers"):
        steps.do(name, partial(private, name))
    steps.do("TradeBalance", lambda: private("TradeBalance", asset="ZUSD"))
    steps.do("unknown", lambda: private("NoSuchMethod"))
    steps.do("as_text", lambda: json.loads(client.response.text)["error"])
    steps.end()


if __name__ == "__main__":
    main()
