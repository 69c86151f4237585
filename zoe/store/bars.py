"""Bars on PostgreSQL: a batch is one statement, and comes to the same however often it is sent."""

from collections.abc import Sequence
from typing import Final

import msgspec

from zoe.domain.quantity import plain
from zoe.ports.bar_store import PairBar
from zoe.store.connection import Database

#: What counts more stays: a whole bar, then one of more trades.
_KEEP: Final = """
    WITH kept AS (
        INSERT INTO bar (market, pair, begin_ns, open, high, low, close, volume, vwap, trades,
                         whole, source)
        SELECT :market, r ->> 0, (r ->> 1)::bigint, (r ->> 2)::numeric, (r ->> 3)::numeric,
               (r ->> 4)::numeric, (r ->> 5)::numeric, (r ->> 6)::numeric, (r ->> 7)::numeric,
               (r ->> 8)::integer, (r ->> 9)::boolean, r ->> 10
          FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS r
        ON CONFLICT (market, pair, begin_ns) DO UPDATE
           SET open = excluded.open, high = excluded.high, low = excluded.low,
               close = excluded.close, volume = excluded.volume, vwap = excluded.vwap,
               trades = excluded.trades, whole = excluded.whole, source = excluded.source
         WHERE (excluded.whole, excluded.trades) > (bar.whole, bar.trades)
        RETURNING 1
    ) SELECT count(*) FROM kept
"""
_WHOLE: Final = """
    SELECT begin_ns FROM bar
     WHERE market = :market AND pair = :pair AND begin_ns >= :begin AND begin_ns < :end AND whole
     ORDER BY begin_ns
"""


class PostgresBars:
    """Implements ``ports.bar_store.BarStore``; used from one thread at a time."""

    def __init__(self, database: Database, market: str) -> None:
        self._database = database
        self._market = market

    def keep(self, bars: Sequence[PairBar]) -> int:
        """See BarStore."""
        # One statement cannot change a row twice.
        best: dict[tuple[str, int], PairBar] = {}
        for one in sorted(bars, key=lambda b: (b.bar.whole, b.bar.trades)):
            best[one.pair, one.bar.begin_ns] = one
        if not best:
            return 0
        text = msgspec.json.encode([_row(one) for one in best.values()]).decode()
        return int(self._database.run_prepared(_KEEP, market=self._market, rows=text)[0][0])

    def whole(self, pair: str, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """See BarStore."""
        found = self._database.run_prepared(
            _WHOLE, market=self._market, pair=pair, begin=begin_ns, end=end_ns
        )
        return tuple(row[0] for row in found)


def _row(one: PairBar) -> tuple[object, ...]:
    bar = one.bar
    figures = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap)
    return (one.pair, bar.begin_ns, *map(plain, figures), bar.trades, bar.whole, one.source)
