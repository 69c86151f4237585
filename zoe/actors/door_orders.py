"""The Desk door's commands about orders: place and cancel.

A part of the door, which owns it. A command with a key is looked up in the journal first: asked
twice, it is answered twice and done once.
"""

from typing import Any, Final

import msgspec

from zoe.actors.door_talks import DONE, NO, PLACE, REFUSED, USAGE, Request, Talks
from zoe.domain import order_record, order_wish
from zoe.domain.catalog import Catalog
from zoe.domain.order import CONCLUDED, Intent, Order, OrderType, State, TimeInForce
from zoe.domain.order_summary import summary
from zoe.domain.risk import Code
from zoe.domain.words import told
from zoe.messages.journal import Hydrate, Hydrated, Record, Row
from zoe.messages.orders import (
    CancelOrder,
    FollowOrder,
    OrderDenied,
    PlaceOrder,
    ReportOrders,
)
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor

CANCEL: Final = "order.cancel"
#: An answer to ``order place`` is given once the exchange has spoken or the order is concluded.
_ANSWERABLE: Final = CONCLUDED | {State.PENDING, State.WORKING, State.IN_DOUBT}
#: Times in force that leave nothing resting.
_AT_ONCE: Final = (TimeInForce.IOC, TimeInForce.FOK)
#: So long the end of an order that rests nowhere is waited for; then it is told as it is.
END_SECONDS: Final = 2


class OrderCommands:
    """Orders by hand, from the wish to the answer."""

    def __init__(self, door: Actor, account_id: str, talks: Talks) -> None:
        self._door = door
        self._account_id = account_id
        self._talks = talks
        self.catalog: Catalog | None = None

    def place(self, ref: int, request: Request) -> None:
        """Begins an order, unless its key has been used."""
        request = msgspec.structs.replace(request, key=self._talks.key(request))
        self._talks[ref].request = request
        intent = self._intent(request)
        first = self._talks.same(ref, PLACE, intent.intent_id)
        if first is not None:
            self._join(ref, first, intent)
            return
        stream = order_record.stream_of(self._account_id, request.key or "")
        self._tell("journal", Hydrate(ref, self._door.me, stream=stream))

    def cancel(self, ref: int, request: Request) -> None:
        """Begins a cancel: which order is meant is asked of those that are open."""
        self._talks[ref].gathered["order"] = _named_order(request)
        self._tell("orders", ReportOrders())

    def hydrated(self, answer: Hydrated) -> None:
        """The rows of a key: none where it has never been used."""
        talk = self._talks.get(answer.ref)
        if talk is None:
            return
        known = order_record.fold((row.kind, row.body) for row in answer.rows)
        if known is not None:
            self._again(answer.ref, known)
            return
        assert self._door.envelope is not None
        # The message's own id keeps a command's stream unique over restarts.
        stream = f"command/{talk.request.key or answer.ref}/{self._door.envelope.message_id}"
        intent = self._intent(talk.request, decision=f"{stream}@1")
        talk.gathered["intent_id"] = intent.intent_id
        self._journal_command(stream, talk.request, intent)
        self._tell("risk", PlaceOrder(intent, self._door.me))

    def reported(self, orders: list[dict[str, Any]]) -> None:
        """The open orders: each cancel that waits finds its own among them."""
        for ref, talk in self._talks.of(CANCEL):
            if "intent_id" not in talk.gathered:
                self._cancel_among(ref, orders)

    def changed(self, order: Order) -> None:
        """An order that somebody may be waiting for."""
        for ref, talk in self._talks.about(order.intent.intent_id):
            if talk.request.command == PLACE and order.state in _ANSWERABLE:
                self._settle_place(ref, order)
            elif talk.request.command == CANCEL and order.state in CONCLUDED:
                self._talks.answer(ref, DONE, summary(order))

    def denied(self, denial: OrderDenied) -> None:
        """RiskOfficer has denied the order: the command is answered with its reason."""
        if denial.code == Code.DUPLICATE_INTENT.value:
            # It was approved before, and whoever asked for it has forgotten: hear of it again.
            self._tell("orders", FollowOrder(denial.intent.intent_id))
            return
        for ref, _ in self._talks.about(denial.intent.intent_id):
            error = (denial.code, told(denial.values))
            self._talks.answer(ref, NO, {"intent_id": denial.intent.intent_id}, error)

    def forgotten(self, intent_id: str) -> None:
        """The order was never sent: the command is answered so."""
        for ref, _ in self._talks.about(intent_id):
            error = ("not_placed", "it was never sent: ask again")
            self._talks.answer(ref, REFUSED, {"intent_id": intent_id}, error)

    def late(self, ref: int) -> bool:
        """An order that should have ended and has not is told as it is; whether there is one."""
        live = self._talks[ref].gathered.get("live")
        if live is not None:
            self._talks.answer(ref, DONE, live)
        return live is not None

    def _tell(self, name: str, message: Any) -> None:
        self._door.tell(self._door.find(name), message)

    def _join(self, ref: int, first: int, intent: Intent) -> None:
        """Asked twice at once: the second waits for the first one's answer."""
        if not order_wish.same(self._intent(self._talks[first].request), intent):
            error = ("key_reused", "the key belongs to another order that is being placed")
            self._talks.answer(ref, USAGE, None, error)

    def _again(self, ref: int, known: Order) -> None:
        """Answers a key that has been used before: with its order, if it is the same wish."""
        wanted = self._intent(self._talks[ref].request, decision=known.intent.decision)
        if not order_wish.same(wanted, known.intent):
            error = ("key_reused", f"the key belongs to another order, of {known.intent.pair}")
            self._talks.answer(ref, USAGE, summary(known), error)
        else:
            self._settle_place(ref, known)
            self._tell("orders", FollowOrder(known.intent.intent_id))

    def _journal_command(self, stream: str, request: Request, intent: Intent) -> None:
        """Puts the command into the journal ahead of what it causes, so that why can tell."""
        body = {"command": request.command, "params": request.params, "key": intent.intent_id}
        row = Row(stream, 1, "command.given", order_record.canonical(body))
        self._tell("journal", Record((row,)))

    def _intent(self, request: Request, decision: str | None = None) -> Intent:
        key, now_ns = self._talks.key(request), self._door.clock.wall_ns()
        return order_wish.read(request.params, key, self.catalog, decision, now_ns)

    def _settle_place(self, ref: int, order: Order) -> None:
        match order.state:
            case State.REJECTED | State.ABSENT:
                # One that the exchange has acknowledged was placed, and is gone all the same.
                is_gone = order.state is State.ABSENT and order.order_id is not None
                error = ("vanished" if is_gone else "not_placed", order.reason or "")
                self._talks.answer(ref, REFUSED, summary(order), error)
            case State.DENIED:
                self._talks.answer(ref, NO, summary(order), ("denied", order.reason or ""))
            case State.SENDING | State.IN_DOUBT:
                self._talks[ref].gathered["intent_id"] = order.intent.intent_id
            case State.PENDING | State.WORKING if _ends_at_once(order.intent):
                gathered = self._talks[ref].gathered
                gathered["intent_id"] = order.intent.intent_id
                if "live" not in gathered:
                    self._door.after(END_SECONDS, Tick("late", ref))
                gathered["live"] = summary(order)
            case _:
                self._talks.answer(ref, DONE, summary(order))

    def _cancel_among(self, ref: int, orders: list[dict[str, Any]]) -> None:
        wanted = self._talks[ref].gathered["order"]
        for order in orders:
            names = (order["intent_id"], order["cl_ord_id"], order["order_id"])
            if any(name is not None and order_wish.same_id(wanted, name) for name in names):
                self._talks[ref].gathered["intent_id"] = order["intent_id"]
                self._tell("orders", FollowOrder(order["intent_id"]))
                self._tell("orders", CancelOrder(order["intent_id"], "by hand"))
                return
        self._talks.answer(ref, REFUSED, None, ("unknown_order", f"no open order {wanted}"))


def _ends_at_once(intent: Intent) -> bool:
    """Whether the exchange fills or ends it as soon as it has it: then that is the answer."""
    at_once = intent.order_type is OrderType.MARKET or intent.time_in_force in _AT_ONCE
    return at_once and intent.trigger_price is None


def _named_order(request: Request) -> str:
    wanted = request.params.get("order")
    if isinstance(wanted, str) and wanted:
        return wanted
    raise ValueError("order: the id of an order is needed")
