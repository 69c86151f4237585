"""Clearing: what matches and other events do to accounts; the journal first, then the listeners."""

from typing import Final, Protocol

import msgspec

from zoe.sandbox.core import records, rules
from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.matching import Resting
from zoe.sandbox.core.money import rescaled, text
from zoe.sandbox.core.orders import LedgerRow, Order, Trade
from zoe.sandbox.core.settlement import Charge, Leg, Match, charge, match
from zoe.sandbox.core.volumes import CENT, fee_bps
from zoe.sandbox.core.world import World

_DOLLARS: Final = frozenset({"USD", "USDT", "USDC"})


class Print(msgspec.Struct, frozen=True):
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


class Clearing:
    """Books trades, ends orders, holds what open ones claim."""

    def __init__(self, world: World, listener: Listener) -> None:
        self.world = world
        self.listener = listener

    def trade(self, pair: Pair, traded: Print, parties: tuple[Resting, Resting]) -> None:
        """A match between a taker and a maker, whose quantities are taken off already."""
        found = match(self.world.catalog, pair, traded.qty, traded.price)
        base, quote = found.base, found.quote
        rooms = []
        for party in parties:
            if party.order is not None:
                room = self._room(party.order, traded.qty)
                rooms.append((party.order, room, party is parties[1]))
                # Rounding must not take more than an account's means.
                if party.side == "sell":
                    base = min(base, room)
                else:
                    quote = min(quote, room)
        found = Match(traded.qty, traded.price, base, quote)
        for order, room, is_maker in rooms:
            self._settle(order, traded, found, room, is_maker=is_maker)

    def _room(self, order: Order, qty: int) -> int:
        """What this match may cost: nothing that other orders, or the rest of this, hold."""
        account = self.world.accounts.of(order)
        asset, rest = rules.claim(self.world, order.terms, order.left - qty)
        return account.available(asset) + order.held - rest

    def _settle(
        self, order: Order, traded: Print, found: Match, room: int, *, is_maker: bool
    ) -> None:
        """What a match does to one party.

        Args:
            room: What it may cost, in units of the asset that the order gives.
        """
        world, pair = self.world, order.terms.pair
        account, at_ns = world.accounts.of(order), world.now_ns
        bps = fee_bps(pair, account.volume.at(at_ns), maker=is_maker)
        owed = _affordable(order, room, charge(world.catalog, order.terms, found, bps))
        trade = Trade(
            world.ids.new("T"),
            traded.trade_id,
            order.order_id,
            at_ns,
            traded.price,
            traded.qty,
            owed.cost,
            owed.fee,
            is_maker,
        )
        cents = self._cents(pair, owed.cost)
        names, figures = records.names(order), records.fill(order.terms, trade)
        world.journal.write("fill", at_ns, names, figures, usd_cents=cents)
        account.take_part(order, trade)
        account.volume.add(at_ns, cents)
        self.listener.order_changed(order, "trade", trade)
        for leg in owed.legs:
            self.credit(account, leg, "trade", trade.exec_id)
        if order.left:
            self.claim(order)
        else:
            self.close(order, "closed", None)
            self.listener.order_changed(order, "filled")

    def _cents(self, pair: Pair, cost: int) -> int:
        """Dollars of a trade, for the tier of fees."""
        if pair.quote in _DOLLARS:
            return rescaled(cost * CENT, pair.cost_decimals, 0)
        other = self.world.catalog.pairs.get(f"{pair.quote}/USD")
        if other is None:
            return 0
        value = cost * self.world.last_price.get(other.symbol, 0) * CENT
        return rescaled(value, pair.cost_decimals + other.price_decimals, 0)

    def credit(self, account: Account, leg: Leg, kind: str, ref_id: str, subtype: str = "") -> str:
        """Books one leg of an event of a type, with the event's id; the row's id."""
        balance = account.balances[leg.asset] + leg.amount - leg.fee
        ledger_id, at_ns = self.world.ids.new("L"), self.world.now_ns
        amounts = (leg.amount, leg.fee, balance)
        row = LedgerRow(ledger_id, account.name, ref_id, at_ns, kind, leg.asset, *amounts, subtype)
        decimals = self.world.catalog.assets[leg.asset].decimals
        self.world.journal.write("ledger", at_ns, records.ledger(row, decimals))
        account.book(row)
        self.listener.ledger_written(row)
        return ledger_id

    def claim(self, order: Order) -> None:
        """Holds what is left of the order, from here on."""
        account = self.world.accounts.of(order)
        account.hold(order, *rules.claim(self.world, order.terms, order.left))

    def close(self, order: Order, status: str, reason: str | None) -> None:
        """It has ended."""
        order.end(status, reason, self.world.now_ns)
        account = self.world.accounts.of(order)
        account.close_order(order)
        account.hold(order, rules.claimed_asset(order.terms), 0)

    def end(self, order: Order, status: str, reason: str) -> None:
        """Canceled or expired; what is left of it leaves the book."""
        self._leave(order)
        filled = text(order.filled, order.terms.pair.qty_decimals)
        names = records.names(order)
        self.world.journal.write(
            f"order_{status}", self.world.now_ns, names, reason=reason, filled=filled
        )
        self.close(order, status, reason)
        self.listener.order_changed(order, status)

    def lose(self, order: Order) -> None:
        """It is gone without an end: no list, no stream and no answer tells of it any more.

        What it traded stays.
        """
        self._leave(order)
        self.world.journal.write("order_lost", self.world.now_ns, records.names(order))
        order.end("lost", None, self.world.now_ns)
        account = self.world.accounts.of(order)
        account.forget_order(order)
        account.hold(order, rules.claimed_asset(order.terms), 0)

    def _leave(self, order: Order) -> None:
        if order.resting is not None and order.resting.left:
            book = self.world.books[order.terms.pair.symbol]
            book.side(order.terms.side).remove(order.resting)


def _affordable(order: Order, room: int, owed: Charge) -> Charge:
    """Without the last unit of a fee where rounding up would overdraw the account."""
    gives, gets = owed.legs if order.terms.side == "buy" else reversed(owed.legs)
    left = room + gives.amount
    if gives.fee <= left:
        return owed
    gives = msgspec.structs.replace(gives, fee=max(left, 0))
    return msgspec.structs.replace(owed, legs=(gives, gets))
