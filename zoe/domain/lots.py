"""FIFO lots: what was acquired when, for how much, and what left of each lot went where.

A slice of a lot takes ``floor(basis * quantity / lot quantity)``; the slice that empties the lot
takes what is left. Nothing leaks, and no slice depends on what other slices rounded.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple, Protocol

import attrs

SALE: Final = "sale"
FEE: Final = "fee"
TRANSFER_OUT: Final = "transfer_out"
REVERSED_INCOME: Final = "reversed_income"


@attrs.define(eq=False)
class Lot:
    """What one event acquired of one asset.

    Attributes:
        lot_id: The event's key and the asset; the same on every replay.
        quantity: Units of the asset, as is ``left``.
        basis: Units of USD, as is ``basis_left``.
        fmv_assumed: The basis is the market's value, because nobody declared what was paid.
        unvalued: No mark was known; the basis is 0 and wrong until one is.
    """

    lot_id: str
    asset: str
    opened_ns: int
    quantity: int
    basis: int
    left: int
    basis_left: int
    fmv_assumed: bool = False
    unvalued: bool = False

    @property
    def flag(self) -> str:
        """What a person should know of its basis: ``fmv_assumed``, ``unvalued``, or nothing."""
        return "unvalued" if self.unvalued else "fmv_assumed" if self.fmv_assumed else ""

    def take(self, quantity: int) -> int:
        """Takes a slice of what is left; returns the basis that goes with it."""
        left, basis_left = self.left - quantity, self.basis_left
        assert quantity > 0 and left >= 0, (self.lot_id, quantity, self.left)
        basis = self.basis * quantity // self.quantity if left else basis_left
        self.left = left
        self.basis_left = basis_left - basis
        return basis


class LotUse(NamedTuple):
    """A slice of a lot that left; a tuple, because a replay makes them by the hundred thousand.

    Attributes:
        event: Key of the event that took it.
        kind: ``sale``, ``fee``, ``transfer_out`` or ``reversed_income``.
        proceeds: Units of USD; None for what left without gain (``transfer_out``).
    """

    lot: Lot
    event: str
    kind: str
    time_ns: int
    quantity: int
    basis: int
    proceeds: int | None

    @property
    def gain(self) -> int:
        """Proceeds less basis; 0 for a transfer."""
        return 0 if self.proceeds is None else self.proceeds - self.basis


#: A use of its fields, without the price of naming them.
_use: Final[Callable[[tuple[Lot, str, str, int, int, int, int | None]], LotUse]] = partial(
    tuple.__new__, LotUse
)


class Event(Protocol):
    """What takes from lots: an event with a name and a time."""

    key: str
    time_ns: int


class LotPools:
    """Every open lot, oldest first, in one pool for each asset."""

    def __init__(self) -> None:
        self._open: dict[str, deque[Lot]] = {}
        self._held: dict[str, int] = {}

    @property
    def held(self) -> dict[str, int]:
        """Units in open lots, by asset."""
        return {asset: quantity for asset, quantity in self._held.items() if quantity}

    def held_of(self, asset: str) -> int:
        """Units in the open lots of one asset."""
        return self._held.get(asset, 0)

    def lots(self, asset: str | None = None) -> list[Lot]:
        """Open lots, oldest first, by asset."""
        assets: Iterable[str] = sorted(self._open) if asset is None else (asset,)
        return [lot for name in assets for lot in self._open.get(name, ())]

    def open(self, lot: Lot) -> None:
        """Adds a lot, which is the youngest of its asset."""
        asset = lot.asset
        pool = self._open.get(asset)
        if pool is None:
            pool = self._open[asset] = deque()
        pool.append(lot)
        self._held[asset] = self._held.get(asset, 0) + lot.quantity

    def take(
        self, asset: str, quantity: int, proceeds: int | None, event: Event, kind: str
    ) -> list[LotUse]:
        """Takes from the oldest lots on; there must be enough.

        Args:
            proceeds: What all of it brought, shared by quantity; None for a transfer.
        """
        left_over = self._held.get(asset, 0) - quantity
        assert quantity > 0 and left_over >= 0, (asset, quantity)
        self._held[asset] = left_over
        pool, key, time_ns = self._open[asset], event.key, event.time_ns
        uses, still, paid = list[LotUse](), quantity, proceeds
        while still:
            lot = pool[0]
            part = min(lot.left, still)
            basis = lot.take(part)
            still -= part
            if not lot.left:
                pool.popleft()
            share = paid
            if proceeds is not None and paid is not None and still:
                share = proceeds * part // quantity
                paid -= share
            uses.append(_use((lot, key, kind, time_ns, part, basis, share)))
        return uses

    def give_back(self, uses: Iterable[LotUse]) -> None:
        """Undoes takings; the last taken comes first."""
        for use in uses:
            lot, asset = use.lot, use.lot.asset
            if not lot.left:
                self._open[asset].appendleft(lot)
            lot.left += use.quantity
            lot.basis_left += use.basis
            self._held[asset] += use.quantity

    def close(self, lot: Lot) -> None:
        """Undoes the opening of the youngest lot of its asset, of which nothing was taken."""
        youngest = self._open[lot.asset].pop()
        assert youngest is lot and lot.left == lot.quantity, lot
        self._held[lot.asset] -= lot.quantity
