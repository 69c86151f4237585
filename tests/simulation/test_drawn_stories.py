"""Stories that are drawn: whatever happens in them, the auditor finds nothing.

``ZOE_STORIES=5000`` draws other and more ones; a failure shrinks to a short story, and the command
that shows it message by message is printed with it.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from drawn import command, settings, shortest, stories, told
from hypothesis import given
from loguru import logger
from planted import PLANTS, adds_are_sent_twice, fills_are_dropped
from plants import Plant

from zoe.app.simulation import acts
from zoe.domain.errors import ConfigError

LONG = os.environ.get("ZOE_STORIES")


@pytest.fixture(autouse=True, scope="module")
def _silence() -> Iterator[None]:
    """The log of one simulation would be longer than all other output."""
    logger.disable("zoe")
    yield
    logger.enable("zoe")


@settings(int(LONG or 60), long=LONG is not None)
@given(story=stories())
def test_no_story_breaks_a_promise(story: str) -> None:
    hypothesis.note(command(story))
    assert told(story).violations == []


@pytest.mark.parametrize("plant", (adds_are_sent_twice, fills_are_dropped))
def test_a_planted_bug_shrinks_to_a_story_of_one_order(plant: Plant) -> None:
    assert plant in PLANTS
    found = shortest(plant, 100)
    assert found is not None
    assert re.fullmatch(r"place 1 (buy|sell) \S+ at \S+", found[0]), found


def test_each_story_on_the_page_shows_its_bug_and_none_without_it() -> None:
    page = (Path(__file__).parents[2] / "docs/planted-bugs.md").read_text()
    found = dict(re.findall(r"\| ([a-z ]+) \| `(.+?)` \|", page))
    assert len(found) >= 2
    for words, story in found.items():
        plant = next(p for p in PLANTS if p.__name__ == words.replace(" ", "_"))
        assert told(story).violations == []
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            assert told(story).violations, words


def test_a_story_can_be_shown_again_message_by_message_from_the_command_line() -> None:
    story = (
        "place 1 buy 0.002 at 89500; fault AmendOrder lost_answer 500 & amend 1 to 0.003 at 89510"
    )
    shown = command(story).removeprefix("zoe ").replace(f"'{story}'", "STORY").split()
    words = (story if word == "STORY" else word for word in shown)
    done = subprocess.run(
        (sys.executable, "-P", "-m", "zoe.cli.main", *words),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert told(story).hash in done.stderr
    assert "SendAmend" in done.stdout


def test_whoever_reads_only_the_beginning_of_a_trace_is_told_nothing_wrong_of_the_desk() -> None:
    words = (sys.executable, "-P", "-m", "zoe.cli.main", "simulate", "--seeds", "0", "--trace")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shown:
        assert shown.stdout is not None and shown.stderr is not None
        assert shown.stdout.readline()
        shown.stdout.close()
        assert shown.stderr.read() == b""
    assert shown.returncode == 128 + signal.SIGPIPE


def test_acts_at_once_and_acts_after_a_moment_are_told_apart() -> None:
    moments = acts.read("place 1 buy 0.002 at 89500 & cancel 1; kill after 2 rows\n market")
    assert [[act.text for act in moment] for moment in moments] == [
        ["place 1 buy 0.002 at 89500", "cancel 1"],
        ["kill after 2 rows"],
        ["market"],
    ]
    with pytest.raises(ConfigError, match="no act 'kil after 2 rows'"):
        acts.read("kil after 2 rows")
