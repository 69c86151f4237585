"""A drill: whatever becomes of requests and of the desk, each wish is executed at most once.

``ZOE_DRILL`` says how many wishes a fault gets (the full drill has 200, kills the desk ten times a
fault, and stops one to see the dead-man's switch at work), ``ZOE_SEED`` which ones.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest
import sandboxes
from askers import FATE_SECONDS, Askers, Wish, wishes
from commands import ZOE
from desks import QUIET, Row
from guests import GuestDesk, guest

WISHES = int(os.environ.get("ZOE_DRILL", "12"))
FULL = WISHES >= 200
#: The desk is killed once for so many wishes.
WISHES_A_KILL = 20 if WISHES > 20 else 8
FAULTS: list[Row] = [
    {"what": "late", "ms": 2_500},
    {"what": "lost_answer"},
    {"what": "slow", "ms": 6_000},
    {"what": "http_502"},
    {"what": "reset", "executed": True},
]
CONFIG = f"""
[exchange]
tier = "pro"
lag_ms = 500
[risk]
max_open_orders = 1000
max_orders_per_minute = 5000
{QUIET}"""
#: The exchange's timer is set to 60 s every 15 to 20 s.
DEAD_MAN_SECONDS = 62
#: So many wish at a halt, half of them before it.
HALTED_AMONG = 120
HALTED = {"TRADING_HALTED"}
#: What an answer may say, and whether the exchange has the order then.
PLACED, DENIED, NOT_PLACED = 0, 1, 4


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=[str(fault["what"]) for fault in FAULTS])
def test_each_wish_is_executed_at_most_once_and_its_asker_learns_its_fate(
    tmp_path: Path, fault: Row
) -> None:
    seed = int(os.environ.get("ZOE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"ZOE_SEED={seed}")
    chance = random.Random(seed)
    with (
        sandboxes.running(tmp_path, "--port", "0", command=(*ZOE, "sandbox")) as host,
        guest(tmp_path, CONFIG, host) as running,
    ):
        running.start()
        running.ready()
        host.admin("faults", {"where": "AddOrder", "every": 3, "count": 10 * WISHES} | fault)
        wanted = wishes(WISHES, chance)
        askers, doubts_ms = Askers(running.door, wanted), [0]
        for left in range(WISHES - WISHES_A_KILL, -1, -WISHES_A_KILL):
            running.until(lambda left=left: askers.left <= left, FATE_SECONDS)
            if FULL:
                doubts_ms.append(longest_doubt_ms(running.zoe("status", "--json")[1]))
            running.kill()
            running.start()
        askers.done()
        doubts_ms.append(longest_doubt_ms(running.ready()))
        slowest = max(wish.seconds for wish in wanted)
        codes = {wish.code for wish in wanted}
        print(f"{fault['what']}: {WISHES} wishes, answers {codes}, slowest {slowest:.1f} s")
        print(f"longest doubt {max(doubts_ms) / 1_000:.1f} s")
        assert told_otherwise(running, wanted) == []
        assert running.sent_twice() == []
        assert running.settled() == []
        assert running.stop() == 0


@pytest.mark.slow
def test_no_order_is_accepted_after_a_halt_has_returned(tmp_path: Path) -> None:
    wanted = wishes(HALTED_AMONG, random.Random(1))
    with (
        sandboxes.running(tmp_path, "--port", "0", command=(*ZOE, "sandbox")) as host,
        guest(tmp_path, CONFIG, host) as running,
    ):
        running.start()
        running.ready()
        for fault in FAULTS:
            host.admin("faults", {"where": "AddOrder", "every": 11, "count": 5} | fault)
        askers = Askers(running.door, wanted, denials=HALTED)
        running.until(lambda: askers.left <= HALTED_AMONG // 2, FATE_SECONDS)
        code, answer = running.zoe("halt", "--why", "a drill", "--timeout", "60", "--json")
        accepted = running.accepted()
        assert code == 0, answer
        later = wishes(WISHES, random.Random(2))
        Askers(running.door, later, denials=HALTED).done()
        askers.done()
        assert {wish.code for wish in later} == {DENIED}
        assert running.accepted() == accepted
        assert running.stop() == 0


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="takes over a minute: ZOE_DRILL=200 runs it")
def test_a_desk_that_hangs_loses_its_orders_within_the_dead_mans_time(tmp_path: Path) -> None:
    with (
        sandboxes.running(tmp_path, "--port", "0", command=(*ZOE, "sandbox")) as host,
        guest(tmp_path, CONFIG, host) as running,
    ):
        running.start()
        running.ready()
        Askers(running.door, wishes(16, random.Random(2))).done()
        assert running.process is not None
        running.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        running.until(lambda: resting(running) == set(), DEAD_MAN_SECONDS)
        print(f"orders gone {time.monotonic() - stopped:.1f} s after the desk was stopped")
        running.process.send_signal(signal.SIGCONT)
        running.until(lambda: running.zoe("status")[0] == 0)
        assert running.settled() == []


def longest_doubt_ms(status: Row | None) -> int:
    """The longest that an order was in doubt since the desk's start, as it says; 0 where none was."""
    return ((status or {}).get("doubt_times") or {}).get("max_ms") or 0


def resting(running: GuestDesk) -> set[str]:
    """The exchange's ids of limit orders that are open there."""
    kinds: dict[str, set[str]] = {}
    for row in running.truth():
        if row.get("order_id"):
            kinds.setdefault(row["order_id"], set()).add(row["kind"])
    return {name for name, known in kinds.items() if known == {"order_accepted"}}


def told_otherwise(running: GuestDesk, wanted: list[Wish]) -> list[str]:
    """Wishes whose asker was told something else than what the exchange knows."""
    placed: dict[str, int] = {}
    for row in running.truth():
        if row["kind"] == "order_accepted":
            placed[row["order_id"]] = placed.get(row["order_id"], 0) + 1
    said = [f"{name} was placed {count} times" for name, count in placed.items() if count > 1]
    told = [wish.order_id for wish in wanted if wish.code == PLACED]
    said += [f"{name}: told twice" for name in told if name is None or told.count(name) > 1]
    said += [f"{name}: told, not there" for name in told if name not in placed]
    said += [f"{name}: there, nobody was told" for name in placed.keys() - set(told)]
    allowed = (PLACED, NOT_PLACED)
    said += [f"{w.key}: {w.code} {w.error}" for w in wanted if w.code not in allowed]
    return said
