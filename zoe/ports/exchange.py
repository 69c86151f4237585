"""An exchange as a library's user sees it: blocking calls, domain values in and out.

For people who use an adapter from their own program, and for edges such as ``doctor``. No actor uses
it: actors speak to ports/venue.py and the wire.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.money import Money
from zoe.domain.order import Fill, OrderType, Side, TimeInForce
from zoe.domain.quantity import NUMBER, Price, Quantity


@attrs.frozen
class Holding:
    """What the account has of one asset; ``available`` is what no open order holds."""

    asset: str
    total: Decimal
    available: Decimal


@attrs.frozen
class BestBidAsk:
    """The best prices of a pair; None where a side is empty.

    Attributes:
        received_ns: Our wall time of the answer.
    """

    symbol: str
    bid: Price | None
    ask: Price | None
    received_ns: int

    def row(self) -> dict[str, str | None]:
        """A row of the ``{"results": [...]}`` form that older callers use."""
        bid, ask = self.bid, self.ask
        prices = {
            "bid": None if bid is None else str(bid),
            "ask": None if ask is None else str(ask),
        }
        middle = None if bid is None or ask is None else Price((bid.value + ask.value) / 2)
        return {
            "symbol": self.symbol.replace("/", "-"),
            "price": None if middle is None else str(middle),
            "bid_inclusive_of_sell_spread": prices["bid"],
            "ask_inclusive_of_buy_spread": prices["ask"],
            **prices,
        }


def results(quotes: Sequence[BestBidAsk]) -> dict[str, list[dict[str, str | None]]]:
    """Quotes in the form that older callers use."""
    return {"results": [quote.row() for quote in quotes]}


@attrs.frozen(kw_only=True)
class OrderTerms:
    """How an order is to be executed; by default at the market.

    Attributes:
        limit: Without it the order is a market order.
        stop: Makes it a stop-loss order, triggered at this price.
        take_profit: Makes it a take-profit order, triggered at this price.
        client_order_id: A UUID; made anew where it is None.
    """

    limit: Price | None = None
    stop: Price | None = None
    take_profit: Price | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expire_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    client_order_id: str | None = None

    def __attrs_post_init__(self) -> None:
        """Raises ValueError for terms that contradict each other."""
        if self.stop is not None and self.take_profit is not None:
            raise ValueError("an order is stop-loss or take-profit, not both")
        if self.post_only and self.limit is None:
            raise ValueError("a post-only order needs a limit")

    @property
    def trigger(self) -> Price | None:
        """The price that wakes the order, None for one that is awake."""
        return self.stop if self.stop is not None else self.take_profit

    @property
    def order_type(self) -> OrderType:
        """What kind of order that is."""
        limited = self.limit is not None
        if self.stop is not None:
            return OrderType.STOP_LOSS_LIMIT if limited else OrderType.STOP_LOSS
        if self.take_profit is not None:
            return OrderType.TAKE_PROFIT_LIMIT if limited else OrderType.TAKE_PROFIT
        return OrderType.LIMIT if limited else OrderType.MARKET


AT_MARKET: Final = OrderTerms()
#: Of a size or a worth: beyond it no exchange counts.
_MOST_DIGITS: Final = 30


def size_of(told: object) -> Decimal:
    """A quantity or a notional as somebody's program gives it: a Decimal, a text, or an int.

    Raises:
        TypeError: Anything else, a float above all: nobody knows which number was meant. Nor is True 1.
        ValueError: No number, negative, or absurd.
    """
    if not isinstance(told, Decimal | str | int) or isinstance(told, bool):
        kind = type(told).__name__
        raise TypeError(f"a quantity or a notional must be a Decimal or a text, not a {kind}")
    if isinstance(told, str) and not NUMBER.fullmatch(told):
        raise ValueError(f"{told[:40]!r} is not a number")
    found = Decimal(told)
    if not found.is_finite() or found < 0 or abs(found.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{str(told)[:40]} is no size of an order")
    return found


@attrs.frozen
class PlacedOrder:
    """An order that the exchange accepted; it may be filled or gone already.

    Attributes:
        order_id: Empty where it was only checked.
        description: In the exchange's own words.
    """

    order_id: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Quantity
    description: str


@attrs.frozen
class OrderReport:
    """An order as the exchange shows it.

    Attributes:
        status: In Kraken's words: pending, open, closed (filled), canceled, expired.
        order_type: In the exchange's words.
    """

    order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    order_type: str
    status: str
    quantity: Quantity
    filled: Quantity
    limit: Price | None
    average_price: Price | None
    cost: Decimal
    fee: Decimal
    opened_ns: int
    closed_ns: int | None
    reason: str | None

    @property
    def remaining(self) -> Quantity:
        """What is not filled."""
        return Quantity(max(self.quantity.value - self.filled.value, Decimal(0)))


@runtime_checkable
class ExchangeClient(Protocol):
    """What every exchange offers.

    Every call may raise ExchangeRejected, ExchangeThrottled, ExchangeUnavailable (a write's outcome
    is then unknown: look before asking again) and WireError.
    """

    def get_balance(self, asset: str = "USD") -> Money:
        """What can be spent of one asset, its name in any case; 0 of one that the account never had."""

    def get_holdings(self) -> tuple[Holding, ...]:
        """Every asset of which there is something."""

    def place_order(
        self,
        pair: str,
        side: Side | str,
        *,
        quantity: Decimal | str | None = None,
        notional: Decimal | str | None = None,
        terms: OrderTerms = AT_MARKET,
    ) -> PlacedOrder:
        """Places an order of a quantity in base, or worth ``notional`` in quote.

        Raises:
            ValueError: Not exactly one of the two, no number, an unknown pair, below a minimum, or
                terms that the exchange does not have. Nothing was sent.
            TypeError: A float.
        """

    def get_order(self, order_id: str) -> OrderReport:
        """One order.

        Raises:
            ExchangeRejected: The exchange does not know it.
        """

    def get_order_fills(self, order_id: str) -> tuple[Fill, ...]:
        """The order's fills, oldest first: never fewer than the order says it had.

        Raises:
            ExchangeRejected: The exchange does not know the order.
            ExchangeUnavailable: They do not come to what is filled, since its history lags: ask again.
            WireError: The same, of an exchange that tells both in one answer.
        """

    def cancel_order(self, order_id: str) -> int:
        """Cancels; returns how many orders that was: 0 where it was over before.

        Raises:
            ExchangeRejected: The exchange does not know it, or does not tell that from an order that is
                over, as Kraken does not.
        """

    def get_open_orders(self) -> tuple[OrderReport, ...]:
        """Every open order."""

    def get_best_bid_ask(self, pair: str) -> BestBidAsk:
        """The best prices of one pair; ``results`` has the form that older callers use.

        Raises:
            ValueError: An unknown pair.
            ExchangeRejected: A known one, of which there are none.
        """

    def get_best_bid_ask_batch(self, pairs: Sequence[str]) -> Mapping[str, BestBidAsk]:
        """The best prices of some pairs by their symbols, in the order they were asked for; pairs of
        which there are none are left out.

        Raises:
            ValueError: An unknown pair.
        """

    def get_trading_pairs(self) -> tuple[Instrument, ...]:
        """Every pair."""

    def get_system_status(self) -> str:
        """The exchange's state, ``online`` when all is well."""
