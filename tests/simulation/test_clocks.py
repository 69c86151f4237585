"""A machine whose clock is wrong, and set: what is stamped by it, and what is judged by the right one."""

import random
from collections.abc import Iterator
from typing import Any

import attrs
import msgspec
import pytest
from loguru import logger

from zoe.app.simulation.auditor.audit import audit, evidence
from zoe.app.simulation.censor import Censor
from zoe.app.simulation.clocks import WrongClock
from zoe.app.simulation.kit_stage import RESTS, Stage
from zoe.app.simulation.scenario import still_setting
from zoe.app.simulation.world import World
from zoe.domain.order import State
from zoe.runtime.virtual import EPOCH_NS

SECOND_NS = 1_000_000_000
#: So many a snapshot of the stream has.
NEWEST_TRADES = 50


class Watch(WrongClock):
    """A clock that a test sets."""

    def __init__(self, seconds: int) -> None:
        super().__init__(random.Random(1))
        self._ppm = 0
        self.set(seconds)

    def set(self, seconds: int) -> None:
        """It is so far ahead of the right one from here on."""
        self._ahead_ns = seconds * SECOND_NS


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    logger.disable("zoe")
    yield
    logger.enable("zoe")


@attrs.frozen
class Desk:
    """A desk that wants nothing by itself, on a machine with this clock."""

    world: World
    stage: Stage
    clock: Watch

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of the journal's rows of a kind."""
        rows = self.world.journal.rows
        return [msgspec.json.decode(row.body) for row in rows if row.kind == kind]

    def audited(self) -> list[str]:
        """What the auditor says, once nothing is open any more."""
        world = self.world
        assert world.ask("halt", why="the end")["exit"] == 0
        world.run(6)
        rows = world.evidence_rows()
        return audit(evidence(world.memory.lines(), rows, (), world.hands.counts))

    def trades_elsewhere(self) -> None:
        """Somebody else trades, more often than the stream shows at once."""
        wish = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.0001"}
        for _ in range(NEWEST_TRADES + 1):
            self.world.hands.call("AddOrder", **wish)


def started(seconds: int = 0) -> Desk:
    clock = Watch(seconds)
    world = World(4, attrs.evolve(still_setting(4), clock=clock))
    world.start()
    return Desk(world, Stage(world, Censor()), clock)


def desk(seconds: int = 0) -> Desk:
    trial = started(seconds)
    trial.world.ready()
    return trial


@pytest.mark.parametrize("seconds", [-3_600, -5, 5, 3_600])
def test_an_order_lives_by_the_exchanges_clock_and_its_rows_by_the_machines(seconds: int) -> None:
    trial = desk(seconds)
    trial.stage.placed(RESTS)
    stamped = [row for row in trial.world.journal.rows if row.kind == "order.sending"]
    true_ns = trial.world.journal.durable_ns[stamped[0].seq]
    assert abs(stamped[0].at_ns - true_ns - seconds * SECOND_NS) < SECOND_NS
    assert EPOCH_NS < true_ns < trial.world.wall_ns() < EPOCH_NS + 60 * SECOND_NS
    assert trial.audited() == []


@pytest.mark.parametrize("seconds", [-600, 600])
def test_what_happened_while_no_desk_ran_is_found_however_the_clock_was_set(seconds: int) -> None:
    trial = desk()
    world = trial.world
    key = trial.stage.placed({**RESTS, "limit_price": "89990"})
    world.run(70)
    world.kill()
    world.admin("POST", "market", {"symbol": "BTC/USD", "best_bid": "89900", "best_ask": "89980"})
    trial.trades_elsewhere()
    trial.clock.set(seconds)
    world.start()
    world.until(lambda: world.order_state(key) == State.FILLED.value, 10)
    world.ready()
    world.run(10)
    assert trial.audited() == []


@pytest.mark.parametrize("seconds", [-60, 60])
def test_what_happened_to_a_first_desk_that_never_heard_the_exchange_is_found_however_the_clock_was_set(
    seconds: int,
) -> None:
    trial = started()
    world = trial.world
    trial.stage.fault("GetWebSocketsToken", "http_502", count=99)
    world.run(1)
    trial.trades_elsewhere()
    world.kill()
    trial.clock.set(seconds)
    world.admin("DELETE", "faults", {})
    world.start()
    world.ready()
    world.run(10)
    assert trial.audited() == []


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_doubt_over_a_restart_is_settled_in_its_time_however_the_clock_was_set(
    seconds: int,
) -> None:
    trial = desk()
    world = trial.world
    trial.stage.fault("AddOrder", "not_executed")
    key = trial.stage.place(RESTS)
    world.until(lambda: world.order_state(key) is not None, 5)
    world.kill()
    trial.clock.set(seconds)
    sent = world.virtual_seconds()
    world.start()
    world.until(lambda: world.order_state(key) == State.ABSENT.value, 20)
    assert 7 <= world.virtual_seconds() - sent <= 14, "not before deadline and lag, and soon after"
    assert trial.audited() == []


@pytest.mark.parametrize("seconds", [-600, -4, 4, 600])
def test_an_order_that_is_still_on_its_way_is_not_taken_for_absent_when_the_clock_is_set(
    seconds: int,
) -> None:
    trial = desk()
    world = trial.world
    trial.stage.fault("AddOrder", "slow", ms=4_200)
    trial.stage.fault("AddOrder", "disconnect")
    late, lost = trial.stage.place(RESTS), trial.stage.place(RESTS)
    world.until(lambda: world.order_state(lost) is not None, 5)
    trial.clock.set(seconds)
    sent = world.virtual_seconds()
    world.until(lambda: world.order_state(late) == State.WORKING.value, 20)
    world.until(lambda: world.order_state(lost) == State.ABSENT.value, 20)
    assert 7 <= world.virtual_seconds() - sent <= 14, "not before deadline and lag, and soon after"
    kinds = [row.kind for row in world.journal.rows]
    assert kinds.count("order.absent") == 1
    world.ready()
    assert trial.audited() == []


def test_where_nobody_set_the_clock_a_desk_that_starts_need_not_have_heard_the_exchange_to_settle() -> (
    None
):
    trial = desk()
    world = trial.world
    trial.stage.fault("AddOrder", "not_executed")
    key = trial.stage.place(RESTS)
    world.until(lambda: world.order_state(key) is not None, 5)
    sent = world.virtual_seconds()
    world.run(4)
    world.kill()
    trial.stage.fault("executions", "idle_close", count=100)
    world.start()
    world.until(lambda: world.order_state(key) == State.ABSENT.value, 20)
    assert 7 <= world.virtual_seconds() - sent <= 10, "by the deadline that its row has"
    world.admin("DELETE", "faults", {})
    world.ready()
    assert trial.audited() == []


def test_a_reconciler_that_crashed_is_told_the_exchanges_clock_and_goes_on_at_once() -> None:
    trial = desk(20)
    trial.world.run(6)
    trial.world.runtime.crash("reconciler")
    trial.world.run(0.5)
    since_ns = trial.world.want_look()
    trial.world.until(lambda: trial.world.looked_since(since_ns), 5)
    assert trial.audited() == []
