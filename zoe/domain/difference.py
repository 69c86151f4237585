"""Differences between our view of the account and the exchange's: what each is put down to, and the
number it is listed under."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import attrs

LAG: Final = "lag"
MISSED: Final = "missed_message"
EXTERNAL: Final = "external_action"
UNKNOWN: Final = "unknown"
OPEN: Final = "open"
WAITING: Final = "waiting"
SETTLED: Final = "settled"
#: Differences that are remembered, so that none is listed twice; the oldest are forgotten first.
MOST_REMEMBERED: Final = 20_000


@attrs.frozen
class Difference:
    """A step of a difference.

    Attributes:
        subject: What differs: ``balance BTC``, ``order O...``, ``fill T...``, ``lots BTC``, or the
            id of a ledger row.
        status: ``waiting`` while known lag may explain it, ``open`` where nothing does.
        ours: As text, as is ``theirs``.
        repair: What was done.
    """

    subject: str
    status: str
    cause: str
    ours: str
    theirs: str
    repair: str = ""


@attrs.frozen
class Standing:
    """A difference that is not settled."""

    number: int
    since_ns: int
    difference: Difference


def about(prefix: str, before: Iterable[Standing]) -> dict[str, Standing]:
    """The differences whose subject begins with ``prefix``, by the rest of the subject."""
    return {
        known.difference.subject.removeprefix(prefix): known
        for known in before
        if known.difference.subject.startswith(prefix)
    }


class DriftNumbers:
    """Which number each step is listed under. Steps of one subject have one number until it is
    settled; what came and was settled at once is listed once, however often it is told."""

    def __init__(self) -> None:
        self._number = 0
        self.standing: dict[str, Standing] = {}
        self._listed: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def listed(self, number: int, at_ns: int, step: Difference) -> None:
        """Takes a step that is stored, the oldest first."""
        self._number = max(self._number, number)
        self._keep(number, at_ns, step)

    def number(self, step: Difference, now_ns: int) -> int | None:
        """The number of a step; None where it says nothing new."""
        known = self.standing.get(step.subject)
        if known is not None and (known.difference == step or _waits_anew(step, known.difference)):
            return None
        if known is None and step.status == SETTLED and _name(step) in self._listed:
            return None
        number = self._number + 1 if known is None else known.number
        self._number = max(self._number, number)
        self._keep(number, now_ns, step)
        return number

    def gone(self, prefixes: tuple[str, ...], standing: frozenset[str]) -> list[Difference]:
        """What settles those that stand here, and that a whole look did not find again."""
        return [
            attrs.evolve(known.difference, status=SETTLED, cause=LAG, repair="found no more")
            for subject, known in self.standing.items()
            if subject.startswith(prefixes) and subject not in standing
        ]

    def _keep(self, number: int, at_ns: int, step: Difference) -> None:
        known = self.standing.pop(step.subject, None)
        if step.status != SETTLED:
            since_ns = at_ns if known is None else known.since_ns
            self.standing[step.subject] = Standing(number, since_ns, step)
        elif known is None:
            self._listed[_name(step)] = None
            if len(self._listed) > MOST_REMEMBERED:
                self._listed.popitem(last=False)


def _waits_anew(step: Difference, known: Difference) -> bool:
    """Whether somebody who was started anew gives lag its time, where it has had it already."""
    is_lag = step.status == WAITING and step.cause == LAG and known.status == OPEN
    return is_lag and (step.ours, step.theirs) == (known.ours, known.theirs)


def _name(step: Difference) -> tuple[str, str, str]:
    return step.subject, step.cause, step.theirs


def seconds(spent_ns: int) -> str:
    """A time in words: ``3.2 s``."""
    tenths = max(spent_ns, 0) // 100_000_000
    return f"{tenths // 10}.{tenths % 10} s"
