"""The emergency file: what was canceled while the store was down, so that a crash forgets nothing.

One JSON line a cancel, on the disk before the cancel leaves. The room is reserved beforehand, since
a full disk is the likeliest reason to need it. The lines end at the first NUL byte.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from zoe.domain.errors import ConfigError, StoreError
from zoe.ports.journal import NotedCancel

#: Room for a thousand cancels; more are taken as long as the disk has room.
RESERVED_BYTES: Final = 256 * 1024
_END: Final = b"\0"


class EmergencyFile:
    """Implements ``ports.journal.EmergencyNotes``; from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self) -> None:
        """Makes the file with its room; what it holds stays.

        Raises:
            ConfigError: It cannot be had.
        """
        try:
            with self._open() as file:
                os.posix_fallocate(file, 0, RESERVED_BYTES)
                os.fsync(file)
        except StoreError as problem:
            raise ConfigError(f"{self._path}: {problem}") from problem

    def note(self, cancel: NotedCancel) -> None:
        """See EmergencyNotes."""
        line = msgspec.json.encode(cancel) + b"\n" + _END
        with self._open() as file:
            at = len(_text(file))
            while line:
                written = os.pwrite(file, line, at)
                line, at = line[written:], at + written
            os.fdatasync(file)

    def read(self) -> tuple[NotedCancel, ...]:
        """See EmergencyNotes."""
        if not self._path.exists():
            return ()
        with self._open() as file:
            return _lines(_text(file))

    def forget(self, cancels: Sequence[NotedCancel]) -> None:
        """See EmergencyNotes."""
        with self._open() as file:
            text = _text(file)
            if _lines(text) == tuple(cancels):
                os.pwrite(file, _END * len(text), 0)
                os.fdatasync(file)

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        """The file, opened and locked against everybody else."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
            finally:
                os.close(file)
        except OSError as problem:
            raise StoreError(f"emergency file: {problem.strerror}") from problem


def _text(file: int) -> bytes:
    """The whole lines; one that a crash has torn never led to anything."""
    text = os.pread(file, os.fstat(file).st_size, 0).partition(_END)[0]
    return text[: text.rfind(b"\n") + 1]


def _lines(text: bytes) -> tuple[NotedCancel, ...]:
    try:
        return tuple(msgspec.json.decode(line, type=NotedCancel) for line in text.splitlines())
    except (msgspec.DecodeError, RecursionError) as problem:
        raise StoreError(f"emergency file: {problem}") from problem
