"""Recordings: written in members, read back whole, from any part on, or cut off in the middle."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from zoe.adapters.kraken import public_session, recorder
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.recorded_frames import Recording
from zoe.adapters.kraken.recorder import RecordFile, RecordingSession, parts, timed
from zoe.domain.errors import ConfigError, WireError

MS = 1_000_000


def written(path: Path, first: int, count: int) -> list[bytes]:
    file = RecordFile(path)
    frames = [b'{"n":%d}' % n for n in range(first, first + count)]
    for n, frame in enumerate(frames):
        file.add(frame, (first + n) * MS)
    file.close()
    return frames


@pytest.fixture
def members_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few frames make several members."""
    monkeypatch.setattr(recorder, "MEMBER_FRAMES", 10)


@pytest.mark.usefixtures("members_of_ten")
def test_what_was_written_is_read_back_and_a_second_recording_goes_on_behind(
    tmp_path: Path,
) -> None:
    path = tmp_path / "market.gz"
    frames = written(path, 0, 25) + written(path, 25, 8)
    assert list(Recording(path)) == frames
    assert gzip.decompress(path.read_bytes()).splitlines() == frames
    found = tuple(parts(path))
    assert [part.frames for part in found] == [10, 10, 5, 8]
    assert list(timed(path)) == [(n * MS, frame) for n, frame in enumerate(frames)]


@pytest.mark.usefixtures("members_of_ten")
def test_a_recording_that_was_cut_off_anywhere_gives_what_is_whole_of_it(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    frames = written(path, 0, 30)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        complete = tuple(parts(path))
        assert sum(part.size for part in complete) <= size
        read = list(Recording(path)) if size > 1 else []
        assert read == frames[: len(read)]
        assert len(read) >= sum(part.frames for part in complete)
        assert size < 2 or Recording(path).truncated
    path.write_bytes(whole)
    assert not Recording(path).truncated


@pytest.mark.usefixtures("members_of_ten")
def test_a_recording_that_ends_between_two_members_is_cut_off_where_its_index_knows_of_more(
    tmp_path: Path,
) -> None:
    path = tmp_path / "market.gz"
    frames = written(path, 0, 20)
    path.write_bytes(path.read_bytes()[: next(parts(path)).size])
    assert list(Recording(path)) == frames[:10]
    assert Recording(path).truncated
    recorder.index_of(path).unlink()
    assert not Recording(path).truncated


def test_a_plain_file_is_cut_off_where_it_ends_within_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "captured.jsonl"
    text = b'{"channel":"heartbeat"}\n{"channel":"status"}'
    for size in range(len(text) + 1):
        path.write_bytes(text[:size])
        ended = size in (0, len(text)) or text[:size].endswith((b"}", b"}\n"))
        assert Recording(path).truncated is not ended, text[:size]
    path.write_bytes(b"no frame at all")
    assert not Recording(path).truncated


def test_what_has_waited_for_half_a_second_is_written_whether_or_not_more_comes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "market.gz"
    file = RecordFile(path)
    file.add(b"{}", 0)
    file.add(b"[]", 499 * MS)
    file.due(499 * MS)
    assert tuple(parts(path)) == ()
    file.add(b"{}", 500 * MS)
    file.add(b"{}", 700 * MS)
    file.due(1_200 * MS)
    # A clock that is set back keeps nothing waiting.
    file.add(b"{}", 1_300 * MS)
    file.due(-(10**6) * MS)
    assert [part.after_us for part in parts(path)] == [[0, 499_000, 500_000], [0], [0]]
    times = [at_ns // MS for at_ns, _ in recorder.timed(path)]
    assert times == [0, 499, 500, 700, 1_300]
    assert list(Recording(path)) == [b"{}", b"[]", b"{}", b"{}", b"{}"]
    file.close()
    assert len(gzip.decompress(path.read_bytes()).splitlines()) == 5


def test_a_member_ends_after_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    file = RecordFile(path)
    for second in range(0, 150, 10):
        file.add(b"{}", second * 1_000 * MS)
        file.due((second + 1) * 1_000 * MS)
    file.close()
    skips = [part.skip for part in parts(path)]
    assert skips == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]
    assert len({part.offset for part in parts(path)}) == 2


def test_a_part_takes_much_less_room_than_a_member_of_as_many_frames(tmp_path: Path) -> None:
    sizes = []
    for frames in (recorder.MEMBER_FRAMES, 6):
        path = tmp_path / f"{frames}.gz"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recorder, "MEMBER_FRAMES", frames)
            file = RecordFile(path)
            for n in range(300):
                row = {"symbol": "X/Y", "bid": 100 + n * 37 % 11, "ask": 120 + n * 41 % 13}
                frame = {"channel": "ticker", "type": "update", "data": [row]}
                file.add(json.dumps(frame).encode(), n * 100 * MS)
            file.close()
        sizes.append(path.stat().st_size)
    assert 3 * sizes[0] < sizes[1]


def test_a_recorder_that_dies_loses_no_part_and_another_goes_on_with_all_times_known(
    tmp_path: Path,
) -> None:
    living = tmp_path / "living.gz"
    file = RecordFile(living)
    frames = [b'{"n":%d}' % n for n in range(40)]
    for n, frame in enumerate(frames):
        file.add(frame, n * 100 * MS)  # a part each six frames
    whole, index = living.read_bytes(), recorder.index_of(living).read_bytes()
    file.close()
    lines = index.splitlines(keepends=True)
    assert len(lines) == 6
    path = tmp_path / "market.gz"
    for size in range(0, len(whole) + 1, 3):
        for line_count in range(len(lines) + 1):
            path.write_bytes(whole[:size])
            torn_line = lines[line_count][:-1] if line_count < len(lines) else b""
            recorder.index_of(path).write_bytes(b"".join(lines[:line_count]) + torn_line[:-1])
            kept = sum(part.frames for part in parts(path))
            more = written(path, 100, 7)
            expected = [(n * 100 * MS, frames[n]) for n in range(kept)]
            expected += [((100 + n) * MS, frame) for n, frame in enumerate(more)]
            assert list(recorder.timed(path)) == expected
            loaded = Recording(path)
            assert list(loaded) == [*frames[:kept], *more]
            assert not loaded.truncated
            assert gzip.decompress(path.read_bytes()).splitlines() == list(loaded)
            assert path.stat().st_size == recorder.indexed_bytes(path)


def test_nothing_is_written_behind_a_damaged_part(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    file = RecordFile(path)
    file.add(b"{}", 0)
    file.due(1_000 * MS)
    content = path.read_bytes()[:-9] + b"\xff" * 9
    file.close()
    (part, *_) = parts(path)
    recorder.index_of(path).write_bytes(msgspec.json.encode(part) + b"\n")
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is damaged"):
        RecordFile(path)
    assert path.read_bytes() == content


def test_a_session_keeps_its_frames_as_they_came_and_a_replay_says_the_same(
    tmp_path: Path,
) -> None:
    path = tmp_path / "market.gz"
    file = RecordFile(path)
    session = RecordingSession(10, file.add)
    session.want(public_session.ticker(), ["X/Y"])
    session.opened(1)
    row = {"symbol": "X/Y", "bid": 1.10, "ask": 2, "volume": 3}
    payloads = [
        json.dumps({"channel": "ticker", "type": "snapshot", "data": [row]}, indent=1).encode(),
        b"no frame",
        b'{"channel":"heartbeat"}',
    ]
    said = [session.received(payload, n) for n, payload in enumerate(payloads)]
    file.close()
    reader = FeedReader()
    kept = tuple(Recording(path))
    assert [list(reader.feed(frame, n)) for n, frame in enumerate(kept)] == [
        list(each) for each in said
    ]


@pytest.mark.usefixtures("members_of_ten")
def test_a_recording_goes_on_behind_what_is_whole_wherever_it_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    frames = written(path, 0, 30)
    whole, index = path.read_bytes(), recorder.index_of(path).read_bytes()
    ends = [0, *(part.offset + part.size for part in parts(path))]
    for size in range(0, len(whole) + 1, 11):
        for index_size in (len(index), len(index) * 2 // 3, 5):
            path.write_bytes(whole[:size])
            recorder.index_of(path).write_bytes(index[:index_size])
            more = written(path, 100, 7)
            kept = 10 * (sum(end <= size for end in ends) - 1)
            loaded = Recording(path)
            assert list(loaded) == [*frames[:kept], *more]
            assert not loaded.truncated
            timed = [frame for _, frame in recorder.timed(path)]
            assert timed == [frame for frame in tuple(loaded) if frame in timed]
            assert timed[-7:] == more


def test_a_file_is_one_recorders(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    first = RecordFile(path)
    with pytest.raises(ConfigError, match="by somebody else"):
        RecordFile(path)
    first.close()
    RecordFile(path).close()


def test_nothing_is_recorded_into_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (Path("/dev/null"), pipe, tmp_path):
        with pytest.raises(ConfigError, match="is no file"):
            RecordFile(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"what a person wrote", "is no recording"),
        (gzip.compress(b"what a person packed", mtime=0)[:-3], "has no index"),
    ],
)
def test_nothing_is_written_behind_what_is_no_recording(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        RecordFile(path)
    assert path.read_bytes() == content


def test_an_index_that_is_not_of_its_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    written(path, 0, 5)
    (part,) = parts(path)
    damages: list[dict[str, Any]] = [
        {"offset": 2, "size": part.size - 2},
        {"size": 9},
        {"frames": 4},
        {"after_us": []},
    ]
    for damage in damages:
        wrong = msgspec.structs.replace(part, **damage)
        recorder.index_of(path).write_bytes(msgspec.json.encode(wrong) + b"\n")
        with pytest.raises(WireError, match="its index is not of it"):
            list(recorder.timed(path))
    recorder.index_of(path).write_bytes(b"{}\n")
    with pytest.raises(WireError, match="is no index"):
        list(recorder.timed(path))


def test_nothing_is_recorded_behind_an_index_with_a_line_that_makes_no_sense(
    tmp_path: Path,
) -> None:
    path = tmp_path / "market.gz"
    written(path, 0, 3)
    index = recorder.index_of(path)
    index.write_bytes(b"nonsense\n" + index.read_bytes())
    before = (path.read_bytes(), index.read_bytes())
    with pytest.raises(WireError, match="is no index"):
        RecordFile(path)
    assert (path.read_bytes(), index.read_bytes()) == before
