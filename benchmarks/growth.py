"""How long a desk's start and its users' looks take when many orders have gone before.

    python benchmarks/growth.py [--orders N]

A journal of N orders of five rows each, and one of 4 N, on one server in the same run, vacuumed as
the server does it by itself as a table grows: what is read at a start, and what commands read. Exit
1 where four times the orders take more than eight times as long: then it grows worse than linearly,
and one day no desk would start.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from loguru import logger

from zoe.actors.strategist_purse import Purse
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.journal import PostgresJournal
from zoe.store.migrate import migrate
from zoe.store.reading import orders, server_at, why
from zoe.store.waiting import wait_until_up

ACCOUNT: Final = "growth"
SOURCE: Final = "strategy/quote_keeper"
#: How a terminal names the order whose number is 77.
SHORT: Final = "28dd2c79"
BLOCK: Final = 10_000
ROWS: Final = 5
MOST_GROWTH: Final = 8
#: Below this it is noise, not growth.
LEAST_SECONDS: Final = 0.1
_FILL: Final = f"""
INSERT INTO journal
SELECT g * {ROWS} + k, '{ACCOUNT}', 'order/{ACCOUNT}/' || intent_id, k + 1,
       (ARRAY['order.intent', 'order.sent', 'order.changed', 'order.fill', 'order.changed'])[k + 1],
       g * 1000000000 + k, g * {ROWS} + k, g * {ROWS}, NULL, NULL,
       CASE k
       WHEN 0 THEN jsonb_build_object('intent_id', intent_id, 'pair', 'BTC/USD',
           'cl_ord_id', intent_id, 'side', 'buy', 'order_type', 'limit',
           'quantity', '0.001', 'limit_price', '50000', 'source', 'strategy/quote_keeper',
           'slot', 'bid', 'state', 'SENDING')
       WHEN 1 THEN jsonb_build_object('state', 'PENDING')
       WHEN 2 THEN jsonb_build_object('state', 'WORKING', 'order_id', 'O' || g)
       WHEN 3 THEN jsonb_build_object('state', 'WORKING', 'order_id', 'O' || g, 'pair', 'BTC/USD',
           'exec_id', 'T' || g, 'trade_id', g, 'side', 'buy', 'quantity', '0.001',
           'price', '50000', 'cost', '50', 'fee', '0.1', 'fee_asset', 'USD', 'liquidity', 'maker',
           'exchange_ns', g * 1000000000)
       ELSE jsonb_build_object('state', CASE WHEN g % 10000 = 0 THEN 'WORKING' ELSE 'FILLED' END)
       END
  FROM (SELECT g, CAST(CAST(md5(CAST(g AS text)) AS uuid) AS text) AS intent_id
          FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) g) o,
       generate_series(0, {ROWS - 1}) k
"""


def fill(database: Database, first: int, last: int) -> None:
    """Orders ``first`` up to ``last``, exclusive."""
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last) - 1
        with database.within(600):
            database.run_prepared(_FILL, first=begin, last=end)
    with database.within(600):
        database.run(lambda connection: connection.run("VACUUM ANALYZE journal"))


def seconds(work: Callable[[], object]) -> float:
    """The quicker of two times: the first one also warms."""
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def sleeve(journal: PostgresJournal, after: int) -> None:
    """What a strategist does with executions of its own before it takes any mail."""
    Purse(SOURCE).stored(journal.fills(ACCOUNT, SOURCE, after), 0)


def looks(database: Database) -> dict[str, float]:
    """What each look takes, in seconds."""
    journal = PostgresJournal(database, ACCOUNT)
    with database.within(600):
        return {
            "start: open orders": seconds(lambda: journal.open_orders(ACCOUNT)),
            "start: what was traded": seconds(lambda: journal.traded(ACCOUNT)),
            "start: a strategy's fills": seconds(lambda: sleeve(journal, 0)),
            "start: those since a mark": seconds(
                lambda: sleeve(journal, journal.last_seq() - ROWS)
            ),
            "zoe orders": seconds(lambda: orders(database, every=False)),
            "zoe why": seconds(lambda: why(database, "O77")),
            "zoe why, eight digits": seconds(lambda: why(database, SHORT)),
        }


def main() -> int:
    """Fills, looks, fills more, looks again."""
    parser = argparse.ArgumentParser(description="Times of looks into a long journal.")
    parser.add_argument("--orders", type=int, default=25_000)
    number = parser.parse_args().orders
    logger.remove()
    with tempfile.TemporaryDirectory() as place:
        server = EmbeddedServer.start(Path(place) / "state")
        try:
            database = Database(server_at(server.endpoint))
            wait_until_up(database, server)
            migrate(database)
            fill(database, 0, number)
            few = looks(database)
            fill(database, number, 4 * number)
            many = looks(database)
        finally:
            server.stop()
    print(f"{'':24} {number:>9,} {4 * number:>9,} orders   ratio")
    worst = 0.0
    for name, more in many.items():
        ratio = more / max(few[name], LEAST_SECONDS)
        worst = max(worst, ratio)
        print(f"{name:24} {few[name]:9.3f} {more:9.3f} s      {ratio:7.2f}")
    return int(worst > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
