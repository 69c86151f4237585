"""A store of bars in memory, which fails as told."""

from collections.abc import Sequence

from zoe.ports.bar_store import PairBar


class MemoryBars:
    """Implements ``BarStore``."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], PairBar] = {}
        self.calls = 0
        self.error: Exception | None = None

    def keep(self, bars: Sequence[PairBar]) -> int:
        """See BarStore."""
        self.calls += 1
        if self.error is not None:
            raise self.error
        news: set[tuple[str, int]] = set()
        for one in bars:
            place = (one.pair, one.bar.begin_ns)
            known = self.kept.get(place)
            if known is None or _weight(one) > _weight(known):
                self.kept[place] = one
                news.add(place)
        return len(news)

    def whole(self, pair: str, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """See BarStore."""
        return tuple(
            begin
            for (name, begin), one in sorted(self.kept.items())
            if name == pair and begin_ns <= begin < end_ns and one.bar.whole
        )


def _weight(one: PairBar) -> tuple[bool, int]:
    return one.bar.whole, one.bar.trades
