"""The port of a strategy: what it is shown, and what it may want.

``decide(params, state, view) -> Decision`` is pure: what is not in the View does not exist. A
strategy says what should be true; the Repositioner turns that into orders.
"""

from decimal import Decimal
from typing import Any, Protocol

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState


@attrs.frozen
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
class View:
    """All that a strategy knows when it decides.

    Attributes:
        cause: Id of the event that woke it.
        held: What the account holds, by asset; None while unknown.
    """

    now_ns: int
    cause: int
    instrument: Instrument
    touch: Touch
    held: tuple[tuple[str, Decimal], ...] | None
    trading_state: TradingState

    def balance(self, asset: str) -> Decimal | None:
        """What the account holds of one asset; 0 where it has none, None while unknown."""
        if self.held is None:
            return None
        return dict(self.held).get(asset, Decimal(0))


@attrs.frozen
class Want:
    """What should be true of one slot: an order at ``price`` (units) of ``quantity`` (units)."""

    key: str
    pair: str
    side: Side
    price: int
    quantity: int
    post_only: bool
    valid_until_ns: int
    reason: str


@attrs.frozen
class Decision:
    """The new state, every slot that should be filled, and why it is so."""

    state: Any
    wants: tuple[Want, ...]
    reasons: tuple[str, ...]


class Strategy(Protocol):
    """A strategy: its parameters, its first state, and the function that decides."""

    @property
    def name(self) -> str:
        """As orders carry it."""

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
