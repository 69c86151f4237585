"""PostgreSQL for tests: one server a test run, started at first use, with a new database each."""

import atexit
import contextlib
import gc
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from zoe.store.connection import Database, Server
from zoe.store.embedded import EmbeddedServer
from zoe.store.migrate import migrate
from zoe.store.reading import server_at
from zoe.store.waiting import wait_until_up

#: Of a test with a small disk.
NEEDS_MOUNTS: Final = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can mount a small disk"
)
NEEDS_ROOT: Final = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
#: A name that must not disturb anybody: blanks, a quote, a comma, a letter beyond ASCII.
ODD_NAME: Final = "my desk's state, größer; %s"
ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = Path(__file__).with_name("store_program.py")
#: A busy disk holds everybody up for a minute now and then.
PATIENCE_SECONDS: Final = 120
#: So many may be open when a test begins: it has 17 in all, and needs a few itself.
SESSIONS: Final = 8
#: Never set: what is waited for has no event of its own.
_PAUSE: Final = threading.Event()
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


@cache
def _begun() -> Path:
    """The data of a server that was made and has ended, and its password."""
    place = Path(tempfile.mkdtemp(prefix="zoe-begun-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    EmbeddedServer.start(place / "state").stop()
    return place / "state" / "pg"


def begin(state: Path) -> None:
    """Makes a state directory in which a server has been made already: each takes a second."""
    for directory in (state, state / "pg"):
        directory.mkdir()
        directory.chmod(0o711)
    kept = [str(_begun() / name) for name in ("data", "password")]
    subprocess.run(["cp", "-a", *kept, str(state / "pg")], check=True)


def empty_database() -> Server:
    """A database of its own on the shared server, without tables."""
    server = server_at(shared().endpoint)
    name = f"test_{next(_NUMBERS)}"
    maker = Database(server)
    if _sessions(maker) > SESSIONS:
        # Those of tests that are over end when their garbage is collected.
        gc.collect()
        eventually(lambda: _sessions(maker) <= SESSIONS, "sessions of earlier tests to end")
    maker.run(lambda connection: connection.run(f"CREATE DATABASE {name}"))
    maker.discard()
    return attrs.evolve(server, database=name)


def _sessions(asker: Database) -> int:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    rows: list[list[int]] = asker.run(lambda connection: connection.run(sql))
    return rows[0][0]


def url_of(database: Database) -> str:
    """As people's settings name it."""
    server = database.server
    assert server.socket is not None
    place = server.socket.rpartition("/")[0]
    return f"postgresql://{server.user}:{server.password}@/{server.database}?host={place}"


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


def used(place: Path) -> Path:
    """A state directory below ``place`` that was used before, with one nonce in its database."""
    state = place / ODD_NAME
    server, database = up(state)
    database.run(lambda c: c.run("INSERT INTO nonce VALUES ('kept', 1)"))
    server.stop()
    return state


def eventually(look: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Returns once ``look`` finds what is waited for."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        _PAUSE.wait(0.01)


def fill(place: Path) -> Path:
    """Takes all the room that is left."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(place).free < 4096
    return ballast


# A store in a process of its own


@attrs.frozen
class Running:
    """A program that runs a store, and its processes by their names."""

    process: subprocess.Popen[str]
    pids: dict[str, int]
    seconds: float

    def end(self) -> int:
        """Ends it in order."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def program(state: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(PROGRAM), str(state), *more]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def running(state: Path, *more: str) -> Iterator[Running]:
    with program(state, *more) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        said: dict[str, Any] = json.loads(line)
        yield Running(process, said, said.pop("seconds"))


def processes_of(state: Path) -> list[int]:
    """Every PostgreSQL process that works in this directory."""
    data = str(state / "pg" / "data")
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and os.readlink(entry / "cwd") == data:
                found.append(int(entry.name))
    return found


def is_kept(state: Path) -> bool:
    server, database = up(state)
    try:
        rows: list[list[object]] = database.run(lambda c: c.run("SELECT * FROM nonce"))
        return rows == [["kept", 1]]
    finally:
        server.stop()


@contextlib.contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A file system in memory, in a directory that is made for it."""
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """A small file system where a directory is, or will be, with all that is in it."""
    aside = place.with_name(f"{place.name}.aside")
    place.mkdir(mode=0o711, exist_ok=True)
    place.rename(aside)
    with mounted(place, f"size={size}"):
        subprocess.run(["cp", "-a", f"{aside}/.", str(place)], check=True)
        shutil.rmtree(aside)
        yield
