"""The ``[strategy.*]`` sections: when each strategy trades, in which pairs, and its parameters."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import attrs

from zoe.app.words import one_of
from zoe.domain.errors import ConfigError
from zoe.domain.strategy import quote_keeper, trader_params
from zoe.domain.strategy.edge_factory import NEEDS
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.modes import MODES, OFF

KEEPER: Final = "strategy.quote_keeper"
EDGE: Final = "strategy.edge_factory"
TRADER: Final = "strategy.crypto_trader"
#: Least and most seconds.
_WARM_UP: Final = (5, 7_200)


def _in_the_range(_: Any, field: Any, value: int) -> None:
    """Refuses a warm-up so short that nothing is learnt, or that never ends."""
    if not _WARM_UP[0] <= value <= _WARM_UP[1]:
        raise ValueError(f"{field.name} must be from {_WARM_UP[0]} to {_WARM_UP[1]}, not {value}")


@attrs.frozen
class KeeperSwitch:
    """When the quote keeper trades.

    Attributes:
        mode: ``off``; ``sandbox``: only where every address is on loopback; ``live``: there too
            where ``--live`` is given.
    """

    mode: str = attrs.field(default="sandbox", validator=one_of("off", "sandbox", "live"))


@attrs.frozen
class EdgeSwitch:
    """When the Edge Factory trades, and where.

    Attributes:
        mode: ``off``, ``shadow`` (decides and writes down, sends nothing) or ``live``.
        pairs: That it quotes; their siblings are looked at too.
        claim: Coins that it did not buy and may sell: pair and quantity.
        warm_up_seconds: So long a pair's book must have been followed before it is quoted.
    """

    mode: str = attrs.field(default=OFF, validator=one_of(*MODES))
    pairs: tuple[str, ...] = ()
    claim: tuple[str, ...] = ()
    warm_up_seconds: int = attrs.field(default=NEEDS.focus_seconds, validator=_in_the_range)


@attrs.frozen
class TraderSwitch:
    """When CryptoTrader trades; it finds its pairs itself, by the scout.

    Attributes:
        mode: As of the Edge Factory.
        claim: The same.
    """

    mode: str = attrs.field(default=OFF, validator=one_of(*MODES))
    claim: tuple[str, ...] = ()


@attrs.frozen
class StrategySettings:
    """The quote keeper's."""

    mode: str
    params: quote_keeper.Params


@attrs.frozen
class EngineSettings:
    """A strategy's of many pairs.

    Attributes:
        unmet: Why it must be off whatever its mode; None where it need not.
        warm_up_seconds: So long a pair's book must have been followed without a gap.
    """

    mode: str
    pairs: tuple[str, ...]
    claims: tuple[tuple[str, Decimal], ...]
    params: Any
    unmet: str | None = None
    warm_up_seconds: int = 0


#: Two kinds a section: when it trades, and what it trades by.
SWITCHES: Final[dict[str, type]] = {KEEPER: KeeperSwitch, EDGE: EdgeSwitch, TRADER: TraderSwitch}
PARAMS: Final[dict[str, type]] = {
    KEEPER: quote_keeper.Params,
    EDGE: EdgeParams,
    TRADER: trader_params.Params,
}


def keeper(switch: KeeperSwitch, params: quote_keeper.Params) -> StrategySettings:
    """The quote keeper's settings."""
    return StrategySettings(switch.mode, params)


def edge_factory(switch: EdgeSwitch, params: EdgeParams) -> EngineSettings:
    """The Edge Factory's settings.

    Raises:
        ConfigError: It shall trade, and nowhere.
    """
    unmet = None if switch.pairs else f"{EDGE}.pairs names none"
    claims, seconds = _claims(EDGE, switch.claim), switch.warm_up_seconds
    found = EngineSettings(switch.mode, switch.pairs, claims, params, unmet, seconds)
    return _checked(EDGE, found)


def crypto_trader(
    switch: TraderSwitch, params: trader_params.Params, needs: Mapping[str, bool]
) -> EngineSettings:
    """CryptoTrader's settings.

    Args:
        needs: Whether the ``scout`` is enabled, and whether the desk keeps a ``dead_man``.

    Raises:
        ConfigError: It shall trade, and what it needs is missing.
    """
    unmet = trader_params.stop_conflict(params, needs["dead_man"])
    if not needs["scout"]:
        unmet = f"{TRADER} needs [scout] enabled = true"
    found = EngineSettings(switch.mode, (), _claims(TRADER, switch.claim), params, unmet)
    return _checked(TRADER, found)


def _checked(name: str, found: EngineSettings) -> EngineSettings:
    if found.mode != OFF and found.unmet is not None:
        raise ConfigError(f"configuration: {name}.mode = {found.mode!r}: {found.unmet}")
    return found


def _claims(name: str, texts: tuple[str, ...]) -> tuple[tuple[str, Decimal], ...]:
    claims = []
    for text in texts:
        pair, _, quantity = text.partition(" ")
        try:
            claims.append((pair, Decimal(quantity)))
        except InvalidOperation as problem:
            raise ConfigError(
                f'configuration: {name}.claim must be as "BTC/USD 0.5", not {text!r}'
            ) from problem
        if not claims[-1][1].is_finite() or claims[-1][1] <= 0:
            raise ConfigError(f"configuration: {name}.claim {text!r}: more than 0 is needed")
    return tuple(claims)
