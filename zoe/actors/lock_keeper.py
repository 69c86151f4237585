"""LockKeeper: makes sure that this desk still holds its account's lock.

Receives: Tick and the outcomes of its own looks. Tells: RiskOfficer each change. Blocks on
nothing: the lock is looked at on the lane ``lock``. A lock that another desk holds ends the process
with code 6; one that was lost with its connection is taken again. A restart looks at once.
"""

from collections.abc import Callable
from typing import Final, assert_never

import attrs

from zoe.domain.errors import StoreError
from zoe.messages.system import AccountLockChanged, Tick
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

PERIOD_SECONDS: Final = 3
EXIT_ANOTHER_DESK: Final = 6


@attrs.frozen
class _Looked(Message):
    outcome: Outcome[bool]


Inbox = Tick | _Looked


class LockKeeper(Actor):
    """Looks at the lock every few seconds.

    Args:
        take: Takes the lock or finds it held; False when another desk has it.
    """

    def __init__(self, take: Callable[[], bool]) -> None:
        super().__init__()
        self._take = take
        self._held = True

    def on_start(self) -> None:
        self.after(PERIOD_SECONDS, Tick("look"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Tick():
                self.offload(self._take, _Looked, lane="lock")
            case _Looked():
                self._looked(message.outcome)
            case _:
                assert_never(message)

    def _looked(self, outcome: Outcome[bool]) -> None:
        self.after(PERIOD_SECONDS, Tick("look"))
        if isinstance(outcome.error, StoreError):
            self._change(False, str(outcome.error))
        elif outcome.value():
            self._change(True, "held")
        else:
            log.critical("desk.another_holds_the_account")
            self.exit_process(EXIT_ANOTHER_DESK, "another desk holds this account")

    def _change(self, held: bool, reason: str) -> None:
        if held is self._held:
            return
        self._held = held
        log.warning("desk.lock_changed", held=held, reason=reason)
        self.tell(self.find("risk"), AccountLockChanged(held, reason))
