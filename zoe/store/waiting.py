"""Waiting for a server of our own to answer."""

import time
from typing import Final

from zoe.domain.errors import ConfigError, StoreError
from zoe.store.connection import Database
from zoe.store.embedded import NO_SPACE, START_SECONDS, EmbeddedServer

_PAUSE_SECONDS: Final = 0.003
#: What a killed server leaves behind (processes, their memory) is gone within this time, and it
#: is what these words are about.
_REMAINS_SECONDS: Final = 3
_REMAINS: Final = ("still in use", "already exists", "another postmaster")


def wait_until_up(database: Database, server: EmbeddedServer) -> None:
    """Returns once the server answers; names its database at first.

    Raises:
        ConfigError: It died for want of room on its disk.
        StoreError: It died for another reason, or did not answer in time.
    """
    began = time.monotonic()
    while True:
        code = server.poll()
        if code is not None:
            words = server.why_it_died()
            if NO_SPACE in words:
                raise ConfigError(f"PostgreSQL cannot start: {words}")
            remains = any(sign in words for sign in _REMAINS)
            if not remains or time.monotonic() > began + _REMAINS_SECONDS:
                raise StoreError(f"PostgreSQL ended with {code}: {words}")
            time.sleep(_REMAINS_SECONDS / 10)
            server.restart()
        try:
            database.run(lambda connection: connection.run("SELECT 1"))
            return
        except StoreError as problem:
            if "3D000" in str(problem):  # no such database
                server.name_database()
            elif time.monotonic() > began + START_SECONDS:
                raise
            time.sleep(_PAUSE_SECONDS)
