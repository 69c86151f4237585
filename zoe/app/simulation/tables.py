"""Which rows of the tables of states a run has used, read from the journal's rows."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec

from zoe.domain import amend, order
from zoe.domain.amend import Progress, Turn
from zoe.domain.order import Input, State
from zoe.domain.order_record import AMENDING, CANCEL_REQUESTED, input_of

#: The first row of an order's stream says how it began.
_OPENINGS: Final = {
    State.SENDING: (State.WAITING, Input.SEND),
    State.DENIED: (State.WAITING, Input.DENY),
    State.CANCELED: (State.WAITING, Input.WITHDRAW),
}
_TURNS: Final = {
    Input.AMEND: Turn.WANTED,
    Input.AMEND_REFUSED: Turn.REFUSED,
    Input.AMEND_LOST: Turn.LOST,
    Input.AMEND_ABSENT: Turn.ABSENT,
}
ORDER: Final = "order"
AMEND: Final = "amend"

#: Table, state, input.
Row = tuple[str, str, str]
Used = set[Row]

_ALL: Final[frozenset[Row]] = frozenset(
    {(ORDER, state.value, happened.value) for state, happened in order.NEXT}
    | {(AMEND, progress.value, turn.value) for progress, turn in amend.NEXT}
)
TABLES: Final = (ORDER, AMEND)


class _Body(msgspec.Struct):
    """What of an order's row is looked at."""

    state: str
    quantity: str | None = None
    limit_price: str | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


class _Life:
    """One order's rows so far."""

    def __init__(self) -> None:
        self._state: str | None = None
        self._amend = Progress.NONE
        self._wanted: tuple[str | None, str | None] | None = None

    def step(self, kind: str, body: _Body) -> tuple[Row, ...]:
        """The rows of the tables that one more row of the journal stands for."""
        before, self._state = self._state, body.state
        used = _order_rows(before, kind, body.state)
        turn = None if before is None else _turn_of(kind)
        if turn is None:
            return used
        if kind == AMENDING:
            self._wanted = _terms(body)
        if turn is Turn.APPLIED and (self._amend is Progress.NONE or _terms(body) != self._wanted):
            turn = Turn.MADE_ELSEWHERE
        if before != State.WORKING.value:
            return used
        row = _row(AMEND, self._amend, turn)
        self._amend = amend.NEXT.get((self._amend, turn), self._amend)
        return (*used, row)


@cache  # all orders go through the same few
def _order_rows(before: str | None, kind: str, after: str) -> tuple[Row, ...]:
    """What a row of the journal stands for in the table of orders."""
    if before is None:
        opening = _OPENINGS.get(State(after))
        return () if opening is None else (_row(ORDER, *opening),)
    return () if kind == CANCEL_REQUESTED else (_row(ORDER, State(before), input_of(kind)),)


@cache
def _turn_of(kind: str) -> Turn | None:
    """What a row of this kind is to an amend; where it is APPLIED, by whomever."""
    if kind == CANCEL_REQUESTED:
        return None
    happened = input_of(kind)
    return Turn.APPLIED if happened is Input.AMENDED else _TURNS.get(happened)


def _terms(body: _Body) -> tuple[str | None, str | None]:
    return body.quantity, body.limit_price


def _row(table: str, state: State | Progress, happened: Input | Turn) -> Row:
    return table, state.value, happened.value


def used(rows: Iterable[tuple[Any, ...]]) -> Used:
    """The rows of the tables that these journal rows went through.

    Args:
        rows: (seq, stream, version, kind, at_ns, message_id, body as JSON text), oldest first.
    """
    found: Used = set()
    lives: dict[str, _Life] = {}
    for _, stream, _, kind, _, _, body in rows:
        if not stream.startswith("order/"):
            continue
        life = lives.get(stream)
        if life is None:
            life = lives[stream] = _Life()
        found.update(life.step(kind, _BODY.decode(body)))
    return found & _ALL


def count(found: Iterable[Row]) -> dict[str, int]:
    """How many rows of each table there are."""
    tables = [table for table, _, _ in found]
    return {table: tables.count(table) for table in TABLES}


def total() -> dict[str, int]:
    """How many rows each table has."""
    return count(_ALL)


def unused(found: Used) -> dict[str, list[str]]:
    """The rows that were not used, in words."""
    left = sorted(_ALL - found)
    return {
        table: [f"{state}+{happened}" for name, state, happened in left if name == table]
        for table in TABLES
    }
