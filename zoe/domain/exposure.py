"""What orders may still cost, all filled and all still open (orders.md, section 8).

A reservation begins at approval and ends at a terminal state only. While an amend is on its way it
holds the larger of old and new; what is filled of an order moves to the position.
"""

from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.amend import Terms
from zoe.domain.order import Intent, Side
from zoe.domain.quantity import Price
from zoe.domain.quick import quick

BPS: Final = Decimal(10_000)
ZERO: Final = Decimal(0)


@attrs.frozen(weakref_slot=False)
class Reference:
    """The fresh quote that an intent is held against."""

    bid: Price | None
    ask: Price | None
    age_ns: int

    def opposite(self, side: Side) -> Price | None:
        """The price that an order of this side would meet."""
        return self.ask if side is Side.BUY else self.bid


@attrs.frozen(weakref_slot=False)
class Reservation:
    """What an order may still cost.

    Attributes:
        quantity: The most that may still be executed, in base.
        price: The worst of the prices that it may be executed at, as far as they are known; None
            where no quote has been seen yet.
        slot: Source and slot of a strategy's order.
        notional: Price times quantity, in the pair's quote currency; made once, since every order's
            is summed whenever one is placed.
    """

    intent_id: str
    pair: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    slot: tuple[str, str] | None = None
    notional: Decimal = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        notional = ZERO if self.price is None else self.price * self.quantity
        object.__setattr__(self, "notional", notional)

    def or_worse(self, other: "Reservation") -> "Reservation":
        """The larger of both, in quantity and in price."""
        prices = [r.price for r in (self, other) if r.price is not None]
        return attrs.evolve(
            self,
            quantity=max(self.quantity, other.quantity),
            price=max(prices, default=None),
        )


_reservation: Final = quick(Reservation)


def worst_price(
    side: Side, limit: Price | None, reference: Reference | None, reach: Decimal
) -> Decimal | None:
    """What one unit may come to at most.

    A limit holds for a buy; a sale may be better than its limit, and counts at the bid at least. An
    order without a limit counts at the far edge of the collar, whatever triggers it.

    Args:
        reach: The collar, relative to the opposite price.
    """
    if limit is not None and side is Side.BUY:
        return limit.value
    opposite = None if reference is None else reference.opposite(side)
    market = None if opposite is None else opposite.value
    if limit is None:
        return market if market is None or side is Side.SELL else market * (1 + reach)
    return limit.value if market is None else max(limit.value, market)


def _expected(trigger: Price, reference: Reference | None) -> Reference | None:
    """The quote that an order is held against which waits for a price, and may meet that one too."""
    if reference is None:
        return None
    sides = (reference.bid, reference.ask)
    bid, ask = (None if side is None else max(side, trigger) for side in sides)
    return attrs.evolve(reference, bid=bid, ask=ask)


@attrs.frozen(weakref_slot=False)
class Resting:
    """An order as far as risk must know it.

    Attributes:
        asks: Everything that it may be asking for: as intended, or as amended, and as an amend on
            its way would have it. Quantities are totals.
        filled: What of its total is executed already.
    """

    intent: Intent
    asks: tuple[Terms, ...]
    filled: Decimal = ZERO

    def or_else(self, ask: Terms) -> "Resting":
        """The same, were it to ask for that too."""
        return attrs.evolve(self, asks=(*self.asks, ask))

    def worst(self, reference: Reference | None, reach: Decimal) -> Reservation:
        """The worst of everything that it may be asking for."""
        intent, at = self.intent, reference
        if intent.trigger_price is not None:
            at = _expected(intent.trigger_price, reference)
        first, *others = self.asks
        quantity = first.quantity.value
        price = worst_price(intent.side, first.limit_price, at, reach)
        for ask in others:
            quantity = max(quantity, ask.quantity.value)
            other = worst_price(intent.side, ask.limit_price, at, reach)
            price = None if price is None or other is None else max(price, other)
        if self.filled:
            quantity = max(quantity - self.filled, ZERO)
        slot = None if intent.slot is None else (intent.source, intent.slot)
        return _reservation(intent.intent_id, intent.pair, intent.side, quantity, price, slot)


class Exposures:
    """Reservations of every order that is not concluded."""

    def __init__(self) -> None:
        self._held: dict[str, Reservation] = {}
        self._pairs: dict[str, dict[str, Reservation]] = {}
        self._slots: dict[tuple[str, str], str] = {}

    def __contains__(self, intent_id: str) -> bool:
        return intent_id in self._held

    def __len__(self) -> int:
        return len(self._held)

    def get(self, intent_id: str) -> Reservation | None:
        """What is held for an order, None where nothing is."""
        return self._held.get(intent_id)

    def reserve(self, reservation: Reservation) -> None:
        """Holds an order's worst case, in place of what was held for it before."""
        intent_id = reservation.intent_id
        self._held[intent_id] = reservation
        self._pairs.setdefault(reservation.pair, {})[intent_id] = reservation
        if reservation.slot is not None:
            self._slots[reservation.slot] = intent_id

    def release(self, intent_id: str) -> None:
        """Lets go of an order that is concluded, or was never sent."""
        held = self._held.pop(intent_id, None)
        if held is None:
            return
        del self._pairs[held.pair][intent_id]
        if held.slot is not None and self._slots.get(held.slot) == intent_id:
            del self._slots[held.slot]

    def of_pair(self, pair: str) -> tuple[Reservation, ...]:
        """What is held for one pair, oldest first."""
        return tuple(self._pairs.get(pair, {}).values())

    def pairs(self) -> tuple[str, ...]:
        """Every pair for which something is held."""
        return tuple(sorted(pair for pair, held in self._pairs.items() if held))

    def slot_holder(self, slot: tuple[str, str] | None) -> str | None:
        """The intent that has a strategy's slot."""
        return None if slot is None else self._slots.get(slot)

    def without(self, intent_id: str) -> "Exposures":
        """A copy that does not hold one order."""
        others = Exposures()
        for held in self._held.values():
            if held.intent_id != intent_id:
                others.reserve(held)
        return others

    def pair_notional(self, pair: str) -> Decimal:
        """The sum of a pair's reservations, both sides."""
        return sum([r.notional for r in self._pairs.get(pair, {}).values()], ZERO)

    def open_orders(self, pair: str) -> int:
        """How many orders of a pair are held."""
        return len(self._pairs.get(pair, ()))

    def open_quantity(self, pair: str, side: Side) -> Decimal:
        """What one side of a pair may still trade, in base."""
        held = self._pairs.get(pair, {}).values()
        return sum([r.quantity for r in held if r.side is side], ZERO)

    def asset_quantity(self, asset: str, side: Side) -> Decimal:
        """What one side of every pair of a base asset may still trade."""
        head = f"{asset}/"
        mine = (r for r in self._held.values() if r.pair.startswith(head) and r.side is side)
        return sum((r.quantity for r in mine), ZERO)
