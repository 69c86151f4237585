"""The ``[strategy.*]`` sections: when each strategy trades, in which pairs, and its parameters."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import attrs

from zoe.domain.bounds import one_of, within
from zoe.domain.errors import ConfigError
from zoe.domain.strategy import quote_keeper, trader_params
from zoe.domain.strategy.edge_factory import NEEDS
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.modes import MODES, OFF

KEEPER: Final = "strategy.quote_keeper"
EDGE: Final = "strategy.edge_factory"
TRADER: Final = "strategy.crypto_trader"
#: Fewer seconds teach nothing, and more never end.
_WARM_UP: Final = within(5, 7_200)


def _claim(text: str) -> tuple[str, Decimal]:
    """Pair and quantity of one coin that is claimed.

    Raises:
        ValueError: The text says no such thing.
    """
    pair, _, number = text.partition(" ")
    try:
        quantity = Decimal(number)
    except InvalidOperation:
        quantity = Decimal("NaN")
    if "/" not in pair or not quantity.is_finite():
        raise ValueError(f'claim takes texts such as "BTC/USD 0.5", not {text!r}')
    if quantity <= 0:
        raise ValueError(f"claim needs more than 0, not {text!r}")
    return pair, quantity


def _claims(_: Any, __: Any, texts: tuple[str, ...]) -> None:
    for text in texts:
        _claim(text)


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
    claim: tuple[str, ...] = attrs.field(default=(), validator=_claims)
    warm_up_seconds: int = attrs.field(default=NEEDS.focus_seconds, validator=_WARM_UP)


@attrs.frozen
class TraderSwitch:
    """When CryptoTrader trades; it finds its pairs itself, by the scout.

    Attributes:
        mode: As of the Edge Factory.
        claim: The same.
    """

    mode: str = attrs.field(default=OFF, validator=one_of(*MODES))
    claim: tuple[str, ...] = attrs.field(default=(), validator=_claims)


@attrs.frozen
class StrategySettings:
    """The section ``[strategy.quote_keeper]``."""

    mode: str
    params: quote_keeper.Params


@attrs.frozen
class EngineSettings:
    """The section of one strategy of many pairs.

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
    claims, seconds = tuple(map(_claim, switch.claim)), switch.warm_up_seconds
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
    found = EngineSettings(switch.mode, (), tuple(map(_claim, switch.claim)), params, unmet)
    return _checked(TRADER, found)


def _checked(name: str, found: EngineSettings) -> EngineSettings:
    if found.mode != OFF and found.unmet is not None:
        raise ConfigError(f"configuration: {name}.mode = {found.mode!r}: {found.unmet}")
    return found
