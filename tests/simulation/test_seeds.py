"""The whole desk in virtual time: whatever a seed does to it, the auditor finds nothing.

``ZOE_SEEDS=0:1000`` runs other seeds; ``zoe simulate`` runs thousands.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from loguru import logger

from zoe.app.simulation.kit import SCRIPTS
from zoe.app.simulation.scenario import KINDS, still_setting, tell
from zoe.app.simulation.tables import ORDER, TABLES, unused, used
from zoe.app.simulation.world import World


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The log of one simulation would be longer than all other output."""
    logger.disable("zoe")
    yield
    logger.enable("zoe")


FIRST, LAST = (int(part) for part in os.environ.get("ZOE_SEEDS", "0:40").split(":"))


@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_a_swarm_of_faults_breaks_no_promise(seed: int) -> None:
    story = tell(seed)
    assert story.violations == []


@pytest.mark.parametrize("kind", ("none", *KINDS))
def test_each_kind_of_fault_alone_breaks_no_promise(kind: str) -> None:
    stories = [tell(seed, kind) for seed in range(1_000, 1_003)]
    assert [story.violations for story in stories] == [[]] * len(stories)
    assert all(story.orders for story in stories)
    faulted = any(story.faults for story in stories)
    assert faulted == (kind not in ("none", "people", "hands"))


def test_a_seed_without_faults_trades_and_walks_the_usual_rows() -> None:
    story = tell(7, "none")
    assert story.fills > 0
    walked = {(state, happened) for table, state, happened in used(story.rows) if table == ORDER}
    assert {("WAITING", "send"), ("SENDING", "acknowledged"), ("WORKING", "fill")} <= walked


def test_the_kit_plays_each_script_and_leads_into_the_rare_rows_of_the_tables() -> None:
    stories = [tell(number, "kit") for number in range(len(SCRIPTS))]
    assert [story.violations for story in stories] == [[]] * len(stories)
    assert {name for story in stories for name in story.faults} == {name for name, _ in SCRIPTS}
    walked = {row for story in stories for row in used(story.rows)}
    left = unused(walked)
    assert left == {table: [] for table in TABLES}


def test_a_digest_tells_apart_what_messages_say_and_not_only_their_kinds() -> None:
    def digest(why: str) -> str:
        world = World(1, still_setting(1))
        world.start()
        world.ready()
        world.ask("halt", why=why)
        return world.digest()

    assert digest("one") == digest("one") != digest("two")


def test_the_same_seed_does_the_same_in_two_processes_with_other_hash_seeds() -> None:
    program = (
        "from loguru import logger; logger.remove()\n"
        "from zoe.app.simulation.scenario import tell\n"
        "print(*(tell(seed).hash for seed in range(20, 26)))"
    )
    said = {
        subprocess.run(
            (sys.executable, "-P", "-c", program),
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(said) == 1
    assert len(set(said.pop().split())) == 6


@pytest.mark.parametrize("part", range(4))
def test_a_desk_killed_at_any_step_of_its_journal_goes_on_as_if_it_had_not_been(part: int) -> None:
    # Every second step, each before and after it is durable; ``zoe simulate`` takes all of them.
    stories = [tell(step, "steps") for step in range(part, 72, 8)]
    assert [story.violations for story in stories] == [[]] * len(stories)
    assert [story.crashes for story in stories[:8]] == [1] * 8, "each dies at its own step"
