"""python-kraken-sdk, its socket client: every channel, and orders by socket."""

import asyncio
from typing import Any

from kraken.spot import SpotWSClient  # type: ignore[import-not-found]  # foreign environment only
from steps import Steps

PAIR = "SOL/USD"


class Heard:
    """Everything that the client was told, and a way to wait for something of it."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self._more = asyncio.Event()

    async def __call__(self, message: dict[str, Any]) -> None:
        """What the client calls."""
        self.frames.append(message)
        self._more.set()

    async def first(self, since: int = 0, **wanted: Any) -> dict[str, Any]:
        """The first frame from that number on with these values."""
        while True:
            for frame in self.frames[since:]:
                if all(frame.get(name) == value for name, value in wanted.items()):
                    return frame
            self._more.clear()
            await self._more.wait()

    async def report(self, exec_type: str, since: int) -> dict[str, Any]:
        """The first report of that type from that frame on."""
        while True:
            for frame in self.frames[since:]:
                if frame.get("channel") == "executions" and frame.get("type") == "update":
                    for row in frame["data"]:
                        if row["exec_type"] == exec_type:
                            return dict(row)
            self._more.clear()
            await self._more.wait()


async def watch(steps: Steps, client: "SpotWSClient", heard: Heard) -> None:
    """The public channels."""
    wanted: dict[str, dict[str, Any]] = {
        "ticker": {"symbol": [PAIR]},
        "book": {"symbol": [PAIR], "depth": 25},
        "trade": {"symbol": [PAIR], "snapshot": True},
        "ohlc": {"symbol": [PAIR], "interval": 1},
        "instrument": {},
    }
    for channel, more in wanted.items():
        await client.subscribe(params={"channel": channel, **more})
        await steps.wait(channel, heard.first(channel=channel, type="snapshot"))
    await steps.wait("book_update", heard.first(channel="book", type="update"))
    await client.unsubscribe(params={"channel": "ticker", "symbol": [PAIR]})
    await steps.wait("unsubscribed", heard.first(method="unsubscribe", success=True))


async def trade(steps: Steps, client: "SpotWSClient", heard: Heard) -> None:
    """Orders by socket, and the reports of what becomes of them."""
    for channel in ("executions", "balances"):
        await client.subscribe(params={"channel": channel})
        await steps.wait(channel, heard.first(channel=channel, type="snapshot"))
    ticker = await heard.first(channel="ticker")
    bid = float(ticker["data"][0]["bid"])
    order = {"symbol": PAIR, "order_type": "limit", "side": "buy", "order_qty": 1.0}

    async def ask(method: str, **params: Any) -> dict[str, Any]:
        number = len(heard.frames)
        await client.send_message(message={"method": method, "params": params})
        return await heard.first(number, method=method)

    began = len(heard.frames)
    placed = await steps.wait("add", ask("add_order", **order, limit_price=round(bid * 0.8, 2)))
    txid = placed["result"]["order_id"]
    await steps.wait("new", heard.report("new", began))
    await steps.wait("amend", ask("amend_order", order_id=txid, order_qty=2.0))
    await steps.wait("amended", heard.report("amended", began))
    await steps.wait("cancel", ask("cancel_order", order_id=[txid]))
    await steps.wait("canceled", heard.report("canceled", began))
    began = len(heard.frames)
    market = {**order, "order_type": "market"}
    await steps.wait("market", ask("add_order", **market))
    await steps.wait("filled", heard.report("filled", began))
    await steps.wait("ledger", heard.first(began, channel="balances", type="update"))
    batch = [
        {
            "order_type": "limit",
            "side": "buy",
            "order_qty": 1.0,
            "limit_price": round(bid * part, 2),
        }
        for part in (0.8, 0.79)
    ]
    added = await steps.wait("batch_add", ask("batch_add", symbol=PAIR, orders=batch))
    orders = [row["order_id"] for row in added["result"]]
    await steps.wait("batch_cancel", ask("batch_cancel", orders=orders))
    await steps.wait("dead_man", ask("cancel_all_orders_after", timeout=60))
    await steps.wait("dead_man_off", ask("cancel_all_orders_after", timeout=0))
    await steps.wait("cancel_all", ask("cancel_all"))


async def run(steps: Steps) -> None:
    """All of it; the client appends the version to its addresses."""
    heard, given = Heard(), steps.given
    async with SpotWSClient(
        key=given["key"],
        secret=given["secret"],
        callback=heard,
        rest_url=given["rest"],
        ws_url=given["ws"].removesuffix("/v2"),
        auth_ws_url=given["ws_auth"].removesuffix("/v2"),
    ) as client:
        await watch(steps, client, heard)
        await steps.wait("trading", trade(steps, client, heard), 150)
        steps.do("exception_occur", lambda: client.exception_occur)


def main() -> None:
    """Runs, and reports."""
    steps = Steps()
    asyncio.run(run(steps))
    steps.end()


if __name__ == "__main__":
    main()
