"""PostgreSQL for tests: one server a test run, started at first use, with a new database each."""

import atexit
import itertools
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import attrs

from zoe.store.connection import Database, Server
from zoe.store.embedded import EmbeddedServer
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

PATIENCE_SECONDS = 10
_NUMBERS = itertools.count(1)


@cache
def shared() -> EmbeddedServer:
    """The server that tests share which do it no harm."""
    place = Path(tempfile.mkdtemp(prefix="zoe-store-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    server = EmbeddedServer.start(place / "state")
    atexit.register(server.stop)
    wait_until_up(Database(server_at(server.endpoint)), server)
    return server


def empty_database() -> Server:
    """A database of its own on the shared server, without tables."""
    server = server_at(shared().endpoint)
    name = f"test_{next(_NUMBERS)}"
    Database(server).run(lambda connection: connection.run(f"CREATE DATABASE {name}"))
    return attrs.evolve(server, database=name)


def fresh_database() -> Database:
    """A database of its own with the schema in it."""
    database = Database(empty_database())
    migrate(database)
    return database


def up(state_dir: Path) -> tuple[EmbeddedServer, Database]:
    """A server of a test's own, up, with the schema in its database."""
    server = EmbeddedServer.start(state_dir)
    database = Database(server_at(server.endpoint))
    try:
        wait_until_up(database, server)
        migrate(database)
    except BaseException:
        server.stop()
        raise
    return server, database


def eventually(look: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Returns once ``look`` finds what is waited for; it should be cheap."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
