"""The strategies of many pairs as a desk runs them: engine, mode, and what each may see."""

import hashlib
from typing import Any

from zoe.actors.engine_strategist import EngineConfig
from zoe.app.settings import Settings
from zoe.app.version import VERSION
from zoe.domain.strategy import record
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.trader_state import State as TraderState
from zoe.domain.strategy.view import Engine


def digest(params: Any) -> str:
    """Names parameters by their values."""
    return hashlib.sha256(record.text(params).encode()).hexdigest()[:16]


def engine(settings: Settings, name: str) -> Engine | None:
    """A strategy by its name, with the parameters in force; None for one that is not of many pairs."""
    if name == "edge_factory":
        return EdgeFactory(settings.edge_factory.params)
    if name == "crypto_trader":
        return CryptoTrader(settings.crypto_trader.params)
    return None


def engines(settings: Settings, forbidden: str | None) -> tuple[EngineConfig, ...]:
    """Every strategy of many pairs, whatever its mode: it may be changed at run time."""
    edge, trader = settings.edge_factory, settings.crypto_trader
    factory = EdgeFactory(edge.params)
    return (
        EngineConfig(
            factory,
            edge.mode,
            edge.pairs,
            code=VERSION,
            params=digest(edge.params),
            weighing=factory.weighing,
            claims=edge.claims,
            unmet=edge.unmet,
            forbidden=forbidden,
        ),
        EngineConfig(
            CryptoTrader(trader.params),
            trader.mode,
            code=VERSION,
            params=digest(trader.params),
            scan=trader.params,
            trades=_trades,
            claims=trader.claims,
            eager=True,
            unmet=trader.unmet,
            forbidden=forbidden,
        ),
    )


def _trades(state: Any) -> tuple[str, ...]:
    """Pairs that CryptoTrader is in."""
    return tuple(trade.pair for trade in state.trades) if isinstance(state, TraderState) else ()
