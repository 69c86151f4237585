"""The journal as a file: whole lines, one holder, and what a crash leaves."""

import subprocess
import sys
from pathlib import Path

import pytest

from zoe.sandbox.journal_file import JournalFile
from zoe.sandbox.problems import CannotStart

ONE = b'{"kind":"account"}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_lines_come_back_in_order_and_without_their_ends(path: Path) -> None:
    journal = JournalFile(path)
    journal.append(b'{"n":1}\n{"n":2}\n')
    journal.append(b'{"n":3}\n')
    assert list(journal.lines()) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']


def test_a_file_is_gone_on_with(path: Path) -> None:
    path.write_bytes(ONE)
    journal = JournalFile(path)
    journal.append(b"two\n")
    assert path.read_bytes() == ONE + b"two\n"
    assert journal.torn == 0


@pytest.mark.parametrize("whole", [b"", ONE, ONE + b"two\n"])
@pytest.mark.parametrize("torn", [b"{", b'{"kind":"fi', b'{"kind":"' + b"z" * 3_000_000])
def test_an_incomplete_last_line_is_cut_off_and_its_length_told(
    path: Path, whole: bytes, torn: bytes
) -> None:
    path.write_bytes(whole + torn)
    journal = JournalFile(path)
    assert journal.torn == len(torn)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_all_but_the_first_lines_are_forgotten(path: Path, count: int) -> None:
    path.write_bytes(ONE + b"two\nthree\n")
    journal = JournalFile(path)
    journal.keep(count)
    journal.append(b"new\n")
    assert list(journal.lines()) == [*[ONE.strip(), b"two", b"three"][:count], b"new"]


def test_only_one_holds_it(path: Path) -> None:
    holder = JournalFile(path)
    with pytest.raises(CannotStart, match="held by another sandbox"):
        JournalFile(path)
    holder.append(b"still mine\n")


@pytest.mark.parametrize("content", [b"Dear diary,\n", b"no line end", b"{}", b'{"k":1}\n'])
def test_somebody_elses_file_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CannotStart, match="is not a sandbox's"):
        JournalFile(path)
    assert path.read_bytes() == content


def test_it_is_nobody_elses_to_read(path: Path) -> None:
    JournalFile(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_used_is_told_in_one_line(path: Path, tmp_path: Path) -> None:
    for unusable in (tmp_path / "missing" / "journal", tmp_path):
        with pytest.raises(CannotStart) as told:
            JournalFile(unusable)
        assert str(unusable) in str(told.value)
        assert "\n" not in str(told.value)


def test_a_renamed_file_is_still_the_one_that_is_read(path: Path) -> None:
    journal = JournalFile(path)
    journal.append(b"one\n")
    path.rename(path.with_suffix(".old"))
    assert list(journal.lines()) == [b"one"]


#: In a process of its own: the limit holds for every file, where the tests report to included.
LITTLE_SPACE = """
import resource, signal, sys
from pathlib import Path
from zoe.sandbox.journal_file import JournalFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = JournalFile(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
journal.append(b"a" * 899 + b"\\n")
try:
    journal.append(b"b" * 899 + b"\\n")
except OSError as problem:
    print(problem.errno)
journal.append(b"c" * 99 + b"\\n")
"""


def test_a_full_disk_is_an_error_and_leaves_no_half_of_a_line(path: Path) -> None:
    command = (sys.executable, "-P", "-c", LITTLE_SPACE, str(path))
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert done.stdout == "27\n"
    assert path.read_bytes() == b"a" * 899 + b"\n" + b"c" * 99 + b"\n"
