"""One look of CryptoTrader at a View: what can be relied on, in whole numbers.

What is stale, empty, crossed or not a number is None here, so that no rule can act on it.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from math import isfinite
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy.bar_facts import BAR_NS, MILLI, Facts
from zoe.domain.strategy.entry_rules import Mood
from zoe.domain.strategy.exits import Sight
from zoe.domain.strategy.market import BookState, Level
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.position_size import milli
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.view import View, Want

#: Kraken's first tier, where the account's own is not known.
FIRST_TIER_MAKER_BPS: Final = Decimal(25)
FIRST_TIER_TAKER_BPS: Final = Decimal(40)
ENTRY: Final = "entry"
TARGET: Final = "exit.tp1"
MAKER: Final = "exit.maker"
PROTECT: Final = "exit.leave"
#: The stop, where the exchange holds it.
STOP: Final = "exit.stop"
SLOTS: Final = (ENTRY, STOP, TARGET, MAKER, PROTECT)
#: A want that nobody renews stands so long.
VALID_NS: Final = 10_000_000_000


@attrs.frozen(slots=False)
class Look:
    """A View as the rules read it.

    Attributes:
        facts: None where the bars have a flaw.
        bid: Best bid of others; None where the market cannot be seen.
        ask: Best ask of others; None there too, and where nobody sells.
        order_quote: What one order may be worth, in quote; None where nobody says so.
    """

    view: View
    params: Params
    facts: Facts | None
    flaw: str | None
    bid: int | None
    ask: int | None
    tick: int
    lot: int
    order_quote: Decimal | None = None

    @property
    def pair(self) -> str:
        """Its symbol."""
        return self.view.instrument.symbol

    @property
    def now_ns(self) -> int:
        """The View's time."""
        return self.view.now_ns

    @property
    def held(self) -> int:
        """What the strategy holds of the pair, in units."""
        return self.view.account.sleeve

    @property
    def owned(self) -> int:
        """What its own fills came to, also where the balance does not show it yet."""
        return max(self.held, self.view.account.owned or 0)

    @property
    def bids(self) -> Sequence[Level]:
        """Levels of a book that can be relied on."""
        book = self.view.book
        return () if self.bid is None or book is None else book.bids

    @cached_property
    def sure_ns(self) -> int:
        """A time that is certainly past: our clock's, but not after the newest bar's close.

        A clock that jumps ahead ends nothing early.
        """
        bars = self.view.closed_bars("5m")
        return min(self.now_ns, bars[-1].close_ns) if bars else self.now_ns

    @cached_property
    def late_ns(self) -> int:
        """A time that is not over yet, were our clock behind: from here pauses are counted."""
        bars = self.view.closed_bars("5m")
        return max(self.now_ns, bars[-1].close_ns + BAR_NS) if bars else self.now_ns

    @property
    def maker_fee_mbps(self) -> int:
        """The maker's fee of the pair, in thousandths of a bp; the first tier's where the account's
        is not known."""
        return _fee(self.view.account.maker_fee_bps, FIRST_TIER_MAKER_BPS)

    @property
    def taker_fee_mbps(self) -> int:
        """The taker's fee of the pair, likewise."""
        return _fee(self.view.account.taker_fee_bps, FIRST_TIER_TAKER_BPS)

    @property
    def spread_mbps(self) -> int | None:
        """The spread in thousandths of a bp of the mid, rounded up."""
        if self.bid is None or self.ask is None:
            return None
        return -(-(self.ask - self.bid) * 2 * 10_000 * MILLI // (self.ask + self.bid))

    @property
    def mood(self) -> Mood:
        """What the scout says of the whole market."""
        scouted = self.view.scouted
        if scouted is None:
            return Mood(None, None, None)
        return Mood(_milli(scouted.breadth), _milli(scouted.btc_z_1h), _milli(scouted.btc_momentum))

    @property
    def sight(self) -> Sight:
        """What a stop looks at."""
        book = self.view.book
        sequence = 0 if book is None else book.sequence
        return Sight(self.now_ns, self.bid, self.view.tape.low, sequence)

    def floor(self, quantity: int) -> int:
        """Down to whole lots."""
        return max(quantity, 0) // self.lot * self.lot

    def least(self, price: int) -> int:
        """The smallest quantity that an order at a price may have, in whole lots."""
        pair = self.view.instrument
        smallest = pair.qty_min.scaleb(pair.qty_precision)
        by_cost = pair.cost_min.scaleb(pair.price_precision + pair.qty_precision) / price
        return -(-_up(max(smallest, by_cost)) // self.lot) * self.lot

    def sellable(self, key: str) -> int:
        """What a slot may sell: the sleeve less what our other orders still may, in whole lots."""
        working = self.view.working
        others = sum(o.remaining for o in working if o.side is Side.SELL and o.key != key)
        return self.floor(self.held - others)

    def works(self, *keys: str) -> bool:
        """Whether any of these slots has an order that is not concluded."""
        return any(order.key in keys for order in self.view.working)

    @property
    def rests_stop(self) -> bool:
        """Whether the exchange holds the stop; otherwise the desk watches it alone."""
        return self.params.stops == "exchange"

    def order(self, key: str) -> WorkingOrder | None:
        """The order of a slot; None where there is none that is not concluded."""
        return next((order for order in self.view.working if order.key == key), None)

    def want(self, key: str, price: int, quantity: int, reason: str) -> Want:
        """An order of a slot; but for what protects they are post-only."""
        side = Side.BUY if key == ENTRY else Side.SELL
        until_ns = self.now_ns + VALID_NS
        post_only = key not in (PROTECT, STOP)
        return Want(key, self.pair, side, price, quantity, post_only, until_ns, reason)

    def worth(self, price: int, quantity: int) -> Decimal:
        """Price times quantity in quote."""
        return self.view.instrument.worth_of(price, quantity)


def look(
    view: View,
    params: Params,
    facts: Facts | None,
    flaw: str | None,
    order_quote: Decimal | None = None,
) -> Look:
    """A View as the rules read it."""
    pair = view.instrument
    bid, ask = _touch(view, milli(params.blind_seconds))
    tick = max(_up(pair.price_increment.scaleb(pair.price_precision)), 1)
    lot = max(_up(pair.qty_increment.scaleb(pair.qty_precision)), 1)
    return Look(view, params, facts, flaw, bid, ask, tick, lot, order_quote)


def _touch(view: View, blind_ms: int) -> tuple[int | None, int | None]:
    """Best bid and ask, as far as they can be believed."""
    book = view.book
    if book is None or book.state is not BookState.LIVE or not 0 <= book.age_ms <= blind_ms:
        return None, None
    bid = book.bids[0][0] if book.bids else 0
    ask = book.asks[0][0] if book.asks else None
    if bid <= 0 or (ask is not None and ask <= bid):
        return None, None
    return bid, ask


def known(amount: Decimal | None) -> Decimal | None:
    """An amount that can be reckoned with, None for any other."""
    return amount if amount is not None and amount.is_finite() and amount > 0 else None


def _fee(bps: Decimal | None, first_tier: Decimal) -> int:
    usable = bps is not None and bps.is_finite() and bps >= 0
    return _up((bps if bps is not None and usable else first_tier) * MILLI)


def _milli(value: float | None) -> int | None:
    return round(value * MILLI) if value is not None and isfinite(value) else None


def _up(value: Decimal) -> int:
    return -int(-value // 1)
