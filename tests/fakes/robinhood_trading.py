"""A RobinhoodClient, and the exchange of tests that it talks to."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from robinhood_exchange import API_KEY, Exchange, exchange, pair

from zoe.adapters.robinhood.client import RobinhoodClient
from zoe.adapters.robinhood.rest import CallerSettings
from zoe.adapters.robinhood.sign import Credentials


@attrs.define
class Trading:
    """A client, the exchange that it talks to, and how long it paused."""

    here: Exchange
    seed: str
    pauses: list[float] = attrs.field(factory=list)

    def client(self, version: int = 2) -> RobinhoodClient:
        settings = CallerSettings(
            rest_url=self.here.url, api_version=version, pause=self.pauses.append
        )
        return RobinhoodClient(Credentials(API_KEY, self.seed), settings)


@contextmanager
def trading_on_tests() -> Iterator[Trading]:
    """Three pairs, of which one may only be sold, and quotes of which one is crossed."""
    with exchange() as (here, seed):
        here.pairs += [pair("BTC-USD"), pair("ETH-USD"), pair("DOGE-USD", status="sellonly")]
        here.quotes["BTC-USD"] = {"symbol": "BTC-USD", "bid": "68329.2", "ask": "68324.17"}
        here.quotes["ETH-USD"] = {"symbol": "ETH-USD", "bid": "2000", "ask": "2000.5"}
        here.estimates |= {"ask": "68400.00", "bid": "68300.00"}
        yield Trading(here, seed)
