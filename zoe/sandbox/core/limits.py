"""Both rate limiters: calls of a key, and an account's transactions by pair (facts, 3.1, 3.2)."""

from typing import Final

import attrs

from zoe.sandbox.core import errors
from zoe.sandbox.core.accounts import Account, ApiKey
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.core.money import number
from zoe.sandbox.core.orders import Order
from zoe.sandbox.core.world import World

#: Counters are whole numbers: a hundredth of a point a second is 1 a nanosecond.
POINT: Final = 100 * SECOND_NS
_HUNDREDTH: Final = POINT // 100


@attrs.frozen
class Tier:
    """What a tier may; decays in hundredths of a point a second."""

    rest_most: int
    rest_decay: int
    engine_most: int
    engine_decay: int
    open_orders: int


TIERS: Final = {
    "starter": Tier(15, 33, 60, 100, 60),
    "intermediate": Tier(20, 50, 125, 234, 80),
    "pro": Tier(20, 100, 180, 375, 225),
}
#: Calls that the engine's counter is for.
_FREE_CALLS: Final = frozenset(
    {"AddOrder", "AddOrderBatch", "AmendOrder", "EditOrder", "CancelOrder", "CancelOrderBatch"}
    | {"CancelAll", "CancelAllOrdersAfter"}
)
_HISTORY_CALLS: Final = frozenset({"Ledgers", "QueryLedgers", "TradesHistory"})
#: Points by an order's age in seconds since it was made or last amended: below each limit.
_AGES: Final = (5, 10, 15, 45, 90, 300)
_BY_AGE: Final = {
    "amend": (3, 2, 1, 0, 0, 0, 0),
    "edit": (6, 5, 4, 2, 1, 0, 0),
    "cancel": (8, 6, 5, 4, 2, 1, 0),
}
_FIXED: Final = {"amend": POINT, "edit": POINT, "cancel": 0}


class Limits:
    """Counts, and refuses what would be too much."""

    def __init__(self, world: World) -> None:
        self._world = world

    def called(self, key: ApiKey, account: Account, name: str) -> None:
        """A private REST call.

        Raises:
            Refusal: The key's counter is full; it stays so while calls go on.
        """
        if name in _FREE_CALLS or account.limits != "both":
            return
        tier, points = TIERS[account.tier], 1
        if name in _HISTORY_CALLS:
            points = self._world.config.history_cost
        most = tier.rest_most * POINT
        level = key.calls.at(self._world.now_ns, tier.rest_decay) + points * POINT
        key.calls.level = min(level, most)
        if level > most:
            raise Refusal(errors.CALLS_LIMIT)

    def added(self, account: Account, pair: Pair, orders: int = 1) -> None:
        """An order to be added, or some as a batch, whatever becomes of them.

        Raises:
            Refusal: The pair's counter is full.
        """
        self._count(account, pair, POINT if orders == 1 else orders * POINT // 2)

    def changed(self, account: Account, order: Order, how: str, *, below: bool = False) -> None:
        """An ``amend``, ``edit`` or ``cancel`` of an order, dearer the younger it is.

        Args:
            below: An amend below what is filled pays for the cancel too.

        Raises:
            Refusal: The pair's counter is full.
        """
        points = self._aged(order, how) + (self._aged(order, "cancel") if below else 0)
        self._count(account, order.terms.pair, _FIXED[how] + points)

    def swept(self, account: Account, orders: list[Order]) -> None:
        """A batch of cancels, which is carried out however full the counters are."""
        for order in orders:
            if account.limits != "none":
                counter = self._level(account, order.terms.pair)
                account.counters[order.terms.pair.symbol].level = counter + self._aged(
                    order, "cancel"
                )

    def _aged(self, order: Order, how: str) -> int:
        age = (self._world.now_ns - order.changed_ns) // SECOND_NS
        column = sum(age >= limit for limit in _AGES)
        return _BY_AGE[how][column] * POINT

    def _level(self, account: Account, pair: Pair) -> int:
        decay = TIERS[account.tier].engine_decay
        return account.counters[pair.symbol].at(self._world.now_ns, decay)

    def _count(self, account: Account, pair: Pair, points: int) -> None:
        if account.limits == "none":
            return
        level = self._level(account, pair) + points
        if level > TIERS[account.tier].engine_most * POINT:
            raise Refusal(errors.RATE_LIMIT)
        account.counters[pair.symbol].level = level

    def shown(self, account: Account, pair: Pair) -> object:
        """The pair's counter, as the executions channel prints it; a part of a hundredth up."""
        decay = TIERS[account.tier].engine_decay
        level = account.counters[pair.symbol].at(self._world.now_ns, decay)
        return number(-(-level // _HUNDREDTH), 2)
