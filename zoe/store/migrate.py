"""Migrations: numbered SQL files, each in a transaction, with a checksum, never changed again."""

import hashlib
from importlib import resources
from typing import Final

import attrs

from zoe.domain.errors import ConfigError, StoreError
from zoe.runtime.log import log
from zoe.store.connection import Connection, Database

#: Any constant will do, as long as nobody else takes it.
_LOCK: Final = 7_655_001
_NO_RIGHT: Final = "42501"
#: A step that reads a journal of years takes longer than a commit may; so may another desk's steps.
PATIENCE_SECONDS: Final = 3_600
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,
    at timestamptz NOT NULL DEFAULT now())
"""


@attrs.frozen
class Step:
    """One file of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def steps() -> tuple[Step, ...]:
    """The schema's files in order."""
    files = sorted(resources.files("zoe.store").joinpath("schema").iterdir(), key=lambda f: f.name)
    return tuple(
        Step(int(f.name.split("_")[0]), f.name, f.read_text())
        for f in files
        if f.name.endswith(".sql")
    )


def migrate(database: Database, wanted: tuple[Step, ...] | None = None) -> int:
    """Brings the schema up to date; returns how many steps were taken. Safe side by side.

    Raises:
        ConfigError: A step that was taken has changed since, the database knows more steps, or
            its user may not make tables.
    """
    all_steps = steps() if wanted is None else wanted

    def work(connection: Connection) -> int:
        connection.run("START TRANSACTION")
        connection.run("SELECT pg_advisory_xact_lock(:lock)", lock=_LOCK)
        connection.run(_TABLE)
        taken = _take(connection, all_steps)
        connection.run("COMMIT")
        return taken

    try:
        with database.within(PATIENCE_SECONDS):
            return database.run(work)
    except StoreError as problem:
        if str(problem).startswith(_NO_RIGHT):
            raise ConfigError(f"the database's user may not make tables: {problem}") from problem
        raise


def _take(connection: Connection, wanted: tuple[Step, ...]) -> int:
    done = {row[0]: row[1] for row in connection.run("SELECT number, sha256 FROM migration")}
    unknown = sorted(done.keys() - {step.number for step in wanted})
    if unknown:
        raise ConfigError(f"the database is newer than this zoe: it has migration {unknown[-1]}")
    taken = 0
    for step in wanted:
        if step.number in done:
            if done[step.number] != step.sha256:
                raise ConfigError(f"migration {step.name} has changed since it was applied")
            continue
        log.info("store.migrating", step=step.name)
        connection.run(step.sql)
        connection.run(
            "INSERT INTO migration (number, name, sha256) VALUES (:number, :name, :sha)",
            number=step.number,
            name=step.name,
            sha=step.sha256,
        )
        log.info("store.migrated", step=step.name)
        taken += 1
    return taken
