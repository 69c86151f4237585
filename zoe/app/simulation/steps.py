"""A process that dies at a step of its journal: just before a row is durable, or just after."""

from collections.abc import Callable, Sequence
from typing import Final

from zoe.app.simulation.censor import Censor
from zoe.app.simulation.kit_stage import FILLS_IN_PART, RESTS, Stage
from zoe.app.simulation.world import World
from zoe.ports.journal import JournalRow, JournalStore
from zoe.store.in_memory import FaultyJournal

#: Enough for a desk to be reconciled, where nothing is in doubt.
_START_SECONDS: Final = 1.0
_RESTING: Final = "00000000-0000-4000-8000-00000000cafe"


class DyingJournal(FaultyJournal):
    """Implements JournalStore: another store, whose process dies when its ``step``-th row comes.

    Args:
        before: Whether the row, and those of its group, are lost with the process.
    """

    def __init__(
        self, store: JournalStore, step: int, die: Callable[[], None], *, before: bool
    ) -> None:
        super().__init__(store)
        self._left = step
        self._die = die
        self._before = before

    def disarm(self) -> None:
        """Lets the process live: no row ends it from here on."""
        self._left = 0

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        alive = self._left > 0
        self._left -= len(rows)
        dies = alive and self._left <= 0
        if not (dies and self._before):
            super().append(rows)
        if dies:
            self._die()


def walk(world: World) -> None:
    """A short story with every kind of row: an order that rests, is amended and canceled, one that
    is filled, one that is denied, a halt. A process that died is started again after each act."""
    stage = Stage(world, Censor())
    world.start()
    world.run(_START_SECONDS)
    for act in (_rests, _amends, _fills, _fills_in_part, _is_denied, _cancels, _halts):
        act(stage)
        if world.is_dead:
            world.start()
            world.run(_START_SECONDS)


def _rests(stage: Stage) -> None:
    stage.place(RESTS, _RESTING)
    stage.world.run(0.5)


def _amends(stage: Stage) -> None:
    stage.amend(_RESTING, limit_price="89510")
    stage.world.run(0.5)


def _fills(stage: Stage) -> None:
    stage.place({"quantity": "0.001", "limit_price": "90100"})
    stage.world.run(0.5)


def _fills_in_part(stage: Stage) -> None:
    if not stage.world.is_dead:
        stage.market()
    stage.place(FILLS_IN_PART)
    stage.world.run(0.5)


def _is_denied(stage: Stage) -> None:
    stage.place({"quantity": "100", "limit_price": "90100"})
    stage.world.run(0.2)


def _cancels(stage: Stage) -> None:
    stage.world.say("order.cancel", {"order": _RESTING})
    stage.world.run(0.5)


def _halts(stage: Stage) -> None:
    stage.world.say("halt", {"why": "a story"})
    stage.world.run(1)
