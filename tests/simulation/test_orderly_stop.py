"""Orders that are approved as the desk is told to stop: sent, or known not to be, and never in doubt."""

from collections.abc import Iterator

import attrs
import msgspec
import pytest
from loguru import logger

from zoe.app.simulation.censor import Censor
from zoe.app.simulation.kit_stage import RESTS, Stage
from zoe.app.simulation.scenario import still_setting
from zoe.app.simulation.world import World
from zoe.app.tree import Parts
from zoe.messages.system import CloseDesk

#: So many stops, each another moment after the orders were wished for.
STOPS = 97
MOMENT_SECONDS = 0.000_13


class Stopping(World):
    """A world whose desk keeps its orders when it stops, or does not."""

    cancels = True

    def _parts(self) -> Parts:
        return attrs.evolve(super()._parts(), cancel_on_stop=self.cancels)


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logger.disable("zoe")
    yield
    logger.enable("zoe")


@pytest.mark.parametrize("cancels", [True, False])
def test_no_order_is_recorded_and_left_unsent_by_an_orderly_stop(*, cancels: bool) -> None:
    seen = set()
    for number in range(STOPS):
        world = Stopping(number, still_setting(number))
        world.cancels = cancels
        world.start()
        world.ready()
        stage = Stage(world, Censor())
        keys = [stage.place(RESTS) for _ in range(3)]
        world.run(MOMENT_SECONDS * number)
        world.runtime.find("closer").tell(CloseDesk("a test"))
        world.run(4)
        assert world.runtime.code == 0
        records = [msgspec.json.decode(line) for line in world.memory.lines()]
        placed = {r["cl_ord_id"] for r in records if r["kind"] == "order_accepted"}
        for row in world.journal.rows:
            if row.kind == "order.sending":
                body = msgspec.json.decode(row.body)
                state = world.order_state(body["intent_id"])
                was_placed = body["cl_ord_id"] in placed
                assert state != "SENDING", f"stop {number}, placed: {was_placed}"
        seen |= {world.order_state(key) for key in keys}
    ends = "CANCELED" if cancels else "WORKING"
    assert {"DENIED", "REJECTED", ends} <= seen
