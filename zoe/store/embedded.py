"""A PostgreSQL of our own, with its data under the state directory.

It runs under a keeper (keeper.py) that stops it when the desk is gone, however it went. Only SCRAM
over a private socket gets in. One process a state directory runs it, by a lock on ``pg/lock``.
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Final

import attrs

from zoe.domain.errors import ConfigError
from zoe.runtime.log import log
from zoe.store import binaries
from zoe.store.connection import Server, close, connect
from zoe.store.lock_file import PATIENCE_SECONDS, clear_stale
from zoe.store.rights import Rights, rights_for

USER: Final = "zoe"
DATABASE: Final = "zoe"
#: A socket's path has 107 bytes at most.
LONGEST_SOCKET_DIR: Final = 93
START_SECONDS: Final = 30
STOP_SECONDS: Final = 30
_SOCKET: Final = ".s.PGSQL.5432"
_LOG_BYTES: Final = 1_000_000
NO_SPACE: Final = os.strerror(errno.ENOSPC)
_ROOM_FOR_WORDS: Final = 100_000
_PAUSE_SECONDS: Final = 0.02
_OURS_ALONE: Final = 0o600
_GRAVE: Final = re.compile(
    rb"(FATAL|PANIC):  (?!the database system is|terminating|database .* does not exist)"
)
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_UNSPEAKABLE: Final = re.compile(r'["$`\\\x00-\x1f]')
_SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "20",
    # After a crash it ends, and whoever holds it starts it afresh. By itself it may stay in recovery
    # for ever, even with room again: seen when its recovery had failed for want of room.
    "restart_after_crash": "off",
    "dynamic_shared_memory_type": "mmap",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "recovery_init_sync_method": "syncfs",
    "max_wal_size": "128MB",
    "client_connection_check_interval": "500",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "autovacuum_naptime": "5min",
    "bgwriter_delay": "1s",
    "wal_writer_delay": "1s",
    "timezone": "UTC",
}


@attrs.frozen
class Endpoint:
    """How to reach a server by its socket; the password stays out of the repr."""

    socket: str
    user: str
    password: str = attrs.field(repr=False)
    database: str


class EmbeddedServer:
    """A running server; ``start`` makes one.

    Args:
        state_dir: Absolute; created with mode 0711 where it is absent.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state = state_dir
        self._pg = state_dir / "pg"
        self._data = self._pg / "data"
        self._socket_dir = _socket_dir(self._pg)
        self._rights = Rights()
        self._lock: IO[str] | None = None
        self._programs = Path()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._log_start = 0

    @classmethod
    def start(cls, state_dir: Path) -> "EmbeddedServer":
        """Starts the server of this state directory, creating it at first.

        Raises:
            ConfigError: The directory cannot be used, or another process runs its server.
            StoreError: PostgreSQL did not start.
        """
        server = cls(state_dir)
        try:
            server._prepare()
            server._launch()
        except OSError as problem:
            words = _words(problem)
            server.stop()
            raise ConfigError(f"state directory {state_dir}: {words}") from problem
        except BaseException:
            server.stop()
            raise
        return server

    @property
    def endpoint(self) -> Endpoint:
        """How to reach it."""
        return self._endpoint_at(self._socket_dir)

    def _endpoint_at(self, place: Path) -> Endpoint:
        password = (self._pg / "password").read_text().strip()
        return Endpoint(str(place / _SOCKET), USER, password, DATABASE)

    @classmethod
    def exists(cls, state_dir: Path) -> bool:
        """Whether a server was ever made there."""
        return (state_dir / "pg" / "data").exists()

    @classmethod
    def running(cls, state_dir: Path) -> Endpoint | None:
        """The server that some process runs on this directory, None where there is none.

        Raises:
            ConfigError: The directory may not be read.
        """
        server = cls(state_dir)
        try:
            return server._endpoint_at(server._recorded_place()) if server._is_locked() else None
        except OSError as problem:
            raise ConfigError(f"state directory {state_dir}: {problem.strerror}") from problem

    def _is_locked(self) -> bool:
        try:
            with (self._pg / "lock").open() as lock:
                # Shared: two who look do not see each other.
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _recorded_place(self) -> Path:
        """Where a running server says that its socket is: its environment may not be ours."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            lines = []
        return Path(lines[4]) if len(lines) > 4 and lines[4] else self._socket_dir

    def name_database(self) -> None:
        """Gives the database of a new server its name.

        Raises:
            StoreError: Not done; another attempt may succeed.
        """
        at = self.endpoint
        connection = connect(Server(at.user, at.password, "template1", socket=at.socket))
        try:
            # Renaming the one that is there saves the copying of a new one.
            connection.run(f"ALTER DATABASE postgres RENAME TO {DATABASE}")
        finally:
            close(connection)

    def poll(self) -> int | None:
        """The server's exit code, None while it runs; from any thread."""
        keeper = self._keeper
        return None if keeper is None else keeper.poll()

    def stop(self) -> None:
        """Stops the server and lets go of the directory."""
        self._closing = True
        self._end_keeper()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _end_keeper(self) -> None:
        keeper = self._keeper
        if keeper is not None:
            assert keeper.stdin is not None
            keeper.stdin.close()
            try:
                keeper.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # It goes on by itself, and does the server no harm: what is ended besides must not wait.
                log.error("store.server_lingers", seconds=STOP_SECONDS, keeper=keeper.pid)
            self._keeper = None

    def restart(self) -> None:
        """Starts a server that died, with every durable row; nothing once it is to stop.

        Raises:
            OSError: No process can be had now.
            ConfigError: Another server has taken its place.
        """
        assert self.poll() is not None, "it runs"
        if self._is_closing():
            return
        self._launch()
        if self._is_closing():  # another thread has asked for it meanwhile
            self._end_keeper()

    def _is_closing(self) -> bool:
        return self._closing

    # First use

    def _prepare(self) -> None:
        for directory in (self._state, self._pg):
            if not directory.exists():
                directory.mkdir(parents=True)
                directory.chmod(0o711)  # to pass through, whatever the umask
        self._own_lock()
        self._rights = rights_for(self._data, self._socket_dir)
        self._programs = binaries.installed(self._pg)
        self._rights.own_directory(self._socket_dir)
        if not self._data.exists():
            self._initialise()
        self._refuse_other_version()

    def _own_lock(self) -> None:
        lock = (self._pg / "lock").open("a")
        os.fchmod(lock.fileno(), _OURS_ALONE)  # whoever may read it may lock it
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    text = f"state directory {self._state}: another process runs its PostgreSQL"
                    raise ConfigError(text) from None
                time.sleep(_PAUSE_SECONDS)
        self._lock = lock

    def _initialise(self) -> None:
        """Makes the data under another name: what has its own name is complete."""
        if _UNSPEAKABLE.search(str(self._pg)):
            # initdb gives its own path to a shell.
            raise ConfigError(f'state directory {self._state}: choose one without " $ ` and \\')
        fresh = self._pg / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        password = secrets.token_urlsafe(32)
        self._keep(password)
        rights = self._rights.for_initdb()
        fresh.mkdir(mode=0o700)
        rights.own(fresh)
        self._initdb(fresh, rights, password)
        self._rights.own(fresh)
        fresh.rename(self._data)
        for directory in (self._pg, self._state, self._state.parent):
            _make_durable(directory)

    def _keep(self, password: str) -> None:
        kept = self._pg / "password"
        kept.unlink(missing_ok=True)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS_ALONE)
        with open(descriptor, "w") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _initdb(self, data: Path, rights: Rights, password: str) -> None:
        reading, writing = os.pipe()
        if rights.uid >= 0:
            os.fchown(reading, rights.uid, rights.gid)
        os.write(writing, password.encode() + b"\n")
        os.close(writing)
        program = [
            str(self._programs / "initdb"),
            f"--pgdata={data}",
            f"--username={USER}",
            "--auth=scram-sha-256",
            f"--pwfile=/dev/fd/{reading}",
            "--encoding=UTF8",
            "--locale=C",
            # One call for all; a thousand files, one by one, took four seconds on a busy disk.
            "--sync-method=syncfs",
            "--no-instructions",
        ]
        done = subprocess.run(
            rights.command("run", program),
            check=False,
            pass_fds=(reading,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_ENVIRONMENT,
            cwd="/",
            timeout=60,
        )
        os.close(reading)
        if done.returncode:
            words = " ".join((done.stderr or done.stdout).split())[-300:]
            raise ConfigError(f"state directory {self._state}: no database can be made: {words}")

    # Every start

    def _refuse_other_version(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        if made_by != binaries.major_version():
            text = f"its PostgreSQL {made_by} data do not suit {binaries.major_version()}"
            raise ConfigError(f"state directory {self._state}: {text}")

    def _launch(self) -> None:
        clear_stale(self._data)
        for stale in self._socket_dir.glob(".s.PGSQL.*"):
            stale.unlink()  # its lock names a process too, and PostgreSQL would believe it
        place = str(self._socket_dir).replace('"', '""')
        settings = _SETTINGS | {"unix_socket_directories": f'"{place}"'}
        program = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            program += ["-c", f"{name}={value}"]
        with self._log().open("ab") as logged:
            os.fchmod(logged.fileno(), _OURS_ALONE)
            self._log_start = logged.tell()
            self._keeper = subprocess.Popen(
                self._rights.command("keep", program),
                stdin=subprocess.PIPE,
                stdout=logged,
                stderr=logged,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )

    def _log(self) -> Path:
        log = self._pg / "server.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.rename(log.with_name("server.log.1"))
        return log

    def why_it_died(self) -> str:
        """The last words of its log, for a person; a full disk may have kept it from writing them."""
        try:
            text = (self._pg / "server.log").read_bytes()[self._log_start :]
            full = shutil.disk_usage(self._pg).free < _ROOM_FOR_WORDS
        except OSError as problem:
            return f"its log cannot be read: {problem.strerror}"
        lines = text.strip().splitlines() or [NO_SPACE.encode() if full else b"no words"]
        grave = [line for line in lines if _GRAVE.search(line)]
        return (grave or lines)[-1].decode(errors="replace")[-300:]


def _words(problem: OSError) -> str:
    if isinstance(problem, shutil.Error):  # of a whole tree: a list of texts with two paths each
        return str(problem.args[0][0][2]).partition(": '")[0]
    return problem.strerror or str(problem)[-300:]


def _make_durable(directory: Path) -> None:
    """Has the directory's own list of names on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _socket_dir(pg: Path) -> Path:
    """Where the socket lives: beside the data, or somewhere shorter where that is too long."""
    wanted = pg / "socket"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_DIR:
        return wanted
    short = hashlib.sha256(os.fsencode(pg)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"zoe-pg-{os.geteuid()}-{short}"
