"""How an order begins: what risk approved, and its first row.

A part of the RiskOfficer, which records it where there is room, of the OrderDesk and of the OrderActor.
"""

from typing import Final

import attrs

from zoe.domain import order_record
from zoe.domain.ids import client_order_id
from zoe.domain.order import Intent, Order
from zoe.domain.order_inputs import sending
from zoe.domain.ratelimit import Action
from zoe.messages.gateway import PrepareAdd
from zoe.messages.journal import quick_record, quick_row
from zoe.messages.limits import quick_request
from zoe.messages.orders import quick_changed
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


def opened(intent: Intent, desk_tag: int, chance: int, now_ns: int) -> Order:
    """The order as it will leave that waits to."""
    return sending(intent, client_order_id(now_ns, desk_tag, chance), now_ns + DEADLINE_NS)


def begin(officer: Actor, intent: Intent, verdict: str, config: OrderConfig) -> Order:
    """Records an order for which there is room; OrderDesk does all else while the store writes."""
    chance, now_ns = officer.rng.getrandbits(58), officer.clock.wall_ns()
    order = opened(intent, config.desk_tag, chance, now_ns)
    row = quick_row(
        *(order_record.stream_of(config.account_id, intent.intent_id), 1),
        *order_record.opening_row(order, verdict),
    )
    known = officer.find("orders"), quick_changed(order)
    officer.tell(officer.find("journal"), quick_record((row,), 1, None, (known,)))
    return order


def follow_up(desk: Actor, order: Order, order_actor: Address) -> None:
    """Asks for the permit of an order whose first row is on its way, and has its words found.

    Args:
        order_actor: Gets the permit, and has the bytes leave.
    """
    intent = order.intent
    permit = quick_request(intent.intent_id, Action.ADD, intent.pair, None, order_actor)
    desk.tell(desk.find("ratelimiter"), permit)
    # The store takes longer than the Gateway needs to find its words.
    desk.tell(desk.find("gateway"), PrepareAdd(order))
