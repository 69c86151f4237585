"""Closed bars in one of five moods, for the market round CryptoTrader."""

from functools import lru_cache
from typing import Final

from zoe.domain.strategy.bar_facts import BAR_NS
from zoe.domain.strategy.view import Bar

START_NS: Final = 288_000 * BAR_NS
PRICE: Final = 1_000_000
BARS: Final = 289
#: Moods of the newest bars.
QUIET, BREAKOUT, REVERTING, GONE = "quiet", "breakout", "reverting", "gone"
#: A breakout of a pair that moves too little to pay for a round trip.
CALM: Final = "calm"


@lru_cache(maxsize=1_024)
def bars(kind: str, close_ns: int, price: int = PRICE) -> tuple[Bar, ...]:
    """Closed bars in one of five moods; the newest closes at about ``price``."""
    shape = _shape(kind)
    return tuple(
        [
            Bar(
                close_ns - n * BAR_NS,
                price * prices[0] // 10_000,
                price * prices[1] // 10_000,
                price * prices[2] // 10_000,
                price * prices[3] // 10_000,
                volume,
            )
            for n, prices, volume in shape
        ]
    )


@lru_cache(maxsize=5)
def _shape(kind: str) -> tuple[tuple[int, tuple[int, int, int, int], int], ...]:
    """Age in bars, prices in bps of the newest close, and volume; oldest first."""
    back = [
        10_000 + _drift(kind, n) + (n * 7_919 % 41 - 20) * _noise(kind) // 10
        for n in range(BARS + 1)
    ]
    if kind == REVERTING:
        back[1] = back[0] - 4
    found = []
    for n in reversed(range(BARS)):
        before, close = back[n + 1], back[n]
        prices = (before, max(before, close) + 1, min(before, close) - 2, close)
        found.append((n, prices, 20_000 + n * 31 % 1_000 if n else 90_000))
    return tuple(found)


def _drift(kind: str, n: int) -> int:
    """How far the price of ``n`` bars ago was from that of now, in bps."""
    if kind == BREAKOUT:
        return -min(n, 48) * 6 - (60 if n else 0)
    if kind == CALM:
        return -min(n, 48) * 2 - (20 if n else 0)
    return {QUIET: 0, REVERTING: min(n, 40) * 12, GONE: min(n, 30) * 14}[kind]


def _noise(kind: str) -> int:
    return {REVERTING: 20, CALM: 3}.get(kind, 10)
