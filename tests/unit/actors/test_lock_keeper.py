"""The account's lock is looked at again and again, and its loss is told once."""

from collections.abc import Callable
from functools import partial

from stage import Stage

from zoe.actors.lock_keeper import EXIT_ANOTHER_DESK, LockKeeper
from zoe.domain.errors import StoreError
from zoe.messages.system import AccountLockChanged


def keeper(take: Callable[[], bool]) -> Stage:
    return Stage("lock_keeper", partial(LockKeeper, take), ("risk",))


def test_a_lock_that_is_held_is_no_news() -> None:
    stage = keeper(lambda: True)
    stage.run(60)
    assert stage.said["risk"] == []


def test_a_lost_lock_is_told_once_and_its_return_once() -> None:
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
    assert [n.held for n in news] == [False, True]
    assert "connection" in news[0].reason


def test_a_lock_that_another_desk_holds_ends_the_process() -> None:
    stage = keeper(lambda: False)
    stage.run(10)
    assert stage.runtime.code == EXIT_ANOTHER_DESK
