"""OrderDesk: one OrderActor per live order; knows which order any id means.

Receives: SubmitOrder, SubmitAmend, AmendDenied (by an order's actor), FollowOrder, CancelOrder,
CancelOwnOrders, OrderSighted, OrdersListed, OrderChanged, OrderForgotten, ReportOrders, AwaitNoOrders,
Hydrated, StoreWentDown, StoreCameBack, ProveLife. Tells: its order actors, and whoever has something to
learn from a durable change (``order_audience``). Blocks on nothing.
A restart ends the order actors, reads every order that is not concluded, and starts them again.
Sightings of an order it does not know wait two seconds (our own acknowledgement may be under
way), are then looked up in the journal, and only then adopted as somebody else's.
"""

from functools import partial
from typing import Final, assert_never

import attrs

from zoe.actors import hydration
from zoe.actors.approved import Approved
from zoe.actors.known_orders import Rows, ages_in, orders_in, rows_in
from zoe.actors.order_actor import OrderActor
from zoe.actors.order_audience import OrderAudience
from zoe.actors.order_opening import Fresh, OrderConfig, follow_up
from zoe.actors.order_waiters import OrderWaiters
from zoe.actors.reused_ids import ReusedIds
from zoe.actors.strangers import STRANGER, Strangers
from zoe.domain import order_record
from zoe.domain.ids import id_number, tag_of
from zoe.domain.order import CONCLUDED, Order, State
from zoe.domain.order_end import Ends, end_of
from zoe.domain.order_interest import begins_age
from zoe.domain.resting_stop import is_guard
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import OrderSighted, OrdersListed
from zoe.messages.journal import Hydrate, Hydrated, Record, Row, StoreCameBack, StoreWentDown
from zoe.messages.limits import OrderAged, OrderEnded
from zoe.messages.orders import (
    AmendDenied,
    AwaitNoOrders,
    CancelOrder,
    CancelOwnOrders,
    CancelWithoutStore,
    FollowOrder,
    LookWanted,
    OrderChanged,
    OrderForgotten,
    OrdersReported,
    ReportOrders,
    SubmitAmend,
    SubmitOrder,
)
from zoe.messages.risk import StopTrading
from zoe.messages.system import LifeProven, ProveLife, Tick
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log
from zoe.runtime.supervisor import Child

#: A store that is down for longer costs the resting orders: nobody may be able to act on them.
STORE_PATIENCE_SECONDS: Final = 30
#: A concluded order stays a while for late fills, then its actor ends.
LINGER_SECONDS: Final = 5
#: The first question to the journal; the others are about strangers.
HYDRATION: Final = 0
#: The source of our own orders that are found without their rows.
RECOVERED: Final = "recovered"
EXIT_ANOTHER_DESK: Final = 6

Inbox = (
    SubmitOrder | SubmitAmend | AmendDenied | CancelOrder | CancelOwnOrders | OrderSighted | OrdersListed | OrderChanged | OrderForgotten
    | ReportOrders | AwaitNoOrders | Hydrated | FollowOrder | StoreWentDown | StoreCameBack | Tick
    | ProveLife
)  # fmt: skip


class OrderDesk(Actor):
    """Keeps the order actors and the index of ids.

    Args:
        listeners: Names of more actors that hear of every change of every order.
        compared: Whether the Reconciler compares orders with the exchange's lists; otherwise it
            hears of what is in doubt only.
    """

    def __init__(
        self, config: OrderConfig, listeners: tuple[str, ...] = (), *, compared: bool = True
    ) -> None:
        super().__init__()
        self._config = config
        self._audience = OrderAudience(self, listeners, compared=compared)
        self._approved = Approved()
        self._orders: dict[str, Order | None] = {}
        self._actors: dict[str, Address] = {}
        self._by_client: dict[int, str] = {}
        self._by_exchange: dict[str, str] = {}
        self._strangers = Strangers(self, HYDRATION)
        self._reused = ReusedIds()
        self._ends = Ends()
        self._waiters = OrderWaiters(self)
        self._store_down = False

    def on_start(self) -> None:
        self.hold()
        ref = hydration.number(self, HYDRATION)
        wanted = Hydrate(ref, self.me, open_orders_of=self._config.account_id)
        self.tell(self.find("journal"), wanted)
        if self.incarnation > 1:
            # What it crashed on is told by nobody else; a desk that starts looks by itself.
            self.tell(self.find("reconciler"), LookWanted("order desk restarted"))

    def handle(self, message: Inbox) -> None:
        match message:
            case OrderChanged():
                self._changed(message)
            case OrderSighted():
                self._sighted(message)
            case OrdersListed():
                for sighting in message.sightings:
                    if not self._ends.cover(sighting):
                        self._sighted(OrderSighted(sighting))
            case SubmitOrder():
                self._submit(message)
            case Hydrated():
                self._hydrated(message)
            case SubmitAmend():
                self._amend(message)
            case AmendDenied():
                self._amend_denied(message)
            case FollowOrder():
                self._follow(message.intent_id)
            case CancelOrder():
                self._cancel(message)
            case CancelOwnOrders():
                self._cancel_own(message.why, stops=message.stops)
            case OrderForgotten():
                self._forget(message.intent_id)
            case ReportOrders():
                self._report()
            case AwaitNoOrders():
                self._await_none(message)
            case ProveLife():
                self.reply(LifeProven(message.ref))
            case StoreWentDown():
                self._store_down = True
                self.after(STORE_PATIENCE_SECONDS, Tick("store"))
            case StoreCameBack():
                self._store_down = False
            case Tick("store"):
                if self._store_down:
                    self._cancel_own("the store is down", stops=False)
            case Tick(name) if name == STRANGER:
                self._strangers.look_up(message.ref)
            case Tick():
                self._let_go()
            case _:
                assert_never(message)

    def _hydrated(self, answer: Hydrated) -> None:
        question = hydration.question(self, answer)
        if question is None:
            return
        if question != HYDRATION:
            known = rows_in(answer)
            for order_id, seen in self._strangers.looked_up(question).items():
                self._settle_stranger(order_id, seen, known.get(order_id))
            return
        self.release()
        orders = orders_in(answer)
        ages_ns = ages_in(answer, self.clock.wall_ns())
        for order in orders:
            self._adopt_known(order, ages_ns.get(self._stream(order), 0))
        log.info("orders.hydrated", orders=len(orders))
        self.after(LINGER_SECONDS, Tick("linger"))

    def _adopt_known(self, order: Order, age_ns: int = 0) -> None:
        intent_id = order.intent.intent_id
        self._index(order)
        self._start(intent_id, None)
        # A new process's limiter knows of no order: what canceling it costs must be provided for.
        if order.is_ours and order.state not in CONCLUDED:
            self.tell(self.find("ratelimiter"), OrderAged(intent_id, order.intent.pair, age_ns))

    def _stream(self, order: Order) -> str:
        return order_record.stream_of(self._config.account_id, order.intent.intent_id)

    def _start(self, intent_id: str, fresh: Fresh | None) -> Address:
        factory = partial(OrderActor, self._config, intent_id, fresh)
        address = self.spawn(Child(intent_id, factory, dispatcher="orders"))
        self._actors[intent_id] = address
        self._orders.setdefault(intent_id, None)
        return address

    def _submit(self, wish: SubmitOrder) -> None:
        intent_id = wish.intent.intent_id
        self._audience.follow(intent_id, wish.reply_to)
        if intent_id in self._actors:
            known = self._orders[intent_id]
            if known is not None:
                self.tell(wish.reply_to, OrderChanged(known))
            return
        self._approved.order(wish.intent)
        # From here, since a generator of each order's own would be made for one number.
        fresh = Fresh(wish.intent, wish.verdict, self.rng.getrandbits(58), wish.begun)
        order_actor = self._start(intent_id, fresh)
        if wish.begun is not None:
            follow_up(self, wish.begun, order_actor)

    def _amend(self, approved: SubmitAmend) -> None:
        wish = approved.wish
        intent_id = wish.intent.intent_id
        actor = self._actors.get(intent_id)
        if actor is None:
            values = (("reason", "no such order is open"),)
            denied = AmendDenied(intent_id, wish.terms, "NOT_AMENDABLE", values)
            self.tell(wish.reply_to, denied)
            self._amend_denied(denied)
            return
        self._approved.amend(wish)
        self._audience.follow(intent_id, wish.reply_to)
        self.tell(actor, approved)

    def _amend_denied(self, denied: AmendDenied) -> None:
        """Risk, which approved it, holds what it would have come to."""
        self._approved.denied(denied)
        self.tell(self.find("risk"), denied)

    def _follow(self, intent_id: str) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        if intent_id in self._actors:
            self._audience.follow(intent_id, self.envelope.sender)
        else:
            self._forget(intent_id)
            self.reply(OrderForgotten(intent_id))
        known = self._orders.get(intent_id)
        if known is not None:
            self.reply(OrderChanged(known))

    def _cancel(self, wish: CancelOrder) -> None:
        intent_id = self._resolve(wish.order)
        if intent_id is None or intent_id not in self._actors:
            log.info("order.cancel_unknown", order=wish.order)
            self._forget(wish.order)
            return
        known = self._orders[intent_id]
        if known is not None and known.state in CONCLUDED:
            self._changed(OrderChanged(known))  # whoever asks has missed it
        else:
            self._tell_cancel(intent_id, wish.why)

    def _tell_cancel(self, intent_id: str, why: str) -> None:
        self.tell(self._actors[intent_id], CancelOrder(intent_id, why))
        if self._store_down:
            self.tell(self._actors[intent_id], CancelWithoutStore(why))

    def _resolve(self, any_id: str) -> str | None:
        if any_id in self._orders:
            return any_id
        number = id_number(any_id)
        if number is not None and number in self._by_client:
            return self._by_client[number]
        return self._by_exchange.get(any_id)

    def _cancel_own(self, why: str, *, stops: bool) -> None:
        for intent_id, order in self._orders.items():
            kept = order is not None and not stops and is_guard(order.intent)
            if not kept and (order is None or (order.state not in CONCLUDED and order.is_ours)):
                self._tell_cancel(intent_id, why)

    def _sighted(self, report: OrderSighted) -> None:
        sighting = report.sighting
        intent_id = self._known(sighting)
        if intent_id is None:
            if not self._ends.cover(sighting):
                self._strangers.met(sighting)
            return
        if self._reused.is_another(sighting, self._orders[intent_id]):
            return
        self._by_exchange[sighting.order_id] = intent_id
        self.tell(self._actors[intent_id], report)

    def _known(self, sighting: Sighting) -> str | None:
        known = self._by_exchange.get(sighting.order_id)
        if sighting.cl_ord_id is not None:
            number = id_number(sighting.cl_ord_id)
            # Ours first: the exchange may have given one id twice.
            known = known if number is None else self._by_client.get(number, known)
        return known if known in self._actors else None

    def _settle_stranger(self, order_id: str, seen: list[Sighting], rows: Rows | None) -> None:
        known = next((i for i in map(self._known, seen) if i is not None), None)
        if known is None and rows is not None:
            end = order_record.end_in(rows)
            if end is not None and all(map(end.covers, seen)):
                self._ends.add(end)  # a look after a restart shows the last minute's ends
                return
            order = order_record.fold(rows)
            assert order is not None
            if any(self._reused.is_another(sighting, order) for sighting in seen):
                return
            self._adopt_known(order)
        elif known is None and not self._adopt_stranger(order_id, seen):
            return
        for sighting in seen:
            self._sighted(OrderSighted(sighting))

    def _adopt_stranger(self, order_id: str, seen: list[Sighting]) -> bool:
        described = next((s for s in seen if s.description is not None), None)
        if described is None or described.description is None:
            log.warning("order.stranger_undescribed", order_id=order_id, sightings=len(seen))
            return False
        client_id = described.cl_ord_id
        tag = None if client_id is None else tag_of(client_id)
        intent = described.description
        if tag == self._config.desk_tag:
            # Ours, of before our rows were lost: a halt must reach it.
            intent = attrs.evolve(intent, source=RECOVERED)
        order = Order(intent, State.PENDING, cl_ord_id=client_id, order_id=order_id)
        if tag is not None and tag != self._config.desk_tag:
            log.critical("desk.foreign_order", order_id=order_id, cl_ord_id=client_id, tag=tag)
            self.tell(self.find("risk"), StopTrading())
            self.exit_process(EXIT_ANOTHER_DESK, "another desk trades on this account")
        log.warning("order.adopted", order_id=order_id, cl_ord_id=client_id, desk_tag=tag)
        kind, body = order_record.opening_row(order, "adopted")
        row = Row(self._stream(order), 1, kind, body)
        self.tell(self.find("journal"), Record((row,)))
        self._adopt_known(order)
        return True

    def _changed(self, news: OrderChanged) -> None:
        order = news.order
        intent_id = order.intent.intent_id
        if intent_id not in self._actors:
            return
        before = self._index(order)
        self._approved.changed(order)
        self._audience.tell(before, news)
        if order.state in CONCLUDED:
            self.tell(self.find("ratelimiter"), OrderEnded(intent_id, order.intent.pair))
        elif begins_age(before, news.fact):
            self.tell(self.find("ratelimiter"), OrderAged(intent_id, order.intent.pair))
        self._waiters.look(self._orders)

    def _index(self, order: Order) -> Order | None:
        """Takes an order as it is, to be found by its ids; as it was before."""
        intent_id, client_id = order.intent.intent_id, order.cl_ord_id
        before = self._orders.get(intent_id)
        self._orders[intent_id] = order
        if client_id is not None and (before is None or before.cl_ord_id != client_id):
            number = id_number(client_id)
            if number is not None:
                self._by_client[number] = intent_id
        if order.order_id is not None:
            self._by_exchange[order.order_id] = intent_id
        return before

    def _forget(self, intent_id: str) -> None:
        self._orders.pop(intent_id, None)
        self._actors.pop(intent_id, None)
        self._approved.forget(intent_id)
        followers = self._audience.forget(intent_id)
        known = {name: self.find(name) for name in ("risk", "repositioner")}
        for address in (known | followers).values():
            self.tell(address, OrderForgotten(intent_id))
        self._waiters.look(self._orders)

    def _report(self) -> None:
        self._audience.reported(self._orders)
        live = tuple(o for o in self._orders.values() if o is not None and not o.settled)
        self.reply(OrdersReported(live, self._strangers.waiting, self._approved.waiting()))

    def _await_none(self, wish: AwaitNoOrders) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        self._waiters.add(self.envelope.sender, wish, self._orders)

    def _let_go(self) -> None:
        """Ends the actors of orders that were concluded at the last round already."""
        done = [i for i, o in self._orders.items() if o is not None and o.settled]
        for intent_id in done:
            order = self._orders.pop(intent_id)
            assert order is not None
            self.stop_child(intent_id)
            self._actors.pop(intent_id)
            self._audience.forget(intent_id)
            end = end_of(order)
            if end is not None:
                self._ends.add(end)
                self._by_exchange.pop(end.order_id, None)
            number = None if order.cl_ord_id is None else id_number(order.cl_ord_id)
            self._by_client.pop(number or 0, None)
        self.after(LINGER_SECONDS, Tick("linger"))
