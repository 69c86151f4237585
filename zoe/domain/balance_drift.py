"""Our balances against the exchange's: each difference waits out known lag, is put down to a cause,
and is settled by the exchange's own rows only."""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from zoe.domain.difference import (
    LAG,
    MISSED,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
    Standing,
    about,
    seconds,
)
from zoe.domain.ledger_row import text_of

_SUBJECT = "balance "
#: While balances change, two rows of one size that come late one after the other look like one that
#: never comes: so many lags must pass.
_MOVING_LAGS = 40


@attrs.define
class _Stand:
    """Attributes:
    since_ns: When it was seen first.
    same_ns: Since when it is as large as it is, whatever both sides trade meanwhile.
    told: Whether it has no explanation, and people know.
    """

    since_ns: int
    same_ns: int
    ours: int
    theirs: int
    told: bool = False
    #: Whether the balances have changed since, and only what lies between them is the same.
    moved: bool = False

    @property
    def apart(self) -> int:
        """How much the exchange has more than we."""
        return self.theirs - self.ours


class BalanceDrift:
    """The differences that stand.

    Args:
        lag_ns: How far the exchange's answers may lag behind each other.
        before: What an earlier run left; what it could not explain stays unexplained until the
            balances agree.
    """

    def __init__(self, lag_ns: int, before: Iterable[Standing] = ()) -> None:
        self._lag_ns = lag_ns
        self._standing = {
            asset: _Stand(known.since_ns, known.since_ns, 0, 0, known.difference.status == OPEN)
            for asset, known in about(_SUBJECT, before).items()
        }
        #: Rows that only a reading of the whole ledger brought, by asset.
        self._missed: dict[str, int] = {}

    @property
    def assets(self) -> frozenset[str]:
        """The assets whose balances differ."""
        return frozenset(self._standing)

    @property
    def unexplained(self) -> frozenset[str]:
        """The assets whose difference has no explanation."""
        return frozenset(asset for asset, found in self._standing.items() if found.told)

    def missed(self, asset: str) -> None:
        """A row that nobody told us of, until the ledger was read."""
        self._missed[asset] = self._missed.get(asset, 0) + 1

    def compare(
        self,
        ours: Mapping[str, Sequence[int]],
        theirs: Mapping[str, int],
        now_ns: int,
        read_ns: int | None,
    ) -> list[Difference]:
        """What is new about our balances and the exchange's.

        Args:
            ours: By asset, the newest balance, then those of a moment ago: an answer may be as old.
            read_ns: When the newest whole reading of the ledger began, if that is finished.
        """
        found = []
        for asset in sorted(ours.keys() | theirs.keys() | self._standing.keys()):
            held = ours.get(asset, (0,))
            said = theirs.get(asset, 0)
            if said in held:
                found += self._agrees(asset, said, now_ns)
            else:
                found += self._differs(asset, held, said, now_ns, read_ns)
        return found

    def _agrees(self, asset: str, said: int, now_ns: int) -> list[Difference]:
        known = self._standing.pop(asset, None)
        rows = self._missed.pop(asset, 0)
        if known is None:
            return []
        known.ours, known.theirs = known.ours or said, known.theirs or said
        spent = seconds(now_ns - known.since_ns)
        if rows:
            read = f"{rows} row{'s' * (rows > 1)} read from the ledger, after {spent}"
            return [_step(asset, known, SETTLED, MISSED, read)]
        return [_step(asset, known, SETTLED, LAG, f"settled by itself after {spent}")]

    def _differs(
        self, asset: str, held: Sequence[int], said: int, now_ns: int, read_ns: int | None
    ) -> list[Difference]:
        known = self._standing.get(asset)
        if known is None:
            stand = self._standing[asset] = _Stand(now_ns, now_ns, held[0], said)
            return [_step(asset, stand, WAITING, LAG, "rows may be under way")]
        if said - known.apart not in held:
            known.same_ns, known.moved = now_ns, False
            known.ours, known.theirs = held[0], said
            return []
        known.moved |= said != known.theirs
        known.ours, known.theirs = said - known.apart, said
        lags = _MOVING_LAGS if known.moved else 2
        waited = now_ns - known.same_ns >= lags * self._lag_ns
        was_read = read_ns is not None and read_ns >= known.same_ns + self._lag_ns
        if known.told or not waited or not was_read:
            return []
        known.told = True
        return [_step(asset, known, OPEN, UNKNOWN, "no row explains it")]


def _step(asset: str, known: _Stand, status: str, cause: str, repair: str) -> Difference:
    values = text_of(known.ours), text_of(known.theirs)
    return Difference(f"{_SUBJECT}{asset}", status, cause, *values, repair)
