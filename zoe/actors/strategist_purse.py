"""What a strategist knows of the account: balances, orders, its sleeve and its day; a part of that actor.

The sleeve is what the strategy's own executions came to: read from the journal at a start, told by the orders
afterwards, each counted once by the exchange's id of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.counted import Counted
from zoe.domain.order import CONCLUDED, TRIGGERED, CancelProgress, Fact, Fill, Order, Side, State
from zoe.domain.order_record import fill_of
from zoe.domain.quantity import EXACT
from zoe.domain.quick import quick
from zoe.domain.resting_stop import is_guard, trigger_at
from zoe.domain.strategy import record
from zoe.domain.strategy.market import Level
from zoe.domain.strategy.own import OwnFill, Stage, WorkingOrder
from zoe.domain.strategy.sleeve import Sleeve, sellable, unassigned
from zoe.messages.journal import StoredRow
from zoe.messages.ledger import BalancesChanged, FeesKnown
from zoe.ports.journal import EXECUTIONS

ZERO: Final = Decimal(0)
#: So many executions are read before the next start is spared them.
MARK_EACH: Final = 1_000
DAY_NS: Final = 86_400_000_000_000
#: What a bid holds beside its cost, at most: the dearest fee.
_HOLD: Final = Decimal("1.005")
_BPS: Final = Decimal(10_000)
_WORKING: Final = quick(WorkingOrder)


@attrs.frozen
class Mark:
    """What the executions up to a number of the journal came to: a start reads on from there.

    Attributes:
        through: That number; 0: nothing was read yet.
        days: Of each pair: number of its newest day, flow, and what was held before.
        fees: Of each pair: whether of a maker, what it cost in bps, and when.
    """

    schema: int = 1
    through: int = 0
    sleeve: Sleeve = attrs.field(factory=Sleeve)
    days: tuple[tuple[str, int, Decimal, Decimal], ...] = ()
    fees: tuple[tuple[str, bool, Decimal, int], ...] = ()


@attrs.define
class _Day:
    """What a pair's executions of one UTC day came to, in quote, and what was held before them."""

    number: int
    flow: Decimal = ZERO
    before: Decimal = ZERO
    #: What a unit was worth when the day began, or when it was first looked at.
    mark: Decimal | None = None


class Purse:
    """The account as far as it was told.

    Args:
        source: Of the strategy's orders.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._orders: dict[str, Order] = {}
        self._since_ns: dict[str, int] = {}
        self._ours: dict[str, tuple[Level, ...]] = {}
        self._counted = Counted()
        self._fills: dict[str, list[OwnFill]] = {}
        self._days: dict[str, _Day] = {}
        #: What a pair costs, in bps: maker, taker; as the newest execution or answer said, and when.
        self._fees: dict[tuple[str, bool], tuple[Decimal, int]] = {}
        self._catalog: Catalog | None = None
        self.balances: Mapping[str, Decimal] | None = None
        self.sleeve = Sleeve()
        #: Another one whenever anything here has changed.
        self.version = 0
        self._shown: dict[str, tuple[int, tuple[tuple[WorkingOrder, int], ...]]] = {}

    def learn(self, catalog: Catalog) -> None:
        """Takes the newest catalogue."""
        self.version += 1
        self._catalog = catalog

    def claim(self, pair: str, quantity: Decimal, at_ns: int) -> None:
        """Coins that the configuration gives it; what they cost is not known."""
        self.version += 1
        self.sleeve = self.sleeve.given(pair, quantity, ZERO, at_ns)

    def read_on(self, marks: Sequence[StoredRow]) -> int:
        """Begins where an earlier start has read to; that number, 0 for the beginning.

        A mark that another version wrote is none: executions can be read again.
        """
        self.version += 1
        try:
            mark = record.read_state(Mark, marks[-1].body["state"]) if marks else Mark()
        except record.StateRefused:
            mark = Mark()
        self.sleeve = mark.sleeve
        self._days = {pair: _Day(day, flow, before) for pair, day, flow, before in mark.days}
        self._fees = {(pair, maker): (bps, at_ns) for pair, maker, bps, at_ns in mark.fees}
        return mark.through

    def stored(self, rows: Iterable[StoredRow], now_ns: int) -> int:
        """Executions that are durable, in order; how many they are."""
        self.version += 1
        count = 0
        for row in rows:
            if row.kind == EXECUTIONS:
                self._counted.begin(row.body["exec_ids"])
                continue
            intent_id, fill = row.stream.rpartition("/")[2], fill_of(row.body)
            if self._counted.takes(fill):
                self._count(intent_id, fill, row.body.get("slot"), now_ns)
            self.sleeve = self.sleeve.settled(intent_id)
            count += 1
        # What happened before is no news: its decisions have been made.
        self._fills.clear()
        return count

    def mark(self, through: int) -> Mark:
        """What has been stored, for the next start; asked for before anything else is told."""
        days = ((pair, day.number, day.flow, day.before) for pair, day in self._days.items())
        fees = ((*whose, *what) for whose, what in self._fees.items())
        return Mark(1, through, self.sleeve, tuple(sorted(days)), tuple(sorted(fees)))

    def reported(self, orders: Iterable[Order], now_ns: int) -> None:
        """Every order that is not concluded, whoever placed it."""
        told = {order.intent.intent_id: order for order in orders}
        for intent_id in self._orders.keys() - told.keys():
            self.forget(intent_id)
        for order in told.values():
            self.follow(order, now_ns)

    def follow(self, order: Order, now_ns: int, fact: Fact | None = None) -> str | None:
        """An order after a change; the pair whose decision may be another now, if it is ours.

        Args:
            fact: What has changed it.
        """
        self.version += 1
        intent = order.intent
        before = self._orders.get(intent.intent_id)
        if before is None or before.terms != order.terms or before.state is not order.state:
            self._since_ns[intent.intent_id] = now_ns
        if order.state in CONCLUDED:
            self._orders.pop(intent.intent_id, None)
            self._since_ns.pop(intent.intent_id, None)
        else:
            self._orders[intent.intent_id] = order
        self._ours.pop(intent.pair, None)
        if intent.source != self._source:
            return None
        for fill in order.fills:
            is_news = fact is not None and fact.fill == fill
            if self._counted.takes(fill, is_news=is_news):
                self._count(intent.intent_id, fill, intent.slot, now_ns)
        if order.settled:
            self.sleeve = self.sleeve.settled(intent.intent_id)
        return intent.pair

    def forget(self, intent_id: str) -> None:
        """An order that was never sent."""
        self.version += 1
        order = self._orders.pop(intent_id, None)
        self._since_ns.pop(intent_id, None)
        if order is not None:
            self._ours.pop(order.intent.pair, None)

    def _count(self, intent_id: str, fill: Fill, slot: str | None, now_ns: int) -> None:
        pair = self._pair(fill.pair)
        before = self.sleeve.of(fill.pair).quantity
        self.sleeve = self.sleeve.after(intent_id, fill)
        self._book_day(fill, before)
        bps, is_maker = _fee_bps(fill, base_of(fill.pair)), not fill.liquidity.startswith("t")
        if fill.exchange_ns >= self._fees.get((fill.pair, is_maker), (bps, 0))[1]:
            self._fees[fill.pair, is_maker] = (bps, fill.exchange_ns)
        if pair is not None:
            told = _own_fill(fill, slot, pair, bps)
            self._fills.setdefault(fill.pair, []).append(told)

    def hear(self, news: BalancesChanged | FeesKnown, now_ns: int) -> None:
        """What the account holds, or what trading costs it."""
        self.version += 1
        if isinstance(news, BalancesChanged):
            self.balances = dict(news.totals)
            return
        for fee in news.fees:
            self._fees[fee.symbol, True] = (fee.maker_bps, now_ns)
            self._fees[fee.symbol, False] = (fee.taker_bps, now_ns)

    def fee_bps(self, pair: str, now_ns: int, *, maker: bool) -> Decimal | None:
        """What a pair costs at the account's tier; None where nothing has said so for a day."""
        bps, at_ns = self._fees.get((pair, maker), (None, 0))
        return bps if now_ns - at_ns < DAY_NS else None

    def _book_day(self, fill: Fill, before: Decimal) -> None:
        number = fill.exchange_ns // DAY_NS
        day = self._days.get(fill.pair)
        if day is None or day.number < number:
            day = self._days[fill.pair] = _Day(number, before=before)
        sign = -1 if fill.side is Side.BUY else 1
        fee = fill.fee if fill.fee_asset != base_of(fill.pair) else ZERO
        day.flow = EXACT.subtract(EXACT.add(day.flow, sign * fill.cost), fee)

    def _pair(self, symbol: str) -> Instrument | None:
        return None if self._catalog is None else self._catalog.instruments.get(symbol)

    def fills(self, pair: str) -> tuple[OwnFill, ...]:
        """Executions of the pair since it was last asked."""
        return tuple(self._fills.pop(pair, ()))

    def working(self, pair: Instrument, now_ns: int) -> tuple[WorkingOrder, ...]:
        """The strategy's own orders in a pair that are not concluded."""
        version, known = self._shown.get(pair.symbol, (-1, ()))
        if version != self.version:
            known = tuple(
                (self._working(order, pair), self._since_ns.get(order.intent.intent_id, now_ns))
                for order in self._orders.values()
                if order.intent.pair == pair.symbol and order.intent.source == self._source
            )
            self._shown[pair.symbol] = self.version, known
        return tuple([_aged(order, max(now_ns - since_ns, 0)) for order, since_ns in known])

    def _working(self, order: Order, pair: Instrument) -> WorkingOrder:
        intent, price = order.intent, order.terms.limit_price
        units = 0 if price is None else int(price.value.scaleb(pair.price_precision))
        remaining = int(order.remaining.value.scaleb(pair.qty_precision))
        trigger = None
        if is_guard(intent):
            waits_for = trigger_at(intent, order.terms)
            trigger = (
                None if waits_for is None else int(waits_for.value.scaleb(pair.price_precision))
            )
            # It may hold as much as an amend on its way would have it hold.
            most = max(terms.quantity.value for terms in order.possible_terms)
            remaining = int((most - order.filled.value).scaleb(pair.qty_precision))
        key = (intent.slot or "").rpartition(" ")[2]
        return WorkingOrder(key, intent.side, units, remaining, _stage(order), trigger=trigger)

    def ours(self, symbol: str) -> tuple[Level, ...]:
        """Price and quantity of our own resting orders in a pair; a bid's quantity is negative."""
        known = self._ours.get(symbol)
        if known is None:
            known = self._ours[symbol] = self._levels(symbol)
        return known

    def _levels(self, symbol: str) -> tuple[Level, ...]:
        pair = self._pair(symbol)
        if pair is None:
            return ()
        found: list[Level] = []
        for order in self._orders.values():
            price = order.terms.limit_price
            in_book = order.state is State.WORKING and order.intent.order_type not in TRIGGERED
            if order.intent.pair == symbol and price is not None and in_book:
                quantity = int(order.remaining.value.scaleb(pair.qty_precision))
                signed = -quantity if order.intent.side is Side.BUY else quantity
                found.append((int(price.value.scaleb(pair.price_precision)), signed))
        return tuple(found)

    def cash(self, pair: Instrument) -> Decimal | None:
        """Quote that may be spent in a pair: what is free, and what its own working bids hold."""
        if self.balances is None:
            return None
        held = ZERO
        for order in self._orders.values():
            intent, price = order.intent, order.terms.limit_price
            own = intent.pair == pair.symbol and intent.source == self._source
            same = intent.side is Side.BUY and intent.pair.partition("/")[2] == pair.quote
            if same and price is not None and not own:
                held += price.value * order.remaining.value * _HOLD
        return max(self.balances.get(pair.quote, ZERO) - held, ZERO)

    def sellable(self, pair: Instrument) -> Decimal:
        """What it may sell in a pair: of its sleeve what the account has."""
        balance = (self.balances or {}).get(pair.base, ZERO)
        nobodys = unassigned(pair.base, balance, (self.sleeve,))
        return sellable(self.sleeve, pair.symbol, pair.base, nobodys)

    def day_quote(self, pair: str, mid: Decimal | None, now_ns: int) -> Decimal:
        """What the strategy has won in a pair since 00:00 UTC, in quote; 0 without a price."""
        number, held = now_ns // DAY_NS, self.sleeve.of(pair).quantity
        day = self._days.get(pair)
        if day is None or day.number != number:
            if not held:
                self._days.pop(pair, None)
                return ZERO
            day = self._days[pair] = _Day(number, before=held)
        if mid is None:
            return ZERO
        if day.mark is None:
            day.mark = mid
        return day.flow + held * mid - day.before * day.mark

    @property
    def traded_pairs(self) -> tuple[str, ...]:
        """Pairs that it holds something of, or has traded today."""
        return tuple(sorted({*self._days, *(pair for pair, _ in self.sleeve.holdings)}))

    @property
    def own_pairs(self) -> tuple[str, ...]:
        """Pairs in which it holds something, or has an order."""
        own = (o.intent.pair for o in self._orders.values() if o.intent.source == self._source)
        return tuple(sorted({*own, *(pair for pair, _ in self.sleeve.holdings)}))


def _aged(order: WorkingOrder, age_ns: int) -> WorkingOrder:
    """An order of that age; all else of it is told of by changes."""
    return _WORKING(
        *(order.key, order.side, order.price, order.remaining, order.stage),
        *(age_ns // 1_000_000, order.ahead, order.trigger),
    )


def base_of(pair: str) -> str:
    """The base asset of a pair's symbol."""
    return pair.partition("/")[0]


def _fee_bps(fill: Fill, base: str) -> Decimal:
    """What an execution cost, in bps of its own cost."""
    fee = fill.fee if fill.fee_asset != base else fill.fee * fill.price.value
    return round(fee * _BPS / fill.cost, 3) if fill.cost else ZERO


def _own_fill(fill: Fill, slot: str | None, pair: Instrument, fee_bps: Decimal) -> OwnFill:
    return OwnFill(
        fill.exec_id,
        (slot or "").rpartition(" ")[2],
        fill.side,
        int(fill.price.value.scaleb(pair.price_precision)),
        int(fill.quantity.value.scaleb(pair.qty_precision)),
        fill.exchange_ns,
        fee_bps,
        is_maker=not fill.liquidity.startswith("t"),
    )


def _stage(order: Order) -> Stage:
    if order.state is State.IN_DOUBT:
        return Stage.IN_DOUBT
    quiet = order.amend is None and order.cancel is CancelProgress.NONE
    return Stage.RESTING if order.state is State.WORKING and quiet else Stage.IN_FLIGHT
