"""Commands of ``zoe``, each a process of its own, as a person's shell runs them.

Reading its modules is most of what a short command does: here each is forked from a process that
has read them (``forker.py``). ``ZOE`` is the command line itself, for what depends on how it is begun.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ZOE: Final = (sys.executable, "-P", "-m", "zoe.cli.main")
#: More than any command is told to wait.
PATIENCE_SECONDS: Final = 180
_FORKER: Final = Path(__file__).with_name("forker.py")

Done = subprocess.CompletedProcess[str]


@cache
def _forker() -> socket.socket:
    """The way to the process that others are forked from; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            (sys.executable, "-P", str(_FORKER), str(theirs.fileno())),
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def run(
    words: tuple[str, ...], environ: Mapping[str, str], directory: Path, given: str = ""
) -> Done:
    """Runs ``zoe`` with these words; its exit code, and what it said.

    Args:
        environ: The whole environment of the process.
        given: Its standard input.

    Raises:
        subprocess.TimeoutExpired: It took more than three minutes, and is gone.
    """
    command = {"words": words, "environ": dict(environ), "directory": str(directory)}
    with (
        tempfile.TemporaryFile() as standard_input,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
    ):
        standard_input.write(given.encode())
        standard_input.seek(0)
        streams = [file.fileno() for file in (standard_input, output, errors)]
        code = _exit_code(command, streams)
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(("zoe", *words), code, *said)


def _exit_code(command: Mapping[str, object], streams: list[int]) -> int:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            descriptors = [*streams, theirs.fileno()]
            socket.send_fds(_forker(), [json.dumps(command).encode()], descriptors)
        ours.settimeout(PATIENCE_SECONDS)
        process = int(ours.recv(100))
        try:
            return int(ours.recv(100))
        except TimeoutError as late:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(str(command["words"]), PATIENCE_SECONDS) from late
