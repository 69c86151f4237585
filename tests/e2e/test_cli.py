"""The command line as a process: exit codes, what goes where, and how it takes being interrupted."""

import gzip
import json
import os
import resource
import signal
import subprocess
from pathlib import Path
from typing import Any, Final

import commands
import pytest
import stores
from commands import ZOE, Done

ROOT: Final = Path(__file__).resolve().parents[2]
FIXTURES: Final = ROOT.parent / "shared" / "fixtures"
BOOK: Final = FIXTURES / "ws-v2-book-btcusd-depth10.json"
CAPTURES: Final = FIXTURES / "kraken-captures.jsonl"
PATIENCE_SECONDS: Final = 120
INSTRUMENT: Final = {
    "channel": "instrument",
    "type": "snapshot",
    "data": {
        "pairs": [
            {
                "symbol": "BTC/USD",
                "base": "BTC",
                "quote": "USD",
                "status": "online",
                "qty_precision": 8,
                "qty_increment": 0.00000001,
                "qty_min": 0.0001,
                "price_precision": 1,
                "price_increment": 0.1,
                "cost_precision": 5,
                "cost_min": 0.5,
            }
        ]
    },
}
HEARTBEAT: Final = {"channel": "heartbeat"}


def environ(place: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(place), "ZOE_STATE_DIR": str(place)}


def zoe(place: Path, *words: str, given: str = "") -> Done:
    return commands.run(words, environ(place), place, given)


def fixture(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"no recorded frames at {path.relative_to(ROOT.parent)}")
    return path


def write(path: Path, *frames: Any) -> Path:
    texts = [frame if isinstance(frame, str) else json.dumps(frame) for frame in frames]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


# Usage


def test_help_and_usage_errors_come_at_once(tmp_path: Path) -> None:
    def least(*words: str) -> float:
        """Seconds of the processor: those on the wall are everybody's."""
        taken = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run((*ZOE, *words), env=environ(tmp_path), capture_output=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(taken)

    assert least("--help") < 0.25
    assert least("orders", "--al") < 0.25


def test_usage_errors_are_one_line_on_standard_error(tmp_path: Path) -> None:
    for words in ((), ("ordres",), ("status", "--jsn"), ("replay",), ("wire", "decode")):
        done = zoe(tmp_path, *words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "words", [("orders",), ("status",), ("logs",), ("why", "1"), ("run",), ("replay", "x")]
)
def test_a_key_that_nobody_knows_is_named_with_the_nearest(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    config = tmp_path / "zoe.toml"
    config.write_text("[risk]\nmax_open_order = 3\n")
    done = zoe(tmp_path, *words, "--config", str(config))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "did you mean risk.max_open_orders?" in done.stderr


def test_why_a_desk_cannot_start_is_a_document_where_json_is_wanted(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    done = zoe(tmp_path, "run", "--json")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "configuration"
    assert "can be written by everybody" in error["text"]


# Recorded frames


def test_a_replay_verifies_every_checksum(tmp_path: Path) -> None:
    done = zoe(tmp_path, "replay", str(fixture(BOOK)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "510 of 510 checksums equal" in done.stdout
    told = json.loads(zoe(tmp_path, "replay", str(BOOK), "--json").stdout)
    assert told["checksums"]["symbols"] == {"BTC/USD": {"equal": 510, "different": 0}}
    assert told["frames"] == told["conflation"]["quotes"] == 510
    assert 1 <= told["conflation"]["told"] <= 510
    assert told["memory"]["peak_bytes"] > 1_000_000


def test_a_replay_takes_more_than_a_thousand_frames_a_second(tmp_path: Path) -> None:
    def frames_per_second() -> float:
        """Of half a thousand: less where the processor is taken away for half a second."""
        done = zoe(tmp_path, "replay", str(fixture(BOOK)), "--json")
        return float(json.loads(done.stdout)["frames_per_second"])

    stores.eventually(lambda: frames_per_second() > 1_000, "a replay that nobody held up")


def test_a_replay_with_one_digit_changed_says_no(tmp_path: Path) -> None:
    recorded = json.loads(fixture(BOOK).read_text())
    recorded["updates"][100]["data"][0]["checksum"] ^= 1
    done = zoe(tmp_path, "replay", str(write(tmp_path / "changed.json", recorded)), "--json")
    assert done.returncode == 1
    checksums = json.loads(done.stdout)["checksums"]
    assert (checksums["equal"], checksums["different"]) == (101, 1)


@pytest.mark.parametrize("frame", ["{", '{"channel":"nonsense"}', '{"channel":"book","data":7}'])
def test_a_frame_that_is_not_understood_says_no(tmp_path: Path, frame: str) -> None:
    recorded = write(tmp_path / "frames.jsonl", INSTRUMENT, frame, HEARTBEAT)
    done = zoe(tmp_path, "replay", str(recorded), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["not_understood"] == 1
    done = zoe(tmp_path, "wire", "decode", str(recorded))
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["error"] is None for line in lines] == [True, False, True]
    assert "3 frames, 1 not understood" in done.stderr


def test_decoded_frames_bear_the_line_they_stand_on(tmp_path: Path) -> None:
    recorded = write(tmp_path / "frames.jsonl", HEARTBEAT, "", INSTRUMENT, "", "", HEARTBEAT)
    done = zoe(tmp_path, "wire", "decode", str(recorded))
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["line"], line["channel"]) for line in lines] == [
        (1, "heartbeat"),
        (3, "instrument"),
        (6, "heartbeat"),
    ]
    keys = ["line", "channel", "type", "symbol", "checksum", "error"]
    assert all(list(line) == keys for line in lines)


def test_frames_may_come_by_standard_input(tmp_path: Path) -> None:
    given = json.dumps(INSTRUMENT) + "\n" + json.dumps(HEARTBEAT) + "\n"
    done = zoe(tmp_path, "wire", "decode", "-", given=given)
    assert (done.returncode, done.stdout.count("\n")) == (0, 2)


def test_private_frames_and_requests_of_a_capture_are_understood(tmp_path: Path) -> None:
    rows = [json.loads(line)["data"] for line in fixture(CAPTURES).read_text().splitlines()]
    frames = [row for row in rows if isinstance(row, dict) and {"channel", "method"} & row.keys()]
    # Channels that the desk never asks for, and a snapshot that its source had shortened.
    never = ("level3", "ohlc", "book")
    chosen = [frame for frame in frames if frame.get("channel") not in never]
    assert len(chosen) > 50
    done = zoe(tmp_path, "wire", "decode", str(write(tmp_path / "frames.jsonl", *chosen)))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("word", [("replay",), ("wire", "decode")])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, word: tuple[str, ...]) -> None:
    for path in (tmp_path / "absent", tmp_path):
        done = zoe(tmp_path, *word, str(path))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert str(path) in done.stderr


def test_an_empty_recording_holds_nothing_and_that_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = zoe(tmp_path, "replay", str(tmp_path / "empty"))
    assert done.returncode == 0
    assert "0 of 0 checksums equal" in done.stdout


def test_a_recording_that_is_cut_off_says_so(tmp_path: Path) -> None:
    packed = gzip.compress(f"{json.dumps(INSTRUMENT)}\n{json.dumps(HEARTBEAT)}\n".encode())
    for length, truncated in ((len(packed), False), (len(packed) - 4, True)):
        (tmp_path / "market.gz").write_bytes(packed[:length])
        done = zoe(tmp_path, "replay", str(tmp_path / "market.gz"), "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout)["truncated"] is truncated
        assert done.stderr.count("is cut off") == truncated


# The log


def log_line(n: int, **fields: object) -> str:
    row = {"ts": "2026-01-01T00:00:00.000000Z", "level": "INFO", "event": "order.state_changed"}
    return json.dumps(row | {"actor": "orders", "n": n} | fields)


def log(place: Path, *lines: str) -> Path:
    (place / "log").mkdir(exist_ok=True)
    return write(place / "log" / "zoe.jsonl", *lines)


def test_log_lines_come_as_they_stand_or_short(tmp_path: Path) -> None:
    lines = [log_line(1), log_line(2, level="ERROR", text="\x1b[2J", trace="one\ntwo")]
    log(tmp_path, *lines)
    packed = tmp_path / "log" / "zoe.2025-12-31_00-00-00_000000.jsonl.gz"
    packed.write_bytes(gzip.compress(log_line(0).encode() + b"\n"))
    done = zoe(tmp_path, "logs", "--json")
    assert (done.returncode, done.stdout.splitlines()) == (0, [log_line(0), *lines])
    done = zoe(tmp_path, "logs", "--level", "error")
    assert done.stdout.startswith("2026-01-01 00:00:00.000000Z ERROR")
    assert "\x1b" not in done.stdout
    assert done.stdout.endswith("\n    one\n    two\n")
    assert zoe(tmp_path, "logs", "-n", "1", "--actor", "orders", "--json").stdout == lines[1] + "\n"
    assert zoe(tmp_path, "logs", "--id", "77").stdout == ""


def test_without_a_log_there_is_nothing_to_read(tmp_path: Path) -> None:
    done = zoe(tmp_path, "logs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no desk has run there yet" in done.stderr


def test_following_ends_quietly_when_it_is_interrupted(tmp_path: Path) -> None:
    path = log(tmp_path, log_line(1))
    with subprocess.Popen(
        # Tests that run in the background are told to ignore the signal.
        ("env", "--default-signal=INT", *ZOE, "logs", "-f", "--json"),
        env=environ(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["n"] == 1
        with path.open("a") as file:
            file.write(log_line(2) + "\n")
        assert json.loads(process.stdout.readline())["n"] == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 130
        assert process.stderr.read() == ""


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    log(tmp_path, *(log_line(n, text="x" * 500) for n in range(2_000)))
    command = " ".join((*ZOE, "logs", "--json"))
    done = subprocess.run(
        ("bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"),
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == ["141"]


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    recorded = write(tmp_path / "frames.jsonl", HEARTBEAT)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            (*ZOE, "wire", "decode", str(recorded)),
            env=environ(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith("zoe: No space left on device (zoe/cli/"), "with the call that failed"


def test_a_terminal_of_another_alphabet_shows_numbers(tmp_path: Path) -> None:
    log(tmp_path, json.dumps({"event": "a.b", "level": "INFO", "text": "\u20bf"}))
    done = subprocess.run(
        (*ZOE, "logs"),
        env=environ(tmp_path) | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"text=\\u20bf" in done.stdout
