"""Which rows of the table of states a run has used, read from the journal's rows."""

import json
from collections.abc import Iterable
from typing import Any, Final

from zoe.domain.order import NEXT, Input, State
from zoe.domain.order_record import CANCEL_REQUESTED, input_of

#: The first row of an order's stream says how it began.
_OPENINGS: Final = {
    State.SENDING: (State.WAITING, Input.SEND),
    State.DENIED: (State.WAITING, Input.DENY),
    State.CANCELED: (State.WAITING, Input.WITHDRAW),
}

Used = set[tuple[State, Input]]


def used(rows: Iterable[tuple[Any, ...]]) -> Used:
    """The rows of ``NEXT`` that these journal rows went through.

    Args:
        rows: (seq, stream, version, kind, at_ns, message_id, body as JSON text), oldest first.
    """
    found: Used = set()
    states: dict[str, State] = {}
    for _, stream, version, kind, _, _, body in rows:
        if not stream.startswith("order/"):
            continue
        state = State(json.loads(body)["state"])
        if version == 1:
            found |= {_OPENINGS[state]} if state in _OPENINGS else set()
        elif kind != CANCEL_REQUESTED:
            found.add((states[stream], input_of(kind)))
        states[stream] = state
    return found & NEXT.keys()


def total() -> int:
    """How many rows the table has."""
    return len(NEXT)


def unused(found: Used) -> list[str]:
    """The rows that were not used, in words."""
    return sorted(f"{state.value}+{what.value}" for state, what in NEXT.keys() - found)
