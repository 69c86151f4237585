"""A lock file of PostgreSQL is believed only if its writer lives."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zoe.domain.errors import ConfigError
from zoe.store import lock_file
from zoe.store.lock_file import clear_stale


def write(data: Path, text: str) -> Path:
    found = data / "postmaster.pid"
    found.write_text(text)
    return found


def pid_file(pid: int, started: int) -> str:
    return f"{pid}\n/somewhere/pg/data\n{started}\n5432\n/somewhere/pg/socket\n\n  1 2\nready\n"


def test_none_is_fine(tmp_path: Path) -> None:
    clear_stale(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "\n", "garbage", "-1", "0\n\n0\n", "12\n", "999999999\n/x\n1\n", "7\n/x\nyesterday\n"],
)
def test_garbage_and_numbers_of_nobody_are_removed(tmp_path: Path, text: str) -> None:
    found = write(tmp_path, text)
    clear_stale(tmp_path)
    assert not found.exists()


def test_bytes_that_are_no_text_are_removed(tmp_path: Path) -> None:
    found = tmp_path / "postmaster.pid"
    found.write_bytes(b"\xff\xfe\x00\x80")
    clear_stale(tmp_path)
    assert not found.exists()


def test_a_number_that_another_program_has_by_now_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        found = write(tmp_path, pid_file(other.pid, int(time.time())))
        clear_stale(tmp_path)
        assert not found.exists()
        other.kill()


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        found = write(tmp_path, pid_file(child.pid, int(time.time())))
        clear_stale(tmp_path)
        assert not found.exists()


@pytest.fixture
def impostor(tmp_path: Path) -> Path:
    """A program of the name of PostgreSQL's server."""
    link = tmp_path / "postgres"
    link.symlink_to("/bin/sleep")
    return link


def test_a_live_server_is_left_alone_and_named(
    tmp_path: Path, impostor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_file, "PATIENCE_SECONDS", 0)
    with subprocess.Popen([impostor, "60"]) as server:
        found = write(tmp_path, pid_file(server.pid, int(time.time())))
        with pytest.raises(ConfigError, match=f"another PostgreSQL \\(process {server.pid}\\)"):
            clear_stale(tmp_path)
        assert found.exists()
        server.kill()


def test_a_server_of_the_same_number_that_began_at_another_time_is_another(
    tmp_path: Path, impostor: Path
) -> None:
    with subprocess.Popen([impostor, "60"]) as server:
        found = write(tmp_path, pid_file(server.pid, int(time.time()) - 60))
        clear_stale(tmp_path)
        assert not found.exists()
        server.kill()


def test_a_server_that_is_about_to_end_is_waited_for(tmp_path: Path, impostor: Path) -> None:
    with subprocess.Popen([impostor, "0.3"]) as server:
        found = write(tmp_path, pid_file(server.pid, int(time.time())))
        clear_stale(tmp_path)
        assert not found.exists()
