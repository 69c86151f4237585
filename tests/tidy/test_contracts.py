"""Each import contract of setup.cfg sees the violation it is there for."""

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

LAYERS = "Layers import from below only"
PURE = "The domain, messages and ports are pure"
NO_TRADING = "The runtime knows no trading"
FROM_THE_AIR = "Actors take no clock, chance or thread from the air"
PYKKA = "Only the runtime imports pykka"
THREADS = "Only the runtime owns threads"
HTTP = "Only adapters and the sandbox import HTTP and WebSocket libraries"
PG8000 = "Only the store imports pg8000"
AUDITOR = "The auditor shares no code with what it judges"
SANDBOX = "The sandbox imports nothing of zoe"

PLANTS = (
    (LAYERS, "domain", "import zoe.messages"),
    (LAYERS, "messages", "import zoe.ports"),
    (LAYERS, "ports", "import zoe.actors"),
    (LAYERS, "actors", "import zoe.adapters"),
    (LAYERS, "adapters", "import zoe.store"),
    (LAYERS, "store", "import zoe.app"),
    (LAYERS, "app", "import zoe.cli"),
    (LAYERS, "pantry", ""),  # a room nobody has found a floor for
    *(
        (PURE, "domain", f"import {name}")
        for name in ("time", "random", "threading", "socket", "secrets", "uuid", "loguru", "os")
    ),
    (PURE, "messages", "import requests"),
    (PURE, "messages", "from time import monotonic_ns"),
    (PURE, "ports", "import websocket"),
    (PURE, "ports", "import pg8000.native"),
    (PURE, "domain/strategy", "import random"),
    (NO_TRADING, "runtime", "import zoe.domain"),
    (NO_TRADING, "runtime", "import zoe.messages"),
    (FROM_THE_AIR, "actors", "import time"),
    (FROM_THE_AIR, "actors", "from uuid import uuid4"),
    (FROM_THE_AIR, "actors", "import random"),
    *((PYKKA, room, "import pykka") for room in ("actors", "app", "adapters", "sandbox")),
    *((THREADS, room, "import threading") for room in ("actors", "adapters", "store", "app")),
    (THREADS, "adapters/kraken", "from concurrent.futures import ThreadPoolExecutor"),
    *((HTTP, room, "import requests") for room in ("actors", "store", "app", "cli", "runtime")),
    (HTTP, "ports", "import websocket"),
    (HTTP, "app", "import uvicorn"),
    (PG8000, "actors", "from pg8000.native import Connection"),
    (PG8000, "cli", "import pg8000"),
    (SANDBOX, "sandbox", "from zoe.domain import money"),
    (SANDBOX, "sandbox", "import zoe.runtime"),
    (AUDITOR, "app/simulation/auditor", "import zoe.domain"),
    (AUDITOR, "app/simulation/auditor", "import zoe.sandbox"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The rooms of zoe without their furniture, and the law."""
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for room in sorted((ROOT / "zoe").rglob("__init__.py")):
        copy = tmp_path / room.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    (tmp_path / "zoe/domain/money.py").touch()
    return tmp_path


def plant(tree: Path, room: str, line: str) -> None:
    folder = tree / "zoe" / room
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    (folder / "planted.py").write_text(line + "\n")


def broken(tree: Path) -> set[str]:
    done = subprocess.run(
        (str(LINTER), "--config", "setup.cfg", "--no-cache"),
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tree), "COLUMNS": "200"},
    )
    assert "Contracts:" in done.stdout or "exhaustive" in done.stdout, done.stdout + done.stderr
    named = set(re.findall(r"^(.+) BROKEN\b", done.stdout, re.MULTILINE))
    assert (done.returncode != 0) == bool(named), done.stdout
    return named


def names(plants: Iterable[tuple[str, str, str]]) -> set[str]:
    return {name for name, _room, _line in plants}


def test_an_empty_house_breaks_no_contract(tree: Path) -> None:
    assert broken(tree) == set()


@pytest.mark.parametrize(
    ("contract", "room", "line"), PLANTS, ids=[f"{room}: {line}" for _, room, line in PLANTS]
)
def test_a_planted_violation_is_named(tree: Path, contract: str, room: str, line: str) -> None:
    plant(tree, room, line)
    assert contract in broken(tree)


def test_every_contract_has_a_violation_planted() -> None:
    law = configparser.ConfigParser()
    law.read(ROOT / "setup.cfg")
    contracts = {law[part]["name"] for part in law.sections() if ":contract:" in part}
    assert contracts == names(PLANTS)
