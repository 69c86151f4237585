"""Runs the programs of the foreign environment against one sandbox, all at once, a key for each."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from sandboxes import Sandbox

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = ROOT / "tests" / "fidelity" / "foreign_programs"
PATIENCE_SECONDS: Final = {"foreign.lock": 240, "longer.lock": 600}
SET_UP: Final = {"foreign.lock": "bin/foreign -c ''", "longer.lock": "bin/check-foreign"}
BALANCES: Final = {"USD": "100000", "BTC": "2", "ETH": "20", "SOL": "200", "DOGE": "100000"}
#: They call everything there is at once, which no key may on the exchange.
IN_A_HURRY: Final = ("ccxt_rest", "sdk_rest")

Row = dict[str, Any]


class Report:
    """What a program saw, and what the exchange's own journal says of its account."""

    def __init__(self, steps: Row, truth: list[Row], requests: list[Row]) -> None:
        self.steps = steps
        self.truth = truth
        self.requests = requests

    def gave(self, name: str) -> Any:
        """What a step gave."""
        step = self.steps[name]
        assert "gave" in step, f"{name} failed: {step['failed']}"
        return step["gave"]

    def failed(self, name: str) -> str:
        """How a step failed."""
        step = self.steps[name]
        assert "failed" in step, f"{name} gave {step['gave']}"
        return str(step["failed"])

    def rows(self, kind: str) -> list[Row]:
        """The ground truth of one kind."""
        return [row for row in self.truth if row["kind"] == kind]


def python(lock: str = "foreign.lock") -> str:
    """The Python of a foreign environment; skips where it has not been set up for its lock."""
    environment = ROOT / f".venv-{lock.removesuffix('.lock')}"
    mark = environment / f"finished-{lock}"
    wanted = hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        pytest.skip(f"other people's programs are not set up: {SET_UP[lock]} does it")
    return str(environment / "bin" / "python")


def run(sandbox: Sandbox, *programs: str, lock: str = "foreign.lock") -> dict[str, Report]:
    """What each program reports."""
    interpreter = python(lock)
    keys = {name: sandbox.admin("keys", _grant(name)) for name in programs}
    started = {name: _start(interpreter, name, sandbox, keys[name]) for name in programs}
    found = {}
    for name, process in started.items():
        said, complaints = process.communicate(timeout=PATIENCE_SECONDS[lock])
        assert process.returncode == 0, f"{name}: {complaints[-3000:]}"
        account = f"?account={keys[name]['account']}"
        truth = sandbox.admin(f"journal{account}", method="GET")
        requests = sandbox.admin(f"requests{account}", method="GET")
        found[name] = Report(json.loads(said), truth, requests)
    return found


def _grant(program: str) -> Row:
    limits = "none" if program in IN_A_HURRY else "both"
    return {"balances": BALANCES, "tier": "pro", "limits": limits}


def _start(interpreter: str, name: str, sandbox: Sandbox, key: Row) -> "subprocess.Popen[str]":
    given = {part: sandbox.ready[part] for part in ("rest", "ws", "ws_auth")}
    process = launch(interpreter, name)
    give(process, given | {"key": key["key"], "secret": key["secret"]})
    return process


def launch(interpreter: str, name: str) -> "subprocess.Popen[str]":
    """A program that waits for what it is given."""
    return subprocess.Popen(
        (interpreter, str(PROGRAMS / f"{name}.py")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROGRAMS,
        env={"PATH": "/usr/bin:/bin"},  # no proxy, and nothing of this environment
    )


def give(process: "subprocess.Popen[str]", given: Row) -> None:
    """Hands over addresses and key, and whatever else it wants to know."""
    assert process.stdin is not None
    # The key travels where no list of processes shows it.
    process.stdin.write(json.dumps(given))
    process.stdin.flush()
    process.stdin.close()
    process.stdin = None
