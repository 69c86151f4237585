"""Config: what an exchange is started with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from zoe.sandbox.core.catalog import Asset, Pair
from zoe.sandbox.core.connects import MOST
from zoe.sandbox.core.market import MarketModel

TIERS: Final = ("starter", "intermediate", "pro")
LIMITS: Final = ("both", "engine", "none")
POST_ONLY_OUTCOMES: Final = ("canceled", "error")
#: The first account's means, in assets of the catalogue; others are left out.
OPENING_BALANCES: Final = MappingProxyType(
    {"USD": "1000000", "EUR": "500000", "USDT": "500000", "BTC": "20", "ETH": "200", "SOL": "2000"}
)


@attrs.frozen
class Config:
    """What an exchange is started with.

    Args:
        lag_ms: How far REST's views of orders and history lie behind, chosen anew for each request.
        limits: Which rate limits new accounts are under: those of the engine, those of calls
            too, or none.
        connects: How many sockets may be opened in ten minutes; None: as many as anybody likes.
        history_cost: What a call for ledgers or trades counts for: 2 or 4 (facts, 3.1: both are said).
        lockout_after: After so many invalid nonces or signatures in a row a key is locked out, for
            ``lockout_seconds``; each attempt meanwhile begins them anew.
        post_only_outcome: What becomes of a post-only order that would take: ``canceled`` (accepted,
            then canceled) or ``error`` (facts, 5.5: both exist).
    """

    assets: tuple[Asset, ...]
    pairs: tuple[Pair, ...]
    seed: int = 0
    tier: str = attrs.field(default="starter", validator=attrs.validators.in_(TIERS))
    market: MarketModel | None = None
    lag_ms: tuple[int, int] = (0, 0)
    balances: Mapping[str, str] = OPENING_BALANCES
    limits: str = attrs.field(default="both", validator=attrs.validators.in_(LIMITS))
    connects: int | None = MOST
    history_cost: int = 4
    lockout_after: int = 20
    lockout_seconds: int = 900
    post_only_outcome: str = attrs.field(
        default="canceled", validator=attrs.validators.in_(POST_ONLY_OUTCOMES)
    )
