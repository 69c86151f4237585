"""The sandbox as a process: how it starts, ends, and goes on after kill -9."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sandboxes import COMMAND, PATIENCE_SECONDS, Sandbox, running

QUIET = ("--market", "quiet", "--pairs", "BTC/USD", "--seed", "7")


def test_the_ready_line_says_where_everything_is(tmp_path: Path) -> None:
    with running(tmp_path, "--seed", "7") as sandbox:
        host = f"127.0.0.1:{sandbox.port}"
        key, secret = sandbox.ready["key"], sandbox.ready["secret"]
        assert sandbox.ready == {
            "ready": True,
            "rest": f"http://{host}",
            "ws": f"ws://{host}/v2",
            "ws_auth": f"ws://{host}/auth/v2",
            "admin": f"http://{host}/sandbox",
            "key": key,
            "secret": secret,
            "pid": sandbox.process.pid,
        }
        assert sandbox.public("SystemStatus")["status"] == "online"
        assert sandbox.private("Balance")["ZUSD"] == "1000000.0000"


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET) as sandbox:
        wanted = f"{sandbox.port:04X}"
        tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
        rows = [row.split() for table in tables for row in table.read_text().splitlines()[1:]]
        places = {row[1] for row in rows if row[1].endswith(f":{wanted}") and row[3] == "0A"}
        assert places == {f"0100007F:{wanted}"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_whoever_is_connected(tmp_path: Path, number: int) -> None:
    with running(tmp_path, "--journal", "journal") as sandbox:
        public, private = sandbox.socket(), sandbox.socket("ws_auth")
        public.subscribe("book", symbol=["BTC/USD"])
        private.subscribe("executions")
        sandbox.admin("faults", {"where": "Time", "what": "lost_answer"})
        waiting = socket.create_connection(("127.0.0.1", sandbox.port))
        waiting.sendall(b"GET /0/public/Time HTTP/1.1\r\nhost: here\r\n\r\n")
        sandbox.public("SystemStatus")
        code, seconds = sandbox.stop(number)
        assert (code, sandbox.said()) == (0, "")
        assert seconds < 60
        waiting.close()


def test_its_life_line_ends_it(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET, "--life-line", stdin=subprocess.PIPE) as sandbox:
        assert sandbox.process.stdin is not None
        sandbox.process.stdin.write(b"anything\n")
        sandbox.process.stdin.flush()
        sandbox.public("Time")
        sandbox.process.stdin.close()
        assert sandbox.process.wait(PATIENCE_SECONDS) == 0


def test_without_a_life_line_the_end_of_its_input_means_nothing(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET, stdin=subprocess.DEVNULL) as sandbox:
        sandbox.public("Time")
        assert sandbox.process.poll() is None


def refused(place: Path, *options: str) -> str:
    """The one line of a sandbox that cannot start."""
    done = subprocess.run(
        (*COMMAND, *options),
        cwd=place,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stdout) == (2, ""), done
    (line,) = done.stderr.splitlines()
    return line


def test_a_port_that_is_taken_is_exit_2(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET) as sandbox:
        assert f"port {sandbox.port}" in refused(tmp_path, "--port", str(sandbox.port))


def test_a_journal_that_another_holds_is_exit_2(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET, "--journal", "journal"):
        assert "held by another" in refused(tmp_path, *QUIET, "--journal", "journal")


def test_a_journal_of_other_pairs_is_exit_2(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET, "--journal", "journal") as sandbox:
        sandbox.private(
            "AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="10", volume="1"
        )
    words = ("--market", "quiet", "--pairs", "ETH/USD", "--journal", "journal")
    assert "BTC/USD" in refused(tmp_path, *words)


def test_a_file_that_is_no_journal_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("Dear diary,\n")
    assert "is not a sandbox's" in refused(tmp_path, *QUIET, "--journal", "journal")
    assert (tmp_path / "journal").read_text() == "Dear diary,\n"


def test_faults_of_a_file_are_there_from_the_start(tmp_path: Path) -> None:
    faults = '{"where":"Time","what":"error","error":"EService:Busy"}\n'
    (tmp_path / "faults").write_text(faults)
    with running(tmp_path, *QUIET, "--faults", "faults") as sandbox:
        assert sandbox.public("Time") == ["EService:Busy"]
        assert "unixtime" in sandbox.public("Time")


def view(sandbox: Sandbox) -> dict[str, object]:
    """Everything that a client can see of its account."""
    answers = {
        name: sandbox.private(name)
        for name in (
            "Balance",
            "BalanceEx",
            "OpenOrders",
            "ClosedOrders",
            "TradesHistory",
            "Ledgers",
        )
    }
    return {
        **answers,
        "journal": sandbox.journal(),
        "depth": sandbox.public("Depth", pair="XBTUSD"),
    }


@pytest.fixture
def port() -> Iterator[str]:
    """One that no other program is given between two sandboxes."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield str(kept.getsockname()[1])


def test_kill_9_in_the_middle_of_trading_loses_nothing(tmp_path: Path, port: str) -> None:
    options = (*QUIET, "--journal", "journal", "--tier", "pro", "--port", port)
    with running(tmp_path, *options) as sandbox:
        sandbox.market("50000", "50010", "3")
        private = sandbox.socket("ws_auth")
        private.subscribe("executions")
        taken = private.add("buy", 0.5, 50010.0)["result"]["order_id"]
        resting = private.add("buy", 0.25, 49990.0, cl_ord_id="mine-1")["result"]["order_id"]
        half = private.add("sell", 2, 50005.0, post_only=True)["result"]["order_id"]
        gone = private.add("sell", 1, 60000.0)["result"]["order_id"]
        assert private.ask("cancel_order", order_id=[gone])["success"]
        sandbox.admin(
            "market",
            {"symbol": "BTC/USD", "trade": {"price": "50005", "qty": "0.75", "side": "buy"}},
        )
        before = view(sandbox)
        sandbox.kill()
    with running(tmp_path, *options) as again:
        assert (again.ready["key"], again.ready["rest"]) == (
            sandbox.ready["key"],
            sandbox.ready["rest"],
        )
        after = view(again)
        # The house's orders are remade, not remembered; clients' wait in the book again.
        (depth,) = again.public("Depth", pair="XBTUSD").values()
        assert [row[:2] for row in depth["bids"]] == [["49990.00000", "0.250"]]
        assert [row[:2] for row in depth["asks"]] == [["50005.00000", "1.250"]]
        before.pop("depth"), after.pop("depth")
        assert after == before
        private = again.socket("ws_auth")
        snapshot = private.subscribe("executions", snap_orders=True)
        assert {row["order_id"] for row in snapshot["data"]} == {resting, half}
        refused_twice = private.add("buy", 0.25, 49990.0, cl_ord_id="mine-1")
        assert not refused_twice["success"]
        again.admin(
            "market",
            {"symbol": "BTC/USD", "trade": {"price": "49990", "qty": "1", "side": "sell"}},
        )
        assert private.report("filled")["order_id"] == resting
        fills = again.journal("fill")
        assert [fill["order_id"] for fill in fills] == [taken, half, resting]
        assert len({fill["exec_id"] for fill in fills}) == 3


def test_a_nonce_from_before_the_restart_is_still_used(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET, "--journal", "journal") as sandbox:
        sandbox.private("Balance")
        sandbox.kill()
    with running(tmp_path, *QUIET, "--journal", "journal") as again:
        again._nonce = sandbox._nonce - 1
        assert again.private("Balance") == ["EAPI:Invalid nonce"]
        assert "ZUSD" in again.private("Balance")


def test_half_a_line_at_the_end_of_a_journal_is_cut_off_and_told(tmp_path: Path) -> None:
    with running(tmp_path, *QUIET, "--journal", "journal") as sandbox:
        before = sandbox.private("Balance")
        sandbox.kill()
    with (tmp_path / "journal").open("ab") as journal:
        journal.write(b'{"kind":"fil')
    with running(tmp_path, *QUIET, "--journal", "journal") as again:
        assert "cut 12 bytes" in again.said()
        assert again.private("Balance") == before


def test_a_journal_that_cannot_be_written_ends_it_before_anyone_is_answered(tmp_path: Path) -> None:
    limited = ("prlimit", "--fsize=30000", *COMMAND)
    done = subprocess.run(("which", "prlimit"), capture_output=True, check=False)
    if done.returncode:
        pytest.skip("prlimit is absent")
    with running(tmp_path, *QUIET, "--journal", "journal", command=limited) as sandbox:
        answered = 0
        with pytest.raises(OSError):
            for _ in range(1_000):
                sandbox.private("Balance")
                answered += 1
        assert sandbox.process.wait(PATIENCE_SECONDS) == 2
        assert "cannot be written" in sandbox.said()
        assert answered > 10
        written = (tmp_path / "journal").read_bytes()
        assert written.endswith(b"\n")
        assert written.count(b'"path":"/0/private/Balance"') == answered


def test_a_market_that_lives_fills_a_small_quote(tmp_path: Path) -> None:
    # Busier than by default, so that the price has no time to leave the quote behind.
    options = ("--pairs", "BTC/USD", "--market", "synthetic:100", "--tier", "pro")
    with running(tmp_path, *options) as sandbox:
        private = sandbox.socket("ws_auth")
        private.subscribe("executions")
        trades: list[dict[str, object]] = []
        for _ in range(30):  # and where it was left behind, another one
            (depth,) = sandbox.public("Depth", pair="XBTUSD", count="1").values()
            private.add("buy", 0.001, float(depth["bids"][0][0]), post_only=True)
            with suppress(AssertionError):
                trades.append(private.report("trade", 2))
                break
        assert [trade["liquidity_ind"] for trade in trades] == ["m"]
