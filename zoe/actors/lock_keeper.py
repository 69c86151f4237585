"""LockKeeper: makes sure that this desk still holds its account's lock.

Receives: Tick and the outcomes of its own looks. Tells: RiskOfficer each change, and a loss at
every look. Blocks on nothing: the lock is looked at on the lane ``lock``. A lock that another desk
holds ends the process with code 6; one that was lost with its connection is taken again. A restart
looks at once.
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
#: Without the lock no order leaves: it is taken again as soon as may be.
RETRY_SECONDS: Final = 0.5
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
        #: None: what an earlier incarnation has told is not known.
        self._held: bool | None = True

    def on_start(self) -> None:
        if self.incarnation > 1:
            self._held = None
            self.after(0, Tick("look"))
        else:
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
        if isinstance(outcome.error, StoreError):
            self._change(False, str(outcome.error))
            self.after(RETRY_SECONDS, Tick("look"))
        elif outcome.value():
            self._change(True, "held")
            self.after(PERIOD_SECONDS, Tick("look"))
        else:
            log.critical("desk.another_holds_the_account")
            self.exit_process(EXIT_ANOTHER_DESK, "another desk holds this account")

    def _change(self, held: bool, reason: str) -> None:
        """Tells a loss at every look, since RiskOfficer may have been restarted meanwhile."""
        if held and self._held:
            return
        if held is not self._held:
            log.warning("desk.lock_changed", held=held, reason=reason)
        self._held = held
        self.tell(self.find("risk"), AccountLockChanged(held, reason))
