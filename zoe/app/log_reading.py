"""Reads the desk's log: closed files, compressed or not, and the one being written, in order.

The files change while they are read: one is closed, renamed, and compressed a moment later. A line
that is torn, by a crash or because it is being written, is no line.
"""

import contextlib
import gzip
import json
import os
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import attrs

from zoe.domain.ids import id_number, uuid_text

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_CHUNK: Final = 1 << 16

Line = dict[str, Any]
#: A line's bytes, and the line.
Found = tuple[bytes, Line]


@attrs.frozen
class Wanted:
    """Which lines are asked for.

    Attributes:
        ids: Spellings of one id; a line has it when any of its fields equals one of them.
        named: Whether only fields count whose names say that they hold an id. A number may be an
            id, and then any quantity, any count equals one.
        actor: An actor's name; ``orders`` means all below it too.
        level: The least level.
    """

    ids: tuple[str, ...] = ()
    named: bool = attrs.field(default=False, kw_only=True)
    actor: str | None = None
    level: str = "DEBUG"

    def accepts(self, raw: bytes) -> Line | None:
        """The line, if it is one and is wanted."""
        # Most lines are refused by their bytes alone, a tenth of the price of parsing.
        if self.ids and not any(spelling.encode() in raw for spelling in self.ids):
            return None
        line = _parsed(raw)
        if line is None or _rank(line) < LEVELS.index(self.level):
            return None
        if self.actor is not None and not _below(str(line.get("actor") or ""), self.actor):
            return None
        return line if not self.ids or self._bears(line) else None

    def _bears(self, line: Line) -> bool:
        values = (v for name, v in line.items() if not self.named or _is_id(name))
        return any(_holds(value, self.ids) for value in values)


def spellings(wanted: str) -> tuple[str, ...]:
    """The id as given and, for a UUID, as the desk writes it."""
    number = id_number(wanted)
    return (wanted,) if number is None else tuple(dict.fromkeys((wanted, uuid_text(number))))


def files(current: Path) -> list[Path]:
    """The log's files, oldest first, the one being written last."""
    found: dict[str, Path] = {}
    for path in current.parent.glob(f"{current.stem}.*"):
        if path == current or path.suffix not in (".gz", current.suffix):
            continue
        # A crash between compressing and removing leaves both.
        plain = str(path).removesuffix(".gz")
        if plain not in found or path.suffix == ".gz":
            found[plain] = path
    return [*(found[name] for name in sorted(found)), current]


def lines(current: Path, wanted: Wanted) -> Iterator[Found]:
    """Every wanted line that stands in the files, with its bytes."""
    for path in files(current):
        yield from _chosen(_whole_lines(path), wanted)


def newest(current: Path, wanted: Wanted, count: int) -> list[Found]:
    """The last ``count`` wanted lines, oldest first."""
    return _newest(files(current), wanted, count)


def _newest(paths: list[Path], wanted: Wanted, count: int) -> list[Found]:
    pages: list[deque[Found]] = []
    for path in reversed(paths):
        missing = count - sum(map(len, pages))
        if missing <= 0:
            break
        pages.append(deque(_chosen(_whole_lines(path), wanted), maxlen=missing))
    return [found for page in reversed(pages) for found in page]


def follow(
    current: Path, wanted: Wanted, pause: Callable[[], bool], backlog: int
) -> Iterator[Found]:
    """The last ``backlog`` wanted lines, then others as they are written.

    Args:
        pause: Called where there is nothing new; False ends it.
    """
    closed = files(current)[:-1]
    with contextlib.closing(_Tail(current)) as tail:
        here = deque(_chosen(tail.new_lines(), wanted), maxlen=backlog)
        yield from _newest(closed, wanted, backlog - len(here))
        yield from here
        while True:
            news = list(_chosen(tail.new_lines(), wanted))
            yield from news
            if not news and not pause():
                return


class _Tail:
    """The file being written, whichever that is at the moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = b""
        self._file = _opened(path)

    def new_lines(self) -> Iterator[bytes]:
        """What was written since; goes on with the next file once this one is renamed."""
        if self._file is None:
            self._file = _opened(self._path)
        while self._file is not None:
            # Asked before reading: what was written ahead of the renaming is then read too.
            renamed = self._renamed(self._file)
            yield from self._read(self._file)
            if not renamed:
                return
            self._file.close()
            self._file = _opened(self._path)
            self._partial = b""

    def _read(self, file: BinaryIO) -> Iterator[bytes]:
        while data := file.read(_CHUNK):
            *whole, self._partial = (self._partial + data).split(b"\n")
            yield from whole

    def _renamed(self, file: BinaryIO) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False  # between two files: the next one is not there yet
        here = os.fstat(file.fileno())
        cut = here.st_size < file.tell()
        return cut or (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)

    def close(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            self._file.close()


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _chosen(raws: Iterable[bytes], wanted: Wanted) -> Iterator[Found]:
    for raw in raws:
        line = wanted.accepts(raw)
        if line is not None:
            yield raw, line


def _whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file; of one that was compressed or removed meanwhile, from where it is."""
    stream = _opened(path)
    if stream is None and path.suffix != ".gz":
        path = path.with_name(f"{path.name}.gz")
        stream = _opened(path)
    if stream is None:
        return  # the oldest, dropped by the rotation
    with stream:
        try:
            for line in gzip.GzipFile(fileobj=stream) if path.suffix == ".gz" else stream:
                yield line.removesuffix(b"\n")
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return  # damaged: what came before the damage has been told


def _parsed(raw: bytes) -> Line | None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and "event" in line else None


def _rank(line: Line) -> int:
    level = line.get("level")
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _below(actor: str, wanted: str) -> bool:
    return actor == wanted or actor.startswith(f"{wanted}/")


def _is_id(name: str) -> bool:
    return name.endswith("_id") or name in ("order", "decision", "key")


def _holds(value: Any, ids: tuple[str, ...]) -> bool:
    if isinstance(value, dict):
        return any(_holds(item, ids) for item in value.values())
    if isinstance(value, list):
        return any(_holds(item, ids) for item in value)
    return not isinstance(value, bool) and value is not None and str(value) in ids
