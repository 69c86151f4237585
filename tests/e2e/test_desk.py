"""One command runs the desk: it trades, agrees with the exchange, survives what happens beside it."""

import contextlib
import os
import pty
import select
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from commands import ZOE
from desks import (
    BUSY,
    FIRST_FILL_SECONDS,
    PATIENCE_SECONDS,
    QUIET,
    Desk,
    Row,
    desk,
    differences,
    of_process,
)

from zoe.app import huge_pages


def fills(running: Desk) -> list[Row]:
    return running.listed("fills")


@pytest.mark.slow
def test_a_desk_trades_ends_by_itself_and_agrees_with_the_exchange(tmp_path: Path) -> None:
    with desk(tmp_path, BUSY) as running:
        running.start()
        running.ready()
        running.until(lambda: running.filled() > 0, FIRST_FILL_SECONDS)
        found = running.until(lambda: fills(running))
        code, story = running.zoe("why", found[0]["exec_id"], "--json")
        assert code == 0
        kinds = [row["kind"] for row in story["rows"]]
        assert kinds[0] == "decision.made"
        assert {"order.sending", "order.working", "order.fill"} <= set(kinds)
        assert story["rows"][0]["body"]["quote"]["bid"] is not None
        assert running.settled() == []
        assert running.stop() == 0
        running.start("--for", "2")
        assert running.ended() == 0
        assert differences(running) == []
        assert all(row["state"] not in ("SENDING", "WORKING") for row in running.listed("orders"))
        assert running.children() == []


def test_an_order_by_hand_goes_the_whole_way_and_its_key_works_once(tmp_path: Path) -> None:
    key = "00000000-0000-4000-8000-000000000001"
    place = ("order", "place", "buy", "XBTUSD", "0.01", "--limit", "50000", "--post-only")
    with desk(tmp_path, QUIET, new=True) as running:
        running.start()
        running.quoted()
        answers = [running.zoe(*place, "--key", key, "--json") for _ in range(2)]
        assert [code for code, _ in answers] == [0, 0], answers
        (order,) = running.listed("orders")
        assert (order["state"], order["pair"], order["limit_price"]) == (
            *("WORKING", "BTC/USD"),
            "50000",
        )
        code, answer = running.zoe("order", "cancel", order["order_id"], "--json")
        assert code == 0, answer
        assert running.listed("orders") == []
        code, answer = running.zoe("order", "place", "buy", "BTC/USD", "90", "--limit", "50000")
        assert code == 1, answer
        assert differences(running) == []
        assert running.stop() == 0


def test_a_person_at_a_terminal_is_told_where_the_log_is_how_to_end_it_and_what_to_ask(
    tmp_path: Path,
) -> None:
    ours, theirs = pty.openpty()
    with desk(tmp_path, QUIET) as running:
        running.errors = Path(os.ttyname(theirs))
        running.start("--for", "1")
        said = b""
        while b"zoe status" not in said and select.select([ours], [], [], PATIENCE_SECONDS)[0]:
            said += os.read(ours, 65536)
        assert f"log in {running.state / 'log' / 'zoe.jsonl'}; Ctrl-C ends it" in said.decode()
        assert running.ended() == 0
    os.close(ours)
    os.close(theirs)


def test_a_halt_is_durable_and_a_halted_desk_is_healthy(tmp_path: Path) -> None:
    place = ("order", "place", "buy", "BTC/USD", "0.01", "--limit", "50000", "--json")
    with desk(tmp_path, QUIET) as running:
        running.start()
        running.quoted()
        assert running.zoe(*place)[0] == 0
        assert running.zoe("halt", "--why", "a test")[0] == 0
        assert running.listed("orders") == []
        running.kill()
        running.start()
        assert running.ready()["trading_state"] == "HALTED"
        assert running.zoe(*place)[0] == 1
        running.quoted()
        assert running.zoe("resume")[0] == 0
        assert running.zoe(*place)[0] == 0
        assert running.stop() == 0
        assert running.listed("orders") == []


def test_what_a_desk_remembers_is_in_huge_pages(tmp_path: Path) -> None:
    if not huge_pages.collapse():
        pytest.skip("this kernel makes no huge pages when asked")
    with desk(tmp_path, QUIET) as running:
        running.start()
        running.ready()
        assert running.process is not None
        memory = Path(f"/proc/{running.process.pid}/smaps_rollup")
        running.until(lambda: "AnonHugePages:         0 kB" not in memory.read_text())
        assert running.stop() == 0


@pytest.mark.slow
def test_a_sandbox_that_dies_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    with desk(tmp_path, BUSY) as running:
        running.start()
        running.ready()
        for _ in range(3):
            before = running.truth_size()
            running.until(lambda size=before: running.truth_size() > size + 2_000)
            (died,) = pids(running, "zoe.sandbox.main")
            os.kill(died, signal.SIGKILL)
            running.until(lambda pid=died: set(pids(running, "zoe.sandbox.main")) - {pid})
        running.until(lambda: running.zoe("status")[0] == 0)
        assert running.settled() == []
        assert running.stop() == 0


def pids(running: Desk, word: str) -> list[int]:
    return [pid for pid in running.children() if word in of_process(pid, "cmdline")]


@pytest.mark.slow
def test_a_database_that_dies_stops_orders_and_comes_back_with_every_row(tmp_path: Path) -> None:
    with desk(tmp_path, BUSY) as running:
        running.start()
        running.ready()
        before = running.truth_size()
        running.until(lambda: running.truth_size() > before + 2_000)
        pid_file = running.state / "pg" / "data" / "postmaster.pid"
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
        running.until(lambda: "store.back" in {line["event"] for line in running.log()})
        before = running.truth_size()
        running.until(lambda: running.truth_size() > before + 2_000)
        running.until(lambda: running.zoe("status")[0] == 0)
        assert running.settled() == []
        assert running.stop() == 0


def test_a_second_desk_on_the_same_state_or_the_same_account_exits_6(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as running:
        running.start()
        running.ready()
        command = (*ZOE, "run", "--config", str(running.config), "--for", "1")
        again = subprocess.run(command, env=running.environ, capture_output=True, check=False)
        assert again.returncode == 6
        assert again.stderr.decode().count("\n") == 1
        assert str(running.process.pid if running.process else 0) in again.stderr.decode()
        elsewhere = running.environ | account_of(running) | {"ZOE_STATE_DIR": str(tmp_path / "2")}
        other = subprocess.run(command, env=elsewhere, capture_output=True, check=False)
        assert other.returncode == 6, other.stderr
        assert "this account" in other.stderr.decode()
        assert running.stop() == 0


def account_of(running: Desk) -> dict[str, str]:
    """What another desk would need to trade on the same sandbox account."""
    (row,) = [row for row in running.truth() if row.get("secret")]
    port = sandbox_port(running)
    return {
        "EXCHANGE": "sandbox",
        "KRAKEN_REST_URL": f"http://127.0.0.1:{port}",
        "KRAKEN_WS_URL": f"ws://127.0.0.1:{port}/v2",
        "KRAKEN_WS_AUTH_URL": f"ws://127.0.0.1:{port}/auth/v2",
        "KRAKEN_API_KEY": row["key"],
        "KRAKEN_API_SECRET": row["secret"],
    }


def sandbox_port(running: Desk) -> int:
    """The port that the desk's own sandbox listens on, by the kernel's table."""
    (pid,) = pids(running, "zoe.sandbox.main")
    inodes: set[str] = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it closes some meanwhile
            inodes.add(os.readlink(link))
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            return int(fields[1].rpartition(":")[2], 16)
    raise AssertionError("it listens nowhere")


def test_a_service_manager_is_told_and_sigterm_ends_the_desk_in_order(tmp_path: Path) -> None:
    with (
        desk(tmp_path, BUSY) as running,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        running.start(environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        said: set[str] = set()
        while not {"READY=1", "WATCHDOG=1"} <= said:
            said.add(manager.recv(100).decode())
        assert running.stop() == 0
        assert running.listed("orders") == []
        assert running.children() == []


ALWAYS_RAISES = """
import sys
from zoe.actors.market_watch import MarketWatch
def handle(self, message): raise RuntimeError("a planted bug")
if "{when}" == "always":
    MarketWatch.handle = handle
from zoe.cli.main import main
sys.exit(main())
"""


def test_an_actor_that_always_raises_ends_the_desk_with_70(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as running:
        running.start()
        running.quoted()
        assert running.zoe("order", "place", "buy", "BTC/USD", "0.01", "--limit", "50000")[0] == 0
        running.kill()
        program = ALWAYS_RAISES.replace("{when}", "always")
        command = (*ZOE[:2], "-c", program, "run", "--config", str(running.config))
        done = subprocess.run(
            command,
            env=running.environ,
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 70, done.stderr[-2000:]
        events = {line["event"] for line in running.log()}
        assert {"actor.crashed", "supervisor.gave_up", "desk.last_resort_cancel"} <= events
        assert running.children() == []
        assert any(row["kind"] == "order_canceled" for row in running.truth())
