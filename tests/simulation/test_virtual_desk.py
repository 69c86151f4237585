"""The whole desk in virtual time: seeds choose kills, lost answers, gaps and store errors.

``ZOE_SEEDS=0:1000`` runs more of them.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from journal import Fate, FaultyJournal
from small_market import small_market
from virtual_desk import VirtualDesk

from zoe.ports.journal import JournalStore
from zoe.runtime.message import Fate as End
from zoe.sandbox.core.wire import HttpRequest, HttpResponse

FIRST, LAST = (int(part) for part in os.environ.get("ZOE_SEEDS", "0:24").split(":"))
SEEDS = range(FIRST, LAST)
OF_REQUESTS = ("late", "lost_answer", "slow", "not_executed", "error", "reset", "disconnect")
OF_STREAMS = ("gap", "duplicate", "silence", "disconnect", "bad_checksum")
ERRORS = (
    *("EService:Busy", "EService:Unavailable"),
    *("EOrder:Insufficient funds", "EOrder:Rate limit exceeded"),
)
FATES = (*[Fate.DONE] * 8, Fate.FAILED, Fate.ANSWER_LOST, Fate.REQUEST_LOST)


def admin(desk: VirtualDesk, method: str, body: dict[str, object]) -> None:
    request = HttpRequest(
        *(desk.boots, method, "/sandbox/faults", "", {"content-type": "application/json"}),
        json.dumps(body).encode(),
    )
    (answer,) = desk.exchange.request(desk.runtime.clock.wall_ns(), request)
    assert isinstance(answer.payload, HttpResponse)
    assert answer.payload.status == 200, answer.payload.body


def plant(desk: VirtualDesk, rng: random.Random) -> None:
    """Plants faults at the exchange, as the seed says."""
    for where in ("AddOrder", "CancelOrder", "executions", "book"):
        if rng.random() < 0.4:
            continue
        what = rng.choice(OF_REQUESTS if where.endswith("Order") else OF_STREAMS)
        fault: dict[str, object] = {
            "where": where,
            "what": what,
            "ms": rng.choice((200, 2_000, 8_000)),
            "count": rng.randrange(1, 6),
            "every": rng.randrange(1, 4),
        }
        if what == "error":
            error = rng.choice(ERRORS)
            fault |= {
                "error": error,
                "executed": error.startswith("EService") and rng.random() < 0.5,
            }
        admin(desk, "POST", fault)


def faulty(rng: random.Random) -> VirtualDesk:
    seed = rng.randrange(1 << 30)

    def fault(store: JournalStore) -> JournalStore:
        return FaultyJournal(store, [rng.choice(FATES) for _ in range(rng.randrange(60))])

    return VirtualDesk(seed, small_market(seed), fault)


def settled(desk: VirtualDesk) -> list[str]:
    answer = desk.ask("halt", why="comparing")
    assert answer["exit"] == 0, answer
    desk.run(70)  # one look more than is needed
    return desk.differences()


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_the_journal_equals_the_ground_truth(seed: int) -> None:
    rng = random.Random(seed)
    desk = VirtualDesk(seed, small_market(seed))
    for _ in range(5):
        desk.start()
        if rng.random() < 0.8:
            desk.ready()
        desk.run(rng.uniform(0, 8))
        desk.kill()
    desk.start()
    desk.ready()
    desk.run(5)
    assert settled(desk) == []
    assert desk.runtime.dead_count == 0
    assert len(desk.truth("fill")) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_of_every_kind_lose_and_double_nothing(seed: int) -> None:
    rng = random.Random(seed)
    desk = faulty(rng)
    for _ in range(4):
        desk.start()
        plant(desk, rng)
        if rng.random() < 0.8:
            desk.ready()
        desk.run(rng.uniform(0, 20))
        assert desk.runtime.code is None
        desk.kill()
    admin(desk, "DELETE", {})
    desk.start()
    desk.ready()
    desk.run(5)
    assert settled(desk) == []
    # Late answers about orders whose actors have gone, and nothing else, may die.
    assert {letter.reason for letter in desk.runtime.dead_letters()} <= {End.CLOSED}


def test_balances_follow_the_exchanges_ledger_to_the_last_digit() -> None:
    desk = VirtualDesk(3, small_market(3))
    desk.start()
    desk.ready()
    desk.run(60)
    assert settled(desk) == []
    there = {row["asset"]: row["balance"] for row in desk.truth("ledger")}
    here = {row["asset"]: row["balance"] for row in desk.ours("balance.changed")}
    assert set(here) == {"BTC", "USD"}
    assert {a: Decimal(there[a]) for a in here} == {a: Decimal(here[a]) for a in here}


def digest(seed: int) -> str:
    """What a desk did, in one line."""
    desk = VirtualDesk(seed, small_market(seed))
    desk.start()
    desk.run(20)
    truth = b"\n".join(desk.memory.lines())
    return f"{desk.runtime.digest()} {hashlib.sha256(truth).hexdigest()}"


def test_the_same_seed_does_the_same_in_two_processes_with_other_hash_seeds() -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from loguru import logger; logger.remove()\n"
        "from test_virtual_desk import digest; print(digest(5), digest(6))"
    )
    here = Path(__file__).parent
    command = (sys.executable, "-c", program, str(here), str(here.parent / "fakes"))
    said = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": hash_seed}, check=True, capture_output=True
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(said) == 1
