"""The stream of log lines: a reader that stops reading holds nobody up."""

import fcntl
import io
import json
import os
import pty
import socket
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pytest

from zoe.app import logs
from zoe.app.log_stream import LogStream
from zoe.runtime.log import log

pytestmark = pytest.mark.usefixtures("quiet_logger")

#: Longer than any room there is, and many lines of it.
LINES = [f"line {number} " + "x" * 500 for number in range(4_000)]


def note(count: int) -> str:
    return f"{count} left out"


@contextmanager
def pair(kind: str) -> Iterator[tuple[int, int]]:
    """The reader's descriptor and the writer's."""
    if kind == "socket":
        one, other = socket.socketpair()
        ends = one.detach(), other.detach()
    elif kind == "terminal":
        ends = pty.openpty()
        mode = termios.tcgetattr(ends[1])
        mode[1] &= ~termios.OPOST
        termios.tcsetattr(ends[1], termios.TCSANOW, mode)
    else:
        ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def waiting_in(reader: int) -> bytes:
    os.set_blocking(reader, False)
    found = b""
    try:
        while part := os.read(reader, 1 << 20):
            found += part
    except BlockingIOError:
        pass
    return found


def opened(writer: int) -> TextIO:
    return open(writer, "w", encoding="utf-8", closefd=False)


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_a_reader_that_stops_holds_nobody_up_and_gets_whole_lines(kind: str) -> None:
    with pair(kind) as (reader, writer):
        stream = LogStream(opened(writer), note)
        started = time.monotonic()
        for line in LINES:
            stream.write(line)
        assert time.monotonic() - started < 60
        assert os.get_blocking(writer), "others write there too"
        got = waiting_in(reader)
        stream.write("later")
        got += waiting_in(reader)
    *first, left_out, last = got.decode().splitlines()
    assert first == LINES[: len(first)]
    assert 0 < len(first) < len(LINES)
    assert (left_out, last) == (note(len(LINES) - len(first)), "later")


def test_a_reader_that_is_only_slow_misses_nothing() -> None:
    with pair("pipe") as (reader, writer):
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4_096)
        stream = LogStream(opened(writer), note)
        got = b""
        for line in LINES[:100]:
            stream.write(line)
            got += waiting_in(reader)
    assert got.decode().splitlines() == LINES[:100]


def test_files_and_what_is_no_stream_of_the_system_are_written_plainly(tmp_path: Path) -> None:
    text = io.StringIO()
    with (tmp_path / "log").open("w") as file:
        for stream in (text, file):
            LogStream(stream, note).write("a line")
    assert text.getvalue() == (tmp_path / "log").read_text() == "a line\n"


def test_the_note_is_a_line_like_the_others(tmp_path: Path) -> None:
    with pair("pipe") as (reader, writer):
        file = logs.set_up(logs.LogSettings(), tmp_path, logs.Redactor(), opened(writer))
        for number in range(500):
            log.info("test.line", number=number, text="x" * 400)
        waiting_in(reader)
        log.info("test.line")
        said: list[dict[str, Any]] = [json.loads(row) for row in waiting_in(reader).splitlines()]
        in_file = [json.loads(row) for row in file.path.read_text().splitlines()]
    assert [row["event"] for row in said] == ["log.left_out", "test.line"]
    assert list(said[0]) == ["ts", "level", "event", *logs.IDS, "lines"]
    assert len(in_file) == 501
