"""PairCounts: what RateLimiter is to hear of the engine's counters; a part of the Gateway.

Every report of an order carries its pair's counter, and most of them say nothing: RateLimiter has
counted our own adds when it granted them, and in between the counter can only have decayed.
"""

from decimal import Decimal
from typing import Final

from zoe.messages.limits import CounterReported

#: What explains itself waits for so long: then RateLimiter, which may have been restarted, hears it.
SAME_COUNT_NS: Final = 500_000_000


class PairCounts:
    """What the exchange counts of each pair, and which of our orders it has taken, kept until
    RateLimiter is told."""

    def __init__(self) -> None:
        self._heard: dict[str, CounterReported] = {}
        self._placed: dict[str, list[str]] = {}
        #: What was told last, and when.
        self._told: dict[str, tuple[Decimal, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._heard)

    def hear(self, report: CounterReported) -> None:
        """What a report carries: the pair's last word counts."""
        self._heard[report.pair] = report

    def place(self, pair: str, ref: str) -> None:
        """An order of ours was taken; its age is told with the next count."""
        self._placed.setdefault(pair, []).append(ref)

    def due(self, now_ns: int) -> list[CounterReported]:
        """What is to be told; the rest is forgotten, or waits where ages wait with it."""
        news = []
        for pair, report in tuple(self._heard.items()):
            placed = self._placed.get(pair, [])
            if not self._explained(report, len(placed), now_ns):
                self._told[pair] = (report.value, now_ns)
                news.append(CounterReported(pair, report.value, tuple(placed)))
                self._placed.pop(pair, None)
            elif placed:
                continue
            del self._heard[pair]
        return news

    def _explained(self, report: CounterReported, adds: int, now_ns: int) -> bool:
        """Whether it is no more than what was told just before and our adds since, a point each."""
        told = self._told.get(report.pair)
        return (
            told is not None and report.value <= told[0] + adds and now_ns - told[1] < SAME_COUNT_NS
        )
