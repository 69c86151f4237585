"""Makes the environment that a lock file describes, once, then becomes the program asked for.

``set_up.py LOCK ARGUMENT…`` ends as ``.venv/bin/python -P ARGUMENT…`` in the same process, so
that a supervisor's signals reach the program. It runs on the standard library alone. The lock of
other people's programs has an environment of its own, ``.venv-foreign``, which knows nothing of zoe.

The mark ``.venv/finished-LOCK`` holds the lock's hash and is written last: a set-up that was
killed half-way is simply done again.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
#: Exit codes: 2 is a place that cannot be used, 1 may work at another time (a network).
UNUSABLE: Final = 2
FAILED: Final = 1
#: The tools' lock holds all that the desk's holds (it is compiled with it as a constraint).
_COVERED: Final = {"dev.lock": ("requirements.lock", "dev.lock")}
#: Programs that would pull our own packages to other versions live apart.
_APART: Final = {"foreign.lock": ".venv-foreign", "longer.lock": ".venv-longer"}
_OURS: Final = ".venv"
#: Meant for other programs, they would put other packages before ours, leave out our assertions, keep
#: the process after its end, or have loguru fail to be imported.
_MEANT_FOR_OTHERS: Final = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONOPTIMIZE",
    "PYTHONINSPECT",
    "LOGURU_",
)
_TAIL_LINES: Final = 12
_TICK_SECONDS: Final = 0.5


def _undisturbed(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would make another program of ours."""
    return {k: value for k, value in environ.items() if not k.startswith(_MEANT_FOR_OTHERS)}


class SetUpError(Exception):
    """The environment cannot be made."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Progress:
    """One line that grows on a terminal; elsewhere one line at the start, one at the end."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done, self._step = 0, ""
        self._started = time.monotonic()
        self._shown = sys.stderr.isatty()

    @contextlib.contextmanager
    def going_on(self, lock: str) -> Iterator[None]:
        """Says what will be done, then how long it took; the seconds pass while nothing else does."""
        if not self._shown:
            self._say(f"zoe: installing {self._total} packages of {lock}\n")
            yield
        else:
            before = signal.signal(signal.SIGALRM, lambda *_: self._draw())
            signal.setitimer(signal.ITIMER_REAL, _TICK_SECONDS, _TICK_SECONDS)
            try:
                yield
            finally:
                # It would outlive the exec of the program.
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
                self._say("\r\x1b[K")
        self._say(f"zoe: set up in {self._seconds():.1f} s\n")

    def show(self, done: int, what: str) -> None:
        """Draws the bar: ``done`` packages of the total, and the step at hand."""
        self._done, self._step = done, what
        self._draw()

    def _draw(self) -> None:
        if self._shown:
            filled = 24 * self._done // max(self._total, 1)
            bar = "#" * filled + "." * (24 - filled)
            line = f"zoe: [{bar}] {self._done}/{self._total} {self._seconds():3.0f} s  {self._step}"
            self._say(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}")

    def _say(self, text: str) -> None:
        # Not by print: a tick may come in the middle of another one's, and streams mind that.
        with contextlib.suppress(OSError):
            os.write(2, text.encode())

    def _seconds(self) -> float:
        return time.monotonic() - self._started


def set_up(root: Path, lock: str) -> Path:
    """The environment's Python, after whatever ``lock`` wants has been installed.

    Raises:
        SetUpError: the environment cannot be made.
    """
    venv = root / _APART.get(lock, _OURS)
    mark = venv / f"finished-{lock}"
    wanted = _hash(root / lock)
    if not _is(mark, wanted):
        with _alone(venv):
            if not _is(mark, wanted):  # whoever was first may have done it
                _install(root, venv, lock)
                for name in _COVERED.get(lock, (lock,)):
                    _write(venv / f"finished-{name}", _hash(root / name))
    return venv / "bin" / "python"


def pip_of(venv: Path) -> tuple[str, ...]:
    """A pip command that installs into ``venv``: its own, or that of the Python running this.

    Raises:
        SetUpError: neither has one.
    """
    python = str(venv / "bin" / "python")
    base = str(getattr(sys, "_base_executable", None) or sys.executable)
    own, outside = (python, "-m", "pip"), (base, "-m", "pip", "--python", python)
    for pip in (own, outside):
        if _quiet((*pip, "list")):
            return pip
    # Last, since putting a pip there takes longer than making the rest of the environment.
    if _quiet((python, "-m", "ensurepip")):
        return own
    raise SetUpError(
        UNUSABLE, f"{base} has neither ensurepip nor pip: install python3-venv or python3-pip"
    )


def create(venv: Path) -> None:
    """Makes an empty environment; one whose Python does not run any more is made anew."""
    base = str(getattr(sys, "_base_executable", None) or sys.executable)
    if not _quiet((base, "-m", "venv", "--clear", "--without-pip", str(venv))):
        raise SetUpError(UNUSABLE, f"cannot make a virtual environment in {venv}")


def packages(lock: Path) -> int:
    """How many packages a lock file names."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in _lines(lock))


def _install(root: Path, venv: Path, lock: str) -> None:
    progress = Progress(packages(root / lock))
    with progress.going_on(lock):
        if not _quiet((str(venv / "bin" / "python"), "-c", "")):
            progress.show(0, f"making {venv.name}")
            create(venv)
        for mark in venv.glob("finished-*"):
            # Half an installation is none, and one lock's versions need not be another's.
            mark.unlink()
        _run_pip((*pip_of(venv), *_options(root / lock)), progress)
        if venv.name == _OURS:
            _make_importable(root, venv)


def _options(lock: Path) -> tuple[str, ...]:
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")
    return ("install", "--require-hashes", *quiet, "--root-user-action=ignore", "-r", str(lock))


def _run_pip(command: Sequence[str], progress: Progress) -> None:
    tail: list[str] = []
    collected = 0
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
        _passed_on(pip),
    ):
        for line in pip.stdout or ():
            tail = [*tail[1 - _TAIL_LINES :], line.rstrip()]
            collected += line.startswith(("Collecting ", "Requirement already", "Ignoring "))
            progress.show(collected, line.strip().partition(" (")[0].partition(":")[0])
    if pip.returncode:
        print("", *tail, sep="\n", file=sys.stderr)
        raise SetUpError(FAILED, f"pip ended with code {pip.returncode}")


@contextlib.contextmanager
def _passed_on(child: "subprocess.Popen[str]") -> Iterator[None]:
    """While it lasts, a request to stop ends the child too, and then this process."""

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        child.terminate()
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _make_importable(root: Path, venv: Path) -> None:
    """Lets the environment import zoe from any working directory; relative, so it may move."""
    for packages_folder in venv.glob("lib/python*/site-packages"):
        _write(packages_folder / "zoe.pth", os.path.relpath(root, packages_folder) + "\n")


@contextlib.contextmanager
def _alone(venv: Path) -> Iterator[None]:
    with venv.with_name(f"{venv.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("zoe: another set-up is at work; waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _quiet(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _is(mark: Path, wanted: str) -> bool:
    try:
        return mark.read_text() == wanted
    except OSError:
        return False


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.replace(path)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _become(python: Path, program: Sequence[str]) -> NoReturn:
    try:
        os.execve(python, [str(python), "-P", *program], _undisturbed(os.environ))
    except OSError as problem:
        # It does not say of which file, and that may be a link to where others may not read.
        raise SetUpError(UNUSABLE, f"{python.resolve()}: {problem.strerror}") from problem


def main(arguments: Sequence[str]) -> NoReturn:
    """Sets up, then becomes the program; one clear line when it cannot."""
    lock, *program = arguments
    try:
        _become(set_up(ROOT, lock), program)
    except SetUpError as problem:
        code, text = problem.code, str(problem)
    except OSError as problem:
        code, text = UNUSABLE, f"{problem.filename or ROOT}: {problem.strerror}"
    except KeyboardInterrupt:
        code, text = 130, "interrupted; the next start goes on with the set-up"
    print(f"zoe: {text}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
