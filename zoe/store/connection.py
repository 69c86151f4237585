"""Connections to PostgreSQL: one a thread, foreign errors translated here and nowhere else."""

import contextlib
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import attrs
import pg8000.native
from pg8000.core import BIND, EXECUTE_MSG, SYNC_MSG, Context
from pg8000.exceptions import DatabaseError, InterfaceError
from scramp import ScramException  # type: ignore[import-untyped]  # it has none

from zoe.domain.errors import ConfigError, StoreConflict, StoreError, StoreUnknown
from zoe.domain.loopback import is_loopback

CONNECT_SECONDS: Final = 5
#: A commit that takes longer counts as unanswered.
ANSWER_SECONDS: Final = 10
OLDEST_SERVER: Final = 140_000
#: A socket on which nothing waits takes as much without waiting.
AT_ONCE_BYTES: Final = 16_000
_UNIQUE_VIOLATION: Final = "23505"
#: Data and constraints that a row of ours violates, whatever we do: our code is wrong.
_OUR_FAULT: Final = ("22", "23")
_IDLE: Final = b"I"
#: What else pg8000 raises at a server that does not speak PostgreSQL.
_GIBBERISH: Final = (LookupError, ValueError, struct.error)
_URL_KEYS: Final = {"host", "sslmode", "sslrootcert"}
_VERIFIED: Final = ("require", "verify-ca", "verify-full")
#: A server elsewhere learns within half a minute that we are gone, and ends what we left open.
_NOTICE_THE_DEAD: Final = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
    "SET client_connection_check_interval = '2s'"
)
#: A session holds the account's lock, and may have nothing to say for hours.
_STAY: Final = "SET idle_session_timeout = 0"

T = TypeVar("T")


class Prepared(Protocol):
    """A statement that the server has parsed already."""

    name_bin: bytes
    cols: Any
    input_funcs: Any
    statement: str

    def run(self, **values: Any) -> Any:
        """Runs it; its rows as lists."""


class Connection(Protocol):
    """What we use of pg8000's connection, which comes without types."""

    columns: Any
    _backend_key_data: bytes | None
    _transaction_status: bytes | None
    _usock: Any

    def run(self, sql: str, **values: Any) -> Any:
        """Runs a statement with its ``:names`` filled in; its rows as lists."""

    def prepare(self, sql: str) -> Prepared:
        """Has a statement parsed."""

    def ask(self, statement: Prepared, values: Sequence[str]) -> Any:
        """Sends a parsed statement with its texts."""

    def answer(self, asked: Any) -> Any:
        """Waits for what becomes of it."""

    def close(self) -> None:
        """Ends it."""


class _Connection(pg8000.native.Connection):  # type: ignore[misc]  # it has no types
    """Gets one answer to a parsed statement.

    pg8000 has the server answer each of its steps: threads of ours would wake in the middle of a
    commit, for nothing.
    """

    def ask(self, statement: Prepared, values: Sequence[str | None]) -> Context:
        """See Connection."""
        texts = [None if value is None else value.encode() for value in values]
        given = b"".join(
            struct.pack("!i", -1) if text is None else struct.pack("!i", len(text)) + text
            for text in texts
        )
        bound = b"\0%b%b%b\0\0" % (
            statement.name_bin,
            struct.pack("!hh", 0, len(texts)),
            given,
        )
        bind = BIND + struct.pack("!i", len(bound) + 4) + bound
        self._usock.sendall(bind + EXECUTE_MSG + SYNC_MSG)
        return Context(
            statement.statement, columns=statement.cols, input_funcs=statement.input_funcs
        )

    def answer(self, asked: Context) -> Context:
        """See Connection."""
        self.handle_messages(asked)
        return asked

    def execute_named(self, name: bytes, params: Any, columns: Any, funcs: Any, sql: str) -> Any:
        """As pg8000's, with one answer."""
        statement = SimpleNamespace(name_bin=name, cols=columns, input_funcs=funcs, statement=sql)
        return self.answer(self.ask(statement, params))


@attrs.frozen
class Server:
    """Where a server is; the password stays out of the repr.

    Attributes:
        ca_file: Who may sign the server's certificate; None trusts whom the system trusts.
    """

    user: str
    password: str | None = attrs.field(repr=False)
    database: str
    socket: str | None = None
    host: str = "localhost"
    port: int = 5432
    tls: bool = False
    ca_file: str | None = None


def server_of(url: str) -> Server:
    """The server that a ``DATABASE_URL`` names; verified TLS unless it is on this machine.

    Raises:
        ConfigError: The URL is not one of PostgreSQL, or wants what is not allowed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        name = parts.hostname or "localhost"
    except ValueError:
        # Never the library's words: they may quote the password.
        raise ConfigError("DATABASE_URL cannot be read: is its port a number?") from None
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise ConfigError("DATABASE_URL must look like postgresql://user:password@host/database")
    if query.keys() - _URL_KEYS:
        raise ConfigError(f"DATABASE_URL: {min(query.keys() - _URL_KEYS)} is not understood")
    place = query.get("host", unquote(name))
    socket = f"{place}/.s.PGSQL.{port}" if place.startswith("/") else None
    return Server(
        user=unquote(parts.username or "postgres"),
        password=None if parts.password is None else unquote(parts.password),
        database=unquote(parts.path.strip("/")),
        socket=socket,
        host=place,
        port=port,
        tls=socket is None and _needs_tls(place, query.get("sslmode")),
        ca_file=query.get("sslrootcert"),
    )


def _needs_tls(host: str, mode: str | None) -> bool:
    if mode in _VERIFIED:
        return True
    if is_loopback(host):
        return False
    if mode is None:
        return True
    raise ConfigError(f"DATABASE_URL: sslmode={mode}, but {host} is not this machine")


def connect(server: Server) -> Connection:
    """A new connection.

    Raises:
        StoreError: It cannot be had.
    """
    # False, since None would try TLS and load every certificate of the system: 20 ms.
    where: dict[str, Any] = {"ssl_context": False}
    if server.socket is not None:
        where["unix_sock"] = server.socket
    try:
        if server.tls:
            where["ssl_context"] = ssl.create_default_context(cafile=server.ca_file)
        found: Connection = _Connection(
            server.user,
            host=server.host,
            port=server.port,
            password=server.password or "",
            database=server.database,
            timeout=CONNECT_SECONDS,
            application_name="zoe",
            **where,
        )
        found._usock.settimeout(ANSWER_SECONDS)
        found.run(_STAY if server.socket else f"{_STAY}; {_NOTICE_THE_DEAD}")
    except (DatabaseError, InterfaceError, ScramException, OSError, *_GIBBERISH) as problem:
        raise StoreError(f"cannot connect: {_words(_first(problem))}") from problem
    return found


def _first(problem: BaseException) -> BaseException:
    """What the server said before pg8000's goodbye to it failed as well."""
    first: BaseException = problem
    while not isinstance(first, DatabaseError):
        if first.__context__ is None:
            return problem
        first = first.__context__
    return problem if first is None else first


def _words(problem: BaseException) -> str:
    """The server's message without the rest of its dictionary, or the error's own."""
    first = problem.args[0] if problem.args else ""
    if isinstance(first, dict):
        return f"{first.get('C', '')} {first.get('M', '')}".strip()
    cause = f": {problem.__cause__}" if problem.__cause__ is not None else ""
    return f"{type(problem).__name__} {problem}{cause}"


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turns what pg8000 raises at work into our own errors.

    Raises:
        StoreConflict: A unique constraint was violated.
        StoreUnknown: The connection was lost at work: whether it was done is unknown.
        StoreError: It was not done.
        AssertionError: The database will never take this row.
    """
    try:
        yield
    except DatabaseError as problem:
        details = problem.args[0] if problem.args else {}
        details = details if isinstance(details, dict) else {}
        code, words = details.get("C", ""), _words(problem)
        if details.get("V", "FATAL") != "ERROR":  # the session ended, and nobody knows how far
            raise StoreUnknown(words) from problem
        if code == _UNIQUE_VIOLATION:
            raise StoreConflict(words) from problem
        if code.startswith(_OUR_FAULT):
            raise AssertionError(words) from problem
        raise StoreError(words) from problem
    except (InterfaceError, OSError) as problem:
        raise StoreUnknown(_words(problem)) from problem


class Database:
    """A server, and a connection to it for each thread that asks.

    Args:
        shared: Whether there is one connection only, for threads that take turns.
    """

    def __init__(self, server: Server, *, shared: bool = False) -> None:
        self.server = server
        self._mine: Any = SimpleNamespace() if shared else threading.local()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` on this thread's connection; a broken one is thrown away.

        ``work`` commits what it began: a transaction that is left open is a bug.

        Raises:
            As ``translated``; and StoreError where there is no connection.
        """
        connection = self._connection()
        try:
            with translated():
                result = work(connection)
            assert connection._transaction_status == _IDLE, "a transaction was left open"
            return result
        except BaseException as problem:
            # After an error known to be the statement's own, outside a transaction, it is good.
            known = isinstance(problem, StoreError) and not isinstance(problem, StoreUnknown)
            if not known or connection._transaction_status != _IDLE:
                self.discard()
            raise

    def run_prepared(self, sql: str, **values: Any) -> Any:
        """Runs one statement, parsed once a connection; raises as ``run``."""

        def work(connection: Connection) -> Any:
            statement = self._mine.prepared.get(sql)
            if statement is None:
                statement = self._mine.prepared[sql] = connection.prepare(sql)
            return statement.run(**values)

        return self.run(work)

    def begin_prepared(self, sql: str, text: str) -> Callable[[], Any]:
        """Sends a statement with one text, where it is parsed already and the socket takes it without waiting.

        What is returned does the rest, waits, and raises as ``run``; the next statement begins after it.
        """
        connection: Connection | None = getattr(self._mine, "connection", None)
        statement = None if connection is None else self._mine.prepared.get(sql)
        if connection is None or statement is None or len(text) > AT_ONCE_BYTES:
            return partial(self.run_prepared, sql, text=text)
        try:
            asked = connection.ask(statement, (text,))
        except OSError as problem:
            return partial(self.run, partial(_fail, problem))
        return partial(self.run, lambda connection: connection.answer(asked).rows)

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Lets this thread's statements take that long, instead of the seconds a commit has.

        Raises:
            StoreError: There is no connection.
        """
        socket = self._connection()._usock  # a connection that is closed meanwhile forgets it
        socket.settimeout(seconds)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                socket.settimeout(ANSWER_SECONDS)

    def _connection(self) -> Connection:
        found: Connection | None = getattr(self._mine, "connection", None)
        if found is None:
            found = self._mine.connection = connect(self.server)
            self._mine.prepared = {}
        return found

    def discard(self) -> None:
        """Closes this thread's connection; the next use opens a new one."""
        found: Connection | None = getattr(self._mine, "connection", None)
        self._mine.connection = None
        if found is not None:
            close(found)

    def refuse_unsafe(self) -> None:
        """Refuses a server that may lose acknowledged commits, or that shares its sessions.

        Raises:
            ConfigError: With the setting that is wrong.
        """
        self.run(_look)


def _fail(problem: OSError, _: Connection) -> None:
    raise problem


def close(connection: Connection) -> None:
    """Ends a connection, which may be broken: that may be why it ends."""
    with contextlib.suppress(DatabaseError, InterfaceError, OSError):
        connection.close()


def _look(connection: Connection) -> None:
    # A pooler hands out a cancel key of its own, not that of the session behind it.
    greeted = int.from_bytes((connection._backend_key_data or b"")[:4])
    if connection.run("SELECT pg_backend_pid()")[0][0] != greeted:
        raise ConfigError("the database is behind a pooler: locks would not hold")
    if int(_show(connection, "server_version_num")) < OLDEST_SERVER:
        raise ConfigError(f"the database is older than PostgreSQL {OLDEST_SERVER // 10_000}")
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        if _show(connection, name) == "off":
            raise ConfigError(f"the database has {name} = off: commits may be lost")
    if _show(connection, "server_encoding") != "UTF8":
        raise ConfigError("the database's encoding is not UTF8")
    if _show(connection, "transaction_read_only") == "on":
        raise ConfigError("the database is read-only: a standby?")
    if _show(connection, "session_replication_role") == "replica":
        raise ConfigError("the database has session_replication_role = replica: nothing is guarded")
    if connection.run("SELECT current_schema()")[0][0] is None:
        raise ConfigError("the database's search_path names no schema that is there")


def _show(connection: Connection, name: str) -> str:
    return str(connection.run(f"SHOW {name}")[0][0])
