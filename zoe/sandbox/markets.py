"""Which market model ``--market`` means."""

from collections.abc import Sequence
from pathlib import Path

from zoe.sandbox import pairs as known
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.market import MarketModel
from zoe.sandbox.problems import CannotStart


def market(how: str, pairs: Sequence[Pair], seed: int) -> MarketModel | None:
    """The model; None for a quiet market, where nothing happens that nobody did.

    Raises:
        CannotStart: There is no such model, or its file cannot be read.
    """
    kind, _, detail = how.partition(":")
    match kind:
        case "quiet" if not detail:
            return None
        case "synthetic" if not detail or (detail.isascii() and detail.isdigit()):
            return _synthetic(pairs, seed, int(detail) if detail else None)
        case "lively" if not detail or (detail.isascii() and detail.isdigit()):
            return _lively(pairs, seed, int(detail) if detail else None)
        case "replay" if detail:
            from zoe.sandbox import recorded

            return recorded.from_file(Path(detail), pairs)
    raise CannotStart(
        f"market {how} is none of synthetic, synthetic:N, lively, lively:N, quiet, replay:FILE"
    )


def _synthetic(pairs: Sequence[Pair], seed: int, rate: int | None) -> MarketModel | None:
    from zoe.sandbox.traders import SyntheticMarket
    from zoe.sandbox.worths import Worths

    if rate == 0:
        return None
    beginning = {name: float(row[2]) for name, row in known.ASSETS.items()}
    return SyntheticMarket(pairs, Worths(seed, beginning), seed, rate)


def _lively(pairs: Sequence[Pair], seed: int, rate: int | None) -> MarketModel | None:
    from zoe.sandbox.lively import LivelyMarket, opening_worths
    from zoe.sandbox.weather import Weather

    if rate == 0:
        return None
    beginning = opening_worths(pairs, seed)
    return LivelyMarket(pairs, Weather(seed, beginning), seed, rate)
