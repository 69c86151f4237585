"""Somebody who trades by hand, with ccxt, on an account that a desk trades on at the same time.

``seconds`` and ``pace`` (seconds between two actions) come with the key, ``seed`` chooses. Where it
``meddles``, orders of the desk are canceled and amended now and then, too. The report: what was done, to
which order.
"""

import random
import threading
import time
from typing import Any

import ccxt  # type: ignore[import-not-found]  # lives in the foreign environment only
from ccxt_rest import exchange
from steps import Steps

#: Never set: the pace of a hand.
PAUSE = threading.Event()


class Hand:
    """One action after the other."""

    def __init__(self, client: "ccxt.kraken", chance: random.Random, *, meddles: bool) -> None:
        self._client = client
        self._chance = chance
        own = (self.market, self.market, self.rest, self.change, self.cancel)
        self._kinds = (*own, self.cancel_desks, self.amend_desks) if meddles else own
        self._resting: list[str] = []
        self._mine: set[str] = set()

    def act(self) -> dict[str, Any]:
        """Does something; what, and to which order."""
        kind = self._chance.choice(self._kinds)
        return {"what": kind.__name__, "order": kind()}

    def market(self) -> str:
        pair, amount = self._chance.choice((("ETH/USD", 0.02), ("BTC/USD", 0.0007)))
        side = self._chance.choice(("buy", "sell"))
        return self._took(self._client.create_order(pair, "market", side, amount))

    def rest(self) -> str:
        price = self._price("ETH/USD", 0.9)
        placed = self._took(self._client.create_order("ETH/USD", "limit", "buy", 0.05, price))
        self._resting.append(placed)
        return placed

    def change(self) -> str | None:
        if not self._resting:
            return None
        price = self._price("ETH/USD", 0.88)
        placed = self._resting[0]
        # The id that comes back is the amend's: the order keeps its own.
        self._client.edit_order(placed, "ETH/USD", "limit", "buy", 0.06, price)
        return placed

    def cancel(self) -> str | None:
        if not self._resting:
            return None
        placed = self._resting.pop(0)
        self._client.cancel_order(placed, "ETH/USD")
        return placed

    def cancel_desks(self) -> str | None:
        order = self._desks()
        if order is not None:
            self._client.cancel_order(order["id"], "BTC/USD")
        return None if order is None else str(order["id"])

    def amend_desks(self) -> str | None:
        order = self._desks()
        if order is None:
            return None
        amount = order["amount"] * 1.5
        self._client.edit_order(
            order["id"], "BTC/USD", "limit", order["side"], amount, order["price"]
        )
        return str(order["id"])

    def leave(self) -> None:
        """Cancels what still rests."""
        while self._resting:
            self.cancel()

    def _desks(self) -> Any:
        found = self._client.fetch_open_orders("BTC/USD")
        theirs = [order for order in found if order["id"] not in self._mine]
        return self._chance.choice(theirs) if theirs else None

    def _took(self, placed: Any) -> str:
        self._mine.add(str(placed["id"]))
        return str(placed["id"])

    def _price(self, pair: str, factor: float) -> float:
        bid = self._client.fetch_ticker(pair)["bid"]
        return float(self._client.price_to_precision(pair, bid * factor))


def main() -> None:
    """Acts until the time is over."""
    steps = Steps()
    client = exchange(steps)
    client.load_markets()
    meddles = steps.given["meddles"] == "yes"
    hand = Hand(client, random.Random(steps.given["seed"]), meddles=meddles)
    end = time.monotonic() + float(steps.given["seconds"])
    number = 0
    while time.monotonic() < end:
        number += 1
        steps.do(str(number), hand.act)
        PAUSE.wait(float(steps.given["pace"]))
    steps.do("leave", hand.leave)
    steps.end()


if __name__ == "__main__":
    main()
