"""Whoever waits for long sees how far it is, and whoever does not sees nothing."""

import gzip
import io
import json
from collections.abc import Generator
from pathlib import Path

import pytest
import stores
from ledger_files import line, write_lines
from ledger_rows import Accounts
from small_account import Account

from zoe.cli import frame_commands, progress
from zoe.cli.main import main

Captured = pytest.CaptureFixture[str]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _look(monkeypatch: pytest.MonkeyPatch, patience_seconds: float = -1) -> _Terminal:
    """Standard error becomes the terminal of somebody who sees each item, after some seconds.

    Within a test: what is set up before it gets another standard error.
    """
    found = _Terminal()
    monkeypatch.setattr("sys.stderr", found)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", patience_seconds)
    monkeypatch.setattr(progress, "DRAWN_EACH_SECONDS", -1)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return found


def test_whoever_waits_long_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _look(monkeypatch)
    items = range(50)
    assert list(progress.over(items, "frames")) == list(items)
    assert "49/50" in terminal.getvalue()
    assert "frames/s, still" in terminal.getvalue()


def test_whoever_does_not_wait_long_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _look(monkeypatch, 3_600)
    assert list(progress.over(range(9_999), "frames")) == list(range(9_999))
    assert terminal.getvalue() == ""


def test_stages_share_a_bar_and_their_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _look(monkeypatch)
    with progress.Progress() as watched:
        assert list(watched(iter("abc"), "letters", 3)) == ["a", "b", "c"]
        assert list(watched((), "words", 0)) == []
        assert list(watched(range(7), "numbers", 7)) == list(range(7))
    told = terminal.getvalue()
    assert "2/3" in told and "6/7" in told
    assert told.count("\x1b[?25l") == told.count("\x1b[?25h") == 1


def test_what_is_printed_under_a_bar_goes_where_the_answer_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    terminal = _look(monkeypatch)
    for item in progress.over(range(3), "rows"):
        print(f"row {item}")
    assert capsys.readouterr().out == "row 0\nrow 1\nrow 2\n"
    assert "row" not in terminal.getvalue().replace("rows/s", "")


def test_whoever_has_had_enough_of_waiting_gets_the_cursor_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = _look(monkeypatch)
    watched = progress.over(range(3), "rows")
    next(watched)
    assert terminal.getvalue().count("\x1b[?25l") == 1
    assert isinstance(watched, Generator)
    watched.close()
    assert terminal.getvalue().count("\x1b[?25h") == 1


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A directory with the rows of an account."""
    write_lines(Accounts(3).make(30), tmp_path)
    return tmp_path


def test_a_replay_of_a_ledger_shows_each_of_its_stages(
    rows: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    terminal = _look(monkeypatch)
    for command in ("replay", "report", "lots"):
        at = len(terminal.getvalue())
        assert main(("ledger", command, str(rows), "--json")) == 0
        json.loads(capsys.readouterr().out)
        told = terminal.getvalue()[at:]
        for unit in ("rows", "marks", "events", "checks"):
            assert f"{unit}/s" in told, (command, unit)


def test_what_reads_the_stored_books_shows_how_far_it_is(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = _look(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", stores.url_of(stores.fresh_database()))
    monkeypatch.setenv("ZOE_STATE_DIR", str(tmp_path))
    account = Account(1)
    for _ in range(20):
        account.event()
    (tmp_path / "ledger.jsonl").write_bytes(b"\n".join(map(line, account.rows)))
    assert main(("ledger", "import", str(tmp_path / "ledger.jsonl"), "--account", "kraken:a")) == 0
    for command in ("verify", "report", "lots"):
        _shows(("ledger", command), ("pages", "events", "checks"), terminal)
    for command in ("pnl", "equity"):
        _shows((command,), ("pages", "events"), terminal)


def _shows(words: tuple[str, ...], units: tuple[str, ...], terminal: _Terminal) -> None:
    at = len(terminal.getvalue())
    assert main((*words, "--json")) == 0
    for unit in units:
        assert f"{unit}/s" in terminal.getvalue()[at:], (words, unit)


def test_a_benchmark_of_a_recording_shows_its_passes(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = _look(monkeypatch)
    monkeypatch.setattr(frame_commands, "BENCH_SECONDS", 0.2)
    path = tmp_path / "market.gz"
    path.write_bytes(gzip.compress(b'{"channel":"heartbeat"}\n'))
    assert main(("replay", str(path), "--bench", "--json")) == 0
    assert "passes/s" in terminal.getvalue()
    assert json.loads(capsys.readouterr().out)["bench"]["whole"]["passes"] > 0
