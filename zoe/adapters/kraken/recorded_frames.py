"""The frames of a recording, read anew each time they are gone through: one of any size needs little memory.

A recording is JSON Lines, one frame a line, compressed or not, or one object with ``init`` and ``updates``.
What is no file, such as a pipe, is copied into one first.
"""

import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from zoe.adapters.kraken import recorder
from zoe.adapters.socket_frames import LONGEST
from zoe.domain.errors import ConfigError, WireError

_CHUNK: Final = 1 << 20
#: What is longer is no one object: those that are known hold some hundred frames.
_LONGEST_OBJECT: Final = 256 << 20
_EXCERPT: Final = 300


class Recording:
    """The frames of one file; each iteration reads it again.

    Iterating raises WireError on one object that holds no frames, and on a line longer than any frame.

    Raises:
        ConfigError: It is a device.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._name, self._path = path.name, path
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) and not _is_terminal(path):
            raise ConfigError(f"{path} is no file")
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            self._copy = _copied(path)
            self._path = Path(self._copy.name)
        self._count: int | None = None
        self._truncated = self._damaged = False

    def __iter__(self) -> Iterator[bytes]:
        return (payload for _, payload in self.numbered())

    def __len__(self) -> int:
        """How many there are; all are read for it, unless they have been already."""
        count = self._count
        return sum(1 for _ in self) if count is None else count

    @property
    def truncated(self) -> bool:
        """Whether its end is missing, or cannot be read."""
        len(self)  # known when all has been read
        return self._truncated

    @property
    def damaged(self) -> bool:
        """Whether something in it is no recording, and what stands behind that was not read."""
        len(self)  # known when all has been read
        return self._damaged

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Each frame with its line, or its place where lines mean nothing."""
        found = self._object()
        if found is not None:
            yield from enumerate(found, 1)
            self._count = len(found)
            return
        lines, count = _Lines(self._path, self._name), 0
        for number, line in enumerate(lines, 1):
            if line.strip():
                count += 1
                yield number, line
        self._truncated, self._damaged = lines.torn, lines.damaged
        self._count = count

    def _object(self) -> tuple[bytes, ...] | None:
        """The frames of one object; None where each line is a frame."""
        first = next((line for line in _Lines(self._path, self._name) if line.strip()), b"")
        if not first.lstrip().startswith(b"{") or _is_frame(first):
            return None
        text = _Lines(self._path, self._name).text(_LONGEST_OBJECT)
        try:
            whole = msgspec.json.decode(text or b"", type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if "init" not in whole:
            return (text.strip(),)
        try:
            updates = msgspec.json.decode(whole.get("updates", b"[]"), type=list[msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError) as problem:
            where = f"{self._name} holds no frames: {problem}"
            raise WireError(where, text[:_EXCERPT]) from problem
        return (bytes(whole["init"]), *(bytes(update) for update in updates))


class _Lines:
    """The lines of a file, compressed or not; of what is cut off, those that are whole.

    Attributes:
        torn: After the last line: whether the end is missing, or cannot be read.
        damaged: After the last line: whether that is so since something is no part of a recording.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self.torn = self.damaged = self._packed = False

    def __iter__(self) -> Iterator[bytes]:
        rest: list[bytes] = []
        size = 0
        for chunk in self._chunks():
            *ended, begun = chunk.split(b"\n")
            for line in ended:
                rest.append(line)
                yield from _split(b"".join(rest))
                rest, size = [], 0
            rest.append(begun)
            size += len(begun)
            if size > LONGEST:
                where = f"{self._name} has a line of more than {LONGEST} bytes"
                raise WireError(where, rest[0][:_EXCERPT])
        last = b"".join(rest)
        if self._packed:
            if last and not self.torn:
                yield from _split(last)
            known = recorder.indexed_bytes(self._path)
            self.torn = self.torn or self._path.stat().st_size < known
        elif last:
            yield from _split(last)
            self.torn = _ends_within(last)

    def text(self, most: int) -> bytes:
        """All of it; nothing where it is longer than so many bytes."""
        text = bytearray()
        for chunk in self._chunks():
            text += chunk
            if len(text) > most:
                return b""
        return bytes(text)

    def _chunks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            self._packed = file.peek(len(recorder.MAGIC)).startswith(recorder.MAGIC)
            if self._packed:
                yield from self._unpacked(file)
                return
            while chunk := file.read(_CHUNK):
                yield chunk

    def _unpacked(self, file: BinaryIO) -> Iterator[bytes]:
        """What members hold, a piece at a time: a small file may hold much."""
        packed = file.read(_CHUNK)
        while packed:
            if len(packed) < len(recorder.MAGIC):
                packed += file.read(_CHUNK)
            if not packed.startswith(recorder.MAGIC):
                # One byte may be the beginning of a member that is cut off.
                self.torn, self.damaged = True, packed != recorder.MAGIC[:1]
                return
            member = zlib.decompressobj(wbits=recorder.GZIP)
            while not member.eof:
                try:
                    yield member.decompress(packed, _CHUNK)
                except zlib.error:
                    self.torn = self.damaged = True
                    return
                packed = member.unconsumed_tail
                if not packed and not member.eof:
                    packed = file.read(_CHUNK)
                    if not packed:
                        yield member.flush()
                        self.torn = not member.eof
                        if self.torn:
                            return
            packed = member.unused_data or file.read(_CHUNK)


def _split(line: bytes) -> Iterable[bytes]:
    """The lines in what ended with a newline, which may have been written with other ends."""
    return line.splitlines() or (line,)


def _copied(path: Path) -> "tempfile._TemporaryFileWrapper[bytes]":
    """What comes from a pipe, in a file that lives as long as this is held."""
    copy = tempfile.NamedTemporaryFile(prefix="zoe-")  # noqa: SIM115  # whoever holds it closes it
    with path.open("rb") as file:
        shutil.copyfileobj(file, copy)
    copy.flush()
    return copy


def _is_terminal(path: Path) -> bool:
    with path.open("rb") as file:
        return file.isatty()


def _is_frame(line: bytes) -> bool:
    """Whether it is an object by itself, and not the one that holds all frames."""
    try:
        return "init" not in msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _ends_within(last: bytes) -> bool:
    """Whether a file that ends so ends in the middle of a frame."""
    last = last.lstrip()
    if not last.startswith(b"{"):
        return False
    try:
        msgspec.json.decode(last, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return True
    return False
