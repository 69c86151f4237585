"""PostgreSQL's own lock file, ``postmaster.pid``: whether the server that wrote it still runs.

PostgreSQL believes any process of its user that has the number; after a crash that may be another
program's by then. We believe it only if that process is a PostgreSQL that began when it says.
"""

import os
import time
from pathlib import Path
from typing import Final

from zoe.domain.errors import ConfigError
from zoe.runtime.log import log

#: How long a server that is about to end may take.
PATIENCE_SECONDS: Final = 5
_TOLERANCE_SECONDS: Final = 2
_PAUSE_SECONDS: Final = 0.01


def clear_stale(data: Path) -> None:
    """Removes the lock file of a server that is gone.

    Raises:
        ConfigError: It runs, and goes on running.
    """
    lock_file = data / "postmaster.pid"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            lines = lock_file.read_bytes().splitlines()
        except FileNotFoundError:
            return
        pid = _number(lines, 0)
        if not _runs(pid, _number(lines, 2)):
            break
        if time.monotonic() > deadline:
            raise ConfigError(f"{data}: another PostgreSQL (process {pid}) runs on it")
        time.sleep(_PAUSE_SECONDS)
    log.info("store.stale_lock_removed", pid=pid)
    lock_file.unlink(missing_ok=True)


def _number(lines: list[bytes], index: int) -> int:
    try:
        return abs(int(lines[index]))
    except (IndexError, ValueError):
        return 0


def _runs(pid: int, started: int) -> bool:
    """Whether ``pid`` is a live PostgreSQL that began at ``started`` (seconds since 1970)."""
    try:
        # Readable for everybody, unlike /proc/PID/exe.
        before, after = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
    except OSError:
        return False
    name, fields = before.partition("(")[2], after.split()
    born = _booted() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return name == "postgres" and fields[0] != "Z" and abs(born - started) <= _TOLERANCE_SECONDS


def _booted() -> int:
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1])
    raise AssertionError("/proc/stat has no btime")
