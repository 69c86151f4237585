"""The store of bars: one-minute bars of pairs in, durably; what is missing out."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import attrs

from zoe.domain.bars import Bar

#: What was made of trades that the desk heard.
TRADES: Final = "trades"
#: What the exchange's candles said.
REST: Final = "rest"


@attrs.frozen
class PairBar:
    """One pair's bar, and where it is from.

    Attributes:
        source: ``TRADES`` or ``REST``.
    """

    pair: str
    bar: Bar
    source: str


@runtime_checkable
class BarStore(Protocol):
    """The bars of one market; used from one thread at a time."""

    def keep(self, bars: Sequence[PairBar]) -> int:
        """Makes them durable; returns how many were news.

        Of one minute the whole bar counts more than one that is not, then the one of more trades.

        Raises:
            StoreError: It is not done, or nobody knows: it may be tried again.
        """

    def whole(self, pair: str, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """Where the whole bars from ``begin_ns`` until ``end_ns``, exclusive, begin.

        Raises:
            StoreError: The store cannot be reached.
        """
