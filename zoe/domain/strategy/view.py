"""The port of a strategy: what it is shown, and what it may want.

``decide(state, view) -> Decision`` is pure, its parameters are part of the strategy: no clock, no
chance, no I/O. What is not in the View does not exist. A strategy says what should be true;
``desire.py`` compares that with working orders, and the Repositioner turns the difference into
orders. Prices and quantities are ints in units of 10^-precision of the instrument, distances are in
bps of fair value, names carry their units. A float may choose, never count.
"""

from decimal import Decimal
from typing import Any, Final, Protocol

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.quick import quick
from zoe.domain.risk import TradingState
from zoe.domain.strategy.market import NO_TAPE, Book, Scouted, Sibling, Tape
from zoe.domain.strategy.own import NO_ACCOUNT, Account, Budget, OwnFill, WorkingOrder

#: Why wants were dropped by whoever asked: the strategy's needs are not met yet.
WARMING = "WARMING"


@attrs.frozen(weakref_slot=False)
class Touch:
    """The best bid and ask, in units of 10^-precision of the instrument.

    Attributes:
        live: False while the book is being subscribed anew.
    """

    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int
    age_ms: int
    live: bool
    exchange_ns: int | None
    received_ns: int


@attrs.frozen
class Bar:
    """A closed bar, in the pair's units; it was known at ``close_ns`` or later."""

    close_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@attrs.frozen(weakref_slot=False)
class View:
    """All that a strategy knows of one pair when it decides.

    Whoever builds it takes delivered messages only, and no time in it is later than ``now_ns``.

    Attributes:
        cause: Id of the event that woke it; with ``now_ns`` it names the View.
        held: What the account holds, by asset; None while unknown.
        book: Up to ten levels a side without our own orders; None for a pair without a book.
        tape: What was traded since the last View of this pair.
        bars: Closed bars by the length of their interval, each oldest first.
        siblings: The same base in other quote currencies, converted to this pair's.
        fills: Own fills of this pair since the last View of it.
        working: Own orders of this strategy and pair that are not concluded.
        maintenance: Whether the exchange is in maintenance, or has announced it.
    """

    now_ns: int
    cause: int
    instrument: Instrument
    touch: Touch
    held: tuple[tuple[str, Decimal], ...] | None
    trading_state: TradingState
    book: Book | None = None
    tape: Tape = NO_TAPE
    scouted: Scouted | None = None
    bars: tuple[tuple[str, tuple[Bar, ...]], ...] = ()
    siblings: tuple[Sibling, ...] = ()
    account: Account = NO_ACCOUNT
    fills: tuple[OwnFill, ...] = ()
    working: tuple[WorkingOrder, ...] = ()
    budget: Budget | None = None
    maintenance: bool = False

    def balance(self, asset: str) -> Decimal | None:
        """What the account holds of one asset; 0 where it has none, None while unknown."""
        if self.held is None:
            return None
        return dict(self.held).get(asset, Decimal(0))

    def closed_bars(self, interval: str) -> tuple[Bar, ...]:
        """Closed bars of ``5m`` and so on, oldest first; none where none are known."""
        return next((bars for name, bars in self.bars if name == interval), ())


#: Their constructors for every quote that a strategist looks at.
quick_touch: Final = quick(Touch)
quick_view: Final = quick(View)


@attrs.frozen(weakref_slot=False)
class Want:
    """What should be true of one slot: an order at ``price`` (units) of ``quantity`` (units).

    Attributes:
        key: The slot, such as ``bid.0`` or ``exit.tp1``.
        post_only: False for a protective exit or a flatten only: it may take.
        trigger: Of a stop that shall rest at the exchange: it waits for this price (units), and has
            ``price`` as its limit. It stays when nobody renews the want, and goes when the slot is
            wanted empty.
    """

    key: str
    pair: str
    side: Side
    price: int
    quantity: int
    post_only: bool
    valid_until_ns: int
    reason: str
    trigger: int | None = None


@attrs.frozen(weakref_slot=False)
class Decision:
    """The new state, every slot that should be filled, and why it is so."""

    state: Any
    wants: tuple[Want, ...]
    reasons: tuple[str, ...]


def _sorted(bars: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(bars.items()))


@attrs.frozen
class Needs:
    """What must be known before a strategy's wants count; until then they are ``WARMING``.

    Attributes:
        bars: How many closed bars of each interval, given as ``{"5m": 300}``.
        focus_seconds: So long the pair's book has been followed without a gap.
        scouted: Whether the scout's features must be there.
    """

    bars: tuple[tuple[str, int], ...] = attrs.field(factory=dict, converter=_sorted)
    focus_seconds: int = 0
    scouted: bool = False

    def missing(self, view: View, focused_seconds: int) -> tuple[str, ...]:
        """What is not there yet, in a person's words; empty where all needs are met."""
        lacking = [
            f"{len(view.closed_bars(interval))} of {wanted} bars of {interval}"
            for interval, wanted in self.bars
            if len(view.closed_bars(interval)) < wanted
        ]
        if focused_seconds < self.focus_seconds:
            lacking.append(f"{focused_seconds} of {self.focus_seconds} s in focus")
        if self.scouted and view.scouted is None:
            lacking.append("not scouted")
        return tuple(lacking)


class Strategy(Protocol):
    """A strategy of one pair: its parameters, its first state, and the function that decides."""

    @property
    def name(self) -> str:
        """The strategy's name, as orders carry it."""

    @property
    def slots(self) -> tuple[str, ...]:
        """Every slot it may ever use."""

    @property
    def pair(self) -> str:
        """The pair whose quotes wake it."""

    def initial(self) -> Any:
        """The state before the first decision."""

    def decide(self, state: Any, view: View) -> Decision:
        """What should be true now; pure."""


class Engine(Protocol):
    """A strategy of many pairs: it is asked about one pair at a time."""

    @property
    def name(self) -> str:
        """The strategy's name, as orders carry it."""

    @property
    def slots(self) -> tuple[str, ...]:
        """Every slot that it may ever use in one pair."""

    @property
    def needs(self) -> Needs:
        """What must be known before its wants count."""

    @property
    def state_type(self) -> type[Any]:
        """The type of its states: a frozen attrs class with a field ``schema`` (see record.py)."""

    def memory(self, pair: str) -> str:
        """Pairs of one answer share one state: the pair itself, or the same for all."""

    def initial(self) -> Any:
        """The state before the first decision of a memory."""

    def decide(self, state: Any, view: View) -> Decision:
        """What should be true of the View's pair now; pure. The same View twice learns once."""
