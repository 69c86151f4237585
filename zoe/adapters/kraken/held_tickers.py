"""HeldTickers: of each pair the newest ticker, not even decoded before it is told."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from zoe.adapters.kraken import compact

#: So many are decoded and told in one go: what decides must not wait for those of the whole market.
SLICE: Final = 32

#: A frame, and our wall time of its receipt.
Ticker = tuple[bytes, int]


class HeldTickers:
    """The newest tickers of one connection's pairs.

    Attributes:
        superseded: Tickers that a newer one took the place of, unread.
    """

    def __init__(self) -> None:
        self._held: dict[bytes, Ticker] = {}
        self.superseded = 0

    def hold(self, payload: bytes, received_ns: int) -> bool:
        """Keeps a ticker in the exchange's own form; False for any other frame."""
        symbol = compact.ticker(payload)
        if symbol is None:
            return False
        held = self._held
        if symbol in held:
            self.superseded += 1
        held[symbol] = (payload, received_ns)
        return True

    def forget(self, symbol: str) -> None:
        """Drops what is held of a pair: a newer ticker of it has been read."""
        self._held.pop(symbol.encode(), None)

    def take(self) -> list[Ticker]:
        """All of them, which are held no longer."""
        held, self._held = self._held, {}
        return list(held.values())


def slices(tickers: Sequence[Ticker]) -> Iterator[tuple[Ticker, ...]]:
    """Some at a time."""
    rest = iter(tickers)
    while some := tuple(islice(rest, SLICE)):
        yield some
