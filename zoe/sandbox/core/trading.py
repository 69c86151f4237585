"""The trading operations, as both routes use them."""

from collections.abc import Iterable

import attrs

from zoe.sandbox.core import errors, rules
from zoe.sandbox.core.accounts import Account, ApiKey, same_id
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.engine import Change, Engine
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.intake import NewOrder
from zoe.sandbox.core.limits import Limits
from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.core.orders import Order
from zoe.sandbox.core.world import World


@attrs.frozen
class Caller:
    """Who asks, when the request came in, and whether lateness is overlooked."""

    key: ApiKey
    account: Account
    received_ns: int
    ignore_deadline: bool = False


class Trading:
    """Adds, amends and cancels orders of an account."""

    def __init__(self, world: World, engine: Engine, limits: Limits) -> None:
        self._world = world
        self._engine = engine
        self._limits = limits

    def add(self, caller: Caller, wanted: NewOrder) -> Order | None:
        """The order, or None where it was only to be checked; see ``charge``.

        Raises:
            Refusal: It is not accepted.
        """
        self._in_time(caller, wanted.deadline_ns)
        terms = wanted.terms
        error = self._world.config.post_only_outcome == "error"
        if terms.post_only and (wanted.validate or error):
            rules.check_new(self._world, caller.account, terms)
            if self._world.books[terms.pair.symbol].crosses(terms.side, terms.price):
                raise Refusal(errors.POST_ONLY)
        if wanted.validate:
            rules.check_new(self._world, caller.account, terms)
            return None
        return self._engine.place(caller.account, terms)

    def charge(self, caller: Caller, pair: Pair, orders: int = 1) -> None:
        """Counts orders that are to be added, before anything of them is looked at.

        Raises:
            Refusal: They are too many.
        """
        self._limits.added(caller.account, pair, orders)

    def _in_time(self, caller: Caller, deadline_ns: int | None) -> None:
        late = deadline_ns is not None and self._world.now_ns > deadline_ns
        if late and not caller.ignore_deadline:
            raise Refusal(errors.DEADLINE_ELAPSED)

    def amend(self, caller: Caller, order: Order, change: Change, deadline_ns: int | None) -> str:
        """The amend's id.

        Raises:
            Refusal: The order stays as it was.
        """
        below = change.qty is not None and 0 < change.qty <= order.filled
        self._limits.changed(caller.account, order, "amend", below=below)
        self._in_time(caller, deadline_ns)
        self._not_in_maintenance()
        return self._engine.amend(order, change)

    def cancel(self, caller: Caller, orders: Iterable[Order]) -> int:
        """How many were canceled.

        Raises:
            Refusal: None of those after the one that was too much.
        """
        self._not_in_maintenance()
        wanted = list(orders)
        for order in wanted:
            self._limits.changed(caller.account, order, "cancel")
            self._engine.end(order, "canceled", errors.REASON_USER)
        return len(wanted)

    def sweep(self, caller: Caller, orders: Iterable[Order]) -> int:
        """How many were canceled, all at once and whatever the rate counters say."""
        self._not_in_maintenance()
        wanted = list(orders)
        self._limits.swept(caller.account, wanted)
        for order in wanted:
            self._engine.end(order, "canceled", errors.REASON_USER)
        return len(wanted)

    def _not_in_maintenance(self) -> None:
        if self._world.status == "maintenance":
            raise Refusal(errors.UNAVAILABLE)

    def find(self, account: Account, *, order_id: str = "", cl_ord_id: str = "") -> Order:
        """The open order of this name.

        Raises:
            Refusal: There is none.
        """
        order = account.open.get(order_id) or account.by_cl_ord_id.get(same_id(cl_ord_id))
        if order is None:
            raise Refusal(errors.UNKNOWN_ORDER)
        return order

    def with_ref(self, account: Account, userref: int) -> list[Order]:
        """Every open order with this number.

        Raises:
            Refusal: There is none.
        """
        found = [order for order in account.open.values() if order.terms.userref == userref]
        if not found:
            raise Refusal(errors.UNKNOWN_ORDER)
        return found

    def dead_man(self, account: Account, seconds: int) -> int:
        """When everything is canceled unless asked again; 0 where the switch is off."""
        at_ns = self._world.now_ns + seconds * SECOND_NS if seconds else 0
        account.dead_man_ns = at_ns
        self._world.journal.write(
            "dead_man", self._world.now_ns, account=account.name, trigger_ns=at_ns
        )
        self.arm(account)
        return at_ns

    def arm(self, account: Account) -> None:
        """Sets the timer of the account's dead man's switch."""
        due_ns = account.dead_man_ns
        if due_ns:
            self._world.timers.at(due_ns, lambda: self._fire(account, due_ns))

    def _fire(self, account: Account, due_ns: int) -> None:
        if account.dead_man_ns != due_ns:
            return
        account.dead_man_ns = 0
        self._world.journal.write(
            "dead_man", self._world.now_ns, account=account.name, trigger_ns=0
        )
        for order in list(account.open.values()):
            self._engine.end(order, "canceled", errors.REASON_DEAD_MAN)
