"""Heartbeat: the newest sign of life of every component, also while the store is down."""

from collections.abc import Sequence
from typing import Any

import pytest
from loguru import logger

from zoe.actors.heartbeat import HealthRow, Heartbeat
from zoe.domain.errors import StoreError
from zoe.messages.system import Beat, DoubtSettled, HealthReported, ReportHealth
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import VirtualRuntime


class Stage:
    """The Heartbeat in virtual time, with a store that fails as told."""

    def __init__(self, patience_seconds: float | None = None) -> None:
        self.runtime = VirtualRuntime(1)
        self.written: list[Sequence[HealthRow]] = []
        self.alive = 0
        self.error: Exception | None = None
        self.vitals: list[Beat] = []
        child = Child(
            "heartbeat",
            lambda: Heartbeat(self._write, self._vitals, self._alive, patience_seconds),
        )
        self.runtime.root((Group("edge", (child,), intensity=0),))

    def _write(self, rows: Sequence[HealthRow]) -> None:
        if self.error is not None:
            raise self.error
        self.written.append(rows)

    def _vitals(self) -> Sequence[Beat]:
        return self.vitals

    def _alive(self) -> None:
        self.alive += 1

    def beat(self, component: str, status: str = "ok", detail: str = "") -> None:
        self.runtime.find("heartbeat").tell(Beat(component, status, detail))

    def report(self) -> dict[str, tuple[str, str, int]]:
        found = self.runtime.ask(self.runtime.find("heartbeat"), ReportHealth(), 1)
        assert isinstance(found, HealthReported)
        return {name: (status, detail, age) for name, status, detail, age in found.components}


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def events() -> Any:
    seen: list[str] = []
    sink = logger.add(lambda message: seen.append(message.record["message"]))
    yield seen
    logger.remove(sink)


def test_the_newest_sign_of_each_component_is_reported_with_its_age(stage: Stage) -> None:
    stage.beat("store", "down", "seq 1")
    stage.beat("feed")
    stage.runtime.run_for(3)
    stage.beat("store", "ok", "seq 2")
    stage.runtime.run_for(2)
    found = stage.report()
    assert found["store"][:2] == ("ok", "seq 2")
    assert round(found["store"][2] / 1e9) == 2
    assert round(found["feed"][2] / 1e9) == 5


def test_signs_are_written_down_with_the_runtimes_own_every_few_seconds(stage: Stage) -> None:
    stage.beat("store", "ok", "seq 2")
    stage.vitals = [Beat("actor/journal", "ok", "handled 7")]
    stage.runtime.run_for(12)
    assert len(stage.written) == 3
    assert {row[0] for row in stage.written[-1]} == {"store", "actor/journal"}
    assert stage.alive == 3


def test_a_service_manager_hears_as_often_as_it_asks_that_the_desk_lives() -> None:
    impatient, patient = Stage(1), Stage(15)
    impatient.runtime.run_for(10.5)
    patient.runtime.run_for(10.5)
    assert (impatient.alive, patient.alive) == (10, 2)


def test_a_store_that_is_down_is_said_once_and_nothing_else_stops(
    stage: Stage, events: list[str]
) -> None:
    stage.error = StoreError("down")
    stage.runtime.run_for(31)
    assert events.count("health.not_written") == 1
    assert stage.alive == 7
    stage.error = None
    stage.runtime.run_for(10)
    assert stage.written
    stage.error = StoreError("down")
    stage.runtime.run_for(10)
    assert events.count("health.not_written") == 2


def test_a_bug_in_the_writing_is_not_taken_for_a_store_that_is_down(stage: Stage) -> None:
    stage.error = KeyError("x")
    stage.runtime.run_for(10)
    assert stage.runtime.code == 70


def test_a_change_of_state_is_logged_and_a_repetition_is_not(
    stage: Stage, events: list[str]
) -> None:
    for status in ("ok", "ok", "down", "down", "ok"):
        stage.beat("feed", status)
        stage.runtime.run_for(0.1)
    assert events.count("health.changed") == 2


def test_the_times_of_settled_doubts_are_reported(stage: Stage) -> None:
    for took_ms in (4_000, 9_000):
        stage.runtime.find("heartbeat").tell(DoubtSettled(took_ms * 1_000_000))
    found = stage.runtime.ask(stage.runtime.find("heartbeat"), ReportHealth(), 1)
    assert isinstance(found, HealthReported)
    times = {"count": 2, "p50_ms": 4_000, "p99_ms": 9_000, "max_ms": 9_000}
    assert dict(found.doubt_times) == times


def test_what_the_books_cannot_explain_is_reported(stage: Stage) -> None:
    heartbeat = stage.runtime.find("heartbeat")
    for drift in (None, (), ("order O2",)):
        heartbeat.tell(Beat("books", "ok", "", drift))
        stage.runtime.run_for(0.1)
        stage.beat("feed", "ok")
        found = stage.runtime.ask(heartbeat, ReportHealth(), 1)
        assert isinstance(found, HealthReported)
        assert found.drift == drift
