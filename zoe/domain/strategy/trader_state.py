"""What CryptoTrader remembers: its trades, the signals it has opened, stops and cooldowns, as data.

Written with each decision that changes it and read back at the next start (``record.py``: a state of
another schema is migrated or refused, never guessed). Whatever happens, it stays small.
"""

from decimal import Decimal
from typing import Final

import attrs

SCHEMA: Final = 1
DAY_NS: Final = 86_400_000_000_000
#: Signals that are remembered one by one.
MOST_OPENED: Final = 100
MOMENTUM: Final = "momentum"
REVERSION: Final = "reversion"
#: A position that no remembered signal explains: it is protected like any other.
ADOPTED: Final = "adopted"


@attrs.frozen
class Leave:
    """A decided exit.

    Attributes:
        reason: ``STOP``, ``TRAIL``, ``TIME`` or ``SIGNAL_GONE``.
        since_ns: When it was decided.
        price: Of the protective order that is out, in units; None while none has been.
        until_ns: When that order leaves the book; 0 while none has been.
    """

    reason: str
    since_ns: int
    price: int | None = None
    until_ns: int = 0


@attrs.frozen
class Trade:
    """One pair from its signal to the last coin sold. Prices in the pair's units.

    Attributes:
        rule: ``momentum``, ``reversion`` or ``adopted``.
        signal_ns: Close of the bar that gave the signal; with pair and rule its id.
        planned: Quantity that the entry is for, in units.
        reference: Best bid when the signal opened: what the chase is counted from.
        price: The highest price at which the entry's order was wanted.
        distance_mbps: From there down to the stop.
        until_ns: When the entry gives up.
        stop: Never moves down.
        committed_usd: What the position may come to, for the limits.
        before: What the sleeve held when the signal opened: less than can be sold.
        opened_ns: When a coin of it was first seen; 0 before.
        most: The most that was owned while the entry went on: less means that some was sold.
        size: Quantity that was bought, known when the entry has ended; 0 before.
        entry: Average price paid, its fee included, rounded up; 0 while the entry goes on.
        tranche: What the take-profit sells; 0 before it is known.
        halved: Whether that is done.
        high: Highest high of closed bars since it was opened.
        under_ns: When the bid was first seen at or under the stop; 0 where the newest was over it.
        under_sequence: Of the book in which it was.
        blind: Whether the market could not be seen since the last live quote.
        taking: Whether a watched take-profit has been reached: coins have gone by other ways than
            the stop that rests.
        bare_ns: Since when no stop is seen at rest that should be; 0 while one is.
        returns: Log returns of 15 minutes in 1e-3 bps, oldest first.
        returns_end_ns: Close of the last of them.
    """

    pair: str
    rule: str
    signal_ns: int
    planned: int
    reference: int
    price: int
    until_ns: int
    stop: int
    distance_mbps: int
    committed_usd: Decimal
    before: int = 0
    opened_ns: int = 0
    most: int = 0
    size: int = 0
    entry: int = 0
    tranche: int = 0
    halved: bool = False
    high: int = 0
    under_ns: int = 0
    under_sequence: int = 0
    blind: bool = False
    taking: bool = False
    bare_ns: int = 0
    leave: Leave | None = None
    returns: tuple[int, ...] = ()
    returns_end_ns: int = 0

    @property
    def base(self) -> str:
        """What is held: one asset in one pair at a time."""
        return self.pair.partition("/")[0]

    def given_up(self, at_ns: int) -> "Trade":
        """This trade with its entry over by then."""
        return self if self.until_ns <= at_ns else attrs.evolve(self, until_ns=at_ns)


@attrs.frozen
class Opened:
    """The newest signal of a pair and rule that has been opened: none up to it opens again."""

    pair: str
    rule: str
    signal_ns: int


@attrs.frozen
class Pause:
    """No entry in a pair before ``until_ns``."""

    pair: str
    until_ns: int


@attrs.frozen
class Stopped:
    """A stop that was hit."""

    pair: str
    at_ns: int


@attrs.frozen
class State:
    """What CryptoTrader remembers, of all pairs; tuples are sorted by pair.

    Attributes:
        opened: The newest signals; of those that are not there any more ``opened_floor_ns`` is the
            last, and none up to it opens.
    """

    schema: int = SCHEMA
    trades: tuple[Trade, ...] = ()
    opened: tuple[Opened, ...] = ()
    pauses: tuple[Pause, ...] = ()
    opened_floor_ns: int = 0
    stopped: tuple[Stopped, ...] = ()

    def trade(self, pair: str) -> Trade | None:
        """The trade in a pair, None where there is none."""
        for each in self.trades:
            if each.pair == pair:
                return each
        return None

    def with_trade(self, trade: Trade) -> "State":
        """This state with a pair's trade put in the place of what was there."""
        if self.trade(trade.pair) is trade:
            return self
        others = [each for each in self.trades if each.pair != trade.pair]
        return attrs.evolve(self, trades=tuple(sorted([*others, trade], key=lambda t: t.pair)))

    def without_trade(self, pair: str) -> "State":
        """This state with a pair's trade over."""
        return attrs.evolve(self, trades=tuple(t for t in self.trades if t.pair != pair))

    def was_opened(self, pair: str, rule: str, signal_ns: int) -> bool:
        """Whether a signal, or a later one of the same pair and rule, has been opened."""
        if signal_ns <= self.opened_floor_ns:
            return True
        return any(
            each.pair == pair and each.rule == rule and each.signal_ns >= signal_ns
            for each in self.opened
        )

    def with_opened(self, pair: str, rule: str, signal_ns: int) -> "State":
        """This state with a signal used up."""
        others = [each for each in self.opened if (each.pair, each.rule) != (pair, rule)]
        newest = sorted([*others, Opened(pair, rule, signal_ns)], key=lambda each: each.signal_ns)
        dropped, kept = newest[:-MOST_OPENED], newest[-MOST_OPENED:]
        floor_ns = max([self.opened_floor_ns, *(each.signal_ns for each in dropped)])
        opened = tuple(sorted(kept, key=lambda each: (each.pair, each.rule)))
        return attrs.evolve(self, opened=opened, opened_floor_ns=floor_ns)

    def paused_until(self, pair: str) -> int:
        """When the pair may be entered again; 0 where nothing forbids it."""
        return max((each.until_ns for each in self.pauses if each.pair == pair), default=0)

    def with_pause(self, pair: str, until_ns: int, sure_ns: int) -> "State":
        """This state with no entry in the pair before a time; pauses over by ``sure_ns`` go."""
        others = [p for p in self.pauses if p.pair != pair and p.until_ns > sure_ns]
        longest = Pause(pair, max(until_ns, self.paused_until(pair)))
        return attrs.evolve(self, pauses=tuple(sorted([*others, longest], key=lambda p: p.pair)))

    def with_stopped(self, pair: str, at_ns: int) -> "State":
        """This state with one more stop that was hit; those of more than two days ago go."""
        recent = [each for each in self.stopped if each.at_ns > at_ns - 2 * DAY_NS]
        return attrs.evolve(self, stopped=(*recent, Stopped(pair, at_ns)))
