"""How long the desk takes to be there, and what it costs while it only watches.

    python benchmarks/desk.py [--seconds N] [--rounds N] [--without-set-up]

Everything happens in temporary directories. A fresh clone sets itself up under an empty environment
and trades; the desk of this checkout starts on nothing, then again on what it left; then it runs
with its strategy off and on. Memory is the sum of PSS and time that of user and system, over the
desk, the keeper, PostgreSQL and the sandbox, those of their children that ended included. Other
processes that run the same programs make PSS look smaller, and a busy machine makes all else look
larger: the median of the rounds is what counts.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs

ROOT: Final = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS: Final = 180
LOOK_SECONDS: Final = 0.02
#: After this long a desk has forgotten its start.
SETTLE_SECONDS: Final = 5
TICKS: Final = os.sysconf("SC_CLK_TCK")
OFF: Final = '[strategy.quote_keeper]\nmode = "off"\n'

Line = Mapping[str, Any]


@attrs.frozen
class Aim:
    """A figure of several rounds, and what its median should not pass."""

    text: str
    unit: str
    values: list[float]
    limit: float | None

    def __str__(self) -> str:
        median = statistics.median(self.values)
        all_of_them = " ".join(f"{value:.2f}" for value in self.values)
        if self.limit is None:
            return f"        {self.text}: {median:.2f} {self.unit} ({all_of_them})"
        verdict = "held" if median <= self.limit else "MISSED"
        aim = f"aim <= {self.limit:g}"
        return f"{verdict:6}  {self.text}: {median:.2f} {self.unit} ({all_of_them}; {aim})"


@attrs.frozen
class Cost:
    """What the processes of a desk cost over a while."""

    megabytes: float
    percent: float
    shares: Mapping[str, tuple[float, float]]


class Running:
    """A desk's process, and what it has said so far."""

    def __init__(self, command: tuple[str, ...], place: Path, cwd: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._said = place / "said.txt"
        self._state = place / "state"
        environ = {
            "HOME": str(place),
            "PATH": os.environ["PATH"],
            "ZOE_STATE_DIR": str(self._state),
        }
        self._began = time.time()
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    @property
    def pid(self) -> int:
        """Of the desk."""
        return self._process.pid

    def until(self, event: str, wanted: Callable[[Line], bool] = lambda line: True) -> float:
        """Seconds from the start of the process to the first such line.

        Raises:
            SystemExit: It ended, or did not say so in time.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            over = self._process.poll() is not None or time.monotonic() > deadline
            for line in self._lines():
                if line["event"] == event and wanted(line):
                    return datetime.fromisoformat(line["ts"]).timestamp() - self._began
            if over:
                tail = self._said.read_text(errors="replace")[-2_000:]
                sys.exit(f"no {event}: {tail}")
            time.sleep(LOOK_SECONDS)

    def _lines(self) -> Iterator[Line]:
        for text in self._said.read_text(errors="replace").split("\n")[:-1]:
            if text.startswith("{"):
                yield json.loads(text)

    def stop(self) -> float:
        """Ends it in order; how many seconds that took."""
        began = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code:
            print(f"  the desk ended with {code}")
        return time.monotonic() - began


@contextmanager
def desk(command: tuple[str, ...], place: Path, cwd: Path) -> Iterator[Running]:
    """A desk that is gone afterwards."""
    running = Running(command, place, cwd)
    try:
        yield running
    finally:
        running.stop()


def here(*options: str) -> tuple[str, ...]:
    """The command of this checkout's desk, with the interpreter that runs this."""
    return (sys.executable, "-P", "-m", "zoe.cli.main", "run", *options)


def traded(line: Line) -> bool:
    """Whether this line tells of a fill."""
    return str(line["filled"]) != "0"


def set_up(place: Path) -> list[Aim]:
    """A fresh clone, an empty environment, one command."""
    clone = place / "clone"
    subprocess.run(("git", "clone", "-q", str(ROOT), str(clone)), check=True)
    with desk(("bin/zoe-start",), place / "first", clone) as running:
        started = running.until("desk.starting")
        ready = running.until("desk.ready")
        trade = running.until("order.state_changed", traded)
    return [
        Aim("fresh clone, until the environment is made and the desk starts", "s", [started], 30),
        Aim("fresh clone, until the desk is ready", "s", [ready], None),
        Aim("fresh clone, until the first trade", "s", [trade], 60),
    ]


def starts(place: Path, rounds: int) -> list[Aim]:
    """Starts on no state at all, and on what the start before left."""
    cold: list[float] = []
    warm: list[float] = []
    stop: list[float] = []
    for number in range(rounds):
        fresh = place / f"start-{number}"
        for found in (cold, warm):
            running = Running(here(), fresh, ROOT)
            try:
                found.append(running.until("desk.ready"))
            finally:
                stop.append(running.stop())
    return [
        Aim("cold start, no state, until ready", "s", cold, 5),
        Aim("warm start, until ready", "s", warm, 2),
        Aim("orderly stop", "s", stop, None),
    ]


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for member in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == member]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; none of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(pid: int) -> float:
    """User and system time of a process and of its children that it has buried."""
    return sum(map(int, _stat(pid)[11:15])) / TICKS


def _megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _part(pid: int, desk_pid: int) -> str:
    if pid == desk_pid:
        return "desk"
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "PostgreSQL"
    if "zoe.sandbox" in words:
        return "sandbox"
    return "keeper" if "keeper.py" in words else "PostgreSQL"


def cost(pid: int, seconds: float) -> Cost:
    """What a desk costs over a while, all in all and by its parts."""
    before = {member: _seconds(member) for member in family(pid)}
    began = time.monotonic()
    time.sleep(seconds)
    span = time.monotonic() - began
    members = family(pid)
    shares: dict[str, tuple[float, float]] = {}
    for member in before.keys() | members:
        spent = _seconds(member) - before.get(member, 0.0)
        memory, percent = shares.get(_part(member, pid), (0.0, 0.0))
        shares[_part(member, pid)] = (
            memory + _megabytes(member),
            percent + spent / span * 100,
        )
    memory, percent = (sum(share[n] for share in shares.values()) for n in (0, 1))
    return Cost(memory, percent, shares)


def watched(what: str, place: Path, config: str, rounds: int, seconds: float) -> list[Aim]:
    """Memory and time of a desk that runs for a while."""
    place.mkdir()
    (place / "zoe.toml").write_text(config)
    with desk(here("--config", str(place / "zoe.toml")), place, ROOT) as running:
        running.until("desk.ready")
        time.sleep(SETTLE_SECONDS)
        found = [cost(running.pid, seconds) for _ in range(rounds)]
    for name in sorted(found[-1].shares):
        memory, percent = (statistics.median(c.shares[name][n] for c in found) for n in (0, 1))
        print(f"  {what}: {name:10} {memory:6.1f} MB PSS {percent:6.2f} % of a core")
    idle = what == "idle"
    return [
        Aim(f"{what}, all together", "MB PSS", [c.megabytes for c in found], 180 if idle else None),
        Aim(
            f"{what}, all together", "% of a core", [c.percent for c in found], 8 if idle else None
        ),
    ]


def measure(place: Path, arguments: argparse.Namespace) -> None:
    """Runs everything and prints the figures."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the beginning", flush=True)
    rounds, seconds = arguments.rounds, arguments.seconds
    aims = [] if arguments.without_set_up else set_up(place)
    aims += starts(place, rounds)
    aims += watched("idle", place / "idle", OFF, rounds, seconds)
    aims += watched("trading", place / "trading", "", rounds, seconds)
    print(*aims, sep="\n")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60, help="of each look (default 60)")
    parser.add_argument("--rounds", type=int, default=3, help="of everything (default 3)")
    parser.add_argument("--without-set-up", action="store_true", help="leave out the fresh clone")
    place = Path(tempfile.mkdtemp(prefix="zoe-desk-"))
    place.chmod(0o755)  # as root the database runs as a user of its own
    try:
        measure(place, parser.parse_args())
    finally:
        shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
