"""Stories that Hypothesis draws: short, in words, and shrunk to what a failure takes.

    python tests/simulation/drawn.py

prints the second table of docs/planted-bugs.md: the bug, the shortest story that was found of it,
and what the auditor said.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from loguru import logger
from planted import PLANTS
from plants import Plant

from zoe.app.simulation import acts
from zoe.app.simulation.scenario import Story, tell

SEED: Final = 0

#: ``{}`` stands for the order's number: each place is of a new one, the others are about the last.
_PLACES: Final = (
    "place {} buy 0.002 at 89500",  # rests
    "place {} sell 0.002 at 89500",  # is filled
    "place {} buy 0.02 at 90001",  # is filled in part, where ``market`` has put little there
    "place {} buy 0.02 at 90500",
    "place {} buy 0.02 at 90001 ioc",
    "place {} buy 0.002 at 90500 post",
    "place {} buy 0.001 at market",
)
_AMENDS: Final = (
    *("amend {} to 0.002 at 89510", "amend {} to 0.003 at 89500", "amend {} to 0.03 at 90001"),
    *("amend {} to 0.001 at 90001", "amend {} to 0.002 at 90500"),
)
#: What is wished for beside orders, and the exchange's name for it.
_WISHES: Final = (
    (_AMENDS, "AmendOrder"),
    (("cancel {}",), "CancelOrder"),
    (_PLACES, "AddOrder"),
)
_FAULTS: Final = (
    *["fault {request} not_executed 500", "fault {request} lost_answer 500"] * 2,
    *("fault {request} slow 2000", "fault {request} slow 8000"),
    *("fault {request} reset 500", "fault {request} disconnect 500"),
    *("error {request} done EService:Busy", "error {request} undone EService:Busy"),
    *("error {request} undone EOrder:Unknown order", "error {request} undone EOrder:Rate limit"),
    *("error {request} undone EOrder:Insufficient funds", "fault OpenOrders slow 4000"),
    *("fault ClosedOrders lost_answer 500", "fault TradesHistory lost_answer 500"),
)
#: Nothing is lost of balances: a row without one behind it is found by a look, in time.
_HAPPENS: Final = (
    *(f"kill after {rows} rows" for rows in range(9)),
    *(f"crash {name}" for name in ("orders", "risk", "gateway", "reconciler", "ratelimiter")),
    *(f"late {word} 3000" for word in ("trade", "new", "filled", "canceled", "amended")),
    *("late add_order 7000", "late amend_order 7000"),
    *(f"fault executions {kind} 500" for kind in ("gap", "duplicate", "silence", "disconnect")),
    *("market", "market", "trade sell 0.001 at 89400", "trade buy 0.003 at 90600", "halt; resume"),
)
#: Of one actor in a minute; at one more its supervisor gives up, as it should, and the process ends.
_MOST_CRASHES: Final = 5
_WAITS: Final = ("wait 500", "wait 2000", "wait 7000")
#: What stands before an act: a moment has passed since the one before, or none.
_then = st.sampled_from(("; ", "; ", " & "))


def _numbered(acts_drawn: list[tuple[str, str]]) -> str:
    text, orders = "", 0
    for then, act in acts_drawn:
        orders += act.startswith("place")
        text += (then if text else "") + act.replace("{}", str(max(orders, 1)))
    return text


@st.composite
def stories(draw: st.DrawFn) -> str:
    """The text of a story: orders, one more kind of wish, one fault of it, what else happens."""
    wishes, request = draw(st.sampled_from(_WISHES))
    fault = draw(st.sampled_from(_FAULTS)).replace("{request}", request)
    happens = draw(st.sampled_from(_HAPPENS))
    act = st.sampled_from(_PLACES) | st.sampled_from(wishes) | st.just(fault) | st.just(happens)
    drawn = draw(st.lists(st.tuples(_then, act | st.sampled_from(_WAITS)), min_size=1, max_size=9))
    hypothesis.assume(sum(act.startswith("crash") for _, act in drawn) <= _MOST_CRASHES)
    return _numbered(drawn)


def command(text: str) -> str:
    """What shows a story again, message by message."""
    return f"zoe simulate --seeds {SEED} --story '{text}' --trace"


def told(text: str) -> Story:
    """The story, settled and audited."""
    return tell(SEED, told=acts.read(text))


def settings(examples: int, *, long: bool) -> hypothesis.settings:
    """How stories are drawn: the same ones each time, or others each time."""
    return hypothesis.settings(
        max_examples=examples,
        derandomize=not long,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def shortest(plant: Plant, examples: int) -> tuple[str, str] | None:
    """The shortest story found that shows a planted bug, and what the auditor says of it."""
    phases = (Phase.generate, Phase.shrink)
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        try:
            text = hypothesis.find(
                stories(),
                lambda story: bool(told(story).violations),
                settings=hypothesis.settings(settings(examples, long=True), phases=phases),
                random=Random(SEED),
            )
        except NoSuchExample:
            return None
        return text, told(text).violations[0]


def table(examples: int) -> Iterator[str]:
    """The lines of the table."""
    yield "| planted bug | the shortest story | what was said |"
    yield "|---|---|---|"
    for plant in PLANTS:
        found = shortest(plant, examples)
        text, said = found or ("none found", "")
        words = plant.__name__.replace("_", " ")
        yield f"| {words} | `{text}` | {said[:120].replace('|', '/')} |"


if __name__ == "__main__":
    logger.disable("zoe")
    for line in table(examples=2_000):
        print(line, flush=True)
