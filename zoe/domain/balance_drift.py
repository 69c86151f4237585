"""Our balances against the exchange's: each difference waits out known lag, is put down to a cause,
and is settled by the exchange's own rows only."""

from collections.abc import Mapping
from typing import Final

import attrs

from zoe.domain.ledger_row import text_of

LAG: Final = "lag"
MISSED: Final = "missed_message"
EXTERNAL: Final = "external_action"
UNKNOWN: Final = "unknown"
OPEN: Final = "open"
SETTLED: Final = "settled"


@attrs.frozen
class Finding:
    """A difference, or what became of it.

    Attributes:
        number: Of the difference.
        ours: As text, as is ``theirs``.
    """

    number: int
    subject: str
    status: str
    cause: str
    ours: str
    theirs: str
    repair: str = ""


@attrs.define
class _Difference:
    number: int
    first_ns: int
    ours: int
    theirs: int
    told: bool = False


class BalanceDrift:
    """The differences that stand.

    Args:
        lag_ns: How far the exchange's answers may lag behind each other.
        number: Of the newest difference there ever was.
    """

    def __init__(self, lag_ns: int, number: int = 0) -> None:
        self._lag_ns = lag_ns
        self._number = number
        self._standing: dict[str, _Difference] = {}
        #: Rows that only a reading of the whole ledger brought, by asset.
        self._missed: dict[str, int] = {}

    @property
    def assets(self) -> frozenset[str]:
        """Those that differ."""
        return frozenset(self._standing)

    @property
    def unexplained(self) -> frozenset[str]:
        """Those whose difference has no explanation."""
        return frozenset(asset for asset, found in self._standing.items() if found.told)

    def missed(self, subject: str, asset: str, what: str) -> Finding:
        """A row that nobody told us of, until the ledger was read."""
        self._missed[asset] = self._missed.get(asset, 0) + 1
        self._number += 1
        return Finding(self._number, subject, SETTLED, MISSED, "-", what, "read and booked")

    def external(self, subject: str, what: str) -> Finding:
        """Something that the desk did not do, and that is booked."""
        self._number += 1
        return Finding(self._number, subject, SETTLED, EXTERNAL, "-", what, "booked")

    def compare(
        self,
        ours: Mapping[str, frozenset[int]],
        theirs: Mapping[str, int],
        now_ns: int,
        read_ns: int | None,
    ) -> list[Finding]:
        """What is new about our balances and the exchange's.

        Args:
            ours: By asset, the newest balance and those of a moment ago: an answer may be as old.
            read_ns: When the newest whole reading of the ledger began, if that is finished.
        """
        found = []
        for asset in sorted(ours.keys() | theirs.keys()):
            held = ours.get(asset, frozenset((0,)))
            said = theirs.get(asset, 0)
            if said in held:
                found += self._agrees(asset, said)
            else:
                found += self._differs(asset, (max(held), said), now_ns, read_ns)
        return found

    def _agrees(self, asset: str, said: int) -> list[Finding]:
        known = self._standing.pop(asset, None)
        rows = self._missed.pop(asset, 0)
        if known is None or not known.told:
            return []  # lag that was waited out is no news, and missing rows were told of
        cause, repair = (
            (MISSED, f"{rows} rows from the ledger") if rows else (LAG, "rows came late")
        )
        return [self._finding(asset, known, SETTLED, cause, repair)]

    def _differs(
        self, asset: str, values: tuple[int, int], now_ns: int, read_ns: int | None
    ) -> list[Finding]:
        known = self._standing.get(asset)
        if known is None or (known.ours, known.theirs) != values:
            first_ns = now_ns if known is None or not known.told else known.first_ns
            number = self._number + 1 if known is None else known.number
            self._number = max(self._number, number)
            told = known is not None and known.told
            self._standing[asset] = _Difference(number, first_ns, *values, told)
            return []
        waited = now_ns - known.first_ns >= 2 * self._lag_ns
        was_read = read_ns is not None and read_ns >= known.first_ns + self._lag_ns
        if known.told or not waited or not was_read:
            return []
        known.told = True
        return [self._finding(asset, known, OPEN, UNKNOWN, "no row explains it")]

    def _finding(
        self, asset: str, known: _Difference, status: str, cause: str, repair: str
    ) -> Finding:
        values = text_of(known.ours), text_of(known.theirs)
        return Finding(known.number, f"balance {asset}", status, cause, *values, repair)
