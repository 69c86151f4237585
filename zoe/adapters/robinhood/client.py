"""RobinhoodClient: Robinhood crypto for people who use the adapter from their own program.

Blocking; one client a thread. It has its own connection and never repeats a write. The exchange has neither
sockets nor amends, and nothing but a list by which an order can be found whose answer was lost: see ``find_order``.
"""

import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, Self

import attrs

from zoe.adapters.robinhood import values, wire
from zoe.adapters.robinhood.order_form import NewOrder, refusal
from zoe.adapters.robinhood.quotes import Quotes
from zoe.adapters.robinhood.rest import REST_URL, CallerSettings, Query, RestCaller
from zoe.adapters.robinhood.sign import Credentials
from zoe.adapters.robinhood.symbols import ours, theirs
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import ConfigError, ExchangeRejected, ExchangeUnavailable, WireError
from zoe.domain.money import Money
from zoe.domain.order import Fill, Side
from zoe.domain.quantity import Quantity
from zoe.ports.exchange import (
    AT_MARKET,
    BestBidAsk,
    Holding,
    OrderReport,
    OrderTerms,
    PlacedOrder,
    results,
    size_of,
)

CASH: Final = "USD"
#: How long a list of pairs is good.
CATALOG_NS: Final = 3_600_000_000_000
#: Between looks at an order that was asked to be canceled: it takes about a second.
CANCEL_PAUSES: Final = (0.5, 1.0, 2.0, 2.0, 2.0)
#: How far the exchange's clock may be from ours where an order is looked for.
LOOK_BACK_NS: Final = 30_000_000_000
_STATUS: Final = {"active": "online", "sell_only": "reduce_only", "deactivated": "maintenance"}
_NOT_FOUND: Final = "HTTP 404"
_DOWN: Final = "HTTP 503"


class RobinhoodClient:
    """See zoe.ports.exchange.ExchangeClient, and ``find_order`` beside.

    Args:
        settings: How calls are made; by default version 2 of Robinhood's own interface.
    """

    def __init__(self, credentials: Credentials, settings: CallerSettings | None = None) -> None:
        self._settings = settings or CallerSettings()
        self._caller = RestCaller(credentials, self._settings)
        self._quotes = Quotes(self._caller, self._settings.api_version)
        self._catalog: Catalog | None = None
        self._catalog_ns = 0
        self._account_number: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With RH_CRYPTO_API_KEY and RH_CRYPTO_PRIVATE_KEY_SEED, and RH_CRYPTO_BASE_URL if there is one.

        Raises:
            ConfigError: One is missing, or none.
        """
        told = os.environ if environ is None else environ
        if not all(told.get(name) for name in ("RH_CRYPTO_API_KEY", "RH_CRYPTO_PRIVATE_KEY_SEED")):
            raise ConfigError(
                "no Robinhood key: set RH_CRYPTO_API_KEY and RH_CRYPTO_PRIVATE_KEY_SEED, or put them in .env"
            )
        credentials = Credentials(
            told.get("RH_CRYPTO_API_KEY", ""), told.get("RH_CRYPTO_PRIVATE_KEY_SEED", "")
        )
        return cls(credentials, CallerSettings(rest_url=told.get("RH_CRYPTO_BASE_URL") or REST_URL))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._caller.close()

    # What every exchange offers

    def get_balance(self, asset: str = CASH) -> Money:
        """What can be spent of one asset; of USD the buying power, which is all that is told of cash."""
        asset = asset.upper()
        if asset == CASH:
            return Money(CASH, self._account().buying_power)
        query = self._of_account((("asset_code", asset),))
        rows = self._caller.pages(wire.HOLDINGS, "trading/holdings/", query)
        held = {row.asset_code: row.quantity_available_for_trading for row in rows}
        return Money(asset, held.get(asset, Decimal(0)))

    def get_holdings(self) -> tuple[Holding, ...]:
        """Every asset of which there is something; cash is no holding there."""
        rows = self._caller.pages(wire.HOLDINGS, "trading/holdings/", self._of_account())
        # A row that moves while pages are turned comes twice.
        held = {row.asset_code: row for row in rows}
        return tuple(values.holding(row) for row in held.values() if row.total_quantity)

    def place_order(
        self,
        pair: str,
        side: Side | str,
        *,
        quantity: Decimal | str | None = None,
        notional: Decimal | str | None = None,
        terms: OrderTerms = AT_MARKET,
    ) -> PlacedOrder:
        """Places an order of a quantity in base, or worth ``notional`` in quote; sent once.

        A notional is divided by the limit, by the stop where there is no limit, and at the market by the price that
        the exchange estimates for about as much; the quantity is rounded down to the pair's step. A quantity at the
        market is held against the least amount by a quote, and where there is none left to the exchange.

        Raises:
            ValueError: Not exactly one of the two, an unknown pair, below a minimum, terms that Robinhood
                does not have, or a client order id that is no UUID.
            ExchangeUnavailable: Whether it was placed is unknown: look by ``find_order``.
            WireError: It may have been placed, and what was answered makes no sense.
        """
        missing = refusal(terms)
        if missing is not None:
            raise ValueError(f"Robinhood has no {missing}")
        instrument, wanted = self._instrument(pair), Side(side)
        size = self._size(instrument, wanted, quantity, notional, terms)
        own_id = _id(terms.client_order_id) if terms.client_order_id else str(uuid.uuid4())
        order = NewOrder(theirs(instrument.symbol), wanted, size, terms, own_id)
        body = self._caller.write("trading/orders/", self._of_account(), order.body())
        row = wire.parse(wire.ORDER, body)
        if (row.client_order_id or "").lower() != own_id:
            raise WireError("the answer is of another order", body)
        if row.state == "failed" and not row.filled_asset_quantity:
            raise ExchangeRejected(f"order {row.id} failed")
        return PlacedOrder(
            row.id, own_id, instrument.symbol, wanted, Quantity(size), f"{row.type} {row.state}"
        )

    def find_order(self, client_order_id: str, placed_after_ns: int) -> OrderReport | None:
        """The order with a client's own id, where the list has it; None proves nothing until the list has caught up.

        Args:
            placed_after_ns: Our wall time before it was sent.

        Raises:
            ValueError: The id is no UUID.
        """
        # An id that is written otherwise is the same: it was sent in lower case.
        own_id, since = _id(client_order_id), wire.rfc3339(placed_after_ns - LOOK_BACK_NS)
        for row in self._orders((("created_at_start", since),)):
            if row.client_order_id is not None and row.client_order_id.lower() == own_id:
                return values.report(row)
        return None

    def get_order(self, order_id: str) -> OrderReport:
        """One order by the exchange's id; where nothing stands under it, the list is gone through.

        Raises:
            ExchangeRejected: The exchange does not know it, or not yet.
        """
        return values.report(self._order(order_id))

    def get_order_fills(self, order_id: str) -> tuple[Fill, ...]:
        """The order's fills, oldest first, under ids of our own: the exchange gives them none.

        Raises:
            ExchangeRejected: As of ``get_order``.
            WireError: They do not come to what the order says is filled.
        """
        return values.fills(self._order(order_id))

    def cancel_order(self, order_id: str) -> int:
        """Asks for a cancel and looks until the order is over, some seconds at most; 1 where it was canceled, 0
        where it had been filled, or had failed, before.

        Raises:
            ExchangeRejected: The exchange does not know it, or refused, and it is not over.
            ExchangeUnavailable: Not over yet, or no answer: ask again.
        """
        path = f"trading/orders/{_order_id(order_id)}/cancel/"
        try:
            self._caller.write(path, (), None)
        except ExchangeRejected:
            row = self._order(order_id)
            if values.is_over(row):
                return 0
            raise
        for pause in CANCEL_PAUSES:
            row = self._order(order_id)
            if values.is_over(row):
                return int(row.state == "canceled")
            self._settings.pause(pause)
        raise ExchangeUnavailable(
            f"order {order_id} was asked to be canceled, and is {row.state[:40]}"
        )

    def get_open_orders(self) -> tuple[OrderReport, ...]:
        """Every open order."""
        more = "pending" if self._settings.api_version == 2 else "partially_filled"
        rows = {
            row.id: row
            for state in ("open", more)
            for row in self._orders((("state", state),))
            if not values.is_over(row)
        }
        return tuple(values.report(row) for row in rows.values())

    def get_best_bid_ask(self, pair: str) -> BestBidAsk:
        """The best prices of one pair; crossed now and then, since the exchange samples them apart.

        Raises:
            ValueError: An unknown pair.
            ExchangeRejected: The exchange has none of it.
        """
        symbol = ours(pair)
        found = self.get_best_bid_ask_batch([symbol]).get(symbol)
        if found is None:
            raise ExchangeRejected(f"no quote of {symbol}")
        return found

    def get_best_bid_ask_batch(self, pairs: Sequence[str]) -> Mapping[str, BestBidAsk]:
        """The best prices of some pairs, by their symbols, in the order they were asked for.

        Raises:
            ValueError: An unknown pair; one that is known and has no prices is left out.
        """
        found = self._quotes.batch(pairs)
        for pair in pairs:
            if ours(pair) not in found:
                self._instrument(pair)
        return found

    def get_best_bid_ask_results(
        self, pairs: Sequence[str]
    ) -> dict[str, list[dict[str, str | None]]]:
        """The same in the ``{"results": [...]}`` form that older callers use."""
        return results(tuple(self.get_best_bid_ask_batch(pairs).values()))

    def get_trading_pairs(self) -> tuple[Instrument, ...]:
        """Every pair, asked for anew."""
        rows = self._caller.pages(wire.PAIRS, "trading/trading_pairs/")
        pairs = tuple(values.instrument(row) for row in rows)
        self._catalog = Catalog(1, {pair.symbol: pair for pair in pairs})
        self._catalog_ns = time.monotonic_ns()
        return pairs

    def get_system_status(self) -> str:
        """``online`` when all is well; ``reduce_only`` where the account may only sell, ``maintenance`` where it, or
        the exchange, does nothing. There is no other word of it."""
        try:
            return _STATUS.get(self._account().status, "maintenance")
        except ExchangeUnavailable as problem:
            if str(problem).startswith(_DOWN):
                return "maintenance"
            raise

    def get_exchange_date(self) -> str | None:
        """The exchange's clock in whole seconds, as HTTP writes it; None where it says none."""
        return self._caller.date()

    # Inside

    def _account(self) -> wire.Account:
        """The account that may be traded by this interface; the first where none says so."""
        path = "trading/accounts/"
        if self._settings.api_version == 1:
            return wire.parse(wire.ACCOUNT, self._caller.read(path))
        rows = list(self._caller.pages(wire.ACCOUNTS, path))
        found = next((row for row in rows if row.is_api_tradable), rows[0] if rows else None)
        if found is None:
            raise ExchangeRejected("the key has no account")
        return found

    def _of_account(self, query: Query = ()) -> Query:
        if self._settings.api_version == 1:
            return query
        if self._account_number is None:
            self._account_number = self._account().account_number
        return (("account_number", self._account_number), *query)

    def _orders(self, query: Query) -> Iterator[wire.OrderRow]:
        return self._caller.pages(wire.ORDERS, "trading/orders/", self._of_account(query))

    def _order(self, order_id: str) -> wire.OrderRow:
        wanted = _order_id(order_id)
        try:
            body = self._caller.read(f"trading/orders/{wanted}/", self._of_account())
        except ExchangeRejected as refused:
            # The documents do not have this path: the list, which they have, has the last word.
            found = self._listed(wanted) if str(refused).startswith(_NOT_FOUND) else None
            if found is None:
                raise
            return found
        row = wire.parse(wire.ORDER, body)
        if row.id.lower() != wanted:
            raise WireError("the answer is of another order", body)
        return row

    def _listed(self, order_id: str) -> wire.OrderRow | None:
        # Version 2 has no filter by the id.
        rows = self._orders((("id", order_id),) if self._settings.api_version == 1 else ())
        return next((row for row in rows if row.id.lower() == order_id), None)

    def _instrument(self, pair: str) -> Instrument:
        symbol = ours(pair)
        if self._catalog is None or time.monotonic_ns() - self._catalog_ns > CATALOG_NS:
            self.get_trading_pairs()
        assert self._catalog is not None
        known = self._catalog.instruments.get(symbol)
        if known is None:
            raise ValueError(f"pair {pair!r} is unknown")
        return known

    def _size(
        self,
        pair: Instrument,
        side: Side,
        quantity: Decimal | str | None,
        notional: Decimal | str | None,
        terms: OrderTerms,
    ) -> Decimal:
        if (quantity is None) == (notional is None):
            raise ValueError("an order needs either a quantity or a notional")
        limit = terms.limit or terms.stop
        price = None if limit is None else limit.value
        if quantity is not None:
            size = size_of(quantity)
        else:
            assert notional is not None
            worth = size_of(notional)
            price = price or self._quotes.estimate(pair, side, worth)
            size = pair.quantity_worth(worth, price)
        if side is Side.SELL and pair.status == "reduce_only":
            pair = attrs.evolve(pair, status="online")
        # An estimate need not be a price that an order may have.
        problem = pair.check_order(size, None if limit is None else price)
        if problem is None and limit is not None and terms.stop is not None:
            problem = pair.check_order(size, terms.stop.value)
        if problem is None and price is None and pair.cost_min:
            price = self._quotes.highest(pair.symbol)
        if problem is None and price is not None and price * size < pair.cost_min:
            problem = f"cost {price * size} is below the minimum {pair.cost_min}"
        if problem is not None:
            raise ValueError(f"{pair.symbol}: {problem}")
        return size


def _id(order_id: str) -> str:
    return str(uuid.UUID(order_id))


def _order_id(told: str) -> str:
    """Raises ExchangeRejected for what no order there can be called."""
    try:
        return _id(told)
    except ValueError:
        raise ExchangeRejected(f"no order has the id {told[:40]!r}: those here are UUIDs") from None
