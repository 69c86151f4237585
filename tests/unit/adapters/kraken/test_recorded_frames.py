"""A recording of any size and form gives its frames one by one, as often as they are asked for."""

import gzip
import os
import tempfile
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoe.adapters.kraken import recorded_frames
from zoe.adapters.kraken.recorded_frames import Recording
from zoe.domain.errors import ConfigError, WireError

LINES = st.lists(
    st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b""))
    | st.sampled_from((b'{"channel":"heartbeat"}', b"", b"  ", b'{"a":')),
    max_size=30,
)
END = st.sampled_from((b"\n", b"\r\n", b"\r"))


@given(LINES, END, st.booleans(), st.integers(1, 70), st.integers(0, 3))
@example([b'{"a":1}'], b"\n", True, 1, 3)
def test_lines_are_frames_whatever_pieces_they_are_read_in(
    lines: list[bytes], end: bytes, is_ended: bool, piece: int, members: int
) -> None:
    text = end.join(lines) + (end if is_ended and lines else b"")
    if text.startswith(b"\x1f\x8b"):
        return  # what begins so is packed
    packed = b"".join(
        gzip.compress(text[n * len(text) // members : (n + 1) * len(text) // members])
        for n in range(members)
    )
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(recorded_frames, "_CHUNK", piece)
        path = Path(folder) / "market"
        path.write_bytes(packed or text)
        recording = Recording(path)
        expected = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        assert list(recording.numbered()) == expected
        assert list(recording) == [line for _, line in expected]
        assert len(recording) == len(expected)
        if members:
            assert not recording.truncated


@given(st.integers(1, 200))
def test_one_object_gives_its_first_frame_and_those_that_follow(piece: int) -> None:
    text = b' {\n"init": {"a": 1},\n"updates": [{"b":\n2}, {}]}\n'
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(recorded_frames, "_CHUNK", piece)
        path = Path(folder) / "book.json"
        for written in (text, gzip.compress(text)):
            path.write_bytes(written)
            assert list(Recording(path).numbered()) == [
                *((1, b'{"a": 1}'), (2, b'{"b":\n2}'), (3, b"{}")),
            ]
        path.write_bytes(b'{\n"channel": "heartbeat"\n}\n')
        assert list(Recording(path)) == [b'{\n"channel": "heartbeat"\n}']
        path.write_bytes(b'{"init": {}, "updates": 7}')
        with pytest.raises(WireError, match=r"book\.json holds no frames"):
            list(Recording(path))


def test_of_a_damaged_member_what_is_whole_before_the_damage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    first, second = gzip.compress(b"{}\n[]\n"), bytearray(gzip.compress(os.urandom(4_000)))
    second[len(second) // 2 :] = bytes(len(second) - len(second) // 2)
    behind = {bytes(second): True, b"no member": True, b"\x1f": False, b"\x1f\x8b": False}
    for torn, damaged in behind.items():
        path.write_bytes(first + torn)
        assert list(Recording(path))[:2] == [b"{}", b"[]"]
        assert (Recording(path).truncated, Recording(path).damaged) == (True, damaged)


def test_a_large_recording_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "market.gz"
    frame = b'{"channel":"book","data":"%b"}\n' % (b"x" * 970)
    for written in (frame * 60_000, gzip.compress(frame * 60_000)):
        path.write_bytes(written)
        tracemalloc.start()
        try:
            assert sum(len(payload) + 1 for payload in Recording(path)) == len(frame) * 60_000
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 10_000_000


def test_a_line_that_is_longer_than_any_frame_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_frames, "LONGEST", 1_000)
    monkeypatch.setattr(recorded_frames, "_CHUNK", 100)
    path = tmp_path / "market.jsonl"
    path.write_bytes(b"{}\n" + b"x" * 1_300)
    with pytest.raises(WireError, match=r"market\.jsonl has a line of more than 1000 bytes"):
        list(Recording(path))


def test_a_pipe_is_read_as_often_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(b"{}\n[]\n"),))
    writer.start()
    recording = Recording(path)
    writer.join()
    assert (list(recording), list(recording)) == ([b"{}", b"[]"], [b"{}", b"[]"])
    assert not recording.truncated


def test_a_device_that_never_ends_is_refused_and_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="/dev/zero is no file"):
        Recording(Path("/dev/zero"))
    with pytest.raises(FileNotFoundError, match="nothing"):
        Recording(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        list(Recording(tmp_path))
