"""An actor's own rows, asked of the Journal at its start or later.

The question carries the incarnation that asked. An answer that reaches a successor holds the rows of
then: taken for the newest, it would have a version written twice, which ends the desk.
"""

from typing import Final

from zoe.messages.journal import Hydrate, Hydrated
from zoe.runtime.actor import Actor

#: So many questions an incarnation may number.
_EACH: Final = 1 << 32


def ask(actor: Actor, stream: str, *, last: bool = False, since: str | None = None) -> None:
    """Asks for the rows of a stream: all, the last, or from the newest of the kind ``since``."""
    wanted = Hydrate(actor.incarnation, actor.me, stream=stream, last=last, since=since)
    actor.tell(actor.find("journal"), wanted)


def is_own(actor: Actor, answer: Hydrated) -> bool:
    """Whether this incarnation asked for it."""
    return answer.ref == actor.incarnation


def number(actor: Actor, question: int) -> int:
    """The number under which an incarnation that asks several questions asks this one."""
    return actor.incarnation * _EACH + question


def question(actor: Actor, answer: Hydrated) -> int | None:
    """Which of this incarnation's questions is answered; None where an earlier one asked."""
    incarnation, asked = divmod(answer.ref, _EACH)
    return asked if incarnation == actor.incarnation else None
