"""What a View shows of the market: book, tape, siblings and the scout's features.

Prices and quantities are ints in the pair's units; ages are at the View's time.
"""

import enum
from typing import Final

import attrs

from zoe.domain.order import Side

#: Price and quantity.
Level = tuple[int, int]


class BookState(enum.Enum):
    """Whether a book can be relied on."""

    LIVE = "live"
    STALE = "stale"
    RESYNCING = "resyncing"


@attrs.frozen(weakref_slot=False)
class Book:
    """The best levels of each side, best first, without our own orders.

    Attributes:
        age_ms: Since it was last known to stand so (a quiet pair's book is confirmed too).
        sequence: Names the version of the book in the journal.
    """

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    state: BookState = BookState.LIVE
    age_ms: int = 0
    sequence: int = 0


@attrs.frozen
class Sweep:
    """Trades of one taker order or burst: the farthest price that was reached.

    Attributes:
        side: The taker's: a BUY reached up into the asks.
    """

    side: Side
    price: int
    quantity: int
    at_ns: int


@attrs.frozen(weakref_slot=False)
class Tape:
    """What was traded since the last View of the pair.

    Attributes:
        signed_quantity: Bought by takers less sold by takers.
        low: Of the prints; None where there were none.
        volume_5m: Traded in the last five minutes, in base units; 0 where nothing was, or nobody knows.
    """

    signed_quantity: int = 0
    prints: int = 0
    low: int | None = None
    high: int | None = None
    sweeps: tuple[Sweep, ...] = ()
    volume_5m: int = 0


NO_TAPE: Final = Tape()


@attrs.frozen(weakref_slot=False)
class Sibling:
    """The same base in another quote currency, converted by that currency's own price.

    Attributes:
        fair: In the fine units of ``fair_value.FINE`` of *this* pair (``fair_value.converted``).
        half_spread_bps: Of the sibling and of the conversion, together.
        sigma_bps: Volatility in bps/√s; None where nobody measures it: the pair's own stands in.
        age_ms: Of the older of the two.
    """

    symbol: str
    fair: int
    half_spread_bps: float
    sigma_bps: float | None
    age_ms: int


@attrs.frozen
class Scouted:
    """The scout's features of the pair, and what it says of the whole market.

    Attributes:
        r_bps: Return by horizon (``5m``, ``15m``, ``1h``, ``4h``, ...), in bps.
        sigma_bps: Volatility by horizon, in bps/√s.
        z: By horizon: the return over its usual size, sigma times the root of the horizon.
        below_high_bps: Distance to the high of 24 h.
        score: Of the ranking, 0 to 1; rank 1 is the best, 0 for a pair that no gate let through.
        gates: Gates that stopped it.
        breadth: Share of pairs above their mean of 4 h.
        btc_z_1h: z of BTC/USD over one hour.
        btc_momentum: M of BTC/USD.
    """

    spread_bps: float
    age_ms: int
    turnover_usd: float | None
    known_days: float
    r_bps: tuple[tuple[str, float], ...] = ()
    sigma_bps: tuple[tuple[str, float], ...] = ()
    z: tuple[tuple[str, float], ...] = ()
    below_high_bps: float | None = None
    rank: int = 0
    score: float = 0.0
    gates: tuple[str, ...] = ()
    breadth: float | None = None
    btc_z_1h: float | None = None
    btc_momentum: float | None = None


def without_own(levels: tuple[Level, ...], own: tuple[Level, ...]) -> tuple[Level, ...]:
    """Levels of one side less what our own orders are of them; levels that were ours alone go."""
    if not own:
        return levels
    ours: dict[int, int] = {}
    for price, quantity in own:
        ours[price] = ours.get(price, 0) + quantity
    return tuple(
        (price, left) for price, quantity in levels if (left := quantity - ours.get(price, 0)) > 0
    )
