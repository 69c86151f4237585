"""A desk as its user runs it: a process, its command line, and the exchange's ground truth."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import commands
import stores
from commands import ZOE

ROOT: Final = Path(__file__).resolve().parents[2]
#: A busy disk holds everybody up for a minute now and then.
PATIENCE_SECONDS: Final = 120
#: The desk compares balances with the exchange's every minute; a few looks may be needed, or fail.
LOOK_SECONDS: Final = 240
_BALANCE: Final = "balance of"
#: States of orders that are not concluded.
OPEN: Final = {"SENDING", "PENDING", "WORKING", "IN_DOUBT"}

#: Prices move when they move: a fill is waited for, not hoped for.
FIRST_FILL_SECONDS: Final = 180
#: Quotes close to the mid that follow it at once: much is in flight, and something traded soon.
BUSY: Final = """
[exchange]
tier = "pro"
[strategy.quote_keeper]
half_spread_bps = 1
refresh_bps = 1
[repeg]
price_band = "0.00005"
"""
#: No orders but those by hand.
QUIET: Final = '[strategy.quote_keeper]\nmode = "off"\n'

#: Never set: what is waited for has no event of its own.
_PAUSE: Final = threading.Event()

Row = dict[str, Any]


class Desk:
    """A state directory, and the desk that runs in it now and then.

    Args:
        config: More lines for the configuration file.
        new: Whether it makes its database itself.
    """

    def __init__(self, place: Path, config: str = "", *, new: bool = False) -> None:
        self._new = new
        self.state = place / "state"
        self.config = place / "zoe.toml"
        self.config.write_text(config)
        self.environ = {
            "HOME": str(place),
            "PATH": os.environ["PATH"],
            "ZOE_STATE_DIR": str(self.state),
        }
        self.process: subprocess.Popen[bytes] | None = None
        #: Where the log ended, and what the clock said, when the process was started.
        self._began = (0, 0.0)
        self.errors = place / "errors.txt"
        self.errors.touch()

    def start(
        self, *options: str, environ: Mapping[str, str] | None = None, new_session: bool = False
    ) -> None:
        """Starts a desk; returns at once."""
        given = self.environ | dict(environ or {})
        if not (self._new or self.state.exists() or "DATABASE_URL" in given):
            stores.begin(self.state)
        command = (*ZOE, "run", "--config", str(self.config), *options)
        self._began = (len(self._log_bytes()), time.monotonic())
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=self.state.parent,
                start_new_session=new_session,
            )

    def ready(self) -> Row:
        """Waits until the desk is up and reconciled; its status."""
        found: Row = self.until(self._status_if_ready)
        return found

    def quoted(self) -> None:
        """Waits until the desk is ready and has quotes to judge an order by."""

        def has_quotes() -> bool:
            status = self._status_if_ready()
            return status is not None and status["breaker"]["state"] == "armed"

        self.until(has_quotes)

    @property
    def door(self) -> Path:
        """Where the desk listens for commands."""
        return self.state / "desk.sock"

    def _status_if_ready(self) -> Row | None:
        assert self.process is not None
        code = self.process.poll()
        assert code is None, f"the desk ended with {code}: {self.errors.read_text()[-2000:]}"
        size, at = self._began
        # Asking takes a process each time, so not before it is likely; a full disk has no log.
        if b'"desk.ready"' not in self._log_bytes()[size:] and time.monotonic() < at + 5:
            return None
        code, answer = self.zoe("status", "--json")
        return answer if code == 0 else None

    def until(self, true: Any, seconds: float = PATIENCE_SECONDS) -> Any:
        """Asks until the answer is a true one."""
        deadline = time.monotonic() + seconds
        pause = 0.01
        while True:
            found = true()
            if found:
                return found
            assert time.monotonic() < deadline, f"not in time: {self.errors.read_text()[-2000:]}"
            _PAUSE.wait(pause)
            # Asking costs the processor that is waited for.
            pause = min(1.2 * pause, 0.1)

    def pause(self, seconds: float) -> None:
        """Lets it go on for so long, where that is what a test is about."""
        _PAUSE.wait(seconds)

    def zoe(self, *words: str) -> tuple[int, Any]:
        """Runs a command; its exit code and the JSON document it printed, None without one."""
        given = (*words, "--config", str(self.config))
        done = commands.run(given, self.environ, self.state.parent)
        try:
            return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:
            return done.returncode, done.stdout

    def listed(self, *words: str) -> list[Row]:
        """The rows that a reading command prints."""
        code, rows = self.zoe(*words, "--json")
        assert code == 0, (words, code, rows)
        assert isinstance(rows, list), rows
        return rows

    def kill(self) -> None:
        """kill -9, and nothing else: what the desk started must end by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code that follows."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def ended(self, seconds: float = PATIENCE_SECONDS) -> int:
        """The exit code of a desk that ends by itself."""
        assert self.process is not None
        return self.process.wait(timeout=seconds)

    def truth_size(self) -> int:
        """Bytes of the exchange's journal: how far the exchange has come."""
        path = self._truth_path()
        return path.stat().st_size if path.exists() else 0

    def _truth_path(self) -> Path:
        return self.state / "sandbox" / "journal.jsonl"

    def truth(self) -> list[Row]:
        """The exchange's own journal, in engine order."""
        path = self._truth_path()
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line, parse_float=Decimal) for line in lines]

    def accepted(self) -> int:
        """How many orders the exchange has taken."""
        return self._told(b'"kind":"order_accepted"')

    def steps(self) -> int:
        """How many orders the exchange has taken, and how many amends."""
        return self.accepted() + self._told(b'"kind":"order_amended"')

    def filled(self) -> int:
        """How many fills there are at the exchange."""
        return self._told(b'"kind":"fill"')

    def _told(self, kind: bytes) -> int:
        path = self._truth_path()
        return path.read_bytes().count(kind) if path.exists() else 0

    def trades_on(self, orders: int = 2) -> None:
        """Waits until the exchange has taken a few more orders."""
        wanted = self.accepted() + orders
        self.until(lambda: self.accepted() >= wanted)

    def nothing_is_on_its_way(self) -> None:
        """Waits until an order that had left before something happened has arrived."""

        def none_came() -> bool:
            before = self.accepted()
            self.zoe("status")  # takes longer than an order does
            return self.accepted() == before

        self.until(none_came)

    def component(self, name: str) -> str:
        """The status of a component as ``zoe status`` tells it, empty without one."""
        _, status = self.zoe("status", "--json")
        rows = status["components"] if isinstance(status, dict) else []
        return next((row["status"] for row in rows if row["component"] == name), "")

    def settled(self) -> list[str]:
        """Halts, which settles every order and its fills; the differences there are then.

        Balances follow with the next look where a message about them was lost.
        """
        code, answer = self.zoe("halt", "--why", "comparing", "--timeout", "50", "--json")
        assert code == 0, answer
        found = differences(self)
        if found and all(line.startswith(_BALANCE) for line in found):
            with suppress(AssertionError):
                self.until(lambda: not differences(self), LOOK_SECONDS)
            found = differences(self)
        return found

    def said(self) -> list[str]:
        """What the desk said on standard error, beside its log."""
        return [line for line in self.errors.read_text().splitlines() if line[:1] != "{"]

    def events(self) -> set[str]:
        """The events in the log."""
        return {line["event"] for line in self.log()}

    def log(self) -> list[Row]:
        """The lines of the log that is being written."""
        return self._lines_from(0)

    def log_of_this_run(self) -> list[Row]:
        """The lines since the process was started, as far as the file has not been changed since."""
        return self._lines_from(self._began[0])

    def _lines_from(self, place: int) -> list[Row]:
        """What comes after the last end of a line is still being written."""
        return [json.loads(line) for line in self._log_bytes()[place:].split(b"\n")[:-1] if line]

    def _log_bytes(self) -> bytes:
        path = self.state / "log" / "zoe.jsonl"
        return path.read_bytes() if path.exists() else b""

    def children(self) -> list[int]:
        """Processes that belong to this state directory, other than the one that was started."""
        return [pid for pid in processes_with(str(self.state)) if pid != self._pid()]

    def _pid(self) -> int | None:
        return None if self.process is None else self.process.pid


def of_process(pid: int, name: str) -> str:
    """What the kernel says of a process, empty where it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_text()
    return ""


def processes_with(text: str) -> list[int]:
    """Processes whose command line, working directory or environment names ``text``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            said = (entry / "cmdline").read_bytes() + os.readlink(entry / "cwd").encode()
            said += (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:  # it has ended, or is the kernel's
            continue
        if text.encode() in said and state != "Z":
            found.append(int(entry.name))
    return found


@contextmanager
def desk(place: Path, config: str = "", *, new: bool = False) -> Iterator[Desk]:
    """A desk that is gone when the test is over, however it went."""
    made = Desk(place, config, new=new)
    with gone_afterwards(made):
        yield made


@contextmanager
def gone_afterwards(made: Desk) -> Iterator[None]:
    """Sees to it that nothing is left of a desk."""
    try:
        yield
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        _nobody_is_left(made)


def _nobody_is_left(of: Desk) -> None:
    try:
        of.until(lambda: not of.children())
    finally:
        for pid in of.children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def differences(desk: Desk) -> list[str]:
    """How our journal and the exchange's ground truth differ, by their ids and quantities.

    The comparison reads only what outside programs read, and shares no code with the desk.
    """
    truth = desk.truth()
    accepted = {row["order_id"]: row for row in truth if row["kind"] == "order_accepted"}
    ours = {row["order_id"]: row for row in desk.listed("orders", "--all") if row["order_id"]}
    said = [f"order {i} is not in our journal" for i in accepted.keys() - ours.keys()]
    said += [f"order {i} is not at the exchange" for i in ours.keys() - accepted.keys()]
    said += _doubled(accepted.values())
    said += _ends(truth, ours)
    said += _fills(truth, desk.listed("fills"))
    said += _balances(truth, desk.listed("balances"))
    return said


def _doubled(accepted: Any) -> list[str]:
    seen: set[str] = set()
    said = []
    for row in accepted:
        if row["cl_ord_id"] in seen:
            said.append(f"intent {row['cl_ord_id']} was placed twice")
        seen.add(row["cl_ord_id"])
    return said


def _ends(truth: Sequence[Row], ours: Mapping[str, Row]) -> list[str]:
    gone = {r["order_id"] for r in truth if r["kind"] in ("order_canceled", "order_expired")}
    filled: dict[str, Decimal] = {}
    for row in truth:
        if row["kind"] == "fill":
            known = filled.get(row["order_id"], Decimal(0))
            filled[row["order_id"]] = known + Decimal(row["qty"])
    said = []
    for order_id, row in ours.items():
        there = filled.get(order_id, Decimal(0))
        if Decimal(row["filled_quantity"]) != there:
            said.append(f"order {order_id}: filled {row['filled_quantity']}, there {there}")
        working = order_id not in gone and there < Decimal(row["quantity"])
        if (row["state"] in OPEN) != working:
            said.append(f"order {order_id}: {row['state']}, there working is {working}")
    return said


def _fills(truth: Sequence[Row], fills: Sequence[Row]) -> list[str]:
    there = {row["exec_id"]: row for row in truth if row["kind"] == "fill"}
    here = {row["exec_id"]: row for row in fills}
    said = [f"fill {i} is not in our journal" for i in there.keys() - here.keys()]
    said += [f"fill {i} is not at the exchange" for i in here.keys() - there.keys()]
    if len(fills) != len(here):
        said.append("a fill stands twice in our journal")
    for exec_id in here.keys() & there.keys():
        for name, name_there in (("quantity", "qty"), ("price", "price"), ("fee", "fee")):
            if Decimal(here[exec_id][name]) != Decimal(there[exec_id][name_there]):
                said.append(f"fill {exec_id}: {name} {here[exec_id]} {there[exec_id]}")
    return said


def _balances(truth: Sequence[Row], balances: Sequence[Row]) -> list[str]:
    there: dict[str, Decimal] = {}
    for row in truth:
        if row["kind"] == "ledger":
            there[row["asset"]] = Decimal(row["balance"])
    here = {row["asset"]: Decimal(row["balance"]) for row in balances}
    assets = sorted(there.keys() | here.keys())
    return [
        f"{_BALANCE} {a}: {here.get(a)} here, {there.get(a)} there"
        for a in assets
        if here.get(a, Decimal(0)) != there.get(a, Decimal(0))
    ]
