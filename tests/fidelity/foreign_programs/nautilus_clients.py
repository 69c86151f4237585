"""nautilus_trader: its REST and socket clients for Kraken.

Its TradingNode fetches the token of the private socket from api.kraken.com whatever its configuration
says, so that only the clients that it is made of can be pointed at another exchange.
"""

import asyncio
from typing import Any

from nautilus_trader.core import (  # type: ignore[import-not-found]  # foreign environment only
    nautilus_pyo3 as nautilus,
)
from steps import Steps

PAIR = nautilus.InstrumentId.from_str("SOL/USD.KRAKEN")
ACCOUNT = nautilus.AccountId("KRAKEN-001")
GTC, BUY = nautilus.TimeInForce.GTC, nautilus.OrderSide.BUY


class Heard:
    """What a socket's client calls back with, by kind."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()

    def __call__(self, message: Any) -> None:
        name = type(message).__name__
        self.counts[name] = self.counts.get(name, 0) + 1
        self._loop.call_soon_threadsafe(self._more.set)

    async def until(self, least: int) -> dict[str, int]:
        """The counts, when there are so many of one kind."""
        while max(self.counts.values(), default=0) < least:
            await self._more.wait()
            self._more.clear()
        return self.counts


class Program:
    """The clients as their user makes them; only the addresses are ours."""

    def __init__(self, steps: Steps) -> None:
        given = self.given = steps.given
        self.steps = steps
        self.keys = {"api_key": given["key"], "api_secret": given["secret"]}
        self.rest = nautilus.KrakenSpotHttpClient(**self.keys, base_url=given["rest"])
        self.instruments: list[Any] = []
        self.orders = 0

    async def read(self) -> None:
        """Everything that changes nothing."""
        wait, rest = self.steps.wait, self.rest
        self.instruments = await wait("instruments", rest.request_instruments(), 20) or []
        for instrument in self.instruments:
            rest.cache_instrument(instrument)
        await wait("server_time", rest.get_server_time(), 60)
        await wait("book", rest.request_book_snapshot(PAIR, depth=10), 60)
        await wait("trades", rest.request_trades(PAIR), 60)
        await wait("account", rest.request_account_state(ACCOUNT), 60)
        await wait("orders_before", self.reports(), 60)

    async def reports(self) -> list[dict[str, str]]:
        """The account's orders."""
        rows = await self.rest.request_order_status_reports(ACCOUNT)
        return [
            {"id": str(row.venue_order_id), "status": str(row.order_status)}
            | {"filled": str(row.filled_qty)}
            for row in rows
        ]

    async def fills(self) -> list[dict[str, str]]:
        """The account's fills."""
        rows = await self.rest.request_fill_reports(ACCOUNT)
        return [{"id": str(row.trade_id), "order": str(row.venue_order_id)} for row in rows]

    async def listen(self) -> Any:
        """The public socket: book, best prices and trades."""
        heard = Heard()
        client = nautilus.KrakenSpotWebSocketClient(base_url=self.given["ws"])
        await client.connect(asyncio.get_running_loop(), self.instruments, heard)
        await client.wait_until_active(timeout_secs=10.0)
        await client.subscribe_book(PAIR, 10)
        await client.subscribe_quotes(PAIR)
        await client.subscribe_trades(PAIR)
        await self.steps.wait("market", heard.until(30), 90)
        await client.close()

    async def trade(self) -> None:
        """Orders by REST, and what the private socket says of them."""
        heard = Heard()
        client = nautilus.KrakenSpotWebSocketClient(
            private=True,
            base_url=self.given["ws_auth"],
            base_url_http=self.given["rest"],
            **self.keys,
        )
        await client.connect(asyncio.get_running_loop(), self.instruments, heard)
        await client.wait_until_active(timeout_secs=10.0)
        client.set_account_id(ACCOUNT)
        await self.steps.wait("authenticate", client.authenticate(), 60)
        await self.steps.wait("executions", client.subscribe_executions(), 60)
        await self._orders()
        await self.steps.wait("told", heard.until(2), 90)
        await client.close()

    async def _orders(self) -> None:
        wait = self.steps.wait
        placed = await wait("limit", self._submit("LIMIT", price="50.25", post_only=True), 60)
        qty, price = nautilus.Quantity.from_str("0.3"), nautilus.Price.from_str("49.75")
        changed = self.rest.modify_order(PAIR, venue_order_id=placed, quantity=qty, price=price)
        placed = await wait("modify", changed, 15) or placed
        await wait("open", self.reports(), 60)
        await wait("cancel", self.rest.cancel_order(ACCOUNT, PAIR, venue_order_id=placed), 60)
        await wait("market_order", self._submit("MARKET"), 60)
        await wait("ioc", self._submit("LIMIT", price="45.00", force=nautilus.TimeInForce.IOC), 60)
        await wait("left", self._submit("LIMIT", price="45.25"), 60)
        await wait("cancel_all", self.rest.cancel_all_orders(), 60)
        await wait("orders_after", self.reports(), 60)
        await wait("fills", self.fills(), 60)

    def _submit(
        self, kind: str, price: str | None = None, force: Any = GTC, post_only: bool = False
    ) -> Any:
        self.orders += 1
        return self.rest.submit_order(
            ACCOUNT,
            PAIR,
            nautilus.ClientOrderId(f"O-2026-{self.orders:03d}"),
            BUY,
            getattr(nautilus.OrderType, kind),
            nautilus.Quantity.from_str("0.2"),
            force,
            price=None if price is None else nautilus.Price.from_str(price),
            post_only=post_only,
        )


async def run(steps: Steps) -> None:
    """All of it."""
    program = Program(steps)
    await program.read()
    await steps.wait("listening", program.listen(), 240)
    await steps.wait("trading", program.trade(), 300)


def main() -> None:
    """Runs, and reports."""
    steps = Steps()
    asyncio.run(run(steps))
    steps.end()


if __name__ == "__main__":
    main()
