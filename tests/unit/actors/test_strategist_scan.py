"""A scanner's memory of when pairs were first seen: kept over restarts, and no week of blindness."""

import json
from collections.abc import Iterable
from decimal import Decimal

from zoe.actors.strategist_scan import Scanner
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.scan import Seen
from zoe.domain.strategy.trader_params import Params
from zoe.messages.strategy import TickersSampled

DAY_NS = 86_400_000_000_000
NOW_NS = 20_000 * DAY_NS


def catalog(symbols: Iterable[str]) -> Catalog:
    one = Decimal(1)
    return Catalog(
        1,
        {
            s: Instrument(s, s.partition("/")[0], "USD", "online", 2, one, 4, one, one, 5, one)
            for s in symbols
        },
    )


def gates(scanner: Scanner, *symbols: str, now_ns: int) -> dict[str, str]:
    """Which gate stops each pair, of pairs that pass every other."""
    price, volume = Decimal(100), Decimal(1_000_000)
    seen = tuple(Seen(s, price, price, volume, now_ns) for s in symbols)
    scanner.sample(TickersSampled(seen), lambda _: Decimal(1), now_ns)
    assert scanner.newest is not None
    return dict(scanner.newest.stopped)


def test_pairs_of_the_first_catalogue_are_old_and_later_ones_are_new_over_restarts() -> None:
    first = Scanner(Params())
    written = [first.learn(catalog(("A/USD", "B/USD")), NOW_NS)]
    assert first.learn(catalog(("A/USD", "B/USD")), NOW_NS + 1) is None
    written.append(first.learn(catalog(("A/USD", "B/USD", "C/USD")), NOW_NS))
    assert gates(first, "A/USD", "C/USD", now_ns=NOW_NS) == {"C/USD": "TOO_NEW"}

    # Another life three days later, when one more pair has come meanwhile.
    later = NOW_NS + 3 * DAY_NS
    second = Scanner(Params())
    bodies = [json.loads(body) for body in written if body is not None]
    second.remember(bodies)
    more = second.learn(catalog(("A/USD", "B/USD", "C/USD", "D/USD")), later)
    assert more is not None and json.loads(more)["pairs"] == ["D/USD"]
    found = gates(second, "A/USD", "C/USD", "D/USD", now_ns=later)
    assert found == {"C/USD": "TOO_NEW", "D/USD": "TOO_NEW"}
    week = NOW_NS + 8 * DAY_NS
    assert gates(second, "A/USD", "C/USD", "D/USD", now_ns=week) == {"D/USD": "TOO_NEW"}
