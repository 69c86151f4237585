"""The strategies of many pairs as a desk runs them: engine, mode, and what each may see."""

import hashlib
from pathlib import Path
from typing import Any

from zoe.actors.strategist_config import EngineConfig
from zoe.app.settings import Settings
from zoe.app.version import VERSION
from zoe.domain import strategy as strategy_room
from zoe.domain.strategy import edge_state, record
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.trader_state import State as TraderState
from zoe.domain.strategy.view import Engine, Needs


def code_digest() -> str:
    """Names the code that decides: every file of the strategies' room."""
    room = Path(strategy_room.__file__).parent
    found = hashlib.sha256()
    for file in sorted(room.glob("*.py")):
        found.update(file.name.encode())
        found.update(file.read_bytes())
    return f"{VERSION}-{found.hexdigest()[:16]}"


def digest(params: Any) -> str:
    """Names parameters by their values."""
    return hashlib.sha256(record.text(params).encode()).hexdigest()[:16]


def engine(settings: Settings, name: str) -> Engine | None:
    """A strategy by its name, with the parameters in force; None for one that is not of many pairs."""
    if name == "edge_factory":
        return EdgeFactory(settings.edge_factory.params)
    if name == "crypto_trader":
        return CryptoTrader(settings.crypto_trader.params, settings.risk.max_order_notional)
    return None


def engines(settings: Settings, forbidden: str | None) -> tuple[EngineConfig, ...]:
    """Every strategy of many pairs, whatever its mode: it may be changed at run time."""
    edge, trader = settings.edge_factory, settings.crypto_trader
    needs = Needs(focus_seconds=edge.warm_up_seconds)
    factory, code = EdgeFactory(edge.params, needs=needs), code_digest()
    return (
        EngineConfig(
            factory,
            edge.mode,
            edge.pairs,
            code=code,
            params=digest(edge.params),
            weighing=factory.weighing,
            claims=edge.claims,
            fair=edge_state.fair_of,
            horizon_seconds=edge.params.t_a_seconds,
            unmet=edge.unmet,
            forbidden=forbidden,
            most=settings.risk.max_order_notional,
        ),
        EngineConfig(
            CryptoTrader(trader.params, settings.risk.max_order_notional),
            trader.mode,
            code=code,
            params=digest(trader.params),
            scan=trader.params,
            trades=_trades,
            claims=trader.claims,
            eager=True,
            unmet=trader.unmet,
            forbidden=forbidden,
            most=settings.risk.max_order_notional,
        ),
    )


def _trades(state: Any) -> tuple[str, ...]:
    """Pairs that CryptoTrader is in."""
    return tuple(trade.pair for trade in state.trades) if isinstance(state, TraderState) else ()
