"""nautilus_trader's TradingNode in the desk's place in tick_to_order.py; for the environment that has it, which knows nothing of zoe.

    .venv-longer/bin/python benchmarks/tick_peer.py WANTED

Its own clients for Kraken take books, trades and tickers, its strategy wants an order at each trigger,
its risk engine looks at it, and its REST client sends it. It keeps nothing: no commit is in its way.
"""

import asyncio
import json
import sys
from typing import Any, Final

from nautilus_trader.adapters.kraken import (  # type: ignore[import-not-found]  # elsewhere only
    KRAKEN,
    KrakenDataClientConfig,
    KrakenExecClientConfig,
    KrakenLiveDataClientFactory,
    KrakenLiveExecClientFactory,
)
from nautilus_trader.config import (  # type: ignore[import-not-found]  # elsewhere only
    InstrumentProviderConfig,
    LiveDataEngineConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.core import (  # type: ignore[import-not-found]  # elsewhere only
    nautilus_pyo3 as pyo3,
)
from nautilus_trader.live.node import TradingNode  # type: ignore[import-not-found]  # elsewhere only
from nautilus_trader.model.enums import (  # type: ignore[import-not-found]  # elsewhere only
    BookAction,
    BookType,
    OrderSide,
)
from nautilus_trader.model.identifiers import (  # type: ignore[import-not-found]  # elsewhere only
    InstrumentId,
)
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]  # elsewhere only

#: No counter of its own is to hold an order up.
CALLS_A_SECOND: Final = 10_000
QUANTITY_PRECISION: Final = 8
#: A snapshot's quantities may be anything; a trigger's number is less.
MOST: Final = 2_000_000


class AtTriggers(Strategy):  # type: ignore[misc]  # it has no types here
    """Wants an order at each trigger: the best bid's quantity says which one it is."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__()
        self._wanted = wanted
        self._pair = InstrumentId.from_str(f"{wanted['pair']}.{KRAKEN}")
        self._newest = 0

    def on_start(self) -> None:
        """Asks for what the desk asks for."""
        for symbol in self._wanted["all"]:
            self.subscribe_quote_ticks(InstrumentId.from_str(f"{symbol}.{KRAKEN}"))
        for symbol in self._wanted["focus"]:
            pair = InstrumentId.from_str(f"{symbol}.{KRAKEN}")
            self.subscribe_order_book_deltas(pair, BookType.L2_MBP, depth=10)
            self.subscribe_trade_ticks(pair)

    def on_order_book_deltas(self, deltas: Any) -> None:
        """A book has changed."""
        if deltas.instrument_id != self._pair:
            return
        for delta in deltas.deltas:
            if delta.action == BookAction.CLEAR or delta.order.side != OrderSide.BUY:
                continue
            units = int(delta.order.size.as_decimal().scaleb(QUANTITY_PRECISION))
            number = units - self._wanted["base"]
            if 0 < number <= MOST and number != self._newest:
                self._newest = number
                self._order(delta.order.price, delta.order.size)

    def _order(self, price: Any, quantity: Any) -> None:
        order = self.order_factory.limit(self._pair, OrderSide.BUY, quantity, price, post_only=True)
        self.submit_order(order)


class Exec(KrakenLiveExecClientFactory):  # type: ignore[misc]  # it has no types here
    """Its own client, whose socket asks our exchange for its token: no setting says so."""

    @staticmethod
    def create(loop: Any, name: Any, config: Any, msgbus: Any, cache: Any, clock: Any) -> Any:
        """See there."""
        client = KrakenLiveExecClientFactory.create(loop, name, config, msgbus, cache, clock)
        client._ws_client_spot = pyo3.KrakenSpotWebSocketClient(
            private=True,
            base_url=config.base_url_ws_spot,
            base_url_http=config.base_url_http_spot,
            api_key=config.api_key,
            api_secret=config.api_secret,
        )
        return client


def node_of(wanted: dict[str, Any]) -> Any:
    """A node as its user makes it; only the addresses are ours."""
    public, private = wanted["ports"]
    common = {
        "api_key": wanted["key"],
        "api_secret": wanted["secret"],
        "base_url_http_spot": f"http://127.0.0.1:{private}",
        "instrument_provider": InstrumentProviderConfig(load_all=True),
        "max_requests_per_second": CALLS_A_SECOND,
    }
    data = KrakenDataClientConfig(
        base_url_ws_spot=f"ws://127.0.0.1:{public}/v2",
        update_instruments_interval_mins=None,
        **common,
    )
    orders = KrakenExecClientConfig(base_url_ws_spot=f"ws://127.0.0.1:{private}/v2", **common)
    config = TradingNodeConfig(
        trader_id="TICK-001",
        logging=LoggingConfig(log_level="ERROR"),
        data_engine=LiveDataEngineConfig(),
        exec_engine=LiveExecEngineConfig(reconciliation=False),
        risk_engine=LiveRiskEngineConfig(max_order_submit_rate=f"{CALLS_A_SECOND}/00:00:01"),
        data_clients={KRAKEN: data},
        exec_clients={KRAKEN: orders},
    )
    node = TradingNode(config=config)
    node.trader.add_strategy(AtTriggers(wanted))
    node.add_data_client_factory(KRAKEN, KrakenLiveDataClientFactory)
    node.add_exec_client_factory(KRAKEN, Exec)
    node.build()
    return node


def main() -> None:
    """Runs until it is killed."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    node_of(json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    main()
