"""Runs every check in turn and says how long each took; pytest comes last, in one process more than cores.

Meanwhile the environment of other people's clients is made, where it is not there yet.
Options are pytest's; ``-n 0`` runs the tests in one process, where a debugger can be used, and so
does ``-s``, which shows what they print.
Exit code 0 only if all of them passed.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
TOOLS: Final = Path(sys.executable).parent
CHECKS: Final = {
    "ruff": (str(TOOLS / "ruff"), "check", "--quiet", "."),
    "format": (str(TOOLS / "ruff"), "format", "--quiet", "--check", "."),
    "mypy": (sys.executable, "-m", "mypy", "--no-error-summary"),
    "imports": (str(TOOLS / "lint-imports"), "--config", "setup.cfg"),
}
#: A file's tests stay together and in order: they share servers. Those that take longest wait most
#: of the time, so one process more than there are cores is worth having.
PROCESSES: Final = len(os.sched_getaffinity(0)) + 1
TESTS: Final = ("--dist", "loadfile", "--no-loadscope-reorder")
#: Asks for what tests print while they run, which only one process shows.
PRINTS: Final = frozenset({"-s", "--capture=no"})
#: Ends as a Python of that environment that has nothing to do.
FOREIGN: Final = (sys.executable, "-I", "-S", str(ROOT / "bin/set_up.py"), "foreign.lock", "-c", "")


def passed(name: str, command: Sequence[str]) -> bool:
    """Runs one check; its output is shown only when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    good = done.returncode == 0
    print(f"{name:8} {'ok' if good else 'FAILED':6} {time.monotonic() - started:6.1f} s")
    if not good:
        print(done.stdout, end="")
    sys.stdout.flush()
    return good


def main(options: Sequence[str]) -> int:
    """The exit code of everything: pytest's own if the rest was in order."""
    with subprocess.Popen(FOREIGN, cwd=ROOT) as foreign:
        failed = [name for name, command in CHECKS.items() if not passed(name, command)]
        if foreign.wait():
            failed.append("foreign")
    if failed:
        print(f"failed before the tests: {', '.join(failed)}", flush=True)
    return tested(options) or bool(failed)


def tested(options: Sequence[str]) -> int:
    """The exit code of pytest, whose processes must count sets in one order, any order."""
    seed = os.environ.get("PYTHONHASHSEED") or str(random.randrange(1, 1 << 32))
    processes = 0 if PRINTS & set(options) else PROCESSES
    print(f"tests    in {processes or 1} processes, PYTHONHASHSEED={seed}", flush=True)
    command = (sys.executable, "-m", "pytest", "-n", str(processes), *TESTS, *options)
    environ = os.environ | {"PYTHONHASHSEED": seed}
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
