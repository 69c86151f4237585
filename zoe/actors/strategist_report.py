"""How a strategist is, for people: why it trades or does not, pair by pair; shown, not calculated with."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoe.actors.strategist_tracks import Track
from zoe.domain.catalog import Instrument
from zoe.domain.quantity import plain
from zoe.domain.strategy.view import Want

if TYPE_CHECKING:
    from zoe.actors.engine_strategist import EngineStrategist


def report(who: "EngineStrategist", *, details: bool) -> dict[str, Any]:
    """Everything ``zoe strategy list`` and ``show`` print."""
    now_ns = who.clock.wall_ns()
    equity = who.views.equity_usd()
    shown: dict[str, Any] = {
        "name": who.config.name,
        "mode": who.mode.name,
        "why": who.mode.why,
        "configured": who.config.mode,
        "forbidden": who.unmet or who.config.forbidden,
        "pairs": len(who.pairs),
        "wakes": who.wakes,
        "decisions": who.decisions,
        "wants": sum(len(track.wants) for track in who.tracks.values()),
        "reasons": by_reason(track.counts for track in who.tracks.values()),
        "equity_usd": None if equity is None else plain(round(equity, 2)),
        "day_usd": plain(round(who.views.all_days_usd(now_ns), 4)),
        "sleeve": [
            {"pair": pair, "quantity": plain(held.quantity), "cost": plain(round(held.cost, 8))}
            for pair, held in who.purse.sleeve.holdings
        ],
        "scan": _scan(who),
    }
    if details:
        shown["details"] = [_pair(who, pair, now_ns) for pair in _every(who)]
    return shown


def by_reason(counts: Iterable[Counter[tuple[str, ...]]]) -> dict[str, int]:
    """In how many decisions each reason had a part, the most frequent first."""
    found: Counter[str] = Counter()
    for counted in counts:
        for reasons, count in counted.items():
            found.update(dict.fromkeys(reasons, count))
    return dict(found.most_common())


def _every(who: "EngineStrategist") -> tuple[str, ...]:
    return tuple(dict.fromkeys((*who.pairs, *who.purse.own_pairs)))


def _scan(who: "EngineStrategist") -> dict[str, Any] | None:
    if who.scanner is None or who.scanner.newest is None:
        return None
    found = who.scanner.newest
    return {
        "gates": found.counts,
        "best": [{"pair": symbol, "score": score} for symbol, score in found.best],
        "breadth": who.scanner.mood.breadth
        if found.market.breadth is None
        else found.market.breadth,
    }


def _pair(who: "EngineStrategist", symbol: str, now_ns: int) -> dict[str, Any]:
    track: Track | None = who.tracks.get(symbol)
    focused = who.eyes.focused_seconds(symbol, now_ns)
    needs = who.config.engine.needs
    bars = len(who.eyes.closed_bars(symbol))
    pair = who.eyes.of(symbol)
    working = () if pair is None else who.purse.working(pair, now_ns)
    return {
        "pair": symbol,
        "focus_seconds": focused,
        "focus_needed": needs.focus_seconds,
        "bars": bars,
        "bars_needed": dict(needs.bars).get("5m", 0),
        "reasons": why_undecided(known=pair is not None) if track is None else list(track.reasons),
        "counts": {} if track is None else by_reason((track.counts,)),
        "wants": []
        if track is None
        else [want_report(want, who.eyes.of(want.pair)) for want in track.wants],
        "working": [
            {
                "slot": order.key,
                "side": order.side.value,
                "price": _decimal(order.price, None if pair is None else pair.price_precision),
                "trigger": _trigger(order.trigger, pair),
                "remaining": _decimal(
                    order.remaining, None if pair is None else pair.qty_precision
                ),
                "stage": order.stage.value,
                "age_ms": order.age_ms,
            }
            for order in working
        ],
        "held": plain(who.purse.sleeve.of(symbol).quantity),
        "day_usd": plain(round(who.views.day_usd(symbol, now_ns), 4)),
    }


def why_undecided(*, known: bool) -> list[str]:
    """Reasons of a pair of which nothing has been decided yet."""
    return ["NO_QUOTE_YET"] if known else ["NOT_IN_THE_CATALOGUE"]


def want_report(want: Want, pair: Instrument | None) -> dict[str, Any]:
    """A want with decimals, as far as its pair is known."""
    return {
        "slot": want.key,
        "side": want.side.value,
        "price": _decimal(want.price, None if pair is None else pair.price_precision),
        "trigger": _trigger(want.trigger, pair),
        "quantity": _decimal(want.quantity, None if pair is None else pair.qty_precision),
        "reason": want.reason,
    }


def _trigger(units: int | None, pair: Instrument | None) -> str | None:
    """What a stop waits for; None for any other order."""
    return None if units is None or pair is None else _decimal(units, pair.price_precision)


def _decimal(units: int, precision: int | None) -> str | None:
    return None if precision is None else plain(Decimal(units).scaleb(-precision))
