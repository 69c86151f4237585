"""Raw public frames into a compressed file that can be read from any part on, and that a kill cannot spoil.

``FILE`` is gzip: a frame a line, in members of some thousand frames, each complete by itself. ``FILE.index``
has a JSON line a member: where it begins, how many frames it holds, and when each was received. What was
not yet a whole member when the process died is lost, and nothing else.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from zoe.adapters.kraken.public_session import PublicSession
from zoe.runtime.message import Message

MEMBER_FRAMES: Final = 2_000
MEMBER_NS: Final = 5_000_000_000
MAGIC: Final = b"\x1f\x8b"


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
    """A recording that is being written; it goes on behind what is there already."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab")
        self._index: BinaryIO = index_of(path).open("ab")
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
        part = Part(self._file.tell(), len(member), len(self._lines), first_ns, after_us)
        self._file.write(member)
        self._file.flush()
        # The frames first: an index must not name what is not there.
        self._index.write(msgspec.json.encode(part) + b"\n")
        self._index.flush()
        self._lines, self._times_ns = [], []

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
    """
    size = path.stat().st_size
    return tuple(part for part in _named(path) if part.offset + part.size <= size)


def read_part(path: Path, part: Part) -> Iterator[tuple[int, bytes]]:
    """The frames of one member, each with when it was received."""
    with path.open("rb") as file:
        file.seek(part.offset)
        lines = gzip.decompress(file.read(part.size)).splitlines()
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
    lines = index_of(path).read_bytes().splitlines()
    return tuple(msgspec.json.decode(line, type=Part) for line in lines if line.endswith(b"}"))


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
