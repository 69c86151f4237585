"""The real supervisord runs the desk by the file in conf/: starts it again, and stops it in order."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from desks import ROOT, Desk, desk

SUPERVISORD = Path(sys.executable).with_name("supervisord")
QUIET = '[strategy.quote_keeper]\nmode = "off"\n'


def desk_pid(running: Desk) -> int | None:
    """The process that holds the state directory, if it lives."""
    pid = int((running.state / "desk.lock").read_text() or 0)
    return pid if pid in running.children() else None


@pytest.mark.slow
def test_supervisord_starts_the_desk_again_and_stops_it_in_order(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as running:
        running.state.mkdir(mode=0o711)
        command = (str(SUPERVISORD), "-n", "-c", str(ROOT / "conf" / "supervisord.conf"))
        running.process = subprocess.Popen(
            command, env=running.environ, cwd=running.state, stderr=subprocess.DEVNULL
        )
        running.until(lambda: running.zoe("status")[0] == 0)
        first = running.until(lambda: desk_pid(running))
        os.kill(first, signal.SIGKILL)
        running.until(lambda: desk_pid(running) not in (None, first))
        running.until(lambda: running.zoe("status")[0] == 0)
        assert running.stop() == 0
        running.until(lambda: not running.children())
        assert "desk.stopped" in {line["event"] for line in running.log()}


@pytest.mark.slow
def test_a_desk_that_cannot_start_is_not_started_again(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as running:
        running.state.mkdir(mode=0o711)
        command = (str(SUPERVISORD), "-n", "-c", str(ROOT / "conf" / "supervisord.conf"))
        environ = running.environ | {"EXCHANGE": "nowhere"}
        with running.errors.open("wb") as output:
            running.process = subprocess.Popen(
                command, env=environ, cwd=running.state, stdout=output, stderr=output
            )
        running.until(lambda: b"exited: zoe (exit status 2; expected)" in said(running))
        assert running.stop() == 0
        assert said(running).count(b"spawned: 'zoe'") == 1


def said(running: Desk) -> bytes:
    return running.errors.read_bytes()
