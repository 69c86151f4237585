"""What a log line is told of the turn it was written in, and how an error is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import attrs
import pytest
from loguru import logger

from zoe.messages.gateway import AmendSettled, CancelSettled, Sent
from zoe.runtime import trace
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Fate, Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import VirtualRuntime

Lines = list[dict[str, Any]]


@attrs.frozen
class Speak(Message):
    crash: bool = False


class Speaker(Actor):
    """Writes a line whenever it can."""

    def on_start(self) -> None:
        log.info("speaker.started")

    def handle(self, message: Speak) -> None:
        log.info("speaker.spoke", actor_count=1)
        if message.crash:
            try:
                int("x")
            except ValueError as error:
                raise RuntimeError("told to") from error

    def on_stop(self) -> None:
        log.info("speaker.stopped")


@pytest.fixture
def lines() -> Iterator[Lines]:
    found: Lines = []
    logger.remove()
    logger.configure(patcher=trace.patch)
    logger.add(partial(_keep, found), level="DEBUG")
    yield found
    logger.remove()
    logger.configure(patcher=lambda record: None)


def _keep(found: Lines, message: Any) -> None:
    found.append({"event": message.record["message"], **message.record["extra"]})


def started(*children: Child) -> VirtualRuntime:
    runtime = VirtualRuntime(1)
    runtime.root((Group("g", children, intensity=3),))
    runtime.run_for(0.01)
    return runtime


def only(lines: Lines, event: str) -> dict[str, Any]:
    (line,) = [line for line in lines if line["event"] == event]
    return line


def test_a_line_of_a_turn_carries_actor_incarnation_and_ids(lines: Lines) -> None:
    runtime = started(Child("a", Speaker))
    number = runtime.find("a").tell(Speak(), correlation_id=5)
    runtime.run_for(0.01)
    line = only(lines, "speaker.spoke")
    assert line == {
        "event": "speaker.spoke",
        "actor_count": 1,
        "actor": "a",
        "incarnation": 1,
        "correlation_id": 5,
        "causation_id": None,
        "message_id": number,
    }


def test_a_line_of_a_start_carries_what_began_it(lines: Lines) -> None:
    started(Child("a", Speaker))
    line = only(lines, "speaker.started")
    assert (line["actor"], line["incarnation"], line["causation_id"]) == ("a", 1, None)
    assert line["correlation_id"] > 1 << 40


def test_a_successors_first_lines_belong_to_what_crashed_the_one_before(lines: Lines) -> None:
    runtime = started(Child("a", Speaker))
    number = runtime.find("a").tell(Speak(crash=True), correlation_id=5)
    runtime.run_for(0.01)
    second = [line for line in lines if line["event"] == "speaker.started"][1]
    assert (second["incarnation"], second["correlation_id"]) == (2, 5)
    assert second["causation_id"] == number


def test_the_lines_about_a_crash_carry_its_messages_ids(lines: Lines) -> None:
    runtime = started(Child("a", Speaker))
    number = runtime.find("a").tell(Speak(crash=True), correlation_id=5)
    runtime.run_for(0.01)
    crashed, dead = only(lines, "actor.crashed"), only(lines, "message.dead")
    assert (crashed["correlation_id"], crashed["message_id"]) == (5, number)
    assert (dead["correlation_id"], dead["dead_message_id"], dead["fate"]) == (5, number, "poison")
    assert crashed["recipient"] == dead["recipient"] == "a"
    assert crashed["error"] == "RuntimeError: told to"
    assert crashed["incarnation_lost"] == 1


@attrs.frozen
class Settled(Message):
    """An answer that may come after whoever asked has ended."""

    outlives: ClassVar[bool] = True


class Deaf(Actor):
    """Crashes on whatever it is told."""

    def handle(self, message: Message) -> None:
        raise RuntimeError("deaf")


def test_only_an_answer_that_may_come_too_late_dies_quietly() -> None:
    found: list[tuple[str, str, str]] = []
    runtime = started(Child("deaf", Deaf))
    gone = runtime.find("gone")
    runtime.close(gone, Fate.RETIRED)
    with dead_letters_lines(found):
        for message in (Settled(), CancelSettled(Sent.ACCEPTED), AmendSettled(1, Sent.ACCEPTED)):
            runtime.post(gone, message)
        runtime.post(gone, Speak())
        runtime.find("deaf").tell(Settled())
        runtime.run_for(0.01)
    assert found == [
        ("DEBUG", "Settled", "closed"),
        ("DEBUG", "CancelSettled", "closed"),
        ("DEBUG", "AmendSettled", "closed"),
        ("WARNING", "Speak", "closed"),
        ("WARNING", "Settled", "poison"),
    ]


@contextmanager
def dead_letters_lines(found: list[tuple[str, str, str]]) -> Iterator[None]:
    """Has the level, message and fate of every dead letter's line kept."""

    def keep(line: Any) -> None:
        record = line.record
        if record["message"] == "message.dead":
            extra = record["extra"]
            found.append((record["level"].name, extra["message"], extra["fate"]))

    logger.remove()
    logger.add(keep, level="DEBUG")
    yield
    logger.remove()


def test_lines_outside_turns_carry_nothing(lines: Lines) -> None:
    log.warning("nobody.spoke", why="no turn")
    assert lines == [{"event": "nobody.spoke", "why": "no turn"}]


def test_every_level_has_its_word(lines: Lines) -> None:
    for say in (log.debug, log.info, log.warning, log.error, log.critical):
        say("a.b", n=1)
    log.opt_exception("c.d", ValueError("x"), n=2)
    assert [line["event"] for line in lines] == ["a.b"] * 5 + ["c.d"]
    assert lines[-1] == {"event": "c.d", "n": 2, "error": "ValueError: x"}


def test_where_names_every_place_with_the_cause_first() -> None:
    def inner() -> None:
        raise ValueError("deep")

    try:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("high") from error
    except RuntimeError as error:
        found = trace.where(error).splitlines()
    assert found[0].endswith("test_where_names_every_place_with_the_cause_first")
    assert found[1].endswith("test_where_names_every_place_with_the_cause_first.<locals>.inner")
    assert found[2] == "ValueError: deep"
    assert found[-1] == "RuntimeError: high"


def test_where_ends_even_when_errors_cause_each_other() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert trace.where(one) == "ValueError: other\nValueError: one"
