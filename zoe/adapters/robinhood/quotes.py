"""Quotes: what pairs cost, as far as the exchange tells (facts sheet, section 3).

Bid and ask are sampled apart and may be crossed: good enough to say how much a quantity is about worth, never at
what price to trade.
"""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from zoe.adapters.robinhood import values, wire
from zoe.adapters.robinhood.rest import READS_TRIED, RestCaller
from zoe.adapters.robinhood.symbols import ours, theirs
from zoe.domain.catalog import Instrument
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.domain.order import Side
from zoe.ports.exchange import BestBidAsk

#: Symbols in one question for quotes: the documents name no limit.
MOST_SYMBOLS: Final = 50


class Quotes:
    """Asks for prices; raises as the caller where nothing else is said."""

    def __init__(self, caller: RestCaller, api_version: int) -> None:
        self._caller = caller
        self._api_version = api_version

    def batch(self, pairs: Sequence[str], tries: int = READS_TRIED) -> dict[str, BestBidAsk]:
        """The best prices of some pairs, by their symbols, in the order they were asked for.

        Raises:
            ValueError: No pair can be called so.
        """
        wanted = list(dict.fromkeys(theirs(pair) for pair in pairs))
        found: dict[str, BestBidAsk] = {}
        for first in range(0, len(wanted), MOST_SYMBOLS):
            query = [("symbol", symbol) for symbol in wanted[first : first + MOST_SYMBOLS]]
            body = self._caller.read("marketdata/best_bid_ask/", query, tries)
            now_ns = time.time_ns()
            for row in wire.parse(wire.QUOTES, body).results:
                quote = values.best_bid_ask(row, now_ns)
                found[quote.symbol] = quote
        symbols = map(ours, wanted)
        return {symbol: found[symbol] for symbol in symbols if symbol in found}

    def highest(self, symbol: str) -> Decimal | None:
        """The higher of both prices, asked for once; None where that brings nothing."""
        try:
            quote = self.batch([symbol], tries=1).get(symbol)
        except (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError):
            # An order that is to be done at once does not wait for a price that it can do without.
            return None
        sides = () if quote is None else (quote.bid, quote.ask)
        return max((price.value for price in sides if price is not None), default=None)

    def estimate(self, pair: Instrument, side: Side, worth: Decimal) -> Decimal:
        """What one unit would cost or bring, of about as many as the worth comes to.

        Raises:
            ValueError: The pair has no price.
            ExchangeUnavailable: The exchange has no estimate.
        """
        quote = self.batch([pair.symbol]).get(pair.symbol)
        if quote is None:
            raise ExchangeRejected(f"no quote of {pair.symbol}")
        known = quote.ask or quote.bid
        if known is None:
            raise ValueError(f"{pair.symbol} has no price to divide a notional by")
        about = max(pair.quantity_worth(worth, known.value), pair.qty_increment)
        taken = "ask" if side is Side.BUY else "bid"
        query = (("symbol", theirs(pair.symbol)), ("side", taken), ("quantity", f"{about:f}"))
        room = "trading" if self._api_version == 2 else "marketdata"
        body = self._caller.read(f"{room}/estimated_price/", query)
        for row in wire.parse(wire.ESTIMATES, body).results:
            price = (row.ask if side is Side.BUY else row.bid) or row.price
            if price is not None and price > 0:
                return price
        raise ExchangeUnavailable(f"no estimate of {pair.symbol}")
