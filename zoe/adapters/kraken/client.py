"""KrakenClient: Kraken spot for people who use the adapter from their own program.

Blocking; one client a thread. It has its own connection, never repeats a write, and takes its nonces
from a file that every program with the same key shares. A desk does not use it: see venue.py.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec

from zoe.adapters.kraken import account_calls as account
from zoe.adapters.kraken import answers, api
from zoe.adapters.kraken import history_calls as history
from zoe.adapters.kraken import public_calls as market
from zoe.adapters.kraken import trading_calls as trading
from zoe.adapters.kraken.client_values import best_bid_ask, entry, fill, report, whole_fills
from zoe.adapters.kraken.order_form import NewOrder
from zoe.adapters.kraken.paging import all_pages
from zoe.adapters.kraken.rest import CallerSettings, RestCaller
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.symbols import asset_name
from zoe.adapters.kraken.venue import REST_URL
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import ExchangeRejected
from zoe.domain.exchange_clock import ExchangeClock
from zoe.domain.money import Money
from zoe.domain.order import Fill, Side
from zoe.domain.quantity import Quantity, plain
from zoe.messages.exchange import BalanceEntry
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

Row = TypeVar("Row")
DEADLINE_NS: Final = 5_000_000_000
#: Below the home of whoever has a key; public calls need none.
NONCES: Final = Path("~/.local/state/zoe/nonces")


class KrakenClient:
    """See zoe.ports.exchange.ExchangeClient, and Kraken's own calls beside.

    Args:
        keys: None allows public calls only.
        settings: How calls are made; by default Kraken itself, with nonces under the home directory.
    """

    def __init__(self, keys: KeyPair | None = None, settings: CallerSettings | None = None) -> None:
        self._caller = RestCaller(
            keys, settings or CallerSettings(rest_url=REST_URL, nonces=NONCES)
        )
        self._catalog: Catalog | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._caller.close()

    # What every exchange offers

    def get_balance(self, asset: str = "USD") -> Money:
        """What can be spent of one asset, by any of its names (``BTC``, ``XXBT``, ``xbt``).

        An asset that the account never had is 0, as one that nobody knows is: the exchange lists
        neither.
        """
        name = asset_name(asset.upper())
        for held, (_, free) in account.spot_totals(self._wallets()).items():
            if held.upper() == name:
                return Money(held, free)
        return Money(name, Decimal(0))

    def get_holdings(self) -> tuple[Holding, ...]:
        """Every asset of which there is something in the spot wallets."""
        totals = account.spot_totals(self._wallets())
        return tuple(Holding(a, total, free) for a, (total, free) in totals.items() if total)

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

        A notional is divided by the limit, by the trigger where there is no limit, and at the market
        by the price on the other side of the book; the quantity is rounded down to the lot step.

        Raises:
            ValueError: Not exactly one of the two, an unknown pair, or below a minimum.
            ExchangeUnavailable: Whether it was placed is unknown: look for ``client_order_id``.
        """
        instrument, wanted = self._instrument(pair), Side(side)
        size = self._size(instrument, wanted, quantity, notional, terms)
        own_id = terms.client_order_id or str(uuid.uuid4())
        order = NewOrder(
            pair=_rest_name(instrument),
            side=wanted.value,
            order_type=terms.order_type.value,
            quantity=size,
            limit=None if terms.limit is None else terms.limit.value,
            trigger=None if terms.trigger is None else terms.trigger.value,
            time_in_force=terms.time_in_force.value,
            expire_ns=terms.expire_ns,
            post_only=terms.post_only,
            reduce_only=terms.reduce_only,
            cl_ord_id=own_id,
        )
        return self._placed(instrument, order, own_id)

    def get_order(self, order_id: str) -> OrderReport:
        """One order by the exchange's id.

        Raises:
            ExchangeRejected: The exchange does not know it.
        """
        return report(order_id, self._order(order_id), self._known())

    def get_order_fills(self, order_id: str) -> tuple[Fill, ...]:
        """The order's fills, oldest first.

        Raises:
            ExchangeRejected: The exchange does not know the order.
            ExchangeUnavailable: Its history lags, by seconds: what it tells does not come to what the
                order says is filled. Ask again.
        """
        row = self._order(order_id, consolidate_taker=False)
        rows: dict[str, history.TradeRow] = {}
        most = history.MOST_TRADES_BY_ID
        for first in range(0, len(row.trades), most):
            rows |= self._trades(row.trades[first : first + most])
        return whole_fills(order_id, row, self._fills(rows))

    def cancel_order(self, order_id: str) -> int:
        """Cancels by the exchange's id, or by the client's own where it is a UUID."""
        own = "-" in order_id and len(order_id) == 36
        call = trading.cancel_order(None if own else order_id, order_id if own else None)
        return trading.read_canceled(self._caller.write(call)).count

    def get_open_orders(self) -> tuple[OrderReport, ...]:
        """Every open order."""
        rows = history.read_open_orders(self._caller.read(history.open_orders()))
        catalog = self._known()
        return tuple(report(order_id, row, catalog) for order_id, row in rows.items())

    def get_best_bid_ask(self, pair: str) -> BestBidAsk:
        """The best prices of one pair.

        Raises:
            ValueError: An unknown pair.
            ExchangeRejected: The exchange has none of it.
        """
        symbol = self._instrument(pair).symbol
        found = self.get_best_bid_ask_batch([symbol]).get(symbol)
        if found is None:
            raise ExchangeRejected(f"no quote of {symbol}")
        return found

    def get_best_bid_ask_batch(self, pairs: Sequence[str]) -> Mapping[str, BestBidAsk]:
        """The best prices of some pairs, by their symbols, in the order they were asked for.

        Raises:
            ValueError: An unknown pair; one that is known and has no prices is left out.
        """
        wanted = [self._instrument(pair) for pair in pairs]
        if not wanted:
            return {}
        call = market.ticker(tuple(dict.fromkeys(_rest_name(pair) for pair in wanted)))
        rows = market.read_tickers(self._caller.read(call))
        now_ns = time.time_ns()
        by_id = {pair.rest_id: pair.symbol for pair in wanted}
        found = {
            by_id[key]: best_bid_ask(by_id[key], row, now_ns)
            for key, row in rows.items()
            if key in by_id
        }
        return {pair.symbol: found[pair.symbol] for pair in wanted if pair.symbol in found}

    def get_best_bid_ask_results(
        self, pairs: Sequence[str]
    ) -> dict[str, list[dict[str, str | None]]]:
        """The same in the ``{"results": [...]}`` form that older callers use."""
        return results(tuple(self.get_best_bid_ask_batch(pairs).values()))

    def get_trading_pairs(self) -> tuple[Instrument, ...]:
        """Every pair, asked for anew."""
        rows = api.parse(dict[str, msgspec.Raw], self._caller.read(market.asset_pairs()))
        pairs = answers.instruments(rows)
        self._catalog = Catalog(1, {pair.symbol: pair for pair in pairs})
        return pairs

    def get_system_status(self) -> str:
        """The exchange's state, ``online`` when all is well."""
        return api.parse(market.Status, self._caller.read(market.system_status())).status

    # Kraken's own

    def amend_order(self, amend: trading.Amend) -> str:
        """Changes an order in place; returns the change's id."""
        call = trading.amend_order(amend, self._deadline())
        return trading.read_amended(self._caller.write(call)).amend_id

    def cancel_all(self) -> int:
        """Cancels every open order of the account; returns how many."""
        return trading.read_canceled(self._caller.write(trading.cancel_all())).count

    def cancel_all_after(self, timeout_seconds: int) -> trading.Switch:
        """Sets the account's dead-man's switch; 0 disarms it."""
        call = trading.cancel_all_after(timeout_seconds)
        return trading.read_switch(self._caller.write(call))

    def get_ws_token(self) -> str:
        """A token for the private socket, to be used within 15 minutes."""
        result = self._caller.read(account.websockets_token())
        return api.parse(account.SocketToken, result).token

    def get_ledgers(
        self, start_ns: int | None = None, wanted: history.LedgerFilter | None = None
    ) -> tuple[BalanceEntry, ...]:
        """Rows of the ledger after ``start_ns`` and up to this moment, oldest first."""
        rows = self._paged(
            lambda window: (
                history.read_ledgers(self._caller.read(history.ledgers(window, wanted))).ledger
            ),
            start_ns,
        )
        entries = (entry(ledger_id, row) for ledger_id, row in rows.items())
        return tuple(sorted(entries, key=lambda e: (e.timestamp_ns, e.ledger_id)))

    def get_trades_history(self, start_ns: int | None = None) -> tuple[Fill, ...]:
        """Our trades after ``start_ns`` and up to this moment, one a match, oldest first."""
        rows = self._paged(
            lambda window: (
                history.read_trades_history(
                    self._caller.read(history.trades_history(window))
                ).trades
            ),
            start_ns,
        )
        return self._fills(rows)

    def get_closed_orders(self, start_ns: int | None = None) -> tuple[OrderReport, ...]:
        """Closed orders after ``start_ns`` and up to this moment, oldest first."""
        rows = self._paged(
            lambda window: (
                history.read_closed_orders(self._caller.read(history.closed_orders(window))).closed
            ),
            start_ns,
        )
        catalog = self._known()
        seen = (report(order_id, row, catalog) for order_id, row in rows.items())
        return tuple(sorted(seen, key=lambda o: (o.closed_ns or o.opened_ns, o.order_id)))

    def get_exchange_clock(self) -> ExchangeClock:
        """The exchange's clock, measured now, with the error that it may have."""
        return self._caller.measure_clock()

    def call(self, call: api.Call) -> bytes:
        """The result of any other call, as JSON text; sent once.

        The modules ``*_calls`` build calls and have what reads their results: ``funding_calls``, for
        one, ``deposit_status`` and ``read_transfers``.
        """
        return self._caller.write(call)

    # Inside

    def _paged(
        self, fetch: Callable[[history.Window], Mapping[str, Row]], start_ns: int | None
    ) -> dict[str, Row]:
        # Frozen by the exchange's own clock: ours may be ahead or behind.
        return all_pages(fetch, start_ns, self._now_ns())

    def _now_ns(self) -> int:
        if self._caller.clock.bound_ns is None:
            self._caller.measure_clock()
        bound_ns = self._caller.clock.bound_ns or 0
        return self._caller.exchange_ns() + bound_ns

    def _deadline(self) -> int:
        if self._caller.clock.bound_ns is None:
            self._caller.measure_clock()
        return self._caller.exchange_ns() + DEADLINE_NS

    def _wallets(self) -> Mapping[str, account.ExtendedBalance]:
        return account.read_balance_extended(self._caller.read(account.balance_extended()))

    def _known(self) -> Catalog:
        if self._catalog is None:
            self.get_trading_pairs()
        assert self._catalog is not None
        return self._catalog

    def _order(self, order_id: str, *, consolidate_taker: bool | None = None) -> history.OrderRow:
        call = history.query_orders((order_id,), trades=True, consolidate_taker=consolidate_taker)
        row = history.read_orders(self._caller.read(call)).get(order_id)
        if row is None:
            # Whether the exchange refuses an unknown id or leaves it out nobody has written.
            raise ExchangeRejected("EOrder:Unknown order")
        return row

    def _trades(self, ids: Sequence[str]) -> Mapping[str, history.TradeRow]:
        try:
            result = self._caller.read(history.query_trades(tuple(ids)))
        except ExchangeRejected as refused:
            # The order named them: the history that knows none of them lags behind it.
            if refused.code.startswith("EQuery:"):
                return {}
            raise
        return history.read_trades(result)

    def _instrument(self, pair: str) -> Instrument:
        known = self._known().find(pair) or self._known().find(pair.replace("-", "/"))
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
        limit = terms.limit or terms.trigger
        price = None if limit is None else limit.value
        if quantity is not None:
            size = size_of(quantity)
        else:
            price = price or self._market_price(pair, side)
            assert notional is not None
            size = pair.quantity_worth(size_of(notional), price)
        problem = pair.check_order(size, price)
        if problem is not None:
            raise ValueError(f"{pair.symbol}: {problem}")
        return size

    def _market_price(self, pair: Instrument, side: Side) -> Decimal:
        quote = self.get_best_bid_ask(pair.symbol)
        price = quote.ask if side is Side.BUY else quote.bid
        if price is None:
            raise ValueError(f"{pair.symbol} has no price to divide a notional by")
        return price.value

    def _placed(self, pair: Instrument, order: NewOrder, own_id: str) -> PlacedOrder:
        call = trading.add_order(order, trading.Terms(deadline_ns=self._deadline()))
        added = trading.read_added(self._caller.write(call))
        order_id = added.txid[0] if added.txid else ""
        size = Quantity(Decimal(plain(order.quantity)))
        side = Side(order.side)
        return PlacedOrder(order_id, own_id, pair.symbol, side, size, added.descr.order)

    def _fills(self, rows: Mapping[str, history.TradeRow]) -> tuple[Fill, ...]:
        catalog = self._known()
        fills = (fill(trade_id, row, catalog) for trade_id, row in rows.items())
        return tuple(sorted(fills, key=lambda f: (f.exchange_ns, f.exec_id)))


def _rest_name(pair: Instrument) -> str:
    assert pair.rest_id is not None, "REST named it itself"
    return pair.rest_id
