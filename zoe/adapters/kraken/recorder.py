"""Raw public frames into a compressed file that can be read from any part on, and that a kill cannot spoil.

``FILE`` is gzip: a frame a line, in members of some thousand frames, each complete by itself. ``FILE.index``
has a JSON line a member: where it begins, how many frames it holds, and when each was received. What was
not yet a whole member when the process died, or the disk was full, is lost, and nothing else: whoever goes on
behind it takes the torn member away.
"""

import fcntl
import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from zoe.adapters.kraken.public_session import PublicSession
from zoe.domain.errors import ConfigError, WireError
from zoe.runtime.message import Message

MEMBER_FRAMES: Final = 2_000
MEMBER_NS: Final = 5_000_000_000
MAGIC: Final = b"\x1f\x8b"
#: Of what is not understood, as much as is told.
_EXCERPT: Final = 300


class Part(msgspec.Struct):
    """One member of a recording.

    Attributes:
        offset: Where it begins in the file.
        size: Of the member, in bytes.
        first_ns: Wall time when its first frame was received.
        after_us: When each frame was received, after the first.
    """

    offset: int
    size: int
    frames: int
    first_ns: int
    after_us: list[int]


class RecordFile:
    """A recording that is being written; it goes on behind what is there already.

    Raises:
        ConfigError: Somebody else writes it, or what is there is no recording.
        WireError: Its index is none.
        OSError: The place cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        with ExitStack() as opened:
            self._file = opened.enter_context(path.open("ab", buffering=0))
            _lock(self._file, path)
            self._file.truncate(_whole_bytes(path))
            self._index = opened.enter_context(index_of(path).open("ab", buffering=0))
            self._index.truncate(_whole_index_bytes(path))
            opened.pop_all()
        self._lines: list[bytes] = []
        self._times_ns: list[int] = []
        self.frames = 0

    def add(self, payload: bytes, received_ns: int) -> None:
        """One more frame."""
        self._lines.append(payload.replace(b"\n", b" "))
        self._times_ns.append(received_ns)
        self.frames += 1
        if len(self._lines) >= MEMBER_FRAMES or received_ns - self._times_ns[0] > MEMBER_NS:
            self.flush()

    def flush(self) -> None:
        """Writes what waits as a member."""
        if not self._lines:
            return
        member = gzip.compress(b"\n".join(self._lines) + b"\n", 6, mtime=0)
        first_ns = self._times_ns[0]
        after_us = [(at_ns - first_ns) // 1_000 for at_ns in self._times_ns]
        begins = self._file.seek(0, os.SEEK_END)
        part = Part(begins, len(member), len(self._lines), first_ns, after_us)
        # Where there is no room they are not tried again: that would be written behind half of them.
        self._lines, self._times_ns = [], []
        # The frames first: an index must not name what is not there.
        _write(self._file, member)
        _write(self._index, msgspec.json.encode(part) + b"\n")

    def close(self) -> None:
        """Writes the rest and lets go of the files."""
        self.flush()
        self._file.close()
        self._index.close()


class RecordingSession(PublicSession):
    """A public session whose frames are kept as they came, before anything is made of them."""

    def __init__(self, depth: int, keep: Callable[[bytes, int], None]) -> None:
        super().__init__(depth)
        self._keep = keep

    def received(self, payload: bytes, now_ns: int) -> Sequence[Message]:
        """See PublicSession."""
        self._keep(payload, now_ns)
        return super().received(payload, now_ns)


def index_of(path: Path) -> Path:
    """Where the index of a recording is."""
    return path.with_name(f"{path.name}.index")


def parts(path: Path) -> tuple[Part, ...]:
    """The members of a recording, by its index; those alone that are whole.

    Raises:
        OSError: There is no index.
        WireError: It is none.
    """
    size = path.stat().st_size
    return tuple(part for part in _named(path) if part.offset + part.size <= size)


def read_part(path: Path, part: Part) -> Iterator[tuple[int, bytes]]:
    """The frames of one member, each with when it was received.

    Raises:
        WireError: There is no such member.
    """
    with path.open("rb") as file:
        file.seek(part.offset)
        member = file.read(part.size)
    text, _ = plain(member)
    lines = text.splitlines()
    if len(lines) != part.frames or len(part.after_us) != part.frames:
        raise WireError(f"{path}: its index is not of it, at byte {part.offset}", member[:_EXCERPT])
    for after_us, line in zip(part.after_us, lines, strict=True):
        yield part.first_ns + after_us * 1_000, line


def timed(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every frame of a recording that its index names, each with when it was received.

    Raises:
        OSError: There is no index.
    """
    for part in parts(path):
        yield from read_part(path, part)


def indexed_bytes(path: Path) -> int:
    """Where the newest member ends that the index of a recording names; 0 where there is none."""
    try:
        return max((part.offset + part.size for part in _named(path)), default=0)
    except FileNotFoundError:
        return 0


def _named(path: Path) -> tuple[Part, ...]:
    index = index_of(path)
    lines = index.read_bytes().splitlines()
    return tuple(_part(line, index) for line in lines if line.endswith(b"}"))


def _part(line: bytes, index: Path) -> Part:
    try:
        return msgspec.json.decode(line, type=Part)
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise WireError(f"{index} is no index: {problem}", b"") from problem


def _lock(file: FileIO, path: Path) -> None:
    """A file is one recorder's, until it closes it or dies."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise ConfigError(f"{path} is being recorded into by somebody else") from problem


def _whole_bytes(path: Path) -> int:
    """Where the last whole member of a recording ends, behind which another goes on.

    Raises:
        ConfigError: It is no recording, or nobody knows whose what is torn at its end is.
    """
    is_indexed = index_of(path).exists()
    known = parts(path) if is_indexed else ()
    begins = max((part.offset + part.size for part in known), default=0)
    with path.open("rb") as file:
        is_recording = file.read(len(MAGIC)) in (MAGIC, b"")
        file.seek(begins)
        rest = file.read()
    if not is_recording:
        raise ConfigError(f"{path} is no recording, and none is written behind it")
    torn = _torn_bytes(rest)
    if torn and not is_indexed:
        raise ConfigError(f"{path} is cut off and has no index: record into another file")
    return begins + len(rest) - torn


def _torn_bytes(compressed: bytes) -> int:
    """How many bytes at the end of members belong to none that is whole."""
    while compressed:
        member = zlib.decompressobj(wbits=31)
        try:
            member.decompress(compressed)
        except zlib.error:
            break
        if not member.eof:
            break
        compressed = member.unused_data
    return len(compressed)


def _whole_index_bytes(path: Path) -> int:
    """How much of an index is whole lines about members that are there."""
    index, size, end = index_of(path), path.stat().st_size, 0
    for line in index.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        part = _part(line, index)
        if part.offset + part.size > size:
            break
        end += len(line)
    return end


def _write(file: FileIO, data: bytes) -> None:
    """All of it, or an error that names the file."""
    left = memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(file.name)) from problem


def plain(compressed: bytes) -> tuple[bytes, bool]:
    """All frames of a recording, and whether it is whole.

    A member that is cut off gives what is whole of it.
    """
    text = bytearray()
    while compressed.startswith(MAGIC):
        member = zlib.decompressobj(wbits=31)
        try:
            text += member.decompress(compressed)
        except zlib.error:
            break
        compressed = member.unused_data
        if not member.eof:
            del text[text.rfind(b"\n") + 1 :]
            return bytes(text), False
    return bytes(text), not compressed
