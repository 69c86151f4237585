"""Messages between the scout, which sees every pair, and whoever looks closer."""

from typing import ClassVar

import attrs

from zoe.runtime.message import Lane, Message


@attrs.frozen
class Ranked(Message):
    """Every pair that is worth a closer look, best first.

    Attributes:
        symbols: In the order of their ranks.
        row: Journal stream and version of the ranking as written, empty before the first.
        passed: Every pair that passed the gates; of each base only the best is ranked.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    symbols: tuple[str, ...] = attrs.field(repr=lambda symbols: str(len(symbols)))
    row: str = ""
    passed: frozenset[str] = attrs.field(default=frozenset(), repr=lambda passed: str(len(passed)))


@attrs.frozen
class WatchTickers(Message):
    """Pass on every ticker of these pairs, and of no others, to the sender."""

    lane: ClassVar[Lane] = Lane.LATEST
    symbols: tuple[str, ...]
