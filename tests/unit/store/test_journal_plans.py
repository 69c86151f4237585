"""A look for one order takes the same of a short journal and of a long one, also before the server has any
statistics of it: a busy first minute is full of such looks."""

import re

import stores

from zoe.store.journal import ORDER_ROWS, PostgresJournal

ACCOUNT = "a"
ORDERS = 2_000
_FILL = """
INSERT INTO journal
SELECT g * 4 + k, :account, 'order/a/' || g, k + 1, 'order.changed', 1, g * 4 + k, g, NULL, NULL,
       CASE k WHEN 2 THEN jsonb_build_object('order_id', 'O' || g) ELSE '{}'::jsonb END
  FROM generate_series(1, CAST(:orders AS int)) g, generate_series(0, 3) k
"""


def test_the_rows_of_one_order_are_found_without_going_through_those_of_others() -> None:
    database = stores.fresh_database()
    database.run(lambda connection: connection.run(_FILL, account=ACCOUNT, orders=ORDERS))
    found = PostgresJournal(database, ACCOUNT).order_rows(ACCOUNT, "O77")
    assert [(row.stream, row.version) for row in found] == [("order/a/77", n) for n in (1, 2, 3, 4)]
    wanted = {"account": ACCOUNT, "order_id": "O77"}
    plan = database.run(lambda c: c.run(f"EXPLAIN (ANALYZE, TIMING OFF) {ORDER_ROWS}", **wanted))
    rows = [float(n) for (line,) in plan for n in re.findall(r"actual rows=([\d.]+)", line)]
    assert rows
    assert max(rows) < 10, "\n".join(line for (line,) in plan)
