"""The matching engine: orders of accounts and of the house against the books.

What follows for accounts is in clearing.py; checks come before, in rules.py.
"""

from functools import partial

import msgspec

from zoe.sandbox.core import errors, records, rules
from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.clearing import Clearing, Print
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.matching import Book, Resting
from zoe.sandbox.core.orders import Amend, Order, Terms
from zoe.sandbox.core.triggers import Triggers
from zoe.sandbox.core.world import World


class Change(msgspec.Struct, frozen=True):
    """What an amend asks for; None leaves it."""

    qty: int | None = None
    price: int | None = None
    post_only: bool | None = None
    trigger: int | None = None


class Engine:
    """Places, amends and matches orders."""

    def __init__(self, world: World, clearing: Clearing) -> None:
        self.world = world
        self._clearing = clearing
        self._tell = clearing.listener.order_changed
        self.end = clearing.end

    def place(self, account: Account, terms: Terms, replaced: Order | None = None) -> Order:
        """A new order, which may be over already; in the place of another, if there is one.

        Raises:
            Refusal: It is not accepted; nothing has changed.
        """
        terms = rules.sized(self.world, terms)
        claimed = rules.check_new(self.world, account, terms, replaced)
        if replaced is not None:
            self.end(replaced, "canceled", errors.REASON_REPLACED)
        order = Order(self.world.ids.new("O"), account.name, terms, self.world.now_ns)
        self.world.journal.write(
            "order_accepted", order.opened_ns, records.names(order), records.description(terms)
        )
        account.open_order(order)
        account.hold(order, *claimed)
        self._tell(order, "pending_new")
        if terms.expires_ns:
            self.world.timers.at(terms.expires_ns, partial(self._expire, order))
        if terms.starts_ns > self.world.now_ns:
            self._await_start(order)
        else:
            self._go_live(order)
        return order

    def resume(self, order: Order) -> None:
        """An order of the journal goes on where it was."""
        if order.terms.expires_ns:
            self.world.timers.at(order.terms.expires_ns, partial(self._expire, order))
        if order.waits == "start":
            self._await_start(order)
        elif order.waits == "price":
            self._await_price(order)
        else:
            self._rest(order)

    def _await_start(self, order: Order) -> None:
        order.waits = "start"
        self.world.timers.at(order.terms.starts_ns, partial(self._start, order))

    def _start(self, order: Order) -> None:
        if not order.is_live or order.waits != "start":
            return
        self._release(order)
        if self._is_short(order):
            self.end(order, "canceled", errors.REASON_FUNDS)
        else:
            self._go_live(order)

    def _release(self, order: Order) -> None:
        """It waits no more."""
        self.world.journal.write(
            "order_released", self.world.now_ns, records.names(order), waited_for=order.waits
        )
        order.waits = ""

    def _is_short(self, order: Order) -> bool:
        """Whether the account cannot pay what the order would cost by now."""
        asset, amount = rules.needed(self.world, order.terms)
        return self.world.accounts.of(order).available(asset) + order.held < amount

    def _go_live(self, order: Order) -> None:
        reason = self._refused_on_arrival(order)
        if reason is not None:
            self.end(order, "canceled", reason)
            return
        order.status = "open"
        self._tell(order, "new")
        if order.terms.trigger:
            self._await_price(order)
        else:
            self._enter(order)

    def _refused_on_arrival(self, order: Order) -> str | None:
        terms = order.terms
        book = self.world.books[terms.pair.symbol]
        last = self.world.last_price.get(terms.pair.symbol)
        if terms.trigger and last is not None and terms.is_met(last):
            return errors.REASON_TRIGGER
        if terms.post_only and book.crosses(terms.side, terms.price):
            return errors.REASON_POST_ONLY
        if terms.time_in_force == "fok" and not rules.fillable(self.world, terms, order.account):
            return errors.REASON_FOK
        return None

    def _await_price(self, order: Order) -> None:
        order.waits = "price"
        waiting = self.world.triggers.setdefault(order.terms.pair.symbol, Triggers())
        waiting.add(order)

    def fire(self) -> None:
        """Lets every order enter whose price has come; also those that this brings about."""
        while self.world.stirred:
            symbol = min(self.world.stirred)
            self.world.stirred.discard(symbol)
            for order in self.world.triggers[symbol].due():
                if order.is_live and order.waits == "price":
                    self._fire(order)

    def _fire(self, order: Order) -> None:
        self._release(order)
        order.triggered = True
        self._tell(order, "status")
        if not order.terms.has_limit and self._is_short(order):
            self.end(order, "canceled", errors.REASON_FUNDS)
        else:
            self._enter(order)

    def _enter(self, order: Order) -> None:
        """Trades what crosses; the rest waits in its queue or ends."""
        terms = order.terms
        taker = Resting(self.world.next_number(), terms.side, terms.price, order.left, order)
        stopped = self.match(terms.pair, taker, terms.price or None)
        if not order.is_live:
            return
        if stopped:
            self.end(order, "canceled", errors.REASON_SELF_TRADE)
        elif not terms.has_limit:
            self.end(order, "canceled", errors.REASON_NO_LIQUIDITY)
        elif terms.time_in_force == "ioc":
            self.end(order, "canceled", errors.REASON_IOC)
        else:
            self._rest(order, taker)

    def _rest(self, order: Order, taker: Resting | None = None) -> None:
        """An open order waits at the back of the queue at its price."""
        terms = order.terms
        if taker is None:
            taker = Resting(self.world.next_number(), terms.side, terms.price, order.left, order)
        order.resting = taker
        self.world.books[terms.pair.symbol].side(terms.side).add(taker)

    def _expire(self, order: Order) -> None:
        if self.world.status == "maintenance":
            self.world.afterwards.append(partial(self._expire, order))
        elif order.is_live:
            self.end(order, "expired", "Order expired")

    def match(self, pair: Pair, taker: Resting, limit: int | None) -> bool:
        """Trades until nobody crosses; whether it stopped before its own account's order."""
        book = self.world.books[pair.symbol]
        while taker.left:
            maker = book.maker_for(taker, limit)
            if maker is None:
                return False
            if _same_account(maker, taker):
                if self._meet_oneself(maker, taker):
                    return True
                continue
            self._trade(pair, book, maker, taker)
        return False

    def _meet_oneself(self, maker: Resting, taker: Resting) -> bool:
        assert maker.order is not None and taker.order is not None
        stp_type = taker.order.terms.stp_type
        if stp_type != "cancel-newest":
            self.end(maker.order, "canceled", errors.REASON_SELF_TRADE)
        return stp_type != "cancel-oldest"

    def _trade(self, pair: Pair, book: Book, maker: Resting, taker: Resting) -> None:
        qty, price = min(maker.left, taker.left), maker.price
        book.side(maker.side).shrink(maker, qty)
        taker.left -= qty
        has_limit = taker.order is None or taker.order.terms.has_limit
        trade_id, at_ns = self.world.next_trade_id(pair), self.world.now_ns
        self.world.priced(pair.symbol, price)
        order_type = "limit" if has_limit else "market"
        traded = Print(trade_id, taker.side, price, qty, order_type, at_ns)
        self._clearing.listener.traded(pair, traded)
        self._clearing.trade(pair, traded, (taker, maker))

    def amend(self, order: Order, change: Change) -> str:
        """Changes an order that rests or waits; the amend's id.

        Raises:
            Refusal: It stays as it was.
        """
        assert order.is_live
        terms = self._amended(order, change)
        amend_id, now_ns = self.world.ids.new("T"), self.world.now_ns
        before, order.terms, order.amended = order.terms, terms, True
        order.changed_ns = now_ns
        order.amends.append(Amend(amend_id, now_ns, terms, order.filled))
        self.world.journal.write(
            "order_amended",
            now_ns,
            records.names(order),
            records.numbers(terms),
            amend_id=amend_id,
            post_only=terms.post_only,
        )
        self._tell(order, "amended")
        if order.left == 0:
            self.end(order, "canceled", errors.REASON_USER)
            return amend_id
        self._clearing.claim(order)
        self._take_place(order, before)
        return amend_id

    def _take_place(self, order: Order, before: Terms) -> None:
        """After an amend: where it was, or at the back of a queue."""
        if order.waits == "price" and order.terms.trigger != before.trigger:
            self._await_price(order)
        if order.resting is None:
            return
        ladder = self.world.books[order.terms.pair.symbol].side(order.terms.side)
        if rules.keeps_place(before, order.terms):
            if before.qty > order.terms.qty:
                ladder.shrink(order.resting, before.qty - order.terms.qty)
            return
        ladder.remove(order.resting)
        order.resting = None
        self._enter(order)

    def _amended(self, order: Order, change: Change) -> Terms:
        terms = order.terms
        if change.qty == 0:
            raise errors.invalid("order_qty")
        if change.price is not None and not terms.has_limit:
            raise errors.invalid("limit_price")
        if change.trigger is not None and order.waits != "price":
            raise errors.invalid("trigger_price")
        wanted = msgspec.structs.replace(
            terms,
            qty=terms.qty if change.qty is None else max(change.qty, order.filled),
            price=terms.price if change.price is None else change.price,
            post_only=terms.post_only if change.post_only is None else change.post_only,
            trigger=terms.trigger if change.trigger is None else change.trigger,
        )
        if wanted.qty != order.filled:
            self._check_amended(order, wanted)
        return wanted

    def _check_amended(self, order: Order, wanted: Terms) -> None:
        world, terms = self.world, order.terms
        rules.check_mode(world, wanted.pair, limit=wanted.has_limit, post_only=wanted.post_only)
        rules.check_size(world, wanted)
        if wanted.post_only and wanted.order_type != "limit":
            raise errors.invalid("post_only")
        crosses = world.books[terms.pair.symbol].crosses(terms.side, wanted.price)
        if wanted.post_only and crosses and wanted.price != terms.price:
            raise Refusal(errors.POST_ONLY)
        last = world.last_price.get(terms.pair.symbol)
        moved = wanted.trigger != terms.trigger
        if moved and last is not None and wanted.is_met(last):
            raise Refusal(errors.WOULD_TRIGGER)
        asset, amount = rules.claim(world, wanted, wanted.qty - order.filled)
        if world.accounts.of(order).available(asset) + order.held < amount:
            raise Refusal(errors.INSUFFICIENT_FUNDS)


def _same_account(maker: Resting, taker: Resting) -> bool:
    return (
        maker.order is not None
        and taker.order is not None
        and maker.order.account == taker.order.account
    )
