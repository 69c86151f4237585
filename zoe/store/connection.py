"""Connections to PostgreSQL: one a thread, foreign errors translated here and nowhere else."""

import contextlib
import ipaddress
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import attrs
import pg8000.native
from pg8000.exceptions import DatabaseError, InterfaceError

from zoe.domain.errors import ConfigError, StoreConflict, StoreError, StoreUnknown

CONNECT_SECONDS: Final = 5
UNIQUE_VIOLATION: Final = "23505"
#: With any of these off, an acknowledged commit may be lost.
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")

T = TypeVar("T")


class Connection(Protocol):
    """What we use of pg8000's connection, which comes without types."""

    columns: Any
    _backend_key_data: bytes | None

    def run(self, sql: str, **values: Any) -> Any:
        """Runs a statement with its ``:names`` filled in; its rows as lists."""

    def close(self) -> None:
        """Ends it."""


@attrs.frozen
class Server:
    """Where a server is; the password stays out of the repr."""

    user: str
    password: str | None = attrs.field(repr=False)
    database: str
    socket: str | None = None
    host: str = "localhost"
    port: int = 5432
    tls: bool = False


def server_of(url: str) -> Server:
    """The server that a ``DATABASE_URL`` names; TLS unless it is on this machine.

    Raises:
        ConfigError: The URL is not one of PostgreSQL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise ConfigError("DATABASE_URL must look like postgresql://user:password@host/database")
    try:
        port = parts.port or 5432
    except ValueError as problem:
        raise ConfigError("DATABASE_URL has a port that is no number") from problem
    query = parse_qs(parts.query)
    place = query.get("host", [unquote(parts.hostname or "localhost")])[0]
    socket = f"{place}/.s.PGSQL.{port}" if place.startswith("/") else None
    return Server(
        user=unquote(parts.username or "postgres"),
        password=None if parts.password is None else unquote(parts.password),
        database=unquote(parts.path.strip("/")),
        socket=socket,
        host=place,
        port=port,
        tls=socket is None and not _is_loopback(place),
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connect(server: Server) -> Connection:
    """A new connection.

    Raises:
        StoreError: It cannot be had.
    """
    where: dict[str, Any] = {"host": server.host, "port": server.port}
    if server.socket is not None:
        where = {"unix_sock": server.socket}
    elif server.tls:
        where["ssl_context"] = ssl.create_default_context()
    try:
        found: Connection = pg8000.native.Connection(
            server.user,
            password=server.password,
            database=server.database,
            timeout=CONNECT_SECONDS,
            application_name="zoe",
            **where,
        )
    except (DatabaseError, InterfaceError, OSError) as problem:
        raise StoreError(f"cannot connect: {_words(problem)}") from problem
    return found


def _words(problem: BaseException) -> str:
    """The server's message without the rest of its dictionary."""
    first = problem.args[0] if problem.args else ""
    if isinstance(first, dict):
        return f"{first.get('C', '')} {first.get('M', '')}".strip()
    return f"{type(problem).__name__} {first}".strip()


class Database:
    """A server, and a connection to it for each thread that asks."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._mine = threading.local()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` on this thread's connection; a broken one is thrown away.

        Raises:
            StoreConflict: A unique constraint was violated.
            StoreUnknown: The connection was lost at work: whether it was done is unknown.
            StoreError: It was not done.
        """
        connection = self._connection()
        try:
            return work(connection)
        except DatabaseError as problem:
            details = problem.args[0] if problem.args else {}
            code = details.get("C", "") if isinstance(details, dict) else ""
            if code == UNIQUE_VIOLATION:
                raise StoreConflict(_words(problem)) from problem
            if code[:2] in ("57", "08", "") or code == "25P02":
                self.discard()
                raise StoreUnknown(_words(problem)) from problem
            raise StoreError(_words(problem)) from problem
        except (InterfaceError, OSError) as problem:
            self.discard()
            raise StoreUnknown(_words(problem)) from problem

    def _connection(self) -> Connection:
        found: Connection | None = getattr(self._mine, "connection", None)
        if found is None:
            found = self._mine.connection = connect(self.server)
        return found

    def discard(self) -> None:
        """Closes this thread's connection; the next use opens a new one."""
        found: Connection | None = getattr(self._mine, "connection", None)
        self._mine.connection = None
        if found is not None:
            with contextlib.suppress(DatabaseError, InterfaceError, OSError):
                found.close()  # it may be broken: that may be why it goes

    def refuse_unsafe(self) -> None:
        """Refuses a server that may lose acknowledged commits, or that shares its sessions.

        Raises:
            ConfigError: With the setting that is wrong.
        """

        def look(connection: Connection) -> None:
            for name in _DURABLE:
                value = connection.run(f"SHOW {name}")[0][0]
                if value == "off":
                    raise ConfigError(f"the database has {name} = off: commits may be lost")
            # A pooler hands out a cancel key of its own, not that of the session behind it.
            greeted = int.from_bytes((connection._backend_key_data or b"")[:4])
            if connection.run("SELECT pg_backend_pid()")[0][0] != greeted:
                raise ConfigError("the database is behind a pooler: locks would not hold")

        self.run(look)
