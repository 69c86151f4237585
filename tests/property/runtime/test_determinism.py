"""The same seed gives the same messages: over runs, over processes, over hash seeds."""

import os
import subprocess
import sys
from pathlib import Path

from probes import ENDLESS, Away, Crash, Later, Newest, Say, Spawn, Urgent, Work, World

from zoe.runtime.supervisor import Group
from zoe.runtime.virtual import VirtualRuntime

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def digest(seed: int) -> str:
    """What a busy little tree does: restarts, timers, lanes, children."""
    runtime = VirtualRuntime(seed)
    world = World(runtime)
    members = tuple(world.probe(name, dispatcher="d", **ENDLESS) for name in "abc")
    world.start(Group("g", members, strategy="rest_for_one", **ENDLESS), world.probe("e"))
    for number in range(40):
        ring = Work(number, (Say("e", Newest(number, name=str(number % 3))),))
        steps = (Later(0.01 * (number % 4), ring), Away(Urgent(number, (Say("c", ring),))))
        crash = (Crash(),) if number % 7 == 3 else ()
        world.do("abc"[number % 3], *steps, Spawn(f"n{number % 5}", ring), *crash)
        if number % 5 == 4:
            runtime.run_for(0.002)
    runtime.run_for(5)
    assert world.end() == 0
    return runtime.digest()


def elsewhere(seed: int, hash_seed: str) -> str:
    """The digest that a process of its own computes."""
    path = os.pathsep.join((str(HERE), str(ROOT)))
    code = f"import test_determinism as t; print(t.digest({seed}))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    done = subprocess.run(
        (sys.executable, "-W", "ignore", "-c", code),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def test_the_digest_is_the_same_in_fresh_processes_with_other_hash_seeds() -> None:
    found = {elsewhere(7, hash_seed) for hash_seed in ("0", "4242")}
    assert found == {digest(7)}


def test_other_seeds_give_other_orders() -> None:
    assert len({digest(seed) for seed in range(8)}) == 8


def test_seeds_reach_other_interleavings() -> None:
    """Not only other ids or times: who comes first differs."""
    firsts = set()
    for seed in range(30):
        world = World(VirtualRuntime(seed))
        world.start(*(world.probe(name) for name in "abc"), world.probe("sink"))
        for number, name in enumerate("abc"):
            world.do(name, Say("sink", Work(number)))
        world.until(lambda w=world: len(w.numbers("sink")) == 3)  # type: ignore[misc]  # a default
        firsts.add(tuple(world.numbers("sink")))
    assert len(firsts) == 6
