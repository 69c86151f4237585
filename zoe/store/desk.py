"""What a desk keeps beside its journal: its boot number, nonces, health, configuration, and the
lock that says that there is one desk an account."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from zoe.store.connection import Connection, Database, close, connect, translated

HealthRow = tuple[str, str, int, str]

_HEALTH: Final = """
    INSERT INTO health (account_id, component, status, at_ns, detail)
    SELECT :account, component, status, at_ns, detail
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
           AS r(component text, status text, at_ns bigint, detail text)
    ON CONFLICT (account_id, component) DO UPDATE
       SET status = excluded.status, at_ns = excluded.at_ns, detail = excluded.detail
"""
_CONFIG: Final = """
    INSERT INTO config (account_id, key, value, source, at_ns)
    SELECT :account, key, value, source, :at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(key text, value text, source text)
"""
#: Who holds an account's lock, and when it last spoke: a desk that lives looks at its lock all the time.
_HOLDER: Final = """
    SELECT pid, CAST(backend_start AS text), CAST(state_change AS text)
      FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND CAST(classid AS bigint) << 32 | CAST(objid AS bigint)
           = hashtextextended(:account, 0)
"""
_PAUSE_SECONDS: Final = 0.25


def next_boot(database: Database, account_id: str, at_ns: int) -> int:
    """A boot number that was never given before; durable when it returns."""
    sql = "INSERT INTO boot (account_id, at_ns) VALUES (:account, :at) RETURNING number"
    return int(database.run(lambda c: c.run(sql, account=account_id, at=at_ns))[0][0])


def reserve_nonce(database: Database, account_id: str, wanted: int, ahead: int) -> int:
    """A durable high-water mark, at least ``wanted`` and ``ahead`` of the one before."""
    sql = """
        INSERT INTO nonce (account_id, high_water) VALUES (:account, :wanted)
        ON CONFLICT (account_id) DO UPDATE
           SET high_water = greatest(nonce.high_water + :ahead, excluded.high_water)
        RETURNING high_water
    """
    found = database.run(lambda c: c.run(sql, account=account_id, wanted=wanted, ahead=ahead))
    return int(found[0][0])


def write_health(database: Database, account_id: str, rows: Sequence[HealthRow]) -> None:
    """Writes each component's last sign of life."""
    names = ("component", "status", "at_ns", "detail")
    text = _text(dict(zip(names, row, strict=True)) for row in rows)

    def work(connection: Connection) -> None:
        # Health may be lost with a crash: no need to wait for the disk.
        connection.run("START TRANSACTION; SET LOCAL synchronous_commit = off")
        connection.run(_HEALTH, account=account_id, rows=text)
        connection.run("COMMIT")

    database.run(work)


def write_config(
    database: Database, account_id: str, values: Mapping[str, tuple[str, str]], at_ns: int
) -> None:
    """Writes the configuration in force, and nothing else: key to (value, source)."""
    text = _text(
        {"key": key, "value": value, "source": source} for key, (value, source) in values.items()
    )

    def work(connection: Connection) -> None:
        connection.run("START TRANSACTION")
        connection.run("DELETE FROM config WHERE account_id = :account", account=account_id)
        connection.run(_CONFIG, account=account_id, at=at_ns, rows=text)
        connection.run("COMMIT")

    database.run(work)


def configured(database: Database, account_id: str, key: str) -> str | None:
    """What the account's last desk wrote for a key; None where nothing."""
    sql = "SELECT value FROM config WHERE account_id = :account AND key = :key"
    rows = database.run(lambda c: c.run(sql, account=account_id, key=key))
    return str(rows[0][0]) if rows else None


def _text(rows: Iterable[Mapping[str, str | int]]) -> str:
    return msgspec.json.encode(list(rows)).decode()


class AccountLock:
    """The advisory lock of one account, on a connection of its own; used from one thread."""

    def __init__(self, database: Database, account_id: str) -> None:
        self._server = database.server
        self._account_id = account_id
        self._connection: Connection | None = None
        #: The newest session that held the lock for us: process id and start.
        self._session: tuple[int, str] | None = None

    def take(self) -> bool:
        """Takes the lock, or makes sure that it is still held; False when another desk has it.

        Raises:
            StoreError: The store cannot be reached; the lock is not held.
        """
        if self._connection is None:
            self._connection = connect(self._server)
        try:
            with translated():
                return self._take(self._connection)
        except BaseException:  # whatever it is, this connection is no longer good
            self.release()
            raise

    def inherit(self, seconds: float) -> bool:
        """Takes the lock of a desk that has died, once the server has noticed its death.

        False as soon as the holder says anything, since then it lives, or when the time is over.

        Raises:
            StoreError: The store cannot be reached; the lock is not held.
        """
        deadline = time.monotonic() + seconds
        seen = self._holder()
        while not self.take():
            if self._holder() not in (seen, ()) or time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def _holder(self) -> tuple[object, ...]:
        """Who holds the lock, as it has last spoken; empty where nobody does."""
        assert self._connection is not None
        with translated():
            rows = self._connection.run(_HOLDER, account=self._account_id)
        return tuple(rows[0]) if rows else ()

    def release(self) -> None:
        """Lets go of the lock."""
        if self._connection is not None:
            close(self._connection)
        self._connection = None

    def _take(self, connection: Connection) -> bool:
        held = connection.run(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND pid = pg_backend_pid()"
        )
        if held[0][0] or self._try(connection):
            return True
        # Our own session of before may still be there: a server takes a while to notice a
        # connection that broke on the way.
        if self._session is None:
            return False
        pid, start = self._session
        ended = connection.run(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE pid = :pid AND CAST(backend_start AS text) = :start",
            pid=pid,
            start=start,
        )
        return bool(ended) and self._try(connection)

    def _try(self, connection: Connection) -> bool:
        taken = connection.run(
            "SELECT pg_try_advisory_lock(hashtextextended(:account, 0))", account=self._account_id
        )
        if not taken[0][0]:
            return False
        self._session = tuple(
            connection.run(
                "SELECT pid, CAST(backend_start AS text) FROM pg_stat_activity "
                "WHERE pid = pg_backend_pid()"
            )[0]
        )
        return True
