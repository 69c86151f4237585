"""News that another source brought before the stream did: the stream was late, or never told them."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

import attrs

from zoe.domain.difference import LAG, Difference, seconds

#: What the stream has told is remembered this far back.
MOST_TOLD: Final = 20_000


class LateNews:
    """News that wait for the stream to tell them too.

    Args:
        patience_ns: How long the stream may lag behind the exchange's other answers.
    """

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._told: OrderedDict[Hashable, None] = OrderedDict()
        self._learned: dict[Hashable, tuple[int, Difference]] = {}

    def __len__(self) -> int:
        return len(self._learned)

    def knows(self, key: Hashable) -> bool:
        """Whether the stream has told it."""
        return key in self._told

    def told(self, key: Hashable, now_ns: int) -> Difference | None:
        """The stream tells it; the difference there was until now, if it was known already."""
        self._told[key] = None
        if len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        waiting = self._learned.pop(key, None)
        if waiting is None:
            return None
        learned_ns, news = waiting
        late = seconds(now_ns - learned_ns)
        return attrs.evolve(news, cause=LAG, repair=f"the stream told it {late} later")

    def learned(self, key: Hashable, news: Difference, now_ns: int) -> None:
        """Takes note of what another source than the stream has told.

        Args:
            news: What is listed if the stream never does.
        """
        if key not in self._told:
            self._learned.setdefault(key, (now_ns, news))

    def due(self, now_ns: int) -> list[Difference]:
        """What the stream has not told in its time."""
        over = [
            key for key, (at_ns, _) in self._learned.items() if now_ns - at_ns >= self._patience_ns
        ]
        return [self._learned.pop(key)[1] for key in over]
