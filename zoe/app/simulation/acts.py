"""Acts: a story in words, which Hypothesis draws and a person may write.

On a desk that is ready and wants nothing by itself, in a market that stands still; orders are
called by numbers. Acts between ``&`` happen at once, and after a ``;`` or a new line a moment
passes. ``ACTS`` says what there is. The teller settles and audits afterwards as after every story.
"""

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from zoe.app.simulation.censor import ADD, AMEND, REPORTS, Censor
from zoe.app.simulation.kit_stage import Stage
from zoe.app.simulation.market import SYMBOL
from zoe.app.simulation.world import NotInTime, World
from zoe.domain.errors import ConfigError

NAME: Final = "acts"
#: How long ``kill ROWS`` waits for as many rows, and how closely it looks.
_KILL_SECONDS: Final = 5
_LOOK_SECONDS: Final = 0.0002
#: A desk that is not reconciled after this goes on all the same: in maintenance nobody can be.
_READY_SECONDS: Final = 20
_MOMENT_SECONDS: Final = 0.3
#: What the last act does is seen to before all is settled: whoever waits for an answer gives up.
_LAST_SECONDS: Final = 8
_LATE: Final = frozenset({ADD, AMEND, *REPORTS, "amended"})


class _Troupe:
    """The world that acts are performed in, and what earlier acts have left there."""

    def __init__(self, world: World, censor: Censor) -> None:
        self.world = world
        self.stage = Stage(world, censor)
        self.held_ms: dict[str, int] = {}


def _key(order: str) -> str:
    return f"00000000-0000-4000-9000-{int(order):012x}"


def _place(troupe: _Troupe, order: str, side: str, quantity: str, price: str) -> None:
    wish: dict[str, Any] = {"side": side, "quantity": quantity}
    if price != "market":
        wish["limit_price"] = price
    troupe.stage.place(wish, _key(order))


def _place_in_force(troupe: _Troupe, *words: str) -> None:
    order, side, quantity, price, force = words
    wish: dict[str, Any] = {"side": side, "quantity": quantity, "limit_price": price}
    wish |= {"post_only": True} if force == "post" else {"time_in_force": force}
    troupe.stage.place(wish, _key(order))


def _amend(troupe: _Troupe, order: str, quantity: str, price: str) -> None:
    troupe.stage.amend(_key(order), quantity=quantity, limit_price=price)


def _cancel(troupe: _Troupe, order: str) -> None:
    troupe.world.say("order.cancel", {"order": _key(order)})


def _market(troupe: _Troupe) -> None:
    troupe.stage.market()


def _trade(troupe: _Troupe, side: str, quantity: str, price: str) -> None:
    trade = {"side": side, "qty": quantity, "price": price}
    troupe.world.admin("POST", "market", {"symbol": SYMBOL, "trade": trade})


def _wait(troupe: _Troupe, milliseconds: str) -> None:
    troupe.world.run(int(milliseconds) / 1_000)


def _fault(troupe: _Troupe, where: str, what: str, milliseconds: str) -> None:
    troupe.stage.fault(where, what, ms=int(milliseconds))


def _error(troupe: _Troupe, where: str, executed: str, error: str) -> None:
    troupe.stage.fault(where, "error", error=error, executed=executed == "done")


def _late(troupe: _Troupe, word: str, milliseconds: str) -> None:
    troupe.held_ms[word] = int(milliseconds)
    troupe.stage.tells(held_ms=troupe.held_ms)


def _crash(troupe: _Troupe, actor: str) -> None:
    troupe.world.runtime.crash(actor)


def _kill(troupe: _Troupe, rows: str) -> None:
    world = troupe.world
    wanted = len(world.journal.rows) + int(rows)
    for _ in range(round(_KILL_SECONDS / _LOOK_SECONDS)):
        if len(world.journal.rows) >= wanted:
            break
        world.run(_LOOK_SECONDS)
    world.kill()
    world.start()
    with contextlib.suppress(NotInTime):
        world.until(lambda: world.is_ready, _READY_SECONDS)


def _halt(troupe: _Troupe) -> None:
    troupe.world.say("halt", {"why": NAME})


def _resume(troupe: _Troupe) -> None:
    troupe.world.say("resume", {"why": NAME})


def _status(troupe: _Troupe, status: str) -> None:
    troupe.world.admin("POST", "status", {"status": status})


_NUMBER: Final = r"\d+"
_AMOUNT: Final = r"\d+(?:\.\d+)?"
_NAME: Final = r"[\w/]+"
#: What there is, in words as people write it, and who performs it.
_GRAMMAR: Final[tuple[tuple[str, Callable[..., None]], ...]] = (
    ("place ORDER buy|sell QUANTITY at PRICE|market", _place),
    ("place ORDER buy|sell QUANTITY at PRICE post|ioc|fok", _place_in_force),
    ("amend ORDER to QUANTITY at PRICE", _amend),
    ("cancel ORDER", _cancel),
    ("market", _market),
    ("trade buy|sell QUANTITY at PRICE", _trade),
    ("wait MS", _wait),
    ("fault REQUEST KIND MS", _fault),
    ("error REQUEST done|undone TEXT", _error),
    ("late WORD MS", _late),
    ("crash ACTOR", _crash),
    ("kill after ROWS rows", _kill),
    ("halt", _halt),
    ("resume", _resume),
    ("status KIND", _status),
)
ACTS: Final = tuple(words for words, _ in _GRAMMAR)
_VALUES: Final = {
    **dict.fromkeys(("ORDER", "MS", "ROWS"), _NUMBER),
    **dict.fromkeys(("QUANTITY", "PRICE"), _AMOUNT),
    **dict.fromkeys(("REQUEST", "KIND", "ACTOR"), _NAME),
    "WORD": "|".join(sorted(_LATE)),
    "TEXT": r"[\w: ]+",
}


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(" ".join(_value(word) for word in words.split()))


def _value(word: str) -> str:
    if word.islower() and "|" not in word:
        return word
    return f"({'|'.join(_VALUES.get(part, part) for part in word.split('|'))})"


_PATTERNS: Final = tuple((_pattern(words), perform) for words, perform in _GRAMMAR)


@attrs.frozen
class Act:
    """One thing that happens, as it is written."""

    text: str
    perform: Callable[..., None] = attrs.field(repr=False)
    words: tuple[str, ...] = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.text


#: Acts that happen at once.
Moment = tuple[Act, ...]


def read(text: str) -> tuple[Moment, ...]:
    """The moments of a story in words.

    Raises:
        ConfigError: There is no such act.
    """
    moments = (moment.strip() for moment in re.split(r"[;\n]", text))
    return tuple(tuple(map(_act, moment.split("&"))) for moment in moments if moment)


def _act(text: str) -> Act:
    text = text.strip()
    for pattern, perform in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is not None:
            return Act(text, perform, found.groups())
    raise ConfigError(f"no act {text!r}; there are: {'; '.join(ACTS)}")


def play(world: World, censor: Censor, moments: Sequence[Moment]) -> str:
    """Plays them on a desk that is ready; what the story is called."""
    troupe = _Troupe(world, censor)
    for moment in moments:
        for act in moment:
            act.perform(troupe, *act.words)
        world.run(_MOMENT_SECONDS)
    world.run(_LAST_SECONDS)
    troupe.stage.tells()
    world.admin("DELETE", "faults", {})
    return NAME
