"""python-kraken-sdk, its order book, which checks the checksum of every update."""

import asyncio
from typing import Any

from kraken.spot import (  # type: ignore[import-not-found]  # in the foreign environment only
    Market,
    SpotOrderBookClient,
)
from steps import Steps

PAIRS = ["BTC/USD", "DOGE/USD"]
UPDATES = 30


def book_at(given: dict[str, str]) -> type[Any]:
    """The class with our addresses: its constructor takes none, its attributes are them."""

    class Book(SpotOrderBookClient):  # type: ignore[misc]  # untyped here
        WS_URL = given["ws"].removesuffix("/v2")

    Market.URL = given["rest"]
    return Book


async def run(steps: Steps) -> None:
    """Every pair for some updates."""
    seen: dict[str, int] = dict.fromkeys(PAIRS, 0)
    wrong: list[str] = []
    enough = asyncio.Event()

    async def news(pair: str, message: dict[str, Any]) -> None:
        if "error" in message:
            wrong.append(message["error"])
        seen[pair] += message.get("type") == "update"
        if min(seen.values()) >= UPDATES:
            enough.set()

    book = book_at(steps.given)(depth=25, callback=news)
    async with book:
        await book.add_book(pairs=PAIRS)
        await steps.wait("enough", enough.wait(), 90)
        steps.do("seen", lambda: seen)
        steps.do("wrong", lambda: wrong)
        steps.do("levels", lambda: [len(book.get(pair)["bid"]) for pair in PAIRS])
        steps.do("exception_occur", lambda: book.exception_occur)


def main() -> None:
    """Runs, and reports."""
    steps = Steps()
    asyncio.run(run(steps))
    steps.end()


if __name__ == "__main__":
    main()
