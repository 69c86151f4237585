"""Messages about orders: wishes down, facts up, news to whoever must know."""

from typing import ClassVar, Final

import attrs

from zoe.domain.amend import Terms
from zoe.domain.order import Fact, Intent, Order
from zoe.domain.quick import quick
from zoe.domain.repeg import Target
from zoe.runtime.address import Address
from zoe.runtime.message import Lane, Message


@attrs.frozen(weakref_slot=False)
class SetTarget(Message):
    """What a strategy wants in one of its slots; None takes the want back."""

    lane: ClassVar[Lane] = Lane.LATEST
    source: str
    slot: str
    target: Target | None

    @property
    def key(self) -> tuple[str, str]:
        """One slot of one strategy."""
        return self.source, self.slot


@attrs.frozen
class RenewTargets(Message):
    """What a strategy has told that it wants holds for longer."""

    targets: tuple[Target, ...]


@attrs.frozen(weakref_slot=False)
class PlaceOrder(Message):
    """A wish to trade, to be judged by risk; ``reply_to`` hears what becomes of it.

    Attributes:
        has_room: Whether whoever wishes knows that the pair's counter has room for it.
    """

    intent: Intent
    reply_to: Address
    has_room: bool = False


@attrs.frozen
class OrderDenied(Message):
    """Risk refused an intent: nothing was sent, nothing will be."""

    intent: Intent
    code: str
    values: tuple[tuple[str, str], ...] = ()


@attrs.frozen(weakref_slot=False)
class SubmitOrder(Message):
    """An intent that risk approved, with its verdict as it will be journalled.

    Attributes:
        begun: The order as its first row has it, where that is on its way to be durable already.
    """

    intent: Intent
    verdict: str
    reply_to: Address
    begun: Order | None = None


@attrs.frozen
class AmendOrder(Message):
    """A wish to change a working order, to be judged by risk; ``reply_to`` hears OrderChanged, or
    AmendDenied where nothing is sent.

    Attributes:
        intent: What the order was placed for.
        terms: Total quantity and limit price as they shall be.
        why: For the journal: the reason, with figures.
        decision: Journal stream and version of what it follows from.
    """

    intent: Intent
    terms: Terms
    why: str
    decision: str | None
    reply_to: Address


@attrs.frozen
class SubmitAmend(Message):
    """A wish to amend that risk approved, with its verdict as it will be journalled."""

    wish: AmendOrder
    verdict: str


@attrs.frozen
class AmendDenied(Message):
    """An amend was not sent, and will not be: risk refused it, or the order's state does."""

    intent_id: str
    terms: Terms
    code: str
    values: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class CancelOrder(Message):
    """Cancel one order, named by any of its ids; repeated until it is terminal."""

    order: str
    why: str


@attrs.frozen
class CancelWithoutStore(Message):
    """Cancel the order of the actor that receives it, noted in the emergency file instead of the
    journal; repeated until it is gone or the store is back."""

    why: str


@attrs.frozen
class CancelOwnOrders(Message):
    """Cancel every working order of this desk.

    Attributes:
        stops: Whether stops that a strategy lets rest go too; they guard what is held.
    """

    why: str
    stops: bool = True


@attrs.frozen
class FollowOrder(Message):
    """Tell the sender an order as it is, if it is live, and each durable change from here on."""

    intent_id: str


@attrs.frozen
class OrderFact(Message):
    """A fact about the order of the actor that receives it."""

    fact: Fact


@attrs.frozen(weakref_slot=False)
class OrderChanged(Message):
    """An order after a durable change.

    Attributes:
        fact: What changed it, None for its beginning, a cancel request or a report on request. An
            end that comes with its last fill, and a life that comes with its acknowledgement, are
            one change with these: of the two facts it is the first.
    """

    order: Order
    fact: Fact | None = None


#: Constructors for where they are made by the thousand, or on an order's way.
quick_changed: Final = quick(OrderChanged)
quick_target_set: Final = quick(SetTarget)
quick_place: Final = quick(PlaceOrder)
quick_submit: Final = quick(SubmitOrder)


@attrs.frozen
class OrderForgotten(Message):
    """An intent that was never sent and never will be: its actor restarted while it waited."""

    intent_id: str


@attrs.frozen
class ReportOrders(Message):
    """Tell the sender every order that is not concluded, then ``OrdersReported``."""


@attrs.frozen
class Asked:
    """What an order may yet come to ask for: by itself, or by an amend of it."""

    intent: Intent
    terms: Terms


@attrs.frozen
class OrdersReported(Message):
    """The orders that are not concluded.

    Attributes:
        strangers: Whether others were seen that nobody knows yet: they will be adopted, or known.
        approved: What risk has approved of orders and amends that have not been seen to leave yet.
    """

    orders: tuple[Order, ...]
    strangers: bool = False
    approved: tuple[Asked, ...] = ()


@attrs.frozen
class AwaitNoOrders(Message):
    """Tell the sender ``NoOrdersLeft`` as soon as every order is concluded and its fills are known.

    Attributes:
        external: Whether orders that others placed count too.
        stops: Whether stops that a strategy lets rest count.
        resting: Whether what has come to the exchange counts, or only what is on its way there.
    """

    external: bool = False
    stops: bool = True
    resting: bool = True


@attrs.frozen
class NoOrdersLeft(Message):
    """Every order that was waited for is concluded, its fills are known, and all is durable."""


@attrs.frozen
class DoubtRaised(Message):
    """An order whose fate is unknown: look for it."""

    order: Order


@attrs.frozen
class LookWanted(Message):
    """Something may have been missed: look at the exchange's own lists.

    Attributes:
        balances: Whether at the balances too.
    """

    reason: str
    balances: bool = False
