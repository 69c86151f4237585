"""Which pairs are watched in full depth: who comes in, who goes, and why.

Pairs that are pinned are always in. The others come by their rank, and stay until they have been there for
a while *and* have fallen well behind: a pair at the edge does not go in and out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import attrs

from zoe.domain.bounds import within


@attrs.frozen
class FocusConfig:
    """The ``[focus]`` section.

    Attributes:
        budget: Pairs that come by their rank.
        slack: Ranks behind the budget that one who is in may fall.
        min_stay_seconds: Nobody goes earlier.
        warm_up_seconds: So long a strategy does not see a pair that came by its rank.
    """

    budget: int = attrs.field(default=40, validator=within(0, 5_000))
    slack: int = attrs.field(default=10, validator=within(0, 5_000))
    min_stay_seconds: int = attrs.field(default=300, validator=within(0, 86_400))
    warm_up_seconds: int = attrs.field(default=60, validator=within(0, 86_400))


@attrs.frozen
class Change:
    """One pair comes into focus, or goes."""

    symbol: str
    promoted: bool
    reason: str


def _times(pairs: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType(dict(pairs))


def _reasons(pairs: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(pairs))


@attrs.frozen
class Focus:
    """The pairs in focus.

    Attributes:
        ranked: Pairs that came by their rank, and when.
        pinned: Pairs that are always in, and why.
    """

    ranked: Mapping[str, int] = attrs.field(factory=dict, converter=_times)
    pinned: Mapping[str, str] = attrs.field(factory=dict, converter=_reasons)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self.ranked or symbol in self.pinned

    @property
    def symbols(self) -> tuple[str, ...]:
        """All of them, pinned ones first."""
        return (*self.pinned, *(symbol for symbol in self.ranked if symbol not in self.pinned))

    def is_warm(self, symbol: str, now_ns: int, config: FocusConfig) -> bool:
        """Whether a strategy may see it."""
        if symbol in self.pinned:
            return True
        since_ns = self.ranked.get(symbol)
        return since_ns is not None and now_ns - since_ns >= config.warm_up_seconds * 1_000_000_000


def pin(focus: Focus, pinned: Mapping[str, str]) -> tuple[Focus, tuple[Change, ...]]:
    """Other pairs are pinned; one that no longer is goes, unless its rank keeps it."""
    after = attrs.evolve(focus, pinned=dict(pinned))
    came = [Change(s, True, why) for s, why in pinned.items() if s not in focus]
    went = [
        Change(symbol, False, f"no longer {why}")
        for symbol, why in focus.pinned.items()
        if symbol not in after
    ]
    return after, (*came, *went)


def held_places(focus: Focus, ranking: Sequence[str], passed: Collection[str]) -> tuple[str, ...]:
    """The ranking, in which the place of a base is that of its pair in focus, if that one passed the gates.

    A base is ranked by its best pair: two that are alike would take turns, in and out of focus.
    """
    inside = {
        symbol.partition("/")[0]: symbol for symbol in reversed(focus.symbols) if symbol in passed
    }
    return tuple(inside.get(symbol.partition("/")[0], symbol) for symbol in ranking)


def follow(
    focus: Focus, ranking: Sequence[str], now_ns: int, config: FocusConfig
) -> tuple[Focus, tuple[Change, ...]]:
    """The focus after a new ranking, best first."""
    places = {symbol: place for place, symbol in enumerate(ranking, 1)}
    changes: list[Change] = []
    ranked = dict(focus.ranked)
    for symbol in _leaving(focus, places, now_ns, config):
        del ranked[symbol]
        if symbol not in focus.pinned:
            changes.append(Change(symbol, False, _behind(places.get(symbol))))
    # Pinned pairs are in already, and take no place of the budget.
    free = config.budget - sum(symbol not in focus.pinned for symbol in ranked)
    for symbol in ranking[: config.budget]:
        if free > 0 and symbol not in ranked and symbol not in focus.pinned:
            free -= 1
            ranked[symbol] = now_ns
            changes.append(Change(symbol, True, f"rank {places[symbol]} of {len(ranking)}"))
    return attrs.evolve(focus, ranked=ranked), tuple(changes)


def _leaving(
    focus: Focus, places: Mapping[str, int], now_ns: int, config: FocusConfig
) -> Iterable[str]:
    last = config.budget + config.slack
    stay_ns = config.min_stay_seconds * 1_000_000_000
    return [
        symbol
        for symbol, since_ns in focus.ranked.items()
        if places.get(symbol, last + 1) > last and now_ns - since_ns >= stay_ns
    ]


def _behind(place: int | None) -> str:
    return "no longer ranked" if place is None else f"fell to rank {place}"
