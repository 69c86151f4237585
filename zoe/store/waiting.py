"""Waiting for a server of our own to answer."""

import time
from typing import Final

from zoe.domain.errors import StoreError
from zoe.store.connection import Database
from zoe.store.embedded import DATABASE, START_SECONDS, EmbeddedServer

_PAUSE_SECONDS: Final = 0.01


def wait_until_up(database: Database, server: EmbeddedServer) -> None:
    """Returns once the server answers; makes its database at first.

    Raises:
        StoreError: It died, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        code = server.poll()
        if code is not None:
            raise StoreError(f"PostgreSQL ended with {code}: {server.why_it_died()}")
        try:
            database.run(lambda connection: connection.run("SELECT 1"))
            return
        except StoreError as problem:
            if DATABASE in str(problem) and "3D000" in str(problem):
                server.create_database()
            elif time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
