"""Routes: the siblings of a pair, and by which pairs their prices are converted."""

from collections.abc import Mapping
from typing import Final

import attrs

from zoe.domain.catalog import TRADABLE, Catalog, Instrument

#: Siblings that are looked at, at most.
MOST: Final = 4
#: What a conversion may go by where there is no pair of both currencies.
_MIDDLE: Final = "USD"
#: The best known quote currencies first: their books are deep.
_PREFERRED: Final = ("USD", "EUR", "USDT", "USDC", "BTC", "GBP", "ETH")


@attrs.frozen
class Route:
    """A sibling, and the pairs from its quote currency to ours; True for one that is divided by."""

    sibling: str
    rates: tuple[tuple[str, bool], ...]


def routes(symbol: str, catalog: Catalog) -> tuple[Route, ...]:
    """The siblings of a pair that can be converted, best known quote currencies first."""
    pair = catalog.instruments.get(symbol)
    if pair is None:
        return ()
    known = {s: p for s, p in catalog.instruments.items() if p.status in TRADABLE}
    found = [
        Route(other.symbol, rates)
        for other in sorted(_siblings(pair, known), key=lambda each: _order(each.quote))
        if (rates := _rates(other.quote, pair.quote, known)) is not None
    ]
    return tuple(found[:MOST])


def _siblings(pair: Instrument, known: Mapping[str, Instrument]) -> list[Instrument]:
    return [p for p in known.values() if p.base == pair.base and p.symbol != pair.symbol]


def _order(quote: str) -> tuple[int, str]:
    place = _PREFERRED.index(quote) if quote in _PREFERRED else len(_PREFERRED)
    return place, quote


def _rates(
    source: str, target: str, known: Mapping[str, Instrument]
) -> tuple[tuple[str, bool], ...] | None:
    step = _step(source, target, known)
    if step is not None:
        return (step,)
    first, second = _step(source, _MIDDLE, known), _step(_MIDDLE, target, known)
    return None if first is None or second is None else (first, second)


def _step(source: str, target: str, known: Mapping[str, Instrument]) -> tuple[str, bool] | None:
    if f"{source}/{target}" in known:
        return f"{source}/{target}", False
    if f"{target}/{source}" in known:
        return f"{target}/{source}", True
    return None
