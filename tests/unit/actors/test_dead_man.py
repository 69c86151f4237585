"""The dead-man's switch is kept only by a desk that lives: journal, orders and stream."""

from functools import partial

from stage import Stage

from zoe.actors.dead_man import DeadMan
from zoe.domain.deadman import PERIOD_SECONDS, TIMEOUT_SECONDS, Switch, proves_life
from zoe.messages.gateway import CancelSettled, SendDeadMan, Sent
from zoe.messages.journal import Recorded
from zoe.messages.system import (
    DeadManChanged,
    LifeProven,
    ProveLife,
    ReleaseDeadMan,
    StreamOpened,
    WatchStream,
)

OTHERS = ("orders", "gateway", "risk", "door")


def dead_man() -> Stage:
    return Stage("dead_man", partial(DeadMan, "a"), OTHERS)


def asked(stage: Stage) -> int:
    return len(stage.heard("gateway", SendDeadMan))


def live(stage: Stage) -> None:
    """Answers whatever was asked for last, as a desk that lives does."""
    stage.tell(LifeProven(stage.heard("orders", ProveLife)[-1].ref))
    stage.tell(CancelSettled(Sent.ACCEPTED))


def armed(stage: Stage) -> list[bool]:
    return [news.armed for news in stage.heard("risk", DeadManChanged)]


def test_it_is_armed_by_a_round_through_journal_orders_and_stream() -> None:
    stage = dead_man()
    assert stage.heard("gateway", WatchStream) == [WatchStream()]
    stage.tell(StreamOpened())
    assert stage.kinds() == ["deadman.round"]
    assert asked(stage) == 0
    live(stage)
    assert asked(stage) == 1
    assert armed(stage) == [True]


def test_a_journal_that_does_not_write_keeps_it_from_being_renewed() -> None:
    stage = dead_man()
    stage.answering = False
    stage.tell(StreamOpened(), 5 * PERIOD_SECONDS)
    assert stage.heard("orders", ProveLife) == []
    assert asked(stage) == 0


def test_an_order_desk_that_hangs_keeps_it_from_being_renewed_and_ends_in_a_block() -> None:
    stage = dead_man()
    stage.tell(StreamOpened())
    live(stage)
    stage.run(TIMEOUT_SECONDS)
    assert asked(stage) == 1
    assert armed(stage) == [True, False]


def test_a_proof_that_took_too_long_does_not_count() -> None:
    stage = dead_man()
    stage.answering = False
    stage.tell(StreamOpened())
    stage.run(11)
    stage.tell(Recorded(1))
    stage.tell(LifeProven(stage.heard("orders", ProveLife)[-1].ref))
    assert asked(stage) == 0


def test_a_refused_renewal_is_tried_again_soon() -> None:
    stage = dead_man()
    stage.tell(StreamOpened())
    stage.tell(LifeProven(stage.heard("orders", ProveLife)[-1].ref))
    stage.tell(CancelSettled(Sent.REFUSED, "EService:Busy"), 3)
    live(stage)
    assert armed(stage) == [True]


def test_a_desk_that_lives_is_armed_for_ever() -> None:
    stage = dead_man()
    stage.tell(StreamOpened())
    live(stage)
    for _ in range(20):
        stage.run(PERIOD_SECONDS)
        live(stage)
    assert set(armed(stage)) == {True}


def test_a_released_switch_is_disarmed_and_stays_so() -> None:
    stage = dead_man()
    stage.tell(StreamOpened())
    live(stage)
    stage.tell_from("risk", ReleaseDeadMan())
    assert stage.heard("gateway", SendDeadMan)[-1].timeout_seconds == 0
    stage.tell(CancelSettled(Sent.ACCEPTED))
    assert armed(stage)[-1] is False
    count = asked(stage)
    stage.run(3 * PERIOD_SECONDS)
    assert asked(stage) == count


def test_the_switch_is_relied_on_a_little_less_long_than_it_lasts() -> None:
    second = 1_000_000_000
    assert not Switch().armed(0)
    assert Switch(0).armed((TIMEOUT_SECONDS - 6) * second)
    assert not Switch(0).armed((TIMEOUT_SECONDS - 4) * second)
    assert proves_life(0, 10 * second)
    assert not proves_life(0, 10 * second + 1)
