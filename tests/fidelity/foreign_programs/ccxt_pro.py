"""ccxt.pro: the sockets of ccxt. Its own check of the book's checksum cannot work: it is off."""

import asyncio
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]  # lives in the foreign environment only
from steps import Steps

PAIR = "BTC/USD"
UPDATES = 20


def exchange(steps: Steps) -> "ccxt.pro.kraken":
    """The client as its user configures it; only the addresses are ours."""
    given = steps.given
    made = ccxt.pro.kraken({"apiKey": given["key"], "secret": given["secret"]})
    made.enableRateLimit = False
    made.urls["api"]["public"] = made.urls["api"]["private"] = given["rest"]
    sockets = made.urls["api"]["ws"]
    sockets["public"] = sockets["publicV2"] = given["ws"]
    sockets["private"] = sockets["privateV2"] = given["ws_auth"]
    return made


async def watch(steps: Steps, client: "ccxt.pro.kraken") -> None:
    """Everything public."""

    async def book() -> Any:
        for _ in range(UPDATES):
            found = await client.watch_order_book(PAIR, 10)
        return {"bid": found["bids"][0], "ask": found["asks"][0], "bids": len(found["bids"])}

    await steps.wait("ticker", client.watch_ticker(PAIR))
    await steps.wait("tickers", client.watch_tickers([PAIR, "ETH/USD"]))
    await steps.wait("bids_asks", client.watch_bids_asks(["SOL/USD"]))
    await steps.wait("trades", client.watch_trades(PAIR))
    await steps.wait("ohlcv", client.watch_ohlcv(PAIR, "1m"))
    await steps.wait("order_book", book(), 60)


async def trade(steps: Steps, client: "ccxt.pro.kraken") -> None:
    """Orders by socket, and what the private channels say of them."""
    await steps.wait("balance", client.watch_balance())
    orders = asyncio.ensure_future(client.watch_orders(PAIR))
    fills = asyncio.ensure_future(client.watch_my_trades(PAIR))
    # Meanwhile both subscriptions leave, on the socket that the orders take after them.
    bid = (await client.fetch_ticker(PAIR))["bid"]
    low, lower = round(bid * 0.8, 1), round(bid * 0.79, 1)
    placed = await steps.wait(
        "create", client.create_order_ws(PAIR, "limit", "buy", 0.01, low, {"postOnly": True})
    )
    await steps.wait("watched_orders", orders)
    order = placed["id"] if placed else ""
    await steps.wait("edit", client.edit_order_ws(order, PAIR, "limit", "buy", 0.02, lower))
    await steps.wait("cancel", client.cancel_order_ws(order))
    await steps.wait("market", client.create_order_ws(PAIR, "market", "buy", 0.01))
    await steps.wait("watched_fills", fills)
    several = [
        (await client.create_order_ws(PAIR, "limit", "buy", 0.01, price))["id"]
        for price in (low, lower)
    ]
    await steps.wait("cancel_several", client.cancel_orders_ws(several))
    await client.create_order_ws(PAIR, "limit", "buy", 0.01, low)
    await steps.wait("cancel_all", client.cancel_all_orders_ws())
    await steps.wait("unknown", client.cancel_order_ws("OAAAAA-AAAAA-AAAAAA"))


async def run(steps: Steps) -> None:
    """All of it."""
    client = exchange(steps)
    try:
        await client.load_markets()
        await watch(steps, client)
        await steps.wait("trading", trade(steps, client), 150)
    finally:
        await client.close()


def main() -> None:
    """Runs, and reports."""
    steps = Steps()
    asyncio.run(run(steps))
    steps.end()


if __name__ == "__main__":
    main()
