"""Scenario kit: short scripts that lead a desk into the rare rows of its tables of states.

Each plays on a desk that is ready and wants nothing by itself, in a market that stands still. It
ends with the censor silent; the teller settles and audits as after every story.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from zoe.app.simulation.censor import ADD, REPORTS, Censor
from zoe.app.simulation.kit_amends import AMENDS
from zoe.app.simulation.kit_ends import ENDS
from zoe.app.simulation.kit_losses import LOSSES
from zoe.app.simulation.kit_stage import (
    ASK,
    DOUBT_MS,
    FILLS,
    FILLS_IN_PART,
    REFUSAL,
    RESTS,
    Stage,
)
from zoe.app.simulation.world import World
from zoe.domain.order import Input, State
from zoe.messages.limits import ReportBudget

Script = Callable[[Stage], None]

_S, _I = State, Input
#: What an order must be so that the exchange's first word about it can be this one.
_SHAPES: Final[dict[Input, dict[str, Any]]] = {
    _I.ACKNOWLEDGED: RESTS,
    _I.LIVE: RESTS,
    _I.FILL: FILLS_IN_PART,
    _I.COMPLETED: FILLS,
    _I.CANCELED: {**FILLS, "post_only": True},
    _I.EXPIRED: {"quantity": "0.001", "limit_price": "89500", "time_in_force": "ioc"},
}
#: The reports that must not be told, so that the first word is this one.
_BEFORE: Final[dict[Input, frozenset[str]]] = {
    _I.ACKNOWLEDGED: frozenset(),
    _I.LIVE: frozenset({"pending_new"}),
    _I.FILL: frozenset({"pending_new", "new"}),
    _I.COMPLETED: frozenset({"pending_new", "new", "trade"}),
    _I.CANCELED: frozenset({"pending_new", "new", "trade"}),
    _I.EXPIRED: frozenset({"pending_new", "new", "trade"}),
}
_EXPIRED_WORD: Final = {"canceled": "expired"}
#: When two looks have agreed that an order is absent, and its actor still lingers.
_ABSENT_MS: Final = 10_500


def _first_word(before: State, word: Input, stage: Stage) -> None:
    """The first that is heard of an order in this state is this word."""
    stage.market()
    words = _EXPIRED_WORD if word is _I.EXPIRED else {}
    left_out, held = _BEFORE[word], dict.fromkeys(REPORTS, 0)
    match before:
        case _S.SENDING:
            left_out |= {ADD}
        case _S.PENDING:
            left_out |= {"pending_new"}
            held = dict.fromkeys(REPORTS, 1_000)
        case _S.IN_DOUBT:
            left_out |= {ADD}
            held = dict.fromkeys(REPORTS, DOUBT_MS)
            stage.slow_looks()
        case _S.ABSENT:
            left_out |= {ADD}
            # So that its actor lingers when the order comes: concluded ones go every five seconds.
            stage.world.run(1.5)
            stage.fault("AddOrder", "slow", ms=_ABSENT_MS, ignore_deadline=True)
        case _S.REJECTED:
            held = dict.fromkeys(REPORTS, 1_000)
            stage.fault("AddOrder", "error", error=REFUSAL, executed=True)
    stage.tells(left_out=left_out, held_ms=held, words=words)
    stage.place(_SHAPES[word])
    if before is _S.ABSENT:
        stage.world.run(_ABSENT_MS / 1_000 - 1)
        stage.market()
    stage.world.run(9)


def _late_fill(end: State, stage: Stage) -> None:
    """A fill is told after the end of its order."""
    stage.market()
    words = _EXPIRED_WORD if end is _S.EXPIRED else {}
    stage.tells(held_ms={"trade": 3_000}, words=words)
    shape = _SHAPES[_I.COMPLETED if end is _S.FILLED else _I.FILL]
    key = stage.place(shape if end is not _S.EXPIRED else {**shape, "time_in_force": "ioc"})
    stage.until(key, _S.WORKING, _S.FILLED, _S.EXPIRED, seconds=2)
    if end is _S.CANCELED:
        stage.world.say("order.cancel", {"order": key})
    stage.world.run(6)


def _refused_after_it_was_seen(stage: Stage) -> None:
    stage.fault("AddOrder", "error", error=REFUSAL, executed=True)
    stage.tells(left_out=frozenset({"new"}), held_ms={ADD: 1_000})
    stage.place(RESTS)
    stage.world.run(20)


def _refused_late(stage: Stage) -> None:
    stage.fault("AddOrder", "error", error=REFUSAL)
    stage.slow_looks()
    stage.tells(held_ms={ADD: DOUBT_MS})
    stage.place(RESTS)
    stage.world.run(9)


def _answered_late(stage: Stage) -> None:
    stage.slow_looks()
    stage.tells(held_ms={ADD: DOUBT_MS, **dict.fromkeys(REPORTS, DOUBT_MS + 1_000)})
    stage.place(RESTS)
    stage.world.run(10)


def _slow_gateway(stage: Stage) -> None:
    """The orders' thread hangs when one has come to the gateway, longer than our patience."""
    runtime = stage.world.runtime
    for _ in range(16):  # two in three times it has left before
        stage.place(RESTS)
        stage.until_gateway()
        runtime.hang("ratelimiter")
        runtime.post(runtime.find("ratelimiter"), ReportBudget())
        stage.world.run(8)
        runtime.let_go("ratelimiter")
        stage.world.run(2)


def _not_sent(stage: Stage) -> None:
    """The stream breaks between approval and the wire."""
    stage.fault("AddOrder", "disconnect")
    for _ in range(50):
        stage.place(RESTS)
        stage.world.run(0.002)
    stage.world.run(25)


def _expires_while_it_works(stage: Stage) -> None:
    key = stage.place(RESTS)
    stage.until(key, _S.WORKING, seconds=5)
    stage.tells(words=_EXPIRED_WORD)
    stage.world.say("order.cancel", {"order": key})
    stage.world.run(3)


def _denied(stage: Stage) -> None:
    stage.place({"quantity": "100", "limit_price": ASK})
    stage.world.run(1)


def _filled_in_parts(stage: Stage) -> None:
    stage.market()
    stage.place(_SHAPES[_I.FILL])
    for _ in range(4):
        stage.world.run(1)
        stage.market()


def _self_trade(stage: Stage) -> None:
    """Our order would meet our own: the exchange cancels the newer one."""
    stage.place({"quantity": "0.002", "limit_price": "89999.5"})
    stage.world.run(1)
    stage.place({"side": "sell", "quantity": "0.002", "limit_price": "89999.5"})
    stage.world.run(3)


def _maintenance_while_it_is_sent(stage: Stage) -> None:
    stage.place(RESTS)
    stage.world.run(0.03)
    stage.world.admin("POST", "status", {"status": "maintenance"})
    stage.place(_SHAPES[_I.COMPLETED])
    stage.world.run(8)
    stage.world.admin("POST", "status", {"status": "online"})
    stage.world.run(8)


def _named() -> Iterator[tuple[str, Script]]:
    for before in (_S.SENDING, _S.PENDING, _S.IN_DOUBT, _S.ABSENT, _S.REJECTED):
        for word in _SHAPES:
            if (before, word) != (_S.PENDING, _I.ACKNOWLEDGED):
                name = f"{word.value}_is_the_first_word_when_{before.value.lower()}"
                yield name, partial(_first_word, before, word)
    for end in (_S.FILLED, _S.CANCELED, _S.EXPIRED):
        yield f"fill_after_{end.value.lower()}", partial(_late_fill, end)
    for script in (
        *(_refused_after_it_was_seen, _refused_late, _answered_late, _slow_gateway, _not_sent),
        *(_expires_while_it_works, _denied, _filled_in_parts, _self_trade),
        *(_maintenance_while_it_is_sent, *AMENDS, *LOSSES, *ENDS),
    ):
        yield script.__name__.removeprefix("_"), script


SCRIPTS: Final[tuple[tuple[str, Script], ...]] = tuple(_named())


def play(world: World, censor: Censor, number: int) -> str:
    """Plays one script on a desk that is ready; its name."""
    name, script = SCRIPTS[number % len(SCRIPTS)]
    stage = Stage(world, censor)
    script(stage)
    stage.tells()
    world.admin("DELETE", "faults", {})
    return name
