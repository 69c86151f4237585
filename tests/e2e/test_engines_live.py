"""Both strategies of many pairs trade live, side by side, on a lively market with all the exchange's pairs.

``ZOE_ENGINES`` says for how many seconds (1800 is the whole of it; without it nothing is run), ``ZOE_SEED``
what happens.
"""

import os
import random
import time
from pathlib import Path
from typing import Any, Final

import engine_desks as engines
import pytest
from desks import PATIENCE_SECONDS, Row, differences
from engine_desks import EDGE, NAMES, TRADER
from guests import GuestDesk, guest
from sandboxes import Sandbox

SECONDS: Final = int(os.environ.get("ZOE_ENGINES", "0"))
#: Between two lines about how it is.
LINE_SECONDS: Final = 60
#: What is never in the log of a desk that is well.
BAD: Final = {"actor.crashed", "supervisor.gave_up", "strategy.state_refused", "letter.dead"}


class Meter:
    """Processor time and memory of the desk and of its exchange, since it was made."""

    def __init__(self, desk: GuestDesk) -> None:
        self._desk = desk
        self._began = time.monotonic()
        self._before = self._used()

    def _used(self) -> tuple[float, float]:
        assert self._desk.process is not None
        return seconds_of(self._desk.process.pid), self._desk.host.cpu_seconds()

    def line(self) -> str:
        """How much of a processor each has used, and what the desk holds."""
        passed = time.monotonic() - self._began
        ours, theirs = (
            100 * (now - before) / passed
            for now, before in zip(self._used(), self._before, strict=True)
        )
        assert self._desk.process is not None
        held = pss_mb(self._desk.process.pid)
        return f"{passed:5.0f} s: desk {ours:.1f} % of a processor, {held:.0f} MB; exchange {theirs:.1f} %"


def seconds_of(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss_mb(pid: int) -> float:
    """Its share of memory."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (line,) = (line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


@pytest.fixture
def host(tmp_path: Path) -> Any:
    seed = os.environ.get("ZOE_SEED", str(random.SystemRandom().randrange(1 << 32)))
    print(f"ZOE_SEED={seed}")
    with engines.lively(tmp_path, "--seed", seed) as made:
        yield made


@pytest.mark.slow
@pytest.mark.skipif(not SECONDS, reason="ZOE_ENGINES=1800 lets both strategies trade for so long")
def test_both_strategies_trade_and_everything_adds_up(tmp_path: Path, host: Sandbox) -> None:
    warm_up_seconds = min(600, SECONDS // 10)
    with guest(tmp_path, engines.config(warm_up_seconds), host) as desk:
        desk.start()
        desk.ready()
        trade_for(desk, SECONDS)
        assert ailments(desk) == []
        for name in NAMES:
            tell(engines.shown(desk, name))
        code, answer = desk.zoe("halt", "--why", "comparing", "--timeout", "60", "--json")
        assert code == 0, answer
        desk.until(lambda: engines.apart(desk, {}) == {}, PATIENCE_SECONDS)
        desk.until(lambda: desk.zoe("ledger", "verify", "--json")[0] == 0, PATIENCE_SECONDS)
        assert differences(desk) == []
        assert desk.zoe("drift", "--json") == (0, [])
        assert engines.opened_twice(desk) == []
        traded(desk)
        code, split = desk.zoe("pnl", "--split", "--json")
        print("profit", code, split)
        explained(desk)
        assert ailments(desk) == []
        assert desk.stop() == 0
        code, verdict = desk.zoe("ledger", "verify", "--json")
        assert (code, verdict["problems"]) == (0, [])


def trade_for(desk: GuestDesk, seconds: float) -> None:
    """Lets it trade, and says now and then how it is."""
    meter, began = Meter(desk), time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        desk.pause(min(LINE_SECONDS, seconds - passed))
        assert desk.process is not None
        assert desk.process.poll() is None, "the desk has ended"
        truth = desk.truth()
        orders, fills = (
            sum(row["kind"] == kind for row in truth) for kind in ("order_accepted", "fill")
        )
        print(f"{meter.line()}; {orders} orders, {fills} fills", flush=True)


def ailments(desk: GuestDesk) -> list[str]:
    """What a desk that is well does not have: dead letters, restarts, alarms."""
    code, status = desk.zoe("status", "--json")
    found = [] if code == 0 else [f"zoe status says {code}"]
    if status["dead_letters"]:
        found.append(f"{status['dead_letters']} dead letters")
    found += [
        f"{v['name']} restarted: {v['last_error']}" for v in status["actors"] if v["restarts"]
    ]
    lines = engines.log_lines(desk)
    found += [str(line) for line in lines if line["level"] in ("ERROR", "CRITICAL")]
    return found


def tell(found: Row) -> None:
    """What one reads of a strategy, in two lines."""
    kept = ("mode", "pairs", "wakes", "decisions", "day_usd", "equity_usd")
    print(found["name"], {name: found[name] for name in kept})
    print("  ", found["reasons"], found["scan"] and found["scan"]["gates"])


def traded(desk: GuestDesk) -> None:
    """Both have bought and sold."""
    fills = engines.executed(desk)
    print("orders", dict(engines.placed(desk)))
    print("fills", dict(fills))
    assert fills[EDGE, "bid.0"] > 0
    assert fills[EDGE, "ask.0"] > 0
    if SECONDS >= 1_200:  # it enters at the close of a bar of five minutes, and not at each
        assert fills[TRADER, "entry"] > 0
        assert sum(n for (name, slot), n in fills.items() if name == TRADER and slot != "entry") > 0


def explained(desk: GuestDesk) -> None:
    """The newest fill of each strategy goes back to a tick, to a fair value, and to reasons."""
    orders = {row["intent_id"]: row for row in desk.listed("orders", "--all")}
    newest = {orders[row["intent_id"]]["source"]: row for row in desk.listed("fills")}
    for source, fill in newest.items():
        found = engines.chain(desk, fill["exec_id"])
        assert {"decision.made", "order.sending", "order.fill"} <= found["kinds"], found["kinds"]
        # An order that was changed since goes back to each decision that changed it.
        body, tick = found["decisions"][-1]["body"], found["ticks"][-1]
        print(source, fill["exec_id"], tick, body["reasons"], body["wants"])
        assert (tick["symbol"], body["pair"]) == (fill["pair"], fill["pair"])
        assert body["reasons"]
        (want,) = (
            w for w in body["wants"] if orders[fill["intent_id"]]["slot"].endswith(w["slot"])
        )
        assert want["reason"]
        if source == f"strategy/{EDGE}":
            assert "fair" in want["reason"]
