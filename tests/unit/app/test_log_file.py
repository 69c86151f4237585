"""The log's file: whole lines or none, closed when full, and no reason to stop."""

import errno
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zoe.app.log_file import LogFile, compress

#: A process whose files may not grow beyond 1,000 bytes, as on a disk that is full there.
SMALL = """
import resource, signal, sys
from pathlib import Path
from zoe.app.log_file import LogFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = LogFile(Path(sys.argv[1]), 1_000_000, 3)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
for number in range(100):
    file.write(f"{number:020d}\\n")
print(file.lost, file.failing)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.write("with room again\\n")
print(file.lost, file.failing)
"""


def test_a_line_that_does_not_fit_is_left_out_whole_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "zoe.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", SMALL, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["53 True", "53 False"]
    written = path.read_text().splitlines()
    assert written == [*(f"{number:020d}" for number in range(47)), "with room again"]


def test_the_file_is_closed_before_it_grows_too_long_and_the_oldest_are_forgotten(
    tmp_path: Path,
) -> None:
    file = LogFile(tmp_path / "zoe.jsonl", 100, 2)
    for number in range(50):
        file.write(f"{number:019d}\n")
    file.stop()
    closed = sorted(tmp_path.glob("zoe.*.jsonl.gz"))
    assert len(closed) == 2
    texts = [gzip.decompress(path.read_bytes()) for path in closed]
    numbers = [int(line) for line in b"".join([*texts, file.path.read_bytes()]).splitlines()]
    assert numbers == list(range(numbers[0], 50))
    assert max(map(len, texts)) <= 100


def test_a_line_longer_than_a_file_may_be_is_a_file_of_its_own(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "zoe.jsonl", 100, 9)
    for line in ("x" * 300, "y" * 300):
        file.write(line + "\n")
    file.stop()
    (closed,) = tmp_path.glob("zoe.*.jsonl.gz")
    assert gzip.decompress(closed.read_bytes()) == b"x" * 300 + b"\n"
    assert file.path.read_bytes() == b"y" * 300 + b"\n"
    assert file.lost == 0


def test_a_file_that_cannot_be_compressed_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(gzip, "open", full)
    with pytest.raises(OSError, match="No space"):
        (tmp_path / "zoe.1.jsonl").write_text("a line\n")
        compress(tmp_path / "zoe.1.jsonl")
    file = LogFile(tmp_path / "zoe.jsonl", 10, 9)
    for line in ("the first\n", "the second\n"):
        file.write(line)
    file.stop()
    assert {path.read_text() for path in tmp_path.iterdir()} == {
        *("a line\n", "the first\n", "the second\n")
    }
    assert file.lost == 0


def test_a_file_that_cannot_be_had_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        LogFile(tmp_path / "absent" / "zoe.jsonl", 100, 2)


def test_lines_after_a_stop_are_written_all_the_same(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "zoe.jsonl", 100, 2)
    file.stop()
    file.write("late\n")
    file.stop()
    assert file.path.read_text() == "late\n"
