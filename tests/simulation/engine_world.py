"""A world with a lively market of many pairs, and desks on which strategies of many pairs trade."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.actors.strategist_config import EngineConfig
from zoe.app import engines
from zoe.app.simulation.clocks import StampedJournal
from zoe.app.simulation.market import SmallMarket
from zoe.app.simulation.world import Setting, World, _account
from zoe.app.tree import Parts
from zoe.domain.scan import ScanConfig
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.trader_state import State
from zoe.domain.strategy.view import Needs
from zoe.runtime.virtual import EPOCH_NS
from zoe.sandbox import catalogs, markets
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.memory import InMemory

THIN: Final = ("GAAA/USD", "GAAB/USD", "GAAC/USD")
PAIRS: Final = (*THIN, "GAAA/EUR", "GAAB/EUR", "GAAC/EUR", "EUR/USD", "BTC/USD", "XRP/USD", "ADA/USD")  # fmt: skip
QUICK: Final = EdgeParams(e_min_bps=0, h_max_bps=1000, burst=10, jump=10, min_life_seconds=1)


def edge(mode: str = "live", params: EdgeParams = QUICK) -> EngineConfig:
    """The Edge Factory on thin pairs, warm after a short while."""
    factory = EdgeFactory(params, needs=Needs(focus_seconds=5))
    digest = engines.digest(params)
    return EngineConfig(factory, mode, THIN, "test", digest, weighing=factory.weighing)


def trader(mode: str = "live", stops: str = "desk") -> EngineConfig:
    """CryptoTrader where its gates are as wide as they may be."""
    params = Params(
        stops=stops,
        min_turnover_usd=Decimal(125_000), max_spread_bps=Decimal("37.5"),
        max_age_seconds=Decimal(15), momentum=Decimal("0.75"), breakout_bars=10,
        volume_multiple=Decimal(1), reversion_z=Decimal("1.25"), reversion_btc=Decimal("2.25"),
        rho=Decimal("0.75"), cost_multiple=Decimal("0.75"), min_breadth=Decimal("0.175"),
    )  # fmt: skip

    def trades(state: Any) -> tuple[str, ...]:
        return tuple(trade.pair for trade in state.trades) if isinstance(state, State) else ()

    digest = engines.digest(params)
    return EngineConfig(
        CryptoTrader(params), mode, (), "test", digest, scan=params, trades=trades, eager=True
    )


class EngineWorld(World):
    """See World; nobody else trades on its account."""

    def __init__(
        self,
        seed: int,
        configs: Callable[[], tuple[EngineConfig, ...]],
    ) -> None:
        nobody: Any = None
        super().__init__(seed, Setting(nobody, SmallMarket(seed)))
        listed = catalogs.choose(None, "all")
        pairs = tuple(pair for pair in listed.pairs if pair.symbol in PAIRS)
        config = Config(
            listed.assets, pairs, seed=seed, tier="pro", limits="both",
            market=markets.market("lively:12", pairs, seed),
        )  # fmt: skip
        self.memory = InMemory()
        self.exchange = Exchange(config, self.memory, EPOCH_NS)
        self.account, venue = _account(self.exchange)
        self.venue = attrs.evolve(venue, levels=True)
        self.journal = StampedJournal(self.account, self.wall_ns)
        self.engines = configs
        #: Set before a desk starts, where stops rest at the exchange.
        self.dead_man = True

    def _parts(self) -> Parts:
        return attrs.evolve(
            super()._parts(),
            strategies=(),
            engines=self.engines(),
            dead_man=self.dead_man,
            pairs=("BTC/USD",),
            scan=ScanConfig(enabled=True, min_turnover_usd=0, max_spread_bps=100),
        )

    def show(self, name: str) -> dict[str, Any]:
        """How a strategy is."""
        answer = self.ask("strategy.show", name=name)
        assert answer["exit"] == 0, answer
        result: dict[str, Any] = answer["result"]
        return result

    def held(self, asset: str) -> Decimal:
        """What the account has at the exchange, read where the exchange keeps it."""
        (account,) = self.exchange.world.accounts.by_name.values()
        decimals = self.exchange.world.catalog.assets[asset].decimals
        return Decimal(account.balances[asset]).scaleb(-decimals)

    def sleeves(self) -> dict[str, Decimal]:
        """What all strategies hold, by asset."""
        found: dict[str, Decimal] = {}
        for config in self.engines():
            for row in self.show(config.name)["sleeve"]:
                asset = row["pair"].partition("/")[0]
                found[asset] = found.get(asset, Decimal(0)) + Decimal(row["quantity"])
        return found
