"""``zoe simulate`` as its user runs it: lines, totals, workers, one of which dies."""

import io
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from zoe.app.simulation import scenario, seeds
from zoe.cli import grammar, progress, simulate_command
from zoe.cli.main import INTERRUPTED

ZOE = (sys.executable, "-P", "-m", "zoe.cli.main", "simulate")


def lines(*options: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run((*ZOE, *options, "--json"), capture_output=True, check=False, text=True)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_a_seed_and_a_last_one_with_the_totals() -> None:
    code, (first, second, last) = lines("--seeds", "3:5")
    assert code == 0
    assert [first["seed"], second["seed"]] == [3, 4]
    assert first["verdict"] == "ok"
    assert last["orders"] == first["orders"] + second["orders"]
    assert 0 < last["rows_used"]["order"] <= last["rows_total"]["order"]


def test_workers_do_the_same_as_one_process() -> None:
    def hashes(*options: str) -> dict[int, str]:
        _, found = lines("--seeds", "3:8", *options)
        return {line["seed"]: line["hash"] for line in found[:-1]}

    assert hashes() == hashes("--workers", "3")


def test_a_seed_that_kills_its_worker_is_named_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = (
        "import os, sys\n"
        "from zoe.app.simulation import seeds\n"
        "real = seeds.tell\n"
        "seeds.tell = lambda seed, profile: os._exit(9) if seed == 4 else real(seed, profile)\n"
        "from zoe.cli.main import main; sys.exit(main())\n"
    )
    real = subprocess.Popen

    def patched(command: tuple[str, ...], **settings: Any) -> "subprocess.Popen[str]":
        words = (*command[:2], "-c", program, *command[4:])
        return real(words, **settings)

    monkeypatch.setattr(subprocess, "Popen", patched)
    found = {line["seed"]: line for line in seeds.run(range(3, 7), "none", 2)}
    assert sorted(found) == [3, 4, 5, 6]
    assert found[4]["violations"] == ["the worker died of it with 9"]
    assert [found[seed]["verdict"] for seed in (3, 5, 6)] == ["ok"] * 3


@pytest.mark.parametrize("workers", [(), ("--workers", "2")])
def test_an_interrupt_ends_it_after_a_seed_and_is_no_crash_of_an_actor(
    workers: tuple[str, ...],
) -> None:
    words = (*ZOE, "--seeds", "0:100000", "--json", *workers)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        limit = threading.Timer(120, running.kill)
        limit.start()
        told = [running.stdout.readline()]
        running.send_signal(signal.SIGINT)
        told += running.stdout.read().splitlines()
        limit.cancel()
    assert running.returncode == INTERRUPTED
    assert {json.loads(line)["verdict"] for line in told} == {"ok"}


def test_few_seeds_have_a_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1)
    monkeypatch.setattr(simulate_command, "Interrupts", lambda: Never())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    arguments = grammar.parse(("simulate", "--seeds", "3:6", "--faults", "none"))
    assert simulate_command.simulate(arguments) == 0
    assert "2/3" in terminal.getvalue() and "seeds/s" in terminal.getvalue()


class Never:
    """Hears nothing: the process is that of the tests."""

    def heed(self) -> None:
        pass


def test_a_story_in_words_is_answered_on_standard_output_like_a_seed() -> None:
    code, (line,) = lines("--seeds", "0", "--story", "place 1 buy 0.002 at 89500")
    assert (code, line["seed"], line["verdict"], line["orders"]) == (0, 0, "ok", 1)


def test_the_trace_is_the_ordered_message_log() -> None:
    done = subprocess.run((*ZOE, "--seeds", "3", "--trace"), capture_output=True, check=False)
    assert done.returncode == 0
    rows = done.stdout.splitlines()
    assert len(rows) > 500
    times = [int(row.split()[0]) for row in rows if row.split()[0].isdigit()]
    assert times == sorted(times)


def test_the_trace_in_json_is_the_same_log_and_the_line_of_its_seed() -> None:
    words = (*ZOE, "--seeds", "3", "--trace")
    plain = subprocess.run(words, capture_output=True, check=False).stdout.decode()
    code, found = lines("--seeds", "3", "--trace")
    assert code == 0
    *log, last = found
    names = ("at_ns", "actor", "message_id", "correlation_id", "causation_id", "message")
    assert [" ".join(str(row[name]) for name in names) for row in log] == plain.splitlines()
    assert (last["seed"], last["verdict"]) == (3, "ok")


def test_a_trace_for_which_there_is_no_room_says_so_and_blames_no_actor() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("w") as full:
        words = (*ZOE, "--seeds", "0", "--trace")
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    told = done.stderr.decode()
    assert told.startswith("zoe: No space left on device (zoe/cli/simulate_command.py:")
    assert told.count("\n") == 1


def test_of_several_seeds_one_story_is_told_and_that_is_said() -> None:
    words = (*ZOE, "--seeds", "4:9", "--story", "place 1 buy 0.002 at 89500", "--json")
    done = subprocess.run(words, capture_output=True, check=False)
    assert json.loads(done.stdout)["seed"] == 4
    assert b"seed 4 alone" in done.stderr


def test_the_grammar_knows_every_profile() -> None:
    assert set(grammar.FAULTS) == set(scenario.PROFILES)
