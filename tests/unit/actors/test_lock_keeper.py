"""The account's lock is looked at again and again, and its loss is told."""

from collections.abc import Callable
from functools import partial

from stage import Stage

from zoe.actors.lock_keeper import EXIT_ANOTHER_DESK, PERIOD_SECONDS, LockKeeper
from zoe.domain.errors import StoreError
from zoe.messages.system import AccountLockChanged


def keeper(take: Callable[[], bool]) -> Stage:
    return Stage("lock_keeper", partial(LockKeeper, take), ("risk",))


def test_a_lock_that_is_held_is_no_news() -> None:
    stage = keeper(lambda: True)
    stage.run(60)
    assert stage.said["risk"] == []


def test_a_lost_lock_is_told_until_it_is_back_and_its_return_at_once() -> None:
    down = [True]

    def take() -> bool:
        if down[0]:
            raise StoreError("the connection is gone")
        return True

    stage = keeper(take)
    stage.run(30)
    down[0] = False
    stage.run(30)
    news = stage.heard("risk", AccountLockChanged)
    assert [n.held for n in news] == [False] * (len(news) - 1) + [True]
    assert len(news) > 10
    assert "connection" in news[0].reason


def test_a_lock_is_taken_again_within_a_second() -> None:
    looks = iter([StoreError("gone")])

    def take() -> bool:
        problem = next(looks, None)
        if problem is not None:
            raise problem
        return True

    stage = keeper(take)
    stage.run(PERIOD_SECONDS + 1)
    assert [n.held for n in stage.heard("risk", AccountLockChanged)] == [False, True]


def test_a_restart_tells_how_it_is_since_nobody_knows_what_was_told_before() -> None:
    looks = iter([StoreError("gone"), RuntimeError("a bug")])

    def take() -> bool:
        problem = next(looks, None)
        if problem is not None:
            raise problem
        return True

    stage = keeper(take)
    stage.run(PERIOD_SECONDS + 2)
    assert [n.held for n in stage.heard("risk", AccountLockChanged)] == [False, True]


def test_a_lock_that_another_desk_holds_ends_the_process() -> None:
    stage = keeper(lambda: False)
    stage.run(10)
    assert stage.runtime.code == EXIT_ANOTHER_DESK
