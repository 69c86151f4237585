"""The embedded server killed in every way: none is left, and the next start works."""

import os
import pwd
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import stores

from zoe.domain.errors import StoreError
from zoe.store import rights
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.reading import server_at
from zoe.store.rights import OWN_UID


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stores.used(tmp_path_factory.mktemp("used"))


def test_the_end_of_the_thread_that_started_it_ends_nothing(used: Path) -> None:
    found: list[tuple[EmbeddedServer, Database]] = []
    thread = threading.Thread(target=lambda: found.append(stores.up(used)))
    thread.start()
    thread.join(stores.PATIENCE_SECONDS)
    ((server, database),) = found
    try:
        over = time.monotonic() + 0.5
        while time.monotonic() < over:
            assert server.poll() is None
            assert database.run(lambda c: c.run("SELECT 1")) == [[1]]
    finally:
        server.stop()


@pytest.mark.parametrize(
    "victims",
    [
        ("desk",),
        ("keeper",),
        ("postmaster",),
        ("desk", "keeper"),
        ("keeper", "postmaster"),
        ("desk", "keeper", "postmaster"),
        ("session",),
    ],
    ids="+".join,
)
def test_whoever_is_killed_no_server_is_left_and_the_next_start_works(
    used: Path, victims: Sequence[str]
) -> None:
    with stores.running(used) as found:
        for victim in victims:
            if victim == "session":
                os.killpg(found.pids["desk"], signal.SIGKILL)
            else:
                os.kill(found.pids[victim], signal.SIGKILL)
        stores.eventually(lambda: stores.processes_of(used) == [], "no server left")
        if "desk" not in victims and "session" not in victims:
            assert found.process.poll() is None
            found.end()
    assert stores.is_kept(used)
    assert stores.processes_of(used) == []


def test_sigint_to_all_of_a_terminal_does_not_end_the_server_before_the_desk(used: Path) -> None:
    with stores.running(used) as found:
        os.kill(found.pids["keeper"], signal.SIGINT)
        os.kill(found.pids["keeper"], signal.SIGTERM)
        os.kill(found.pids["keeper"], signal.SIGHUP)
        endpoint = EmbeddedServer.running(used)
        assert endpoint is not None
        assert Database(server_at(endpoint)).run(lambda c: c.run("SELECT 1")) == [[1]]
        assert found.end() == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage\n",
        "{me}\n/x\n{now}\n5432\n",
        "999999999\n/x\n1\n5432\n",
        "1\n/x\n{now}\n5432\n",
    ],
    ids=["empty", "garbage", "reused by us", "of nobody", "of process 1"],
)
def test_a_lock_file_that_a_crash_left_behind_stops_nobody(used: Path, text: str) -> None:
    stale = used / "pg" / "data" / "postmaster.pid"
    stale.write_text(text.format(me=os.getpid(), now=int(time.time())))
    assert stores.is_kept(used)


@stores.NEEDS_ROOT
def test_a_lock_file_with_the_number_of_a_live_process_of_the_servers_user_stops_nobody(
    used: Path,
) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], user=OWN_UID, group=OWN_UID) as sleeper:
        text = f"{sleeper.pid}\n/x\n{int(time.time())}\n5432\n"
        (used / "pg" / "data" / "postmaster.pid").write_text(text)
        (used / "pg" / "socket" / ".s.PGSQL.5432.lock").write_text(text)
        assert stores.is_kept(used)
        sleeper.kill()


def test_a_server_that_cannot_start_says_why(used: Path) -> None:
    control = used / "pg" / "data" / "global" / "pg_control"
    hidden = control.with_name("hidden")
    control.rename(hidden)
    try:
        with pytest.raises(StoreError, match="pg_control"):
            stores.up(used)
    finally:
        hidden.rename(control)
    assert stores.is_kept(used)


def test_a_log_that_has_grown_is_put_aside_once(used: Path) -> None:
    log = used / "pg" / "server.log"
    log.write_bytes(b"x" * 1_100_000)
    assert stores.is_kept(used)
    assert log.stat().st_size < 100_000
    assert log.with_name("server.log.1").stat().st_size == 1_100_000


def test_initdb_gets_a_user_with_a_name() -> None:
    if os.geteuid() == 0:
        assert pwd.getpwuid(rights.Rights(OWN_UID, OWN_UID).for_initdb().uid).pw_name
    assert rights.Rights().for_initdb() == rights.Rights()
