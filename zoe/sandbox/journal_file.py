"""JournalFile: the exchange's memory as a file of JSON Lines, written by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zoe.sandbox.problems import CannotStart

#: How every journal begins; whatever begins otherwise is somebody's file that must not be touched.
_BEGINNING: Final = b'{"kind":"'
_CHUNK: Final = 1 << 20


class JournalFile:
    """See core.memory.Memory. Written with write(2), without fsync: it survives the process.

    Attributes:
        torn: How many bytes of an incomplete last line were cut off when it was opened.

    Raises:
        CannotStart: It cannot be opened, another process holds it, or it is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            # It holds the secrets of the accounts.
            self._fd = os.open(path, flags, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            beginning = os.pread(self._fd, len(_BEGINNING), 0)
            if beginning != _BEGINNING[: len(beginning)]:
                raise CannotStart(f"journal {path} is not a sandbox's")
            self.torn = self._cut_torn_line()
        except BlockingIOError as problem:
            raise CannotStart(f"journal {path} is held by another sandbox") from problem
        except OSError as problem:
            raise CannotStart(f"journal {path}: {problem.strerror}") from problem

    def _cut_torn_line(self) -> int:
        size = os.fstat(self._fd).st_size
        whole = self._end_of_last_line(size)
        if whole < size:
            os.ftruncate(self._fd, whole)
        return size - whole

    def _end_of_last_line(self, size: int) -> int:
        end = size
        while end > 0:
            start = max(0, end - _CHUNK)
            found = os.pread(self._fd, end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return 0

    def append(self, lines: bytes) -> None:
        """See core.memory.Memory."""
        before = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, lines)
            while written < len(lines):
                written += os.write(self._fd, lines[written:])
        except OSError:
            os.ftruncate(self._fd, before)
            raise

    def lines(self) -> Iterator[bytes]:
        """See core.memory.Memory."""
        # The file that is held, whatever has become of its name meanwhile.
        with open(os.dup(self._fd), "rb") as file:
            file.seek(0)
            for line in file:
                yield line.rstrip(b"\n")

    def keep(self, count: int) -> None:
        """See core.memory.Memory."""
        length = 0
        for number, line in enumerate(self.lines()):
            if number == count:
                os.ftruncate(self._fd, length)
                return
            length += len(line) + 1
