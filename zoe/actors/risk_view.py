"""What RiskOfficer knows of orders, positions, quotes and balances, as a verdict needs it.

A part of the officer, which owns it; values in, values out.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.domain.amend import Terms
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.exposure import ZERO, Exposures, Reference, Reservation, Resting
from zoe.domain.flatten import Plan, Wanted, plan
from zoe.domain.freshness import Ages
from zoe.domain.order import CONCLUDED, EXTERNAL, Fill, Order, Side
from zoe.domain.order_record import SIDES
from zoe.domain.positions import Positions, quick_traded
from zoe.domain.quantity import Price, plain
from zoe.domain.quick import quick
from zoe.domain.risk import Limits, Situation, TradingState
from zoe.domain.risk_report import in_use
from zoe.messages.journal import StoredRow
from zoe.messages.market import Quote
from zoe.messages.orders import Asked
from zoe.messages.risk import PlanFlatten

_situation: Final = quick(Situation)
_seen_at: Final = quick(Reference)
#: Bid and ask, counted in the pair's last digits, and how many these are.
_Best = tuple[int | None, int | None, int]


def resting(order: Order) -> Resting:
    """An order with everything that it may be asking for."""
    return Resting(order.intent, order.possible_terms, order.filled.value)


class RiskView:
    """The newest of everything."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._quotes: dict[str, Quote] = {}
        #: The best prices of a pair, as its quote counts them and as they are: most quotes change neither.
        self._prices: dict[str, tuple[_Best, Price | None, Price | None]] = {}
        self._orders: dict[str, Resting] = {}
        #: Pairs with an order that no quote has given a price yet.
        self._unpriced: set[str] = set()
        self._ages = Ages()
        #: Amends that were approved and have not been seen to leave yet, the oldest first.
        self._approved: dict[str, list[Terms]] = {}
        self.exposures = Exposures()
        self.positions = Positions()
        self.balances: Mapping[str, Decimal] | None = None
        self.catalog: Catalog | None = None

    def find(self, pair: str) -> Instrument | None:
        """The pair of any of its names."""
        return None if self.catalog is None else self.catalog.find(pair)

    def quote(self, quote: Quote) -> None:
        """A pair's newest quote; orders that waited for one to be valued are valued by it."""
        self._quotes[quote.symbol] = quote
        if quote.symbol in self._unpriced:
            self._unpriced.discard(quote.symbol)
            self._price(quote)

    def _price(self, quote: Quote) -> None:
        for held in self.exposures.of_pair(quote.symbol):
            if held.price is None:
                order = self._orders[held.intent_id]
                self._reserve(order.worst(_reference(quote, 0), self._limits.reach))

    def reference(self, pair: str, now_ns: int) -> Reference | None:
        """What an order is held against; None without a live quote."""
        quote = self._quotes.get(pair)
        if quote is None or not quote.live:
            return None
        best = quote.bid, quote.ask, quote.price_precision
        known = self._prices.get(pair)
        if known is None or known[0] != best:
            known = self._prices[pair] = (best, *_prices(quote))
        return _seen_at(known[1], known[2], quote.age_ns(now_ns))

    def traded(self, rows: tuple[StoredRow, ...]) -> None:
        """What our own fills came to, as the journal has it."""
        for row in rows:
            if row.kind == "order.traded":
                body = row.body
                sums = (Decimal(body["quantity"]), Decimal(body["fees"]))
                traded = quick_traded(body["pair"], SIDES[body["side"]], *sums)
                self.positions.add(traded, row.stream.rpartition("/")[2] or None)

    def reserve(self, order: Resting, worst: Reservation) -> None:
        """Holds an order that is about to be placed, at the worst that it was approved for by a quote."""
        self._orders[worst.intent_id] = order
        self.positions.expect(order.intent)
        self.exposures.reserve(worst)

    def recover(self, asked: Asked, now_ns: int) -> None:
        """Holds what was approved before a restart and has not been seen to leave."""
        order = self._orders.get(asked.intent.intent_id)
        if order is None:
            self.positions.expect(asked.intent)
            self._hold(Resting(asked.intent, (asked.terms,)), now_ns)
        elif asked.terms not in (*order.asks, *self._approved.get(asked.intent.intent_id, ())):
            self.widen(order, asked.terms, now_ns)

    def widen(self, order: Resting, wanted: Terms, now_ns: int) -> None:
        """Holds the larger of an order as it is and as an approved amend would have it."""
        self._approved.setdefault(order.intent.intent_id, []).append(wanted)
        self._hold(order, now_ns)

    def narrow(self, intent_id: str, wanted: Terms, now_ns: int) -> None:
        """An amend that was approved did not leave, and will not: nothing is held for it any more."""
        approved = self._approved.get(intent_id, [])
        if wanted in approved:
            approved.remove(wanted)
            self._hold(self._orders[intent_id], now_ns)

    def resting(self, intent_id: str) -> Resting | None:
        """A live order as it was last seen."""
        return self._orders.get(intent_id)

    def follow(self, order: Order, fill: Fill | None, now_ns: int) -> None:
        """An order's durable change: its reservation and the position move together."""
        intent_id = order.intent.intent_id
        self.positions.follow(order, fill)
        if order.state in CONCLUDED:
            self.release(intent_id)
            return
        approved = self._approved.get(intent_id)
        if approved and order.amend is not None and order.amend.terms in approved:
            # It has left. Whatever was approved before it has too, or was lost with the order's actor.
            del approved[: approved.index(order.amend.terms) + 1]
        self._hold(resting(order), now_ns)

    def release(self, intent_id: str) -> None:
        """The order is concluded, or was never sent."""
        self.positions.forget(intent_id)
        self.exposures.release(intent_id)
        self._orders.pop(intent_id, None)
        self._approved.pop(intent_id, None)

    def _hold(self, order: Resting, now_ns: int) -> None:
        intent_id = order.intent.intent_id
        self._orders[intent_id] = order
        at_worst = order
        for wanted in self._approved.get(intent_id, ()):
            at_worst = at_worst.or_else(wanted)
        reference = self.reference(order.intent.pair, now_ns)
        worst = at_worst.worst(reference, self._limits.reach)
        held = self.exposures.get(intent_id)
        if worst.price is None and held is not None:
            worst = attrs.evolve(worst, price=held.price)
        self._reserve(worst)

    def _reserve(self, worst: Reservation) -> None:
        if worst.price is None:
            self._unpriced.add(worst.pair)
        self.exposures.reserve(worst)

    def situation(
        self, pair: str, state: TradingState, now_ns: int, recent: int, repeats: str | None
    ) -> Situation:
        """What a verdict on a pair depends on.

        Args:
            recent: How many orders were approved in the last minute.
            repeats: One of them that is just like this one.
        """
        reference = self.reference(pair, now_ns)
        if reference is not None:
            self._ages.add(reference.age_ns)
        return _situation(
            limits=self._limits,
            state=state,
            reference=reference,
            exposures=self.exposures,
            positions=self.positions,
            balances=self.balances,
            recent_orders=recent,
            repeats=repeats,
        )

    def increasing(self) -> tuple[str, ...]:
        """Our own orders that do not bring a position nearer to nothing, the oldest spared first."""
        found = []
        for pair in self.exposures.pairs():
            net = self.positions.net(pair)
            room = {Side.SELL: max(net, ZERO), Side.BUY: max(-net, ZERO)}
            for held in self.exposures.of_pair(pair):
                if self._orders[held.intent_id].intent.source == EXTERNAL:
                    continue
                if held.quantity <= room[held.side]:
                    room[held.side] -= held.quantity
                else:
                    found.append(held.intent_id)
        return tuple(found)

    def marks(self, now_ns: int) -> dict[str, Decimal]:
        """What one unit of an asset is worth: the middle of a fresh quote against the currency."""
        found = {}
        tail = f"/{self._limits.currency}"
        for pair in self._quotes:
            reference = self.reference(pair, now_ns) if pair.endswith(tail) else None
            if reference is None or reference.bid is None or reference.ask is None:
                continue
            if reference.age_ns <= self._limits.max_quote_age_ms * 1_000_000:
                middle = (reference.bid.value + reference.ask.value) / 2
                found[pair.removesuffix(tail)] = middle
        return found

    def plan(self, wish: PlanFlatten, now_ns: int) -> Plan:
        """What would close the desk's positions, or sell every balance."""
        if wish.everything:
            return plan(self._all_balances(now_ns), self._limits)
        return plan(self._positions(wish.as_if_canceled, now_ns), self._limits)

    def _positions(self, as_if_canceled: bool, now_ns: int) -> Iterator[Wanted]:
        for pair in self.positions.pairs():
            net = self.positions.net(pair)
            side = Side.SELL if net > 0 else Side.BUY
            # Whatever an order that still works may trade is its own affair.
            rest = max(abs(net) - self._open_quantity(pair, side, as_if_canceled), ZERO)
            base, _, quote = pair.partition("/")
            funds = self._held(base if net > 0 else quote)
            quantity = rest if net > 0 else -rest
            if rest:
                yield Wanted(pair, self.find(pair), quantity, self.reference(pair, now_ns), funds)

    def _open_quantity(self, pair: str, side: Side, as_if_canceled: bool) -> Decimal:
        held = (r for r in self.exposures.of_pair(pair) if r.side is side)
        if as_if_canceled:  # other people's orders stay
            held = (r for r in held if self._orders[r.intent_id].intent.source == EXTERNAL)
        return sum((r.quantity for r in held), ZERO)

    def _all_balances(self, now_ns: int) -> Iterator[Wanted]:
        for asset, amount in sorted((self.balances or {}).items()):
            pair = f"{asset}/{self._limits.currency}"
            if asset != self._limits.currency and amount > 0:
                watched = self.find(pair) if pair in self._quotes else None
                yield Wanted(asset, watched, amount, self.reference(pair, now_ns), amount)

    def _held(self, asset: str) -> Decimal:
        return (self.balances or {}).get(asset, ZERO)

    def report(self, recent_orders: int, now_ns: int) -> dict[str, Any]:
        """Limits in use and positions, for people to read."""
        pairs = {*self.exposures.pairs(), *self.positions.pairs()}
        references = {pair: self.reference(pair, now_ns) for pair in pairs}
        limits = in_use(self._limits, self.exposures, self.positions, references, recent_orders)
        positions = [
            {"pair": pair, "position": plain(self.positions.net(pair))}
            for pair in self.positions.pairs()
        ]
        ages = self._ages.shown()
        return {"limits": list(limits), "positions": positions, "quote_age_at_decision": ages}


def _reference(quote: Quote, age_ns: int) -> Reference:
    return Reference(*_prices(quote), age_ns)


def _prices(quote: Quote) -> tuple[Price | None, Price | None]:
    bid, ask = quote.bid_price, quote.ask_price
    return None if bid is None else Price(bid), None if ask is None else Price(ask)
