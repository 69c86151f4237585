"""What a seed plants at the exchange: faults of requests, of looks and of streams."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from zoe.app.simulation.world import World

#: By kind: what is hit, and what happens to it.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": ("AddOrder", "AmendOrder", "CancelOrder", "CancelAll"),
    "streams": ("executions", "balances", "book"),
    "looks": (
        *("OpenOrders", "ClosedOrders", "TradesHistory", "Ledgers", "BalanceEx"),
        *("GetWebSocketsToken", "CancelAllOrdersAfter"),
    ),
}
#: Paths of what tells a doubt's end.
LOOKS: Final = frozenset(f"/0/private/{name}" for name in _PLACES["looks"])
_ENDS: Final = ("reset", "disconnect", "policy", "idle_close", "message_rate")
_WHATS: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": (
        *("late", "lost_answer", "slow", "not_executed", "error", "http_502", "throttled"),
        *("duplicate", "silence", *_ENDS),
    ),
    "streams": ("late", "gap", "duplicate", "reorder", "silence", "bad_checksum", *_ENDS),
    "looks": ("late", "lost_answer", "slow", "error", "http_502", "reset", "throttled"),
}
_REFUSALS: Final = ("EOrder:Insufficient funds", "EOrder:Rate limit exceeded")
_BUSY: Final = ("EService:Busy", "EService:Unavailable", "EService:Timeout")
_ERRORS: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": (*_BUSY, *_REFUSALS),
    "looks": (
        *_BUSY,
        *("EAPI:Rate limit exceeded", "EAPI:Invalid nonce", "EGeneral:Internal error"),
    ),
}
_SHARE: Final = 0.6
_MS: Final = (200, 2_000, 8_000)
#: A request that is late comes in this time.
SLOWEST_MS: Final = _MS[-1] + 100


def plant(world: World, kinds: frozenset[str], rng: Random, planted: Counter[str]) -> None:
    """Plants what the seed wants at each place of its kinds; ``planted`` counts how many of what."""
    for kind, places in _PLACES.items():
        for where in places:
            if kind in kinds and rng.random() < _SHARE:
                _plant_one(world, kind, where, rng, planted)


def _plant_one(world: World, kind: str, where: str, rng: Random, planted: Counter[str]) -> None:
    what = rng.choice(_WHATS[kind])
    fault: dict[str, Any] = {
        "where": where,
        "what": what,
        "ms": rng.choice(_MS),
        "count": rng.randint(1, 5),
        "every": rng.randint(1, 3),
    }
    if what == "error":
        error = rng.choice(_ERRORS[kind])
        executed = error.startswith("EService") and rng.random() < 0.5
        fault |= {"error": error, "executed": executed}
    if what == "bad_checksum" and where != "book":  # nothing else has checksums
        return
    world.admin("POST", "faults", fault)
    planted[what] += fault["count"]
