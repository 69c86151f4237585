"""Places and ports that cannot be used, and a desk that is told to stop while it starts."""

import os
import random
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import stores
from commands import ZOE
from desks import QUIET, Desk, desk, differences

STOPS = int(os.environ.get("ZOE_STOPS", "6"))
#: Longer than a start takes.
START_SECONDS = 2.5
#: A place that not even root can write to.
READ_ONLY = "ro,size=1m,mode=711"


def refused(running: Desk) -> str:
    """The one line of a desk that cannot use its place."""
    running.start()
    assert running.ended() == 2
    (line,) = running.said()
    assert "Traceback" not in running.errors.read_text()
    return line


# Places


def test_a_state_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with stores.mounted(tmp_path / "state", READ_ONLY), desk(tmp_path, QUIET) as running:
        assert "Read-only file system" in refused(running)


@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_state_directory_that_is_a_file_is_refused(tmp_path: Path, below: str) -> None:
    with desk(tmp_path, QUIET) as running:
        running.state.write_text("")
        running.environ["ZOE_STATE_DIR"] = str(running.state / below)
        assert str(running.state) in refused(running)


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with stores.mounted(tmp_path / "home", READ_ONLY), desk(tmp_path, QUIET) as running:
        running.environ["HOME"] = str(tmp_path / "home")
        assert "Read-only file system" in refused(running)


@pytest.mark.slow
def test_a_live_server_of_somebody_else_on_the_data_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    with desk(tmp_path, QUIET) as running:
        server, database = stores.up(running.state)
        try:
            assert server._lock is not None
            server._lock.close()  # as if it had been started by hand
            assert "another PostgreSQL (process" in refused(running)
            assert database.run(lambda c: c.run("SELECT 1")) == [[1]]
        finally:
            server.stop()
        running.start("--for", "1")
        assert running.ended() == 0


def test_what_a_crash_left_behind_stops_no_start(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as running:
        running.start("--for", "1")
        assert running.ended() == 0
        (running.state / "pg" / "data" / "postmaster.pid").write_text("garbage\n")
        # The desk may have ended before its socket was taken away.
        (running.state / "desk.sock").unlink(missing_ok=True)
        (running.state / "desk.sock").write_text("no socket")
        (running.state / "desk.lock").write_text("999999999\n")
        (running.state / "log" / "zoe.jsonl").open("a").write('{"torn":')
        journal = running.state / "sandbox" / "journal.jsonl"
        journal.open("a").write('{"kind":"ledg')
        (running.state / "emergency.jsonl").write_text("garbage")
        running.start()
        running.ready()
        assert running.zoe("halt")[0] == 0
        assert differences(running) == []
        assert running.stop() == 0


# Ports


def test_a_desk_says_why_its_own_sandbox_did_not_start(tmp_path: Path) -> None:
    with desk(tmp_path, f'{QUIET}[sandbox]\nmarket = "livly"\n') as running:
        line = refused(running)
    assert "market livly is none of synthetic, " in line
    assert line.endswith(f"({running.state}/log/sandbox.log)")


def test_a_sandbox_on_a_port_that_is_taken_says_so_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            (*ZOE, "sandbox", "--port", str(port)), capture_output=True, check=False, cwd=tmp_path
        )
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert f"port {port}" in line and "in use" in line
    assert done.stdout == b""


# Stops


@pytest.mark.slow
def test_a_desk_told_to_stop_while_it_starts_leaves_nothing_and_starts_again(
    tmp_path: Path,
) -> None:
    seed = int(os.environ.get("ZOE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"ZOE_SEED={seed}")
    moments = random.Random(seed)
    with desk(tmp_path, QUIET, new=True) as running:
        for number in range(STOPS):
            running.start()
            assert running.process is not None
            try:
                running.process.wait(moments.random() * START_SECONDS)
            except subprocess.TimeoutExpired:
                running.process.send_signal(signal.SIGTERM)
            code = running.ended()
            # Before Python has read its first lines, the signal simply ends it.
            assert code in (0, -signal.SIGTERM), (number, code, seed, running.said()[-20:])
            running.until(lambda: not running.children())
            assert "Traceback" not in running.errors.read_text(), (number, seed)
        running.start()
        running.ready()
        assert running.process is not None
        for _ in range(2):
            running.process.send_signal(signal.SIGTERM)
        assert running.ended() == 0
        assert running.children() == []
        assert differences(running) == []


def test_ctrl_c_at_the_terminal_ends_the_desk_in_order(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as running:
        running.start(new_session=True)
        running.ready()
        assert running.process is not None
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.ended() == 0
        assert "desk.stopped" in running.events()
        assert running.children() == []
