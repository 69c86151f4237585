"""Messages between a strategist of many pairs and whoever has what it looks at."""

from typing import Any, ClassVar

import attrs

from zoe.domain.scan import Seen
from zoe.messages.market import CandleSeen
from zoe.runtime.address import Address
from zoe.runtime.message import Lane, Message


@attrs.frozen
class FocusWanted(Message):
    """Follow these pairs' books, and tell the sender their quotes and trades; may be repeated,
    since a restart forgets it. The newest list replaces the sender's one before."""

    symbols: tuple[str, ...]


@attrs.frozen
class BarsWanted(Message):
    """Tell the sender the closed bars of these pairs, and each that closes; may be repeated."""

    symbols: tuple[str, ...]


@attrs.frozen
class BarsClosed(Message):
    """Closed bars of one pair, oldest first; some may have been told before."""

    traced: ClassVar[bool] = False
    symbol: str
    bars: tuple[CandleSeen, ...] = attrs.field(repr=lambda bars: str(len(bars)))


@attrs.frozen
class SamplesWanted(Message):
    """Tell the sender the tickers of all pairs at each sample; may be repeated."""


@attrs.frozen
class TickersSampled(Message):
    """The newest ticker of every pair, at one moment of the scout's grid."""

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    tickers: tuple[Seen, ...] = attrs.field(repr=lambda tickers: str(len(tickers)))

    @property
    def key(self) -> str:
        """One grid: a newer message replaces an older one."""
        return "tickers"


@attrs.frozen
class SetStrategyMode(Message):
    """Change a strategy's mode, durably; ``reply_to`` hears ``StrategyReported``."""

    ref: int
    mode: str
    why: str
    reply_to: Address


@attrs.frozen
class ReportStrategy(Message):
    """Tell the sender how a strategy is.

    Attributes:
        details: With every pair, or in one line's worth.
    """

    ref: int
    details: bool = False


@attrs.frozen
class StrategyReported(Message):
    """How a strategy is: shown and not calculated with.

    Attributes:
        refusal: Why what was asked was not done; empty where it was.
    """

    ref: int
    name: str
    report: dict[str, Any] = attrs.field(repr=False)
    refusal: str = ""
