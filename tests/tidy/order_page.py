"""docs/orders.md, made from the table of states: ``PYTHONPATH=. .venv/bin/python tests/tidy/order_page.py``."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from zoe.domain import amend
from zoe.domain.order import COMMANDS, INFERRED, NEXT, STALE, TERMINAL, Input, State

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "orders.md"

_BEGINNING: Final = """\
# The life of an order

Made from the table in `zoe/domain/order.py`; the checks compare it. After a change of the table run
`PYTHONPATH=. .venv/bin/python tests/tidy/order_page.py`.

Commands are ours: {commands}. What the table lacks is refused, and the order is unchanged.
Facts are the exchange's, or the loss of its answer. In the table they apply; those listed as stale
change no state; any other contradicts what is known: the order's actor crashes, and its successor
asks for a look at the exchange's own lists before it does anything else.

{terminal} are terminal: only late fills are still counted. {inferred} are inferences: any later
sign of the order takes them back, and the order is canceled at once.
"""
_STALE_HEADING: Final = "\n## Facts that change no state\n\n| in | says nothing new |\n|---|---|\n"
_AMENDS: Final = """
## The life of an amend

Part of a working order, from the table in `zoe/domain/amend.py`: at most one, never repeated while
its fate is unknown, and settled by the order's total quantity and limit price as the exchange shows
them. Where the order ends first, that settles it too.

```mermaid
stateDiagram-v2
"""


def page() -> str:
    """The whole page."""
    beginning = _BEGINNING.format(
        commands=_names(COMMANDS, Input), terminal=_names(TERMINAL, State),
        inferred=_names(INFERRED, State),
    )  # fmt: skip
    diagram = "\n```mermaid\nstateDiagram-v2\n" + "".join(_arrows()) + "```\n"
    amends = _AMENDS + "".join(_amend_arrows()) + "```\n"
    return beginning + diagram + _STALE_HEADING + "".join(_stale_rows()) + amends


def _names(chosen: frozenset[Input] | frozenset[State], order: type[Input] | type[State]) -> str:
    """Names in the order of their enum, for people."""
    *most, last = [f"`{each.value}`" for each in order if each in chosen]
    return f"{', '.join(most)} and {last}"


def _arrows() -> Iterator[str]:
    yield f"    [*] --> {State.WAITING.value}\n"
    for (here, there), rows in groupby(NEXT.items(), key=lambda row: (row[0][0], row[1])):
        why = ", ".join(happened.value for (_, happened), _ in rows)
        yield f"    {here.value} --> {there.value}: {why}\n"
    for state in State:
        if state in TERMINAL:
            yield f"    {state.value} --> [*]\n"


def _amend_arrows() -> Iterator[str]:
    yield f"    [*] --> {amend.Progress.NONE.value}\n"
    for (here, there), rows in groupby(amend.NEXT.items(), key=lambda row: (row[0][0], row[1])):
        why = ", ".join(turn.value for (_, turn), _ in rows)
        yield f"    {here.value} --> {there.value}: {why}\n"


def _stale_rows() -> Iterator[str]:
    by_state: dict[State, list[str]] = defaultdict(list)
    for happened in Input:
        for state in State:
            if (state, happened) in STALE:
                by_state[state].append(happened.value)
    for state in State:
        if state in by_state:
            yield f"| {state.value} | {', '.join(by_state[state])} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
