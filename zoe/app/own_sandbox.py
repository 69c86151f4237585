"""A sandbox of the desk's own: a separate process that speaks real HTTP and WebSocket.

It ends with the desk, however the desk ends: its standard input is a life line. It is started
again on the same port and the same journal when it dies while the desk lives.
"""

import contextlib
import secrets
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Protocol

import attrs
import msgspec

from zoe.domain.errors import ConfigError
from zoe.runtime.log import log

READY_SECONDS: Final = 15
#: It reads its journal first, at seven times this rate on an idle machine.
JOURNAL_BYTES_A_SECOND: Final = 5_000_000
STOP_SECONDS: Final = 5
RESTART_SECONDS: Final = (0.1, 0.5, 1, 2, 5)
_JOURNAL: Final = "journal.jsonl"
_SEED_BITS: Final = 32


class Stop(Protocol):
    """How a reader learns that it should end."""

    def wait(self, seconds: float) -> bool:
        """Waits; True when asked to end meanwhile."""


class Ready(msgspec.Struct, frozen=True):
    """The line that a sandbox prints when it accepts connections."""

    rest: str
    ws: str
    ws_auth: str
    key: str
    secret: str
    pid: int

    def __repr__(self) -> str:
        return f"Ready({self.rest})"


@attrs.frozen
class SandboxOptions:
    """How the sandbox is started."""

    directory: Path
    log_path: Path
    tier: str
    seed: int
    market: str = "synthetic"
    pairs: str = ""


def seed_of(directory: Path) -> int:
    """The seed of a sandbox for which none was named, drawn when it is first started.

    Its keys come from it: two sandboxes of one seed have accounts of one name, and would spoil each
    other's books in a database that both desks use.

    Raises:
        ConfigError: What is noted is none.
        OSError: It cannot be noted.
    """
    path = directory / "seed"
    if not path.exists():
        if (directory / _JOURNAL).exists():
            return 0  # it was begun before seeds were drawn
        path.write_text(f"{secrets.randbits(_SEED_BITS)}\n")
    try:
        return int(path.read_text())
    except ValueError as problem:
        raise ConfigError(f"{path} holds no number: remove it") from problem


class OwnSandbox:
    """The sandbox's process.

    Raises:
        ConfigError: It did not start.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._journal = options.directory / _JOURNAL
        self._process = self._start(0)
        self._ready: Ready | None = None

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        options = self._options
        command = [
            *(sys.executable, "-P", "-m", "zoe.sandbox.main", "--life-line"),
            *("--port", str(port), "--seed", str(options.seed), "--tier", options.tier),
            *("--journal", str(self._journal), "--market", options.market),
            *(("--pairs", options.pairs) if options.pairs else ()),
        ]
        with options.log_path.open("ab") as errors:
            self._log_begins = errors.tell()
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=options.directory,
                start_new_session=True,  # a Ctrl-C at the terminal is the desk's to answer
            )

    def ready(self) -> Ready:
        """Where it listens, once it does; asked again, the same.

        Raises:
            ConfigError: It ended, or said nothing in time.
        """
        if self._ready is None:
            self._ready = self._read_ready()
        return self._ready

    def _read_ready(self) -> Ready:
        line = self._first_line()
        if line:
            with contextlib.suppress(msgspec.MsgspecError):
                return msgspec.json.decode(line, type=Ready)
        self.stop()
        said = self._last_words() or "it said nothing"
        raise ConfigError(f"the sandbox did not start: {said} ({self._options.log_path})")

    def _last_words(self) -> str:
        """The last line that it has written to its log since it was started."""
        with self._options.log_path.open("rb") as log:
            log.seek(self._log_begins)
            lines = log.read().decode(errors="replace").split("\n")
        words = next((line for line in reversed(lines) if line.strip()), "")
        return words.removeprefix("zoe sandbox: ")

    def _first_line(self) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + READY_SECONDS + self._journal_seconds()
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return b""
            # The line is shorter than a pipe's buffer and is written at once.
            return self._process.stdout.readline()

    def _journal_seconds(self) -> float:
        try:
            return self._journal.stat().st_size / JOURNAL_BYTES_A_SECOND
        except FileNotFoundError:
            return 0.0

    @property
    def directory(self) -> Path:
        """Where its journal is."""
        return self._options.directory

    def begun(self) -> str:
        """When its exchange was begun, by its journal's first record: another one's is another moment,
        whatever its seed."""
        with self._journal.open("rb") as journal:
            return str(msgspec.json.decode(journal.readline())["ns"])

    def watch(self, stop: Stop) -> None:
        """Starts it again whenever it ends, until asked to stop; a reader's body."""
        failures = 0
        while not stop.wait(0.2 if not failures else RESTART_SECONDS[min(failures, 5) - 1]):
            code = self._process.poll()
            if code is None:
                failures = 0
                continue
            log.warning("sandbox.died", exit=code, failures=failures)
            failures += 1
            self._restart()

    def _restart(self) -> None:
        """On the same port: everybody's addresses stay as they are."""
        port = int(self.ready().rest.rpartition(":")[2])
        self._process = self._start(port)
        if self._first_line():
            log.info("sandbox.restarted", pid=self._process.pid)
        else:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Cuts the life line and waits; one that does not end is killed."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
