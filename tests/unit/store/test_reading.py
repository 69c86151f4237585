"""What reading commands take from the store."""

import threading

import pytest
import stores

from zoe.store import connection, reading
from zoe.store.connection import Database

SECONDS = 1
#: Holds up whoever reads orders, as reading very many of them does.
HELD_UP = f"BEGIN; LOCK TABLE journal IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({SECONDS}); COMMIT"


def test_all_orders_may_take_longer_to_read_than_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    database = stores.fresh_database()
    other = Database(database.server)
    holding = threading.Thread(target=lambda: other.run(lambda c: c.run(HELD_UP)))
    holding.start()
    locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
    stores.eventually(lambda: database.run(lambda c: c.run(locks))[0][0] > 0, "the table is locked")
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.1)
    database.discard()
    assert reading.orders(database, every=True) == []
    holding.join()
