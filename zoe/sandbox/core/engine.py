"""The matching engine: orders of accounts and of the house against the books, and what follows.

Every change is written to the journal, told to the listeners and made in the accounts here, in that
order; checks come before, in rules.py.
"""

from functools import partial
from typing import Protocol

import attrs

from zoe.sandbox.core import errors, records, rules
from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.journal import Journal
from zoe.sandbox.core.matching import Book, Resting
from zoe.sandbox.core.money import text
from zoe.sandbox.core.orders import LedgerRow, Order, Terms, Trade
from zoe.sandbox.core.settlement import Charge, Leg, charge
from zoe.sandbox.core.world import World


@attrs.frozen
class Print:
    """A public trade; ``side`` is the taker's."""

    trade_id: int
    side: str
    price: int
    qty: int
    order_type: str
    at_ns: int


class Listener(Protocol):
    """Who is told what happens, at once and in order."""

    def order_changed(self, order: Order, exec_type: str, trade: Trade | None = None) -> None:
        """An order has changed; ``exec_type`` as in the executions channel."""

    def ledger_written(self, row: LedgerRow) -> None:
        """A balance has changed."""

    def traded(self, pair: Pair, trade: Print) -> None:
        """Something was traded."""


@attrs.frozen
class Change:
    """What an amend asks for; None leaves it."""

    qty: int | None = None
    price: int | None = None
    post_only: bool | None = None


class Engine:
    """Places, amends and ends orders."""

    def __init__(self, world: World, listener: Listener) -> None:
        self.world = world
        self._listener = listener

    @property
    def _journal(self) -> Journal:
        return self.world.journal

    def place(self, account: Account, terms: Terms) -> Order:
        """A new order, which may be over already.

        Raises:
            Refusal: It is not accepted; nothing has changed.
        """
        rules.check_new(self.world, account, terms)
        order = Order(self.world.ids.new("O"), account.name, terms, self.world.now_ns)
        self._journal.write(
            "order_accepted", order.opened_ns, **records.names(order), **records.description(terms)
        )
        account.open_order(order)
        self._claim(account, order)
        self._listener.order_changed(order, "pending_new")
        reason = self._refused_on_arrival(order)
        if reason is not None:
            self.end(order, "canceled", reason)
            return order
        order.status = "open"
        self._listener.order_changed(order, "new")
        self._enter(order)
        return order

    def _refused_on_arrival(self, order: Order) -> str | None:
        terms = order.terms
        book = self.world.books[terms.pair.symbol]
        if terms.post_only and book.crosses(terms.side, terms.price):
            return errors.REASON_POST_ONLY
        if terms.time_in_force == "fok" and not rules.fillable(self.world, terms, order.account):
            return errors.REASON_FOK
        return None

    def _enter(self, order: Order) -> None:
        """Trades what crosses; the rest waits in its queue or ends."""
        terms = order.terms
        taker = Resting(self.world.next_number(), terms.side, terms.price, order.left, order)
        stopped = self.match(terms.pair, taker, terms.price or None)
        if not order.is_live:
            return
        if stopped:
            self.end(order, "canceled", errors.REASON_SELF_TRADE)
        elif terms.order_type == "market":
            self.end(order, "canceled", errors.REASON_NO_LIQUIDITY)
        elif terms.time_in_force == "ioc":
            self.end(order, "canceled", errors.REASON_IOC)
        else:
            self.rest(order, taker)

    def rest(self, order: Order, taker: Resting | None = None) -> None:
        """An open order waits at the back of the queue at its price."""
        terms = order.terms
        if taker is None:
            taker = Resting(self.world.next_number(), terms.side, terms.price, order.left, order)
        order.resting = taker
        self.world.books[terms.pair.symbol].side(terms.side).add(taker)
        if terms.expires_ns:
            self.world.timers.at(terms.expires_ns, partial(self._expire, order))

    def _expire(self, order: Order) -> None:
        if order.is_live:
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
        order_type = "limit" if taker.order is None else taker.order.terms.order_type
        trade_id, at_ns = self.world.next_trade_id(pair), self.world.now_ns
        self.world.last_price[pair.symbol] = price
        self._listener.traded(pair, Print(trade_id, taker.side, price, qty, order_type, at_ns))
        for party in (taker, maker):
            if party.order is not None:
                self._settle(party.order, (trade_id, price, qty), maker=party is maker)

    def _settle(self, order: Order, match: tuple[int, int, int], *, maker: bool) -> None:
        trade_id, price, qty = match
        owed = charge(self.world.catalog, order.terms, qty, price, maker=maker)
        exec_id, at_ns = self.world.ids.new("T"), self.world.now_ns
        figures = (price, qty, owed.cost, owed.fee)
        trade = Trade(exec_id, trade_id, order.order_id, at_ns, *figures, maker)
        account = self.world.accounts.of(order)
        self._journal.write(
            "fill", at_ns, **records.names(order), **records.fill(order.terms, trade)
        )
        account.take_part(order, trade)
        self._listener.order_changed(order, "trade", trade)
        self._book_legs(account, trade, owed)
        if order.left:
            self._claim(account, order)
        else:
            self._close(order, "closed", None)
            self._listener.order_changed(order, "filled")

    def _book_legs(self, account: Account, trade: Trade, owed: Charge) -> None:
        for leg in owed.legs:
            self.credit(account, leg, "trade", trade.exec_id)

    def credit(self, account: Account, leg: Leg, kind: str, ref_id: str) -> None:
        """Books one leg of an event."""
        balance = account.balances[leg.asset] + leg.amount - leg.fee
        ledger_id, at_ns = self.world.ids.new("L"), self.world.now_ns
        row = LedgerRow(
            ledger_id, account.name, ref_id, at_ns, kind, leg.asset, leg.amount, leg.fee, balance
        )
        decimals = self.world.catalog.assets[leg.asset].decimals
        self._journal.write("ledger", at_ns, **records.ledger(row, decimals))
        account.book(row)
        self._listener.ledger_written(row)

    def _claim(self, account: Account, order: Order) -> None:
        account.hold(order, *rules.claim(self.world, order.terms, order.left))

    def _close(self, order: Order, status: str, reason: str | None) -> None:
        order.end(status, reason, self.world.now_ns)
        account = self.world.accounts.of(order)
        account.close_order(order)
        account.hold(order, rules.claim(self.world, order.terms, 0)[0], 0)

    def end(self, order: Order, status: str, reason: str) -> None:
        """Canceled or expired; what is left of it leaves the book."""
        if order.resting is not None and order.resting.left:
            book = self.world.books[order.terms.pair.symbol]
            book.side(order.terms.side).remove(order.resting)
        filled = text(order.filled, order.terms.pair.qty_decimals)
        names = records.names(order)
        self._journal.write(
            f"order_{status}", self.world.now_ns, **names, reason=reason, filled=filled
        )
        self._close(order, status, reason)
        self._listener.order_changed(order, status)

    def amend(self, order: Order, change: Change) -> str:
        """Changes a resting order; the amend's id.

        Raises:
            Refusal: It stays as it was.
        """
        assert order.is_live and order.resting is not None
        terms = self._amended(order, change)
        amend_id, account = self.world.ids.new("T"), self.world.accounts.of(order)
        before, order.terms, order.amended = order.terms, terms, True
        order.changed_ns = self.world.now_ns
        self._journal.write(
            "order_amended",
            self.world.now_ns,
            **records.names(order),
            amend_id=amend_id,
            **records.numbers(terms),
            post_only=terms.post_only,
        )
        self._listener.order_changed(order, "amended")
        if order.left == 0:
            self.end(order, "canceled", errors.REASON_USER)
            return amend_id
        self._claim(account, order)
        ladder = self.world.books[terms.pair.symbol].side(terms.side)
        if rules.keeps_place(before, terms):
            ladder.shrink(order.resting, before.qty - terms.qty)
        else:
            ladder.remove(order.resting)
            order.resting = None
            self._enter(order)
        return amend_id

    def _amended(self, order: Order, change: Change) -> Terms:
        terms = order.terms
        if change.qty == 0:
            raise errors.invalid("order_qty")
        qty = terms.qty if change.qty is None else max(change.qty, order.filled)
        price = terms.price if change.price is None else change.price
        post_only = terms.post_only if change.post_only is None else change.post_only
        wanted = attrs.evolve(terms, qty=qty, price=price, post_only=post_only)
        if qty == order.filled:
            return wanted
        rules.check_mode(self.world, terms.pair, limit=True, post_only=post_only)
        rules.check_size(self.world, wanted)
        crosses = self.world.books[terms.pair.symbol].crosses(terms.side, price)
        if post_only and crosses and price != terms.price:
            raise Refusal(errors.POST_ONLY)
        asset, amount = rules.claim(self.world, wanted, qty - order.filled)
        if self.world.accounts.of(order).available(asset) + order.held < amount:
            raise Refusal(errors.INSUFFICIENT_FUNDS)
        return wanted


def _same_account(maker: Resting, taker: Resting) -> bool:
    return (
        maker.order is not None
        and taker.order is not None
        and maker.order.account == taker.order.account
    )
