"""Heartbeat: every component's last sign of life, what ``health`` and ``status`` show.

Receives: Beat, DoubtSettled, ReportHealth, Tick. Tells: whoever asks HealthReported. Blocks on nothing: rows go
to the store by the lane ``health``; a store that is down costs a line in the log, once.
A restart knows nothing until the next beats, two seconds later; doubts are counted anew.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, assert_never

import attrs

from zoe.domain.doubt_times import DoubtTimes
from zoe.domain.errors import StoreError
from zoe.messages.system import Beat, DoubtSettled, HealthReported, ReportHealth, Tick
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

WRITE_SECONDS: Final = 5

#: component, status, wall time in nanoseconds, detail
HealthRow = tuple[str, str, int, str]


@attrs.frozen
class _Written(Message):
    outcome: Outcome[None]


Inbox = Beat | DoubtSettled | ReportHealth | Tick | _Written


class Heartbeat(Actor):
    """Keeps the newest beat of each component, and writes them down now and then.

    Args:
        write: Makes health rows durable; runs on the lane ``health``.
        vitals: The runtime's own figures as beats: one for each actor.
        alive: Called on each round; tells the service manager that we live.
        patience_seconds: How often the service manager wants to hear that, where it does.
    """

    def __init__(
        self,
        write: Callable[[Sequence[HealthRow]], None],
        vitals: Callable[[], Sequence[Beat]],
        alive: Callable[[], None],
        patience_seconds: float | None = None,
    ) -> None:
        super().__init__()
        self._write = write
        self._vitals = vitals
        self._alive = alive
        self._round_seconds = min(WRITE_SECONDS, patience_seconds or WRITE_SECONDS)
        #: With the wall time in nanoseconds for others, and the monotonic one for its age.
        self._beats: dict[str, tuple[Beat, int, int]] = {}
        self._doubt_times = DoubtTimes()
        self._writing = False
        self._failed = False

    def on_start(self) -> None:
        self.after(min(1, self._round_seconds), Tick("write"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Beat():
                self._note(message)
            case DoubtSettled():
                self._doubt_times.add(message.took_ns)
            case ReportHealth():
                self._report()
            case Tick():
                self._round()
            case _Written():
                self._written(message.outcome)
            case _:
                assert_never(message)

    def _note(self, beat: Beat) -> None:
        before = self._beats.get(beat.component)
        if before is not None and before[0].status != beat.status:
            log.info(
                "health.changed",
                component=beat.component,
                was=before[0].status,
                status=beat.status,
                detail=beat.detail,
            )
        self._beats[beat.component] = (beat, self.clock.wall_ns(), self.clock.monotonic_ns())

    def _round(self) -> None:
        self._alive()
        for beat in self._vitals():
            self._note(beat)
        rows = [(b.component, b.status, at, b.detail) for b, at, _ in self._beats.values()]
        if not self._writing:
            self._writing = True
            self.offload(partial(self._write, rows), _Written, lane="health")
        self.after(self._round_seconds, Tick("write"))

    def _written(self, outcome: Outcome[None]) -> None:
        self._writing = False
        failed = isinstance(outcome.error, StoreError)
        if not failed:
            outcome.value()
        elif not self._failed:
            log.warning("health.not_written", error=str(outcome.error))
        self._failed = failed

    def _report(self) -> None:
        now_ns = self.clock.monotonic_ns()
        beats = sorted(self._beats.values(), key=lambda known: known[0].component)
        self.reply(
            HealthReported(
                tuple((b.component, b.status, b.detail, now_ns - at) for b, _, at in beats),
                tuple(self._doubt_times.summary().items()),
                next((b.drift for b, _, _ in beats if b.drift is not None), None),
            )
        )
