"""The file that log lines are appended to: closed and compressed when it is full, some kept.

A disk that is full stops nobody: a line that does not fit is left out whole, and counted. The lines
that have gone to the file are in the kernel's hands, so a process that is killed loses none.
"""

import contextlib
import gzip
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

#: Sorts by time, as the names of closed files must.
_STAMP: Final = "%Y-%m-%d_%H-%M-%S_%f"
_READABLE_BY_US: Final = 0o600


class LogFile:
    """A sink for loguru, which calls it from one thread at a time.

    Args:
        path: Appended to, and made if absent, for this user alone.
        most_bytes: The file is closed when it would grow beyond this.
        kept: How many closed files are.

    Raises:
        OSError: The file cannot be had.
    """

    def __init__(self, path: Path, most_bytes: int, kept: int) -> None:
        self.path = path
        #: Lines that could not be written, for want of room or for another reason.
        self.lost = 0
        #: Whether the newest line was one of them.
        self.failing = False
        self._most_bytes = most_bytes
        self._kept = kept
        self._file: int | None = self._open()

    def write(self, line: str) -> None:
        """Appends ``line``, which is ASCII, or leaves it out."""
        try:
            self._append(line.encode("ascii", "backslashreplace"))
            self.failing = False
        except OSError:
            self.lost += 1
            self.failing = True

    def stop(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self.path, flags, _READABLE_BY_US)

    def _append(self, line: bytes) -> None:
        if self._file is None:
            self._file = self._open()
        size = os.fstat(self._file).st_size
        if size and size + len(line) > self._most_bytes:
            self._rotate()
            size = 0
        if os.write(self._file, line) < len(line):
            os.ftruncate(self._file, size)
            raise OSError("only a part of the line fits")

    def _rotate(self) -> None:
        stamp = datetime.now(UTC).strftime(_STAMP)
        closed = self.path.with_name(f"{self.path.stem}.{stamp}{self.path.suffix}")
        self.path.rename(closed)
        self.stop()
        self._file = self._open()
        with contextlib.suppress(OSError):  # an uncompressed one is as good, and is read as well
            compress(closed)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        suffix = self.path.suffix
        closed = [
            path
            for path in self.path.parent.glob(f"{self.path.stem}.*")
            if path != self.path and path.name.endswith((suffix, f"{suffix}.gz"))
        ]
        for path in sorted(closed)[: -self._kept]:
            path.unlink(missing_ok=True)


def compress(path: Path) -> None:
    """Replaces a closed log file by its gzip; a crash in between leaves the original.

    Raises:
        OSError: It stays as it was.
    """
    part = path.with_name(f"{path.name}.gz.part")
    try:
        with path.open("rb") as source, gzip.open(part, "wb", compresslevel=1) as target:
            shutil.copyfileobj(source, target)
        part.chmod(_READABLE_BY_US)
        part.replace(f"{path}.gz")
    except OSError:
        part.unlink(missing_ok=True)
        raise
    path.unlink()
