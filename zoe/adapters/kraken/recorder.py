"""Raw public frames into a compressed file that can be read from any part on, and that a kill cannot spoil.

``FILE`` is gzip: a frame a line, in members of some thousand frames, each complete by itself. A member is
written in parts, twice a second, that share what was learned of its text so far. ``FILE.index`` has a JSON line
a part: where its member begins, how many frames it holds, and when each was received. What was not yet a whole
part when the process died, or the disk was full, is lost, and nothing else: whoever goes on behind it takes the
torn part away, and ends its member.
"""

import fcntl
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from io import FileIO
from itertools import groupby
from pathlib import Path
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken.public_session import PublicSession
from zoe.domain.errors import ConfigError, WireError
from zoe.runtime.message import Message

MEMBER_FRAMES: Final = 2_000
MEMBER_NS: Final = 60_000_000_000
#: So old a frame gets before it is written.
PART_NS: Final = 500_000_000
MAGIC: Final = b"\x1f\x8b"
#: zlib's name of the gzip format.
GZIP: Final = 31
#: RFC 1951, 3.2.6: a last block, of no bytes.
_LAST_BLOCK: Final = b"\x03\x00"
#: Of what is not understood, as much as is told.
_EXCERPT: Final = 300


class Part(msgspec.Struct, omit_defaults=True):
    """What was written at once of a member of a recording.

    Attributes:
        offset: Where its member begins in the file.
        size: Of the member up to its end, in bytes.
        first_ns: Wall time when its first frame was received.
        after_us: When each frame was received, after the first.
        skip: How many frames of its member are before it.
    """

    offset: int
    size: int
    frames: int
    first_ns: int
    after_us: list[int]
    skip: int = 0


@attrs.define
class _Member:
    """What is being written, as far as it is."""

    offset: int
    began_ns: int
    size: int = 0
    frames: int = 0
    packer: "zlib._Compress" = attrs.field(factory=lambda: zlib.compressobj(6, wbits=GZIP))

    def pack(self, lines: Sequence[bytes], *, last: bool) -> bytes:
        """What is written of more frames: all that they have come to so far, so that they can be read."""
        text = b"\n".join((*lines, b""))
        return self.packer.compress(text) + self.packer.flush(
            zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH
        )


class RecordFile:
    """A recording that is being written; it goes on behind what is there already.

    Raises:
        ConfigError: Somebody else writes it, or what is there is no recording, or a damaged one.
        WireError: Its index is none.
        OSError: The place cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_file():
            # What is there already is read: of a device that never ends, or a pipe that never begins.
            raise ConfigError(f"{path} is no file")
        with ExitStack() as opened:
            self._file = opened.enter_context(path.open("ab", buffering=0))
            _lock(self._file, path)
            whole = _whole(path)
            self._file.truncate(whole.size)
            self._index = opened.enter_context(index_of(path).open("ab", buffering=0))
            self._index.truncate(_whole_index_bytes(path))
            if whole.end:
                self._append(whole.end, whole.last)
            opened.pop_all()
        self._lines: list[bytes] = []
        self._times_ns: list[int] = []
        self._member: _Member | None = None
        self.frames = 0

    def add(self, payload: bytes, received_ns: int) -> None:
        """One more frame."""
        if self._member is None:
            self._member = _Member(self._file.seek(0, os.SEEK_END), received_ns)
        self._lines.append(payload.replace(b"\n", b" "))
        self._times_ns.append(received_ns)
        self.frames += 1
        is_full = self._member.frames + len(self._lines) >= MEMBER_FRAMES
        # A clock may be set back.
        is_old = abs(received_ns - self._member.began_ns) > MEMBER_NS
        if is_full or is_old:
            self._write(last=True)
        else:
            self.due(received_ns)

    def due(self, now_ns: int) -> None:
        """Writes what has waited long enough."""
        if self._lines and abs(now_ns - self._times_ns[0]) >= PART_NS:
            self._write(last=False)

    def close(self) -> None:
        """Writes the rest and lets go of the files."""
        self._write(last=True)
        self._file.close()
        self._index.close()

    def _write(self, *, last: bool) -> None:
        """Writes what waits as a part of its member."""
        member, lines, times_ns = self._member, self._lines, self._times_ns
        if member is None:
            return
        # Where there is no room they are not tried again: that would be written behind half of them.
        self._member, self._lines, self._times_ns = None, [], []
        data = member.pack(lines, last=last)
        member.size += len(data)
        first_ns = times_ns[0] if times_ns else member.began_ns
        after_us = [(at_ns - first_ns) // 1_000 for at_ns in times_ns]
        part = Part(member.offset, member.size, len(lines), first_ns, after_us, member.frames)
        self._append(data, part)
        member.frames += len(lines)
        self._member = None if last else member

    def _append(self, data: bytes, part: Part) -> None:
        """The frames first: an index must not name what is not there."""
        _write(self._file, data)
        _write(self._index, msgspec.json.encode(part) + b"\n")


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


def parts(path: Path) -> Iterator[Part]:
    """The parts of a recording, by its index; those alone that are whole.

    One by one: the index of a day names more than one may hold at once.

    Raises:
        OSError: There is no index.
        WireError: It is none.
    """
    size = path.stat().st_size
    return (part for part in _named(path) if part.offset + part.size <= size)


def timed(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every frame of a recording that its index names, each with when it was received.

    Raises:
        OSError: There is no index.
        WireError: It is not of this recording.
    """
    for _, member in groupby(parts(path), lambda part: part.offset):
        yield from _read(path, tuple(member))


def _read(path: Path, named: Sequence[Part]) -> Iterator[tuple[int, bytes]]:
    """The frames of parts of one member."""
    with path.open("rb") as file:
        file.seek(named[-1].offset)
        packed = file.read(named[-1].size)
    lines = _plain(packed).splitlines()
    for part in named:
        end = part.skip + part.frames
        is_of_it = len(lines) == end if part is named[-1] else len(lines) >= end
        if not is_of_it or len(part.after_us) != part.frames:
            where = f"{path}: its index is not of it, at byte {part.offset}"
            raise WireError(where, packed[:_EXCERPT])
        for after_us, line in zip(part.after_us, lines[part.skip : end], strict=True):
            yield part.first_ns + after_us * 1_000, line


def indexed_bytes(path: Path) -> int:
    """Where the newest part ends that the index of a recording names; 0 where there is none."""
    try:
        return max((part.offset + part.size for part in _named(path)), default=0)
    except FileNotFoundError:
        return 0


def _named(path: Path) -> Iterator[Part]:
    index = index_of(path)
    with index.open("rb") as file:
        for line in file:
            if line.rstrip().endswith(b"}"):
                yield _part(line, index)


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


@attrs.frozen
class _Whole:
    """What is whole of a recording.

    Attributes:
        size: Up to where.
        end: What ends the member that is not whole, and ``last`` names it; empty where each is.
    """

    size: int
    end: bytes
    last: Part


def _whole(path: Path) -> _Whole:
    """What is whole of a recording, behind which another goes on.

    Raises:
        ConfigError: It is no recording, or nobody knows whose what is torn at its end is.
    """
    is_indexed = index_of(path).exists()
    known = parts(path) if is_indexed else ()
    last = max(known, key=lambda part: (part.offset, part.size), default=Part(0, 0, 0, 0, []))
    with path.open("rb") as file:
        is_recording = file.read(len(MAGIC)) in (MAGIC, b"")
        file.seek(last.offset)
        rest = file.read()
    if not is_recording:
        raise ConfigError(f"{path} is no recording, and none is written behind it")
    torn = _torn_bytes(rest)
    if torn and not is_indexed:
        raise ConfigError(f"{path} is cut off and has no index: record into another file")
    size = last.offset + len(rest) - torn
    known_size = last.offset + last.size
    if size >= known_size:
        return _Whole(size, b"", last)
    end = _end_of(rest[: last.size], path)
    skip = last.skip + last.frames
    return _Whole(
        known_size, end, Part(last.offset, last.size + len(end), 0, last.first_ns, [], skip)
    )


def _end_of(begun: bytes, path: Path) -> bytes:
    """What makes a member whole that ends with a part (RFC 1952, 2.3)."""
    try:
        text = zlib.decompressobj(wbits=GZIP).decompress(begun)
    except zlib.error as problem:
        raise ConfigError(f"{path} is damaged: record into another file") from problem
    sums = (zlib.crc32(text), len(text) % 2**32)
    return _LAST_BLOCK + b"".join(number.to_bytes(4, "little") for number in sums)


def _torn_bytes(compressed: bytes) -> int:
    """How many bytes at the end of members belong to none that is whole."""
    while compressed:
        member = zlib.decompressobj(wbits=GZIP)
        try:
            member.decompress(compressed)
        except zlib.error:
            break
        if not member.eof:
            break
        compressed = member.unused_data
    return len(compressed)


def _whole_index_bytes(path: Path) -> int:
    """How much of an index is whole lines about parts that are there."""
    index, size, end = index_of(path), path.stat().st_size, 0
    with index.open("rb") as file:
        for line in file:
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


def _plain(compressed: bytes) -> bytes:
    """The frames of members; of one that is cut off, what is whole of it."""
    text = bytearray()
    while compressed.startswith(MAGIC):
        member = zlib.decompressobj(wbits=GZIP)
        try:
            text += member.decompress(compressed)
        except zlib.error:
            break
        compressed = member.unused_data
        if not member.eof:
            del text[text.rfind(b"\n") + 1 :]
    return bytes(text)
