"""The Desk door's command ``order amend``: an order's total quantity or limit price, by hand.

A part of the door, which owns it. The command's own row, under its key, is written before anything
follows from it: asked again, it is answered from the order as it is, and nothing is sent again.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from zoe.actors.door_talks import AMEND, DONE, NO, REFUSED, USAGE, Request, Talk, Talks
from zoe.domain import order_record, order_wish
from zoe.domain.amend import Terms
from zoe.domain.order import CONCLUDED, Fact, Input, Order
from zoe.domain.order_summary import summary
from zoe.domain.quantity import Price, Quantity
from zoe.domain.words import told
from zoe.messages.journal import Hydrate, Hydrated, Record, Row
from zoe.messages.orders import AmendDenied, AmendOrder, FollowOrder, OrderChanged, ReportOrders
from zoe.runtime.actor import Actor

#: The order's own state forbids it: no limit of ours was broken.
_OF_THE_STATE: Final = frozenset({"NOT_AMENDABLE", "SUPERSEDED", "UNKNOWN_ORDER"})
_NOT_DONE: Final = frozenset({Input.AMEND_REFUSED, Input.AMEND_ABSENT})


class AmendCommands:
    """Amends by hand, from the wish to the answer."""

    def __init__(self, door: Actor, talks: Talks) -> None:
        self._door = door
        self._talks = talks

    def amend(self, ref: int, request: Request) -> None:
        """Begins an amend, unless its key has been used."""
        _wanted(request.params)
        request = msgspec.structs.replace(request, key=self._talks.key(request))
        self._talks[ref].request = request
        first = self._talks.same(ref, AMEND, request.key or "")
        if first is None:
            self._tell("journal", Hydrate(ref, self._door.me, stream=_stream(request)))
        elif self._talks[first].request.params != request.params:
            error = ("key_reused", "the key belongs to another amend that is being made")
            self._talks.answer(ref, USAGE, None, error)

    def hydrated(self, ref: int, talk: Talk, answer: Hydrated) -> None:
        """The rows of a key: none where it has never been used."""
        if answer.rows and answer.rows[0].body["params"] != talk.request.params:
            self._talks.answer(ref, USAGE, None, ("key_reused", "the key belongs to another amend"))
            return
        talk.gathered["again"] = bool(answer.rows)
        if not answer.rows:
            body = {
                "command": AMEND,
                "params": talk.request.params,
                "key": talk.request.key,
                "order_id": talk.request.params.get("order"),
            }
            row = Row(_stream(talk.request), 1, "command.given", order_record.canonical(body))
            self._tell("journal", Record((row,)))
        self._tell("orders", ReportOrders())

    def reported(self, orders: tuple[Order, ...]) -> None:
        """The open orders: each amend that waits finds its own among them."""
        for ref, talk in self._talks.of(AMEND):
            if "again" in talk.gathered and "intent_id" not in talk.gathered:
                self._find(ref, talk, orders)

    def _find(self, ref: int, talk: Talk, orders: tuple[Order, ...]) -> None:
        name = str(talk.request.params["order"])
        order = next((order for order in orders if _is_called(order, name)), None)
        if order is None:
            error = ("unknown_order", f"no open order {name}")
            self._talks.answer(ref, REFUSED, None, error)
            return
        quantity, price = _wanted(talk.request.params)
        terms = Terms(quantity or order.terms.quantity, price or order.terms.limit_price)
        talk.gathered |= {"intent_id": order.intent.intent_id, "terms": terms}
        if order.terms == terms and order.amend is None:
            self._talks.answer(ref, DONE, summary(order))
        elif not talk.gathered["again"]:
            decision = f"{_stream(talk.request)}@1"
            intent, me = order.intent, self._door.me
            wish = AmendOrder(intent, terms, "by hand", decision, me)
            self._tell("orders", FollowOrder(intent.intent_id))
            self._tell("risk", wish)
        elif order.amend is not None and order.amend.terms == terms:
            self._tell("orders", FollowOrder(order.intent.intent_id))
        else:
            self._not_done(ref, order, f"it is {order.terms}")

    def changed(self, news: OrderChanged) -> None:
        """An order that somebody may be waiting for."""
        order = news.order
        for ref, talk in self._talks.about(order.intent.intent_id):
            if talk.request.command != AMEND:
                continue
            if order.terms == talk.gathered["terms"] and order.amend is None:
                self._talks.answer(ref, DONE, summary(order))
            elif order.state in CONCLUDED:
                self._not_done(ref, order, f"the order is {order.state.value}")
            elif news.fact is not None and news.fact.input in _NOT_DONE:
                self._not_done(ref, order, _why(news.fact))

    def _not_done(self, ref: int, order: Order, reason: str) -> None:
        self._talks.answer(ref, REFUSED, summary(order), ("not_amended", reason))

    def denied(self, denial: AmendDenied) -> None:
        """Risk said no, or the order's state does."""
        for ref, talk in self._talks.about(denial.intent_id):
            if talk.request.command == AMEND and talk.gathered["terms"] == denial.terms:
                code = REFUSED if denial.code in _OF_THE_STATE else NO
                error = (denial.code, told(denial.values))
                self._talks.answer(ref, code, {"intent_id": denial.intent_id}, error)

    def _tell(self, name: str, message: Any) -> None:
        self._door.tell(self._door.find(name), message)


def _wanted(params: Mapping[str, str | bool | None]) -> tuple[Quantity | None, Price | None]:
    """Total quantity and limit price as they shall be; None for what stays.

    Raises:
        ValueError: The order is not named, or nothing is to be changed.
    """
    quantity = order_wish.positive(params, "quantity")
    price = order_wish.positive(params, "limit_price")
    if not params.get("order"):
        raise ValueError("order: the id of an order is needed")
    if quantity is None and price is None:
        raise ValueError("quantity or limit_price is needed")
    return (
        None if quantity is None else Quantity(quantity),
        None if price is None else Price(price),
    )


def _stream(request: Request) -> str:
    return f"command/{request.key}/amend"


def _is_called(order: Order, name: str) -> bool:
    names = (order.intent.intent_id, order.cl_ord_id, order.order_id)
    return any(own is not None and order_wish.same_id(name, own) for own in names)


def _why(fact: Fact) -> str:
    return fact.reason or fact.input.value
