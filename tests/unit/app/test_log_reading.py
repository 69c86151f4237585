"""The desk's log as it is read back: rotated, compressed, torn, and while it is written."""

import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.app import log_reading
from zoe.app.log_reading import Wanted

Step = Callable[[], None]
KEY = "0190a0a0-0000-8000-8000-00000000000a"


def line(n: int, **fields: object) -> bytes:
    row = {"ts": "2026-01-01T00:00:00.000000Z", "level": "INFO", "event": "a.b", "n": n} | fields
    return json.dumps(row).encode()


def write(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(text + b"\n" for text in lines))


def rotate(current: Path, stamp: str, *, compress: bool = True) -> Path:
    """Closes the current file as the log does: rename, then compress, then remove."""
    closed = current.with_name(f"{current.stem}.{stamp}{current.suffix}")
    current.rename(closed)
    if compress:
        packed = Path(f"{closed}.gz")
        packed.write_bytes(gzip.compress(closed.read_bytes()))
        closed.unlink()
        return packed
    return closed


def numbers(found: Iterator[log_reading.Found]) -> list[int]:
    return [row["n"] for _, row in found]


@pytest.fixture
def current(tmp_path: Path) -> Path:
    return tmp_path / "zoe.jsonl"


def test_lines_come_in_the_order_in_which_files_were_closed(current: Path) -> None:
    write(current, line(1), line(2))
    rotate(current, "2026-01-01_00-00-00_000001")
    write(current, line(3))
    rotate(current, "2026-01-01_00-00-00_000002", compress=False)
    write(current, line(4))
    assert numbers(log_reading.lines(current, Wanted())) == [1, 2, 3, 4]


def test_a_file_that_stands_there_twice_is_read_once(current: Path) -> None:
    write(current, line(1))
    packed = rotate(current, "2026-01-01_00-00-00_000001")
    Path(str(packed).removesuffix(".gz")).write_bytes(line(1) + b"\n")
    Path(f"{packed}.part").write_bytes(b"half")
    write(current, line(2))
    assert numbers(log_reading.lines(current, Wanted())) == [1, 2]


def test_a_torn_line_is_no_line(current: Path) -> None:
    current.write_bytes(line(1) + b"\n" + line(2)[:20] + b"\n" + line(3) + b"\n" + line(4)[:25])
    assert numbers(log_reading.lines(current, Wanted())) == [1, 3]


@pytest.mark.parametrize(
    "noise", [b"", b"[1]", b"7", b"null", b'{"n":5}', b"\xff\xfe\x00", b"[" * 9999]
)
def test_what_is_not_a_line_of_ours_is_passed_over(current: Path, noise: bytes) -> None:
    write(current, line(1), noise, line(2))
    assert numbers(log_reading.lines(current, Wanted())) == [1, 2]


def test_a_damaged_archive_gives_what_comes_before_the_damage(current: Path) -> None:
    write(current, *(line(n, text=os.urandom(500).hex()) for n in range(500)))
    packed = rotate(current, "2026-01-01_00-00-00_000001")
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    write(current, line(500))
    found = numbers(log_reading.lines(current, Wanted()))
    assert found[-1] == 500
    assert found[:-1] == list(range(len(found) - 1))
    assert len(found) > 100


def test_an_archive_that_is_none_is_passed_over(current: Path) -> None:
    current.with_name("zoe.2026.jsonl.gz").write_bytes(b"not gzip")
    write(current, line(1))
    assert numbers(log_reading.lines(current, Wanted())) == [1]


def test_a_log_that_was_never_written_has_no_lines(current: Path) -> None:
    assert numbers(log_reading.lines(current, Wanted())) == []
    assert log_reading.newest(current, Wanted(), 5) == []


@given(
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    count=st.integers(0, 40),
    wanted=st.integers(1, 3),
)
def test_the_newest_lines_are_the_end_of_all_lines(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], count: int, wanted: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    current, n = folder / "zoe.jsonl", 0
    for position, size in enumerate(sizes):
        write(current, *(line(n + k, actor=f"a{(n + k) % wanted}") for k in range(size)))
        n += size
        if position < len(sizes) - 1:
            rotate(current, f"2026-01-01_00-00-00_{position:06}")
    only = Wanted(actor="a0")
    everything = numbers(log_reading.lines(current, only))
    assert everything == [k for k in range(n) if k % wanted == 0]
    assert numbers(iter(log_reading.newest(current, only, count))) == everything[-count:][:count]
    shutil.rmtree(folder)


# What is wanted


@pytest.mark.parametrize(
    ("level", "kept"),
    [("DEBUG", 5), ("INFO", 4), ("WARNING", 3), ("ERROR", 2), ("CRITICAL", 1)],
)
def test_a_level_means_that_level_and_above(current: Path, level: str, kept: int) -> None:
    write(current, *(line(n, level=name) for n, name in enumerate(log_reading.LEVELS)))
    assert len(numbers(log_reading.lines(current, Wanted(level=level)))) == kept


def test_an_actor_means_it_and_those_below_it(current: Path) -> None:
    names = ("orders", "orders/1", "orders/1/x", "ordersX", "risk", None)
    write(current, *(line(n, actor=name) for n, name in enumerate(names)))
    assert numbers(log_reading.lines(current, Wanted(actor="orders"))) == [0, 1, 2]


@pytest.mark.parametrize(
    "fields",
    [
        {"intent_id": KEY},
        {"order": {"ids": ["x", KEY]}},
        {"correlation_id": 12},
        {"trade_id": "12"},
    ],
)
def test_an_id_is_found_in_any_field(current: Path, fields: dict[str, object]) -> None:
    write(current, line(1), line(2, **fields), line(3, text=f"about {KEY} and 12"))
    wanted = KEY.upper().replace("-", "") if KEY in str(fields) else "12"
    ids = log_reading.spellings(wanted)
    assert numbers(log_reading.lines(current, Wanted(ids=ids))) == [2]


def test_yes_is_not_an_id(current: Path) -> None:
    write(current, line(1, flag=True, nothing=None))
    assert numbers(log_reading.lines(current, Wanted(ids=("True", "true", "None")))) == []


# Following


def follow(current: Path, steps: list[Step], backlog: int = 10) -> list[int]:
    """What follow gives; each step is what happens while it waits, the last one ends it."""
    waiting = iter(steps)

    def pause() -> bool:
        step = next(waiting, None)
        if step is not None:
            step()
        return step is not None

    return numbers(log_reading.follow(current, Wanted(), pause, backlog))


def test_following_begins_with_the_last_lines_of_closed_files_too(current: Path) -> None:
    write(current, line(1), line(2), line(3))
    rotate(current, "2026-01-01_00-00-00_000001")
    write(current, line(4))
    assert follow(current, [], backlog=3) == [2, 3, 4]
    assert follow(current, [], backlog=0) == []


def test_following_gives_new_lines_once_each(current: Path) -> None:
    write(current, line(1))
    steps: list[Step] = [
        lambda: write(current, line(2)),
        lambda: None,
        lambda: write(current, line(3), line(4)),
    ]
    assert follow(current, steps) == [1, 2, 3, 4]


def test_a_line_that_is_written_in_two_halves_comes_whole(current: Path) -> None:
    whole = line(2) + b"\n"

    def first() -> None:
        with current.open("ab") as file:
            file.write(whole[:17])

    def second() -> None:
        with current.open("ab") as file:
            file.write(whole[17:])

    write(current, line(1))
    assert follow(current, [first, second]) == [1, 2]


def test_a_half_line_that_is_there_already_comes_whole_later(current: Path) -> None:
    whole = line(2) + b"\n"
    current.write_bytes(line(1) + b"\n" + whole[:9])

    def rest() -> None:
        with current.open("ab") as file:
            file.write(whole[9:])

    assert follow(current, [rest]) == [1, 2]


def test_following_goes_on_with_the_next_file_after_a_rotation(current: Path) -> None:
    write(current, line(1))

    def rotation() -> None:
        write(current, line(2))  # written, and closed before anybody could look
        rotate(current, "2026-01-01_00-00-00_000001")
        write(current, line(3))

    assert follow(current, [rotation, lambda: write(current, line(4))]) == [1, 2, 3, 4]


def test_following_waits_between_two_files(current: Path) -> None:
    write(current, line(1))

    def closed() -> None:
        rotate(current, "2026-01-01_00-00-00_000001")

    assert follow(current, [closed, lambda: write(current, line(2))]) == [1, 2]


def test_following_waits_for_a_log_that_is_not_there_yet(current: Path) -> None:
    assert follow(current, [lambda: None, lambda: write(current, line(1))]) == [1]


def test_following_starts_anew_when_the_file_is_cut(current: Path) -> None:
    write(current, line(1), line(2))

    def cut() -> None:
        current.write_bytes(line(3) + b"\n")

    assert follow(current, [cut]) == [1, 2, 3]
