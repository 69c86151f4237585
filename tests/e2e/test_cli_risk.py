"""Reduce, flatten and resume on a running desk, over a kill -9, told by the exchange's own journal."""

import os
import pty
import subprocess
from decimal import Decimal
from pathlib import Path

import sandboxes
from commands import ZOE
from desks import PATIENCE_SECONDS, QUIET, Desk, Row, desk
from guests import guest

KEY = "0190a0a0-0000-8000-8000-00000000000a"


def bought(found: Desk) -> Decimal:
    """What the exchange says that the desk's fills came to in ETH/USD."""
    fills = [row for row in found.truth() if row["kind"] == "fill"]
    assert {row["symbol"] for row in fills} <= {"ETH/USD"}
    signs = {"buy": 1, "sell": -1}
    return sum((signs[row["side"]] * Decimal(row["qty"]) for row in fills), Decimal(0))


def placed(found: Desk, *words: str) -> tuple[int, Row]:
    code, answer = found.zoe("order", "place", *words, "--json")
    assert isinstance(answer, dict), answer
    return code, answer


def position(found: Desk) -> dict[str, str]:
    _, status = found.zoe("status", "--json")
    return {row["pair"]: row["position"] for row in status["positions"]}


def at_a_terminal(found: Desk, *words: str) -> tuple[int, bytes]:
    """The exit code, and what is said, where somebody sits who types ``no`` and Enter."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"no\n")
        done = subprocess.run(
            (*ZOE, *words, "--config", str(found.config)),
            env=found.environ,
            stdin=theirs,
            capture_output=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        return done.returncode, done.stdout
    finally:
        os.close(ours)
        os.close(theirs)


def test_reduce_flatten_and_resume_over_a_kill(tmp_path: Path) -> None:
    with desk(tmp_path, QUIET) as found:
        found.start()
        found.ready()
        found.until(lambda: placed(found, "buy", "ETH/USD", "0.5")[0] == 0)
        found.until(lambda: position(found) == {"ETH/USD": "0.5"})
        code, resting = placed(found, "buy", "ETH/USD", "0.5", "--limit", "100")
        assert code == 0
        code, plan = found.zoe("flatten", "--dry-run", "--json")
        assert (code, [order["quantity"] for order in plan["orders"]]) == (0, ["0.5"])
        code, answer = found.zoe("reduce", "--why", "a test", "--json")
        assert (code, answer["canceled"]) == (0, [resting["intent_id"]])
        code, answer = placed(found, "buy", "ETH/USD", "0.5", "--limit", "100")
        assert (code, answer["error"]["code"]) == (1, "REDUCING_ONLY")

        found.kill()
        found.start()
        status = found.ready()
        assert status["trading_state"] == "REDUCING"
        assert status["positions"] == [{"pair": "ETH/USD", "position": "0.5"}]
        assert at_a_terminal(found, "flatten", "--json")[0] == 2, "a document and no question"
        code, shown = at_a_terminal(found, "flatten")
        assert (code, b"Close these positions?" in shown) == (1, True), "and nobody said yes"
        assert position(found) == {"ETH/USD": "0.5"}
        answers = [found.zoe("flatten", "--key", KEY, "--json") for _ in range(2)]
        assert answers[0][0] == 0, answers
        assert answers[0] == answers[1]
        assert bought(found) == 0
        assert position(found) == {}
        assert found.zoe("resume")[0] == 0
        assert found.ready()["trading_state"] == "ACTIVE"


LOSSES = """
[desk]
focus = ["BTC/USD", "ETH/USD"]
[risk]
max_order_notional = 50000
max_daily_loss_bps = 10
[strategy.quote_keeper]
mode = "off"
"""


def test_what_fills_lost_that_came_while_the_desk_was_down_trips_the_breaker(
    tmp_path: Path,
) -> None:
    options = ("--port", "0", "--market", "quiet", "--seed", "3")
    with sandboxes.running(tmp_path, *options, command=(*ZOE, "sandbox")) as host:
        host.admin("market", {"symbol": "ETH/USD", "best_bid": "3000", "best_ask": "3001"})
        with guest(tmp_path, LOSSES, host) as found:
            found.start()
            found.until(lambda: breaker(found)["state"] == "armed")
            found.until(lambda: placed(found, "buy", "ETH/USD", "10", "--limit", "2990")[0] == 0)
            assert breaker(found)["daily_loss_bps"] == "0"
            found.kill()
            host.admin("market", {"symbol": "ETH/USD", "best_bid": "2499", "best_ask": "2500"})
            found.until(found.filled)
            found.start()
            found.until(lambda: breaker(found)["state"] == "tripped")
            # Ten of ETH at 2990 are worth 2499.5 each: 4,905 and the fee, of a million and ten bitcoins.
            assert breaker(found)["why"].startswith("daily loss ")
            assert found.ready()["trading_state"] == "HALTED"


def breaker(found: Desk) -> Row:
    """As ``zoe status`` shows it."""
    row: Row = found.ready()["breaker"]
    return row
