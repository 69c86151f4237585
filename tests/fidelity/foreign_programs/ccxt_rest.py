"""ccxt, its REST client: everything that a trading program asks of it."""

import time
from typing import Any

import ccxt  # type: ignore[import-not-found]  # lives in the foreign environment only
from steps import Steps

PAIR = "ETH/USD"
DEPTH = 10
#: How long a side of the book may be short of levels, after an order has taken some.
PATIENCE_S = 60.0


def exchange(steps: Steps) -> "ccxt.kraken":
    """The client as its user configures it; only the address is ours."""
    made = ccxt.kraken({"apiKey": steps.given["key"], "secret": steps.given["secret"]})
    made.enableRateLimit = False
    made.urls["api"]["public"] = made.urls["api"]["private"] = steps.given["rest"]
    return made


def full_book(client: "ccxt.kraken") -> Any:
    """The book as soon as no side of it is short of levels."""
    until = time.monotonic() + PATIENCE_S
    while True:
        book = client.fetch_order_book(PAIR, DEPTH)
        if len(book["bids"]) == len(book["asks"]) == DEPTH or time.monotonic() > until:
            return book


def look(steps: Steps, client: "ccxt.kraken") -> None:
    """Everything public."""
    steps.do("markets", lambda: sorted(client.load_markets()))
    steps.do("market", lambda: client.market(PAIR))
    steps.do("time", client.fetch_time)
    steps.do("status", client.fetch_status)
    steps.do("currencies", lambda: sorted(client.fetch_currencies()))
    steps.do("ticker", lambda: client.fetch_ticker(PAIR))
    steps.do("tickers", lambda: sorted(client.fetch_tickers()))
    steps.do("order_book", lambda: full_book(client))
    steps.do("ohlcv", lambda: client.fetch_ohlcv(PAIR, "1m"))
    steps.do("trades", lambda: client.fetch_trades(PAIR))


def trade(steps: Steps, client: "ccxt.kraken") -> None:
    """Orders of every kind, and what becomes of them."""
    mid = float(client.fetch_ticker(PAIR)["bid"])
    low = float(client.price_to_precision(PAIR, mid * 0.8))
    lower = float(client.price_to_precision(PAIR, mid * 0.79))
    high = float(client.price_to_precision(PAIR, mid * 1.2))

    def limit(price: float, **params: object) -> str:
        placed = client.create_order(PAIR, "limit", "buy", 0.01, price, dict(params))
        return str(placed["id"])

    steps.do("market_buy", lambda: client.create_order(PAIR, "market", "buy", 0.05))
    steps.do("market_sell", lambda: client.create_order(PAIR, "market", "sell", 0.02))
    steps.do("market_cost", lambda: client.create_market_buy_order_with_cost(PAIR, 50))
    order = steps.do("post_only", lambda: limit(low, postOnly=True, clientOrderId="0" * 31 + "a"))
    steps.do("ioc", lambda: limit(low, timeInForce="IOC"))
    steps.do("fok", lambda: limit(high, timeInForce="FOK"))
    steps.do("crossing_post_only", lambda: limit(high, postOnly=True))
    steps.do("too_much", lambda: client.create_order(PAIR, "limit", "buy", 1e6, low))
    steps.do("too_little", lambda: client.create_order(PAIR, "limit", "buy", 1e-6, low))
    stop = {"stopLossPrice": low}
    take = {"takeProfitPrice": high}
    steps.do("stop_loss", lambda: client.create_order(PAIR, "market", "sell", 0.01, None, stop))
    steps.do("stop_limit", lambda: client.create_order(PAIR, "limit", "sell", 0.01, lower, stop))
    steps.do("take_profit", lambda: client.create_order(PAIR, "market", "sell", 0.01, None, take))
    steps.do("take_limit", lambda: client.create_order(PAIR, "limit", "sell", 0.01, high, take))
    steps.do("order", lambda: client.fetch_order(order, PAIR))
    steps.do("edit", lambda: client.edit_order(order, PAIR, "limit", "buy", 0.02, lower))
    steps.do("edited", lambda: client.fetch_order(order, PAIR))
    steps.do("open_orders", lambda: client.fetch_open_orders(PAIR))
    steps.do("cancel", lambda: client.cancel_order(order, PAIR))
    steps.do("cancel_again", lambda: client.cancel_order(order, PAIR))
    cancel_many(steps, client, low, lower)


def cancel_many(steps: Steps, client: "ccxt.kraken", low: float, lower: float) -> None:
    """Several at once."""
    wanted = [
        {"symbol": PAIR, "type": "limit", "side": "buy", "amount": 0.01, "price": price}
        for price in (low, lower)
    ]
    batch = steps.do("create_orders", lambda: [o["id"] for o in client.create_orders(wanted)])
    steps.do("cancel_orders", lambda: client.cancel_orders(batch, PAIR))
    for name in ("left_1", "left_2"):
        steps.do(name, lambda: client.create_order(PAIR, "limit", "buy", 0.01, low)["id"])
    steps.do("cancel_all", client.cancel_all_orders)
    steps.do("after_cancel_all", lambda: len(client.fetch_open_orders()))
    steps.do("dead_man", lambda: client.cancel_all_orders_after(60_000))
    steps.do("dead_man_off", lambda: client.cancel_all_orders_after(0))


def account(steps: Steps, client: "ccxt.kraken") -> None:
    """The books of the account."""
    steps.do("balance", client.fetch_balance)
    steps.do("closed_orders", lambda: client.fetch_closed_orders(PAIR))
    mine = steps.do("my_trades", lambda: client.fetch_my_trades(PAIR))
    ledger = steps.do("ledger", lambda: client.fetch_ledger())
    steps.do("ledger_entry", lambda: client.fetch_ledger_entry(ledger[0]["id"]))
    wanted = {"trades": [trade["id"] for trade in mine]}
    steps.do(
        "order_trades",
        lambda: client.fetch_order_trades(mine[0]["order"], PAIR, None, None, wanted),
    )
    steps.do("trading_fee", lambda: client.fetch_trading_fee(PAIR))
    steps.do("deposits", lambda: client.fetch_deposits("USD"))
    steps.do("withdrawals", lambda: client.fetch_withdrawals("USD"))


def main() -> None:
    """All of it, with the time it took."""
    steps = Steps()
    client = exchange(steps)
    began = time.monotonic()
    look(steps, client)
    steps.do("trading", lambda: trade(steps, client))
    account(steps, client)
    steps.do("seconds", lambda: time.monotonic() - began)
    steps.end()


if __name__ == "__main__":
    main()
