"""What the desk's own fills came to, pair by pair: bought less sold, in the base asset.

Coins that were there before, deposits and other people's orders are no part of it.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.order import CONCLUDED, EXTERNAL, Fill, Intent, Order, Side
from zoe.domain.quick import quick

ZERO: Final = Decimal(0)
#: Concluded orders that are remembered, so that a late fill is counted once.
REMEMBERED: Final = 5_000


@attrs.frozen(weakref_slot=False)
class Traded:
    """What is counted of one order.

    Attributes:
        fees: Those taken in the base asset itself.
    """

    pair: str
    side: Side
    quantity: Decimal
    fees: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What it changed in the base asset."""
        return (self.quantity if self.side is Side.BUY else -self.quantity) - self.fees


quick_traded: Final = quick(Traded)
#: Of an order that is about to be placed.
_NOTHING: Final = Traded("", Side.BUY, ZERO)


class Positions:
    """The sums, and what of each recent order is in them."""

    def __init__(self) -> None:
        self._net: dict[str, Decimal] = {}
        #: The same by base asset.
        self._assets: dict[str, Decimal] = {}
        self._orders: OrderedDict[str, Traded] = OrderedDict()
        #: Orders that are not concluded: they are remembered in any case.
        self._open: set[str] = set()

    def add(self, traded: Traded, intent_id: str | None = None) -> None:
        """Counts what was traded before; None for the sum of many orders."""
        self._count(traded.pair, traded.net)
        if intent_id is not None:
            self._orders[intent_id] = traded

    def expect(self, intent: Intent) -> None:
        """An order is about to be placed: whatever it trades from here on is counted."""
        self._orders.setdefault(intent.intent_id, _NOTHING)
        self._open.add(intent.intent_id)

    def forget(self, intent_id: str) -> None:
        """Nothing more is expected of an order."""
        self._open.discard(intent_id)

    def follow(self, order: Order, fill: Fill | None = None) -> None:
        """Counts what an order has traded since it was last seen.

        Args:
            fill: What has just happened to it: all that is new of an order too old to be
                remembered.
        """
        intent = order.intent
        if intent.source == EXTERNAL:
            return
        base = intent.pair.partition("/")[0]
        fees = sum([f.fee for f in order.fills if f.fee_asset == base], ZERO)
        traded = quick_traded(intent.pair, intent.side, order.filled.value, fees)
        known = self._orders.get(intent.intent_id)
        if known is not None:
            self._count(intent.pair, traded.net - known.net)
        elif fill is not None:
            fee = fill.fee if fill.fee_asset == base else ZERO
            self._count(intent.pair, Traded(intent.pair, intent.side, fill.quantity.value, fee).net)
        else:
            self._count(intent.pair, traded.net)
        self._remember(order, traded)

    def net(self, pair: str) -> Decimal:
        """What is held of the pair's base asset for it; less than 0 where more was sold."""
        return self._net.get(pair, ZERO)

    def asset(self, asset: str) -> Decimal:
        """What is held of a base asset over all its pairs."""
        return self._assets.get(asset, ZERO)

    def pairs(self) -> tuple[str, ...]:
        """Every pair with a position."""
        return tuple(sorted(pair for pair, net in self._net.items() if net))

    def _count(self, pair: str, change: Decimal) -> None:
        if not change:
            return
        base = pair.partition("/")[0]
        self._net[pair] = self._net.get(pair, ZERO) + change
        self._assets[base] = self._assets.get(base, ZERO) + change

    def _remember(self, order: Order, traded: Traded) -> None:
        intent_id = order.intent.intent_id
        self._orders[intent_id] = traded
        self._orders.move_to_end(intent_id)
        if order.state in CONCLUDED:
            self._open.discard(intent_id)
        else:
            self._open.add(intent_id)
        if len(self._orders) > REMEMBERED + len(self._open):
            del self._orders[next(i for i in self._orders if i not in self._open)]
