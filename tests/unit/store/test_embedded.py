"""Letting go of a PostgreSQL of our own that does not end."""

import subprocess
import sys
from pathlib import Path

import pytest

from zoe.store import embedded
from zoe.store.embedded import EmbeddedServer

#: A keeper whose server hangs in the kernel: the end of its life line changes nothing.
_HANGS = "import time; time.sleep(60)"


def test_a_server_that_does_not_end_keeps_nobody_from_ending_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.05)
    server = EmbeddedServer(tmp_path)
    with subprocess.Popen([sys.executable, "-c", _HANGS], stdin=subprocess.PIPE) as keeper:
        monkeypatch.setattr(server, "_keeper", keeper)
        try:
            server.stop()
            assert keeper.poll() is None
        finally:
            keeper.kill()
