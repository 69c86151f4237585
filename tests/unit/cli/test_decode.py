"""``zoe wire decode`` of a file that was cut short, and of frames of the private socket."""

import gzip
import json
from pathlib import Path

import pytest

from zoe.cli.main import main

FRAMES = b'{"channel":"heartbeat"}\n' * 500
CUT = "its end is missing"


@pytest.mark.parametrize("size", [-1, -9, -200])
def test_a_compressed_file_that_is_cut_off_says_so_and_tells_what_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    path = tmp_path / "market.gz"
    path.write_bytes(gzip.compress(FRAMES, 0)[:size])
    assert main(("wire", "decode", str(path))) == 0
    said = capsys.readouterr()
    assert 480 < len([json.loads(line) for line in said.out.splitlines()]) <= 500
    assert said.err.count(CUT) == 1


@pytest.mark.parametrize("words", [("replay",), ("wire", "decode")])
def test_a_damaged_recording_is_not_taken_for_one_that_is_cut_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    path = tmp_path / "market.gz"
    first, second = gzip.compress(FRAMES), bytearray(gzip.compress(FRAMES, 0))
    # The length of a block that is not packed stands there twice, the second time inverted.
    second[13] ^= 0xFF
    path.write_bytes(first + second)
    assert main((*words, str(path))) == 1
    said = capsys.readouterr()
    assert said.err.count("is damaged: what stands before the damage was read") == 1
    assert CUT not in said.err
    assert "500" in said.out + said.err


def test_decisions_need_a_file_with_its_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("replay", "--decide", str(tmp_path))) == 2
    assert f"{tmp_path} is no file: --decide needs one" in capsys.readouterr().err


def test_a_plain_file_that_ends_within_a_frame_says_so_and_a_whole_one_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "captured.jsonl"
    path.write_bytes(FRAMES[:-5])
    assert main(("wire", "decode", str(path))) == 1
    assert capsys.readouterr().err.count(CUT) == 1
    path.write_bytes(FRAMES)
    assert main(("wire", "decode", str(path))) == 0
    assert CUT not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"method":"add_order","params":{"order_type":"limit"},"req_id":1}', 0),
        ('{"method":"add_order","success":true,"result":{"order_id":"O1"},"req_id":1}', 0),
        ('{"method":"cancel_order","success":false,"error":"EOrder:Unknown order","req_id":1}', 0),
        ('{"method":"add_order","req_id":1}', 1),
        ('{"method":"add_order","success":"yes"}', 1),
        ('{"method":"no_such_call","params":{}}', 1),
        ('{"channel":"executions","type":"update","data":[{"exec_type":7}]}', 1),
    ],
)
def test_requests_answers_and_reports_are_read_by_their_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], frame: str, code: int
) -> None:
    path = tmp_path / "captured.jsonl"
    path.write_text(frame + "\n")
    assert main(("wire", "decode", str(path))) == code
    (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told.get("error") is None) is (code == 0)
