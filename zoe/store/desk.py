"""What a desk keeps beside its journal: its boot number, nonces, health, configuration, and the
lock that says that there is one desk an account."""

from collections.abc import Mapping, Sequence

from zoe.domain.errors import StoreError
from zoe.store.connection import Connection, Database, connect

HealthRow = tuple[str, str, int, str]


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
    sql = """
        INSERT INTO health (account_id, component, status, at_ns, detail)
        VALUES (:account, :component, :status, :at, :detail)
        ON CONFLICT (account_id, component) DO UPDATE
           SET status = excluded.status, at_ns = excluded.at_ns, detail = excluded.detail
    """

    def work(connection: Connection) -> None:
        connection.run("START TRANSACTION")
        # Health may be lost with a crash: no need to wait for the disk.
        connection.run("SET LOCAL synchronous_commit = off")
        for component, status, at_ns, detail in rows:
            connection.run(
                sql,
                account=account_id,
                component=component,
                status=status,
                at=at_ns,
                detail=detail,
            )
        connection.run("COMMIT")

    database.run(work)


def write_config(
    database: Database, account_id: str, values: Mapping[str, tuple[str, str]], at_ns: int
) -> None:
    """Writes the configuration in force: key to (value, source)."""
    sql = """
        INSERT INTO config (account_id, key, value, source, at_ns)
        VALUES (:account, :key, :value, :source, :at)
        ON CONFLICT (account_id, key) DO UPDATE
           SET value = excluded.value, source = excluded.source, at_ns = excluded.at_ns
    """

    def work(connection: Connection) -> None:
        connection.run("START TRANSACTION")
        for key, (value, source) in values.items():
            connection.run(sql, account=account_id, key=key, value=value, source=source, at=at_ns)
        connection.run("COMMIT")

    database.run(work)


class AccountLock:
    """The advisory lock of one account, on a connection of its own."""

    def __init__(self, database: Database, account_id: str) -> None:
        self._server = database.server
        self._account_id = account_id
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Takes the lock, or makes sure that it is still held; False when another desk has it.

        Raises:
            StoreError: The store cannot be reached; the lock is not held.
        """
        if self._connection is None:
            self._connection = connect(self._server)
        try:
            held = self._connection.run(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND pid = pg_backend_pid()"
            )
            if held[0][0]:
                return True
            taken = self._connection.run(
                "SELECT pg_try_advisory_lock(hashtextextended(:account, 0))",
                account=self._account_id,
            )
        except Exception as problem:  # whatever it is, the lock's connection is no longer good
            self._connection = None
            raise StoreError(f"the account's lock was lost: {type(problem).__name__}") from problem
        return bool(taken[0][0])
