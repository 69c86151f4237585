"""Whether what the exchange sees has a cause that can be followed to its root."""

from array import array
from typing import Any

from zoe.app.simulation.causes import Causes
from zoe.messages.limits import RestHeld
from zoe.messages.wire import WireClose, WireSend
from zoe.runtime.actor import Actor
from zoe.runtime.message import Envelope, Message
from zoe.runtime.supervisor import Child
from zoe.runtime.turn_log import NO_CAUSE, TurnLog
from zoe.runtime.virtual import VirtualRuntime


def turn(causes: Causes, number: int, root: int, cause: int) -> None:
    """One message has been handled."""
    causes.turns(*(array("q", [value]) for value in (number, root, cause)))


def action(number: int, root: int, cause: int | None) -> Envelope:
    """Bytes for the exchange."""
    return Envelope(WireSend("private", 1, b"{}"), number, root, cause, None, None, 0)


def test_an_action_that_reaches_its_root_is_in_order() -> None:
    causes = Causes()
    turn(causes, 1, 1, NO_CAUSE)
    turn(causes, 2, 1, 1)
    causes.note(action(3, 1, 2))
    causes.note(action(4, 4, None))
    assert causes.violations() == []


def test_an_action_whose_cause_nobody_handled_is_told() -> None:
    causes = Causes()
    turn(causes, 2, 1, 1)
    causes.note(action(3, 1, 2))
    assert causes.violations() == ["action 3 follows from 1, which is no message"]


def test_a_root_that_changes_on_the_way_is_told() -> None:
    causes = Causes()
    turn(causes, 1, 1, NO_CAUSE)
    turn(causes, 2, 9, 1)
    causes.note(action(3, 9, 2))
    problem = "action 3 has another root cause than 1, which it follows from"
    assert causes.violations() == [problem]


def test_a_chain_that_ends_in_a_sound_one_has_its_root_too() -> None:
    causes = Causes()
    turn(causes, 1, 1, NO_CAUSE)
    turn(causes, 2, 1, 1)
    turn(causes, 5, 9, 2)
    for number, root, cause in ((3, 1, 2), (4, 1, 2), (6, 9, 5)):
        causes.note(action(number, root, cause))
    problem = "action 6 has another root cause than 2, which it follows from"
    assert causes.violations() == [problem]


def test_what_the_exchange_does_not_see_is_no_action_but_may_be_a_cause() -> None:
    causes = Causes()
    causes.note(Envelope(WireClose("private"), 1, 1, None, None, None, 0))
    causes.note(action(2, 1, 1))
    causes.note(Envelope(WireClose("private"), 3, 1, 7, None, None, 0))
    assert causes.violations() == []


class Relay(Actor):
    """Tells the next one whatever it hears."""

    def __init__(self, to: str) -> None:
        self._to = to

    def handle(self, message: Message) -> None:
        self.tell(self.find(self._to), message)


def test_a_runtime_tells_of_every_turn_and_shows_those_that_are_watched() -> None:
    runtime, causes = VirtualRuntime(1), Causes()
    runtime.log.listener = causes.turns
    runtime.watched[RestHeld] = causes.held_back
    runtime.endpoint("wire", causes.note)
    runtime.root((Child("first", lambda: Relay("second")), Child("second", lambda: Relay("wire"))))
    first = runtime.find("first")
    for _ in range(TurnLog.full):
        first.tell(WireSend("private", 1, b"{}"))
    first.tell(RestHeld(5, 6, 7))
    runtime.run_for(3_600)
    runtime.log.seal()
    assert causes.violations() == []
    assert [held[1] for held in causes.held] == [5, 5]


def test_turns_that_differ_in_one_value_have_another_digest() -> None:
    plain: tuple[Any, ...] = (5, 1, 1, None, "first", "WireSend")
    others = [
        (*plain[:place], value, *plain[place + 1 :])
        for place, value in enumerate((6, 2, 2, 0, "second", "WireOpen"))
    ]
    digests = set()
    for values in (plain, *others, plain):
        log = TurnLog()
        log.fresh += values
        digests.add(log.digest())
    assert len(digests) == 7
