"""Which turn runs on this thread: for log lines, and to forbid asking inside a turn."""

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoe.runtime.life import Life


class _Turn(threading.local):
    life: "Life | None" = None


current = _Turn()


def patch(record: Any) -> None:
    """A loguru patcher: adds actor, incarnation and ids to the line of a turn."""
    life = current.life
    if life is None:
        return
    extra = record["extra"]
    extra.setdefault("actor", life.cell.address.name)
    extra.setdefault("incarnation", life.incarnation)
    envelope = life.actor.envelope
    if envelope is None:
        extra.setdefault("correlation_id", life.origin.correlation_id)
        extra.setdefault("causation_id", life.origin.causation_id)
    else:
        extra.setdefault("correlation_id", envelope.correlation_id)
        extra.setdefault("causation_id", envelope.causation_id)
        extra.setdefault("message_id", envelope.message_id)
