"""The trading operations, as both routes use them."""

from collections.abc import Iterable
from typing import Final

import msgspec

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

_FEWEST: Final = 2
_MOST_ADDED: Final = 15
_MOST_CANCELED: Final = 50


def is_number(text: str) -> bool:
    """Whether it can be a client's number of an order."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= len("2147483648")


class Caller(msgspec.Struct, frozen=True):
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

    def edit(self, caller: Caller, order: Order, wanted: NewOrder) -> Order | None:
        """The order in another's place, whose fills count; None where it was only to be checked.

        Raises:
            Refusal: The order stays as it was.
        """
        if not wanted.validate:
            self._limits.changed(caller.account, order, "edit")
        self._in_time(caller, wanted.deadline_ns)
        self._not_in_maintenance()
        qty = wanted.terms.qty - order.filled
        if order.triggered or qty <= 0:
            raise Refusal(errors.INVALID_ORDER)
        terms = msgspec.structs.replace(wanted.terms, qty=qty)
        if wanted.validate:
            rules.check_new(self._world, caller.account, terms, order)
            return None
        return self._engine.place(caller.account, terms, order)

    def add_all(self, caller: Caller, batch: list[NewOrder]) -> list[Order | Refusal | None]:
        """A batch; what the engine refuses of it, and None for what was only to be checked.

        Raises:
            Refusal: One is not valid, and so none is carried out.
        """
        if not _FEWEST <= len(batch) <= _MOST_ADDED:
            raise errors.invalid("orders")
        for wanted in batch:
            self._in_time(caller, wanted.deadline_ns)
            terms = wanted.terms
            rules.check_mode(
                self._world, terms.pair, limit=terms.has_limit, post_only=terms.post_only
            )
            rules.check_size(self._world, terms)
        return [self._one_of_batch(caller, wanted) for wanted in batch]

    def _one_of_batch(self, caller: Caller, wanted: NewOrder) -> Order | Refusal | None:
        try:
            return self.add(caller, wanted)
        except Refusal as refusal:
            return refusal

    def named(self, caller: Caller, names: Iterable[object]) -> list[Order]:
        """The open orders of a batch of ids or numbers; unknown ones are left out.

        Raises:
            Refusal: None is known, or they are too many.
        """
        account, found = caller.account, dict[str, Order]()
        wanted = list(names)
        if not 1 <= len(wanted) <= _MOST_CANCELED:
            raise errors.invalid("orders")
        for name in wanted:
            text = str(name)
            order = account.open.get(text) or account.by_cl_ord_id.get(same_id(text))
            orders = [] if order is None else [order]
            if order is None and is_number(text):
                orders = [one for one in account.open.values() if one.terms.userref == int(text)]
            found |= {one.order_id: one for one in orders}
        if not found:
            raise Refusal(errors.UNKNOWN_ORDER)
        return list(found.values())

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
        if self._world.status == "maintenance":
            self._world.afterwards.append(lambda: self._fire(account, due_ns))
            return
        account.dead_man_ns = 0
        self._world.journal.write(
            "dead_man", self._world.now_ns, account=account.name, trigger_ns=0
        )
        for order in list(account.open.values()):
            self._engine.end(order, "canceled", errors.REASON_DEAD_MAN)
