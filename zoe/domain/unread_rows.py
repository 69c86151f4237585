"""Rows of the exchange's ledger that cannot be read, or not be kept as they are: each is set aside
alone, and is a difference that stands until the books have the row."""

from collections.abc import Container, Iterable
from typing import Final

import attrs

from zoe.domain.difference import LAG, OPEN, SETTLED, UNKNOWN, Difference, Standing, about
from zoe.domain.ledger_row import DIGITS, LedgerRow, decimals_of

#: What the subject of such a difference begins with; the row's id follows.
SUBJECT: Final = "row "
_LONGEST_PROBLEM: Final = 200
#: Times are kept in 64 bits.
_END_NS: Final = 1 << 63


@attrs.frozen
class UnreadRow:
    """A row that is in the exchange's ledger, and of which no more is known.

    Attributes:
        problem: Why, in words.
    """

    ledger_id: str
    problem: str


@attrs.frozen
class LedgerPage:
    """Rows of the exchange's ledger, and those among them that are set aside."""

    rows: tuple[LedgerRow, ...]
    unread: tuple[UnreadRow, ...] = ()


def problem_of(row: LedgerRow) -> str | None:
    """Why no books can keep a row, in words that follow its id; None where they can."""
    if not row.ledger_id:
        return "has no id"
    step: int = 10 ** (DIGITS - decimals_of(row.asset))
    if row.amount % step or row.fee % step or row.balance % step:
        return f"has more decimals than {row.asset} has"
    if not 0 <= row.time_ns < _END_NS:
        return "has a time of no year"
    if any("\0" in text for text in (row.ledger_id, row.refid, row.type, row.subtype, row.wallet)):
        return "has a text with a zero byte"
    return None


class UnreadRows:
    """The rows that are set aside."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    def begin(self, before: Iterable[Standing]) -> None:
        """Takes what an earlier run has left."""
        for ledger_id, known in about(SUBJECT, before).items():
            self._problems.setdefault(ledger_id, known.difference.theirs)

    @property
    def ids(self) -> frozenset[str]:
        """Which rows are set aside."""
        return frozenset(self._problems)

    def came(self, unread: Iterable[UnreadRow], known: Container[str]) -> list[Difference]:
        """Sets rows aside, but for those that the books know from elsewhere."""
        found = []
        for row in unread:
            if row.ledger_id not in known:
                problem = self._problems[row.ledger_id] = row.problem[:_LONGEST_PROBLEM]
                step = (OPEN, UNKNOWN, "-", problem, "set aside")
                found.append(Difference(f"{SUBJECT}{row.ledger_id}", *step))
        return found

    def settle(self, known: Container[str]) -> list[Difference]:
        """Settles those that the books have by now."""
        settled = [ledger_id for ledger_id in self._problems if ledger_id in known]
        steps = [(SETTLED, LAG, "-", self._problems.pop(i), "it is in the books") for i in settled]
        return [
            Difference(f"{SUBJECT}{ledger_id}", *step)
            for ledger_id, step in zip(settled, steps, strict=True)
        ]
