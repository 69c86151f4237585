"""The embedded server as a process among processes: started, refused, found."""

import fcntl
import os
import pwd
import stat
import subprocess
import threading
from pathlib import Path

import attrs
import pytest
import stores

from zoe.domain.errors import ConfigError, StoreError
from zoe.store import embedded, lock_file
from zoe.store.connection import Database, connect
from zoe.store.embedded import EmbeddedServer
from zoe.store.reading import server_at
from zoe.store.rights import OWN_UID


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stores.used(tmp_path_factory.mktemp("used"))


# Starting


def test_a_first_start_and_the_next_are_quick(state: Path) -> None:
    with stores.running(state) as first:
        assert first.end() == 0
    with stores.running(state) as second:
        assert second.end() == 0
    # Of the processor; aims on the wall of a quiet machine: 0.7 s and 0.05 s.
    assert first.seconds < 5
    assert second.seconds < 5
    assert stores.processes_of(state) == []


def test_odd_names_disturb_nobody(used: Path) -> None:
    assert stores.is_kept(used)


def test_only_the_servers_user_may_look_inside(used: Path) -> None:
    def mode(name: str) -> int:
        return stat.S_IMODE((used / "pg" / name).stat().st_mode)

    assert (mode("data"), mode("socket"), mode("password")) == (0o700, 0o700, 0o600)
    assert (mode("lock"), mode("server.log")) == (0o600, 0o600)
    assert stat.S_IMODE(used.stat().st_mode) == 0o711
    owner = OWN_UID if os.geteuid() == 0 else os.geteuid()
    assert (used / "pg" / "data").stat().st_uid == owner
    assert (used / "pg" / "password").stat().st_uid == os.geteuid()


def test_nobody_gets_in_without_the_password() -> None:
    server = server_at(stores.shared().endpoint)
    for other in (
        attrs.evolve(server, password="x"),
        attrs.evolve(server, password=None),
        attrs.evolve(server, user="postgres"),
    ):
        with pytest.raises(StoreError, match="cannot connect: 28P01"):
            connect(other)


def test_the_password_is_in_no_command_line_and_no_log(used: Path) -> None:
    server, _ = stores.up(used)
    try:
        password = server.endpoint.password.encode()
        lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in stores.processes_of(used)]
        assert len(lines) >= 4
        assert not any(password in line for line in lines)
        assert password not in (used / "pg" / "server.log").read_bytes()
        assert password.decode() not in repr(server.endpoint)
    finally:
        server.stop()


def test_a_path_too_long_for_sockets_gets_one_elsewhere_whatever_the_umask(tmp_path: Path) -> None:
    place = tmp_path / ("long" * 30)
    before = os.umask(0o077)
    try:
        server, database = stores.up(place)
    finally:
        os.umask(before)
    try:
        assert database.run(lambda c: c.run("SELECT 1")) == [[1]]
        socket = Path(server.endpoint.socket)
        assert not socket.is_relative_to(place)
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert EmbeddedServer.running(place) == server.endpoint
    finally:
        server.stop()


@stores.NEEDS_ROOT
@pytest.mark.parametrize("how", ["a link", "a directory"])
def test_a_place_for_the_socket_that_somebody_else_prepared_is_refused(
    tmp_path: Path, how: str
) -> None:
    place = tmp_path / ("long" * 30)
    waiting = EmbeddedServer(place)._socket_dir
    victim = tmp_path / "victim"
    victim.mkdir()
    if how == "a link":
        waiting.symlink_to(victim)
    else:
        waiting.mkdir()
        os.chown(waiting, 1, 1)
    try:
        with pytest.raises(ConfigError, match="belongs to somebody else"):
            EmbeddedServer.start(place)
        assert victim.stat().st_uid == os.geteuid()
    finally:
        waiting.unlink() if waiting.is_symlink() else waiting.rmdir()


@stores.NEEDS_ROOT
def test_another_user_runs_it_as_itself(tmp_path: Path) -> None:
    person = next(entry for entry in pwd.getpwall() if 0 < entry.pw_uid < 1_000)
    if not all(above.stat().st_mode & stat.S_IXOTH for above in stores.PROGRAM.parents):
        pytest.skip("other users may not read this checkout")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, person.pw_uid, person.pw_gid)
    for above in (tmp_path, *tmp_path.parents):
        if not above.stat().st_mode & stat.S_IXOTH:
            above.chmod(above.stat().st_mode | stat.S_IXOTH)
    state = home / "state"
    with stores.running(state, str(person.pw_uid)) as found:
        owner = Path(f"/proc/{found.pids['postmaster']}").stat().st_uid
        assert owner == person.pw_uid
        assert found.end() == 0
    # And root goes on with what is that user's.
    server, _ = stores.up(state)
    assert (state / "pg" / "data").stat().st_uid == person.pw_uid
    server.stop()


# Places that cannot be used: one line that says why


def refused(state: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        EmbeddedServer.start(state)
    text = str(raised.value)
    assert "\n" not in text
    assert str(state) in text
    return text


def test_a_file_where_the_directory_should_be_is_refused(state: Path) -> None:
    state.write_text("")
    assert "Not a directory" in refused(state)


@stores.NEEDS_ROOT
def test_a_directory_that_cannot_be_written_is_refused(state: Path) -> None:
    with stores.mounted(state, "ro,size=1m"):
        assert "Read-only file system" in refused(state)


@stores.NEEDS_ROOT
def test_another_users_directory_is_refused(tmp_path: Path) -> None:
    with stores.program(tmp_path / "state", "1") as process:
        _, errors = process.communicate(timeout=stores.PATIENCE_SECONDS)
    assert process.returncode == 2
    assert errors.strip().endswith("Permission denied")
    assert len(errors.strip().splitlines()) == 1


@stores.NEEDS_ROOT
@pytest.mark.parametrize("size", ["200k", "45m"])
def test_a_disk_that_is_too_small_is_said_and_the_next_start_begins_afresh(
    state: Path, size: str
) -> None:
    with stores.mounted(state, f"size={size},mode=711"):
        assert "No space left on device" in refused(state)
        subprocess.run(["mount", "-o", "remount,size=200m", str(state)], check=True)
        server, _ = stores.up(state)
        server.stop()


@stores.NEEDS_ROOT
def test_a_disk_that_is_full_at_a_later_start_is_said(state: Path) -> None:
    with stores.mounted(state, "size=100m,mode=711"):
        server, _ = stores.up(state)
        server.stop()
        ballast = stores.fill(state)
        with pytest.raises(ConfigError, match="No space left on device") as raised:
            stores.up(state)
        assert "\n" not in str(raised.value)
        ballast.unlink()
        server, _ = stores.up(state)
        server.stop()


def test_data_of_another_version_are_refused_and_left_alone(used: Path) -> None:
    version = used / "pg" / "data" / "PG_VERSION"
    before = version.read_text()
    version.write_text("12\n")
    try:
        assert "PostgreSQL 12 data" in refused(used)
    finally:
        version.write_text(before)
    assert stores.is_kept(used)


def test_a_first_start_that_was_cut_off_begins_afresh(state: Path) -> None:
    half = state / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server, _ = stores.up(state)
    server.stop()
    assert not half.exists()


# One server a directory


def test_a_second_process_on_a_directory_is_refused(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PATIENCE_SECONDS", 0.1)
    with stores.running(used):
        assert "another process runs its PostgreSQL" in refused(used)


@pytest.mark.parametrize("sign", ['"', "$", "`", "\\", "\n"])
def test_a_name_that_initdbs_shell_would_read_is_refused(tmp_path: Path, sign: str) -> None:
    with pytest.raises(ConfigError, match="choose one without"):
        EmbeddedServer.start(tmp_path / f"a{sign}b")


def test_a_directory_that_is_let_go_within_a_moment_is_waited_for(used: Path) -> None:
    with (used / "pg" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Timer(0.3, lock.close)
        thread.start()
        server = EmbeddedServer.start(used)
    thread.join(stores.PATIENCE_SECONDS)
    server.stop()


def test_a_server_that_somebody_else_started_there_is_left_alone(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_file, "PATIENCE_SECONDS", 0.1)
    server, database = stores.up(used)
    try:
        assert server._lock is not None
        server._lock.close()  # as if it had been started by hand
        pid = (used / "pg" / "data" / "postmaster.pid").read_text().split()[0]
        assert f"another PostgreSQL (process {pid})" in refused(used)
        assert database.run(lambda c: c.run("SELECT 1")) == [[1]]
    finally:
        server.stop()


def test_who_only_looks_finds_the_running_server_and_disturbs_nobody(used: Path) -> None:
    with (used / "pg" / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # somebody else who looks
        assert EmbeddedServer.running(used) is None
    with stores.running(used):
        found = EmbeddedServer.running(used)
        assert found is not None
        assert Database(server_at(found)).run(lambda c: c.run("SELECT 1")) == [[1]]
    assert EmbeddedServer.running(used.parent / "absent") is None
