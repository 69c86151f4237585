"""An actor's own rows, asked of the Journal at its start or later.

The question carries the birth of who asked: a child that is begun again after its parent's crash is
a first incarnation, as the one was whose answer may still come. An answer that reaches a successor
holds the rows of then: taken for the newest, it would have a version written twice, which ends the desk.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from zoe.messages.journal import Hydrate, Hydrated, StoredRow
from zoe.ports.journal import JournalStore
from zoe.runtime.actor import Actor

#: So many questions an incarnation may number.
_EACH: Final = 1 << 32


def ask(actor: Actor, stream: str, *, last: bool = False, since: str | None = None) -> None:
    """Asks for the rows of a stream: all, the last, or from the newest of the kind ``since``."""
    wanted = Hydrate(actor.birth, actor.me, stream=stream, last=last, since=since)
    actor.tell(actor.find("journal"), wanted)


def is_own(actor: Actor, answer: Hydrated) -> bool:
    """Whether this incarnation asked for it."""
    return answer.ref == actor.birth


def number(actor: Actor, question: int) -> int:
    """The number under which an incarnation that asks several questions asks this one."""
    return actor.birth * _EACH + question


def question(actor: Actor, answer: Hydrated) -> int | None:
    """Which of this incarnation's questions is answered; None where an earlier one asked."""
    birth, asked = divmod(answer.ref, _EACH)
    return asked if birth == actor.birth else None


def reading_of(
    store: JournalStore, account_id: str, request: Hydrate
) -> Callable[[], tuple[StoredRow, ...]]:
    """What the Journal asks of the store for a question."""
    if request.open_orders_of is not None:
        return partial(store.open_orders, request.open_orders_of)
    if request.order_ids:
        return partial(_rows_of_orders, store, account_id, request.order_ids)
    if request.traded_by is not None:
        return partial(store.traded, request.traded_by)
    if request.filled_for is not None:
        return partial(store.fills, account_id, request.filled_for, request.after)
    if request.asked_since is not None:
        return partial(store.asked, account_id, request.asked_since)
    assert request.stream is not None, "a Hydrate asks for something"
    return partial(store.stream, request.stream, last=request.last, since=request.since)


def _rows_of_orders(
    store: JournalStore, account_id: str, order_ids: tuple[str, ...]
) -> tuple[StoredRow, ...]:
    rows: list[StoredRow] = []
    for order_id in order_ids:
        rows += store.order_rows(account_id, order_id)
    return tuple(rows)
