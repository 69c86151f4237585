"""Differences on their way to the store: a part of the Bookkeeper, which owns it."""

from collections.abc import Iterable, Sequence

import attrs

from zoe.domain.difference import OPEN, Difference, DriftNumbers, Standing
from zoe.ports.ledger_store import DriftRow
from zoe.runtime.log import log

#: What subjects of differences about orders begin with.
ABOUT_ORDERS = ("order ", "fills of ")


class DriftNotes:
    """Steps of differences: numbered once it is known what is stored, kept until they are too."""

    def __init__(self) -> None:
        self._numbers: DriftNumbers | None = None
        self._early: list[Difference] = []
        self._rows: list[DriftRow] = []
        self._flying: list[DriftRow] = []

    @property
    def waiting(self) -> bool:
        """Whether something is to be stored."""
        return bool(self._rows)

    @property
    def durable(self) -> bool:
        """Whether all of them are stored."""
        return not (self._rows or self._flying)

    @property
    def standing(self) -> list[Standing]:
        """Differences that are not settled, as far as it is known."""
        return [] if self._numbers is None else list(self._numbers.standing.values())

    @property
    def open(self) -> set[str]:
        """The subjects of differences that nothing explains."""
        return {k.difference.subject for k in self.standing if k.difference.status == OPEN}

    def opened(self, rows: Sequence[DriftRow], now_ns: int) -> None:
        """The first time: what is stored. Later ones say nothing new."""
        if self._numbers is not None:
            return
        self._numbers = DriftNumbers()
        for row in rows:
            step = (row.subject, row.status, row.cause, row.ours, row.theirs, row.repair)
            self._numbers.listed(row.number, row.at_ns, Difference(*step))
        early, self._early = self._early, []
        self.found(early, now_ns)

    def found(self, differences: Iterable[Difference], now_ns: int) -> None:
        """Takes steps in their order."""
        if self._numbers is None:
            self._early += differences
            return
        for step in differences:
            number = self._numbers.number(step, now_ns)
            if number is None:
                continue
            if step.status == OPEN:
                log.error("books.differ", subject=step.subject, number=number)
            self._rows.append(DriftRow(number, now_ns, *attrs.astuple(step)))

    def looked(self, standing: frozenset[str], now_ns: int) -> None:
        """A whole look found these differences about orders, and no others."""
        if self._numbers is not None:
            self.found(self._numbers.gone(ABOUT_ORDERS, standing), now_ns)

    def take(self) -> list[DriftRow]:
        """What is to be stored now; ``stored`` or ``failed`` says what came of it."""
        self._flying, self._rows = self._rows, []
        return self._flying

    def stored(self) -> None:
        """What was taken is durable."""
        self._flying = []

    def failed(self) -> None:
        """What was taken may not be durable: a step that is stored twice says the same."""
        self._flying, self._rows = [], self._flying + self._rows
