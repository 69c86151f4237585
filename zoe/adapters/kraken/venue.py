"""KrakenVenue: Kraken behind zoe.ports.venue.Venue. Pure: no clock, no bytes sent."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, assert_never

import attrs
import msgspec

from zoe.adapters.kraken import (
    account_calls,
    answers,
    api,
    history_calls,
    ledger_pages,
    public_calls,
    trading_calls,
)
from zoe.adapters.kraken.feed import DEPTH, FeedReader, Telling
from zoe.adapters.kraken.public_feed import KrakenFeed
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.catalog import Catalog
from zoe.domain.errors import ExchangeRejected
from zoe.ports.venue import (
    CancelByRest,
    GetBalances,
    GetBars,
    GetClosedOrders,
    GetFees,
    GetInstruments,
    GetLedgerRows,
    GetLedgers,
    GetOpenOrders,
    GetOrders,
    GetToken,
    GetTrades,
    HttpRequest,
    Operation,
    Result,
)
from zoe.ports.wire import FrameReader

REST_URL = "https://api.kraken.com"
PUBLIC_URL = "wss://ws.kraken.com/v2"
PRIVATE_URL = "wss://ws-auth.kraken.com/v2"
#: So often the desk wants to hear again of best prices that stand, of a pair's newest ticker, and
#: that the connection lives.
CALM_NS: Final = 250_000_000
_UNKNOWN_ORDER: Final = "EOrder:Unknown order"


@attrs.frozen
class KrakenVenue:
    """The codec of Kraken spot.

    Attributes:
        keys: None allows public operations only.
        depth: Of the books: 10, 25, 100, 500 or 1000.
        levels: Whether quotes carry ten levels of each side.
    """

    keys: KeyPair | None
    rest_url: str = REST_URL
    public_url: str = PUBLIC_URL
    private_url: str = PRIVATE_URL
    depth: int = DEPTH
    levels: bool = False

    def cost(self, operation: Operation) -> int:
        """See zoe.ports.venue.Venue."""
        return _call(operation).cost

    def request(self, operation: Operation, nonce: int | None) -> HttpRequest:
        """See zoe.ports.venue.Venue."""
        return api.prepare(self.rest_url, _call(operation), self.keys, nonce)

    def result(
        self, operation: Operation, status: int, body: bytes, catalog: Catalog | None
    ) -> Result:
        """See zoe.ports.venue.Venue."""
        try:
            result = api.unwrap(status, body)
        except ExchangeRejected as refusal:
            # Of ids it does not know it leaves out each, or refuses where it knows none of them.
            if isinstance(operation, GetOrders) and refusal.code == _UNKNOWN_ORDER:
                return ()
            raise
        try:
            return _read(operation, result, catalog)
        except (ValueError, ArithmeticError) as problem:
            raise answers.refuse(problem, body) from problem

    def private_session(self) -> KrakenSession:
        """See zoe.ports.venue.Venue."""
        return KrakenSession()

    def public_feed(self) -> KrakenFeed:
        """See zoe.ports.venue.Venue."""
        return KrakenFeed(self.depth)

    def public_reader(self, connection: str) -> Callable[[], FrameReader]:
        """See zoe.ports.venue.Venue."""
        return partial(FeedReader, self.depth, telling=Telling(connection, CALM_NS, self.levels))


@lru_cache(maxsize=8)  # what a call costs is asked before it is sent
def _call(operation: Operation) -> api.Call:
    match operation:
        case GetInstruments():
            return public_calls.asset_pairs()
        case GetToken():
            return account_calls.websockets_token()
        case GetBalances():
            return account_calls.balance()
        case GetOpenOrders():
            return history_calls.open_orders()
        case GetClosedOrders():
            return history_calls.closed_orders(_page(operation))
        case GetOrders():
            return history_calls.query_orders(operation.order_ids)
        case GetTrades():
            return history_calls.trades_history(_page(operation))
        case GetLedgers(start, end, offset):
            return history_calls.ledgers(history_calls.Window(start, end, offset))
        case GetLedgerRows():
            return history_calls.query_ledgers(operation.ledger_ids)
        case GetBars(pair, minutes, since_ns):
            since = None if since_ns is None else since_ns // 1_000_000_000
            return public_calls.ohlc(pair.altname or pair.symbol, minutes, since)
        case GetFees(pairs):
            return account_calls.trade_volume(tuple(p.altname or p.symbol for p in pairs))
        case CancelByRest():
            return _cancel(operation)
        case _:
            assert_never(operation)


def _page(operation: GetClosedOrders | GetTrades) -> history_calls.Window:
    return history_calls.Window(start=operation.start_ns, offset=operation.offset)


def _cancel(operation: CancelByRest) -> api.Call:
    if operation.order_id is not None:
        return trading_calls.cancel_order(operation.order_id)
    return trading_calls.cancel_order(cl_ord_id=operation.cl_ord_id)


def _read(operation: Operation, result: bytes, catalog: Catalog | None) -> Result:
    match operation:
        case GetInstruments():
            return answers.instruments(api.parse(dict[str, msgspec.Raw], result))
        case GetToken():
            return api.parse(answers.Token, result).token
        case GetBalances():
            # An account without assets may have no result at all.
            held = {} if result == b"null" else api.parse(dict[str, str], result)
            return answers.balances(held)
        case GetOpenOrders():
            opened = api.parse(answers.OpenOrders, result)
            return answers.orders(opened.open, catalog, closed=False)
        case GetClosedOrders():
            closed = api.parse(answers.ClosedOrders, result)
            return answers.closed_orders(closed.closed, catalog)
        case GetOrders():
            found = api.parse(dict[str, history_calls.OrderRow], result)
            return answers.orders(found, catalog, closed=False)
        case GetTrades():
            history = api.parse(answers.TradesHistory, result)
            return answers.trades(history.trades, catalog)
        case GetLedgers():
            return ledger_pages.read_page(result)
        case GetLedgerRows():
            return ledger_pages.read_by_id(result)
        case GetBars():
            return answers.candles(operation.pair.symbol, operation.interval_minutes, result)
        case GetFees():
            return answers.fees(operation.pairs, account_calls.read_trade_volume(result))
        case CancelByRest():
            return None
        case _:
            assert_never(operation)
