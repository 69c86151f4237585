"""Lines that are written a moment after they were said."""

import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from loguru import logger

from zoe.runtime import log as late_log
from zoe.runtime import trace
from zoe.runtime.actor import Actor
from zoe.runtime.log import LateLines, log
from zoe.runtime.message import Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import Stop
from zoe.runtime.virtual import VirtualRuntime

PATIENCE_SECONDS = 60


class Speaker(Actor):
    """Writes a line for each message."""

    def handle(self, message: Message) -> None:
        log.info("speaker.spoke", said="something")


@pytest.fixture
def written() -> Iterator[list[Any]]:
    found: list[Any] = []
    logger.remove()
    logger.configure(patcher=trace.patch)
    logger.add(lambda message: found.append(message.record), level="INFO")
    yield found
    log.late = None
    logger.remove()
    logger.configure(patcher=lambda record: None)


def events(written: list[Any]) -> list[str]:
    return [record["message"] for record in written]


def test_a_line_waits_and_is_written_with_the_time_and_the_ids_of_its_moment(
    written: list[Any],
) -> None:
    late = log.late = LateLines()
    runtime = VirtualRuntime(1)
    runtime.root((Group("g", (Child("speaker", Speaker),)),))
    before = datetime.now(UTC)
    number = runtime.find("speaker").tell(Message(), correlation_id=5)
    runtime.run_for(0.01)
    after = datetime.now(UTC)
    assert written == []
    late.flush()
    (line,) = written
    assert before <= line["time"] <= after
    ids = {"actor": "speaker", "incarnation": 1, "correlation_id": 5, "causation_id": None}
    assert line["extra"] == ids | {"message_id": number, "said": "something"}


def test_what_a_person_should_know_is_written_at_once_behind_what_waits(
    written: list[Any],
) -> None:
    log.late = LateLines()
    log.info("one.happened")
    log.info("two.happened")
    log.debug("nobody.reads")
    log.warning("three.happened")
    assert events(written) == ["one.happened", "two.happened", "three.happened"]
    log.info("four.happened")
    log.opt_exception("five.happened", ValueError("x"))
    assert events(written)[3:] == ["four.happened", "five.happened"]


class Worrier(Actor):
    """Warns of each message, which writes what waits."""

    def handle(self, message: Message) -> None:
        log.warning("worrier.warned")


def test_a_line_said_outside_of_any_turn_has_no_ids_whoever_writes_it(written: list[Any]) -> None:
    log.late = LateLines()
    runtime = VirtualRuntime(1)
    runtime.root((Group("g", (Child("worrier", Worrier),)),))
    log.info("thread.told", said="something")
    runtime.find("worrier").tell(Message())
    runtime.run_for(0.01)
    told, warned = written
    assert (told["message"], told["extra"]) == ("thread.told", {"said": "something"})
    assert warned["extra"]["actor"] == "worrier"


def test_whoever_says_too_much_writes_it_himself(
    written: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_log, "MOST_WAITING", 10)
    log.late = LateLines()
    for _ in range(11):
        log.info("again.happened")
    assert len(written) == 11


def test_the_writing_thread_wakes_for_a_line_after_a_long_silence(
    written: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_log, "PAUSES", 0)
    late = log.late = LateLines()
    stop, came = Stop(), threading.Event()
    logger.add(lambda message: came.set(), level="INFO")
    thread = threading.Thread(target=partial(late.run, stop))
    thread.start()
    try:
        for _ in range(3):
            came.clear()
            log.info("rare.happened")
            assert came.wait(PATIENCE_SECONDS)
    finally:
        stop.request()
        log.info("last.happened")
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    log.flush()
    assert events(written) == ["rare.happened"] * 3 + ["last.happened"]


def test_the_writing_thread_sleeps_after_some_pauses_without_a_line_and_not_before(
    written: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_log, "PAUSES", 2)
    late = log.late = LateLines()
    paused: list[float] = []
    slept: list[tuple[int, bool]] = []

    class Paces:
        def wait(self, seconds: float) -> bool:
            paused.append(seconds)
            if len(paused) == 5:
                log.info("rare.happened")
            return len(paused) > 7

    class Bell:
        def get(self, timeout: float) -> None:
            slept.append((len(paused), late._asleep))
            raise queue.Empty

        def put(self, _: None) -> None:
            """Nobody is woken here."""

    monkeypatch.setattr(late, "_wake", Bell())
    late.run(Paces())
    assert slept == [(3, True), (4, True)]
