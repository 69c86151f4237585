"""Every store of the books, each new and empty: what is promised of one holds of all."""

import itertools
from collections.abc import Callable
from functools import cache
from typing import Final

import stores
from ledger_store import MemoryLedger

from zoe.ports.ledger_store import LedgerStore
from zoe.store.connection import Database
from zoe.store.ledger import PostgresLedger

_ACCOUNTS = itertools.count(1)


@cache
def one_database() -> Database:
    """Where all that are on PostgreSQL are, each an account of its own."""
    return stores.fresh_database()


def on_postgres() -> LedgerStore:
    """A new account's books."""
    return PostgresLedger(one_database(), f"kraken:{next(_ACCOUNTS)}")


EVERY: Final[tuple[Callable[[], LedgerStore], ...]] = (MemoryLedger, on_postgres)
