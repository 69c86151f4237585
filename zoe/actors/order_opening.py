"""How an order begins: what risk approved, and its first row; a part of the OrderDesk and the OrderActor."""

from typing import Final

import attrs

from zoe.domain import order_record
from zoe.domain.ids import client_order_id
from zoe.domain.order import Input, Intent, Order, Route, State
from zoe.domain.order_inputs import command
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import PrepareAdd
from zoe.messages.journal import Record, Row
from zoe.messages.limits import RequestPermit
from zoe.messages.orders import OrderChanged, SubmitOrder
from zoe.ports.journal import EmergencyNotes
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address

#: How long the exchange may take to execute an add (Kraken's default deadline).
DEADLINE_NS: Final = 5_000_000_000
#: A permit, to whatever, that has not come after this is asked for again.
PERMIT_SECONDS: Final = 5


@attrs.frozen
class OrderConfig:
    """What every order of a desk shares.

    Attributes:
        notes: Where cancels are noted while the store is down; None: they wait for it.
    """

    account_id: str
    desk_tag: int
    notes: EmergencyNotes | None = None


@attrs.frozen
class Fresh:
    """An intent that has just been approved.

    Attributes:
        verdict: As it will be journalled.
        chance: For its client order id.
        begun: The order as its first row has it, where that is recorded; it has not left.
    """

    intent: Intent
    verdict: str
    chance: int
    begun: Order | None = None


def opened(order: Order, desk_tag: int, chance: int, now_ns: int) -> Order:
    """The order as it will leave.

    Raises:
        IllegalCommand: It does not wait to leave.
    """
    return command(
        *(order, Input.SEND),
        cl_ord_id=client_order_id(now_ns, desk_tag, chance),
        route=Route.WEBSOCKET,
        not_after_ns=now_ns + DEADLINE_NS,
    )


def begin(
    desk: Actor, wish: SubmitOrder, config: OrderConfig, chance: int, order_actor: Address
) -> Order:
    """Records an order for which there is room, and asks for its permit meanwhile; the order.

    Args:
        order_actor: Gets the permit, and has the bytes leave.
    """
    intent = wish.intent
    order = opened(Order(intent, State.WAITING), config.desk_tag, chance, desk.clock.wall_ns())
    row = Row(
        *(order_record.stream_of(config.account_id, intent.intent_id), 1),
        *order_record.opening_row(order, wish.verdict),
    )
    known = desk.me, OrderChanged(order)
    desk.tell(desk.find("journal"), Record((row,), 1, None, (known,)))
    permit = RequestPermit(intent.intent_id, Action.ADD, intent.pair, None, order_actor)
    desk.tell(desk.find("ratelimiter"), permit)
    # The store takes longer than the Gateway needs to find its words.
    desk.tell(desk.find("gateway"), PrepareAdd(order))
    return order
